//! Features in the user's terms: real names, real numbers.

use super::topics::Topic;
use super::{About, names};
use crate::inference::conventions::{Share, wider_key};
use crate::inference::facts::{Column, Default, Table};
use crate::inference::features::rest;
use crate::inference::model::Class;

/// What a feature says about this guard; `None` if it is not worth words of its own.
pub fn phrase(about: &About<'_, '_>, topic: Topic, feature: &str, supports: bool) -> Option<String> {
    match topic {
        Topic::Name => Some(name(about, supports)),
        Topic::Type => Some(type_of(about, supports)),
        Topic::Table => table(about, feature),
        Topic::Reference => reference(about, feature),
        Topic::Company => company(about, feature),
        Topic::Position => position(about, feature),
        Topic::Index => Some(format!("an index on {} exists, but it is not unique", about.names())),
        Topic::Siblings => siblings(about, feature),
        Topic::Own => own(about, feature),
    }
}

/// A sentence for a topic none of whose features has words of its own.
pub fn general(about: &About<'_, '_>, topic: Topic) -> String {
    let t = about.table.name();
    match topic {
        Topic::Name => format!("what {} is called", about.names()),
        Topic::Index => format!("the indexes of {t}"),
        Topic::Siblings => "what the schema does with columns like this".to_owned(),
        Topic::Own => format!("the keys that {t} has already"),
        Topic::Type => type_of(about, true),
        Topic::Table => format!("{t} has {}", columns(about.table.payload.len())),
        Topic::Reference => match about.table.refs.len() {
            0 => format!("{t} references nothing"),
            1 => format!("{t} has one reference"),
            n => format!("{t} has {n} references"),
        },
        Topic::Company => match about.table.payload.len().saturating_sub(about.columns.len()) {
            0 => format!("{t} holds nothing else"),
            n => format!("{t} has {n} other columns"),
        },
        Topic::Position => place(about),
    }
}

fn columns(n: usize) -> String {
    match n {
        1 => "only one column of its own".to_owned(),
        2 | 3 => format!("only {n} columns of its own"),
        n => format!("{n} columns of its own"),
    }
}

/// The columns of the guard that reference nothing.
fn plain<'f, 'a>(about: &About<'f, 'a>) -> Vec<&'f Column<'a>> {
    about.table.each(about.columns).filter(|c| c.target.is_none()).collect()
}

/// The columns of the guard that reference something.
fn refs<'f, 'a>(about: &About<'f, 'a>) -> Vec<&'f Column<'a>> {
    about.table.each(about.columns).filter(|c| c.target.is_some()).collect()
}

fn listed(list: &[&Column<'_>]) -> String {
    list.iter().map(|c| c.name()).collect::<Vec<_>>().join(" and ")
}

/// A class in words, and what it means for a key.
fn noun(class: Class) -> Option<&'static str> {
    Some(match class {
        Class::Slug => "a slug",
        Class::Uuid => "a unique identifier",
        Class::Token => "a token",
        Class::Idempotency => "an idempotency key",
        Class::Hash => "a hash",
        Class::Login => "what somebody logs in with",
        Class::Code => "a code",
        Class::Name => "a name",
        Class::Title => "a title",
        Class::Number => "a number or position",
        Class::Period => "a date or period",
        Class::Language => "a language or currency",
        Class::Kind => "a type or category",
        Class::Net => "an address or path",
        Class::Model => "the name of a model",
        Class::External => "an id that another system gave",
        Class::Free => "free text",
        Class::State => "a state",
        Class::Measure => "an amount or measure",
        Class::Other => return None,
    })
}

fn name(about: &About<'_, '_>, supports: bool) -> String {
    let own = plain(about);
    if about.bound {
        let c = listed(&own);
        return match own.first().and_then(|c| noun(c.class)) {
            _ if !supports => format!("columns named like {c} may well be negative"),
            Some(noun) if own.iter().all(|c| c.class == Class::Measure || c.class == Class::Number) => {
                format!("{c} is {noun} by name: below zero it means nothing")
            }
            _ => format!("columns named like {c} are seldom negative"),
        };
    }
    let within = if about.columns.len() > own.len() { " within something" } else { "" };
    match own.as_slice() {
        [] => format!("the names of {} say what they join", about.names()),
        [c] => {
            let what = match noun(c.class) {
                Some(noun) if c.words.len() > 1 => format!("{} is {noun}, by its name, and such columns", c.name()),
                _ => format!("columns called {}", c.name()),
            };
            if supports { format!("{what} tell rows apart{within}") } else { format!("{what} may repeat") }
        }
        several if supports => format!("columns called {} tell rows apart together{within}", listed(several)),
        several => format!("columns called {} may well repeat together", listed(several)),
    }
}

fn type_of(about: &About<'_, '_>, supports: bool) -> String {
    let nullable: Vec<&Column<'_>> = about.table.each(about.columns).filter(|c| !c.required()).collect();
    if let [c] = about.columns {
        let c = about.table.at(*c);
        let mut text = format!("{} is {}", c.name(), c.column.data_type);
        let default = match c.default {
            Some(Default::Uuid) => Some("generated by default"),
            Some(Default::Empty) => Some("empty by default"),
            Some(Default::Zero) => Some("0 by default"),
            Some(Default::Sequence) => Some("numbered by a sequence"),
            Some(Default::Other) => Some("with a default"),
            None => None,
        };
        for more in default.into_iter().chain([if c.required() { "NOT NULL" } else { "may be NULL" }]) {
            text.push_str(", ");
            text.push_str(more);
        }
        return text;
    }
    match nullable.as_slice() {
        [] if supports || refs(about).len() == about.columns.len() => format!("{} are all NOT NULL", about.names()),
        [] => {
            let own: Vec<String> =
                plain(about).iter().map(|c| format!("{} is {}", c.name(), c.column.data_type)).collect();
            if own.is_empty() { format!("{} are all NOT NULL", about.names()) } else { own.join(", ") }
        }
        some => format!("{} may be NULL", listed(some)),
    }
}

fn table(about: &About<'_, '_>, feature: &str) -> Option<String> {
    let t = about.table;
    let n = t.name();
    Some(match feature {
        "t:event" | "t:eventish" | "k:event" | "event_one" => format!("{n} sounds like a log or a list of events"),
        f if f.ends_with("+own+event") => format!("{n} sounds like a log or a list of events"),
        f if f.contains("expiry") => format!("rows of {n} expire"),
        "t:link" => format!("{n} sounds like a membership or a link"),
        "t:extension" => format!("{n} sounds like an extension of another table"),
        "t:translation" => format!("{n} sounds like a table of translations"),
        "t:lookupword" => format!("{n} sounds like a look-up table"),
        "t:version" => format!("{n} sounds like a table of versions"),
        "t:period" => format!("rows of {n} hold for a period"),
        "t:versioned" => format!("rows of {n} carry a version"),
        "t:pk_none" => format!("{n} has no primary key"),
        "t:pk_many" => format!("rows of {n} are told apart by its primary key {}", names(t, &t.primary)),
        "t:pk_i" => format!("the primary key of {n} is a mere number"),
        "t:pk_uuid" => format!("the primary key of {n} is a UUID"),
        "t:pk_t" => format!("the primary key of {n} is text"),
        f if f.starts_with("t:payload") => format!("{n} has {}", columns(t.payload.len())),
        f if f.starts_with("t:refs") => general(about, Topic::Reference),
        f if f.starts_with("t:indeg") => match t.in_degree {
            0 => format!("nothing refers to {n}"),
            1 => format!("one table refers to {n}"),
            k => format!("{k} tables refer to {n}"),
        },
        f if f.starts_with("k:numeric_cols") => {
            let numbers = crate::inference::checks::candidates(t).count();
            match numbers {
                1 => format!("it is the only number of {n}"),
                k => format!("{n} has {k} numbers"),
            }
        }
        _ => return None,
    })
}

fn reference(about: &About<'_, '_>, feature: &str) -> Option<String> {
    let t = about.table;
    let n = t.name();
    let refs = refs(about);
    let target = |c: &Column<'_>| about.facts.target(c).map_or("", Table::name).to_owned();
    if let ([], true) = (refs.as_slice(), feature.contains("+refs") || feature.contains("+own+noref")) {
        return Some(general(about, Topic::Reference));
    }
    if feature.contains("+own+root") || feature.contains("+referenced") || feature == "referenced" {
        return table(about, "t:indeg");
    }
    if let ([a, b], true) = (refs.as_slice(), feature.starts_with("named_")) {
        let (a, b) = (target(a), target(b));
        return Some(match feature {
            "named_both" if a == b => format!("{n} is named after {a}"),
            "named_both" => format!("{n} is named after {a} and {b}"),
            "named_none" => format!("{n} is named after neither {a} nor {b}"),
            _ => format!("{n} is named after one of {a} and {b}"),
        });
    }
    let nullable: Vec<&Column<'_>> = refs.iter().copied().filter(|c| !c.required()).collect();
    let c = match refs.first() {
        Some(c) => *c,
        // a key without a reference on a table that has some
        None => t.each(&t.refs).next()?,
    };
    let (r, to) = (c.name(), target(c));
    let within = refs.iter().find(|c| c.tenant).copied();
    let required = t.each(&t.refs).filter(|c| c.required()).count();
    let has = |part: &str| feature.contains(part);
    Some(match feature {
        "r:self" | "self" | "ref_self" => format!("{r} points at {n} itself"),
        "r:cascade" => format!("a row goes with its {to}"),
        "r:declared" => format!("{r} is a foreign key"),
        "r:user" => format!("{to} are people, who may do a thing more than once"),
        "r:target_event" => format!("{to} sounds like a log or a list of events"),
        "r:same_target_twice" => format!("{n} references {to} more than once"),
        "r:mutual" => format!("{to} references {n} in turn"),
        "r:plain_name" => format!("{r} is plainly named after {to}"),
        "r:actor" | "actor" => "a reference says who did it".to_owned(),
        "r:target_small" | "target_small" => "a referenced table has hardly any columns".to_owned(),
        "target_event" => "a referenced table sounds like a list of events".to_owned(),
        "same_target" => format!("both point at {to}"),
        "with_user" => "one side is a user".to_owned(),
        "both_cascade" => "rows go with either side".to_owned(),
        "both_declared" => "both are foreign keys".to_owned(),
        "nullable_ref" => format!("{} may be NULL", listed(&nullable)),
        "not_parent" => format!("{r} does not look like the owner of {n}"),
        "only_required_ref" => format!("{r} is the only required reference of {n}"),
        f if f.starts_with("r:target_indeg") => match about.facts.target(c).map_or(0, |x| x.in_degree) {
            1 => format!("only {n} refers to {to}"),
            k => format!("{k} tables refer to {to}"),
        },
        f if f.starts_with("tenant_left_out") => {
            format!("it leaves out {}, which owns the rows", t.tenant.map_or("", |i| t.at(i).name()))
        }
        f if f.starts_with("alternative") => format!("{r} is one of several references that may be NULL"),
        f if f.starts_with("link") => format!("{n} sounds like a membership or a link"),
        f if f.ends_with("+not_parent") => format!("{r} does not look like the owner of {n}"),
        f if f.starts_with("only_ref") => format!("{r} is the only reference of {n}"),
        f if f.starts_with("is_parent") || f.ends_with("+is_parent") => format!("{r} looks like the owner of {n}"),
        "r:notnull" => format!("{r} is required"),
        "r:table_extends_target" | "r:table_names_target" | "parent_named" => format!("{n} is named after {to}"),
        _ if has("parent_named") || has("extend") || has("ref_named") || has("named_all") => {
            format!("{n} is named after {to}")
        }
        _ if has("tenant") && refs.is_empty() => {
            let owner = t.each(&t.refs).find(|c| c.tenant)?;
            format!("rows of {n} belong to a {}", target(owner))
        }
        _ if has("tenant") => format!("{} is what rows belong to all over the schema", within?.name()),
        _ if has("required_refs") || has("required") => match required {
            1 => format!("{n} has one required reference"),
            k => format!("{n} has {k} required references"),
        },
        _ if has("first_ref") => format!("{r} is the first reference of {n}"),
        _ if has("+refs") => general(about, Topic::Reference),
        _ if has("owned") => format!("a row goes with its {to}"),
        _ => return None,
    })
}

fn company(about: &About<'_, '_>, feature: &str) -> Option<String> {
    let t = about.table;
    let n = t.name();
    let rest = rest(t, about.columns);
    let of = |class: Class| t.each(&rest).find(|c| c.class == class).map(|c| c.name().to_owned());
    let names = [Class::Slug, Class::Uuid, Class::Token, Class::Login, Class::Code, Class::Name, Class::Title];
    let comes_back = |c: String| format!("{c} in the same table lets the same come back");
    Some(match feature {
        "join_flags" => format!("{n} holds nothing else but flags"),
        "pure_join+link" => format!("a row of {n} says that the one has the other, which is said once"),
        "pure_join" | "nothing_else" | "django_m2m" | "whole_row" => format!("{n} holds nothing else"),
        "rest_measure" => comes_back(of(Class::Measure)?),
        "rest_number" => comes_back(of(Class::Number)?),
        "rest_kind" => comes_back(of(Class::Kind)?),
        "rest_state" => comes_back(of(Class::State)?),
        "rest_json" | "rest_named" => format!("{n} has contents of its own"),
        "rest_period" => format!("rows of {n} hold for a period, and another may follow"),
        "all_refs3" | "all_refs" | "all_required_refs" | "tenant_join" if !t.refs.is_empty() => {
            "the key takes in every reference that has to be there".to_owned()
        }
        f if f.contains("beside_version") => format!("rows of {n} carry a version"),
        f if f.starts_with("beside_same") => format!("{n} has another column of the kind"),
        f if f.starts_with("other_n") || f.contains("beside_") || f == "name+slug_beside" => {
            let other = t.each(&rest).find(|c| names.contains(&c.class) && c.target.is_none())?;
            format!("{} is there as well to tell rows apart", other.name())
        }
        f if f.starts_with("rest_refs") => match t.each(&rest).filter(|c| c.target.is_some()).count() {
            0 => format!("{n} has no other references"),
            1 => format!("{n} has another reference"),
            k => format!("{n} has {k} other references"),
        },
        f if f.contains("+payload") || f.contains("+own+small") => format!("{n} has {}", columns(t.payload.len())),
        "nothing_names_a_row" => format!("nothing else tells the rows of {n} apart"),
        f if f.starts_with("rest") || f.starts_with("compound") => match rest.len() {
            0 => format!("{n} holds nothing else"),
            1 => format!("{n} has only one other column"),
            k => format!("{n} has {k} other columns"),
        },
        _ => return None,
    })
}

fn position(about: &About<'_, '_>, feature: &str) -> Option<String> {
    let c = plain(about).first().copied();
    match feature {
        f if f.starts_with("first_text") => Some(format!("{} is the first text of {}", c?.name(), about.table.name())),
        f if f.starts_with("nopk") && about.table.primary.is_empty() => {
            Some(format!("{} has no primary key", about.table.name()))
        }
        _ => Some(place(about)),
    }
}

/// Where the columns stand.
fn place(about: &About<'_, '_>) -> String {
    let t = about.table;
    let mut places: Vec<usize> = t.each(about.columns).map(|c| c.place).collect();
    places.sort_unstable();
    let (first, last) = (places.first().copied().unwrap_or(0), places.last().copied().unwrap_or(0));
    let (name, n) = (about.names(), t.name());
    let many = places.len() > 1;
    let apart = last - first >= places.len();
    match (first, many, apart) {
        (0, false, _) => format!("{name} comes first in {n}"),
        (0, true, false) => format!("{name} come first in {n}"),
        (_, true, true) => format!("{name} do not stand together"),
        (_, true, false) => format!("{name} stand together"),
        (_, false, _) => format!("{name} is column {} of {} in {n}", first + 1, t.payload.len()),
    }
}

fn siblings(about: &About<'_, '_>, feature: &str) -> Option<String> {
    if let Some(seen) = about.checks {
        let c = about.table.at(*about.columns.first()?);
        let (name, last, kind) = (c.name(), c.last(), &c.column.data_type);
        let twin = |seen: &super::checks::Observation| {
            let twin = seen.twin?;
            let verb = if twin.guarded { "holds" } else { "does not hold" };
            Some(format!("{}, much alike, {verb} its {name} at or above zero", about.facts.tables[twin.table].name()))
        };
        let level = |share: Share, what: String| match (share.guarded, share.of) {
            (_, 0) => None,
            (0, n) => Some(format!("none of the {n} other {what} is held at or above zero")),
            (k, n) => Some(format!("{k} of the {n} other {what} are held at or above zero")),
        };
        return match feature.as_bytes().get(4) {
            Some(b'1') => level(seen.others[0], format!("columns called {name}")),
            Some(b'2') => level(seen.others[1], format!("{kind} columns called …{last}")),
            Some(b'3') => level(seen.others[2], format!("{kind} columns")),
            _ => twin(seen),
        };
    }
    let seen = about.keys?;
    let twin = |i: usize| {
        let twin = seen.twins[i]?;
        let name = about.facts.tables[twin.table].name();
        Some(match twin.guarded {
            true => format!("{name}, much alike, has such a key"),
            false => format!("{name}, much alike, has no such key"),
        })
    };
    match feature {
        f if f.starts_with("w:L1") => convention(about, seen.others[0]),
        f if f.starts_with("w:L2") => share(seen.others[1], &like(about, "names")),
        f if f.starts_with("w:L3") => share(seen.others[2], &like(about, "kinds")),
        f if f.starts_with("w:twin1") => twin(0),
        f if f.starts_with("w:twin2") => twin(1),
        _ => match (seen.alike.guarded, seen.alike.of) {
            (_, 0) => None,
            (k, n) => Some(format!("of the {n} sets of columns in this schema most like it, {k} are keys")),
        },
    }
}

/// `slug is unique within organization_id in 7 of the 9 other tables that have both`.
fn convention(about: &About<'_, '_>, share: Share) -> Option<String> {
    let (own, refs) = (plain(about), refs(about));
    let what = match (own.as_slice(), refs.as_slice()) {
        ([c], [r]) => format!("{} is unique within {}", c.name(), r.name()),
        _ if about.columns.len() == 1 => format!("{} is unique", about.names()),
        _ => format!("{} are unique together", about.names()),
    };
    let have = match about.columns.len() {
        1 => "that has it",
        2 => "that has both",
        _ => "that has them",
    };
    Some(match (share.guarded, share.of) {
        (_, 0) => return None,
        (0, 1) => format!("{} is no key in the one other table {have}", about.names()),
        (1, 1) => format!("{what} in the other table {have}"),
        (0, n) => format!("{what} in none of the {n} other tables {}", have.replace("has", "have")),
        (k, n) => format!("{what} in {k} of the {n} other tables {}", have.replace("has", "have")),
    })
}

/// What tables are like this one in a looser way.
fn like(about: &About<'_, '_>, by: &str) -> String {
    let (own, refs) = (plain(about), refs(about));
    match (own.as_slice(), refs.len()) {
        ([], 2) if by == "names" => "other tables that join two and have about as many columns".to_owned(),
        ([], 2) => "other tables that join two".to_owned(),
        ([], 1) => "other tables that extend one in this way".to_owned(),
        (own, 0) if by == "names" => format!("other tables with {}", listed(own)),
        (own, _) if by == "names" => format!("other tables with {} beside a reference", listed(own)),
        (_, 0) => "other tables with columns of this kind".to_owned(),
        _ => "other tables with columns of this kind beside a reference".to_owned(),
    }
}

fn share(share: Share, what: &str) -> Option<String> {
    match (share.guarded, share.of) {
        (_, 0) => None,
        (0, n) => Some(format!("none of {n} {what} has such a key")),
        (k, n) => Some(format!("{k} of {n} {what} have such a key")),
    }
}

fn own(about: &About<'_, '_>, feature: &str) -> Option<String> {
    let t = about.table;
    let n = t.name();
    let plain_refs = plain(about);
    let touching = |column: &dyn Fn(usize) -> bool| {
        t.keys.iter().find(|k| k.iter().any(|i| about.columns.contains(i) && column(*i))).map(|k| names(t, k))
    };
    // `+` and the shape of the candidate may follow
    let fact = feature.split('+').next().unwrap_or(feature);
    Some(match fact {
        "w:inside_wider_key" => {
            format!("a wider key of {n}, {}, takes it in", names(t, wider_key(t, about.columns)?))
        }
        "w:name_in_other_key" => {
            let key = touching(&|i| t.at(i).target.is_none())?;
            format!("{} is in a key of {n} already: {key}", listed(&plain_refs))
        }
        "w:ref_in_other_key" => format!("another key of {n} has one of the references: {}", touching(&|_| true)?),
        "w:has_natural_key" => format!("{n} has a natural key already"),
        "w:same_width_key" => format!("{n} has a key of as many columns"),
        f if f.starts_with("w:schema_keyed") || f.starts_with("w:table_has_no") => {
            let percent = 100.0 * about.facts.keyed_share;
            format!("{percent:.0} % of the tables have a unique key, and {n} has none")
        }
        f if f.starts_with("w:keys") || f.starts_with("w:table_has_key") => match t.keys.len() {
            1 => format!("{n} has one unique key already"),
            k => format!("{n} has {k} unique keys already"),
        },
        f if f.starts_with("kw:table") => {
            let seen = about.checks?;
            match (seen.table.guarded, seen.table.of) {
                (_, 0) => return None,
                (0, 1) => format!("the other number of {n} is not held at or above zero"),
                (0, k) => format!("none of the other {k} numbers of {n} is held at or above zero"),
                (k, of) => format!("{k} of the other {of} numbers of {n} are held at or above zero"),
            }
        }
        _ => return None,
    })
}
