//! What sessions begin with: read from a PostgreSQL that the tests start, and from rows recorded from CockroachDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use dbaudit::evidence::settings::{Setting, judge};
use dbaudit::source::live::{Failure, Recording, ResultSet, assemble, observed};
use serde_json::Value;
use support::binary::{check, run};
use support::postgres::{Database, Postgres};
use support::replay;

/// A schema with one finding at medium confidence: a race.
const SHOW: &str = "CREATE TABLE show (id bigint PRIMARY KEY, title text NOT NULL, available_seats int NOT NULL)";

fn database() -> Database {
    let database = Postgres::shared().database();
    database.run(SHOW);
    database
}

/// `scope name = value` of each setting in a report.
fn lines(report: &Value) -> Vec<String> {
    let text = |s: &Value, key: &str| s[key].as_str().unwrap_or("?").to_owned();
    let line = |s: &Value| format!("{} {} = {}", text(s, "scope"), text(s, "name"), text(s, "value"));
    report["settings"].as_array().unwrap().iter().map(line).collect()
}

fn settings(url: &str) -> (Value, Vec<String>) {
    let (report, _) = check(&[url]);
    let lines = lines(&report);
    (report, lines)
}

#[test]
fn postgresql_begins_with_read_committed_and_that_is_context() {
    let database = database();
    let (report, lines) = settings(&database.url);
    assert_eq!(lines, ["server default_transaction_isolation = read committed"]);
    let setting = &report["settings"][0];
    assert_eq!(setting["in_force"], true);
    let meaning = setting["meaning"].as_str().unwrap();
    assert!(meaning.starts_with("PostgreSQL's own default"), "{meaning}");
    assert!(meaning.contains("SERIALIZABLE would help only where look and write are in one transaction"), "{meaning}");
    // nothing is wrong with it: no finding, no exit code
    assert_eq!(run(&["check", &database.url, "--ignore-rule", "negative-counter"]).code, 0);
    let table = run(&["check", &database.url]).stdout;
    assert!(table.contains("default_transaction_isolation = read committed"), "{table}");
}

#[test]
fn without_a_race_nothing_is_said_of_races() {
    let database = Postgres::shared().database();
    database.run("CREATE TABLE note (id bigint PRIMARY KEY, body text)");
    let (report, _) = settings(&database.url);
    assert_eq!(report["findings"], serde_json::json!([]));
    assert!(!report["settings"][0]["meaning"].as_str().unwrap().contains("finding"), "{report}");
}

#[test]
fn defaults_of_databases_and_roles() {
    // roles are the whole server's
    let own = Postgres::builder().start();
    own.run(
        "postgres",
        "CREATE ROLE app LOGIN;
         CREATE ROLE other LOGIN;
         ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read';
         ALTER DATABASE template1 SET default_transaction_isolation = 'serializable';
         ALTER ROLE app SET default_transaction_isolation = 'serializable';
         ALTER ROLE app IN DATABASE postgres SET session_replication_role = 'replica';
         ALTER ROLE app SET work_mem = '8MB';
         ALTER ROLE app SET \"app.jwt_secret\" = 'PLANTED'",
    );
    own.run("postgres", SHOW);
    let wanted = [
        "role app in database postgres session_replication_role = replica",
        "database postgres default_transaction_isolation = repeatable read",
        "role app default_transaction_isolation = serializable",
    ];
    // one without privileges sees the same, and what a role begins with is not told twice to itself
    for user in ["postgres", "other", "app"] {
        let url = own.url("postgres").replace("postgres@", &format!("{user}@"));
        let (report, lines) = settings(&url);
        assert_eq!(lines, wanted, "{user}");
        assert!(report["settings"][1]["meaning"].as_str().unwrap().contains("40001"), "{report}");
        let all = run(&["check", &url, "-v"]);
        assert!(!all.stdout.contains("PLANTED") && !all.stderr.contains("PLANTED"));
    }
}

/// What all roles begin with is told once, and what is called READ UNCOMMITTED is no default of PostgreSQL.
#[test]
fn defaults_of_all_roles_and_a_level_that_runs_as_another() {
    let own = Postgres::builder().start();
    own.run(
        "postgres",
        "ALTER ROLE ALL SET session_replication_role = 'replica';
         ALTER DATABASE postgres SET default_transaction_isolation = 'read uncommitted'",
    );
    own.run("postgres", &format!("SET session_replication_role = 'origin'; {SHOW}"));
    let (report, lines) = settings(&own.url("postgres"));
    assert_eq!(
        lines,
        [
            "database postgres default_transaction_isolation = read uncommitted",
            "all roles session_replication_role = replica"
        ]
    );
    let meaning = report["settings"][0]["meaning"].as_str().unwrap();
    assert!(meaning.starts_with("runs as READ COMMITTED: each statement sees"), "{meaning}");
}

#[test]
fn settings_of_the_server_and_of_the_connection() {
    let own = Postgres::builder().config("default_transaction_isolation", "repeatable read").start();
    own.run("postgres", SHOW);
    let url = own.url("postgres");
    assert_eq!(settings(&url).1, ["server default_transaction_isolation = repeatable read"]);
    let option = format!("{url}&options=-c%20default_transaction_isolation%3Dserializable");
    assert_eq!(settings(&option).1, ["session default_transaction_isolation = serializable"]);
}

#[test]
fn a_schema_file_and_a_snapshot_have_no_sessions() {
    assert_eq!(check(&["examples/booking.sql"]).0["settings"], serde_json::json!([]));
}

// ---- CockroachDB ----------------------------------------------------------------------------------------------------

/// Name of a query, its columns and its rows.
type Answer<'a> = (&'a str, &'a [&'a str], &'a [&'a [Option<&'a str>]]);

/// A later version, read by `auditor`, with answers in place of the recorded ones.
fn later(version: &str, answers: &[Answer<'_>]) -> Recording {
    let mut recording = replay::statistics();
    recording.version = format!("CockroachDB CCL v{version} (x86_64-pc-linux-gnu)");
    recording.user = "auditor".to_owned();
    for (query, columns, rows) in answers {
        let mut set = ResultSet::new(*query, columns.iter().map(|c| (*c).to_owned()).collect());
        rows.iter().for_each(|row| set.push(row.iter().copied()));
        recording.results.insert((*query).to_owned(), set);
    }
    recording
}

const SESSION: [&str; 3] = ["name", "setting", "source"];
const ROLES: [&str; 3] = ["database", "role", "setting"];

fn judged(recording: &Recording) -> Vec<Setting> {
    let catalog = assemble(recording).unwrap();
    judge(&observed(recording, &catalog).defaults.unwrap(), 2)
}

fn line(s: &Setting) -> String {
    let value = s.value.as_deref().unwrap_or("?");
    format!("{} {} = {value} {:?}", s.scope, s.name, s.in_force)
}

#[test]
fn the_recorded_server_is_serializable_and_root_hears_of_no_role() {
    let settings = judged(&replay::statistics());
    assert_eq!(settings.iter().map(line).collect::<Vec<_>>(), ["session user = root None"]);
    assert!(settings[0].meaning.contains("root gets no defaults"));
    let nobody = later("21.1.0", &[]);
    assert_eq!(judged(&nobody), []);
}

#[test]
fn read_committed_is_in_force_only_where_the_server_gives_it() {
    let session: Answer<'_> = (
        "session_settings",
        &SESSION,
        &[
            &[Some("default_transaction_isolation"), Some("read committed"), None],
            &[Some("enable_implicit_select_for_update"), Some("on"), None],
        ],
    );
    let raised = judged(&later("23.1.4", &[session]));
    assert_eq!(
        raised.iter().map(line).collect::<Vec<_>>(),
        ["session default_transaction_isolation = read committed Some(false)"]
    );
    assert!(raised[0].meaning.contains("run as SERIALIZABLE") && raised[0].meaning.contains("24.1"), "{raised:?}");

    let given: Answer<'_> = ("given_read_committed", &["transaction_isolation"], &[&[Some("read committed")]]);
    let weak = judged(&later("24.2.0", &[session, given]));
    assert_eq!(
        weak.iter().map(line).collect::<Vec<_>>(),
        ["session default_transaction_isolation = read committed Some(true)"]
    );
    assert!(weak[0].meaning.contains("The findings below are open to it"), "{weak:?}");
    assert!(!weak[0].meaning.contains("PostgreSQL"), "{weak:?}");

    let mut unknown = later("24.2.0", &[session]);
    unknown.results.remove("given_read_committed");
    assert_eq!(judged(&unknown)[0].in_force, None, "what was not answered is not known");
}

#[test]
fn defaults_of_roles_on_cockroach() {
    let roles: Answer<'_> = (
        "role_settings",
        &ROLES,
        &[
            &[Some("elsewhere"), None, Some("default_transaction_isolation=read committed")],
            &[Some("dbaudit_record_statistics"), Some("app"), Some("default_transaction_isolation=repeatable read")],
            &[None, Some("app"), Some("default_transaction_use_follower_reads=on")],
            &[None, Some("app"), Some("autocommit_before_ddl=on")],
            &[None, None, Some("enable_implicit_select_for_update=off")],
            &[None, None, Some("default_transaction_isolation=serializable")],
        ],
    );
    let settings = judged(&later("24.3.1", &[roles]));
    assert_eq!(
        settings.iter().map(line).collect::<Vec<_>>(),
        [
            "role app in database dbaudit_record_statistics default_transaction_isolation = repeatable read Some(false)",
            "role app default_transaction_use_follower_reads = on Some(true)",
            "role app autocommit_before_ddl = on Some(true)",
            "all roles enable_implicit_select_for_update = off Some(true)",
        ]
    );
    // from 25.2 on that is how the server is
    assert!(judged(&later("25.2.0", &[roles])).iter().all(|s| s.name != "autocommit_before_ddl"));
}

#[test]
fn what_may_not_be_read_is_said() {
    let mut recording = later("25.1.0", &[]);
    recording.results.remove("role_settings");
    let refused = Failure { code: "42501".into(), message: "no privilege on pg_db_role_setting".into() };
    recording.failures.insert("role_settings".into(), refused);
    let settings = judged(&recording);
    assert_eq!(settings.iter().map(line).collect::<Vec<_>>(), ["server session defaults = ? None"]);
    assert!(settings[0].meaning.contains("no privilege on pg_db_role_setting (SQLSTATE 42501)"), "{settings:?}");
}
