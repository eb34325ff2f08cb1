//! A year of nights with a simulated clock: a schema that changes about weekly, a week in which nothing can be reached, a
//! clock that is set back, a process that is started again at random. Each change is told once, and nothing else is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeZone;
use dbaudit::engine::{Engine, Product};
use dbaudit::evidence::Observed;
use dbaudit::history::{Found, History, NewRun, News, Place, Seen, Sighting};
use dbaudit::report::Scope;
use dbaudit::rules::{self, RULES};
use dbaudit::source::ddl::{Options, SchemaFile, read};
use dbaudit::source::snapshot;
use dbaudit::watch::schedule::Schedule;
use dbaudit::watch::timetable::Timetable;
use time::OffsetDateTime;
use time::macros::datetime;

const SOURCE: &str = "postgresql://auditor@db.example.com/shop";
const NIGHTS: i64 = 365;
const JITTER: Duration = Duration::from_secs(30 * 60);

/// The tables of a shop, and which of them have their guard.
#[derive(Default)]
struct Shop {
    tables: BTreeMap<String, bool>,
    made: usize,
}

impl Shop {
    fn sql(&self) -> String {
        let table = |(name, guarded): (&String, &bool)| {
            let guard = if *guarded { ", CHECK (available_seats >= 0)" } else { "" };
            format!(
                "CREATE TABLE {name} (id BIGINT PRIMARY KEY, title TEXT NOT NULL, available_seats INT NOT NULL{guard});\n"
            )
        };
        self.tables.iter().map(table).collect()
    }

    /// A change, and what is to be told of it: `+table` or `-table`.
    fn change(&mut self, random: &mut fastrand::Rng) -> String {
        let open: Vec<String> = self.tables.iter().filter(|(_, g)| !**g).map(|(name, _)| name.clone()).collect();
        if open.len() < 3 || random.u32(..3) == 0 {
            self.made += 1;
            let name = format!("show_{}", self.made);
            self.tables.insert(name.clone(), false);
            return format!("+{name}");
        }
        let name = open[random.usize(..open.len())].clone();
        if random.bool() {
            self.tables.remove(&name);
        } else {
            self.tables.insert(name.clone(), true);
        }
        format!("-{name}")
    }
}

/// What an audit of the night sees. In some nights the evidence is weaker, and findings are believed less, or not seen.
fn audit(history: &mut History, shop: &Shop, started: OffsetDateTime, wavers: u32) -> News {
    let file = SchemaFile { name: "schema.sql".to_owned(), text: shop.sql() };
    let engine = Engine { product: Product::PostgreSql, version: None };
    let catalog = read(&[file], &Options { engine: Some(engine) }).catalog;
    let found: Vec<Found> = rules::audit(&catalog, &Observed::default(), RULES)
        .findings
        .iter()
        .filter(|f| f.rule == "negative-counter")
        .map(Found::of)
        .collect();
    assert_eq!(found.len(), shop.tables.values().filter(|guarded| !**guarded).count());
    let closed = |f: &Found| catalog.table(&f.schema, &f.table).is_none_or(|t| t.state() != f.state);
    let report = serde_json::json!({ "findings": found }).to_string();
    let mut sightings: Vec<Sighting> =
        found.into_iter().map(|found| Sighting { found, shown: true, known: false }).collect();
    let known = history.since(SOURCE).unwrap();
    for s in sightings.iter_mut().filter(|s| known.contains_key(&s.found.fingerprint)) {
        s.shown = wavers != 1;
    }
    sightings.retain(|s| wavers != 2 || !known.contains_key(&s.found.fingerprint));
    let seen = Seen {
        scope: Scope::default(),
        engine: "PostgreSQL 15".to_owned(),
        tables: catalog.tables.len(),
        skipped: 0,
        catalog: snapshot::write(&catalog, SOURCE),
        report,
        sightings,
        closed: &closed,
    };
    record(history, started, Ok(seen))
}

fn record(history: &mut History, started: OffsetDateTime, outcome: Result<Seen<'_>, String>) -> News {
    let (id, took) = (NewRun::id(started), Duration::from_secs(2));
    history.record(&NewRun { id, source: SOURCE, started, took, outcome, tell: true }).unwrap()
}

fn told(news: &News) -> BTreeSet<String> {
    let new = news.new.iter().map(|f| format!("+{}", f.table));
    let fixed = news.fixed.iter().map(|f| format!("-{}", f.table));
    let other = [("failed", news.failed.is_some()), ("recovered", news.recovered)];
    new.chain(fixed).chain(other.into_iter().filter(|(_, is)| *is).map(|(what, _)| what.to_owned())).collect()
}

/// The process begins again: all it knows is what the history says.
fn started_again(history: &mut History, now: OffsetDateTime) -> Timetable {
    let mut timetable = Timetable::new(Schedule::cron("30 2 * * *", "Europe/Berlin").unwrap(), JITTER);
    let last = history
        .runs(Some(SOURCE), 1)
        .unwrap()
        .pop()
        .map(|run| OffsetDateTime::parse(&run.started, &time::format_description::well_known::Rfc3339).unwrap());
    timetable.set_sources(&[(SOURCE.to_owned(), last)], now);
    timetable
}

#[test]
fn a_year_of_nights() {
    for seed in 1..=4 {
        year(seed);
    }
}

fn year(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut history = History::open(&Place::File(path.clone()), true).unwrap();
    let mut shop = Shop::default();
    // what the wall clock shows is the true time less this; it is set back by three days while nothing can be reached
    let mut behind = time::Duration::ZERO;
    let mut truth = datetime!(2026-01-01 12:00 UTC);
    let mut timetable = started_again(&mut history, truth);
    let (mut expected, mut got, mut nights) = (Vec::new(), Vec::new(), BTreeMap::<String, usize>::new());
    let (mut due, mut down, mut changes, mut restarts) = (BTreeSet::new(), false, 0, 0);
    let end = truth + time::Duration::days(NIGHTS);
    let mut day = 0;
    // the daemon looks at the clock at least four times a minute; here every five minutes
    while truth < end {
        let now = truth - behind;
        for _ in timetable.take_due(now) {
            let unreachable = (200..207).contains(&((truth - datetime!(2026-01-01 12:00 UTC)).whole_days()));
            let news = if unreachable {
                record(&mut history, now, Err("no route to host".to_owned()))
            } else {
                let wavers = if due.is_empty() && random.u32(..5) == 0 { random.u32(1..=2) } else { 0 };
                audit(&mut history, &shop, now, wavers)
            };
            let mut wanted = if unreachable { BTreeSet::new() } else { std::mem::take(&mut due) };
            wanted.extend((unreachable && !down).then(|| "failed".to_owned()));
            wanted.extend((!unreachable && down).then(|| "recovered".to_owned()));
            down = unreachable;
            got.push(told(&news));
            expected.push(wanted);
            let local = chrono_tz::Europe::Berlin.timestamp_opt(truth.unix_timestamp(), 0).unwrap();
            *nights.entry(local.format("%Y-%m-%d").to_string()).or_default() += 1;
        }
        let today = (truth - datetime!(2026-01-01 12:00 UTC)).whole_days();
        if today > day {
            day = today;
            // at noon: about once a week somebody changes the schema; not while nobody sees it, or what is made and dropped
            // meanwhile would rightly never be told
            if !(199..=207).contains(&day) && random.u32(..7) == 0 {
                due.insert(shop.change(&mut random));
                changes += 1;
            }
            if day == 203 {
                behind = time::Duration::days(3);
            }
        }
        if random.u32(..2000) == 0 {
            history = History::open(&Place::File(path.clone()), false).unwrap();
            timetable = started_again(&mut history, truth - behind);
            restarts += 1;
        }
        truth += time::Duration::minutes(5);
    }
    assert_eq!(got, expected, "each change once, and nothing else");
    // the first run is at once, as there never was one; it shares its day with no other
    assert_eq!(nights.len(), usize::try_from(NIGHTS).unwrap() + 1, "a run each night");
    let twice: Vec<_> = nights.iter().filter(|(_, n)| **n != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(changes > 30 && restarts > 20, "{changes} changes, {restarts} restarts");
    let told: Vec<usize> = history
        .untold("channel", &[SOURCE.to_owned()], "")
        .unwrap()
        .iter()
        .map(|n| n.news.new.len() + n.news.fixed.len())
        .collect();
    assert_eq!(told.iter().sum::<usize>(), changes - due.len(), "as many notices as changes");
    let size = std::fs::metadata(&path).unwrap().len();
    eprintln!("seed {seed}: {} runs, {changes} changes, {restarts} restarts, {} kB", got.len(), size / 1024);
    assert!(size < 1024 * 1024, "{size} bytes");
}
