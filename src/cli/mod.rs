//! The command line: one file per subcommand.

mod auditing;
mod baseline;
mod check;
mod choosing;
mod diff;
mod evidence;
mod explain;
mod history;
mod job;
mod migrate;
pub mod notify;
mod output;
mod record;
mod recording;
mod report;
mod rows;
mod rules;
mod snapshot;
mod target;
mod telling;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit codes: 0 nothing to report, 1 findings, 2 could not do the job.
const FOUND: u8 = 1;
const FAILED: u8 = 2;

const ABOUT: &str = "Finds the UNIQUE keys and CHECK constraints that a database schema is missing, and says why";

const EXAMPLES: &str = "Examples:
  dbaudit check schema.sql
  dbaudit check 'postgresql://auditor@db.example.com:26257/shop?sslmode=verify-full&sslrootcert=certs/ca.crt'
  dbaudit migrate schema.sql -o migrations --format golang-migrate
  dbaudit explain missing-unique-pair

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 the audit could not be done.";

#[derive(Parser)]
#[command(name = "dbaudit", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_default_value = true)]
    color: output::Color,
}

#[derive(Subcommand)]
enum Command {
    /// Audit databases, schema files or snapshots for missing guards
    Check(check::Args),
    /// Write the migration files that add the guards, for the tool that you already use
    Migrate(migrate::Args),
    /// Audit databases again and again, and tell what is new and what is fixed
    Watch(Box<watch::Args>),
    /// Write a page or a list of what a history's latest audits found
    Report(report::Args),
    /// Accept today's findings, so that only new ones count from now on
    Baseline(baseline::Args),
    /// List the runs of a history
    History(history::Args),
    /// Tell what is new, fixed and changed between two runs, snapshots or sources
    Diff(diff::Args),
    /// Write the catalog of a source as JSON, to be checked elsewhere or later
    Snapshot(snapshot::Args),
    /// List the rules
    Rules(rules::Args),
    /// Show what a rule finds, why it matters and how to fix it
    Explain(explain::Args),
    /// Record the catalog rows of a live server, for a bug report or a test
    Record(record::Args),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    cli.color.apply();
    // expressions nest, and so does their parser: more than the main thread's stack has room for
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(|| dispatch(cli.command));
    let result = worker.map(|w| w.join());
    match result {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(error))) => {
            output::error(&error);
            ExitCode::from(FAILED)
        }
        // a panic has printed itself; a thread that cannot be had is as final
        Ok(Err(_)) | Err(_) => ExitCode::from(FAILED),
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::History(args) => history::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Snapshot(args) => snapshot::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Record(args) => record::run(&args),
    }
}
