//! What is new, fixed and changed between two audits, and which changes of the schema caused it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Found;
use crate::catalog::{Catalog, Change, changes};
use crate::report::Scope;

/// One side of a comparison.
#[derive(Debug)]
pub struct Side {
    /// What to call it.
    pub name: String,
    /// Its schema.
    pub catalog: Catalog,
    /// All that was found, however sure.
    pub found: Vec<Found>,
    /// Where it was looked for.
    pub scope: Scope,
}

/// A finding that is on one side only, and why.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// The finding.
    pub finding: Found,
    /// The changes of the schema that caused it; none if it is the evidence that changed.
    pub because: Vec<Change>,
}

/// A finding that is on both sides and is told otherwise.
#[derive(Debug, Serialize)]
pub struct Changed {
    /// As it was.
    pub before: Found,
    /// As it is.
    pub after: Found,
    /// What is different: severity, confidence.
    pub what: Vec<String>,
}

/// What became of the findings between two audits.
#[derive(Debug, Default, Serialize)]
pub struct Difference {
    /// Only after.
    pub new: Vec<Moved>,
    /// Only before.
    pub fixed: Vec<Moved>,
    /// On both sides, and different.
    pub changed: Vec<Changed>,
    /// How many are the same.
    pub same: usize,
    /// How many are on one side only because the other did not look for them.
    pub unseen: usize,
    /// All changes of the schema.
    pub schema: Vec<Change>,
}

impl Difference {
    /// Compares two audits by the fingerprints of what they found, as far as it is `wanted`. What is on one side only
    /// because it is less sure on the other has changed, and is neither new nor fixed.
    pub fn of(before: &Side, after: &Side, wanted: &dyn Fn(&Found) -> bool) -> Difference {
        // of a table that was not read wholly it cannot be told what changed
        let wholly = |c: &Change| {
            let place = (c.schema.clone(), c.table.clone());
            ![before, after].iter().any(|side| side.scope.half_read.contains(&place))
        };
        let schema: Vec<Change> = changes(&before.catalog, &after.catalog).into_iter().filter(wholly).collect();
        let by_print = |side: &Side| -> BTreeMap<String, Found> {
            side.found.iter().map(|f| (f.fingerprint.clone(), f.clone())).collect()
        };
        let (old, new) = (by_print(before), by_print(after));
        let mut unseen = 0;
        let mut only = |these: &Side, others: &BTreeMap<String, Found>, other: &Side| -> Vec<Moved> {
            let looked = other.scope.looked();
            let alone: Vec<&Found> =
                these.found.iter().filter(|f| wanted(f) && !others.contains_key(&f.fingerprint)).collect();
            let seen = |f: &&&Found| {
                let there = other.scope.complete || other.catalog.table(&f.schema, &f.table).is_some();
                there && looked(&f.rule, &f.schema, &f.table)
            };
            let moved: Vec<Moved> = alone
                .iter()
                .filter(seen)
                .map(|f| Moved { because: causes(f, &schema, &before.catalog, &after.catalog), finding: (*f).clone() })
                .collect();
            unseen += alone.len() - moved.len();
            moved
        };
        let (new_ones, fixed) = (only(after, &old, before), only(before, &new, after));
        let mut out = Difference { new: new_ones, fixed, unseen, ..Difference::default() };
        for f in &after.found {
            let Some(was) = old.get(&f.fingerprint).filter(|was| wanted(was) || wanted(f)) else { continue };
            let mut what = Vec::new();
            if was.severity != f.severity {
                what.push(format!("severity {}, was {}", f.severity, was.severity));
            }
            if was.confidence != f.confidence {
                what.push(format!("{} confidence, was {}", f.confidence, was.confidence));
            }
            match what.is_empty() {
                true => out.same += 1,
                false => out.changed.push(Changed { before: was.clone(), after: f.clone(), what }),
            }
        }
        out.schema = schema;
        out
    }
}

/// The changes that explain why a finding came or went: of its columns, else of its table, else of the tables that it
/// references.
fn causes(finding: &Found, all: &[Change], before: &Catalog, after: &Catalog) -> Vec<Change> {
    let of_table = |schema: &str, table: &str| -> Vec<Change> {
        all.iter().filter(|c| c.schema == schema && c.table == table).cloned().collect()
    };
    let here = of_table(&finding.schema, &finding.table);
    let touching: Vec<Change> = here
        .iter()
        .filter(|c| c.columns.is_empty() || c.columns.iter().any(|column| finding.columns.contains(column)))
        .cloned()
        .collect();
    if !touching.is_empty() {
        return touching;
    }
    if !here.is_empty() {
        return here;
    }
    let table = after.table(&finding.schema, &finding.table).or_else(|| before.table(&finding.schema, &finding.table));
    let targets = table.into_iter().flat_map(|t| &t.foreign_keys);
    targets.flat_map(|f| of_table(&f.referenced_schema, &f.referenced_table)).collect()
}
