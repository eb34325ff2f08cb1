//! Every rule, red to green: a schema with the fault gives the finding, its own statements are applied to a real
//! server, and the finding is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use serde_json::Value;
use support::binary::{check, findings};
use support::postgres::{Database, Postgres};

/// Rule, and a schema with its fault.
const FAULTS: &[(&str, &str)] = &[
    (
        "missing-unique-key",
        "CREATE TABLE account (id bigint PRIMARY KEY, username varchar(80) NOT NULL, bio text, age int);",
    ),
    (
        "missing-scoped-key",
        "CREATE TABLE org (id bigint PRIMARY KEY);
         CREATE TABLE team (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, slug varchar(50) NOT NULL);",
    ),
    (
        "missing-unique-pair",
        "CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE person (id bigint PRIMARY KEY);
         CREATE TABLE reservation (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES show,
           person_id bigint NOT NULL REFERENCES person, created_at timestamptz NOT NULL);",
    ),
    ("missing-primary-key", "CREATE TABLE rate (currency text, value numeric NOT NULL);"),
    ("missing-primary-key", "CREATE TABLE rate (id bigint NOT NULL, value numeric NOT NULL);"),
    ("negative-counter", "CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL DEFAULT 0);"),
    (
        "nullable-unique",
        "CREATE TABLE member (id bigint PRIMARY KEY, email text NOT NULL, deleted_at timestamptz,
           CONSTRAINT live UNIQUE (email, deleted_at));",
    ),
    (
        "nullable-unique",
        "CREATE TABLE folder (id bigint PRIMARY KEY, parent_id bigint REFERENCES folder, name text NOT NULL, deleted_at
           timestamptz, UNIQUE (parent_id, name, deleted_at));",
    ),
    (
        "unvalidated-constraint",
        "CREATE TABLE show (id bigint PRIMARY KEY, seats int NOT NULL);
         ALTER TABLE show ADD CONSTRAINT seats_check CHECK (seats >= 0) NOT VALID;",
    ),
    (
        "unvalidated-constraint",
        "CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE seat (id bigint PRIMARY KEY, show_id bigint NOT NULL);
         ALTER TABLE seat ADD CONSTRAINT seat_show FOREIGN KEY (show_id) REFERENCES show (id) NOT VALID;",
    ),
];

fn found(url: &str, rule: &str) -> (Value, i32) {
    check(&[url, "--rule", rule, "--min-confidence", "low"])
}

fn apply(database: &Database, report: &Value) {
    for finding in findings(report) {
        // one statement a transaction, as the guard is documented
        for statement in finding["guard"]["sql"].as_str().expect("sql").lines() {
            database.run(statement);
        }
    }
}

#[test]
fn red_then_green_by_its_own_guard() {
    for (rule, schema) in FAULTS {
        let database = Postgres::shared().database();
        database.run(schema);
        let (red, code) = found(&database.url, rule);
        assert_eq!(code, 1, "{rule} does not see the fault in {schema}");
        assert!(findings(&red).iter().all(|f| f["rule"] == *rule));
        apply(&database, &red);
        let (green, code) = found(&database.url, rule);
        assert_eq!(code, 0, "{rule} still finds {:#}", green["findings"]);
    }
}

#[test]
fn every_rule_has_a_fault_here() {
    for rule in dbaudit::rules::RULES {
        assert!(FAULTS.iter().any(|(id, _)| id == &rule.id), "{} is not tested", rule.id);
    }
}

/// A failed concurrent build leaves an invalid index behind: found, and healed once the duplicates are gone.
#[test]
fn an_index_whose_build_failed() {
    let database = Postgres::shared().database();
    database.run("CREATE TABLE t (id bigint PRIMARY KEY, code text NOT NULL)");
    database.run("INSERT INTO t VALUES (1, 'a'), (2, 'a')");
    let broken = std::panic::catch_unwind(|| database.run("CREATE UNIQUE INDEX CONCURRENTLY t_code_key ON t (code)"));
    assert!(broken.is_err(), "the build has to fail on duplicates");
    let (red, _) = found(&database.url, "unvalidated-constraint");
    assert_eq!(findings(&red).len(), 1, "{red:#}");
    database.run("DELETE FROM t WHERE id = 2");
    apply(&database, &red);
    let (green, code) = found(&database.url, "unvalidated-constraint");
    assert_eq!(code, 0, "{green:#}");
}

/// What is guarded in another way is not asked for.
#[test]
fn nothing_is_asked_for_that_is_implied() {
    let database = Postgres::shared().database();
    database.run(
        "CREATE DOMAIN seats AS int CHECK (VALUE BETWEEN 0 AND 1000);
         CREATE TABLE show (id bigint PRIMARY KEY, slug text NOT NULL, seats seats NOT NULL, stock int NOT NULL,
           total_count int GENERATED ALWAYS AS (stock + 1) STORED, CONSTRAINT c CHECK (NOT (stock < 0)));
         CREATE UNIQUE INDEX ON show (lower(slug));
         CREATE TABLE person (id bigint PRIMARY KEY);
         CREATE TABLE reservation (show_id bigint NOT NULL REFERENCES show, person_id bigint NOT NULL REFERENCES person,
           PRIMARY KEY (person_id, show_id));",
    );
    let (report, code) = check(&[&database.url, "--min-confidence", "low"]);
    assert_eq!(code, 0, "{:#}", report["findings"]);
}
