//! `dbaudit baseline`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use time::OffsetDateTime;

use super::auditing::AuditArgs;
use super::output;
use crate::baseline::Baseline;
use crate::history::stamp;

/// Accept today's findings: a file to keep beside the code. With `check --baseline` they are marked and do not count any
/// more, and new ones do. Written again, it keeps the dates of those that are still there and leaves out those that are not.
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
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let auditor = args.audit.auditor()?;
    let sources = args.audit.target.sources(&args.sources)?;
    args.audit.evidence.suit(&sources)?;
    let before = if args.output.exists() { Some(Baseline::read(&args.output)?) } else { None };
    let today: String = stamp(OffsetDateTime::now_utc()).chars().take("2026-01-01".len()).collect();
    let mut baseline = Baseline::default();
    for source in sources {
        let (name, audited) = auditor.audit(&source);
        let audit = audited?.audit;
        // what was not seen would be accepted by leaving it out
        if let Some(ended) = &audit.ended {
            bail!("{} was not heard to the end ({ended}); the baseline is as it was", name.name);
        }
        for f in &audit.findings {
            baseline.accept(f, before.as_ref(), &today);
        }
    }
    crate::files::write(&args.output, &baseline.text())?;
    let known = |b: &Baseline, print: &str| b.has(print);
    let (added, gone) = match &before {
        None => (baseline.len(), 0),
        Some(before) => (
            baseline.entries().filter(|(print, _)| !known(before, print)).count(),
            before.entries().filter(|(print, _)| !known(&baseline, print)).count(),
        ),
    };
    output::note(&format!(
        "{}: {} accepted ({added} of them new), {gone} left out that match nothing any more",
        args.output.display(),
        baseline.len()
    ));
    Ok(ExitCode::SUCCESS)
}
