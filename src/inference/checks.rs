//! Numbers that might never be negative.

use std::collections::{HashMap, HashSet};

use super::conventions::{Likeness, Memo, Share, TWINS, Twin};
use super::facts::{Column, Default, Facts, Kind, Table};
use super::features::mark;
use super::model::{Class, Marks, bucket, model};
use crate::catalog::{Expr, Expression, check_implied};

/// The columns of a table that might never be negative.
pub fn candidates<'t>(t: &'t Table<'_>) -> impl Iterator<Item = usize> + 't {
    t.columns.iter().enumerate().filter(|(_, c)| is_candidate(c)).map(|(i, _)| i)
}

fn is_candidate(c: &Column<'_>) -> bool {
    let free = c.target.is_none() && c.kind_column.is_none() && c.column.generated.is_none();
    c.kind.is_number() && !c.in_primary && free && !c.identity
}

/// Adds the features of a candidate; `numbers` is how many the table has.
pub fn features(facts: &Facts<'_>, t: &Table<'_>, c: &Column<'_>, numbers: usize, out: &mut impl Marks) {
    let made = if facts.django { "dj" } else { "no" };
    let kind = c.kind.name();
    mark!(out, "k:bias");
    mark!(out, "k:{made}");
    mark!(out, "k:type_{kind}");
    mark!(out, "k:{made}_type_{kind}");
    let last = c.last();
    // two weights set by hand: what authors wrote says little about seats and stock, few schemas have any
    mark!(out, if c.words.iter().any(|w| model().words.sold.has(w)), "k:sold");
    mark!(out, if c.words.iter().any(|w| model().words.spent.has(w)), "k:spent");
    mark!(out, if model().words.signed.has(last), "k:signed");
    if c.words.iter().any(|w| model().words.county.has(w)) {
        mark!(out, "k:county");
        mark!(out, "k:county_{made}");
    }
    if matches!(last, "id" | "pk" | "uid") {
        mark!(out, "k:idlike");
        mark!(out, "k:idlike_{made}");
    }
    let class = c.class;
    let told = [Class::Kind, Class::State, Class::Code, Class::Language, Class::Number, Class::Measure];
    if told.contains(&class) {
        mark!(out, "k:cls_{class}");
        mark!(out, "k:cls_{class}_{made}");
    }
    mark!(out, if matches!(last, "at" | "time" | "ts" | "timestamp" | "date"), "k:timelike");
    let (long, short) = if c.required() { ("notnull", "nn") } else { ("nullable", "null") };
    mark!(out, "k:{long}");
    mark!(out, "k:{made}_{kind}_{short}");
    match c.default {
        Some(Default::Zero) => mark!(out, "k:default_zero"),
        Some(_) => mark!(out, "k:default"),
        None => {}
    }
    mark!(out, if t.event || t.eventish, "k:event");
    mark!(out, "k:numeric_cols{}", bucket(numbers, &[1, 3, 6]));
    mark!(out, "k:{made}_smallshare{}", bucket(facts.small_share, &[0.05, 0.15, 0.3]));
}

/// What the schema's own checks say.
pub struct Conventions {
    /// For each table, the candidates that already have a lower bound of zero or more.
    bounded: Vec<HashSet<usize>>,
    by_name: HashMap<String, Tables>,
    by_word: HashMap<(String, Kind), Share>,
    by_kind: HashMap<Kind, Share>,
    likeness: Likeness,
    /// There are enough of them to be conventions.
    pub active: bool,
}

/// Tables that have a column of a name as a number, ascending, and those in which it is bounded.
#[derive(Default)]
struct Tables {
    all: Vec<u32>,
    bounded: Vec<u32>,
}

/// What the schema says about one column.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Other columns of the same name, of the same last word and type, of the same type.
    pub others: [Share; 3],
    /// The most similar table that has a column of the name.
    pub twin: Option<Twin>,
    /// Other numbers of the table.
    pub table: Share,
    /// Those of the same type.
    pub table_kind: Share,
}

impl Conventions {
    /// Learns from all tables.
    pub fn of(facts: &Facts<'_>) -> Conventions {
        let mut conventions = Conventions {
            bounded: Vec::with_capacity(facts.tables.len()),
            by_name: HashMap::new(),
            by_word: HashMap::new(),
            by_kind: HashMap::new(),
            likeness: Likeness::of(facts),
            active: false,
        };
        let mut count = 0;
        for (number, t) in facts.tables.iter().enumerate() {
            let all: Vec<usize> = candidates(t).collect();
            let bounded: HashSet<usize> = all.iter().copied().filter(|i| is_bounded(facts, t, *i)).collect();
            count += bounded.len();
            for i in all.into_iter().filter(|_| !t.framework) {
                let c = t.at(i);
                let tables = conventions.by_name.entry(c.name().to_owned()).or_default();
                tables.all.push(number as u32);
                tables.bounded.extend(bounded.contains(&i).then_some(number as u32));
                let by_word = conventions.by_word.entry((c.last().to_owned(), c.kind)).or_default();
                for share in [by_word, conventions.by_kind.entry(c.kind).or_default()] {
                    share.of += 1;
                    share.guarded += usize::from(bounded.contains(&i));
                }
            }
            conventions.bounded.push(bounded);
        }
        conventions.active = count >= 3;
        conventions
    }

    /// The column already has a lower bound of zero or more.
    pub fn is_bounded(&self, table: usize, column: usize) -> bool {
        self.bounded.get(table).is_some_and(|b| b.contains(&column))
    }

    /// A memory for [`Conventions::observe`].
    pub fn memo(&self) -> Memo<'_> {
        Memo::new(&self.likeness)
    }

    /// What they say about a column that has no lower bound.
    pub fn observe(&self, facts: &Facts<'_>, table: usize, column: usize, memo: &mut Memo<'_>) -> Observation {
        let t = &facts.tables[table];
        let c = t.at(column);
        let without = |s: Share| Share { of: s.of.saturating_sub(1), ..s };
        let tables = self.by_name.get(c.name());
        let name = tables.map_or(Share::default(), |n| Share { guarded: n.bounded.len(), of: n.all.len() });
        let word = self.by_word.get(&(c.last().to_owned(), c.kind)).copied().unwrap_or_default();
        let kind = self.by_kind.get(&c.kind).copied().unwrap_or_default();
        let within = |same: &dyn Fn(&Column<'_>) -> bool| {
            let mut share = Share::default();
            for i in candidates(t).filter(|i| *i != column && same(t.at(*i))) {
                share.of += 1;
                share.guarded += usize::from(self.is_bounded(table, i));
            }
            share
        };
        Observation {
            others: [without(name), without(word), without(kind)],
            twin: tables.filter(|n| n.all.len() <= TWINS).and_then(|n| Twin::of(table, &n.all, &n.bounded, memo)),
            table: within(&|_| true),
            table_kind: within(&|d| d.kind == c.kind),
        }
    }
}

/// Adds the features of an observation.
pub fn observed(seen: &Observation, out: &mut impl Marks) {
    for (share, level) in seen.others.iter().zip(1..) {
        mark!(out, "kw:L{level}_{share}");
    }
    if let Some(twin) = seen.twin {
        let checked = if twin.guarded { "checked" } else { "unchecked" };
        mark!(out, "kw:twin_{checked}_{}", if twin.likeness >= 0.5 { 50 } else { 20 });
    }
    mark!(out, "kw:table_{}", seen.table);
    mark!(out, "kw:table_type_{}", seen.table_kind);
}

fn is_bounded(facts: &Facts<'_>, t: &Table<'_>, column: usize) -> bool {
    let c = t.at(column).column;
    let table = t.table;
    // without a check, a domain or a reference there is nothing that could imply it
    (!table.checks.is_empty() || c.user_type.is_some() || !table.foreign_keys.is_empty())
        && check_implied(facts.catalog, table, &Expression::new(Expr::non_negative(&c.name)))
}
