//! All that a running database said beside its schema.

use super::Evidence;
use crate::catalog::Table;
use crate::guard::Guard;

/// What was heard of a database. Empty for a schema file.
#[derive(Debug, Clone, Default)]
pub struct Observed {}

impl Observed {
    /// Whether nothing was heard.
    pub fn is_empty(&self) -> bool {
        true
    }

    /// What was heard for and against a guard of a table, whatever rule asks for it.
    pub fn of_guard(&self, _table: &Table, _guard: &Guard) -> Vec<Evidence> {
        Vec::new()
    }
}
