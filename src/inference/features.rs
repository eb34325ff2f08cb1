//! The features of a candidate key: what the weights are for. All are yes or no.

use super::candidates::Candidate;
use super::facts::{Column, Default, Facts, Kind, Qualifier, Table};
use super::model::{Class, Family, Marks, bucket};

/// Adds a feature; with a condition, if it holds.
macro_rules! mark {
    ($out:expr, if $condition:expr, $($name:tt)+) => { $out.add_if($condition, format_args!($($name)+)) };
    ($out:expr, $($name:tt)+) => { $out.add(format_args!($($name)+)) };
}
pub(super) use mark;

/// Adds the features of a candidate.
pub fn features(facts: &Facts<'_>, table: &Table<'_>, candidate: &Candidate, out: &mut impl Marks) {
    mark!(out, "bias");
    of_table(facts, table, out);
    let columns = candidate.columns.as_slice();
    match (candidate.family, columns) {
        (Family::Natural | Family::ForeignId, [c]) => single(facts, table, candidate, table.at(*c), out),
        (Family::One, [c]) => one(facts, table, table.at(*c), out),
        (Family::Pair, [a, b]) => pair(facts, table, columns, table.at(*a), table.at(*b), out),
        (Family::Scoped, [a, b]) => {
            let (a, b) = (table.at(*a), table.at(*b));
            let (parent, own) = if a.target.is_some() { (a, b) } else { (b, a) };
            scoped(facts, table, columns, parent, own, out);
        }
        _ => wide(facts, table, columns, out),
    }
}

fn of_table(facts: &Facts<'_>, t: &Table<'_>, out: &mut impl Marks) {
    mark!(out, if t.period, "t:period");
    mark!(out, if t.versioned, "t:versioned");
    mark!(out, "t:payload{}", bucket(t.payload.len(), &[1, 2, 3, 5, 8, 14]));
    mark!(out, "t:refs{}", bucket(t.refs.len(), &[0, 1, 2, 3, 5]));
    mark!(out, "t:indeg{}", bucket(t.in_degree, &[0, 1, 3, 9]));
    mark!(out, "t:pk_{}", t.primary_kind);
    if t.event {
        mark!(out, "t:event");
    } else if t.eventish {
        mark!(out, "t:eventish");
    }
    mark!(out, if t.link, "t:link");
    mark!(out, if t.extension, "t:extension");
    mark!(out, if t.translation, "t:translation");
    mark!(out, if t.lookup, "t:lookupword");
    mark!(out, if t.version, "t:version");
    mark!(out, if facts.django, "t:django");
}

/// The features of a column that is no reference.
fn of_column(facts: &Facts<'_>, t: &Table<'_>, c: &Column<'_>, out: &mut impl Marks) {
    let q = t.qualifier(c).name();
    mark!(out, "c:cls_{}", c.class);
    mark!(out, "c:cls_{}_{q}", c.class);
    mark!(out, "c:q_{q}");
    mark!(out, "c:type_{}", c.kind.name());
    if c.kind == Kind::Varchar {
        mark!(out, "c:len{}", bucket(c.length.unwrap_or(9999), &[16, 64, 128, 254, 255]));
    }
    mark!(out, "c:{}", if c.required() { "notnull" } else { "nullable" });
    match c.default {
        Some(Default::Uuid) => mark!(out, "c:def_uuid"),
        Some(Default::Empty) => mark!(out, "c:def_empty"),
        Some(Default::Sequence) => mark!(out, "c:def_seq"),
        Some(Default::Zero | Default::Other) => mark!(out, "c:def_other"),
        None => {}
    }
    mark!(out, if c.identity, "c:identity");
    mark!(out, if facts.django && c.kind.is_text() && !c.required(), "c:django_nullable_text");
    mark!(out, if c.kind.is_text(), "c:textual");
    mark!(out, if t.primary.is_empty() && c.place == 0, "c:nopk_first");
    mark!(out, "c:pos{}", bucket(c.place, &[0, 1, 2, 4, 8]));
    let tables = facts.common.get(c.name()).copied().unwrap_or_default();
    if tables >= 4 {
        let share = tables as f64 / facts.tables.len() as f64;
        mark!(out, "c:common{}", bucket(share, &[0.05, 0.15, 0.4]));
    }
}

/// The features of a reference.
fn of_reference(facts: &Facts<'_>, t: &Table<'_>, c: &Column<'_>, out: &mut impl Marks) {
    let Some(target) = facts.target(c) else { return };
    mark!(out, if c.tenant, "r:tenant");
    mark!(out, if c.required(), "r:notnull");
    mark!(out, if c.cascade, "r:cascade");
    mark!(out, if c.declared, "r:declared");
    mark!(out, "r:pos{}", bucket(c.place, &[0, 1, 2, 4]));
    let itself = std::ptr::eq(target, t);
    if itself {
        mark!(out, "r:self");
    } else if c.extends {
        mark!(out, "r:table_extends_target");
    } else if c.named {
        mark!(out, "r:table_names_target");
    }
    let user = matches!(target.last(), "user" | "account" | "person" | "member" | "customer" | "profile");
    mark!(out, if user, "r:user");
    mark!(out, if target.event, "r:target_event");
    mark!(out, "r:target_indeg{}", bucket(target.in_degree, &[1, 3, 10, 40]));
    let twice = t.each(&t.refs).filter(|d| d.target == c.target).count() > 1;
    mark!(out, if twice, "r:same_target_twice");
    let mutual = target.each(&target.refs).any(|d| facts.target(d).is_some_and(|x| std::ptr::eq(x, t)));
    mark!(out, if mutual, "r:mutual");
    mark!(out, if !c.stem().is_empty() && target.words.ends_with(c.stem()), "r:plain_name");
    let actor =
        c.last() == "by" || matches!(c.first(), "created" | "updated" | "modified" | "owner" | "author" | "creator");
    mark!(out, if actor, "r:actor");
    mark!(out, if target.payload.len() <= 3, "r:target_small");
}

/// What other columns that may name the row are beside `c`.
fn beside(t: &Table<'_>, c: &Column<'_>, out: &mut impl Marks) {
    let others = || t.each(&t.plain).filter(|d| !std::ptr::eq(*d, c));
    for class in [Class::Name, Class::Slug, Class::Code, Class::Login, Class::Token, Class::Uuid] {
        let other = |d: &Column<'_>| d.class == class && d.kind.is_keyable() && t.qualifier(d) != Qualifier::Other;
        mark!(out, if class != c.class && others().any(other), "{}+beside_{class}", c.class);
    }
    mark!(out, if others().any(|d| d.class == c.class), "beside_same+{}", c.class);
    let language = t.each(&t.payload).any(|d| d.class == Class::Language && !std::ptr::eq(d, c));
    mark!(out, if language, "beside_lang");
    mark!(out, if t.versioned && !matches!(c.last(), "version" | "revision"), "beside_version");
    mark!(out, if t.expiry, "{}+expiry", c.class);
}

/// Whether a column of the table's own is of one of the classes.
fn has(t: &Table<'_>, classes: &[Class]) -> bool {
    t.each(&t.plain).any(|c| classes.contains(&c.class))
}

fn single(facts: &Facts<'_>, t: &Table<'_>, candidate: &Candidate, c: &Column<'_>, out: &mut impl Marks) {
    of_column(facts, t, c, out);
    mark!(out, if candidate.family == Family::ForeignId && c.kind_column.is_some(), "poly");
    let key = [Class::Slug, Class::Uuid, Class::Token, Class::Login, Class::Code];
    let natural = |d: &Column<'_>| {
        !std::ptr::eq(d, c) && key.contains(&d.class) && d.kind.is_keyable() && t.qualifier(d) != Qualifier::Other
    };
    mark!(out, if t.each(&t.plain).any(natural), "other_natural_key");
    beside(t, c, out);
    let class = c.class;
    mark!(out, if class == Class::Name, "name+payload{}", bucket(t.payload.len(), &[1, 2, 4, 7]));
    if matches!(class, Class::Name | Class::Code | Class::Title | Class::Slug | Class::Number | Class::Kind) {
        mark!(out, if t.each(&t.refs).any(|d| d.tenant), "{class}+tenant");
        mark!(out, "{class}+refs{}", bucket(t.refs.len(), &[0, 1, 2]));
        mark!(out, if t.each(&t.refs).any(|d| d.required() && d.declared), "{class}+required_parent");
        mark!(out, if t.in_degree >= 3, "{class}+referenced");
    }
    mark!(out, if candidate.columns[0] <= 1, "first_column");
    let q = t.qualifier(c);
    if class.names_rows() && q != Qualifier::Other {
        mark!(out, "{class}+own+{}", if c.required() { "notnull" } else { "nullable" });
        mark!(out, if t.refs.is_empty(), "{class}+own+noref");
        mark!(out, if t.refs.is_empty() && t.in_degree > 0, "{class}+own+root");
        mark!(out, if t.payload.len() <= 3, "{class}+own+small");
        mark!(out, if t.eventish || t.event, "{class}+own+event");
        mark!(out, if facts.django, "{class}+own+django");
        mark!(out, if t.lookup, "{class}+own+lookup");
    }
    let slug = q == Qualifier::Bare && class == Class::Name && has(t, &[Class::Slug]);
    mark!(out, if slug, "name+slug_beside");
    if t.each(&t.payload).find(|d| d.kind.is_text()).is_some_and(|d| std::ptr::eq(d, c)) {
        mark!(out, "first_text");
        mark!(out, "first_text+{class}");
    }
    if c.kind == Kind::Uuid && c.required() {
        mark!(out, "uuid_notnull+{}", if c.foreign_id { "xid" } else { class.name() });
    }
    mark!(out, if t.is_indexed(&candidate.columns), "indexed");
    mark!(out, if !c.stem().is_empty() && t.words.ends_with(c.stem()), "named_after_table");
}

fn one(facts: &Facts<'_>, t: &Table<'_>, c: &Column<'_>, out: &mut impl Marks) {
    of_reference(facts, t, c, out);
    let only = t.refs.len() == 1;
    mark!(out, if only, "only_ref");
    mark!(out, if t.columns.iter().take(2).any(|d| std::ptr::eq(d, c)), "first_column");
    mark!(out, if c.last() == "id" && c.words.iter().rev().nth(1).is_some_and(|w| w == "ptr"), "ptr");
    mark!(out, if t.extension && only, "extension_only_ref");
    if t.primary.is_empty() {
        mark!(out, "nopk");
        mark!(out, "nopk_pos{}", bucket(c.place, &[0, 1, 2]));
        mark!(out, "nopk_refs{}", bucket(t.refs.len(), &[1, 2]));
    }
    mark!(out, if only && (c.extends || c.named), "only_ref+named");
    mark!(out, if only && c.extends && t.extension, "only_ref+extends+ext");
    mark!(out, if t.event || t.eventish, "event_one");
    for class in [Class::Number, Class::Language, Class::Kind, Class::Period, Class::Title, Class::Uuid] {
        mark!(out, if has(t, &[class]), "has_{class}");
    }
    if t.parent.is_some_and(|p| std::ptr::eq(t.at(p), c)) {
        mark!(out, "is_parent{}", if t.extension { "+ext" } else { "" });
        mark!(out, "is_parent+refs{}", bucket(t.refs.len(), &[1, 2]));
    }
    let names = [
        Class::Name,
        Class::Slug,
        Class::Title,
        Class::Code,
        Class::Number,
        Class::Kind,
        Class::Language,
        Class::Period,
    ];
    mark!(out, if t.payload.len() > 1 && t.refs.len() <= 1 && !has(t, &names), "nothing_names_a_row");
    mark!(out, if has(t, &names[..4]), "has_own_name");
    let target = facts.target(c).filter(|target| !std::ptr::eq(*target, t));
    let within = target.is_some_and(|target| named_before_last(t, target));
    mark!(out, if within && t.extension, "extends+extword");
}

/// The last word of the target's name is among the table's, before its last.
fn named_before_last(t: &Table<'_>, target: &Table<'_>) -> bool {
    let front = t.words.split_last().map_or(&[][..], |(_, front)| front);
    target.words.last().is_some_and(|w| front.contains(w))
}

fn pair(facts: &Facts<'_>, t: &Table<'_>, set: &[usize], a: &Column<'_>, b: &Column<'_>, out: &mut impl Marks) {
    let (Some(to_a), Some(to_b)) = (facts.target(a), facts.target(b)) else { return };
    let rest = rest(t, set);
    let any = |test: &dyn Fn(&Column<'_>) -> bool| t.each(&rest).any(test);
    if rest.is_empty() {
        mark!(out, "pure_join");
        // a weight set by hand: who has booked, joined or voted has done so, and that is what is checked before it is written
        mark!(out, if t.link && a.required() && b.required(), "pure_join+link");
    } else if t.each(&rest).all(|c| c.kind == Kind::Bool) {
        mark!(out, "join_flags");
    }
    mark!(out, "rest{}", bucket(rest.len(), &[0, 1, 2, 4, 8]));
    mark!(out, "rest_refs{}", bucket(t.refs.len() - 2, &[0, 1, 2]));
    let first_two = a.place.max(b.place) == 1;
    if t.primary.is_empty() {
        mark!(out, "nopk{}", if first_two { "_first_two" } else { "" });
    }
    mark!(out, if facts.django && rest.is_empty() && t.columns.len() == 3, "django_m2m");
    let primary = t.columns.iter().filter(|c| c.primary).count();
    mark!(out, if rest.is_empty() && t.columns.len() - primary == 2, "nothing_else");
    mark!(out, if a.target == b.target, "same_target");
    mark!(out, "{}", if a.required() && b.required() { "both_notnull" } else { "some_nullable" });
    mark!(out, if a.cascade && b.cascade, "both_cascade");
    mark!(out, if a.declared && b.declared, "both_declared");
    let named = match (a.named, b.named) {
        (true, true) => "named_both",
        (false, false) => "named_none",
        _ => "named_one",
    };
    mark!(out, "{named}");
    mark!(out, if a.named && b.named && rest.len() <= 1, "compound_small");
    mark!(out, if a.tenant || b.tenant, "one_tenant");
    mark!(out, if a.tenant && b.tenant, "both_tenant");
    let user = [to_a, to_b].iter().any(|x| matches!(x.last(), "user" | "account" | "member"));
    mark!(out, if user, "with_user");
    mark!(out, if first_two, "first_two");
    mark!(out, if a.place.abs_diff(b.place) == 1, "adjacent");
    mark!(out, if any(&|c| c.class == Class::Measure), "rest_measure");
    let named = [Class::Name, Class::Title, Class::Slug, Class::Code];
    mark!(out, if any(&|c| named.contains(&c.class)), "rest_named");
    mark!(out, if any(&|c| c.class == Class::Kind), "rest_kind");
    mark!(out, if any(&|c| c.class == Class::Number), "rest_number");
    let bounds = ["start", "end", "starts", "ends", "begin", "valid", "expires", "started", "ended"];
    let dated = any(&|c| c.class == Class::Period) || t.columns.iter().any(|c| bounds.contains(&c.first()));
    mark!(out, if dated, "rest_period");
    mark!(out, if any(&|c| c.kind == Kind::Json), "rest_json");
    mark!(out, if any(&|c| c.class == Class::State && c.kind != Kind::Bool), "rest_state");
    mark!(out, if any(&|c| c.kind_column.is_some()), "rest_poly");
    mark!(out, if t.in_degree > 0, "referenced");
    if t.tenant.is_some_and(|i| !set.contains(&i)) {
        mark!(out, "tenant_left_out{}", if rest.len() == 1 { "_pure" } else { "" });
    }
    mark!(out, if t.link, "link+refs{}", bucket(t.refs.len(), &[2, 3]));
    mark!(out, if t.is_indexed(set), "indexed");
    for (c, target) in [(a, to_a), (b, to_b)] {
        let actor = c.last() == "by" || matches!(c.first(), "created" | "updated" | "modified" | "creator" | "author");
        mark!(out, if actor, "actor");
        mark!(out, if target.event, "target_event");
        mark!(out, if target.payload.len() <= 3, "target_small");
        mark!(out, if std::ptr::eq(target, t), "self");
        mark!(out, if !c.required(), "nullable_ref");
    }
}

/// The payload without the candidate.
pub fn rest(t: &Table<'_>, set: &[usize]) -> Vec<usize> {
    t.payload.iter().copied().filter(|i| !set.contains(i)).collect()
}

fn scoped(facts: &Facts<'_>, t: &Table<'_>, set: &[usize], a: &Column<'_>, c: &Column<'_>, out: &mut impl Marks) {
    of_reference(facts, t, a, out);
    of_column(facts, t, c, out);
    let class = c.class;
    let required = t.each(&t.refs).filter(|d| d.required()).count();
    mark!(out, if t.refs.len() == 1, "only_ref");
    mark!(out, if a.required() && required == 1, "only_required_ref");
    let first = t.each(&t.refs).next().is_some_and(|d| std::ptr::eq(d, a));
    mark!(out, if first, "first_ref");
    beside(t, c, out);
    let parent = if t.parent.is_some_and(|p| std::ptr::eq(t.at(p), a)) { "is_parent" } else { "not_parent" };
    mark!(out, "{parent}");
    mark!(out, if class.names_rows(), "{class}+{parent}");
    mark!(out, "required_refs{}", bucket(required, &[0, 1, 2]));
    if !a.required() && t.each(&t.refs).any(|d| !std::ptr::eq(d, a) && !d.required()) {
        mark!(out, "alternative_refs");
        mark!(out, "alternative_refs+{class}");
    }
    mark!(out, if t.primary.is_empty() && class == Class::Number, "nopk+number");
    mark!(out, "{class}+{}", if a.tenant { "tenant" } else { "ref" });
    let itself = facts.target(a).is_some_and(|x| std::ptr::eq(x, t));
    let named = a.extends || a.named;
    mark!(out, if named && !itself, "{class}+parent_named");
    mark!(out, if a.required() && a.cascade, "{class}+owned");
    let last = a.place.max(c.place);
    mark!(out, if last <= 1, "first_two");
    if t.primary.is_empty() {
        mark!(out, "nopk{}", if last == 1 { "_first_two" } else { "" });
    }
    mark!(out, if named, "parent_named");
    if class.names_rows() && t.qualifier(c) != Qualifier::Other {
        mark!(out, "{class}+own+refs{}", bucket(t.refs.len(), &[1, 2]));
        mark!(out, if named, "{class}+own+parent_named");
        mark!(out, if a.tenant, "{class}+own+tenant");
        mark!(out, if a.required(), "{class}+own+required");
        mark!(out, if first, "{class}+own+first_ref");
        mark!(out, if t.payload.len() <= 3, "{class}+own+small");
        mark!(out, if t.eventish || t.event, "{class}+own+event");
    }
    mark!(out, if a.place.abs_diff(c.place) == 1, "adjacent");
    mark!(out, if c.foreign_id, "c:xid");
    mark!(out, if c.kind_column.is_some(), "c:poly");
    mark!(out, if t.is_indexed(set), "indexed");
    mark!(out, if t.translation && class == Class::Language, "translation+lang");
    let named = [Class::Slug, Class::Code, Class::Name];
    let other = |d: &Column<'_>| !std::ptr::eq(d, c) && named.contains(&d.class) && t.qualifier(d) == Qualifier::Bare;
    mark!(out, if t.each(&t.plain).any(other), "other_name");
    mark!(out, "rest{}", bucket(t.payload.len() - 2, &[0, 1, 3, 6]));
    if class == Class::Name {
        mark!(out, "name+refs{}", bucket(t.refs.len(), &[1, 2, 3]));
        mark!(out, "name+payload{}", bucket(t.payload.len(), &[2, 4, 8]));
        mark!(out, if first, "name+first_ref");
    }
}

fn wide(facts: &Facts<'_>, t: &Table<'_>, set: &[usize], out: &mut impl Marks) {
    let refs: Vec<&Column<'_>> = t.each(set).filter(|c| c.target.is_some()).collect();
    let own: Vec<&Column<'_>> = t.each(set).filter(|c| c.target.is_none()).collect();
    mark!(out, "refs{}", refs.len());
    mark!(out, "xs{}", own.len());
    mark!(out, "shape_{}_{}", refs.len(), own.len());
    let types: Vec<usize> = t.each(set).filter_map(|c| c.kind_column).collect();
    let kind = |c: &&Column<'_>| {
        if types.iter().any(|k| std::ptr::eq(t.at(*k), *c)) {
            "poly"
        } else if c.kind_column.is_some_and(|k| set.contains(&k)) {
            "polyid"
        } else if c.foreign_id {
            "xid"
        } else {
            c.class.name()
        }
    };
    let mut kinds: Vec<&str> = own.iter().map(kind).collect();
    kinds.sort_unstable();
    for k in &kinds {
        mark!(out, "has_{k}");
    }
    match kinds.as_slice() {
        [a, b] => mark!(out, "kinds_{a}+{b}"),
        [a, b, c, ..] => mark!(out, "kinds_{a}+{b}+{c}"),
        _ => {}
    }
    for c in &own {
        mark!(out, "x_{}_{}", c.class, t.qualifier(c).name());
        mark!(out, "x_type_{}", c.kind.name());
        mark!(out, if c.default.is_some(), "x_default");
    }
    for c in &refs {
        let target = facts.target(c);
        mark!(out, if c.tenant, "has_tenant");
        mark!(out, if c.cascade, "ref_cascade");
        mark!(out, if target.is_some_and(|x| std::ptr::eq(x, t)), "ref_self");
        mark!(out, if target.is_some_and(|x| named_before_last(t, x)), "ref_named");
    }
    mark!(out, "nullable{}", bucket(t.each(set).filter(|c| !c.required()).count(), &[0, 1, 2]));
    let rest = t.payload.iter().filter(|i| !set.contains(i)).count();
    mark!(out, "rest{}", bucket(rest, &[0, 1, 3, 6, 12]));
    let mut places: Vec<usize> = t.each(set).map(|c| c.place).collect();
    places.sort_unstable();
    let leading = places.iter().copied().eq(0..places.len());
    if t.primary.is_empty() {
        mark!(out, "{}", if leading { "nopk_leading" } else { "nopk" });
    }
    mark!(out, if rest == 0, "whole_row");
    let all = refs.len() == t.refs.len();
    mark!(out, if all, "all_refs");
    mark!(out, if all && refs.len() >= 3, "all_refs3");
    let tenants = refs.iter().filter(|c| c.tenant).count();
    mark!(out, if all && refs.len() == 3 && rest <= 1 && tenants == 1, "tenant_join");
    if all && refs.len() >= 2 && !kinds.is_empty() && kinds.iter().all(|k| *k == "number") {
        mark!(out, "all_refs+number");
        mark!(out, "all_refs+number+rest{}", bucket(rest, &[0, 1, 3]));
    }
    mark!(out, if t.parent.is_some_and(|p| set.contains(&p)), "with_parent");
    mark!(out, if t.tenant.is_some_and(|i| !set.contains(&i)), "tenant_left_out");
    let required = t.each(&t.refs).filter(|c| c.required()).count();
    mark!(out, if refs.len() == required && refs.iter().all(|c| c.required()), "all_required_refs");
    let last = places.last().copied().unwrap_or_default();
    if leading {
        mark!(out, "leading");
    } else if places.first().is_some_and(|first| last - first == places.len() - 1) {
        mark!(out, "contiguous");
    }
    mark!(out, "lastpos{}", bucket(last, &[2, 3, 5, 8]));
    mark!(out, if t.is_indexed(set), "indexed");
    mark!(out, if t.each(set).any(|c| c.kind_column.is_some_and(|k| !set.contains(&k))), "poly_broken");
    let named = |c: &&Column<'_>| facts.target(c).and_then(|x| x.words.last()).is_some_and(|w| t.words.contains(w));
    mark!(out, if !refs.is_empty() && refs.iter().all(named), "named_all");
    mark!(out, if t.link, "link");
    mark!(out, if t.refs.is_empty() && t.primary.is_empty(), "nopk_norefs");
    let strong = [Class::Slug, Class::Uuid, Class::Token, Class::Login, Class::Code, Class::Name];
    let other = |i: &&usize| {
        let c = t.at(**i);
        !set.contains(i) && strong.contains(&c.class) && t.qualifier(c) != Qualifier::Other
    };
    mark!(out, if t.plain.iter().any(|i| other(&i)), "other_natural_key");
    mark!(out, if set.len() > 3, "width4+");
}
