//! What the schema's own keys say about a candidate: how other tables treat the same columns, and what keys its own
//! table has. Only a schema that has some keys has conventions.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::candidates::Candidate;
use super::facts::{Facts, Table, is_subset};
use super::features::mark;
use super::model::{Class, Family, Marks, bucket};

/// Of `of` things, `guarded` are guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// How many are guarded.
    pub guarded: usize,
    /// How many there are.
    pub of: usize,
}

impl Share {
    /// The share as features call it.
    pub fn name(self) -> &'static str {
        let share = self.guarded as f64 / self.of.max(1) as f64;
        match (self.guarded, self.of) {
            (_, 0) => "none",
            (0, 1) => "never1",
            (0, 2..=3) => "never2",
            (0, 4..=9) => "never4",
            (0, _) => "never10",
            (1, _) if share >= 0.75 => "most_once",
            _ if share >= 0.75 => "most",
            _ if share >= 0.45 => "half",
            _ if share >= 0.15 => "some",
            _ => "rare",
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Tables beyond which no twin is looked for: a column that all tables have makes none of them alike.
pub const TWINS: usize = 400;

/// The columns of each table as sorted numbers, for telling how alike two tables are.
pub struct Likeness {
    columns: Vec<Vec<u32>>,
}

impl Likeness {
    /// Numbers the column names.
    pub fn of(facts: &Facts<'_>) -> Likeness {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let columns = facts.catalog.tables.iter().map(|t| {
            let mut list: Vec<u32> = Vec::with_capacity(t.columns.len());
            for c in &t.columns {
                let next = numbers.len() as u32;
                list.push(*numbers.entry(&c.name).or_insert(next));
            }
            list.sort_unstable();
            list
        });
        Likeness { columns: columns.collect() }
    }

    /// The share of column names that two tables have in common.
    pub fn between(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (&self.columns[a], &self.columns[b]);
        let (mut i, mut j, mut common) = (0, 0, 0);
        while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
            common += usize::from(x == y);
            i += usize::from(x <= y);
            j += usize::from(y <= x);
        }
        common as f64 / (a.len() + b.len() - common).max(1) as f64
    }
}

/// The most similar other table that has the same columns.
#[derive(Debug, Clone, Copy)]
pub struct Twin {
    /// The table.
    pub table: usize,
    /// It has the guard.
    pub guarded: bool,
    /// The share of column names that both have.
    pub likeness: f64,
}

impl Twin {
    /// The best of `tables`; those that have the guard are given as well, sorted.
    pub fn of(table: usize, tables: &[u32], guarded: &[u32], likeness: &mut Memo<'_>) -> Option<Twin> {
        let others = tables.iter().map(|t| *t as usize).filter(|t| *t != table);
        let twin = |t: usize| Twin {
            table: t,
            guarded: guarded.binary_search(&(t as u32)).is_ok(),
            likeness: likeness.between(table, t),
        };
        let best = others.map(twin).max_by(|a, b| {
            a.likeness.total_cmp(&b.likeness).then(a.guarded.cmp(&b.guarded)).then(a.table.cmp(&b.table))
        });
        best.filter(|t| t.likeness >= 0.2)
    }
}

/// Likeness of one table to others, each worked out once.
pub struct Memo<'l> {
    likeness: &'l Likeness,
    table: usize,
    known: HashMap<usize, f64>,
}

impl<'l> Memo<'l> {
    /// Nothing known yet.
    pub fn new(likeness: &'l Likeness) -> Memo<'l> {
        Memo { likeness, table: usize::MAX, known: HashMap::new() }
    }

    fn between(&mut self, a: usize, b: usize) -> f64 {
        if self.table != a {
            self.table = a;
            self.known.clear();
        }
        *self.known.entry(b).or_insert_with(|| self.likeness.between(a, b))
    }
}

/// Tables with candidates of one signature, ascending, and those of them in which such a candidate is a key.
#[derive(Default)]
struct Witnesses {
    tables: Vec<u32>,
    guarded: Vec<u32>,
}

impl Witnesses {
    fn add(&mut self, table: u32, guarded: bool) {
        if self.tables.last() != Some(&table) {
            self.tables.push(table);
        }
        if guarded && self.guarded.last() != Some(&table) {
            self.guarded.push(table);
        }
    }

    /// Without the table itself.
    fn share(&self, table: u32) -> Share {
        let others = |list: &[u32]| list.len() - usize::from(list.binary_search(&table).is_ok());
        Share { guarded: others(&self.guarded), of: others(&self.tables) }
    }
}

/// The candidates of one family by their base scores, the highest first.
#[derive(Default)]
struct Ranking {
    scores: Vec<f64>,
    /// How many of the first are keys.
    guarded: Vec<usize>,
    tables: Vec<u32>,
    /// The ranks of each table's own candidates, ascending.
    own: HashMap<u32, Vec<usize>>,
}

impl Ranking {
    fn of(mut rows: Vec<(f64, bool, u32)>) -> Ranking {
        rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(b.2.cmp(&a.2)));
        let mut ranking = Ranking { guarded: vec![0], ..Ranking::default() };
        for (rank, (score, guarded, table)) in rows.into_iter().enumerate() {
            ranking.scores.push(score);
            ranking.tables.push(table);
            ranking.guarded.push(ranking.guarded[rank] + usize::from(guarded));
            ranking.own.entry(table).or_default().push(rank);
        }
        ranking
    }

    /// What became of the candidates of other tables that score as high, or of the eight nearest.
    fn alike(&self, table: u32, score: f64) -> Share {
        let least = super::model::tidy(score - 0.25);
        let mut end = self.scores.partition_point(|s| *s >= least);
        let is_key = |rank: usize| self.guarded[rank + 1] - self.guarded[rank];
        let own = self.own.get(&table).map_or(&[][..], Vec::as_slice);
        let own = &own[..own.partition_point(|rank| *rank < end)];
        let mut share = Share {
            of: end - own.len(),
            guarded: self.guarded[end] - own.iter().map(|rank| is_key(*rank)).sum::<usize>(),
        };
        while share.of < 8 && end < self.scores.len() {
            if self.tables[end] != table {
                share.of += 1;
                share.guarded += is_key(end);
            }
            end += 1;
        }
        share
    }
}

/// The conventions of a schema.
pub struct Conventions {
    witnesses: HashMap<u64, Witnesses>,
    rankings: HashMap<Family, Ranking>,
    likeness: Likeness,
}

/// What the schema says about one candidate.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Other tables with the same columns, with columns of the same names beside as many references, with columns of the
    /// same classes.
    pub others: [Share; 3],
    /// The most similar of the first and of the second.
    pub twins: [Option<Twin>; 2],
    /// Candidates that the base score likes as much.
    pub alike: Share,
}

impl Conventions {
    /// Learns from all candidates: `rows` are table, candidate and base score, in the order of tables.
    pub fn of<'c>(facts: &Facts<'_>, rows: impl Iterator<Item = (usize, &'c Candidate, f64)>) -> Conventions {
        let mut witnesses: HashMap<u64, Witnesses> = HashMap::new();
        let mut ranked: HashMap<Family, Vec<(f64, bool, u32)>> = HashMap::new();
        for (index, candidate, base) in rows {
            let table = &facts.tables[index];
            let guarded = table.keys.contains(&candidate.columns);
            // what a narrower key implies is no witness: nobody had to say it
            if table.framework || !guarded && table.is_keyed_within(&candidate.columns) {
                continue;
            }
            let number = index as u32;
            ranked.entry(candidate.family).or_default().push((base, guarded, number));
            for signature in signatures(table, candidate) {
                witnesses.entry(signature).or_default().add(number, guarded);
            }
        }
        let rankings = ranked.into_iter().map(|(family, rows)| (family, Ranking::of(rows))).collect();
        Conventions { witnesses, rankings, likeness: Likeness::of(facts) }
    }

    /// A memory for [`Conventions::observe`].
    pub fn memo(&self) -> Memo<'_> {
        Memo::new(&self.likeness)
    }

    /// What they say about a candidate.
    pub fn observe(
        &self,
        facts: &Facts<'_>,
        index: usize,
        candidate: &Candidate,
        base: f64,
        memo: &mut Memo<'_>,
    ) -> Observation {
        let number = index as u32;
        let found = signatures(&facts.tables[index], candidate).map(|s| self.witnesses.get(&s));
        let others = found.map(|w| w.map_or(Share::default(), |w| w.share(number)));
        let twin = |i: usize, memo: &mut Memo<'_>| {
            let witnesses = found[i].filter(|_| others[i].of <= TWINS)?;
            Twin::of(index, &witnesses.tables, &witnesses.guarded, memo)
        };
        let twins = [twin(0, memo), twin(1, memo)];
        let alike = self.rankings.get(&candidate.family).map_or(Share::default(), |r| r.alike(number, base));
        Observation { others, twins, alike }
    }
}

/// Adds the features of an observation and of the table's own keys.
pub fn features(facts: &Facts<'_>, t: &Table<'_>, candidate: &Candidate, seen: &Observation, out: &mut impl Marks) {
    let family = candidate.family;
    mark!(out, "w:fam_{family}");
    for (share, level) in seen.others.iter().zip(1..) {
        mark!(out, "w:L{level}_{share}");
        mark!(out, "w:L{level}_{share}+{family}");
    }
    for (twin, level) in seen.twins.iter().zip(1..) {
        let Some(twin) = twin else { continue };
        let keyed = if twin.guarded { "keyed" } else { "unkeyed" };
        let likeness = match twin.likeness {
            l if l >= 0.8 => 80,
            l if l >= 0.5 => 50,
            _ => 20,
        };
        mark!(out, "w:twin{level}_{keyed}_{likeness}");
    }
    mark!(out, "w:alike_{}", seen.alike);
    if t.keys.is_empty() {
        mark!(out, "w:schema_keyed{}", bucket(facts.keyed_share, &[0.2, 0.4, 0.6, 0.8]));
        mark!(out, "w:table_has_no_key_{family}");
        return;
    }
    mark!(out, "w:table_has_key_{family}");
    let set = candidate.columns.as_slice();
    let keyed = |i: &usize| t.keys.iter().any(|k| k.contains(i));
    let name_keyed = set.iter().filter(|i| t.at(**i).target.is_none()).any(keyed);
    let own = [
        (wider_key(t, set).is_some(), "w:inside_wider_key"),
        (name_keyed, "w:name_in_other_key"),
        (!name_keyed && set.iter().any(keyed), "w:ref_in_other_key"),
        (t.keys.iter().any(|k| matches!(k.as_slice(), [one] if t.at(*one).target.is_none())), "w:has_natural_key"),
        (t.keys.iter().any(|k| k.len() == set.len()), "w:same_width_key"),
    ];
    // what a key says of another depends on what that other is made of
    for (_, fact) in own.into_iter().filter(|(holds, _)| *holds) {
        mark!(out, "{fact}");
        mark!(out, "{fact}+{family}");
    }
    let keys = bucket(t.keys.len(), &[1, 2, 3]);
    mark!(out, "w:keys{keys}");
    mark!(out, "w:keys{keys}+{family}");
}

/// A key of the table that contains the columns and more.
pub fn wider_key<'t>(t: &'t Table<'_>, set: &[usize]) -> Option<&'t [usize]> {
    t.keys.iter().map(Vec::as_slice).find(|k| k.len() > set.len() && is_subset(set, k))
}

/// Three ways to say "the same thing in another table", from exact to loose.
fn signatures(t: &Table<'_>, candidate: &Candidate) -> [u64; 3] {
    let family = candidate.family;
    let set = candidate.columns.as_slice();
    let own = || t.each(set).filter(|c| c.target.is_none());
    let refs = set.len() - own().count();
    let mut names: Vec<&str> = t.each(set).map(|c| c.name()).collect();
    names.sort_unstable();
    let exact = hash(&(1, &names));
    match family {
        Family::Pair => {
            let rest = t.payload.len() - 2;
            [exact, hash(&(2, family, rest.min(3), t.refs.len() - 2)), hash(&(3, family, rest == 0))]
        }
        Family::One => {
            let target = t.each(set).next().and_then(|c| c.target);
            let only = t.refs.len() == 1;
            [exact, hash(&(2, family, target, only)), hash(&(3, family, only, t.extension))]
        }
        _ => {
            let mut names: Vec<&str> = own().map(|c| c.name()).collect();
            let mut classes: Vec<(Class, &str)> = own().map(|c| (c.class, t.qualifier(c).name())).collect();
            names.sort_unstable();
            classes.sort_unstable();
            [exact, hash(&(2, family, refs, names)), hash(&(3, family, refs, classes))]
        }
    }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
