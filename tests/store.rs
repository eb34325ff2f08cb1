//! The history over each place that it may be kept in: a file, PostgreSQL, CockroachDB where there is one. Runs are
//! recorded once and wholly, news are told once, whatever happens to the processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use dbaudit::catalog::Catalog;
use dbaudit::evidence::{Confidence, Severity};
use dbaudit::history::{Delivery, Found, History, NewRun, News, Run, Seen, Sighting, stamp};
use dbaudit::report::Scope;
use dbaudit::source::snapshot;
use support::binary::{ended, findings, run, spawn};
use support::stores::Store;
use time::OffsetDateTime;
use time::macros::datetime;

const BOOKING: &str = "examples/booking.sql";
const NIGHT: OffsetDateTime = datetime!(2026-01-01 03:00 UTC);

fn found(table: &str) -> Found {
    Found {
        rule: "negative-counter".to_owned(),
        severity: Severity::High,
        confidence: Confidence::Medium,
        schema: "public".to_owned(),
        table: table.to_owned(),
        columns: vec!["n \"'; DROP TABLE run; --".to_owned()],
        state: "1".to_owned(),
        message: format!("{table}.n can go below zero 🎟️"),
        sql: "ALTER TABLE …;".to_owned(),
        guard: "check".to_owned(),
        fingerprint: format!("print of {table}"),
    }
}

/// A source that is audited night after night.
struct Nights {
    history: History,
    source: &'static str,
    night: i64,
}

impl Nights {
    fn new(store: &Store, source: &'static str) -> Nights {
        Nights { history: History::open(&store.place(), true).unwrap(), source, night: 0 }
    }

    fn record(&mut self, outcome: Result<Seen<'_>, String>) -> News {
        self.night += 1;
        let started = NIGHT + time::Duration::days(self.night);
        let id = NewRun::id(started);
        let took = Duration::from_millis(1500);
        self.history.record(&NewRun { id, source: self.source, started, took, outcome, tell: true }).unwrap()
    }

    /// A night on which these tables are shown, those believed less, and what is gone was closed or not.
    fn night(&mut self, shown: &[&str], below: &[&str], known: &[&str], closed: bool) -> News {
        let of = |names: &[&str], shown, known| -> Vec<Sighting> {
            let sure = if shown { Confidence::Medium } else { Confidence::Low };
            names.iter().map(|n| Sighting { found: Found { confidence: sure, ..found(n) }, shown, known }).collect()
        };
        let sightings = [of(shown, true, false), of(below, false, false), of(known, true, true)].concat();
        self.record(Ok(seen(sightings, &move |_| closed)))
    }

    fn fails(&mut self, why: &str) -> News {
        self.record(Err(why.to_owned()))
    }
}

fn seen(sightings: Vec<Sighting>, closed: &dyn Fn(&Found) -> bool) -> Seen<'_> {
    Seen {
        scope: Scope::default(),
        engine: "PostgreSQL 15".to_owned(),
        tables: 7,
        skipped: 0,
        catalog: snapshot::write(&Catalog::default(), "x"),
        report: "{\"findings\":[\"ü\\u0000\"]}".to_owned(),
        sightings,
        closed,
    }
}

/// What is new, fixed, failed and recovered, in a line.
fn told(news: &News) -> String {
    let mut words: Vec<String> = news.new.iter().map(|f| format!("+{}", f.table)).collect();
    words.extend(news.fixed.iter().map(|f| format!("-{}", f.table)));
    words.extend(news.failed.iter().map(|e| format!("failed: {e}")));
    words.extend(news.recovered.then(|| "recovered".to_owned()));
    words.join(" ")
}

#[test]
fn news_are_told_once() {
    for store in Store::all("news") {
        let mut n = Nights::new(&store, "shop");
        let first = n.night(&["a"], &["b"], &[], true);
        assert!(first.first && told(&first) == "+a", "{}: {first:?}", store.name);
        let tell = |what: &str, news: News| assert_eq!(told(&news), what, "{}", store.name);
        tell("", n.night(&["a"], &["b"], &[], true));
        tell("+b", n.night(&["a", "b"], &[], &[], true));
        // believed less, not seen at all, seen again: evidence that wavers is no news
        tell("", n.night(&["a"], &["b"], &[], true));
        tell("", n.night(&["a"], &[], &[], false));
        tell("", n.night(&["a", "b"], &[], &[], true));
        tell("-b", n.night(&["a"], &[], &[], true));
        tell("", n.night(&["a"], &[], &[], true));
        tell("+b", n.night(&["a", "b"], &[], &[], true));
        // accepted is no news; that it is fixed is
        tell("", n.night(&["a", "b"], &[], &["k"], true));
        tell("", n.night(&["a", "b", "k"], &[], &[], true));
        tell("-k", n.night(&["a", "b"], &[], &[], true));
        tell("failed: no route", n.fails("no route"));
        tell("", n.fails("no route to host"));
        tell("+c recovered", n.night(&["a", "b", "c"], &[], &[], true));
        tell("", n.night(&["a", "b", "c"], &[], &[], true));
        // what was never told is not told as fixed
        tell("", n.night(&["a", "b", "c"], &["d"], &[], true));
        tell("", n.night(&["a", "b", "c"], &[], &[], true));
        // another source has its own
        let mut other = Nights::new(&store, "other 'source'");
        tell("+a", other.night(&["a"], &[], &[], true));
        assert_eq!(n.history.since("shop").unwrap()["print of a"], "2026-01-02T03:00:00.000Z");
        assert_eq!(n.history.since("shop").unwrap().len(), 3);
    }
}

#[test]
fn runs_are_kept_and_found() {
    for store in Store::all("runs") {
        let mut n = Nights::new(&store, "shop");
        n.night(&["a", "b"], &["c"], &[], true);
        n.fails("it's \"gone\"");
        n.night(&["a"], &[], &[], true);
        Nights { history: History::open(&store.place(), false).unwrap(), source: "other", night: 5 }.fails("no");
        let h = &mut n.history;
        let runs = h.runs(None, 10).unwrap();
        assert_eq!(runs.iter().map(|r| r.source.as_str()).collect::<Vec<_>>(), ["other", "shop", "shop", "shop"]);
        let runs = h.runs(Some("shop"), 10).unwrap();
        let counts: Vec<_> = runs.iter().map(|r| (r.high, r.new, r.fixed, r.tables)).collect();
        assert_eq!(counts, [(1, 0, 1, 7), (0, 0, 0, 0), (2, 2, 0, 7)]);
        assert_eq!(runs[1].error.as_deref(), Some("it's \"gone\""));
        assert_eq!((runs[0].took_ms, runs[0].engine.as_str()), (1500, "PostgreSQL 15"));
        assert_eq!(h.runs(Some("shop"), 2).unwrap().len(), 2);
        assert_eq!(h.latest().unwrap().len(), 2);
        assert_eq!(h.audited("shop").unwrap().unwrap().id, runs[0].id);
        assert!(h.audited("other").unwrap().is_none());
        assert_eq!(h.find("latest", Some("shop")).unwrap().id, runs[0].id);
        assert_eq!(h.find("previous", Some("shop")).unwrap().id, runs[2].id, "the one that failed found nothing");
        assert_eq!(h.find(&runs[1].id, None).unwrap().id, runs[1].id);
        assert_eq!(h.find(&runs[1].id[..12], None).unwrap().id, runs[1].id);
        for (id, why) in [
            ("2026", "4 runs"),
            ("latest", "has 2 sources"),
            ("19990101", "has no run 19990101"),
            ("%", "has no run %"),
            ("", "has no run"),
        ] {
            let error = format!("{:#}", h.find(id, None).unwrap_err());
            assert!(error.contains(why) || id == "2026" && error.contains("runs of"), "{id}: {error}");
        }
        assert!(h.find("latest", Some("other")).is_err(), "it was never audited");
        assert_eq!(h.report(&runs[0]).unwrap().unwrap()["findings"][0], "ü\0");
        assert_eq!(
            h.saw(&runs[2]).unwrap().unwrap().found,
            [found("a"), found("b"), Found { confidence: Confidence::Low, ..found("c") }]
        );
        assert_eq!(h.catalog(&runs[0]).unwrap(), Some(Catalog::default()));
        assert!(h.report(&runs[1]).unwrap().is_none() && h.saw(&runs[1]).unwrap().is_none_or(|s| s.found.is_empty()));
    }
}

/// Looking at a history begins none.
#[test]
fn where_there_is_no_history() {
    for store in Store::all("none") {
        for _ in 0..2 {
            let error = format!("{:#}", History::open(&store.place(), false).unwrap_err());
            assert!(error.contains("there is no history at"), "{error}");
        }
        History::open(&store.place(), true).unwrap();
        History::open(&store.place(), false).unwrap();
    }
}

#[test]
fn a_run_that_is_recorded_again_is_there_once() {
    for store in Store::all("again") {
        let mut history = History::open(&store.place(), true).unwrap();
        let news: Vec<News> = (0..3)
            .map(|_| {
                let outcome = Ok(seen(vec![Sighting { found: found("a"), shown: true, known: false }], &|_| true));
                let (id, took) = ("20260101T030000-00000001".to_owned(), Duration::ZERO);
                history.record(&NewRun { id, source: "s", started: NIGHT, took, outcome, tell: true }).unwrap()
            })
            .collect();
        assert_eq!(news.iter().map(told).collect::<Vec<_>>(), ["+a", "", ""]);
        assert_eq!(history.runs(None, 10).unwrap().len(), 1);
        assert_eq!(history.untold("c", &["s".to_owned()], "").unwrap().len(), 1);
    }
}

/// Runs follow each other as they were recorded, whatever the clock said.
#[test]
fn a_clock_that_is_set_back_tells_nothing_twice() {
    for store in Store::all("clock") {
        let mut n = Nights::new(&store, "shop");
        n.night(&["a"], &[], &[], true);
        n.night = 300;
        assert_eq!(told(&n.fails("no")), "failed: no");
        n.night = 100;
        let after: Vec<String> = (0..3).map(|_| told(&n.night(&["a"], &[], &[], true))).collect();
        assert_eq!(after, ["recovered", "", ""], "{}", store.name);
        assert_eq!(told(&n.fails("no")), "failed: no");
        assert_eq!(n.history.latest().unwrap()[0].error.as_deref(), Some("no"));
        let runs = n.history.runs(Some("shop"), 10).unwrap();
        assert_eq!((runs.len(), runs[4].error.is_some(), &runs[1].started[..10]), (6, true, "2026-04-14"));
    }
}

/// Two jobs at once: the one that looked first is done last, and what it saw is old.
#[test]
fn a_run_that_was_overtaken_tells_nothing() {
    for store in Store::all("overtaken") {
        let mut history = History::open(&store.place(), true).unwrap();
        let mut record = |second: i64, took: u64, names: &[&str]| -> String {
            let started = NIGHT + time::Duration::seconds(second);
            let sightings = names.iter().map(|n| Sighting { found: found(n), shown: true, known: false }).collect();
            let outcome = if names.is_empty() { Err("no".to_owned()) } else { Ok(seen(sightings, &|_| true)) };
            let (id, took) = (NewRun::id(started), Duration::from_secs(took));
            told(&history.record(&NewRun { id, source: "s", started, took, outcome, tell: true }).unwrap())
        };
        assert_eq!(record(0, 1, &["a"]), "+a");
        assert_eq!(record(12, 3, &["a", "b"]), "+b");
        assert_eq!(record(10, 20, &["a"]), "", "b was not there yet");
        assert_eq!(record(11, 20, &[]), "", "it works by now");
        assert_eq!(record(40, 1, &["a", "b"]), "");
        assert_eq!(record(39, 5, &[]), "");
        assert_eq!(record(60, 1, &["a"]), "-b");
        let order: Vec<String> =
            history.runs(Some("s"), 9).unwrap().iter().map(|r| r.started[17..19].to_owned()).collect();
        assert_eq!(order, ["00", "40", "39", "12", "11", "10", "00"], "as they looked");
    }
}

#[test]
fn a_notice_is_claimed_once() {
    for store in Store::all("notices") {
        let mut n = Nights::new(&store, "shop");
        n.night(&["a"], &[], &[], true);
        n.fails("no");
        n.fails("no");
        let shop = ["shop".to_owned()];
        let h = &mut n.history;
        let untold = |h: &mut History, channel: &str| -> Vec<String> {
            let notices = h.untold(channel, &shop, "").unwrap();
            notices.iter().map(|n| told(&n.news)).collect()
        };
        assert_eq!(untold(h, "slack"), ["+a", "failed: no"], "{}", store.name);
        assert!(h.untold("slack", &["other".to_owned()], "").unwrap().is_empty());
        assert_eq!(h.untold("slack", &shop, &stamp(NIGHT + time::Duration::hours(25))).unwrap().len(), 1);
        let notices = h.untold("slack", &shop, "").unwrap();
        let (a, failed) = (&notices[0].id, &notices[1].id);
        let mut other = History::open(&store.place(), false).unwrap();
        assert_eq!((h.claim(a, "slack", "now").unwrap(), other.claim(a, "slack", "now").unwrap()), (true, false));
        assert_eq!(untold(h, "slack"), ["failed: no"], "whoever claimed it may have sent it");
        h.settle(a, "slack", &Delivery::Again("503".to_owned())).unwrap();
        assert_eq!(untold(h, "slack").len(), 2);
        assert_eq!((other.claim(a, "slack", "now").unwrap(), h.claim(a, "slack", "now").unwrap()), (true, false));
        other.settle(a, "slack", &Delivery::Sent).unwrap();
        assert!(h.claim(failed, "slack", "now").unwrap());
        h.settle(failed, "slack", &Delivery::Failed("404".to_owned())).unwrap();
        assert!(untold(h, "slack").is_empty() && !h.claim(a, "slack", "now").unwrap());
        assert_eq!(untold(h, "email").len(), 2, "each channel has its own");
        // of eight at once one gets it
        let got: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| History::open(&store.place(), false).unwrap().claim(a, "email", "now").unwrap())
                })
                .collect();
            threads.into_iter().map(|t| usize::from(t.join().unwrap())).sum()
        });
        assert_eq!(got, 1, "{}", store.name);
    }
}

#[test]
fn what_is_old_is_forgotten() {
    for store in Store::all("forget") {
        let mut n = Nights::new(&store, "shop");
        n.night(&["a"], &[], &[], true);
        n.night(&["a", "b"], &[], &[], true);
        n.fails("no");
        n.night(&["a", "b", "c"], &[], &[], true);
        let mut idle = Nights::new(&store, "idle");
        idle.night(&["z"], &[], &[], true);
        let h = &mut n.history;
        assert_eq!(h.forget(&stamp(NIGHT)).unwrap(), 0);
        assert_eq!(h.forget(&stamp(NIGHT + time::Duration::days(4))).unwrap(), 2, "{}", store.name);
        let left = h.runs(None, 10).unwrap();
        assert_eq!(left.len(), 3, "the latest, the latest that failed, and that of a source that does not run");
        for r in left.iter().filter(|r| r.error.is_none()) {
            assert!(
                h.report(r).unwrap().is_some()
                    && h.catalog(r).unwrap().is_some()
                    && !h.saw(r).unwrap().is_none_or(|s| s.found.is_empty())
            );
        }
        // what is open is still known
        assert_eq!(told(&n.night(&["a", "b", "c"], &[], &[], true)), "");
        assert_eq!(n.history.untold("x", &["shop".to_owned()], "").unwrap().len(), 1);
    }
}

/// All that is there is whole: each run has its documents, each finding was told as new by one run of its source.
fn sound(store: &Store, expected: usize) -> Vec<Run> {
    let mut history = History::open(&store.place(), false).unwrap();
    let runs = history.runs(None, 1_000_000).unwrap();
    let mut new = BTreeMap::<String, Vec<u64>>::new();
    for r in &runs {
        assert_eq!(r.error, None);
        assert_eq!(history.saw(r).unwrap().unwrap().found.len(), expected, "{}", r.id);
        assert!(history.report(r).unwrap().is_some() && history.catalog(r).unwrap().is_some(), "{}", r.id);
        new.entry(r.source.clone()).or_default().extend(Some(r.new).filter(|n| *n > 0));
    }
    for (source, new) in new {
        assert_eq!(new.len(), 1, "{source} has told its news {} times", new.len());
        assert_eq!(history.since(&source).unwrap().len(), expected, "{source}");
    }
    if let Some(path) = store.path() {
        let connection = rusqlite::Connection::open(path).unwrap();
        let check = |sql: &str| -> String { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(check("PRAGMA integrity_check"), "ok");
        let orphans = "SELECT count(*) || '' FROM document WHERE hash NOT IN \
                       (SELECT catalog FROM run UNION SELECT report FROM run UNION SELECT found FROM run)";
        assert_eq!(check(orphans), "0");
    }
    runs
}

/// Kills `many` processes, several at once, after a random time in which about half of them get to their end.
fn killed(store: &Store, many: usize) {
    const AT_ONCE: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let (next, finished, window) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicU64::new(200_000));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::SeqCst);
                    if i >= many {
                        return;
                    }
                    // the same file comes again, so that there are first runs and later ones, some of them at once
                    let schema = folder.path().join(format!("{}.sql", i % (many / 5)));
                    if !schema.exists() {
                        let new = folder.path().join(format!("{i}.new"));
                        fs::copy(BOOKING, &new).unwrap();
                        fs::rename(new, &schema).unwrap();
                    }
                    let args = ["check", schema.to_str().unwrap(), "--history", &store.name, "--format", "json"];
                    let mut child = spawn(&args);
                    let longest = window.load(Ordering::SeqCst);
                    // the moment is the test
                    thread::sleep(Duration::from_micros(fastrand::u64(0..=2 * longest)));
                    let _ = child.kill();
                    let end = ended(child.wait_with_output().unwrap());
                    match end.code {
                        1 => {
                            let report: serde_json::Value = serde_json::from_str(&end.stdout).unwrap();
                            finished.lock().unwrap().push(report["history"]["run"].as_str().unwrap().to_owned());
                            window.store(longest - longest / 10, Ordering::SeqCst);
                        }
                        -1 => window.store(longest + longest / 10, Ordering::SeqCst),
                        code => panic!("exit code {code}: {}", end.stderr),
                    }
                }
            });
        }
    });
    let finished = finished.into_inner().unwrap();
    let share = finished.len() * 100 / many;
    // how many do hangs on how busy the machine is; with none, or all of them, nothing would be tested
    assert!((5..=95).contains(&share), "{share}% got to their end: that tests little");
    let expected = findings(&support::binary::check(&[BOOKING, "--min-confidence", "low"]).0).len();
    let runs = sound(store, expected);
    let ids: BTreeSet<&str> = runs.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids.len(), runs.len());
    let lost: Vec<&String> = finished.iter().filter(|id| !ids.contains(id.as_str())).collect();
    assert!(lost.is_empty() && finished.iter().collect::<BTreeSet<_>>().len() == finished.len(), "lost: {lost:?}");
    let next = run(&["check", BOOKING, "--history", &store.name]);
    assert_eq!((next.code, sound(store, expected).len()), (1, runs.len() + 1), "{}", next.stderr);
    eprintln!("{many} processes, {} got to their end, {} runs are recorded", finished.len(), runs.len());
}

/// How many processes are killed on a file.
const KILLED: usize = 1000;

#[test]
fn killed_at_random_moments_nothing_is_lost_or_doubled_in_a_file() {
    killed(&Store::file(), KILLED);
}

#[test]
fn killed_at_random_moments_nothing_is_lost_or_doubled_on_a_server() {
    Store::all("killed").iter().filter(|s| s.path().is_none()).for_each(|s| killed(s, KILLED / 10));
}

/// Eight jobs at once, ten times each, from the moment on at which there is no history.
#[test]
fn many_jobs_share_one_history() {
    let expected = findings(&support::binary::check(&[BOOKING, "--min-confidence", "low"]).0).len();
    for store in Store::all("jobs") {
        let told: usize = thread::scope(|scope| {
            let job = || {
                let runs = (0..10).map(|_| support::binary::check(&[BOOKING, "--history", &store.name]).0);
                runs.filter(|report| !report["history"]["new"].as_array().unwrap().is_empty()).count()
            };
            let jobs: Vec<_> = (0..8).map(|_| scope.spawn(job)).collect();
            jobs.into_iter().map(|j| j.join().unwrap()).sum()
        });
        assert_eq!((told, sound(&store, expected).len()), (1, 80), "{}", store.name);
    }
}
