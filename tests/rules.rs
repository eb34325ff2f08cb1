//! Every rule, red to green: a schema with the fault gives the finding, its own statements are applied to a real
//! server, and the finding is gone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use serde_json::Value;
use support::binary::{check, findings};
use support::faults::{FAULTS, Fault};
use support::postgres::{Database, Postgres};

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
    for Fault { rule, schema, .. } in FAULTS {
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

/// The same on a live CockroachDB, where there is one. What its version refuses to make (an index on an expression
/// before 21.2) is said and left out.
#[test]
fn red_then_green_on_cockroachdb() {
    let Some(server) = support::cockroach::Cockroach::shared() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connect = |url: String| {
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        })
    };
    let admin = connect(server.url("defaultdb"));
    let execute = |client: &tokio_postgres::Client, sql: &str| runtime.block_on(client.batch_execute(sql));
    for (i, Fault { rule, schema, .. }) in FAULTS.iter().enumerate() {
        let name = format!("dbaudit_rules_{}_{i}", std::process::id());
        execute(&admin, &format!("CREATE DATABASE {name}")).unwrap();
        let url = server.url(&name);
        let client = connect(url.clone());
        let refused = schema.split_inclusive(';').find_map(|statement| execute(&client, statement).err());
        if let Some(error) = refused {
            eprintln!("NOT RUN on this CockroachDB: {rule}: {error:?}");
        } else {
            let (red, code) = found(&url, rule);
            assert_eq!(code, 1, "{rule} does not see the fault in {schema}");
            for finding in findings(&red) {
                for statement in finding["guard"]["sql"].as_str().unwrap().lines() {
                    let done = execute(&client, statement);
                    assert!(done.is_ok(), "{rule}: {statement}: {done:?}");
                }
            }
            let (green, code) = found(&url, rule);
            assert_eq!(code, 0, "{rule} still finds {:#}", green["findings"]);
        }
        execute(&admin, &format!("DROP DATABASE {name} CASCADE")).unwrap();
    }
}

#[test]
fn every_rule_has_a_fault_here() {
    // what needs statements to be seen has its cases in tests/statements.rs
    let by_schema = |r: &&&dbaudit::rules::Rule| !r.needs.contains(&dbaudit::catalog::Part::Statements);
    for rule in dbaudit::rules::RULES.iter().filter(by_schema) {
        assert!(FAULTS.iter().any(|f| f.rule == rule.id), "{} is not tested", rule.id);
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

/// 0.3 - 0.1 - 0.2 is below 0 in floating point, and the CHECK compares exactly once the type is changed.
#[test]
fn money_is_spent_to_the_last_cent() {
    let database = Postgres::shared().database();
    database.run("CREATE TABLE account (id bigint PRIMARY KEY, balance float8 NOT NULL CHECK (balance >= 0))");
    database.run("INSERT INTO account VALUES (1, 0.3)");
    let spend = |amount: &str| database.run(&format!("UPDATE account SET balance = balance - {amount}"));
    spend("0.1");
    assert!(std::panic::catch_unwind(|| spend("0.2")).is_err(), "floating point has become exact");
    let (red, _) = found(&database.url, "float-money");
    assert_eq!(findings(&red).len(), 1, "{red:#}");
    apply(&database, &red);
    database.run("UPDATE account SET balance = 0.3");
    spend("0.1");
    spend("0.2");
    assert!(std::panic::catch_unwind(|| spend("0.01")).is_err(), "the CHECK is gone");
}

/// An index ON ONLY a partitioned table holds for nothing until the partitions have theirs, and REINDEX adds none.
#[test]
fn an_index_without_its_partitions() {
    for key in [
        "CREATE UNIQUE INDEX t_code ON ONLY t (code, at)",
        "ALTER TABLE ONLY t ADD CONSTRAINT t_code UNIQUE (code, at)",
    ] {
        let database = Postgres::shared().database();
        database.run(
            "CREATE TABLE t (at date NOT NULL, code text NOT NULL) PARTITION BY RANGE (at);
             CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
             CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');",
        );
        database.run(key);
        let (red, _) = found(&database.url, "unvalidated-constraint");
        assert_eq!(findings(&red).len(), 1, "{red:#}");
        apply(&database, &red);
        let (green, code) = found(&database.url, "unvalidated-constraint");
        assert_eq!(code, 0, "{green:#}");
    }
}

/// What is guarded in another way is not asked for.
#[test]
fn nothing_is_asked_for_that_is_implied() {
    let database = Postgres::shared().database();
    database.run(
        "CREATE DOMAIN seats AS int CHECK (VALUE BETWEEN 0 AND 1000);
         CREATE TABLE show (id bigint PRIMARY KEY, slug text NOT NULL, seats seats NOT NULL, stock int NOT NULL,
           total_count int GENERATED ALWAYS AS (stock + 1) STORED, CONSTRAINT c CHECK (NOT (stock < 0)),
           CHECK (slug <> ''));
         CREATE UNIQUE INDEX ON show (lower(slug));
         CREATE TABLE person (id bigint PRIMARY KEY);
         CREATE TABLE reservation (show_id bigint NOT NULL REFERENCES show, person_id bigint NOT NULL REFERENCES person,
           PRIMARY KEY (person_id, show_id));",
    );
    let (report, _) = check(&[&database.url, "--min-confidence", "low"]);
    let implied = ["show_slug_key", "show_seats_check", "show_stock_check", "show_total_count_check"];
    for finding in findings(&report) {
        let name = finding["guard"]["name"].as_str().expect("a name");
        assert!(!implied.contains(&name) && finding["object"]["table"] != "reservation", "{finding:#}");
    }
}
