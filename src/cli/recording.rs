//! Where the history is, and recording runs in it: what `check` and `watch` share.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use time::OffsetDateTime;

use super::auditing::{Audited, Auditor};
use crate::history::{Found, History, NewRun, Place, Seen, Sighting};
use crate::report::{self, Recorded};
use crate::source::connection::{ConnectionString, Environment, Settings, SettingsError};
use crate::source::snapshot;
use crate::watch::status::Status;

/// Understands the name of a history: a connection string, or the path of a file.
///
/// # Errors
/// If the connection string is of no use.
pub fn place(text: &str) -> Result<Place> {
    let path = PathBuf::from(text);
    if path.exists() {
        return Ok(Place::File(path));
    }
    if ConnectionString::recognises(text) {
        let settings = Settings::new(text, &Environment::of_process()).context("--history is of no use")?;
        return Ok(Place::Server(Box::new(settings)));
    }
    // a file would be made that has the password in its name
    if ConnectionString::resembles(text) {
        return Err(SettingsError::Resembles).context("--history is of no use");
    }
    Ok(Place::File(path))
}

/// Which history: the option's, or what the file holds that $DBAUDIT_HISTORY_FILE names, as secrets are mounted.
///
/// # Errors
/// If the file cannot be read, or the connection string is of no use.
pub fn chosen(option: Option<&str>) -> Result<Option<Place>> {
    if let Some(text) = option.filter(|t| !t.trim().is_empty()) {
        return place(text).map(Some);
    }
    match std::env::var_os("DBAUDIT_HISTORY_FILE").filter(|f| !f.is_empty()) {
        None => Ok(None),
        Some(file) => {
            let name = PathBuf::from(file);
            let text = std::fs::read_to_string(&name).with_context(|| {
                format!("cannot read the history's place from {} ($DBAUDIT_HISTORY_FILE)", name.display())
            })?;
            place(text.trim()).map(Some)
        }
    }
}

/// When a run began, and how long it took.
#[derive(Debug, Clone, Copy)]
pub struct Clocked {
    /// When it began.
    pub started: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
}

/// Why a source could not be audited, in one line: the root of it.
pub fn reason(error: &anyhow::Error) -> String {
    format!("{:#}", error.root_cause())
}

/// Notes what became of a source.
pub fn note(status: &mut Status, clocked: Clocked, outcome: &Result<Audited>) {
    let seconds = clocked.took.as_secs_f64();
    match outcome {
        Ok(audited) => status.succeeded(clocked.started, seconds, &report::value(&audited.audit)),
        Err(error) => status.failed(clocked.started, seconds, reason(error)),
    }
}

/// Records what became of a source. With `tell` a notice of what is new is kept for the channels.
///
/// # Errors
/// If the history cannot be written.
pub fn record(
    history: &mut History,
    auditor: &Auditor<'_>,
    source: &str,
    clocked: Clocked,
    outcome: &Result<Audited>,
    tell: bool,
) -> Result<Recorded> {
    let id = NewRun::id(clocked.started);
    let closed = |found: &Found| outcome.as_ref().is_ok_and(|audited| auditor.is_closed(audited, found));
    let outcome = match outcome {
        Err(error) => Err(reason(error)),
        Ok(audited) => {
            let audit = &audited.audit;
            let shown =
                audit.findings.iter().map(|f| Sighting { found: Found::of(f), shown: true, known: audit.is_known(f) });
            let below = audit.below.iter().map(|f| Sighting { found: Found::of(f), shown: false, known: false });
            let mut report = report::value(audit);
            let mut skipped = audit.skipped.len() + audit.unread.len() + audit.unasked.len();
            // whoever looks at it later does not know what the options were
            if audit.scope.narrowed {
                let reason = "options left rules or tables out (--rule, --ignore-rule, --schema, --table)";
                if let Some(list) = report["skipped"].as_array_mut() {
                    list.push(serde_json::json!({ "rule": "*", "reason": reason }));
                }
                skipped += 1;
            }
            Ok(Seen {
                engine: audit.engine.to_string(),
                tables: audit.tables,
                skipped,
                catalog: snapshot::write(&audited.catalog, source),
                report: report.to_string(),
                scope: audit.scope.clone(),
                sightings: shown.chain(below).collect(),
                closed: &closed,
            })
        }
    };
    let run = NewRun { id: id.clone(), source, started: clocked.started, took: clocked.took, outcome, tell };
    Ok(Recorded { run: id, news: history.record(&run)? })
}
