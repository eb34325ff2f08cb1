//! `dbaudit check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use super::choosing::ChoosingArgs;
use super::rows::RowArgs;
use super::{FAILED, FOUND, output, target};
use crate::evidence::rows::Ended;
use crate::evidence::{Observed, Severity};
use crate::report::{Filter, Report, SourceAudit};
use crate::rules::{self, Rule};
use crate::source::{self, Kind, Loaded, Source, SourceName};

/// Audit databases, schema files or snapshots for missing guards.
#[derive(clap::Args)]
#[command(after_help = "Without SOURCE, the database of DATABASE_URL or of the PG* variables is audited.")]
pub struct Args {
    /// Connection strings, .sql files or folders of them, .json snapshots, or - for standard input
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    #[command(flatten)]
    target: target::TargetArgs,
    /// Exit with 1 if a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", default_value = "low", help_heading = "Choosing")]
    fail_on: FailOn,
    #[command(flatten)]
    choosing: ChoosingArgs,
    #[command(flatten)]
    rows: RowArgs,
    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    format: Format,
    /// Write the report to a file instead of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Say nothing on standard output; the exit code tells
    #[arg(short, long, help_heading = "Output", conflicts_with = "output")]
    quiet: bool,
    /// Tell what was done: server, number of statements, time
    #[arg(short, long, help_heading = "Output")]
    verbose: bool,
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
    let rules = args.choosing.rules()?;
    let filter = args.choosing.filter()?;
    let sources = args.target.sources(&args.sources)?;
    let several = sources.len() > 1;
    let mut report = Report::default();
    for source in sources {
        if report.audits.iter().any(|a| a.ended == Some(Ended::Interrupted)) {
            let kind = if matches!(source, Source::Live(_)) { Kind::Live } else { Kind::Ddl };
            let name = SourceName { kind, name: source.label() };
            report.audits.push(SourceAudit::failed(name, "interrupted before its turn".to_owned()));
            continue;
        }
        let bar = output::progress(format!("auditing {}", source.label()));
        let (name, loaded) = source::load(source.clone(), &args.target.options());
        bar.finish_and_clear();
        let audited = loaded.and_then(|l| audit((&source, &name), &l, args, &rules, &filter));
        match audited {
            Ok(audit) => report.audits.push(audit),
            // the only source: the error is the whole story, and no report is written that could be taken for one
            Err(error) if !several => return Err(error),
            Err(error) => {
                let error = error.context(format!("{} could not be audited", name.name));
                output::error(&error);
                report.audits.push(SourceAudit::failed(name, format!("{:#}", error.root_cause())));
            }
        }
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
    Ok(if report.has_errors() {
        ExitCode::from(FAILED)
    } else if least.is_some_and(|l| report.fails(l)) {
        ExitCode::from(FOUND)
    } else {
        ExitCode::SUCCESS
    })
}

fn audit(
    (source, name): (&Source, &SourceName),
    loaded: &Loaded,
    args: &Args,
    rules: &[&'static Rule],
    filter: &Filter,
) -> Result<SourceAudit> {
    super::target::tell(loaded, args.target.strict())?;
    let catalog = &loaded.catalog;
    if catalog.tables.is_empty() {
        bail!(loaded.empty());
    }
    let mut observed = Observed::default();
    args.rows.ask(source, catalog, &mut observed, rules, filter)?;
    let began = std::time::Instant::now();
    let audit = rules::audit(catalog, &observed, rules);
    if args.verbose {
        loaded.notes.iter().for_each(|n| output::note(n));
        let columns: usize = catalog.tables.iter().map(|t| t.columns.len()).sum();
        output::note(&format!(
            "{}: {}, {} tables, {columns} columns; {}; {} rules in {:.0?}",
            name.name,
            catalog.engine,
            catalog.tables.len(),
            loaded.how,
            rules.len(),
            began.elapsed()
        ));
        if args.rows.verify {
            output::note(&format!("{} statements about the rows", observed.rows.statements));
        }
    }
    let mut audited = SourceAudit::new(name.clone(), catalog, audit, filter);
    audited.unread.clone_from(&loaded.unread);
    audited.unasked = observed.rows.missing();
    audited.ended = observed.rows.ended;
    if audited.tables == 0 {
        bail!("none of the {} tables matches --schema and --table", catalog.tables.len());
    }
    Ok(audited)
}
