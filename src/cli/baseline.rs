//! `dbaudit baseline`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use time::OffsetDateTime;

use super::auditing::{AuditArgs, Audited};
use super::output;
use crate::baseline::Baseline;
use crate::history::stamp;
use crate::report::SourceAudit;

/// Accept today's findings: a file to keep beside the code. With `check --baseline` they are marked and do not count any
/// more, and new ones do. Written again, it keeps those that are still there, with their dates, and those that this run does
/// not look at, and leaves out those that are gone.
#[derive(clap::Args)]
pub struct Args {
    /// Connection strings, .sql files or folders of them, .json snapshots, or - for standard input
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    #[command(flatten)]
    audit: AuditArgs,
    /// The file
    #[arg(short, long, value_name = "FILE", default_value = "dbaudit-baseline.json", help_heading = "Output")]
    output: PathBuf,
    /// Leave out entries of tables that none of the sources has, too: they were dropped, and no other source has them
    #[arg(long, help_heading = "Output")]
    prune: bool,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let auditor = args.audit.auditor()?;
    let sources = args.audit.target.sources(&args.sources)?;
    args.audit.evidence.suit(&sources)?;
    let before = if args.output.exists() { Some(Baseline::read(&args.output)?) } else { None };
    let today: String = stamp(OffsetDateTime::now_utc()).chars().take("2026-01-01".len()).collect();
    let mut baseline = Baseline::default();
    let mut all = Vec::new();
    for source in sources {
        let (name, audited) = auditor.audit(&source);
        let audited = audited?;
        // what was not seen would be accepted by leaving it out
        if let Some(ended) = &audited.audit.ended {
            bail!("{} was not heard to the end ({ended}); the baseline is as it was", name.name);
        }
        for f in &audited.audit.findings {
            baseline.accept(f, before.as_ref(), &today);
        }
        all.push(audited);
    }
    let found = baseline.len();
    let before = before.unwrap_or_default();
    let audits: Vec<&SourceAudit> = all.iter().map(|a| &a.audit).collect();
    for (print, entry) in before.entries() {
        // a table that none of these sources has may be another one's
        let has_table = |a: &Audited| a.catalog.table(&entry.schema, &entry.table).is_some();
        let gone = (args.prune || all.iter().any(has_table)) && auditor.matches_nothing(print, entry, &audits);
        if !(gone || baseline.has(print)) {
            baseline.keep(print, entry);
        }
    }
    crate::files::write(&args.output, &baseline.text())?;
    let added = baseline.entries().filter(|(print, _)| !before.has(print)).count();
    let gone = before.entries().filter(|(print, _)| !baseline.has(print)).count();
    let kept = match baseline.len() - found {
        0 => String::new(),
        n => format!(", {n} kept that were not looked at, or are less sure"),
    };
    output::note(&format!(
        "{}: {} accepted ({added} of them new){kept}, {gone} left out that match nothing any more",
        args.output.display(),
        baseline.len()
    ));
    Ok(ExitCode::SUCCESS)
}
