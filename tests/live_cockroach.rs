//! The catalog of a running CockroachDB. Where there is none, these tests say that they did not run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

#[path = "support/binary.rs"]
#[allow(dead_code)]
mod binary;
#[path = "support/cockroach.rs"]
#[allow(dead_code)]
mod cockroach;
#[path = "support/replay.rs"]
#[allow(dead_code)]
mod replay;

use std::time::{Duration, Instant};

use cockroach::Cockroach;
use dbaudit::catalog::*;
use dbaudit::source::live::{FetchOptions, Observe, Recording, assemble, fetch, observe};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Makes the database anew and runs each statement of `sql` by itself.
fn load(server: &Cockroach, database: &str, sql: &str) {
    block_on(async {
        let client = connect(&server.url("defaultdb")).await;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {database} CASCADE")).await.unwrap();
        client.batch_execute(&format!("CREATE DATABASE {database}")).await.unwrap();
        let client = connect(&server.url(database)).await;
        for statement in sql.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
            // settings that later versions no longer have
            let result = client.batch_execute(statement).await;
            if !statement.starts_with("SET experimental") {
                result.unwrap_or_else(|e| panic!("{e:?}: {statement}"));
            }
        }
    });
}

fn record(server: &Cockroach, database: &str) -> Recording {
    block_on(async { fetch(&connect(&server.url(database)).await, &FetchOptions::default()).await.unwrap() })
}

/// The script that made the recorded database, one statement each.
fn zoo() -> String {
    let script = std::fs::read_to_string(replay::recorded("cockroach-21.1/zoo/schema.sql")).unwrap();
    let is_setup = |s: &&str| !s.starts_with("CREATE DATABASE") && !s.starts_with("SET database");
    script.replace("; ", ";\n").lines().filter(is_setup).collect::<Vec<_>>().join("\n")
}

/// What the recorded databases do not have.
const MORE: &str = include_str!("recorded/cockroach-21.1-queries/more.sql");

#[test]
fn the_live_catalog_is_the_one_of_the_recorded_rows() {
    let Some(server) = Cockroach::shared() else { return };
    load(server, "dbaudit_zoo", &zoo());
    let live = assemble(&record(server, "dbaudit_zoo")).unwrap();
    let recorded = assemble(&replay::Server::recorded("zoo").recording()).unwrap();
    let normal = |catalog: Catalog| {
        // from 22.1 a primary key and a foreign key are named after the table
        let mut tables = catalog.tables;
        for table in &mut tables {
            table.primary_key.iter_mut().for_each(|k| k.name = "primary".into());
            table.foreign_keys.iter_mut().for_each(|f| f.name = f.columns.join("_"));
            table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
        }
        tables
    };
    assert_eq!(live.missing, []);
    assert_eq!(normal(live), normal(recorded));
}

#[test]
fn more_constructs() {
    let Some(server) = Cockroach::shared() else { return };
    load(server, "dbaudit_more", MORE);
    let recording = record(server, "dbaudit_more");
    insta::assert_json_snapshot!("more", assemble(&recording).unwrap().tables);
}

#[test]
fn recorded_answers_give_the_same_catalog() {
    let path = replay::recorded("cockroach-21.1-queries");
    for database in ["zoo", "more"] {
        let recording = Recording::read(&path.join(database)).unwrap();
        let catalog = assemble(&recording).unwrap();
        match database {
            "zoo" => assert_eq!(catalog, assemble(&replay::Server::recorded("zoo").recording()).unwrap()),
            _ => insta::assert_json_snapshot!("more", catalog.tables),
        }
    }
}

#[test]
fn as_many_statements_for_many_tables_as_for_few() {
    let Some(server) = Cockroach::shared() else { return };
    let statements = |n: u32| {
        let tables: Vec<String> =
            (0..n).map(|i| format!("CREATE TABLE t{i} (a INT8 PRIMARY KEY, b STRING UNIQUE)")).collect();
        load(server, "dbaudit_many", &tables.join(";\n"));
        let recording = record(server, "dbaudit_many");
        assert_eq!(assemble(&recording).unwrap().tables.len(), n as usize);
        recording.statements
    };
    assert_eq!(statements(3), statements(60));
}

#[test]
fn the_session_cannot_write() {
    let Some(server) = Cockroach::shared() else { return };
    load(server, "dbaudit_session", "CREATE TABLE t (a INT8)");
    block_on(async {
        let client = connect(&server.url("dbaudit_session")).await;
        fetch(&client, &FetchOptions::default()).await.unwrap();
        let error = client.batch_execute("INSERT INTO t VALUES (1)").await.unwrap_err();
        assert!(error.as_db_error().unwrap().message().contains("read-only"), "{error:?}");
        let row = client.query_one("SHOW application_name", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "dbaudit");
    });
}

#[test]
fn a_database_that_does_not_exist_has_no_tables_and_says_why() {
    let Some(server) = Cockroach::shared() else { return };
    let recording = block_on(async {
        let (client, connection) = tokio_postgres::connect(&server.url("dbaudit_nowhere"), NoTls).await.ok()?;
        tokio::spawn(connection);
        fetch(&client, &FetchOptions::default()).await.ok()
    });
    // later versions refuse the connection
    if let Some(recording) = recording {
        assert_eq!(assemble(&recording).unwrap().tables, []);
        assert!(recording.why_empty().contains("\"dbaudit_nowhere\""));
    }
}

/// Ctrl-C and SIGTERM leave no statement behind at the server: here one that waits for what somebody else has written.
#[test]
fn an_interrupt_ends_the_statement() {
    let Some(server) = Cockroach::shared() else { return };
    let rows =
        "CREATE TABLE held (id INT8 PRIMARY KEY, available_seats INT8 NOT NULL);\nINSERT INTO held VALUES (1, 1)";
    load(server, "dbaudit_interrupt", rows);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let url = server.url("dbaudit_interrupt");
    let (holder, watch) = runtime.block_on(async { (connect(&url).await, connect(&url).await) });
    runtime.block_on(holder.batch_execute("BEGIN; UPDATE held SET available_seats = 2")).unwrap();
    // the past that is read has it, too
    std::thread::sleep(Duration::from_secs(11));
    let running = || {
        let sql =
            "SELECT count(*) FROM [SHOW CLUSTER QUERIES] WHERE application_name = 'dbaudit' AND query LIKE '%held%'";
        runtime.block_on(watch.query_one(sql, &[])).unwrap().get::<_, i64>(0)
    };
    let wait_for = |wanted: i64| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while running() != wanted {
            assert!(Instant::now() < deadline, "{} statements run", running());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    for signal in ["-INT", "-TERM"] {
        let run = binary::beside(&["check", &url, "--verify", "--format", "json"], |process| {
            wait_for(1);
            assert!(
                std::process::Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success()
            );
        });
        assert_eq!(run.code, 2, "{signal}: {}", run.stderr);
        assert!(run.stdout.contains("the rows of held were not asked about 1 guard: interrupted"), "{}", run.stdout);
        wait_for(0);
    }
    runtime.block_on(holder.batch_execute("ROLLBACK")).unwrap();
}

/// `cargo test --test live_cockroach -- --ignored` with a v21.1 renews `tests/recorded/cockroach-21.1-queries`.
#[test]
#[ignore = "writes fixtures"]
fn renew_recorded_answers() {
    let Some(server) = Cockroach::shared() else { return };
    for (name, sql) in [("zoo", zoo()), ("more", MORE.to_owned())] {
        let database = format!("dbaudit_record_{name}");
        load(server, &database, &sql);
        record(server, &database).write(&replay::recorded("cockroach-21.1-queries").join(name)).unwrap();
    }
    let folder = replay::recorded("cockroach-21.1-queries");
    let sql = std::fs::read_to_string(folder.join("statistics.sql")).unwrap();
    load(server, "dbaudit_record_statistics", &sql);
    let recording = block_on(async {
        let client = connect(&server.url("dbaudit_record_statistics")).await;
        let mut recording = fetch(&client, &FetchOptions::default()).await.unwrap();
        observe(&client, &mut recording, Observe { statistics: true, defaults: true }).await;
        recording
    });
    recording.write(&folder.join("statistics")).unwrap();
}
