//! What a sample of rows says about keys, without asking the server again.

use std::collections::{HashMap, HashSet};

use crate::catalog::{Catalog, KeyPart, Table, TypeFamily};

/// How the values of a key element come about: what that nothing repeats is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// Any of about so many: a reference, of the rows that it may point at.
    Of(f64),
    /// Whole numbers or days between the least and the greatest.
    Counted,
    /// Words. Texts that are too long to be a name are unique by accident.
    Words,
    /// Made to be unique, as UUIDs are.
    Made,
    /// Times, measures: on an even scale so fine that two hardly ever meet.
    Measured,
}

impl Domain {
    /// How the values of a key's element come about.
    pub fn of(catalog: &Catalog, table: &Table, part: &KeyPart) -> Domain {
        let columns = part.columns();
        let [name] = columns.as_slice() else { return Domain::Measured };
        let Some(column) = table.column(name) else { return Domain::Measured };
        let parents = table
            .references_of(name)
            .find_map(|f| catalog.table(&f.referenced_schema, &f.referenced_table)?.row_estimate.filter(|n| *n > 0));
        match column.family() {
            _ if parents.is_some() && part.as_column().is_some() => Domain::Of(parents.unwrap_or(1) as f64),
            TypeFamily::Integer | TypeFamily::Date | TypeFamily::Boolean | TypeFamily::Enum => Domain::Counted,
            TypeFamily::Text | TypeFamily::Network => Domain::Words,
            TypeFamily::Uuid | TypeFamily::Bytes => Domain::Made,
            _ => Domain::Measured,
        }
    }
}

/// Repeats that chance would give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// How many rows would repeat another one if the values of the columns had nothing to do with each other.
    pub expected: f64,
    /// Values are drawn from what there is, so that a repeat may be chance; otherwise they are given out, and it is
    /// not.
    pub drawn: bool,
}

/// How many different words a column of names may hold: of real people's and things' names far fewer, of codes more.
/// Judged.
const WORDS: f64 = 1e7;

/// The values of a sample, each column's numbered by equality: the values themselves are not kept.
#[derive(Debug, Default)]
pub struct Sample {
    rows: usize,
    columns: Vec<Values>,
}

#[derive(Debug, Default)]
struct Values {
    numbers: HashMap<String, u32>,
    of_row: Vec<Option<u32>>,
    /// Least and greatest, while all are whole numbers or days.
    range: Option<(i64, i64)>,
    unordered: bool,
    /// How many are too long for names.
    long: usize,
}

/// Which rows a key is about, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its elements, by their columns in the sample, each with its domain.
    pub parts: Vec<usize>,
    /// The column that says whether a row counts.
    pub filter: Option<usize>,
    /// A row with a NULL in the key repeats nothing.
    pub nulls_distinct: bool,
}

/// What repeats in a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeats {
    /// Rows that the key is about.
    pub rows: u64,
    /// Those that repeat another one.
    pub repeats: u64,
}

/// Longer texts are hashed by the server, and are no names.
pub const LONG: usize = 31;

impl Sample {
    /// A sample of so many columns, without rows.
    pub fn new(columns: usize) -> Sample {
        Sample { rows: 0, columns: (0..columns).map(|_| Values::default()).collect() }
    }

    /// Adds a row.
    pub fn push<'v>(&mut self, row: impl IntoIterator<Item = Option<&'v str>>) {
        self.rows += 1;
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether a column holds texts that are too long for names: every tenth is.
    pub fn is_long(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|v| v.long * 10 > v.of_row.len())
    }

    /// What repeats in a key.
    pub fn repeats(&self, key: &Key) -> Repeats {
        let (mut rows, mut repeats) = (0, 0);
        let mut seen: HashSet<Vec<Option<u32>>> = HashSet::with_capacity(self.rows);
        for values in self.rows_of(key) {
            rows += 1;
            repeats += u64::from(!seen.insert(values));
        }
        Repeats { rows, repeats }
    }

    /// The values of the rows that a key is about.
    fn rows_of(&self, key: &Key) -> impl Iterator<Item = Vec<Option<u32>>> {
        let columns: Vec<&Values> = key.parts.iter().filter_map(|p| self.columns.get(*p)).collect();
        let filter = key.filter.and_then(|f| self.columns.get(f));
        (0..self.rows).filter_map(move |row| {
            let counts = filter.is_none_or(|f| f.at(row).is_some());
            let values: Vec<Option<u32>> = columns.iter().map(|c| c.at(row)).collect();
            (counts && !(key.nulls_distinct && values.contains(&None))).then_some(values)
        })
    }

    /// How many of `rows` rows would repeat another one by chance, given what the key's elements alone repeat in the
    /// sample. A key of which fewer elements are unique already is no surprise: 0.
    ///
    /// Of n(n-1)/2 pairs of rows, the share that agrees on all elements is the product of the shares that agree on
    /// each, if the elements have nothing to do with each other (Simpson's index). Where each element's values are
    /// even, this is the well-known n² / (2 · Π distinct); uneven values and near-unique ones it takes as they are.
    pub fn chance(&self, key: &Key, domains: &[Domain], rows: u64) -> Chance {
        let n = rows as f64;
        let pairs = n * (n - 1.0).max(0.0) / 2.0;
        if let ([part], [domain]) = (key.parts.as_slice(), domains) {
            return self.alone(*part, *domain, pairs);
        }
        let none = Chance { expected: 0.0, drawn: true };
        let fewer = (0..key.parts.len()).map(|leave| {
            let parts = key.parts.iter().enumerate().filter(|(i, _)| *i != leave).map(|(_, p)| *p).collect();
            Key { parts, ..key.clone() }
        });
        if fewer.into_iter().any(|k| self.repeats(&k).repeats == 0) {
            return none;
        }
        let mut tallies: Vec<HashMap<Option<u32>, u64>> = vec![HashMap::new(); key.parts.len()];
        let mut counted = 0u64;
        for values in self.rows_of(key) {
            counted += 1;
            for (tally, value) in tallies.iter_mut().zip(values) {
                *tally.entry(value).or_insert(0) += 1;
            }
        }
        if counted < 2 {
            return none;
        }
        let of_sample = counted as f64 * (counted as f64 - 1.0) / 2.0;
        let agree = |tally: &HashMap<Option<u32>, u64>| {
            tally.values().map(|n| *n as f64 * (*n as f64 - 1.0) / 2.0).sum::<f64>() / of_sample
        };
        Chance { expected: pairs * tallies.iter().map(agree).product::<f64>(), drawn: true }
    }

    /// One element that does not repeat says nothing of how many values there are to draw from: its type has to.
    fn alone(&self, part: usize, domain: Domain, pairs: f64) -> Chance {
        let values = self.columns.get(part);
        let given = |expected| Chance { expected, drawn: false };
        match domain {
            Domain::Of(n) => Chance { expected: pairs / n.max(1.0), drawn: true },
            Domain::Counted => {
                let range = values.filter(|v| !v.unordered).and_then(|v| v.range);
                let width = range.map(|(least, most)| most as f64 - least as f64 + 1.0);
                Chance { expected: width.map_or(0.0, |w| pairs / w), drawn: true }
            }
            Domain::Words if !self.is_long(part) => given(pairs / WORDS),
            Domain::Words | Domain::Made => given(0.0),
            Domain::Measured => Chance { expected: 0.0, drawn: true },
        }
    }

    /// Minimal sets of up to `width` of these columns on which no two rows of the sample agree; NULLs count as equal.
    pub fn discover(&self, columns: &[usize], width: usize) -> Vec<Vec<usize>> {
        let mut found: Vec<Vec<usize>> = Vec::new();
        let mut level: Vec<Vec<usize>> = columns.iter().map(|c| vec![*c]).collect();
        for _ in 0..width {
            let mut rest = Vec::new();
            for set in level {
                if found.iter().any(|f| f.iter().all(|c| set.contains(c))) {
                    continue;
                }
                let key = Key { parts: set.clone(), filter: None, nulls_distinct: false };
                if self.repeats(&key).repeats == 0 { found.push(set) } else { rest.push(set) }
            }
            let wider = |set: &Vec<usize>| {
                let after = columns.iter().skip_while(|c| Some(*c) != set.last()).skip(1);
                after.map(|c| [set.as_slice(), &[*c]].concat()).collect::<Vec<_>>()
            };
            level = rest.iter().flat_map(wider).collect();
        }
        found
    }
}

impl Values {
    fn push(&mut self, value: Option<&str>) {
        let Some(value) = value else { return self.of_row.push(None) };
        // in characters, as the server's length() has it
        self.long += usize::from(value.chars().count() > LONG);
        match whole(value) {
            Some(n) => {
                let (least, most) = self.range.unwrap_or((n, n));
                self.range = Some((least.min(n), most.max(n)));
            }
            None => self.unordered = true,
        }
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = match self.numbers.get(value) {
            Some(known) => *known,
            None => *self.numbers.entry(value.to_owned()).or_insert(next),
        };
        self.of_row.push(Some(number));
    }

    fn at(&self, row: usize) -> Option<u32> {
        self.of_row.get(row).copied().flatten()
    }
}

/// A whole number, or a date as the number of its day.
fn whole(text: &str) -> Option<i64> {
    if let Ok(n) = text.parse() {
        return Some(n);
    }
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = time::Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = time::Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    Some(date.to_julian_day().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(rows: &[&[&str]]) -> Sample {
        let mut s = Sample::new(rows[0].len());
        for row in rows {
            s.push(row.iter().map(|v| (*v != "-").then_some(*v)));
        }
        s
    }

    fn key(parts: &[usize]) -> Key {
        Key { parts: parts.to_vec(), filter: None, nulls_distinct: true }
    }

    #[test]
    fn nulls_and_filters() {
        let s = sample(&[&["a", "t"], &["a", "-"], &["-", "t"], &["-", "t"], &["a", "t"]]);
        assert_eq!(s.repeats(&key(&[0])), Repeats { rows: 3, repeats: 2 });
        assert_eq!(s.repeats(&Key { nulls_distinct: false, ..key(&[0]) }), Repeats { rows: 5, repeats: 3 });
        assert_eq!(s.repeats(&Key { filter: Some(1), ..key(&[0]) }), Repeats { rows: 2, repeats: 1 });
    }

    #[test]
    fn what_chance_gives() {
        // a hundred rows, ten by ten: even values, so n² / (2 · 10 · 10) = 50, less the n pairs of a row with itself
        let rows: Vec<[String; 2]> = (0..100).map(|i| [(i % 10).to_string(), (i / 10).to_string()]).collect();
        let mut s = Sample::new(2);
        rows.iter().for_each(|r| s.push(r.iter().map(|v| Some(v.as_str()))));
        let free = [Domain::Counted, Domain::Counted];
        let expected = s.chance(&key(&[0, 1]), &free, 100).expected;
        assert!((40.0..50.0).contains(&expected), "{expected}");
        // ten times the rows, a hundred times the pairs
        let more = s.chance(&key(&[0, 1]), &free, 1000).expected;
        assert!((99.0..102.0).contains(&(more / expected)), "{more}");
    }

    #[test]
    fn what_is_unique_by_accident_is_no_surprise() {
        let rows: Vec<[String; 2]> = (0..100).map(|i| [format!("12:00:00.{i:06}"), (i % 3).to_string()]).collect();
        let mut s = Sample::new(2);
        rows.iter().for_each(|r| s.push(r.iter().map(|v| Some(v.as_str()))));
        assert_eq!(s.chance(&key(&[0]), &[Domain::Measured], 1_000_000).expected, 0.0);
        assert_eq!(s.chance(&key(&[0, 1]), &[Domain::Measured, Domain::Counted], 1_000_000).expected, 0.0);
        // a reference to few parents would repeat, to very many it would not
        assert!(s.chance(&key(&[1]), &[Domain::Of(100.0)], 100).expected > 40.0);
        assert!(s.chance(&key(&[1]), &[Domain::Of(1e9)], 100).expected < 0.001);
    }

    #[test]
    fn dense_numbers_are_a_surprise_and_sparse_ones_are_not() {
        let of = |step: u64| {
            let rows: Vec<String> = (0..1000).map(|i| (i * step).to_string()).collect();
            let mut s = Sample::new(1);
            rows.iter().for_each(|r| s.push([Some(r.as_str())]));
            s.chance(&key(&[0]), &[Domain::Counted], 1000).expected
        };
        assert!(of(1) > 400.0 && of(10_000_000_000) < 0.1);
        assert_eq!(whole("2024-03-01").zip(whole("2024-02-28")).map(|(a, b)| a - b), Some(2));
        assert_eq!(whole("1-2-x"), None);
    }

    proptest! {
        /// Against the definition: every set found is unique, none of its parts is, and none is left out.
        #[test]
        fn minimal_unique_sets(rows in proptest::collection::vec(proptest::collection::vec(0u8..4, 4), 2..12)) {
            let mut s = Sample::new(4);
            for row in &rows {
                let text: Vec<String> = row.iter().map(ToString::to_string).collect();
                s.push(text.iter().map(|v| Some(v.as_str())));
            }
            let unique = |set: &[usize]| {
                let mut seen = HashSet::new();
                rows.iter().all(|r| seen.insert(set.iter().map(|c| r[*c]).collect::<Vec<_>>()))
            };
            let sets = (1usize..16).map(|mask| (0..4).filter(|c| mask >> c & 1 == 1).collect::<Vec<_>>());
            let minimal = |set: &Vec<usize>| {
                let less = |leave: &usize| set.iter().copied().filter(|c| c != leave).collect::<Vec<_>>();
                unique(set) && !set.iter().any(|c| unique(&less(c)))
            };
            let mut wanted: Vec<Vec<usize>> = sets.filter(|s| s.len() <= 3 && minimal(s)).collect();
            let mut found = s.discover(&[0, 1, 2, 3], 3);
            wanted.sort();
            found.sort();
            prop_assert_eq!(found, wanted);
        }
    }
}
