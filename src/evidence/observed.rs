//! All that a running database said beside its schema.

use super::rows::Rows;
use super::settings::Defaults;
use super::statistics::Statistics;
use super::{Evidence, statements};
use crate::catalog::Table;
use crate::guard::Guard;
use crate::workload::Usage;

/// What was heard of a database. Empty for a schema file.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// What the rows said.
    pub rows: Rows,
    /// What the statements that were sent do to each table.
    pub workload: Option<Usage>,
    /// The planner's statistics.
    pub statistics: Statistics,
    /// What sessions begin with. It is about all guards, and so about none.
    pub defaults: Option<Defaults>,
    /// Why not all was heard that has to be: the connection ended.
    pub lost: Option<String>,
}

impl Observed {
    /// Whether nothing was heard about guards.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.workload.is_none() && self.statistics.is_empty()
    }

    /// What was heard for and against a guard of a table, whatever rule asks for it.
    pub fn of_guard(&self, table: &Table, guard: &Guard) -> Vec<Evidence> {
        let statements = self.workload.iter().flat_map(|w| statements::of_guard(w, table, guard));
        let statistics = self.statistics.of_guard(table, guard);
        self.rows.of_guard(table, guard).into_iter().chain(statistics).chain(statements).collect()
    }
}
