//! All that a running database said beside its schema.

use super::Evidence;
use super::settings::Defaults;
use super::statistics::Statistics;
use crate::catalog::Table;
use crate::guard::Guard;

/// What was heard of a database. Empty for a schema file.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The planner's statistics.
    pub statistics: Statistics,
    /// What sessions begin with. It is about all guards, and so about none.
    pub defaults: Option<Defaults>,
}

impl Observed {
    /// Whether nothing was heard about guards.
    pub fn is_empty(&self) -> bool {
        self.statistics.is_empty()
    }

    /// What was heard for and against a guard of a table, whatever rule asks for it.
    pub fn of_guard(&self, table: &Table, guard: &Guard) -> Vec<Evidence> {
        self.statistics.of_guard(table, guard).into_iter().collect()
    }
}
