//! `dbaudit check`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use time::OffsetDateTime;

use super::auditing::{AuditArgs, Audited, Auditor};
use super::recording::{self, Clocked};
use super::{FAILED, FOUND, output};
use crate::baseline::{Baseline, Entry};
use crate::evidence::Severity;
use crate::evidence::rows::Ended;
use crate::history::History;
use crate::report::{Report, SourceAudit};
use crate::source::{Kind, Source, SourceName};

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
    #[arg(long, value_name = "STORE", help_heading = "Over time")]
    history: Option<String>,
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

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FailOn {
    /// Never for findings
    None,
    /// Any finding
    Low,
    /// Medium and high
    Medium,
    /// High only
    High,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs, version 1
    Json,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let auditor = args.audit.auditor()?;
    let sources = args.audit.target.sources(&args.sources)?;
    args.audit.evidence.suit(&sources)?;
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose()?;
    // opened first: who is to record must be able to
    let mut history = match &args.history {
        Some(text) => Some(History::open(&recording::place(text)?, true)?),
        None => None,
    };
    let several = sources.len() > 1;
    let mut report = Report::default();
    let mut unrecorded = None;
    for source in sources {
        if report.audits.iter().any(|a| a.ended == Some(Ended::Interrupted)) {
            let kind = if matches!(source, Source::Live(_)) { Kind::Live } else { Kind::Ddl };
            let name = SourceName { kind, name: source.label() };
            report.audits.push(SourceAudit::failed(name, "interrupted before its turn".to_owned()));
            continue;
        }
        let (started, clock) = (OffsetDateTime::now_utc(), Instant::now());
        let (name, mut audited) = auditor.audit(&source);
        if let (Ok(Audited { audit, .. }), Some(baseline)) = (&mut audited, &baseline) {
            audit.accept(baseline);
        }
        let clocked = Clocked { started, took: clock.elapsed() };
        if let Some(history) = &mut history {
            let outcome = audited.as_ref().map_err(|e| format!("{:#}", e.root_cause()));
            let outcome = outcome.as_ref().map(|a| *a).map_err(String::as_str);
            match (recording::record(history, &auditor, &name.name, clocked, outcome, false), &mut audited) {
                (Ok(recorded), Ok(audited)) => audited.audit.history = Some(recorded),
                (Ok(_), Err(_)) => {}
                // what was found is told before
                (Err(error), _) => unrecorded = Some(error),
            }
        }
        match audited {
            Ok(audited) => report.audits.push(audited.audit),
            // the only source: the error is the whole story, and no report is written that could be taken for one
            Err(error) if !several => return Err(error),
            Err(error) => {
                let error = error.context(format!("{} could not be audited", name.name));
                output::error(&error);
                report.audits.push(SourceAudit::failed(name, format!("{:#}", error.root_cause())));
            }
        }
    }
    if let Some(baseline) = &baseline {
        report.stale = stale(baseline, &auditor, &report.audits);
    }
    if !args.quiet {
        let text = match args.format {
            Format::Table => crate::report::table(&report, output::style(args.output.as_deref())),
            Format::Json => crate::report::json(&report),
        };
        output::write(&text, args.output.as_deref())?;
    }
    let least = match args.fail_on {
        FailOn::None => None,
        FailOn::Low => Some(Severity::Low),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::High => Some(Severity::High),
    };
    if let Some(error) = unrecorded {
        return Err(error.context("the run was not recorded"));
    }
    Ok(if report.has_errors() {
        ExitCode::from(FAILED)
    } else if least.is_some_and(|l| report.fails(l)) {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

/// Entries of the baseline that match nothing. Whether they do cannot be told if a source was not seen wholly, or if the
/// entry is of a rule or a table that was left out.
fn stale(baseline: &Baseline, auditor: &Auditor<'_>, audits: &[SourceAudit]) -> Vec<(String, Entry)> {
    if audits.iter().any(|a| a.error.is_some() || a.ended.is_some() || !a.unread.is_empty()) {
        return Vec::new();
    }
    let found = |print: &str| audits.iter().any(|a| a.findings.iter().chain(&a.below).any(|f| f.fingerprint == print));
    let looked = |e: &Entry| audits.iter().all(|a| auditor.looks_at(a, &e.rule, &e.schema, &e.table));
    let entries = baseline.entries().filter(|(print, e)| !found(print) && looked(e));
    entries.map(|(print, e)| (print.to_owned(), e.clone())).collect()
}
