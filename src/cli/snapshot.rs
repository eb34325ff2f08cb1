//! `dbaudit snapshot`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::{output, target};
use crate::source::{self, snapshot};

/// Write the catalog of a source as JSON, to be checked elsewhere or later. It holds no rows and no secrets.
#[derive(clap::Args)]
pub struct Args {
    /// Connection string, .sql file or folder, .json snapshot, or - for standard input
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    target: target::TargetArgs,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sources = args.target.sources(args.source.as_slice())?;
    let source = sources.into_iter().next().context("nothing to read")?;
    let (name, loaded) = source::load(source, &args.target.options());
    let loaded = loaded?;
    target::tell(&loaded, args.target.strict())?;
    if loaded.catalog.tables.is_empty() {
        bail!(loaded.empty());
    }
    output::write(&snapshot::write(&loaded.catalog, &name.name), args.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}
