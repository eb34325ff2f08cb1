//! All that a running database said beside its schema.

use super::Evidence;
use super::rows::Rows;
use crate::catalog::Table;
use crate::guard::Guard;

/// What was heard of a database. Empty for a schema file.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// What the rows said.
    pub rows: Rows,
}

impl Observed {
    /// Whether nothing was heard.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What was heard for and against a guard of a table, whatever rule asks for it.
    pub fn of_guard(&self, table: &Table, guard: &Guard) -> Vec<Evidence> {
        self.rows.of_guard(table, guard)
    }
}
