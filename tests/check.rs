//! `dbaudit check` as a user runs it: sources, formats, exit codes, errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dbaudit::source::{live, snapshot};
use serde_json::Value;
use support::binary::{Run, check, dbaudit, findings, finish, run};
use support::postgres::Postgres;

const BOOKING: &str = "examples/booking.sql";

fn schema() -> String {
    fs::read_to_string(BOOKING).expect("the example")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What a finding says, apart from the engine's own SQL.
fn essence(report: &Value) -> Vec<Value> {
    let mut findings = findings(report).clone();
    for f in &mut findings {
        f["guard"]["sql"] = Value::Null;
    }
    findings
}

/// What it says on every engine: each has types of its own, too.
fn essence_anywhere(report: &Value) -> Vec<Value> {
    let mut findings = essence(report);
    for f in &mut findings {
        f["object"]["state"] = Value::Null;
    }
    findings
}

#[test]
fn the_same_findings_from_file_snapshot_and_servers() {
    let folder = folder();
    let (from_file, code) = check(&[BOOKING, "--min-confidence", "low"]);
    assert_eq!(code, 1);
    let wanted: BTreeSet<String> = findings(&from_file).iter().map(|f| format!("{}", f["guard"]["name"])).collect();
    for name in ["show_available_seats_check", "reservation_show_id_user_id_key", "auth_user_username_key"] {
        assert!(wanted.contains(&format!("\"{name}\"")), "{name} is not among {wanted:?}");
    }

    let path = folder.path().join("booking.json").display().to_string();
    assert_eq!(run(&["snapshot", BOOKING, "-o", &path]).code, 0);
    assert_eq!(essence(&check(&[&path, "--min-confidence", "low"]).0), essence(&from_file), "snapshot");

    let database = Postgres::shared().database();
    database.run(&schema());
    let (live, _) = check(&[&database.url, "--min-confidence", "low"]);
    assert_eq!(essence_anywhere(&live), essence_anywhere(&from_file), "PostgreSQL");
    assert_eq!(live["engine"]["product"], "postgresql");

    // rows that a real CockroachDB sent for the same schema
    let recording = live::Recording::read("tests/recorded/cockroach-21.1-example".as_ref()).expect("the recording");
    let catalog = live::assemble(&recording).expect("a catalog");
    let path = folder.path().join("cockroach.json").display().to_string();
    fs::write(&path, snapshot::write(&catalog, "recorded")).expect("written");
    let (recorded, _) = check(&[&path, "--min-confidence", "low"]);
    assert_eq!(recorded["engine"]["product"], "cockroachdb");
    assert_eq!(essence_anywhere(&recorded), essence_anywhere(&from_file), "CockroachDB");
}

#[test]
fn the_json_contract() {
    let (report, _) = check(&[BOOKING]);
    assert_eq!(report["version"], 1);
    assert_eq!(report["dbaudit"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["source"], serde_json::json!({"kind": "ddl", "name": BOOKING}));
    assert_eq!(report["summary"]["tables"], 3);
    let pair = findings(&report).iter().find(|f| f["rule"] == "missing-unique-pair").expect("the pair");
    assert_eq!(pair["object"]["table"], "reservation");
    assert_eq!(pair["guard"]["columns"], serde_json::json!(["show_id", "user_id"]));
    assert_eq!(pair["guard"]["kind"], "unique");
    assert_eq!(pair["status"], "new");
    assert_eq!(pair["fingerprint"].as_str().map(str::len), Some(16));
    assert!(pair["evidence"].as_array().is_some_and(|e| !e.is_empty()));
    let seats = findings(&report).iter().find(|f| f["guard"]["name"] == "show_available_seats_check").expect("seats");
    assert_eq!(seats["guard"]["expression"], "available_seats >= 0");
}

/// What the README shows is what a reader gets.
#[test]
fn the_readme_shows_the_real_output() {
    let readme = fs::read_to_string("README.md").expect("the README");
    let (_, after) = readme.split_once("```text\n").expect("an excerpt");
    let (excerpt, _) = after.split_once("```").expect("its end");
    let shown = finish(dbaudit(&["check", BOOKING]).env("COLUMNS", "80")).stdout;
    assert!(excerpt.contains("(show_id, user_id)") && shown.contains(excerpt), "{excerpt}\nis not in\n{shown}");
}

#[test]
fn exit_codes_and_filters() {
    let code = |args: &[&str]| {
        let mut all = vec!["check", BOOKING];
        all.extend(args);
        run(&all).code
    };
    assert_eq!(code(&[]), 1);
    assert_eq!(code(&["--fail-on", "none"]), 0);
    assert_eq!(code(&["--quiet"]), 1);
    assert_eq!(run(&["check", BOOKING, "--quiet"]).stdout, "");
    assert_eq!(code(&["--rule", "unvalidated-constraint"]), 0);
    assert_eq!(code(&["--table", "sho?", "--rule", "missing-unique-pair"]), 0);
    assert_eq!(code(&["--table", "public.res*", "--rule", "missing-unique-pair"]), 1);
    assert_eq!(code(&["--schema", "other"]), 2, "a filter that leaves nothing to look at is no clean audit");
    assert_eq!(code(&["--ignore-rule", "missing-unique-pair", "--rule", "missing-unique-pair"]), 2);
    let wrong = run(&["check", BOOKING, "--rule", "missing-unique-pear"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("did you mean missing-unique-pair?"), "{}", wrong.stderr);
}

/// The nearest level that shows more is the one that is advised.
#[test]
fn less_sure_findings_are_offered_level_by_level() {
    let levels: Vec<Option<String>> = ["high", "medium", "low"]
        .map(|level| {
            let said = run(&["check", BOOKING, "--min-confidence", level]).stdout;
            said.split_once("more are less sure: --min-confidence ")
                .map(|(_, rest)| rest.lines().next().unwrap_or_default().to_owned())
        })
        .to_vec();
    assert_eq!(levels[0].as_deref(), Some("medium"));
    assert!(levels[1].as_deref().is_none_or(|l| l == "low"), "{levels:?}");
    assert_eq!(levels[2], None);
}

#[test]
fn the_table_fits_and_colours_only_on_request() {
    for width in ["60", "80", "120"] {
        let plain = finish(dbaudit(&["check", BOOKING]).env("COLUMNS", width));
        let limit: usize = width.parse().expect("a number");
        for line in plain.stdout.lines() {
            assert!(line.chars().count() <= limit, "wider than {width}: {line}");
        }
        assert!(!plain.stdout.contains('\u{1b}'), "no colour without a terminal");
    }
    assert!(run(&["check", BOOKING, "--color", "always"]).stdout.contains('\u{1b}'));
    let forced = finish(dbaudit(&["check", BOOKING]).env("CLICOLOR_FORCE", "1"));
    assert!(forced.stdout.contains('\u{1b}'));
    let never = finish(dbaudit(&["check", BOOKING]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
    assert!(!never.stdout.contains('\u{1b}'), "NO_COLOR wins");
}

#[test]
fn standard_input_and_folders() {
    let (from_file, _) = check(&[BOOKING]);
    let piped = finish(dbaudit(&["check", "--format", "json", "-"]).write_stdin(schema()));
    let piped: Value = serde_json::from_str(&piped.stdout).expect("JSON");
    assert_eq!(essence(&piped), essence(&from_file));

    let folder = folder();
    fs::write(folder.path().join("1_tables.up.sql"), schema()).expect("written");
    fs::write(folder.path().join("1_tables.down.sql"), "DROP TABLE reservation, show, auth_user;").expect("written");
    fs::write(
        folder.path().join("10_guard.up.sql"),
        "CREATE UNIQUE INDEX reservation_pair ON reservation (show_id, user_id);",
    )
    .expect("written");
    fs::write(folder.path().join("2_drop.up.sql"), "DROP INDEX IF EXISTS reservation_pair;").expect("written");
    let (migrated, _) = check(&[&folder.path().display().to_string()]);
    let rules: BTreeSet<&str> = findings(&migrated).iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(rules.contains("negative-counter") && !rules.contains("missing-unique-pair"), "{rules:?}");
}

#[test]
fn several_sources_in_one_report_and_one_that_fails() {
    let folder = folder();
    let broken = folder.path().join("broken.json").display().to_string();
    fs::write(&broken, "{\"dbaudit_snapshot\": 1, \"catalog\"").expect("written");
    let run = run(&["check", "--format", "json", BOOKING, &broken]);
    assert_eq!(run.code, 2, "one source could not be audited");
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let audits = report["audits"].as_array().expect("audits");
    assert_eq!(audits.len(), 2);
    assert!(!audits[0]["findings"].as_array().expect("findings").is_empty());
    assert!(audits[1]["error"].as_str().is_some_and(|e| !e.is_empty()), "{report:#}");
    assert!(run.stderr.contains("broken.json"), "{}", run.stderr);
}

#[test]
fn the_environment_names_the_database() {
    let database = Postgres::shared().database();
    database.run(&schema());
    let by_url = finish(dbaudit(&["check"]).env("DATABASE_URL", &database.url));
    assert_eq!(by_url.code, 1, "{}", by_url.stderr);
    let named = finish(dbaudit(&["check", "--url-env", "AUDIT_URL"]).env("AUDIT_URL", &database.url));
    assert_eq!(named.code, 1, "{}", named.stderr);
    let libpq = finish(
        dbaudit(&["check"])
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", Postgres::shared().port().to_string())
            .env("PGUSER", "postgres")
            .env("PGSSLMODE", "disable")
            .env("PGDATABASE", &database.name),
    );
    assert_eq!(libpq.code, 1, "{}", libpq.stderr);
    let folder = folder();
    let file = folder.path().join("dsn").display().to_string();
    fs::write(&file, format!("# the shop\n{}\n", database.url)).expect("written");
    assert_eq!(run(&["check", "--dsn-file", &file]).code, 1);
    refused(&run(&["check"]), "nothing to read");
}

#[test]
fn as_many_statements_for_3000_tables_as_for_3() {
    let statements = |tables: u32| {
        let database = Postgres::shared().database();
        database.run(&format!(
            "DO $$ BEGIN FOR i IN 1..{tables} LOOP
               EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, slug text NOT NULL, seats int)', i);
             END LOOP; END $$"
        ));
        let run = run(&["check", "-v", "--quiet", &database.url]);
        assert!(run.stderr.contains(&format!("{tables} tables")), "{}", run.stderr);
        let said = run.stderr.split(" statements").next().and_then(|s| s.rsplit(' ').next()).map(str::to_owned);
        said.and_then(|n| n.parse::<u32>().ok()).expect("a number of statements")
    };
    assert_eq!(statements(3), statements(3000));
}

fn refused(run: &Run, because: &str) {
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert_eq!(run.stdout, "", "nothing that could be taken for a report");
    assert!(run.stderr.contains(because), "expected \"{because}\" in: {}", run.stderr);
    assert!(run.stderr.lines().count() <= 4, "one clear error: {}", run.stderr);
}

#[test]
fn files_that_cannot_be_audited() {
    let folder = folder();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        path.display().to_string()
    };
    refused(&run(&["check", "no/such/file.sql"]), "no such file");
    refused(&run(&["check", &file("binary.sql", b"\x7fELF\x00\xff\xfe")]), "not UTF-8 text");
    refused(&run(&["check", &file("nul.sql", b"CREATE TABLE a (id int)\0;")]), "binary file");
    refused(&run(&["check", &file("archive.dump", b"PGDMP\x01\x0e")]), "pg_restore");
    refused(&run(&["check", &file("cut.json", b"{\"dbaudit_snapshot\": 1, \"catalog\": {")]), "cut.json");
    refused(&run(&["check", &file("other.json", b"{\"name\": \"x\"}")]), "not a snapshot");
    refused(&run(&["check", &file("empty.sql", b"")]), "creates no table");
    refused(&run(&["check", &file("data.sql", b"INSERT INTO t VALUES (1);")]), "creates no table");
    fs::create_dir(folder.path().join("none")).expect("made");
    refused(&run(&["check", &folder.path().join("none").display().to_string()]), "no .sql file");
    let half = file("half.sql", b"CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int,;\n");
    let lenient = run(&["check", &half]);
    assert_ne!(lenient.code, 2, "{}", lenient.stderr);
    assert!(lenient.stderr.contains("half.sql:2"), "file and line: {}", lenient.stderr);
    assert_eq!(run(&["check", "--strict", &half]).code, 2);
}

/// What was not understood is said in the report itself, also by way of a snapshot: it is no clean audit of it.
#[test]
fn what_could_not_be_read_is_no_clean_audit() {
    let folder = folder();
    let file = folder.path().join("lost.sql").display().to_string();
    fs::write(
        &file,
        "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int PRIMARY KEY, note text CHECK (note &&& !! 'x' frob), \
         seats int NOT NULL);",
    )
    .expect("written");
    let snapshot = folder.path().join("lost.json").display().to_string();
    assert_eq!(run(&["snapshot", &file, "-o", &snapshot]).code, 0);
    for source in [&file, &snapshot] {
        let (report, _) = check(&[source]);
        assert_eq!(report["skipped"][0]["rule"], "*", "{source}: {report:#}");
        assert!(report["skipped"][0]["reason"].as_str().is_some_and(|r| r.contains("lost.sql:2")), "{report:#}");
        let table = run(&["check", source]);
        assert!(table.stdout.contains("Not looked at: 1 statement"), "{}", table.stdout);
        assert!(!table.stdout.contains("No missing guards found in 2 tables."), "{}", table.stdout);
        assert_eq!(run(&["check", "--strict", source]).code, 2, "{source}");
    }
}

/// Estimates and the like only help to judge: without them the audit is whole, and says what it did without.
#[test]
fn a_part_that_only_helps_is_a_warning() {
    use dbaudit::catalog::{Missing, Part};
    let folder = folder();
    let path = folder.path().join("s.json").display().to_string();
    assert_eq!(run(&["snapshot", BOOKING, "-o", &path]).code, 0);
    let mut catalog = snapshot::read(&fs::read_to_string(&path).expect("read")).expect("a catalog");
    catalog.missing.push(Missing { part: Part::RowEstimates, reason: "no estimates for this user".into() });
    fs::write(&path, snapshot::write(&catalog, "x")).expect("written");
    let (report, _) = check(&[&path, "--strict"]);
    assert_eq!(report["skipped"], serde_json::json!([]));
    let run = run(&["check", &path]);
    assert!(run.stderr.contains("warning: no estimates for this user"), "{}", run.stderr);
}

#[test]
fn the_time_limit_covers_the_connection() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = silent.local_addr().expect("its number").port();
    let began = std::time::Instant::now();
    let url = format!("postgresql://127.0.0.1:{port},127.0.0.1:{port}/x?sslmode=disable");
    refused(&run(&["check", "--timeout", "2", &url]), "--timeout");
    // twice the limit: a wide margin on a busy machine, and far below the 20 s of two connections
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn outputs_are_whole_or_not_there() {
    let folder = folder();
    let path = folder.path().join("report.json");
    fs::write(&path, "old").expect("written");
    let name = path.display().to_string();
    assert_eq!(run(&["check", BOOKING, "--format", "json", "--output", &name]).code, 1);
    let report: Value = serde_json::from_str(&fs::read_to_string(&path).expect("read")).expect("JSON");
    assert_eq!(report["version"], 1);
    let nowhere = folder.path().join("no/such/report.json").display().to_string();
    refused(&run(&["check", BOOKING, "--output", &nowhere]), "cannot write");
    // a source that fails leaves the old report as it was
    fs::write(&path, "old").expect("written");
    refused(&run(&["check", "no/such/file.sql", "--output", &name]), "no such file");
    assert_eq!(fs::read_to_string(&path).expect("read"), "old");
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "no temporary file is left");
}

#[test]
fn servers_that_cannot_be_audited() {
    let server = Postgres::shared();
    let database = server.database();
    refused(&run(&["check", &database.url]), "no tables");
    refused(&run(&["check", &server.url("no_such_database")]), "no_such_database");
    refused(&run(&["check", "postgresql://127.0.0.1:1/x?sslmode=disable"]), "127.0.0.1:1");
    refused(&run(&["check", "postgresql://127.0.0.1/x?sslmod=disable"]), "sslmode");

    let strict = Postgres::builder().access("host all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n").start();
    strict.run("postgres", "CREATE ROLE shop LOGIN PASSWORD 'right'");
    let url = format!("postgresql://shop:unmistakable-s3cret@127.0.0.1:{}/postgres?sslmode=disable", strict.port());
    let wrong = run(&["check", &url]);
    refused(&wrong, "password");
    assert!(!wrong.stderr.contains("unmistakable"), "{}", wrong.stderr);
}

/// Passes bytes on between one client and the server, and hangs up after `limit` bytes from the server. Counts them.
fn cutting_proxy(server: u16, limit: usize) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("its number").port();
    let passed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&passed);
    std::thread::spawn(move || {
        let Ok((mut client, _)) = listener.accept() else { return };
        let mut upstream = TcpStream::connect(("127.0.0.1", server)).expect("the server");
        let mut from_client = client.try_clone().expect("a handle");
        let mut to_server = upstream.try_clone().expect("a handle");
        std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        let mut buffer = [0; 4096];
        while count.load(Ordering::SeqCst) < limit {
            let room = (limit - count.load(Ordering::SeqCst)).min(buffer.len());
            let n = upstream.read(&mut buffer[..room]).unwrap_or(0);
            if n == 0 || client.write_all(&buffer[..n]).is_err() {
                break;
            }
            count.fetch_add(n, Ordering::SeqCst);
        }
        let _ = client.shutdown(std::net::Shutdown::Both);
        let _ = upstream.shutdown(std::net::Shutdown::Both);
    });
    (port, passed)
}

#[test]
fn a_connection_that_is_cut_anywhere_is_never_clean() {
    // with findings and without any
    for (schema, code) in [(schema(), 1), ("CREATE TABLE t (id bigint PRIMARY KEY)".to_owned(), 0)] {
        let database = Postgres::shared().database();
        database.run(&schema);
        let through = |limit: usize| {
            let (port, passed) = cutting_proxy(Postgres::shared().port(), limit);
            let url = format!("postgresql://postgres@127.0.0.1:{port}/{}?sslmode=disable", database.name);
            (run(&["check", "--timeout", "20", &url]), passed)
        };
        let (whole, passed) = through(usize::MAX);
        assert_eq!(whole.code, code, "{}", whole.stderr);
        let total = passed.load(Ordering::SeqCst);
        let mut reports = 0;
        // the last bytes answer the good-bye of a session whose rows are all read
        for limit in (0..20).map(|i| 1 + i * (total - 200) / 20).chain([total - 200]) {
            let (run, _) = through(limit);
            assert_eq!(run.code, 2, "cut after {limit} of {total} bytes: {}", run.stderr);
            if run.stdout.is_empty() {
                assert!(run.stderr.contains("error:"), "{}", run.stderr);
                continue;
            }
            // the schema was read: what was found is told, and what was not heard beside it
            reports += 1;
            assert!(run.stderr.contains("the connection was lost"), "{}", run.stderr);
            let unread = run.stdout.contains("session defaults: could not be read");
            assert!(unread || run.stderr.contains("not all statistics were read"), "{}{}", run.stdout, run.stderr);
        }
        assert!(reports > 0, "no cut fell between the schema and the end");
    }
}

#[test]
fn a_server_that_takes_too_long() {
    let database = Postgres::shared().database();
    database.run(&schema());
    // somebody holds a catalog: the audit waits, and gives up in time
    let url = database.url.clone();
    let holder = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("connected");
            tokio::spawn(connection);
            client
                .batch_execute("BEGIN; LOCK TABLE pg_catalog.pg_constraint IN ACCESS EXCLUSIVE MODE")
                .await
                .expect("locked");
            tokio::time::sleep(std::time::Duration::from_secs(6)).await;
        });
    });
    std::thread::sleep(std::time::Duration::from_millis(800));
    let run = run(&["check", "--timeout", "2", &database.url]);
    holder.join().expect("the holder ends");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    assert!(run.stderr.contains("timeout") || run.stderr.contains("lock"), "{}", run.stderr);
}

#[test]
fn names_that_want_to_be_something_else() {
    let odd = ["a\"b", "new\nline", "Ünïcödé", "x'; DROP TABLE victim; --", "select", "\u{1b}[31mred", "<script>"];
    let database = Postgres::shared().database();
    database.run("CREATE TABLE victim (id int PRIMARY KEY)");
    for name in odd {
        let quoted = name.replace('"', "\"\"");
        database.run(&format!(
            "CREATE TABLE \"{quoted}\" (id bigint PRIMARY KEY, \"{quoted} slug\" text NOT NULL, \"{quoted}_seats\" int NOT NULL)"
        ));
    }
    // a guard may call for another: once a slug is a key, it should not be empty
    for round in 0..2 {
        let (report, _) = check(&[&database.url, "--min-confidence", "low"]);
        for name in odd {
            let mine: Vec<&Value> = findings(&report).iter().filter(|f| f["object"]["table"] == name).collect();
            assert!(round > 0 || !mine.is_empty(), "nothing about {name:?}");
            for f in mine {
                // names may hold line breaks, so the statements are told apart by their end
                for statement in f["guard"]["sql"].as_str().expect("sql").split_inclusive(";\n") {
                    database.run(statement);
                }
            }
        }
    }
    let (report, _) = check(&[&database.url, "--min-confidence", "low"]);
    assert_eq!(findings(&report).len(), 0, "{:#}", report["findings"]);
    let table = run(&["check", &database.url]);
    assert!(!table.stdout.contains('\u{1b}'), "no name may speak to the terminal");
}
