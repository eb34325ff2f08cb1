//! The planner's statistics: estimates of how many values a column has, how many NULLs, and between which numbers.
//!
//! They are estimates, made of a sample, at some time: evidence, never proof. No value but a number is kept, and none is
//! shown.

mod checks;
mod keys;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Source};
use crate::catalog::Table;
use crate::guard::Guard;

/// The statistics of a database. Empty for a schema file.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    tables: BTreeMap<(String, String), TableStatistics>,
    /// Why statistics are missing, each in a sentence.
    pub missing: Vec<String>,
}

impl Statistics {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// The statistics of a table, empty ones if there were none.
    pub fn table_mut(&mut self, schema: &str, table: &str) -> &mut TableStatistics {
        self.tables.entry((schema.to_owned(), table.to_owned())).or_default()
    }

    /// The statistics of a table, to be completed.
    pub fn get_mut(&mut self, schema: &str, table: &str) -> Option<&mut TableStatistics> {
        self.tables.get_mut(&(schema.to_owned(), table.to_owned()))
    }

    /// The statistics of a table.
    pub fn table(&self, schema: &str, table: &str) -> Option<&TableStatistics> {
        self.tables.get(&(schema.to_owned(), table.to_owned()))
    }

    /// What they say for and against a guard.
    pub fn of_guard(&self, table: &Table, guard: &Guard) -> Option<Evidence> {
        let statistics = self.table(&table.schema, &table.name).filter(|s| s.rows >= weights::FEWEST)?;
        let (weight, text) = match guard {
            Guard::Unique { predicate, nulls_not_distinct, .. } => {
                keys::of_key(statistics, table, &guard.columns(), predicate.as_ref(), *nulls_not_distinct)?
            }
            Guard::Rekey { predicate, .. } => {
                keys::of_key(statistics, table, &guard.columns(), Some(predicate), false)?
            }
            Guard::PrimaryKey { .. } => keys::of_key(statistics, table, &guard.columns(), None, true)?,
            Guard::Check { condition } => checks::of_condition(statistics, condition.tree())?,
            Guard::NotNull { column } => checks::of_not_null(statistics, column)?,
            Guard::ForeignKey { .. } | Guard::Retype { .. } | Guard::Validate { .. } | Guard::Code { .. } => {
                return None;
            }
        };
        let weight = weights::of_size(statistics.rows, weight) * statistics.freshness;
        if weight.abs() < weights::LEAST {
            return None;
        }
        let text = match statistics.freshness <= 0.5 {
            true => format!("{text}; most rows have changed since they were collected"),
            false => text,
        };
        Some(Evidence::new(Source::Statistics, weight, format!("the planner's statistics estimate {text}")))
    }
}

/// The statistics of one table.
#[derive(Debug, Clone)]
pub struct TableStatistics {
    /// How many rows there were.
    pub rows: f64,
    /// How much of it still holds: 1 if nothing has changed since, half if as many rows have as there are, and on towards 0.
    pub freshness: f64,
    /// How many times more distinct values there may be than estimated: 1 if every row was read. No estimate from a sample
    /// of n out of N rows can be sure to err by less than √(N/n) (Charikar, Chaudhuri, Motwani, Narasayya: Towards
    /// Estimation Error Guarantees for Distinct Values, PODS 2000).
    pub error: f64,
    sets: BTreeMap<BTreeSet<String>, Estimates>,
}

impl Default for TableStatistics {
    fn default() -> TableStatistics {
        TableStatistics { rows: 0.0, freshness: 1.0, error: 1.0, sets: BTreeMap::new() }
    }
}

impl TableStatistics {
    /// Adds the estimates of a set of columns, unless there are some already.
    pub fn add<S: Into<String>>(&mut self, columns: impl IntoIterator<Item = S>, estimates: Estimates) {
        self.sets.entry(columns.into_iter().map(Into::into).collect()).or_insert(estimates);
    }

    /// The estimates of a set of columns.
    pub fn of(&self, columns: &[&str]) -> Option<&Estimates> {
        self.sets.get(&columns.iter().map(|c| (*c).to_owned()).collect::<BTreeSet<_>>())
    }
}

/// What is estimated of a column, or of several together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimates {
    /// How many different values.
    pub distinct: Option<f64>,
    /// The share of rows with NULL, between 0 and 1.
    pub null_share: f64,
    /// The share of all rows that have the most common value.
    pub top_share: Option<f64>,
    /// Between which numbers.
    pub range: Option<Range>,
}

/// The extremes of a column of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least.
    pub lowest: f64,
    /// The greatest.
    pub highest: f64,
    /// The least and the greatest of those that are not alone: some 0.5 % of the rows are there or beyond, more than a race
    /// brings about. `None` if the statistics do not tell.
    pub common: Option<(f64, f64)>,
}
