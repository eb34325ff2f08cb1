//! What is known of each source by now.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::evidence::Severity;
use crate::history::Run;

/// What is known of one source.
#[derive(Debug, Clone, Default, PartialEq)]
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

    /// What a history knows: of the latest run, and of the latest that could be done with its report.
    pub fn of_runs(latest: &Run, audited: Option<&Run>, report: Option<&Value>) -> Status {
        let seconds =
            |run: &Run| OffsetDateTime::parse(&run.started, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
        let mut status = Status {
            last_run: seconds(latest),
            last_success: audited.and_then(seconds),
            seconds: latest.took_ms as f64 / 1e3,
            error: latest.error.clone(),
            ..Status::default()
        };
        if let Some(report) = report {
            status.count(report);
        }
        status
    }

    fn count(&mut self, report: &Value) {
        #[derive(Deserialize)]
        struct Counted {
            rule: String,
            severity: Severity,
            status: String,
        }
        self.findings.clear();
        self.accepted = 0;
        for f in report["findings"].as_array().into_iter().flatten() {
            match Counted::deserialize(f) {
                Ok(f) if f.status == "new" => *self.findings.entry((f.rule, f.severity)).or_default() += 1,
                Ok(_) => self.accepted += 1,
                // written by another version, and of no use to this one
                Err(_) => {}
            }
        }
        self.skipped = report["skipped"].as_array().map_or(0, Vec::len) as u64;
    }

    /// Notes a run that was done, and counts its report (the object of the JSON contract).
    pub fn succeeded(&mut self, at: OffsetDateTime, seconds: f64, report: &Value) {
        self.last_run = Some(at.unix_timestamp());
        self.last_success = self.last_run;
        self.seconds = seconds;
        self.error = None;
        self.count(report);
    }
}
