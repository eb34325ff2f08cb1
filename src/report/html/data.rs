//! What the page is given to show.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Schema;
use crate::report::{Report, SourceAudit};

/// All that the page shows.
#[derive(Debug, Default, Serialize)]
pub struct Page {
    /// Version of dbaudit.
    pub version: &'static str,
    /// When it was written: RFC 3339, in UTC.
    pub written: String,
    /// It is served by the daemon, and asks it for news.
    pub live: bool,
    /// The databases.
    pub databases: Vec<Database>,
}

/// One database.
#[derive(Debug, Default, Serialize)]
pub struct Database {
    /// Its name: a path, or a connection string without its secrets.
    pub name: String,
    /// The object of `docs/json.md` for one source.
    pub report: serde_json::Value,
    /// Its runs, the oldest first.
    pub runs: Vec<Run>,
    /// When each finding was first seen (RFC 3339), by its fingerprint.
    pub since: BTreeMap<String, String>,
    /// Its tables.
    pub schema: Schema,
}

/// One run of the past.
#[derive(Debug, Default, Serialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// When it began: RFC 3339, in UTC.
    pub at: String,
    /// Findings of high severity.
    pub high: u64,
    /// Findings of medium severity.
    pub medium: u64,
    /// Findings of low severity.
    pub low: u64,
    /// Findings that the run before did not have.
    pub new: u64,
    /// Findings that the run before had.
    pub fixed: u64,
    /// Why it failed, if it did; it then counted nothing.
    pub error: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Page {
    /// A report of now, without a past.
    pub fn of(report: &Report) -> Page {
        Page { databases: report.audits.iter().map(Database::of).collect(), ..Page::empty() }
    }

    /// A page of now without databases.
    pub(super) fn empty() -> Page {
        Page {
            version: env!("CARGO_PKG_VERSION"),
            written: OffsetDateTime::now_utc()
                .replace_nanosecond(0)
                .ok()
                .and_then(|now| now.format(&Rfc3339).ok())
                .unwrap_or_default(),
            live: false,
            databases: Vec::new(),
        }
    }
}

impl Database {
    /// An audit without a past.
    pub fn of(audit: &SourceAudit) -> Database {
        Database {
            name: audit.source.name.clone(),
            report: crate::report::json::value(audit),
            schema: audit.schema.clone(),
            ..Database::default()
        }
    }
}
