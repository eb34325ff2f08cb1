//! What `train.py` needs of the tool itself: the features of every candidate of a schema, and an audit by another model.
//!
//! ```text
//! training rows FILE.sql                  one line of JSON for each candidate
//! MODEL=model.json training check …       dbaudit check, judged by that model
//! ```

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::json;

use dbaudit::inference::facts::Facts;
use dbaudit::inference::model::{self, Active, Marks, Weights};
use dbaudit::inference::{base_scores, candidates::Candidate, checks, conventions, features};
use dbaudit::source::ddl::{Options, SchemaFile, read};

/// The names of all features, whether they carry weight or not.
#[derive(Default)]
struct Names(Vec<String>);

impl Marks for Names {
    fn add(&mut self, feature: std::fmt::Arguments<'_>) {
        let name = feature.to_string();
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }
}

fn main() -> Result<ExitCode> {
    if let Some(path) = std::env::var_os("MODEL") {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let other = serde_json::from_str(&text)?;
        anyhow::ensure!(model::install(other).is_ok(), "a model is in use already");
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [word, files @ ..] if word == "rows" => rows(files).map(|()| ExitCode::SUCCESS),
        _ => Ok(dbaudit::cli::run()),
    }
}

fn rows(files: &[String]) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for name in files {
        let text = std::fs::read_to_string(name).with_context(|| name.clone())?;
        let catalog = read(&[SchemaFile { name: name.clone(), text }], &Options { engine: None }).catalog;
        let facts = Facts::of(&catalog);
        keys(&facts, &mut out)?;
        bounds(&facts, &mut out)?;
    }
    Ok(out.flush()?)
}

fn keys(facts: &Facts<'_>, out: &mut impl Write) -> Result<()> {
    let rows: Vec<(usize, Candidate, f64)> = base_scores(facts);
    let heard = conventions::Conventions::of(facts, rows.iter().map(|(table, c, base)| (*table, c, *base)));
    let mut memo = heard.memo();
    for (index, candidate, base) in &rows {
        let table = &facts.tables[*index];
        if table.framework || table.is_keyed_within(&candidate.columns) {
            continue;
        }
        let (mut own, mut told) = (Names::default(), Names::default());
        features::features(facts, table, candidate, &mut own);
        let seen = heard.observe(facts, *index, candidate, *base, &mut memo);
        conventions::features(facts, table, candidate, &seen, &mut told);
        let columns: Vec<&str> = table.each(&candidate.columns).map(|c| c.name()).collect();
        let row = json!({"family": candidate.family.name(), "schema": table.table.schema, "table": table.name(),
            "columns": columns, "features": own.0, "base": base, "conventions": told.0, "guarded": facts.guarded});
        writeln!(out, "{row}")?;
    }
    Ok(())
}

fn bounds(facts: &Facts<'_>, out: &mut impl Write) -> Result<()> {
    let heard = checks::Conventions::of(facts);
    let mut memo = heard.memo();
    let weights: &Weights = &model::model().check;
    for (index, table) in facts.tables.iter().enumerate().filter(|(_, t)| !t.framework) {
        let numbers: Vec<usize> = checks::candidates(table).collect();
        for &column in numbers.iter().filter(|c| !heard.is_bounded(index, **c)) {
            let (mut own, mut told, mut base) = (Names::default(), Names::default(), Active::new(weights));
            checks::features(facts, table, table.at(column), numbers.len(), &mut own);
            checks::features(facts, table, table.at(column), numbers.len(), &mut base);
            checks::observed(&heard.observe(facts, index, column, &mut memo), &mut told);
            let row = json!({"family": "check", "schema": table.table.schema, "table": table.name(),
                "columns": [table.at(column).name()], "features": own.0, "base": base.sum(), "conventions": told.0,
                "guarded": heard.active});
            writeln!(out, "{row}")?;
        }
    }
    Ok(())
}
