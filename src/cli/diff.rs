//! `dbaudit diff`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::auditing::{AuditArgs, Auditor};
use super::output::{self, Form};
use super::{FOUND, recording};
use crate::history::{Difference, Found, History, Side};
use crate::report;

/// Tell what is new, fixed and changed between two runs of a history, or two snapshots, schema files or databases, and
/// which changes of the schema caused it. Exits with 1 if something is new.
#[derive(clap::Args)]
pub struct Args {
    /// With --history a run: its id, the beginning of it, `latest` or `previous`; else a source
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The same, later
    #[arg(value_name = "AFTER")]
    after: String,
    /// The history that has the runs: a file, or the connection string of a database
    #[arg(long, value_name = "STORE")]
    history: Option<String>,
    /// The source that `latest` and `previous` are about, where the history has several
    #[arg(long, value_name = "NAME", requires = "history")]
    source: Option<String>,
    #[command(flatten)]
    audit: AuditArgs,
    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: Form,
    /// Write the report to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let auditor = args.audit.auditor()?;
    let (before, after) = match &args.history {
        Some(text) => {
            let mut history = History::open(&recording::place(text)?, false)?;
            let source = args.source.as_deref();
            (recorded(&mut history, &args.before, source)?, recorded(&mut history, &args.after, source)?)
        }
        None => (audited(&auditor, args, &args.before)?, audited(&auditor, args, &args.after)?),
    };
    let least = args.audit.choosing.min_confidence;
    let difference = Difference::of(&before, &after, &|f: &Found| {
        f.confidence >= least && auditor.wants(&f.rule, &f.schema, &f.table)
    });
    let text = match args.format {
        Form::Table => {
            report::difference(&difference, (&before.name, &after.name), output::style(args.output.as_deref()))
        }
        Form::Json => report::difference_json(&difference, (&before.name, &after.name)),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(if difference.new.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn recorded(history: &mut History, id: &str, source: Option<&str>) -> Result<Side> {
    let run = history.find(id, source)?;
    if let Some(error) = &run.error {
        bail!("run {} found nothing: {} could not be audited ({error}); name another one", run.id, run.source);
    }
    let catalog = history.catalog(&run)?.with_context(|| format!("run {} has no catalog", run.id))?;
    let saw = history.saw(&run)?.with_context(|| format!("run {} has no findings", run.id))?;
    Ok(Side { name: format!("{} ({})", run.source, run.id), catalog, found: saw.found, scope: saw.scope })
}

fn audited(auditor: &Auditor<'_>, args: &Args, name: &str) -> Result<Side> {
    let sources = args.audit.target.sources(&[name.to_owned()])?;
    args.audit.evidence.suit(&sources)?;
    let source = sources.first().context("nothing to read")?;
    let (name, audited) = auditor.audit(source);
    let audited = audited.with_context(|| format!("{} could not be audited", name.name))?;
    if let Some(ended) = &audited.audit.ended {
        bail!("{} was not heard to the end ({ended})", name.name);
    }
    let all = audited.audit.findings.iter().chain(&audited.audit.below);
    let found = all.map(Found::of).collect();
    Ok(Side { name: name.name, found, scope: audited.audit.scope, catalog: audited.catalog })
}
