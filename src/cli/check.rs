//! `dbaudit check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use super::choosing::ChoosingArgs;
use super::evidence::EvidenceArgs;
use super::rows::RowArgs;
use super::{FAILED, FOUND, output, target};
use crate::evidence::rows::Ended;
use crate::evidence::{Severity, settings};
use crate::report::{Filter, Report, SourceAudit};
use crate::rules::{self, Rule};
use crate::source::live::Observe;
use crate::source::{self, Kind, Loaded, Options, Source, SourceName};

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
    evidence: EvidenceArgs,
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
    args.evidence.suit(&sources)?;
    let several = sources.len() > 1;
    let options =
        Options { observe: Observe { defaults: true, ..args.evidence.beside_the_catalog() }, ..args.target.options() };
    let mut report = Report::default();
    for source in sources {
        if report.audits.iter().any(|a| a.ended == Some(Ended::Interrupted)) {
            let kind = if matches!(source, Source::Live(_)) { Kind::Live } else { Kind::Ddl };
            let name = SourceName { kind, name: source.label() };
            report.audits.push(SourceAudit::failed(name, "interrupted before its turn".to_owned()));
            continue;
        }
        let bar = output::progress(format!("auditing {}", source.label()));
        let (name, loaded) = source::load(source.clone(), &options);
        let heard = loaded.and_then(|mut l| {
            args.evidence.hear(&source, &mut l, &options)?;
            Ok(l)
        });
        bar.finish_and_clear();
        let audited = heard.and_then(|mut l| audit((&source, &name), &mut l, args, &rules, &filter));
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
    loaded: &mut Loaded,
    args: &Args,
    rules: &[&'static Rule],
    filter: &Filter,
) -> Result<SourceAudit> {
    super::target::tell(loaded, args.target.strict())?;
    let (catalog, observed) = (&loaded.catalog, &mut loaded.observed);
    if catalog.tables.is_empty() {
        bail!(loaded.empty());
    }
    args.rows.ask(source, catalog, observed, rules, filter)?;
    let began = std::time::Instant::now();
    let audit = rules::audit(catalog, observed, rules);
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
    if let Some(defaults) = &observed.defaults {
        let races = audited.findings.iter().filter(|f| f.guard.stops_a_race()).count();
        audited.settings = settings::judge(defaults, races);
    }
    audited.unasked = observed.rows.missing();
    let lost = observed.lost.clone().or_else(|| filter.half_read(catalog)).map(Ended::Lost);
    audited.ended = observed.rows.ended.clone().or(lost);
    if audited.tables == 0 {
        bail!("none of the {} tables matches --schema and --table", catalog.tables.len());
    }
    Ok(audited)
}
