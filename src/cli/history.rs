//! `dbaudit history`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use time::OffsetDateTime;

use super::output::{self, Form};
use super::recording;
use crate::history::{History, stamp};
use crate::report;

/// List the runs of a history, the latest first.
#[derive(clap::Args)]
pub struct Args {
    /// The history: a file, or the connection string of a database
    #[arg(value_name = "STORE", env = "DBAUDIT_HISTORY", hide_env_values = true)]
    store: Option<String>,
    /// Only runs of this source, by the name that the list has
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// How many runs
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// First forget the runs that are older than this; the latest of each source stays
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    forget_older_than: Option<u32>,
    /// First forget a source that is audited no more, by the name that the list has
    #[arg(long, value_name = "NAME")]
    forget_source: Option<String>,
    /// Form of the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Form,
    /// Write the list to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let place = recording::chosen(args.store.as_deref())?
        .context("name the history: dbaudit history STORE, $DBAUDIT_HISTORY, or $DBAUDIT_HISTORY_FILE")?;
    let mut history = History::open(&place, false)?;
    has(&mut history, args.source.as_slice())?;
    if let Some(days) = args.forget_older_than {
        let before = OffsetDateTime::now_utc() - time::Duration::days(days.into());
        let n = history.forget(&stamp(before))?;
        output::note(&format!("{n} runs older than {days} days were forgotten"));
    }
    if let Some(source) = &args.forget_source {
        match history.forget_source(source)? {
            0 => bail!("the history has no run of {source}"),
            n => output::note(&format!("{n} runs of {source} were forgotten")),
        }
    }
    let runs = history.runs(args.source.as_deref(), usize::try_from(args.limit).unwrap_or(usize::MAX))?;
    let text = match args.format {
        Form::Table => report::runs(&runs, output::style(args.output.as_deref())),
        Form::Json => report::runs_json(&runs),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a source that a history has no run of, and names those that it has.
///
/// # Errors
/// If there is such a source, or the history cannot be read.
pub fn has(history: &mut History, sources: &[String]) -> Result<()> {
    if sources.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = history.latest()?.into_iter().map(|r| r.source).collect();
    match sources.iter().find(|s| !known.contains(s)) {
        None => Ok(()),
        Some(_) if known.is_empty() => bail!("the history has no run"),
        Some(name) => bail!("the history has no run of {name}; its sources are: {}", known.join(", ")),
    }
}
