//! `dbaudit record`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{output, target};
use crate::source;

/// Record the catalog rows of a live server, for a bug report or a test. They hold names and definitions, no rows of
/// your tables.
#[derive(clap::Args)]
pub struct Args {
    /// Connection string
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    target: target::TargetArgs,
    /// Folder to write to, one file a query
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let source = args.target.sources(args.source.as_slice())?.into_iter().next().context("nothing to record")?;
    let recording = source::record_rows(source, &args.target.options())?;
    recording.write(&args.output)?;
    output::note(&format!("recorded {} statements into {}", recording.statements, args.output.display()));
    Ok(ExitCode::SUCCESS)
}
