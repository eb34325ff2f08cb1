//! `dbaudit report`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::{output, recording};
use crate::history::History;
use crate::report::html::{Page, html};

/// Write what the latest audits of a history found as one page that needs nothing else: databases, findings over time,
/// the schema as a diagram, each finding with its evidence and SQL.
#[derive(clap::Args)]
pub struct Args {
    /// The history: a file, or the connection string of a database
    #[arg(long, value_name = "STORE", env = "DBAUDIT_HISTORY", hide_env_values = true)]
    history: Option<String>,
    /// Only this source, by the name that `dbaudit history` shows; may be repeated
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Form of the report
    #[arg(short, long, value_name = "FORMAT", default_value = "html")]
    format: Format,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A page to look at, in one file
    Html,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let place = recording::chosen(args.history.as_deref())?.context("name the history: --history STORE")?;
    let mut history = History::open(&place, false)?;
    super::history::has(&mut history, &args.source)?;
    let page = Page::of_history(&mut history, &args.source)?;
    if page.databases.is_empty() {
        bail!("the history has no run");
    }
    let text = match args.format {
        Format::Html => html(&page),
    };
    output::write(&text, args.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}
