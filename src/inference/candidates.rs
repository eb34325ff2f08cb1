//! Column sets that might be unique, by shape. Which of them are is for the weights to say.

use std::collections::HashSet;

use super::facts::{Column, Kind, Table, is_subset};
use super::model::Family;

/// A column set that might be unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its shape.
    pub family: Family,
    /// Its columns, by their places in the table, ascending.
    pub columns: Vec<usize>,
}

/// How many references are paired with each other and with other columns.
const REFERENCES: usize = 8;
/// How many references are part of wider keys.
const WIDE_REFERENCES: usize = 6;
/// How many columns that may name a row are paired with each other.
const NAMES: usize = 9;
/// How many of them are part of wider keys.
const WIDE_NAMES: usize = 6;

/// The candidates of a table, each column set once, in a fixed order; none that contains the primary key.
pub fn candidates(table: &Table<'_>) -> Vec<Candidate> {
    let mut found = Found { table, seen: HashSet::new(), list: Vec::new() };
    let keyable = |i: &usize| {
        let c = table.at(*i);
        c.kind.is_keyable() && c.column.generated.is_none() && c.class != super::model::Class::Free
    };
    let plain: Vec<usize> = table.plain.iter().copied().filter(keyable).collect();
    let names: Vec<usize> = plain.iter().copied().filter(|i| names_rows(table.at(*i))).take(NAMES).collect();
    let refs: Vec<usize> = table.refs.iter().copied().take(REFERENCES).collect();
    let types: Vec<(usize, usize)> =
        table.payload.iter().filter_map(|i| table.at(*i).kind_column.map(|kind| (kind, *i))).collect();

    for &c in &plain {
        let column = table.at(c);
        let odd = matches!(column.kind, Kind::Numeric | Kind::Time | Kind::Other) && !column.class.names_rows();
        if !odd {
            found.add(if column.foreign_id { Family::ForeignId } else { Family::Natural }, &[c]);
        }
    }
    for &r in &table.refs {
        found.add(Family::One, &[r]);
    }
    for (a, b) in pairs(&refs) {
        found.add(Family::Pair, &[a, b]);
    }
    for &r in &refs {
        for &c in plain.iter().filter(|c| table.at(**c).kind != Kind::Numeric) {
            found.add(Family::Scoped, &[r, c]);
        }
    }
    for (a, b) in pairs(&names) {
        found.add(Family::Columns, &[a, b]);
    }
    for &(kind, id) in &types {
        found.add(Family::Columns, &[kind, id]);
    }
    wide(&mut found, &refs, &names, &types);
    found.list
}

/// A column set that somebody else named, with the family of its shape.
pub fn named(table: &Table<'_>, names: &[String]) -> Option<Candidate> {
    let place = |name: &String| table.columns.iter().position(|c| c.name() == name);
    let mut columns: Vec<usize> = names.iter().map(place).collect::<Option<_>>()?;
    columns.sort_unstable();
    let references = table.each(&columns).filter(|c| c.target.is_some()).count();
    let family = match (columns.as_slice(), references) {
        ([], _) => return None,
        ([_], 1) => Family::One,
        ([only], _) if table.at(*only).foreign_id => Family::ForeignId,
        ([_], _) => Family::Natural,
        ([_, _], 2) => Family::Pair,
        ([_, _], 1) => Family::Scoped,
        ([_, _], _) => Family::Columns,
        _ => Family::Wide,
    };
    Some(Candidate { family, columns })
}

/// Keys of three columns and more.
fn wide(found: &mut Found<'_, '_>, refs: &[usize], names: &[usize], types: &[(usize, usize)]) {
    let table = found.table;
    let few_refs = first(refs, WIDE_REFERENCES);
    let few_names = first(names, WIDE_NAMES);
    for (a, b, c) in triples(few_refs) {
        found.add(Family::Wide, &[a, b, c]);
    }
    for (a, b) in pairs(few_refs) {
        for &c in names {
            found.add(Family::Wide, &[a, b, c]);
        }
    }
    for &r in first(few_refs, 4) {
        for (a, b) in pairs(few_names) {
            found.add(Family::Wide, &[r, a, b]);
        }
    }
    for &(kind, id) in types {
        for &c in refs.iter().chain(names).filter(|c| **c != kind && **c != id) {
            found.add(Family::Wide, &[kind, id, c]);
        }
    }
    if table.primary.is_empty() {
        for (a, b, c) in triples(few_names) {
            found.add(Family::Wide, &[a, b, c]);
        }
    }
    if (3..=6).contains(&table.refs.len()) {
        found.add(Family::Wide, &table.refs);
        for &c in names {
            let mut all = table.refs.clone();
            all.push(c);
            found.add(Family::Wide, &all);
        }
    }
    let keyable = |c: &usize| table.at(*c).kind.is_keyable();
    let row: Vec<usize> = table.payload.iter().copied().filter(keyable).collect();
    if (3..=6).contains(&row.len()) {
        found.add(Family::Wide, &row);
    }
    for (columns, method) in &table.indexes {
        let payload = |c: &usize| table.at(*c).place != usize::MAX && keyable(c);
        if *method == "btree" && (2..=5).contains(&columns.len()) && columns.iter().all(payload) {
            found.add(if columns.len() > 2 { Family::Wide } else { Family::Columns }, columns);
        }
    }
}

/// Whether the column may name a row with others.
fn names_rows(c: &Column<'_>) -> bool {
    c.class.names_rows() || c.foreign_id || c.kind == Kind::Enum
}

fn first(list: &[usize], n: usize) -> &[usize] {
    list.get(..n).unwrap_or(list)
}

fn pairs(list: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    list.iter().enumerate().flat_map(|(i, a)| list[i + 1..].iter().map(|b| (*a, *b)))
}

fn triples(list: &[usize]) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    list.iter().enumerate().flat_map(|(i, a)| pairs(&list[i + 1..]).map(|(b, c)| (*a, b, c)))
}

struct Found<'t, 'a> {
    table: &'t Table<'a>,
    seen: HashSet<Vec<usize>>,
    list: Vec<Candidate>,
}

impl Found<'_, '_> {
    fn add(&mut self, family: Family, columns: &[usize]) {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        let repeated = columns.windows(2).any(|w| w[0] == w[1]);
        let mut primary = self.table.primary.clone();
        primary.sort_unstable();
        let implied = !primary.is_empty() && is_subset(&primary, &columns);
        if !repeated && !implied && self.seen.insert(columns.clone()) {
            self.list.push(Candidate { family, columns });
        }
    }
}
