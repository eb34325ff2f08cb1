//! `dbaudit watch` as real processes against real servers: schedules, signals, what comes and goes, and what it serves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::Value;
use support::binary::{run, spawn};
use support::peer;
use support::postgres::{Database, Postgres};
use support::stores::Store;
use tempfile::TempDir;

const TABLE: &str = "CREATE TABLE show (id BIGINT PRIMARY KEY, title TEXT NOT NULL, available_seats INT NOT NULL);";
const COUPON: &str = "CREATE TABLE coupon (id BIGINT PRIMARY KEY, title TEXT NOT NULL, remaining_uses INT NOT NULL);";
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon and its log. It is killed with the value.
struct Daemon {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
}

impl Daemon {
    fn start(args: &[&str]) -> Daemon {
        let mut child = spawn(&[&["watch"], args].concat());
        let (told, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|l| told.send(l)));
        Daemon { child, lines, log: Vec::new() }
    }

    /// Waits for the next line of the log that has this.
    fn says(&mut self, what: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    assert!(!line.contains("panicked"), "{:#?}", self.log);
                    if line.contains(what) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never said: {what}\n{:#?}", self.log)
                }
            }
        }
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// SIGTERM: it ends by itself, in time, and well.
    fn ends(mut self) -> Vec<String> {
        self.signal("TERM");
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "it does not end: {:#?}", self.log);
            thread::sleep(Duration::from_millis(10));
        };
        self.log.extend(self.lines.iter());
        assert!(status.success() && !self.log.iter().any(|l| l.contains("panicked")), "{status}: {:#?}", self.log);
        std::mem::take(&mut self.log)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a file in which a command notes what it is told.
struct Notes {
    folder: TempDir,
}

impl Notes {
    fn new() -> Notes {
        Notes { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn command(&self) -> String {
        format!("echo \"$DBAUDIT_SUBJECT\" >> {}", self.path("log"))
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.path("log")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn wait_for(&self, n: usize) -> Vec<String> {
        wait_for("told", || self.lines().len() >= n);
        self.lines()
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: in vain");
        thread::sleep(Duration::from_millis(10));
    }
}

fn runs(history: &str, more: &[&str]) -> Vec<Value> {
    let listed = run(&[&["history", history, "--format", "json", "-n", "10000"], more].concat());
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let json: Value = serde_json::from_str(&listed.stdout).unwrap();
    json["runs"].as_array().unwrap().clone()
}

/// The name of a source as the history has it.
fn label(database: &Database) -> String {
    database.url.split('?').next().unwrap().to_owned()
}

/// What a server answers: status, headers and body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all((request + "\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// The value of a metric: the only line that has all of these.
fn metric(text: &str, parts: &[&str]) -> Option<f64> {
    let mut found = text.lines().filter(|l| !l.starts_with('#') && parts.iter().all(|p| l.contains(p)));
    let value = found.next().map(|l| l.rsplit_once(' ').unwrap().1.parse().unwrap());
    assert!(found.next().is_none(), "{parts:?} are several: {text}");
    value
}

/// Over a file, and over a server that has its own ways of waiting.
#[test]
fn a_new_table_is_told_once() {
    for store in [Store::file(), Store::postgres()] {
        let (database, notes) = (Postgres::shared().database(), Notes::new());
        database.run(TABLE);
        let command = notes.command();
        let args = [&database.url, "--every", "1s", "--history", &store.name, "--notify-command", &command];
        let mut daemon = Daemon::start(&args);
        daemon.says("1 finding (1 new, 0 fixed)");
        daemon.says("1 finding (0 new, 0 fixed)");
        database.run(COUPON);
        daemon.says("new: high negative-counter on coupon (remaining_uses)");
        daemon.says("2 findings (1 new, 0 fixed)");
        daemon.says("2 findings (0 new, 0 fixed)");
        database.run("DROP TABLE coupon");
        daemon.says("1 finding (0 new, 1 fixed)");
        daemon.says("1 finding (0 new, 0 fixed)");
        let subject = |what: &str| format!("dbaudit: {what} in {}", label(&database));
        let wanted = ["1 new finding", "1 new finding", "1 finding fixed"].map(subject);
        assert_eq!(notes.wait_for(3), wanted);
        daemon.ends();
        // a restart takes up where it was, and tells nothing again
        let mut daemon = Daemon::start(&args);
        daemon.says("1 finding (0 new, 0 fixed)");
        daemon.ends();
        assert_eq!(notes.lines(), wanted);
    }
}

#[test]
fn a_database_that_comes_and_goes() {
    let server = Postgres::shared();
    let (good, bad, notes) = (server.database(), server.database(), Notes::new());
    for database in [&good, &bad] {
        database.run(TABLE);
    }
    let (history, metrics, command) = (notes.path("h.db"), notes.path("metrics.prom"), notes.command());
    let connections = |allowed: bool| {
        server.run("postgres", &format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", bad.name));
    };
    connections(false);
    let mut daemon = Daemon::start(&[
        &good.url,
        &bad.url,
        "--every",
        "1s",
        "--history",
        &history,
        "--metrics-file",
        &metrics,
        "--notify-command",
        &command,
    ]);
    let (up, down) = (label(&good), label(&bad));
    daemon.says(&format!("{down}: could not be audited"));
    daemon.says(&format!("{down}: could not be audited"));
    daemon.says(&format!("{up}: 1 finding (0 new, 0 fixed)"));
    let read = || fs::read_to_string(&metrics).unwrap();
    assert_eq!(metric(&read(), &["dbaudit_up", &down]), Some(0.0));
    assert_eq!(metric(&read(), &["dbaudit_up", &up]), Some(1.0));
    assert_eq!(metric(&read(), &["last_success", &down]), None);
    assert!(metric(&read(), &["last_success", &up]).unwrap() > 1.7e9);
    let run = &runs(&history, &["--source", &down])[0];
    assert!(run["error"].as_str().unwrap().contains("not currently accepting connections"), "{run}");
    notes.wait_for(2);
    connections(true);
    daemon.says(&format!("{down}: 1 finding (1 new, 0 fixed)"));
    daemon.says(&format!("{down}: 1 finding (0 new, 0 fixed)"));
    notes.wait_for(3);
    assert_eq!(metric(&read(), &["dbaudit_up", &down]), Some(1.0));
    assert_eq!(metric(&read(), &["dbaudit_findings", &down, "negative-counter", "high"]), Some(1.0));
    connections(false);
    daemon.says(&format!("{down}: could not be audited"));
    daemon.says(&format!("{down}: could not be audited"));
    notes.wait_for(4);
    connections(true);
    daemon.says(&format!("{down}: 1 finding (0 new, 0 fixed)"));
    let told: Vec<String> = notes.wait_for(5).into_iter().filter(|l| l.ends_with(&down)).collect();
    let of = |what: &str| format!("dbaudit: {what} in {down}");
    let failed = of("the audit failed");
    assert_eq!(told, [failed.clone(), of("the audit works again, 1 new finding"), failed, of("the audit works again")]);
    let log = daemon.ends();
    assert!(log.iter().filter(|l| l.contains(&up)).all(|l| !l.contains("could not")));
    // written whole or not at all: nothing else is left in the folder
    let left: BTreeSet<String> =
        fs::read_dir(notes.folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left.into_iter().collect::<Vec<_>>(), ["h.db", "log", "metrics.prom"]);
    assert!(read().ends_with("# EOF\n"));
}

/// A server that never answers does not hold up the end, and that it was cut short is not its failure.
#[test]
fn sigterm_ends_it_while_an_audit_runs() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let port = runtime.block_on(peer::listen(peer::Act::Silence));
    let (database, notes) = (Postgres::shared().database(), Notes::new());
    database.run(TABLE);
    let silent = format!("postgresql://u@127.0.0.1:{port}/silent?sslmode=disable");
    let history = notes.path("h.db");
    let mut daemon = Daemon::start(&[&database.url, &silent, "--every", "1s", "--history", &history]);
    daemon.says("1 finding (1 new, 0 fixed)");
    daemon.says("silent: left out, as the run before is not over");
    daemon.says("1 finding (0 new, 0 fixed)");
    let log = daemon.ends();
    assert!(!log.iter().any(|l| l.contains("could not be audited")), "{log:#?}");
    let recorded = runs(&history, &[]);
    assert!(recorded.len() >= 2 && recorded.iter().all(|r| r["error"].is_null()), "{recorded:#?}");
    // a limit on the time makes it a failure
    let mut daemon = Daemon::start(&[&silent, "--every", "1h", "--timeout", "1", "--history", &history]);
    daemon.says("could not be audited: postgresql://u@127.0.0.1");
    daemon.ends();
    assert!(runs(&history, &[])[0]["error"].as_str().unwrap().contains("within 1 s"));
}

#[test]
fn sighup_reads_sources_and_baseline_again() {
    let server = Postgres::shared();
    let (first, second, notes) = (server.database(), server.database(), Notes::new());
    for database in [&first, &second] {
        database.run(TABLE);
    }
    let (list, accepted, metrics) = (notes.path("sources"), notes.path("baseline.json"), notes.path("metrics"));
    fs::write(&list, format!("# one\n\n  {}\n", first.url)).unwrap();
    fs::write(&accepted, "{\"dbaudit_baseline\": 1, \"findings\": {}}").unwrap();
    let mut daemon = Daemon::start(&[
        "--sources-file",
        &list,
        "--baseline",
        &accepted,
        "--every",
        "1s",
        "--history",
        &notes.path("h.db"),
        "--metrics-file",
        &metrics,
    ]);
    daemon.says(&format!("{}: 1 finding (1 new", label(&first)));
    assert_eq!(run(&["baseline", &first.url, "-o", &accepted]).code, 0);
    fs::write(&list, format!("{}\n{}\n", first.url, second.url)).unwrap();
    daemon.signal("HUP");
    daemon.says("read again: 2 sources");
    // the same finding in another database is accepted, too: a baseline is of a schema
    daemon.says(&format!("{}: 0 findings", label(&second)));
    daemon.says(&format!("{}: 0 findings", label(&first)));
    wait_for("metrics of both", || {
        let text = fs::read_to_string(&metrics).unwrap();
        [&first, &second].iter().all(|d| metric(&text, &["accepted_findings", &label(d)]) == Some(1.0))
    });
    for (path, broken) in [(&list, "no such source\n"), (&accepted, "{")] {
        let good = fs::read_to_string(path).unwrap();
        fs::write(path, broken).unwrap();
        daemon.signal("HUP");
        daemon.says("what was read before stays");
        daemon.says(&format!("{}: 0 findings", label(&second)));
        daemon.says(&format!("{}: 0 findings", label(&first)));
        fs::write(path, good).unwrap();
    }
    fs::write(&list, &second.url).unwrap();
    daemon.signal("HUP");
    daemon.says("read again: 1 sources");
    daemon.says(&format!("{}: 0 findings", label(&second)));
    daemon.says(&format!("{}: 0 findings", label(&second)));
    let text = fs::read_to_string(&metrics).unwrap();
    assert!(!text.contains(&label(&first)), "{text}");
    let log = daemon.ends();
    let last = log.iter().rposition(|l| l.contains("read again")).unwrap();
    let after = log[last..].iter().filter(|l| l.contains(&label(&first))).count();
    assert!(after <= 1, "only a run that was under way: {log:#?}");
}

#[test]
fn all_databases_of_a_cluster() {
    let server = Postgres::builder().start();
    let notes = Notes::new();
    let (history, metrics) = (notes.path("h.db"), notes.path("metrics"));
    for name in ["one", "two", "void"] {
        server.run("postgres", &format!("CREATE DATABASE {name}"));
    }
    server.run("one", TABLE);
    server.run("two", TABLE);
    let url = server.url("postgres");
    let names = || -> BTreeSet<String> {
        let of = |r: &Value| r["source"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned();
        runs(&history, &[]).iter().map(of).collect()
    };
    let mut daemon =
        Daemon::start(&[&url, "--all-databases", "--every", "1s", "--history", &history, "--metrics-file", &metrics]);
    daemon.says("/two: 1 finding (1 new");
    server.run("postgres", "CREATE DATABASE later");
    server.run("later", TABLE);
    daemon.says("/later: 1 finding (1 new");
    assert_eq!(names().into_iter().collect::<Vec<_>>(), ["later", "one", "two"], "those without tables are left out");
    server.run("postgres", "DROP DATABASE one WITH (FORCE)");
    wait_for("the dropped one leaves the metrics", || !fs::read_to_string(&metrics).unwrap().contains("/one\""));
    // one whose tables vanish is no clean one
    server.run("two", "DROP TABLE show");
    daemon.says("/two: could not be audited");
    server.run("two", TABLE);
    daemon.says("/two: 1 finding");
    // the cluster does not let us in: told under its own name, and well again after
    server.run("later", "ALTER DATABASE postgres ALLOW_CONNECTIONS false");
    daemon.says("/postgres: could not be audited");
    server.run("later", "ALTER DATABASE postgres ALLOW_CONNECTIONS true");
    daemon.says("/postgres: 0 findings (0 new, 0 fixed)");
    daemon.says("/two: 1 finding (0 new, 0 fixed)");
    daemon.says("/two: 1 finding (0 new, 0 fixed)");
    let up = |name: &str| metric(&fs::read_to_string(&metrics).unwrap(), &["dbaudit_up", &format!("/{name}\"")]);
    wait_for("all are up", || ["two", "later", "postgres"].iter().all(|name| up(name) == Some(1.0)));
    daemon.ends();
    let postgres = runs(&history, &["--source", url.split('?').next().unwrap()]);
    assert!(postgres[0]["error"].is_null(), "{postgres:#?}");
}

/// The form that the help shows: all databases of a server, none of them named.
#[test]
fn a_cluster_whose_url_names_no_database() {
    let server = Postgres::builder().start();
    let notes = Notes::new();
    let (history, metrics) = (notes.path("h.db"), notes.path("metrics"));
    for name in ["one", "two"] {
        server.run("postgres", &format!("CREATE DATABASE {name}"));
        server.run(name, TABLE);
    }
    let named = server.url("postgres");
    let (place, routing) = named.rsplit_once("/postgres").unwrap();
    let url = format!("{place}{routing}");
    let mut daemon =
        Daemon::start(&[&url, "--all-databases", "--every", "1s", "--history", &history, "--metrics-file", &metrics]);
    daemon.says("/one: 1 finding (1 new");
    server.run("postgres", "DROP DATABASE one WITH (FORCE)");
    wait_for("the dropped one leaves the metrics", || !fs::read_to_string(&metrics).unwrap().contains("/one\""));
    // the list fails under the name of the cluster, and works again
    server.run("two", "ALTER DATABASE postgres ALLOW_CONNECTIONS false");
    daemon.says("could not be audited");
    server.run("two", "ALTER DATABASE postgres ALLOW_CONNECTIONS true");
    daemon.says("/two: 1 finding (0 new, 0 fixed)");
    let cluster = url.split('?').next().unwrap();
    wait_for("the cluster is well again", || {
        let runs = runs(&history, &["--source", cluster]);
        runs.first().is_some_and(|r| r["error"].is_null()) && runs.iter().any(|r| !r["error"].is_null())
    });
    daemon.ends();
    // who takes up where it ended does not begin anew
    let before = runs(&history, &[]).len();
    let mut daemon =
        Daemon::start(&[&url, "--all-databases", "--every", "1h", "--history", &history, "--listen", "127.0.0.1:0"]);
    daemon.says("the page is at");
    daemon.ends();
    assert_eq!(runs(&history, &[]).len(), before);
}

#[test]
fn shards_share_the_sources() {
    let (server, notes) = (Postgres::builder().start(), Notes::new());
    let wanted: BTreeSet<String> = (0..12).map(|i| format!("db{i}")).collect();
    for name in &wanted {
        server.run("postgres", &format!("CREATE DATABASE {name}"));
        server.run(name, TABLE);
    }
    let (history, url) = (notes.path("h.db"), server.url("postgres"));
    for shard in ["0/3", "1/3", "2/3"] {
        let before = runs_or_none(&history);
        let done = run(&["watch", &url, "--all-databases", "--once", "--shard", shard, "--history", &history]);
        let part = runs_or_none(&history) - before;
        // by chance a shard may have none
        assert_eq!(done.code, i32::from(part > 0), "{}", done.stderr);
        assert!(part < 12, "{shard} has a part");
    }
    let recorded = runs(&history, &[]);
    let names: BTreeSet<String> =
        recorded.iter().map(|r| r["source"].as_str().unwrap().rsplit_once('/').unwrap().1.to_owned()).collect();
    assert_eq!((names, recorded.len()), (wanted, 12), "each once");
}

fn runs_or_none(history: &str) -> usize {
    if Path::new(history).exists() { runs(history, &[]).len() } else { 0 }
}

const HOSTILE: &str = "a\"</script><script>document.title=1</script>'&\u{202e}ü";

#[test]
fn what_is_served() {
    let (server, notes) = (Postgres::builder().start(), Notes::new());
    server.run("postgres", &format!("CREATE DATABASE \"{}\"", HOSTILE.replace('"', "\"\"")));
    server.run(HOSTILE, &TABLE.replace("show", &format!("\"{}\"", HOSTILE.replace('"', "\"\""))));
    server.run("postgres", "CREATE DATABASE tame");
    server.run("tame", TABLE);
    let history = notes.path("h.db");
    let args =
        [&server.url("postgres"), "--all-databases", "--every", "1h", "--history", &history, "--listen", "127.0.0.1:0"];
    let mut daemon = Daemon::start(&args);
    let said = daemon.says("the page is at http://");
    let address = said.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
    daemon.says("1 finding (1 new");
    daemon.says("1 finding (1 new");

    let page = get(&address, "/", &[]);
    assert_eq!(page.status, 200);
    let policy = page.head.lines().find_map(|l| l.strip_prefix("content-security-policy: ")).unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe-eval") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(page.head.contains("x-content-type-options: nosniff") && page.head.contains("cache-control: no-store"));
    assert_eq!(page.body.matches("<script").count(), 2, "the data and the page's own");
    let metrics = get(&address, "/metrics", &[]);
    assert_eq!(metrics.status, 200);
    assert!(metrics.head.contains("application/openmetrics-text; version=1.0.0"), "{}", metrics.head);
    assert_eq!(metric(&metrics.body, &["dbaudit_up", "/tame\""]), Some(1.0));
    for line in metrics.body.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("dbaudit_") && name.ends_with('}') && value.parse::<f64>().is_ok(), "{line}");
    }
    assert_eq!(get(&address, "/healthz", &[]).body, "ok\n");
    let api = |query: &str| -> Vec<Value> {
        let answer = get(&address, &format!("/api/v1/runs{query}"), &[]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(json["version"], 1);
        json["runs"].as_array().unwrap().clone()
    };
    assert_eq!((api("").len(), api("?limit=1").len(), api("?limit=0").len()), (2, 1, 0));
    let tame = format!("postgresql://postgres@127.0.0.1:{}/tame", server.port());
    let one = api(&format!("?source={tame}&limit=5"));
    assert_eq!((one.len(), one[0]["source"].as_str()), (1, Some(tame.as_str())));
    assert_eq!(api("?source=nobody").len(), 0);
    assert_eq!(get(&address, "/api/v1/runs?limit=many", &[]).status, 400);
    assert_eq!(get(&address, "/nothing", &[]).status, 404);
    for path in ["/", "/metrics", "/api/v1/runs"] {
        let foreign = get(&address, path, &[("Host", "evil.example")]);
        assert_eq!((foreign.status, foreign.body.contains("tame")), (403, false), "{path}");
    }
    // another one cannot have the address
    let taken = run(&["watch", &tame, "--every", "1h", "--history", &notes.path("other.db"), "--listen", &address]);
    assert_eq!(taken.code, 2);
    assert!(
        taken.stderr.contains(&format!("cannot listen on {address}")) && taken.stderr.contains("in use"),
        "{}",
        taken.stderr
    );
    // a request that is never finished does not hold the end up
    let hanging = std::net::TcpStream::connect(&address).unwrap();
    daemon.ends();
    drop(hanging);
}

#[test]
fn who_may_ask() {
    let (database, notes) = (Postgres::shared().database(), Notes::new());
    database.run(TABLE);
    let (history, token) = (notes.path("h.db"), notes.path("token"));
    let args =
        [&database.url, "--every", "1h", "--history", &history, "--listen", "127.0.0.1:0", "--token-file", &token];
    let refused = run(&[&["watch"], &args[..]].concat());
    assert!(refused.code == 2 && refused.stderr.contains("cannot read the token"), "{}", refused.stderr);
    fs::write(&token, "\n").unwrap();
    let refused = run(&[&["watch"], &args[..]].concat());
    assert!(refused.code == 2 && refused.stderr.contains("the token is empty"), "{}", refused.stderr);
    fs::write(&token, "s3cret\n").unwrap();
    let mut daemon = Daemon::start(&args);
    let said = daemon.says("the page is at http://");
    let address = said.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
    let basic = |pair: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    for path in ["/", "/metrics", "/api/v1/runs"] {
        let asked = |value: &str| get(&address, path, &[("Authorization", value)]).status;
        let without = get(&address, path, &[]);
        assert_eq!((without.status, without.head.contains("www-authenticate: basic")), (401, true));
        assert!(without.head.contains("content-security-policy: default-src 'none'"), "{}", without.head);
        assert_eq!((asked("Bearer s3cret"), asked(&basic("me:s3cret"))), (200, 200), "{path}");
        assert_eq!((asked("Bearer s3cre"), asked(&basic("s3cret:me"))), (401, 401), "{path}");
        let by_name = [("Host", "audit.example"), ("Authorization", "Bearer s3cret")];
        assert_eq!(get(&address, path, &by_name).status, 200, "behind a proxy it has a name");
    }
    assert_eq!(get(&address, "/healthz", &[]).status, 200);
    daemon.ends();
}

/// A history whose server ends the connection, as one that is started again does.
#[test]
fn a_history_that_comes_and_goes() {
    let (database, store, notes) = (Postgres::shared().database(), Store::postgres(), Notes::new());
    database.run(TABLE);
    let (command, name) =
        (notes.command(), store.name.rsplit_once('/').unwrap().1.split('?').next().unwrap().to_owned());
    let mut daemon =
        Daemon::start(&[&database.url, "--every", "1s", "--history", &store.name, "--notify-command", &command]);
    daemon.says("1 finding (1 new, 0 fixed)");
    let server = Postgres::shared();
    let away = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    server.run("postgres", &away);
    daemon.says("1 finding (0 new, 0 fixed)");
    server.run("postgres", &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false; {away}"));
    daemon.says("was not recorded");
    database.run(COUPON);
    daemon.says("was not recorded");
    server.run("postgres", &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    daemon.says("new: high negative-counter on coupon");
    daemon.says("2 findings (1 new, 0 fixed)");
    daemon.says("2 findings (0 new, 0 fixed)");
    assert_eq!(notes.wait_for(2).len(), 2);
    daemon.ends();
    assert!(runs(&store.name, &[]).iter().all(|r| r["error"].is_null()));
}

/// 200 databases, eight at once: no more connections than that, and one for the history.
#[test]
fn two_hundred_databases() {
    const DATABASES: usize = 200;
    const AT_ONCE: i64 = 8;
    let server = Postgres::builder().start();
    server.run("postgres", "CREATE DATABASE template");
    server.run("template", &fs::read_to_string("examples/booking.sql").unwrap());
    thread::scope(|scope| {
        for part in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for i in (part..DATABASES - 1).step_by(4) {
                    server.run("postgres", &format!("CREATE DATABASE db{i} TEMPLATE template"));
                }
            });
        }
    });
    server.run("postgres", "CREATE DATABASE history");
    let (url, history, at_once) = (server.url("postgres"), server.url("history"), AT_ONCE.to_string());
    let began = Instant::now();
    let mut daemon = Daemon::start(&[&url, "--all-databases", "--once", "--at-once", &at_once, "--history", &history]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut most, mut samples, mut memory) = (0, 0, String::new());
    let status = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let count =
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        loop {
            most = most.max(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0));
            samples += 1;
            let process = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap_or_default();
            if let Some(line) = process.lines().find(|l| l.starts_with("VmHWM")) {
                line.clone_into(&mut memory);
            }
            if let Some(status) = daemon.child.try_wait().unwrap() {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    eprintln!("{DATABASES} databases in {:.1?}, {most} connections, {memory}, {samples} samples", began.elapsed());
    let log: Vec<String> = daemon.lines.iter().collect();
    assert_eq!(status.code(), Some(1), "{log:#?}");
    assert!((2..=AT_ONCE + 1).contains(&most), "{most} connections");
    let mut recorded = runs(&history, &[]);
    // the history's own tables are audited like any others
    recorded.retain(|r| !r["source"].as_str().unwrap().ends_with("/history"));
    let sources: BTreeSet<&str> = recorded.iter().map(|r| r["source"].as_str().unwrap()).collect();
    assert_eq!((recorded.len(), sources.len()), (DATABASES, DATABASES));
    assert!(recorded.iter().all(|r| r["new"] == 8), "each has its news");
    let kilobytes: u64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kilobytes < 300 * 1024, "{memory}");
}
