//! `dbaudit check`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use time::OffsetDateTime;

use super::auditing::{AuditArgs, Audited, Auditor};
use super::recording::{self, Clocked};
use super::{FAILED, FOUND, output};
use crate::baseline::{Baseline, Entry};
use crate::evidence::Severity;
use crate::evidence::rows::Ended;
use crate::history::History;
use crate::interrupt;
use crate::report::html::{Page, html};
use crate::report::{self, Report, SourceAudit};
use crate::source::{Kind, Source, SourceName};
use crate::watch::metrics;
use crate::watch::status::Statuses;
use crate::watch::timetable::Shard;

/// Audit databases, schema files or snapshots for missing guards.
#[derive(clap::Args)]
#[command(after_help = "Without SOURCE, the database of DATABASE_URL or of the PG* variables is audited.")]
pub struct Args {
    /// Connection strings, .sql files or folders of them, .json snapshots, or - for standard input
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    #[command(flatten)]
    audit: AuditArgs,
    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Choosing")]
    fail_on: FailOn,
    /// Findings that were accepted, as `dbaudit baseline` wrote them: they are marked and do not count
    #[arg(long, value_name = "FILE", help_heading = "Over time")]
    baseline: Option<PathBuf>,
    /// Record the run, and tell what is new and what is fixed: a file, or the connection string of a database that keeps
    /// the history of many jobs
    #[arg(long, value_name = "STORE", env = "DBAUDIT_HISTORY", hide_env_values = true, help_heading = "Over time")]
    history: Option<String>,
    /// What to call the source in reports and in the history, where its own name (a path, a host) is not the same everywhere
    #[arg(long, value_name = "NAME", help_heading = "Over time")]
    name: Option<String>,
    /// Only this part of the sources, as 3/16 (counted from 0), so that 16 jobs share them
    #[arg(long, value_name = "I/N", help_heading = "Over time")]
    shard: Option<Shard>,
    /// Write metrics to a file, for the textfile collector of node_exporter
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    metrics_file: Option<PathBuf>,
    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: Format,
    /// Write the report to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Say nothing on standard output; the exit code tells
    #[arg(short, long, help_heading = "Output", conflicts_with = "output")]
    quiet: bool,
}

/// From which severity on findings are a failure.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum FailOn {
    /// Never for findings
    None,
    /// Any finding
    Low,
    /// Medium and high
    Medium,
    /// High only
    High,
}

impl FailOn {
    /// The least severity that is one.
    pub fn least(self) -> Option<Severity> {
        match self {
            FailOn::None => None,
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs, version 1
    Json,
    /// A page to look at, in one file
    Html,
    /// For code scanning and editors, version 2.1.0
    Sarif,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let auditor = args.audit.auditor()?;
    let mut sources = args.audit.target.sources(&args.sources)?;
    args.audit.evidence.suit(&sources)?;
    let named = sources.len();
    if args.name.is_some() && named > 1 {
        bail!("--name is the name of one source, and there are {named}");
    }
    sources.retain(|s| args.shard.is_none_or(|shard| shard.has(&s.label())));
    // an entry of the baseline that matches nothing here may be of another shard's source
    let whole = sources.len() == named;
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose()?;
    // opened first: who is to record must be able to
    let place = recording::chosen(args.history.as_deref())?;
    let mut history = place.map(|place| History::open(&place, true)).transpose()?;
    let mut statuses = Statuses::new();
    let mut all = Report::default();
    let (mut unrecorded, mut failed) = (None, None);
    for source in sources {
        if all.audits.iter().any(|a| a.ended == Some(Ended::Interrupted)) {
            let kind = if matches!(source, Source::Live(_)) { Kind::Live } else { Kind::Ddl };
            let name = SourceName { kind, name: source.label() };
            all.audits.push(SourceAudit::failed(name, "interrupted before its turn".to_owned()));
            continue;
        }
        let (started, clock) = (OffsetDateTime::now_utc(), Instant::now());
        let (mut name, mut outcome) = auditor.audit(&source);
        if let Some(called) = &args.name {
            name.name.clone_from(called);
        }
        if let Ok(Audited { audit, .. }) = &mut outcome {
            audit.source.name.clone_from(&name.name);
            if let Some(baseline) = &baseline {
                audit.accept(baseline);
            }
        }
        let clocked = Clocked { started, took: clock.elapsed() };
        // what fails because the user ends it is no failure of the database's
        let failed_for_us = outcome.is_err() && interrupt::is_wished();
        if let Some(history) = history.as_mut().filter(|_| !failed_for_us) {
            match (recording::record(history, &auditor, &name.name, clocked, &outcome, false), &mut outcome) {
                (Ok(recorded), Ok(audited)) => audited.audit.history = Some(recorded),
                (Ok(_), Err(_)) => {}
                // what was found is told before
                (Err(error), _) => unrecorded = Some(error),
            }
        }
        recording::note(statuses.entry(name.name.clone()).or_default(), clocked, &outcome);
        match outcome {
            Ok(audited) => all.audits.push(audited.audit),
            // the only source: the error is the whole story, and no report is written that could be taken for one
            Err(error) if named == 1 => failed = Some(error),
            Err(error) => {
                let error = error.context(format!("{} could not be audited", name.name));
                output::error(&error);
                all.audits.push(SourceAudit::failed(name, recording::reason(&error)));
            }
        }
    }
    if let Some(file) = &args.metrics_file {
        crate::files::write(file, &metrics::text(&statuses))?;
    }
    if let Some(error) = failed {
        return Err(error);
    }
    if let Some(baseline) = baseline.as_ref().filter(|_| whole) {
        all.stale = stale(baseline, &auditor, &all.audits);
    }
    if !args.quiet {
        let text = match args.format {
            Format::Table => report::table(&all, output::style(args.output.as_deref())),
            Format::Json => report::json(&all),
            Format::Html => html(&Page::of(&all)),
            Format::Sarif => report::sarif(&all),
        };
        output::write(&text, args.output.as_deref())?;
    }
    if let Some(error) = unrecorded {
        return Err(error.context("the run was not recorded"));
    }
    let least = args.fail_on.least();
    Ok(if all.has_errors() {
        ExitCode::from(FAILED)
    } else if least.is_some_and(|l| all.fails(l)) {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

/// Entries of the baseline that match nothing. Whether they do cannot be told if a source was not seen wholly.
fn stale(baseline: &Baseline, auditor: &Auditor<'_>, audits: &[SourceAudit]) -> Vec<(String, Entry)> {
    if audits.iter().any(|a| a.error.is_some() || a.ended.is_some()) {
        return Vec::new();
    }
    let audits: Vec<&SourceAudit> = audits.iter().collect();
    let entries = baseline.entries().filter(|(print, e)| auditor.matches_nothing(print, e, &audits));
    entries.map(|(print, e)| (print.to_owned(), e.clone())).collect()
}
