//! Which guards a schema is missing, inferred from the schema alone.
//!
//! Data goes one way: [`facts`] about tables and columns → [`candidates`] by shape → [`features`], whose weights add up to
//! a score in log-odds → what the schema's own keys say ([`conventions`]) → the best of each table ([`select`]) →
//! reasons in words ([`sentences`]). Vocabularies, weights and thresholds are data ([`model`]).

pub mod candidates;
pub mod checks;
pub mod conventions;
mod doubts;
pub mod facts;
pub mod features;
pub mod frameworks;
pub mod model;
mod select;
mod sentences;
mod shape;
mod soft_delete;
pub mod words;

use std::collections::BTreeMap;

use candidates::Candidate;
use facts::Facts;
use model::{Active, model, tidy};
use select::Scored;

use crate::catalog::{Catalog, Expr, KeyPart, Table};
use crate::evidence::{Evidence, Observed, Source, Thresholds};
use crate::guard::Guard;

pub use shape::Shape;

/// What is inferred about a schema.
pub struct Inference<'a> {
    /// Keys that are missing, in the order of tables, each table's best first.
    pub keys: Vec<Key<'a>>,
    /// Numbers that nothing keeps from being negative, in the order of tables and columns.
    pub bounds: Vec<Bound<'a>>,
}

/// A guard's score, explained.
#[derive(Debug, Clone)]
pub struct Belief {
    /// What is left of the score when the evidence is taken away: the base rate, and all that is too small to tell.
    pub prior: f64,
    /// Why, in words; the strongest first.
    pub evidence: Vec<Evidence>,
    /// The scale on which the sum is judged.
    pub scale: Thresholds,
}

/// A missing key.
pub struct Key<'a> {
    /// The table.
    pub table: &'a Table,
    /// What kind of key it is.
    pub shape: Shape,
    /// Its columns: for a key within something, that comes first.
    pub columns: Vec<&'a str>,
    /// The guard: partial where rows are deleted softly, over `lower(…)` where the schema's own keys are.
    pub guard: Guard,
    /// How sure, and why.
    pub belief: Belief,
}

/// A number that nothing keeps from being negative.
pub struct Bound<'a> {
    /// The table.
    pub table: &'a Table,
    /// The column.
    pub column: &'a str,
    /// How sure, and why.
    pub belief: Belief,
}

/// Below this base score the schema's conventions are not asked.
const HOPELESS: f64 = -7.0;

impl<'a> Inference<'a> {
    /// Infers what is missing.
    pub fn of(catalog: &'a Catalog, observed: &Observed) -> Inference<'a> {
        let facts = Facts::of(catalog);
        Inference { keys: keys(&facts, observed, None), bounds: bounds(&facts, observed, 0.0) }
    }

    /// All that `lift` more log-odds would bring up, each with its score and without reasons; nothing is chosen yet.
    pub fn within_reach(catalog: &'a Catalog, observed: &Observed, lift: f64) -> Inference<'a> {
        let facts = Facts::of(catalog);
        Inference { keys: keys(&facts, observed, Some(lift)), bounds: bounds(&facts, observed, lift) }
    }
}

/// Every candidate of the schema with its table and base score, in the order of tables.
pub fn base_scores(facts: &Facts<'_>) -> Vec<(usize, Candidate, f64)> {
    let of_table = |(index, table)| candidates::candidates(table).into_iter().map(move |c| (index, c));
    scored(facts, facts.tables.iter().enumerate().flat_map(of_table))
}

/// Candidates with their base scores.
fn scored(facts: &Facts<'_>, candidates: impl Iterator<Item = (usize, Candidate)>) -> Vec<(usize, Candidate, f64)> {
    let mut out = Vec::new();
    let Some(some) = model().families.values().next() else { return out };
    let mut active = Active::new(some);
    for (index, candidate) in candidates {
        let Some(weights) = model().families.get(&candidate.family) else { continue };
        active.clear(weights);
        features::features(facts, &facts.tables[index], &candidate, &mut active);
        out.push((index, candidate, active.sum()));
    }
    out
}

/// What was found in the rows and is no candidate by its shape.
fn found(facts: &Facts<'_>, observed: &Observed, known: &[(usize, Candidate, f64)]) -> Vec<(usize, Candidate, f64)> {
    let named = facts.tables.iter().enumerate().flat_map(|(index, table)| {
        let sets = observed.rows.discovered(&table.table.schema, &table.table.name);
        sets.filter_map(move |names| Some((index, candidates::named(table, names)?)))
    });
    let is_new = |(index, c): &(usize, Candidate)| !known.iter().any(|(i, k, _)| i == index && k.columns == c.columns);
    scored(facts, named.filter(is_new))
}

/// With a `lift`, all keys that it would bring up; without, those that are chosen.
fn keys<'a>(facts: &Facts<'a>, observed: &Observed, lift: Option<f64>) -> Vec<Key<'a>> {
    let mut rows = base_scores(facts);
    let conventions = facts
        .guarded
        .then(|| conventions::Conventions::of(facts, rows.iter().map(|(table, c, base)| (*table, c, *base))));
    rows.extend(found(facts, observed, &rows));
    let mut memo = conventions.as_ref().map(conventions::Conventions::memo);
    let weights = &model().conventions;
    let scale = if facts.guarded { model().thresholds.guarded } else { model().thresholds.unguarded };
    let mut active = Active::new(weights);
    let soft = soft_delete::Custom::of(facts);
    let folds = folds_case(facts);
    let mut by_table: BTreeMap<usize, Vec<Weighed>> = BTreeMap::new();
    for (index, candidate, base) in rows {
        let table = &facts.tables[index];
        if table.framework || table.is_keyed_within(&candidate.columns) {
            continue;
        }
        let testimony = match observed.is_empty() {
            true => Vec::new(),
            false => observed.of_guard(table.table, &guard(table, &ordered(table, &candidate), &soft, folds)),
        };
        let told: f64 = testimony.iter().map(|e| e.weight).sum();
        if base + told.max(0.0) + lift.unwrap_or(0.0) < HOPELESS {
            continue;
        }
        let mut score = base;
        let mut against = None;
        if let (Some(conventions), Some(memo)) = (&conventions, &mut memo) {
            let seen = conventions.observe(facts, index, &candidate, base, memo);
            active.clear(weights);
            conventions::features(facts, table, &candidate, &seen, &mut active);
            score = tidy(weights.of("w:bias") + weights.of_base(candidate.family.name()) * base + active.sum());
            against = doubts::convention(table, &candidate, seen.others.first());
        }
        let doubt = doubts::doubt(facts, table, &candidate).map(|text| (scale.medium, text));
        let minority = against.map(|(rare, text)| (if rare { scale.medium } else { scale.high }, text));
        // just below the level that it is not to reach
        let doubt = [doubt, minority].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
        let doubt = doubt.map(|(level, text)| (tidy(score - level + 0.01), text)).filter(|(weight, _)| *weight > 0.0);
        if let Some((weight, _)) = &doubt {
            score = tidy(score - weight);
        }
        let alone = score + testimony.iter().filter(|e| e.source != Source::Rows).map(|e| e.weight).sum::<f64>();
        // only where rows speak, or may, can a score rise still
        if lift.is_some() || !observed.rows.is_empty() || tidy(scale.heard(score, &testimony)) >= scale.low {
            let scored = Scored { candidate, base, score, penalty: 0.0, doubt, testimony };
            by_table.entry(index).or_default().push(Weighed { scored, alone });
        }
    }
    let mut out = Vec::new();
    for (index, mut weighed) in by_table {
        let table = &facts.tables[index];
        widen(table, &mut weighed, lift.is_some(), scale);
        let mut rows: Vec<Scored> = weighed.into_iter().map(|w| w.scored).collect();
        rows.retain(|r| r.score + lift.unwrap_or(0.0) >= scale.low);
        let chosen = match lift {
            None => select::select(table, rows, &model().penalty, scale.low),
            Some(_) => rows,
        };
        for scored in chosen {
            let seen = conventions.as_ref().zip(memo.as_mut());
            let seen = seen.map(|(c, memo)| c.observe(facts, index, &scored.candidate, scored.base, memo));
            let columns = ordered(table, &scored.candidate);
            out.push(Key {
                table: table.table,
                shape: Shape::of(table, &scored.candidate),
                columns: columns.iter().map(|i| table.at(*i).column.name.as_str()).collect(),
                guard: guard(table, &columns, &soft, folds),
                belief: match lift {
                    None => sentences::of_key(facts, index, &scored, seen.as_ref(), scale),
                    Some(_) => Belief { prior: scored.total(), evidence: Vec::new(), scale },
                },
            });
        }
    }
    out
}

/// A candidate, and what it scores without the rows.
struct Weighed {
    scored: Scored,
    alone: f64,
}

/// Log-odds that a key loses for each column that it has to take in because without it the rows repeat: there are
/// several that it could be. Judged.
const WIDER: f64 = 1.0;

/// Hears what the database itself says, which stands above a doubt. Of a key that its rows refute, what made it likely
/// goes to those that take in one more column and are not refuted: `users.email` repeats, so it may be unique in an
/// account. When it is asked what to ask (`asking`), any likely key may turn out so.
fn widen(table: &facts::Table<'_>, weighed: &mut [Weighed], asking: bool, scale: Thresholds) {
    weighed.sort_by_key(|w| w.scored.candidate.columns.len());
    for i in 0..weighed.len() {
        let (narrower, rest) = weighed.split_at_mut(i);
        let Some(this) = rest.first_mut() else { break };
        let columns = &this.scored.candidate.columns;
        let gives_way = |w: &&Weighed| {
            let of = &w.scored.candidate.columns;
            of.len() + 1 == columns.len()
                && facts::is_subset(of, columns)
                && if asking { w.alone >= scale.low } else { w.scored.is_refuted() }
        };
        let best = narrower.iter().filter(gives_way).max_by(|a, b| a.alone.total_cmp(&b.alone));
        let supported = this.scored.testimony.iter().any(|e| e.source == Source::Rows && e.weight > 0.0);
        let gained = best.map_or(0.0, |w| tidy(w.alone - WIDER - this.alone));
        let heir = best.filter(|_| gained > 0.0 && (asking || supported));
        let score = this.scored.score + if heir.is_some() { gained } else { 0.0 };
        this.scored.score = tidy(scale.heard(score, &this.scored.testimony));
        if let Some(w) = heir {
            this.alone += gained;
            let names: Vec<&str> = table.each(&w.scored.candidate.columns).map(|c| c.name()).collect();
            let text =
                format!("{} alone repeats in the rows, so it is unique within something if at all", names.join(", "));
            this.scored.testimony.push(Evidence::new(Source::Rows, gained, text));
        }
    }
}

/// The columns of a key: what a row belongs to comes before what it is called.
fn ordered(table: &facts::Table<'_>, candidate: &Candidate) -> Vec<usize> {
    let mut columns = candidate.columns.clone();
    columns.sort_by_key(|i| table.at(*i).target.is_none());
    columns
}

/// The guard of a key: for the living, and without regard to case where the schema's own keys have none.
fn guard(table: &facts::Table<'_>, columns: &[usize], soft: &soft_delete::Custom<'_>, folds: bool) -> Guard {
    let part = |i: &usize| {
        let c = table.at(*i);
        let folded = folds && c.class == model::Class::Login && c.kind.is_text() && c.kind != facts::Kind::Citext;
        match folded {
            true => KeyPart::Expression(lower(c.name())),
            false => KeyPart::Column(c.name().to_owned()),
        }
    };
    let key = columns.iter().map(part).collect();
    Guard::Unique { key, predicate: soft.predicate(table), nulls_not_distinct: false }
}

fn lower(column: &str) -> crate::catalog::Expression {
    crate::catalog::Expression::new(Expr::Call("lower".into(), vec![Expr::column(column)]))
}

/// The schema's own keys on what people log in with do not care for case: by `lower(…)`, or by type.
fn folds_case(facts: &Facts<'_>) -> bool {
    let login =
        |t: &facts::Table<'_>, name: &str| t.columns.iter().find(|c| c.name() == name).map(|c| (c.class, c.kind));
    facts.tables.iter().any(|t| {
        t.table.unique_keys.iter().flat_map(|k| &k.key).any(|part| match part {
            KeyPart::Column(c) => login(t, c) == Some((model::Class::Login, facts::Kind::Citext)),
            KeyPart::Expression(e) => match e.tree() {
                Expr::Call(f, args) if f == "lower" => match args.as_slice() {
                    [Expr::Column(c)] => login(t, c).is_some_and(|(class, _)| class == model::Class::Login),
                    _ => false,
                },
                _ => false,
            },
        })
    })
}

fn bounds<'a>(facts: &Facts<'a>, observed: &Observed, lift: f64) -> Vec<Bound<'a>> {
    let conventions = checks::Conventions::of(facts);
    let mut memo = conventions.memo();
    let guarded = conventions.active;
    let scale = if guarded { model().thresholds.check_guarded } else { model().thresholds.check_unguarded };
    let mut out = Vec::new();
    let mut base = Active::new(&model().check);
    let mut heard = Active::new(&model().check_conventions);
    for (index, table) in facts.tables.iter().enumerate().filter(|(_, t)| !t.framework) {
        let columns: Vec<usize> = checks::candidates(table).collect();
        for &column in columns.iter().filter(|c| !conventions.is_bounded(index, **c)) {
            base.clear(&model().check);
            heard.clear(&model().check_conventions);
            checks::features(facts, table, table.at(column), columns.len(), &mut base);
            let seen = guarded.then(|| conventions.observe(facts, index, column, &mut memo));
            let mut score = base.sum();
            if let Some(seen) = &seen {
                checks::observed(seen, &mut heard);
                let weights = &model().check_conventions;
                score = tidy(weights.of("kw:bias") + weights.of_base("check") * score + heard.sum());
            }
            let name = &table.at(column).column.name;
            let testimony = match observed.is_empty() {
                true => Vec::new(),
                false => observed.of_guard(table.table, &Guard::check(Expr::non_negative(name))),
            };
            let total = tidy(scale.heard(score, &testimony));
            if total + lift >= scale.low {
                let mut belief =
                    sentences::of_bound(facts, table, column, (&base, &heard), seen.as_ref(), score, scale);
                belief.prior += total - score - testimony.iter().map(|e| e.weight).sum::<f64>();
                belief.evidence.extend(testimony);
                out.push(Bound { table: table.table, column: name, belief });
            }
        }
    }
    out
}
