//! One run: recording it, and reading it again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::database::{DatabaseError, Row, Session, Value};
use super::{Found, News, Sighting, deliveries};
use crate::evidence::Severity;
use crate::guard::hex;
use crate::report::Scope;

/// A run that is to be recorded.
pub struct NewRun<'a> {
    /// Its id: made by [`NewRun::id`], kept when recording is tried again.
    pub id: String,
    /// Name of the source, without secrets.
    pub source: &'a str,
    /// When it began.
    pub started: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
    /// What was seen, or why nothing was.
    pub outcome: Result<Seen<'a>, String>,
    /// Whether anybody is to be told: a notice is kept for those that tell.
    pub tell: bool,
}

/// What a run saw.
pub struct Seen<'a> {
    /// Product and version of the server.
    pub engine: String,
    /// How many tables were looked at.
    pub tables: usize,
    /// How much could not be looked at.
    pub skipped: usize,
    /// The catalog, as a snapshot.
    pub catalog: String,
    /// The report: the object of the JSON contract.
    pub report: String,
    /// What was looked at.
    pub scope: Scope,
    /// All findings, however sure.
    pub sightings: Vec<Sighting>,
    /// Whether a finding of before that is not among them was closed.
    pub closed: &'a dyn Fn(&Found) -> bool,
}

/// What is kept of a run beside its report: all that was found, and where it was looked for.
#[derive(Serialize, Deserialize)]
pub struct Saw {
    /// What was looked at.
    pub scope: Scope,
    /// All findings, however sure.
    pub found: Vec<Found>,
}

/// A run that was recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Its id: when it began, and a random end.
    pub id: String,
    /// Name of the source.
    pub source: String,
    /// When it began: RFC 3339, UTC.
    pub started: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Version of the dbaudit that ran.
    pub dbaudit: String,
    /// Why the source could not be audited.
    pub error: Option<String>,
    /// Product and version of the server.
    pub engine: String,
    /// How many tables were looked at.
    pub tables: u64,
    /// How much could not be looked at.
    pub skipped: u64,
    /// Findings that were shown, by severity.
    pub high: u64,
    /// See `high`.
    pub medium: u64,
    /// See `high`.
    pub low: u64,
    /// How many of them were new.
    pub new: u64,
    /// How many were fixed.
    pub fixed: u64,
    /// Hash of the catalog; empty if it failed.
    pub catalog: String,
    #[serde(skip)]
    pub(super) report: String,
    #[serde(skip)]
    pub(super) found: String,
}

/// In the order of the columns of `queries/history/runs*.sql`.
impl Run {
    fn of(row: &Row) -> Run {
        let text = |at: usize| row.text(at).to_owned();
        Run {
            id: text(0),
            source: text(1),
            started: text(2),
            took_ms: row.number(3),
            dbaudit: text(4),
            error: Some(text(5)).filter(|e| !e.is_empty()),
            engine: text(6),
            tables: row.number(7),
            skipped: row.number(8),
            high: row.number(9),
            medium: row.number(10),
            low: row.number(11),
            new: row.number(12),
            fixed: row.number(13),
            catalog: text(14),
            report: text(15),
            found: text(16),
        }
    }
}

/// A time as histories have it: RFC 3339, UTC, to the millisecond, so that texts sort as times do.
pub fn stamp(at: OffsetDateTime) -> String {
    const FORM: &[time::format_description::FormatItem<'_>] =
        time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(FORM).unwrap_or_default()
}

impl NewRun<'_> {
    /// A new id for a run that begins at a time: it sorts by it, and two that begin at once have different ones.
    pub fn id(started: OffsetDateTime) -> String {
        const FORM: &[time::format_description::FormatItem<'_>] =
            time::macros::format_description!("[year][month][day]T[hour][minute][second]");
        let begin = started.to_offset(time::UtcOffset::UTC).format(FORM).unwrap_or_default();
        format!("{begin}-{:08x}", fastrand::u32(..))
    }
}

/// Keeps a text, once.
fn keep(session: &mut dyn Session, text: &str) -> Result<String, DatabaseError> {
    // 128 bits: texts that differ have different ones
    let hash = hex(text, 16);
    let known = session.run(query!("document_exists"), &[hash.as_str().into()])?;
    if known.is_empty() {
        let mut body = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        let body = body.write_all(text.as_bytes()).and_then(|()| body.finish());
        let body = body.map_err(|e| DatabaseError::Other(e.to_string()))?;
        session.run(query!("document_insert"), &[hash.as_str().into(), body.into()])?;
    }
    Ok(hash)
}

fn json<T: Serialize>(value: &T) -> String {
    // plain structs with string keys cannot fail to serialise
    serde_json::to_string(value).unwrap_or_default()
}

/// Records a run and what it changes.
pub fn record(session: &mut dyn Session, run: &NewRun<'_>) -> Result<News, DatabaseError> {
    if !session.run(query!("run_exists"), &[run.id.as_str().into()])?.is_empty() {
        return Ok(News::default());
    }
    let started = stamp(run.started);
    let last = session.run(query!("run_last"), &[run.source.into()])?;
    let failed_before = last.first().is_some_and(|r| !r.text(0).is_empty());
    // a job that began later was done earlier: what this one saw is older than what is known, tells nothing, and comes
    // before it
    let until = stamp(run.started + run.took);
    let overtaken = last.first().is_some_and(|r| started.as_str() < r.text(2) && r.text(2) <= until.as_str());
    let before = last.first().map_or(0, |r| r.number(1));
    let number = if overtaken { before } else { before + 1 };
    if overtaken {
        let values = [run.source.into(), before.into()];
        session.run(query!("run_make_room"), &values)?;
    }
    let mut news = News { first: last.is_empty(), ..News::default() };
    let mut counts = [0u64; 3];
    let [mut catalog, mut report, mut found] = [String::new(), String::new(), String::new()];
    let (mut engine, mut tables, mut skipped, mut error) = (String::new(), 0, 0, String::new());
    match &run.outcome {
        Err(reason) => {
            error.clone_from(reason);
            news.failed = (!failed_before && !overtaken).then(|| reason.clone());
        }
        Ok(seen) => {
            news.recovered = failed_before && !overtaken;
            (engine, tables, skipped) = (seen.engine.clone(), seen.tables, seen.skipped);
            for s in seen.sightings.iter().filter(|s| s.shown) {
                counts[match s.found.severity {
                    Severity::High => 0,
                    Severity::Medium => 1,
                    Severity::Low => 2,
                }] += 1;
            }
            if !overtaken {
                sight(session, run.source, &started, seen, &mut news)?;
            }
            catalog = keep(session, &seen.catalog)?;
            report = keep(session, &seen.report)?;
            let all = seen.sightings.iter().map(|s| s.found.clone()).collect();
            found = keep(session, &json(&Saw { scope: seen.scope.clone(), found: all }))?;
        }
    }
    session.run(
        query!("run_insert"),
        &[
            run.id.as_str().into(),
            run.source.into(),
            started.as_str().into(),
            u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX).into(),
            env!("CARGO_PKG_VERSION").into(),
            error.into(),
            engine.into(),
            tables.into(),
            skipped.into(),
            counts[0].into(),
            counts[1].into(),
            counts[2].into(),
            news.new.len().into(),
            news.fixed.len().into(),
            catalog.into(),
            report.into(),
            found.into(),
            number.into(),
        ],
    )?;
    if run.tell && !news.is_empty() {
        deliveries::keep(session, &run.id, run.source, &started, &json(&news))?;
    }
    Ok(news)
}

/// An open finding.
struct Open {
    found: Found,
    told: bool,
}

/// Compares what is seen with what is open.
fn sight(
    session: &mut dyn Session,
    source: &str,
    now: &str,
    seen: &Seen<'_>,
    news: &mut News,
) -> Result<(), DatabaseError> {
    let rows = session.run(query!("findings"), &[source.into()])?;
    let mut open: BTreeMap<String, Open> = BTreeMap::new();
    for row in &rows {
        let found = serde_json::from_str(row.text(3))
            .map_err(|e| DatabaseError::Other(format!("the finding {} is damaged: {e}", row.text(0))))?;
        open.insert(row.text(0).to_owned(), Open { found, told: row.number(2) != 0 });
    }
    let mut present = BTreeSet::new();
    for s in &seen.sightings {
        let print = &s.found.fingerprint;
        present.insert(print.as_str());
        let was = open.get(print);
        let told = was.is_some_and(|o| o.told);
        // what was not shown and is as sure as it was is shown because of other options: that is no news
        let surer = was.is_none_or(|o| o.found.confidence < s.found.confidence);
        if s.shown && !told && !s.known && surer {
            news.new.push(s.found.clone());
        }
        let tell = told || s.shown;
        // most nights nothing is different, and nothing is written
        if was.is_some_and(|o| o.told == tell && o.found == s.found) {
            continue;
        }
        let values: [Value; 5] = [source.into(), print.as_str().into(), now.into(), tell.into(), json(&s.found).into()];
        session.run(query!("finding_upsert"), &values)?;
    }
    for (print, o) in open.iter().filter(|(print, o)| !present.contains(print.as_str()) && (seen.closed)(&o.found)) {
        session.run(query!("finding_delete"), &[source.into(), print.as_str().into()])?;
        if o.told {
            news.fixed.push(o.found.clone());
        }
    }
    Ok(())
}

/// The runs, the latest first.
pub fn list(session: &mut dyn Session, source: Option<&str>, limit: usize) -> Result<Vec<Run>, DatabaseError> {
    match source {
        Some(source) => read(session, query!("runs_of_source"), &[source.into(), limit.into()]),
        None => read(session, query!("runs"), &[limit.into()]),
    }
}

/// The latest of each source.
pub fn latest(session: &mut dyn Session) -> Result<Vec<Run>, DatabaseError> {
    read(session, query!("runs_latest"), &[])
}

/// Those of a source that did not fail, the latest first.
pub fn audited(session: &mut dyn Session, source: &str, limit: usize) -> Result<Vec<Run>, DatabaseError> {
    read(session, query!("runs_audited"), &[source.into(), limit.into()])
}

fn read(session: &mut dyn Session, sql: &str, values: &[Value]) -> Result<Vec<Run>, DatabaseError> {
    Ok(session.run(sql, values)?.iter().map(Run::of).collect())
}

/// Those whose ids begin so.
pub fn beginning(session: &mut dyn Session, id: &str) -> Result<Vec<Run>, DatabaseError> {
    // an id has no other letters, so what the user gave cannot be a pattern
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(Vec::new());
    }
    read(session, query!("runs_beginning"), &[format!("{id}%").into()])
}

/// Forgets old runs; the latest of each source that was audited stays.
pub fn forget(session: &mut dyn Session, before: &str) -> Result<usize, DatabaseError> {
    let gone = session.run(query!("runs_forget"), &[before.into()])?;
    for sql in [query!("deliveries_forget"), query!("notices_forget")] {
        session.run(sql, &[before.into()])?;
    }
    session.run(query!("documents_forget"), &[])?;
    Ok(gone.len())
}

/// Forgets a source: it is audited no more.
pub fn forget_source(session: &mut dyn Session, source: &str) -> Result<usize, DatabaseError> {
    let gone = session.run(query!("source_forget_runs"), &[source.into()])?;
    // deliveries before the notices that they are of
    let rest = [query!("source_forget_findings"), query!("source_forget_deliveries"), query!("source_forget_notices")];
    for sql in rest {
        session.run(sql, &[source.into()])?;
    }
    session.run(query!("documents_forget"), &[])?;
    Ok(gone.len())
}
