//! What an audit looked at: of what it did not, that nothing was found says nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Filter, Globs};

/// The rules that looked, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Ids of the rules that could look.
    pub rules: BTreeSet<String>,
    /// Globs of schemas; all if empty.
    pub schemas: Vec<String>,
    /// Globs of tables; all if empty.
    pub tables: Vec<String>,
    /// Schema and name of tables that were not read wholly.
    pub half_read: BTreeSet<(String, String)>,
    /// All definitions were understood, so that a table that is not there is not there.
    pub complete: bool,
    /// Options left rules or tables out.
    pub narrowed: bool,
}

impl Scope {
    /// Whether a rule looked at a table: called with rule, schema and table.
    pub fn looked(&self) -> impl Fn(&str, &str, &str) -> bool {
        // they were understood when they were given
        let globs = |patterns: &[String]| Globs::new(patterns).unwrap_or_default();
        let filter = Filter { min_confidence: None, schemas: globs(&self.schemas), tables: globs(&self.tables) };
        move |rule, schema, table| {
            self.rules.contains(rule)
                && filter.wants_table(schema, table)
                && !self.half_read.iter().any(|(s, t)| s == schema && t == table)
        }
    }
}
