//! Fills schemas whose guards were taken out with rows that obey those guards and nothing else, and measures how much of
//! them `dbaudit` finds again from the schema alone and with what the database says. `filled/README.md` tells how.

#[path = "../tests/support/postgres.rs"]
#[allow(dead_code, clippy::expect_used, clippy::panic)]
mod postgres;

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use dbaudit::catalog::Table;
use dbaudit::evidence::Confidence;
use dbaudit::evidence::rows::MOST;
use dbaudit::rules::{RULES, audit, questions};
use dbaudit::source::connection::{Environment, Settings};
use dbaudit::source::live::{Budget, Observe};
use dbaudit::source::{Options, Source, ask_rows, load};
use postgres::Postgres;
use serde::Deserialize;

/// Fill stripped schemas with rows and measure what is found again.
#[derive(Parser)]
struct Args {
    /// Folder with NAME/stripped.sql and NAME/truth.json
    schemas: PathBuf,
    /// Rows of a table
    #[arg(long, default_value_t = 10_000)]
    rows: u32,
    /// Of so many tables one stays small, with 10 to 200 rows
    #[arg(long, default_value_t = 8)]
    small: u32,
    /// Another seed makes other rows
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Only these schemas
    #[arg(long)]
    only: Vec<String>,
    /// Print every key that was proposed, and every one that was missed
    #[arg(long)]
    list: bool,
}

/// What was taken out; `training/README.md` describes the file.
#[derive(Deserialize)]
struct Truth {
    unique: Vec<rows::Key>,
    check: Vec<rows::Check>,
}

/// What is asked beside the schema, and what that level is called.
const LEVELS: [Level; 3] = [
    Level { title: "schema", statistics: false, rows: false },
    Level { title: "+ statistics", statistics: true, rows: false },
    Level { title: "+ rows", statistics: true, rows: true },
];

#[derive(Clone, Copy)]
struct Level {
    title: &'static str,
    statistics: bool,
    rows: bool,
}

/// A table and the columns of a key in it.
type Item = (String, BTreeSet<String>);

#[derive(Default, Clone, Copy)]
struct Score {
    truth: usize,
    found: usize,
    right: usize,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut names: Vec<String> = std::fs::read_dir(&args.schemas)
        .with_context(|| args.schemas.display().to_string())?
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| {
            args.schemas.join(n).join("truth.json").is_file() && (args.only.is_empty() || args.only.contains(n))
        })
        .collect();
    names.sort();
    anyhow::ensure!(!names.is_empty(), "{} has none of those schemas", args.schemas.display());
    let server = Postgres::builder()
        .config("shared_buffers", "512MB")
        .config("wal_level", "minimal")
        .config("max_wal_senders", "0")
        .config("max_wal_size", "4GB")
        .config("max_locks_per_transaction", "1024")
        .start();
    let mut scores: BTreeMap<(bool, usize, Confidence), Score> = BTreeMap::new();
    for name in &names {
        one(&args, &server, name, &mut scores).with_context(|| name.clone())?;
    }
    print(&args, &scores);
    Ok(())
}

fn one(
    args: &Args,
    server: &Postgres,
    name: &str,
    scores: &mut BTreeMap<(bool, usize, Confidence), Score>,
) -> Result<()> {
    let began = Instant::now();
    let folder = args.schemas.join(name);
    let truth: Truth = serde_json::from_slice(&std::fs::read(folder.join("truth.json"))?)?;
    server.run("postgres", &format!("DROP DATABASE IF EXISTS {name}"));
    server.run("postgres", &format!("CREATE DATABASE {name}"));
    restore(server, name, &folder.join("stripped.sql"))?;
    let plan = rows::Plan { rows: args.rows, small: args.small, seed: args.seed };
    let counts = plan.fill(&server.url(name), &truth.unique, &truth.check)?;
    server.run(name, "ANALYZE");
    let filled = began.elapsed();

    let full = |table: &str| counts.get(table).is_some_and(|n| *n * 10 >= u64::from(args.rows) * 9);
    let truth: BTreeSet<Item> =
        truth.unique.iter().filter(|k| k.counts()).map(|k| (k.table.clone(), k.set())).collect();
    for (place, level) in LEVELS.iter().enumerate() {
        let found = proposals(&server.url(name), *level)?;
        for least in [Confidence::High, Confidence::Medium, Confidence::Low] {
            let found: BTreeSet<&Item> = found.iter().filter(|(_, c)| **c >= least).map(|(item, _)| item).collect();
            for only_full in [true, false] {
                let counts = |item: &&Item| !only_full || full(&item.0);
                let score = scores.entry((!only_full, place, least)).or_default();
                score.truth += truth.iter().filter(counts).count();
                score.found += found.iter().copied().filter(counts).count();
                score.right += found.iter().copied().filter(counts).filter(|i| truth.contains(*i)).count();
            }
            if args.list && least == Confidence::Medium {
                list(name, level.title, &truth, &found, &full);
            }
        }
    }
    let tables = counts.values().filter(|n| **n * 10 >= u64::from(args.rows) * 9).count();
    let empty = counts.values().filter(|n| **n == 0).count();
    eprintln!(
        "{name}: {} tables, {tables} full, {empty} empty; filled in {:.0?}, measured in {:.0?}",
        counts.len(),
        filled,
        began.elapsed() - filled
    );
    server.run("postgres", &format!("DROP DATABASE {name}"));
    Ok(())
}

fn list(name: &str, level: &str, truth: &BTreeSet<Item>, found: &BTreeSet<&Item>, full: &dyn Fn(&str) -> bool) {
    let show = |sign: &str, (table, columns): &Item| {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let size = if full(table) { "full" } else { "small" };
        println!("{level}\t{sign}\t{name}\t{size}\t{table}\t{}", columns.join(","));
    };
    found.iter().for_each(|item| show(if truth.contains(*item) { "right" } else { "wrong" }, item));
    truth.iter().filter(|i| !found.contains(i)).for_each(|item| show("missed", item));
}

/// Runs a dump by psql, which knows the commands in it.
fn restore(server: &Postgres, database: &str, file: &Path) -> Result<()> {
    let output = std::process::Command::new(postgres::binary("psql"))
        .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &server.url(database), "-f"])
        .arg(file)
        .output()
        .context("psql does not run")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The unique keys that are proposed, each with the most confidence that one has in it.
fn proposals(url: &str, level: Level) -> Result<BTreeMap<Item, Confidence>> {
    let settings = Settings::new(url, &Environment::of_process())?;
    let observe = Observe { statistics: level.statistics, defaults: false };
    let options = Options { engine: None, timeout: Duration::from_secs(600), observe };
    let source = Source::Live(Box::new(settings));
    let mut loaded = load(source.clone(), &options).1?;
    if level.rows {
        let (catalog, observed) = (&loaded.catalog, &loaded.observed);
        let questions = questions(catalog, observed, RULES, MOST);
        let asked = |t: &&Table| questions.iter().any(|q| q.schema == t.schema && q.table == t.name);
        let tables: Vec<&Table> = catalog.tables.iter().filter(asked).collect();
        let budget = Budget { max_table_rows: 10_000_000, time_limit: Duration::from_secs(3600), discover: false };
        loaded.observed.rows = ask_rows(&source, catalog, &tables, &questions, &budget, &|_| ())?;
        anyhow::ensure!(loaded.observed.rows.ended.is_none(), "the rows were not all asked");
    }
    let mut out = BTreeMap::new();
    for f in audit(&loaded.catalog, &loaded.observed, RULES).findings {
        if f.guard.kind() == "unique" {
            let columns = f.guard.columns().into_iter().map(str::to_owned).collect();
            let confidence = out.entry((format!("{}.{}", f.schema, f.table), columns)).or_insert(f.confidence);
            *confidence = f.confidence.max(*confidence);
        }
    }
    Ok(out)
}

fn print(args: &Args, scores: &BTreeMap<(bool, usize, Confidence), Score>) {
    println!("UNIQUE              confidence  truth  found  right  precision  recall");
    let mut last = None;
    for ((all, level, least), score) in scores {
        if last != Some(*all) {
            let what = if *all { "all tables".to_owned() } else { format!("tables of {} rows", args.rows) };
            println!("-- {what}");
            last = Some(*all);
        }
        let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
        let (precision, recall) = (share(score.right, score.found), share(score.right, score.truth));
        println!(
            "{:19} {:10} {:6} {:6} {:6} {precision:10.3} {recall:7.3}",
            LEVELS.get(*level).map_or("", |l| l.title),
            format!("{least}+"),
            score.truth,
            score.found,
            score.right
        );
    }
}
