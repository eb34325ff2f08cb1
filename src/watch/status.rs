//! What is known of each source by now.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::evidence::Severity;

/// What is known of one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Status {
    /// Seconds since 1970 at which the last audit that could be done began.
    pub last_success: Option<i64>,
    /// Seconds since 1970 at which the last audit began, done or not.
    pub last_run: Option<i64>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Why it could not be done.
    pub error: Option<String>,
    /// Findings that count, by rule and severity.
    pub findings: BTreeMap<(String, Severity), u64>,
    /// How many were accepted in the baseline.
    pub accepted: u64,
    /// How much could not be looked at.
    pub skipped: u64,
}

/// All sources, by name.
pub type Statuses = BTreeMap<String, Status>;

impl Status {
    /// Notes a run that could not be done.
    pub fn failed(&mut self, at: OffsetDateTime, seconds: f64, error: String) {
        self.last_run = Some(at.unix_timestamp());
        self.seconds = seconds;
        self.error = Some(error);
    }

    /// Notes a run that was done.
    pub fn succeeded(&mut self, at: OffsetDateTime, seconds: f64) {
        self.last_run = Some(at.unix_timestamp());
        self.last_success = self.last_run;
        self.seconds = seconds;
        self.error = None;
    }
}
