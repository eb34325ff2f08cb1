//! What is kept of a finding.

use serde::{Deserialize, Serialize};

use crate::catalog::label;
use crate::evidence::{Confidence, Severity};
use crate::rules::Finding;

/// A finding, as far as it has to be known again and told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Id of the rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The guard's columns.
    pub columns: Vec<String>,
    /// Fingerprint of the table's definition.
    pub state: String,
    /// One sentence.
    pub message: String,
    /// What closes it; empty where only code does.
    pub sql: String,
    /// Kind of the guard, as in the JSON contract.
    pub guard: String,
    /// Identity over time.
    pub fingerprint: String,
}

impl Found {
    /// What is kept of a finding.
    pub fn of(f: &Finding) -> Found {
        Found {
            rule: f.rule.to_owned(),
            severity: f.severity,
            confidence: f.confidence,
            schema: f.schema.clone(),
            table: f.table.clone(),
            columns: f.guard.columns().into_iter().map(str::to_owned).collect(),
            state: f.state.clone(),
            message: f.message.clone(),
            sql: f.sql().join("\n"),
            guard: f.guard.kind().to_owned(),
            fingerprint: f.fingerprint.clone(),
        }
    }

    /// The table, and the schema if it is not `public`.
    pub fn table_label(&self) -> String {
        label(&self.schema, &self.table)
    }
}
