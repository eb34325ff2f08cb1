//! What the weights cannot know: the authors' own word on a key, and values that a row keeps without owning them.
//!
//! A doubt leaves a proposal with low confidence, whatever its score, and says why.

use super::candidates::Candidate;
use super::conventions::Share;
use super::facts::{Column, Facts, Kind, Qualifier, Table};
use super::model::{Class, Family};

/// What makes a code one of a classification, and not of a row.
const CLASSIFYING: [&str; 22] = [
    "zip", "postal", "post", "country", "currency", "status", "area", "error", "response", "state", "region",
    "language", "exit", "return", "result", "reason", "locale", "city", "dial", "calling", "http", "tax",
];
/// Who a row is about, besides the one whose row it is.
const OTHERS: [&str; 14] = [
    "customer",
    "contact",
    "billing",
    "shipping",
    "sender",
    "recipient",
    "buyer",
    "payer",
    "payee",
    "from",
    "to",
    "guest",
    "reply",
    "support",
];
/// Who did something to a row.
const ACTORS: [&str; 16] = [
    "created", "updated", "modified", "deleted", "author", "editor", "creator", "modifier", "approver", "reviewer",
    "approved", "reviewed", "changed", "added", "closed", "assigned",
];
/// The two ends of what may happen again and again.
const ENDS: [&str; 16] = [
    "from",
    "to",
    "source",
    "destination",
    "src",
    "dst",
    "dest",
    "sender",
    "recipient",
    "receiver",
    "payer",
    "payee",
    "origin",
    "debit",
    "credit",
    "target",
];
/// Tables whose rows happen: the same two may meet again.
const HAPPENINGS: [&str; 16] = [
    "comment",
    "purchase",
    "transfer",
    "message",
    "post",
    "order",
    "sale",
    "payment",
    "transaction",
    "reply",
    "call",
    "booking",
    "visit",
    "chat",
    "donation",
    "refund",
];

/// Why the candidate is to be doubted.
pub fn doubt(facts: &Facts<'_>, table: &Table<'_>, candidate: &Candidate) -> Option<String> {
    let set = candidate.columns.as_slice();
    if let Some(wider) = super::conventions::wider_key(table, set) {
        let names: Vec<&str> = table.each(wider).map(|c| c.name()).collect();
        return Some(format!("a key on ({}) is there: its authors let this repeat within the rest", names.join(", ")));
    }
    if is_log(table) {
        return Some(format!("rows of {} are entries: they come again", table.name()));
    }
    match (candidate.family, set) {
        (Family::Natural, [c]) => kept(table, table.at(*c)).or_else(|| plainly_indexed(facts, table, set)),
        (Family::Scoped, _) => scoped_otherwise(table, set),
        (Family::ForeignId, [c]) => elsewhere(table, table.at(*c)),
        (Family::Pair, [a, b]) => met(facts, table, table.at(*a), table.at(*b)),
        _ => None,
    }
}

/// The name or number is part of a key already: its authors chose another scope. Measured with a fifth of the keys of 39
/// schemas gone: of 42 such proposals that were believed, 5 were keys.
fn scoped_otherwise(table: &Table<'_>, set: &[usize]) -> Option<String> {
    let own = |i: &&usize| table.at(**i).target.is_none();
    let name = *set.iter().find(own)?;
    let key = table.keys.iter().find(|k| k.len() > 1 && k.contains(&name))?;
    let names: Vec<&str> = table.each(key).map(|c| c.name()).collect();
    Some(format!("{} is unique within something else already: ({})", table.at(name).name(), names.join(", ")))
}

/// In a schema whose authors write UNIQUE, an index without it was written so. Measured likewise: none of 26 was a key.
fn plainly_indexed(facts: &Facts<'_>, table: &Table<'_>, set: &[usize]) -> Option<String> {
    let names: Vec<&str> = table.each(set).map(|c| c.name()).collect();
    (facts.guarded && table.is_indexed(set))
        .then(|| format!("an index on {} is there, and its authors did not make it unique", names.join(", ")))
}

/// The schema's convention is to have no such key: of three tables and more with the same columns, less than a third has.
/// That is no reason to act; it is a reason to doubt where hardly any has, and the flag says so.
pub fn convention(table: &Table<'_>, candidate: &Candidate, same: Option<&Share>) -> Option<(bool, String)> {
    let Share { guarded, of } = *same?;
    let names: Vec<&str> = table.each(&candidate.columns).map(|c| c.name()).collect();
    let names = names.join(", ");
    let text = || match guarded {
        0 => format!("none of the {of} other tables with ({names}) has such a key"),
        k => format!("only {k} of the {of} other tables with ({names}) have such a key"),
    };
    (of >= 3 && guarded * 3 < of).then(|| (of >= 8 && guarded * 8 <= of, text()))
}

/// A table that is written to and not looked things up in, by its name. Histories and events are not among them: of the keys
/// that the weights believe in on such tables of 39 real schemas, 51 of 54 are there.
fn is_log(table: &Table<'_>) -> bool {
    const LAST: [&str; 6] = ["log", "audit", "queue", "changelog", "outbox", "trace"];
    const ANY: [&str; 3] = ["staging", "tmp", "temp"];
    LAST.contains(&table.last()) || table.words.iter().any(|w| ANY.contains(&w.as_str()))
}

/// A value that a row keeps, and others keep as well.
fn kept(table: &Table<'_>, c: &Column<'_>) -> Option<String> {
    if table.qualifier(c) != Qualifier::Other {
        return None;
    }
    let says = |list: &[&str]| c.stem().iter().any(|w| list.contains(&w.as_str()));
    match c.class {
        Class::Code if c.last() == "code" && says(&CLASSIFYING) => {
            Some(format!("{} says which of a known list it is: rows share it", c.name()))
        }
        Class::Login if says(&OTHERS) => {
            Some(format!("{} is somebody's who may have several rows of {}", c.name(), table.name()))
        }
        _ => None,
    }
}

/// A number that names a row of a table which is not in the schema: a reference like any other. Identities that other
/// systems give out are texts.
fn elsewhere(table: &Table<'_>, c: &Column<'_>) -> Option<String> {
    let own = table.qualifier(c) == Qualifier::Own;
    (c.kind.is_number() && c.kind_column.is_none() && c.class != Class::External && !own)
        .then(|| format!("{} names a row of something that is not in this schema: several may point at it", c.name()))
}

/// Two references of a row that may well meet again in another.
fn met(facts: &Facts<'_>, table: &Table<'_>, a: &Column<'_>, b: &Column<'_>) -> Option<String> {
    let does = |c: &Column<'_>| c.last() == "by" || c.words.iter().any(|w| ACTORS.contains(&w.as_str()));
    if does(a) && does(b) {
        return Some(format!("{} and {} say who did something, not what the row is", a.name(), b.name()));
    }
    // a link has nothing else to say; what happens has an amount, a text, a time
    let link = table.link || table.each(&table.plain).all(|c| c.kind == Kind::Bool) && facts.target(a).is_some();
    let end = |c: &Column<'_>| c.words.iter().any(|w| ENDS.contains(&w.as_str()));
    if a.target == b.target && end(a) && end(b) && !link {
        return Some(format!("{} and {} are the ends of what may happen again", a.name(), b.name()));
    }
    let happens = HAPPENINGS.contains(&table.last());
    let timed = table.columns.iter().any(|c| c.kind == Kind::Time);
    let more = table.payload.len() > 2 || timed;
    (happens && more).then(|| format!("rows of {} happen, and the same two may meet again", table.name()))
}
