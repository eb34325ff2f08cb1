//! `dbaudit migrate`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::choosing::ChoosingArgs;
use super::evidence::EvidenceArgs;
use super::{FOUND, output, target};
use crate::catalog::Catalog;
use crate::engine::Product;
use crate::evidence::{Confidence, Observed};
use crate::migration::format::{FORMATS, Format, find};
use crate::migration::{Folder, Plan, Request, precheck};
use crate::rules::{self, Finding};
use crate::source::live::{Question, Rows};
use crate::source::{self, Options};

/// Write the migration files that add the guards, for the tool that you already use.
///
/// Each file says why it is there, what to look at before, and how to take it back. Nothing is applied: that is for you
/// and your migration tool.
#[derive(clap::Args)]
#[command(after_help = "Without -o the files are printed. Without SOURCE, the database of DATABASE_URL or of the PG* \
                        variables is looked at.\n\nExit codes: 0 done, 1 with --check if a guard is missing in the \
                        folder, 2 it could not be done.")]
pub struct Args {
    /// A connection string, a .sql file or a folder of them, a .json snapshot, or - for standard input
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    #[command(flatten)]
    target: target::TargetArgs,
    #[command(flatten)]
    choosing: ChoosingArgs,
    #[command(flatten)]
    evidence: EvidenceArgs,
    /// Only the findings of these fingerprints, at any confidence
    #[arg(long, value_name = "FINGERPRINT", value_delimiter = ',', help_heading = "Choosing")]
    finding: Vec<String>,
    /// Only the findings of a report that check --format json wrote, at any confidence
    #[arg(long, value_name = "FILE", help_heading = "Choosing")]
    from: Option<PathBuf>,
    /// Ask the rows how many are in the way of each guard: reads the tables, within --timeout for each question
    #[arg(long, help_heading = "Rows")]
    verify: bool,
    /// With --verify, show keys of rows that are in the way, here and in the files
    #[arg(long, help_heading = "Rows", requires = "verify")]
    show_values: bool,
    /// The migration tool
    #[arg(long, value_name = "FORMAT", default_value = "sql", help_heading = "Output", value_parser = formats())]
    format: String,
    /// The folder of migrations; its numbering goes on, and no file in it is overwritten
    #[arg(short, long, visible_alias = "migrations", value_name = "DIR", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Show the plan with the cost and the grade of each step, and write nothing
    #[arg(long, help_heading = "Output")]
    dry_run: bool,
    /// Write nothing; exit with 1 if the folder lacks a guard
    #[arg(long, help_heading = "Output", requires = "output", conflicts_with = "dry_run")]
    check: bool,
}

fn formats() -> clap::builder::PossibleValuesParser {
    let value = |f: &&'static Format| clap::builder::PossibleValue::new(f.name).help(f.about);
    clap::builder::PossibleValuesParser::new(FORMATS.iter().map(value).collect::<Vec<_>>())
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    // the folder first: what is wrong with it needs no server to be told
    let folder = match &args.output {
        Some(path) => Folder::read(path)?,
        None => Folder::default(),
    };
    let format = find(&args.format).with_context(|| format!("there is no format {}", args.format))?;
    let sources = args.target.sources(args.source.as_slice())?;
    let Ok([source]) = <[source::Source; 1]>::try_from(sources) else {
        bail!("migrate looks at one source");
    };
    let bar = output::progress(format!("auditing {}", source.label()));
    let options = Options { observe: args.evidence.observe(), ..args.target.options() };
    let (name, loaded) = source::load(source.clone(), &options);
    bar.finish_and_clear();
    let loaded = loaded?;
    target::tell(&loaded, args.target.strict())?;
    let catalog = &loaded.catalog;
    if catalog.tables.is_empty() {
        bail!(loaded.empty());
    }
    let findings = wanted(args, catalog, &loaded.observed)?;
    if catalog.engine.product == Product::Unknown && !findings.is_empty() {
        output::warning(&format!(
            "{} does not show which server it is for; --engine cockroachdb or --engine postgresql makes the files that \
             suit it best",
            name.name
        ));
    }
    let mut rows = if args.verify { ask(args, &source, catalog, &findings)? } else { HashMap::new() };
    let plan = Plan::new(catalog, findings, |f| rows.remove(&f.fingerprint));
    let request = Request::new(&plan, &folder);
    if args.dry_run {
        output::write(&crate::report::plan(&request, output::style(None)), None)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.check {
        return check(&request);
    }
    let files = (format.render)(&request)?;
    match &args.output {
        Some(path) => {
            folder.write(&files)?;
            tell(path, &request, files.len());
        }
        None => {
            let text: String = files.iter().map(|f| format!("-- file: {}\n{}\n", f.path.display(), f.text)).collect();
            output::write(&text, None)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the rows say of each finding, by its fingerprint.
fn ask(args: &Args, source: &source::Source, catalog: &Catalog, findings: &[Finding]) -> Result<HashMap<String, Rows>> {
    let question = |f: &Finding| {
        let check = precheck::of(catalog, catalog.table(&f.schema, &f.table)?, &f.guard)?;
        let question = Question { count: check.count, look: args.show_values.then_some(check.look) };
        Some((f.fingerprint.clone(), question))
    };
    let (prints, questions): (Vec<String>, Vec<Question>) = findings.iter().filter_map(question).unzip();
    let bar = output::progress(format!("asking the rows, {} questions", questions.len()));
    let answers = source::ask_rows(source, catalog.engine, &questions, &args.target.options());
    bar.finish_and_clear();
    Ok(prints.into_iter().zip(answers?).collect())
}

/// The findings that are asked for.
fn wanted(args: &Args, catalog: &Catalog, observed: &Observed) -> Result<Vec<Finding>> {
    let mut named = args.finding.clone();
    if let Some(path) = &args.from {
        named.extend(of_report(path, catalog)?);
    }
    let mut filter = args.choosing.filter()?;
    if !named.is_empty() || args.from.is_some() {
        filter.min_confidence = Some(Confidence::Low);
    }
    let mut findings = filter.apply(rules::audit(catalog, observed, &args.choosing.rules()?).findings);
    if !named.is_empty() || args.from.is_some() {
        let gone: Vec<&str> =
            named.iter().filter(|n| !findings.iter().any(|f| f.fingerprint == **n)).map(String::as_str).collect();
        if !gone.is_empty() {
            bail!(
                "no finding of the schema as it is now is {}: it is mended, or the schema has changed since; run check \
                 again",
                gone.join(", ")
            );
        }
        findings.retain(|f| named.contains(&f.fingerprint));
    }
    Ok(findings)
}

/// The fingerprints in a report of `check --format json`, which must be about the same kind of server.
fn of_report(path: &Path, catalog: &Catalog) -> Result<Vec<String>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let report: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("{name} is no JSON"))?;
    let no_report = || format!("{name} is no report of dbaudit check --format json, version 1, about one source");
    if report["version"] != 1 {
        bail!(no_report());
    }
    let findings = report["findings"].as_array().with_context(no_report)?;
    let engine: crate::engine::Product =
        serde_json::from_value(report["engine"]["product"].clone()).with_context(no_report)?;
    if engine != catalog.engine.product {
        bail!(
            "{name} is about {engine}, and the source is {}: their findings are not the same",
            catalog.engine.product
        );
    }
    let fingerprint = |f: &serde_json::Value| f["fingerprint"].as_str().map(str::to_owned);
    findings.iter().map(fingerprint).collect::<Option<Vec<_>>>().with_context(no_report)
}

fn check(request: &Request<'_>) -> Result<ExitCode> {
    if request.pending.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let lines = request.pending.iter().map(|p| {
        let f = &p.migration.finding;
        format!("{} {} {}\n", f.fingerprint, f.rule, p.migration.table.label())
    });
    let text: String = lines.collect();
    output::write(
        &format!("{} lacks the guards of {} findings:\n{text}", request.folder.root.display(), request.pending.len()),
        None,
    )?;
    Ok(ExitCode::from(FOUND))
}

fn tell(path: &Path, request: &Request<'_>, files: usize) {
    let all = request.plan.migrations.len();
    let new = request.pending.len();
    output::note(&match (all, new) {
        (0, _) => "there is nothing to migrate".to_owned(),
        (_, 0) => format!("{} holds the guards of all {all} findings already", path.display()),
        _ => format!("{files} files for {new} of {all} findings written to {}", path.display()),
    });
}
