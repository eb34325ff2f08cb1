//! `dbaudit migrate`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::choosing::ChoosingArgs;
use super::evidence::EvidenceArgs;
use super::rows::RowArgs;
use super::{FOUND, output, target};
use crate::catalog::Catalog;
use crate::engine::Product;
use crate::evidence::Confidence;
use crate::guard::Guard;
use crate::migration::format::{FORMATS, Format, find};
use crate::migration::{Folder, Plan, Request};
use crate::report::Filter;
use crate::rules::{self, Finding, RULES};
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
    #[command(flatten)]
    rows: RowArgs,
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

impl Args {
    /// Whether findings are asked for one by one.
    fn is_named(&self) -> bool {
        !self.finding.is_empty() || self.from.is_some()
    }
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
    args.evidence.suit(&sources)?;
    let Ok([source]) = <[source::Source; 1]>::try_from(sources) else {
        bail!("migrate looks at one source");
    };
    let bar = output::progress(format!("auditing {}", source.label()));
    let options = Options { observe: args.evidence.beside_the_catalog(), ..args.target.options() };
    let (name, loaded) = source::load(source.clone(), &options);
    bar.finish_and_clear();
    let mut loaded = loaded?;
    args.evidence.hear(&source, &mut loaded, &options)?;
    target::tell(&loaded, args.target.strict())?;
    let (catalog, observed) = (&loaded.catalog, &mut loaded.observed);
    if catalog.tables.is_empty() {
        bail!(loaded.empty());
    }
    let rules = args.choosing.rules()?;
    let filter = args.choosing.filter()?;
    if let Some(lost) = observed.lost.clone().or_else(|| filter.half_read(catalog)) {
        bail!("not all was heard, and nothing is written: {lost}");
    }
    args.rows.ask(&source, catalog, observed, &rules, &filter)?;
    if let Some(ended) = observed.rows.ended.as_ref().filter(|e| e.is_failure()) {
        bail!("the rows were not all asked, and nothing is written: {ended}");
    }
    // a finding that is named and filtered out is not gone
    let rules = if args.is_named() { RULES } else { &rules };
    let findings = wanted(args, catalog, rules::audit(catalog, observed, rules).findings, filter)?;
    let findings = in_the_schema(findings);
    if catalog.engine.product == Product::Unknown && !findings.is_empty() {
        output::warning(&format!(
            "{} does not show which server it is for; --engine cockroachdb or --engine postgresql makes the files that \
             suit it best",
            name.name
        ));
    }
    let plan = Plan::new(catalog, findings);
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

/// The findings that a change of the schema closes; of the others it is said that no file is written for them.
fn in_the_schema(findings: Vec<Finding>) -> Vec<Finding> {
    let (code, schema): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|f| matches!(f.guard, Guard::Code { .. }));
    for f in &code {
        output::note(&format!(
            "{} on {}.{} ({}) is closed in the application's code, and no migration is written for it: dbaudit explain {}",
            f.rule, f.schema, f.table, f.fingerprint, f.rule
        ));
    }
    schema
}

/// Those of the findings that are asked for.
fn wanted(args: &Args, catalog: &Catalog, mut findings: Vec<Finding>, mut filter: Filter) -> Result<Vec<Finding>> {
    let mut named = args.finding.clone();
    if let Some(path) = &args.from {
        named.extend(of_report(path, catalog)?);
    }
    if args.is_named() {
        filter.min_confidence = Some(Confidence::Low);
        let gone: Vec<&str> =
            named.iter().filter(|n| !findings.iter().any(|f| f.fingerprint == **n)).map(String::as_str).collect();
        if !gone.is_empty() {
            bail!(
                "no finding of the schema as it is now is {}: it is mended, or the schema has changed since; run check \
                 again",
                gone.join(", ")
            );
        }
        let chosen = args.choosing.rules()?;
        findings.retain(|f| named.contains(&f.fingerprint) && chosen.iter().any(|r| r.id == f.rule));
    }
    Ok(filter.apply(findings))
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
    let engine: Product = serde_json::from_value(report["engine"]["product"].clone()).with_context(no_report)?;
    if engine != catalog.engine.product && catalog.engine.product == Product::Unknown {
        bail!("{name} is about {engine}, and the source does not show which server it is for: say --engine");
    }
    if engine != catalog.engine.product {
        bail!(
            "{name} is about {engine}, and the source is {}: their findings are not the same",
            catalog.engine.product
        );
    }
    // a report of another version may not say which state it was made for
    let changed = |f: &&serde_json::Value| {
        let (object, state) = (&f["object"], f["object"]["state"].as_str());
        let table = catalog.table(object["schema"].as_str()?, object["table"].as_str()?)?;
        Some(state? != table.state()).filter(|c| *c).map(|_| table.label())
    };
    let tables: BTreeSet<String> = findings.iter().filter_map(|f| changed(&f)).collect();
    if !tables.is_empty() {
        let tables: Vec<String> = tables.into_iter().collect();
        bail!(
            "{name} was made for another state of {}: the schema has changed since; run check again",
            tables.join(", ")
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
