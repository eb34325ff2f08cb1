//! `--statements` against running servers: PostgreSQL with pg_stat_statements always, CockroachDB where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

#[path = "support/binary.rs"]
#[allow(dead_code)]
mod binary;
#[path = "support/cockroach.rs"]
#[allow(dead_code)]
mod cockroach;
#[path = "support/postgres.rs"]
#[allow(dead_code)]
mod postgres;

use std::sync::OnceLock;

use binary::{check, findings, run};
use cockroach::Cockroach;
use postgres::Postgres;
use serde_json::Value;
use tokio_postgres::NoTls;

/// A server that counts statements.
fn server() -> &'static Postgres {
    static SERVER: OnceLock<&Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Postgres::counting();
        server.run("postgres", "CREATE ROLE auditor LOGIN");
        server
    })
}

const SCHEMA: &str = "
    CREATE TABLE show (id bigint PRIMARY KEY, title text NOT NULL, available_seats int NOT NULL);
    CREATE TABLE person (id bigint PRIMARY KEY, name text NOT NULL);
    CREATE TABLE reservation (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, show_id bigint NOT NULL REFERENCES show,
      user_id bigint NOT NULL REFERENCES person);
    INSERT INTO show VALUES (1, 'Hamlet', 5); INSERT INTO person VALUES (7, 'S3CRET');";

/// Sends statements as an application does, each prepared and with its values beside it.
fn play(url: &str, statements: &[(&str, &[i64])]) {
    let work = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let task = tokio::spawn(connection);
        for (sql, values) in statements {
            if values.is_empty() {
                client.batch_execute(sql).await.unwrap_or_else(|e| panic!("{e:?}: {sql}"));
                continue;
            }
            let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = values.iter().map(|v| v as _).collect();
            client.execute(*sql, &values).await.unwrap_or_else(|e| panic!("{e:?}: {sql}"));
        }
        drop(client);
        let _ = task.await;
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

const VULNERABLE: &[(&str, &[i64])] = &[
    ("SELECT show.id, show.title, show.available_seats FROM show WHERE show.id = $1::int8 LIMIT 21", &[1]),
    ("UPDATE show SET title = 'S3CRET', available_seats = $1::int8 WHERE show.id = $2::int8", &[4, 1]),
    ("SELECT 1 AS a FROM reservation WHERE (show_id = $1::int8 AND user_id = $2::int8) LIMIT 1", &[1, 7]),
    ("INSERT INTO reservation (show_id, user_id) VALUES ($1::int8, $2::int8)", &[1, 7]),
    (
        "UPDATE show SET available_seats = available_seats - $1::int8 WHERE id = $2::int8 AND available_seats > 0",
        &[1, 1],
    ),
];

const REMEDIED: &[(&str, &[i64])] = &[
    ("SELECT show.id, show.title, show.available_seats FROM show WHERE show.id = $1::int8 LIMIT 21", &[1]),
    (
        "UPDATE show SET available_seats = available_seats - $1::int8 WHERE id = $2::int8 AND available_seats >= $1::int8",
        &[1, 1],
    ),
    ("BEGIN", &[]),
    ("SELECT show.id, show.title, show.available_seats FROM show WHERE show.id = $1::int8 FOR UPDATE", &[1]),
    ("UPDATE show SET title = 'Hamlet', available_seats = $1::int8 WHERE show.id = $2::int8", &[4, 1]),
    ("COMMIT", &[]),
    ("SELECT 1 AS a FROM reservation WHERE (show_id = $1::int8 AND user_id = $2::int8) LIMIT 1", &[1, 7]),
    (
        "INSERT INTO reservation (show_id, user_id) VALUES ($1::int8, $2::int8) ON CONFLICT (show_id, user_id) DO NOTHING",
        &[1, 7],
    ),
];

const KEYS: &str = "
    ALTER TABLE show ADD CHECK (available_seats >= 0);
    ALTER TABLE reservation ADD UNIQUE (show_id, user_id);";

fn rules(report: &Value) -> Vec<String> {
    let told = findings(report).iter().filter(|f| f["statements"].is_array());
    let mut all: Vec<String> =
        told.map(|f| format!("{} {}", f["rule"], f["object"]["columns"]).replace('"', "")).collect();
    all.sort();
    all
}

#[test]
fn the_vulnerable_application_is_found_and_the_remedied_is_not() {
    let database = server().database();
    database.run(&format!("CREATE EXTENSION pg_stat_statements; {SCHEMA}"));
    play(&database.url, VULNERABLE);
    let (report, code) = check(&["--statements", &database.url]);
    assert_eq!(code, 1);
    assert_eq!(
        rules(&report),
        ["check-then-insert [show_id,user_id]", "lost-update [available_seats]", "stated-condition [available_seats]"]
    );
    assert_eq!(report["skipped"], Value::Array(vec![]));
    assert!(!report.to_string().contains("S3CRET"), "{report}");
    let lost = findings(&report).iter().find(|f| f["rule"] == "lost-update").unwrap();
    let said = lost["statements"].as_array().unwrap();
    assert!(
        said.iter().all(|s| s["transaction"] == "unknown" && s["application"].is_null() && s["count"] == 1),
        "{said:?}"
    );

    // the race that code alone can close has no migration, and that is said
    let migrate = run(&["migrate", &database.url, "--statements", "--dry-run"]);
    assert_eq!(migrate.code, 0, "{}", migrate.stderr);
    assert!(
        migrate.stdout.contains("check-then-insert") && !migrate.stdout.contains("lost-update"),
        "{}",
        migrate.stdout
    );
    assert!(migrate.stderr.contains("lost-update on public.show"), "{}", migrate.stderr);

    // without the option nothing of it is known, and nothing is missing
    let (silent, _) = check(&[&database.url]);
    assert_eq!(rules(&silent), [] as [&str; 0]);
    assert_eq!(silent["skipped"], Value::Array(vec![]));

    let remedied = server().database();
    remedied.run(&format!("CREATE EXTENSION pg_stat_statements; {SCHEMA} {KEYS}"));
    play(&remedied.url, REMEDIED);
    let (report, _) = check(&["--statements", "--min-confidence", "low", &remedied.url]);
    assert_eq!(rules(&report), [] as [&str; 0]);
}

/// With the key that is proposed, the INSERT that is advised leaves out what is there: also where the key is over lower
/// case, or over some of the rows.
#[test]
fn the_insert_that_is_advised_goes_by_the_key_that_is_proposed() {
    let database = server().database();
    database.run(
        "CREATE EXTENSION pg_stat_statements;
         CREATE TABLE tag (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text NOT NULL);
         CREATE TABLE page (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, slug text NOT NULL, lang text NOT NULL,
           deleted_at timestamptz);",
    );
    for sql in [
        "SELECT 1 AS one FROM tag WHERE lower(tag.label) = lower('x') LIMIT 1",
        "INSERT INTO tag (label) VALUES ('x')",
        "SELECT 1 AS a FROM page WHERE slug = 'x' AND lang = 'en' AND deleted_at IS NULL LIMIT 1",
        "INSERT INTO page (slug, lang) VALUES ('x', 'en')",
        "INSERT INTO page (slug, lang, deleted_at) VALUES ('x', 'en', now())",
    ] {
        database.run(sql);
    }
    let (report, _) = check(&["--statements", &database.url]);
    for (table, rows, kept) in [
        (
            "tag",
            ["(label) VALUES ('y')", "(label) VALUES ('Y')"],
            "SELECT count(*) = 1 FROM tag WHERE lower(label) = 'y'",
        ),
        (
            "page",
            ["(slug, lang) VALUES ('y', 'en')", "(slug, lang) VALUES ('y', 'en')"],
            "SELECT count(*) = 1 FROM page WHERE slug = 'y'",
        ),
    ] {
        let of_table = |f: &&Value| f["rule"] == "check-then-insert" && f["object"]["table"] == table;
        let finding = findings(&report).iter().find(of_table).unwrap_or_else(|| panic!("{table} is not found"));
        database.run(finding["guard"]["sql"].as_str().unwrap());
        let remedies = finding["remedies"].as_array().unwrap();
        let sql = remedies.iter().find(|r| r["framework"] == "SQL").unwrap()["text"].as_str().unwrap();
        for row in rows {
            let insert = sql.replace("(…) VALUES (…)", row);
            assert!(insert.contains(row), "{insert}");
            database.run(&insert);
        }
        database.run(&format!("DO $$ BEGIN ASSERT ({kept}); END $$"));
    }
}

#[test]
fn the_extension_may_be_in_any_schema_and_other_databases_do_not_count() {
    let other = server().database();
    other.run(SCHEMA);
    play(&other.url, VULNERABLE);
    let database = server().database();
    database
        .run(&format!("CREATE SCHEMA \"Of Them\"; CREATE EXTENSION pg_stat_statements SCHEMA \"Of Them\"; {SCHEMA}"));
    let (report, _) = check(&["--statements", &database.url]);
    assert_eq!(rules(&report), [] as [&str; 0]);
    assert_eq!(report["skipped"], Value::Array(vec![]));
}

/// The reason for which a rule of statements could not look.
fn skipped(report: &Value, rule: &str) -> String {
    let skipped = report["skipped"].as_array().unwrap();
    let reason = skipped.iter().find(|s| s["rule"] == rule).unwrap_or_else(|| panic!("{rule} looked: {skipped:?}"));
    reason["reason"].as_str().unwrap().to_owned()
}

#[test]
fn what_cannot_be_heard_is_said_with_what_to_do() {
    let database = server().database();
    database.run(SCHEMA);
    let (report, code) = check(&["--statements", &database.url]);
    assert!(skipped(&report, "lost-update").contains("CREATE EXTENSION pg_stat_statements"));
    assert!(
        skipped(&report, "check-then-insert").contains(&format!("not installed in database \"{}\"", database.name))
    );
    assert_eq!(code, 1, "the rest is reported");
    assert!(!findings(&report).is_empty());

    // another user sees that there are statements, and not which
    database.run("CREATE EXTENSION pg_stat_statements");
    play(&database.url, VULNERABLE);
    let url = database.url.replace("postgres@", "auditor@");
    let (report, _) = check(&["--statements", &url]);
    let hidden = skipped(&report, "lost-update");
    assert!(
        hidden.contains("are hidden from this one") && hidden.contains("GRANT pg_read_all_stats TO auditor"),
        "{hidden}"
    );
    assert_eq!(rules(&report), [] as [&str; 0]);
    let table = run(&["check", "--statements", &url]);
    assert!(table.stdout.contains("Not looked for:"), "{}", table.stdout);

    // statistics that were turned off are no silence of the application
    let off = server().database();
    off.run(&format!(
        "CREATE EXTENSION pg_stat_statements; ALTER DATABASE {} SET pg_stat_statements.track = 'none'",
        off.name
    ));
    off.run(SCHEMA);
    off.run(&format!(
        "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = '{}'))",
        off.name
    ));
    let (report, _) = check(&["--statements", &off.url]);
    let reason = skipped(&report, "lost-update");
    assert!(reason.contains("pg_stat_statements.track is none"), "{reason}");
}

/// What was sent before counting was turned off is told, and that it is not all.
#[test]
fn statistics_that_are_turned_off_are_named_though_some_are_left() {
    // roles and what all sessions begin with are the whole server's
    let own = Postgres::builder().config("shared_preload_libraries", "pg_stat_statements").start();
    own.run("postgres", &format!("CREATE EXTENSION pg_stat_statements; CREATE ROLE app; {SCHEMA}"));
    let url = own.url("postgres");
    play(&url, VULNERABLE);
    assert_eq!(check(&["--statements", &url]).0["skipped"], Value::Array(vec![]));
    own.run(
        "postgres",
        "ALTER DATABASE postgres SET pg_stat_statements.track = 'none'; ALTER ROLE app SET compute_query_id = off;
         ALTER DATABASE template1 SET compute_query_id = off",
    );
    let (report, _) = check(&["--statements", &url]);
    assert!(rules(&report).contains(&"lost-update [available_seats]".to_owned()), "{report}");
    let told: Vec<&str> = report["skipped"].as_array().unwrap().iter().map(|s| s["reason"].as_str().unwrap()).collect();
    let [query_id, track] = told.as_slice() else { panic!("{told:?}") };
    assert!(query_id.starts_with("compute_query_id is off for role app: statements are not counted"), "{query_id}");
    assert!(track.starts_with("pg_stat_statements.track is none in database postgres:"), "{track}");

    // without an identifier no statement is counted
    own.run("postgres", "ALTER DATABASE postgres RESET ALL; ALTER ROLE app RESET ALL");
    own.run("postgres", "ALTER SYSTEM SET compute_query_id = off");
    own.run("postgres", "SELECT pg_reload_conf()");
    let reason = (0..100).find_map(|_| {
        own.run("postgres", "SELECT pg_sleep(0.05), pg_stat_statements_reset()");
        let (report, _) = check(&["--statements", &url]);
        let reason = report["skipped"][0]["reason"].as_str().unwrap_or_default().to_owned();
        reason.contains("compute_query_id is off: statements are not counted").then_some(report)
    });
    assert!(
        skipped(&reason.expect("its name"), "lost-update").contains("hold no statement of database \"postgres\": ")
    );
}

/// The file of the texts may go: nobody's privileges bring them back.
#[test]
fn texts_that_are_lost_are_no_matter_of_privileges() {
    let own = Postgres::builder().config("shared_preload_libraries", "pg_stat_statements").start();
    own.run("postgres", &format!("CREATE EXTENSION pg_stat_statements; {SCHEMA}"));
    let url = own.url("postgres");
    play(&url, VULNERABLE);
    // what the audit sends is known from here on
    check(&["--statements", &url]);
    std::fs::remove_file(own.socket_folder().join("data/pg_stat_tmp/pgss_query_texts.stat")).unwrap();
    for _ in 0..2 {
        let (report, _) = check(&["--statements", &url]);
        let told = skipped(&report, "lost-update");
        assert!(told.contains("lost") && told.contains("SELECT pg_stat_statements_reset()"), "{told}");
        assert!(!report["skipped"].to_string().contains("GRANT"), "{}", report["skipped"]);
        // a statement that is new begins the file again, with a gap for the others
        play(&url, &[("SELECT title, id FROM show WHERE id = $1::int8", &[1])]);
    }
    own.run("postgres", "SELECT pg_stat_statements_reset()");
    play(&url, VULNERABLE);
    let (report, _) = check(&["--statements", &url]);
    assert!(rules(&report).contains(&"lost-update [available_seats]".to_owned()), "{}", report["skipped"]);
}

#[test]
fn an_extension_in_a_schema_that_is_closed_says_which_grant_opens_it() {
    let database = server().database();
    database
        .run(&format!("CREATE SCHEMA \"Of Them\"; CREATE EXTENSION pg_stat_statements SCHEMA \"Of Them\"; {SCHEMA}"));
    let url = database.url.replace("postgres@", "auditor@");
    let (report, _) = check(&["--statements", &url]);
    let reason = skipped(&report, "lost-update");
    assert!(reason.contains("GRANT USAGE ON SCHEMA \"Of Them\" TO auditor"), "{reason}");
}

/// PostgreSQL cuts no text off, whatever its length.
#[test]
fn a_statement_of_any_length_is_read() {
    let database = server().database();
    database.run(&format!("CREATE EXTENSION pg_stat_statements; {SCHEMA}"));
    let sql = "UPDATE show SET title = 'x' || $1::int8 WHERE id = $2::int8";
    for length in [1023, 1024, 2047, 2048] {
        let padded = sql.replace("WHERE", &format!("WHERE{}", " ".repeat(length - sql.len())));
        play(&database.url, &[(&padded, &[1, 1])]);
    }
    let (report, _) = check(&["--statements", &database.url]);
    assert_eq!(report["skipped"], Value::Array(vec![]));
}

#[test]
fn a_server_without_the_library_says_so() {
    let database = Postgres::shared().database();
    database.run(&format!("CREATE EXTENSION pg_stat_statements; {SCHEMA}"));
    let (report, _) = check(&["--statements", &database.url]);
    let reason = skipped(&report, "lost-update");
    assert!(reason.contains("shared_preload_libraries"), "{reason}");
}

#[test]
fn a_file_keeps_no_statistics() {
    for source in ["examples/booking.sql", "-"] {
        let run = run(&["check", "--statements", source]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("--statements reads the statistics of a running server"), "{}", run.stderr);
    }
}

#[test]
fn on_cockroachdb_the_application_and_its_transactions_are_named() {
    let Some(server) = Cockroach::shared() else { return };
    let database = server.database("statements");
    let url = database.url.clone();
    let sep = if url.contains('?') { '&' } else { '?' };
    let web = format!("{url}{sep}application_name=booking-web-{}", std::process::id());
    // each statement of the schema by itself
    let schema = SCHEMA.replace("GENERATED ALWAYS AS IDENTITY", "DEFAULT unique_rowid()");
    database.run(&schema.replace(';', ";\n"));
    play(&web, VULNERABLE);
    play(&web, &[("SELECT * FROM show WHERE id = $1::int8 FOR UPDATE", &[1])]);
    let (report, _) = check(&["--statements", &url]);
    let found = rules(&report);
    for rule in [
        "check-then-insert [show_id,user_id]",
        "lost-update [available_seats]",
        "stated-condition [available_seats]",
        "lock-in-autocommit []",
    ] {
        assert!(found.iter().any(|f| f == rule), "{rule} of {found:?}");
    }
    let lost = findings(&report).iter().find(|f| f["rule"] == "lost-update").unwrap();
    let said = lost["statements"].as_array().unwrap();
    let mine = |s: &&Value| s["application"].as_str().is_some_and(|a| a.starts_with("booking-web-"));
    assert!(
        said.iter().filter(mine).all(|s| s["transaction"] == "implicit") && said.iter().any(|s| mine(&s)),
        "{said:?}"
    );
    assert!(!report.to_string().contains("S3CRET"), "{report}");
}

/// What dbaudit itself asks the rows is no statement of the application, and statistics without one are not a clean audit.
#[test]
fn the_audit_does_not_hear_itself() {
    let database = server().database();
    database.run(&format!("CREATE EXTENSION pg_stat_statements; {SCHEMA}"));
    check(&["--verify", &database.url]);
    let own = "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)";
    database.run(own);
    check(&["--verify", &database.url]);
    let kept =
        "DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%/* dbaudit */%') > 0; END $$";
    database.run(kept);
    let (report, _) = check(&["--statements", &database.url]);
    assert!(skipped(&report, "lost-update").contains("no statement about the tables"), "{}", report["skipped"]);
}
