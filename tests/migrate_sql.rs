//! The formats of SQL files, each applied to PostgreSQL as its tool does it: there, and back again. dbmate, Liquibase, sqlx
//! and refinery are the real ones; golang-migrate, goose, Flyway and Atlas are in no registry that the tests use, so what
//! they send is told by their documentation and sources, and their files are kept as snapshots.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::binary::{Run, check, findings, run};
use support::postgres::{Database, Postgres};
use support::tools;
use tempfile::TempDir;

/// The formats of this file.
const FORMATS: &[&str] =
    &["sql", "golang-migrate", "flyway", "liquibase", "dbmate", "goose", "sqlx", "refinery", "atlas"];

/// Names of tables that are orders to one of the tools where they begin a comment, or stand in one.
const ORDERS: [&str; 8] = [
    "migrate:down transaction:false",
    "migrate:up x",
    "+goose Down",
    "atlas:txmode none",
    "no-transaction",
    "changeset a:b",
    "rollback a --b;c",
    "dbaudit: rule a, finding b, step 1 of 1",
];

/// The ticket shop, a key whose way back takes two statements that may not run in one transaction, and names that give
/// orders.
fn schema() -> String {
    let booking = fs::read_to_string("examples/booking.sql").expect("the example");
    let ordering = ORDERS.map(|name| {
        format!("CREATE TABLE \"{name}\" (id bigint PRIMARY KEY, available_seats int NOT NULL, slug text NOT NULL);")
    });
    booking
        + &ordering.concat()
        + "CREATE TABLE member (id bigint PRIMARY KEY, email varchar(200) NOT NULL, nickname text, deleted_at timestamptz, \
           CONSTRAINT member_email_key UNIQUE (email));"
}

fn database() -> Database {
    let database = Postgres::shared().database();
    database.run(&schema());
    database
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn migrate(source: &str, format: &str, folder: &Path, more: &[&str]) -> Run {
    let folder = folder.display().to_string();
    let mut args = vec!["migrate", source, "--min-confidence", "low", "--format", format, "-o", &folder];
    args.extend(more);
    run(&args)
}

/// The same, which must succeed.
fn write(source: &str, format: &str, folder: &Path) {
    let run = migrate(source, format, folder, &[]);
    assert_eq!(run.code, 0, "{format}: {}", run.stderr);
}

/// Paths within the folder and texts, in order.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry")) {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            files.push((name, fs::read_to_string(path).expect("a text file")));
        }
    }
    files.sort();
    files
}

fn texts(folder: &Path, end: &str) -> Vec<String> {
    files(folder).into_iter().filter(|(name, _)| name.ends_with(end)).map(|(_, text)| text).collect()
}

fn missing(database: &Database) -> BTreeSet<String> {
    let (report, _) = check(&[&database.url, "--min-confidence", "low"]);
    findings(&report).iter().map(|f| f["fingerprint"].as_str().expect("a fingerprint").to_owned()).collect()
}

/// Red to green and back: `up` and `down` are what the tool does.
fn there_and_back(format: &str, up: impl Fn(&Database, &Path), down: impl Fn(&Database, &Path)) {
    let (database, folder) = (database(), folder());
    let before = missing(&database);
    assert!(before.len() >= 12, "{before:?}");
    write(&database.url, format, folder.path());
    up(&database, folder.path());
    let after = missing(&database);
    assert!(after.is_disjoint(&before), "{format}: {:?} are still found", after.intersection(&before));
    down(&database, folder.path());
    assert_eq!(missing(&database), before, "{format}: the way back leads to where it began");
}

/// Messages of one session, each on its own as a simple query.
fn session(database: &Database, messages: &[String]) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) =
            tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.expect("a connection");
        let task = tokio::spawn(connection);
        for message in messages {
            if let Err(e) = client.batch_execute(message).await {
                panic!("{e:?}\n{message}");
            }
        }
        drop(client);
        let _ = task.await;
    });
}

/// Statements as tools tell them apart that send them one by one: here none goes on after a `;` at a line's end.
fn statements(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|l| !l.starts_with("--") && !l.is_empty());
    let joined = lines.collect::<Vec<_>>().join("\n");
    joined.split_inclusive(";\n").map(str::to_owned).filter(|s| !s.trim().is_empty()).collect()
}

fn transaction(mut statements: Vec<String>, transactional: bool) -> Vec<String> {
    if transactional {
        statements.insert(0, "BEGIN".to_owned());
        statements.push("COMMIT".to_owned());
    }
    statements
}

#[test]
fn plain_sql() {
    // psql and cockroach sql send a file statement by statement
    let send = |d: &Database, text: &String| session(d, &statements(text));
    there_and_back(
        "sql",
        |d, f| texts(f, ".up.sql").iter().for_each(|t| send(d, t)),
        |d, f| texts(f, ".down.sql").iter().rev().for_each(|t| send(d, t)),
    );
}

#[test]
fn golang_migrate() {
    // database/postgres of golang-migrate v4: a file is one Exec without arguments, which lib/pq sends as one simple query
    there_and_back(
        "golang-migrate",
        |d, f| texts(f, ".up.sql").iter().for_each(|t| d.run(t)),
        |d, f| texts(f, ".down.sql").iter().rev().for_each(|t| d.run(t)),
    );
}

#[test]
fn flyway() {
    // ParserSqlScript: statement by statement, in a transaction unless the .conf says no; undo is by version
    let send = |d: &Database, folder: &Path, kind: char, back: bool| {
        let mut scripts: Vec<(u32, String, String)> = files(folder)
            .into_iter()
            .filter(|(name, _)| name.starts_with(kind) && name.ends_with(".sql"))
            .map(|(name, text)| (name[1..].split("__").next().unwrap().parse().unwrap(), name, text))
            .collect();
        scripts.sort();
        if back {
            scripts.reverse();
        }
        assert!(!scripts.is_empty());
        for (_, name, text) in scripts {
            let settings = fs::read_to_string(folder.join(format!("{name}.conf"))).unwrap_or_default();
            session(d, &transaction(statements(&text), !settings.contains("executeInTransaction=false")));
        }
    };
    there_and_back("flyway", |d, f| send(d, f, 'V', false), |d, f| send(d, f, 'U', true));
}

#[test]
fn goose() {
    // internal/sqlparser of goose v3
    let parse = |text: &str, down: bool| {
        let (up, back) = text.split_once("-- +goose Down\n").expect("both ways");
        let up = up.split_once("-- +goose Up\n").expect("a way up").1;
        let way = if down { back } else { up };
        let (mut out, mut buffer, mut whole) = (Vec::new(), String::new(), false);
        for line in way.lines() {
            match line {
                "-- +goose StatementBegin" => whole = true,
                "-- +goose StatementEnd" => {
                    whole = false;
                    out.push(std::mem::take(&mut buffer));
                }
                _ if buffer.is_empty() && (line.starts_with("--") || line.is_empty()) => {}
                _ => {
                    buffer += &format!("{line}\n");
                    if !whole && line.ends_with(';') {
                        out.push(std::mem::take(&mut buffer));
                    }
                }
            }
        }
        assert!(buffer.is_empty() && !whole, "unfinished: {buffer}");
        transaction(out, !text.contains("-- +goose NO TRANSACTION\n"))
    };
    there_and_back(
        "goose",
        |d, f| texts(f, ".sql").iter().for_each(|t| session(d, &parse(t, false))),
        |d, f| texts(f, ".sql").iter().rev().for_each(|t| session(d, &parse(t, true))),
    );
}

#[test]
fn atlas() {
    // a file's statements one by one, in a transaction unless the head says no; ways back are planned by Atlas itself, and
    // stand in a comment here
    let up = |d: &Database, text: &String| {
        let (head, _) = text.split_once("\n\n").expect("a head");
        let head_says_no = head.lines().any(|l| l == "-- atlas:txmode none");
        session(d, &transaction(statements(text), !head_says_no));
    };
    there_and_back(
        "atlas",
        |d, f| texts(f, ".sql").iter().for_each(|t| up(d, t)),
        |d, f| texts(f, ".sql").iter().rev().for_each(|t| session(d, &by_hand(t))),
    );
}

/// The way back that stands in a comment.
fn by_hand(text: &str) -> Vec<String> {
    let (_, back) = text.split_once("-- The way back, by hand:\n").unwrap_or_default();
    back.lines().map_while(|l| l.strip_prefix("--   ")).map(str::to_owned).collect()
}

#[test]
fn refinery_itself() {
    let up = |d: &Database, folder: &Path| {
        let migrations = refinery_core::load_sql_migrations(folder).expect("migrations");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (mut client, connection) =
                tokio_postgres::connect(&d.url, tokio_postgres::NoTls).await.expect("a connection");
            let task = tokio::spawn(connection);
            let done = refinery_core::Runner::new(&migrations).run_async(&mut client).await.expect("migrated");
            assert_eq!(done.applied_migrations().len(), files(folder).len(), "every file is one for refinery");
            drop(client);
            let _ = task.await;
        });
        d.run("DROP TABLE refinery_schema_history");
    };
    let down = |d: &Database, folder: &Path| {
        let number = |name: &str| name[1..].split("__").next().and_then(|n| n.parse::<u32>().ok());
        let mut all = files(folder);
        all.sort_by_key(|(name, _)| std::cmp::Reverse(number(name)));
        all.iter().for_each(|(_, text)| session(d, &by_hand(text)));
    };
    there_and_back("refinery", up, down);
}

#[test]
fn sqlx_itself() {
    let run = |d: &Database, folder: &Path, back: bool| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let pool = sqlx::PgPool::connect(&d.url).await.expect("a connection");
            let migrator = sqlx::migrate::Migrator::new(folder).await.expect("migrations");
            match back {
                false => migrator.run(&pool).await.expect("migrated"),
                true => migrator.undo(&pool, 0).await.expect("undone"),
            }
            pool.close().await;
        });
    };
    there_and_back(
        "sqlx",
        |d, f| run(d, f, false),
        |d, f| {
            run(d, f, true);
            d.run("DROP TABLE _sqlx_migrations");
        },
    );
}

#[test]
fn dbmate_itself() {
    let dbmate = |d: &Database, folder: &Path, what: &str| {
        // as the comment in the files says
        let url = format!("{}&lock_timeout=5s", d.url);
        let mut command = Command::new("node");
        command.arg(tools::npm("dbmate", &["dbmate@2.36.0"]).join("node_modules/dbmate/dist/cli.js"));
        tools::run(command.args(["--url", &url, "--no-dump-schema", "-d"]).arg(folder).arg(what))
    };
    there_and_back(
        "dbmate",
        |d, f| drop(dbmate(d, f, "migrate")),
        |d, f| {
            files(f).iter().for_each(|_| drop(dbmate(d, f, "rollback")));
            d.run("DROP TABLE schema_migrations");
        },
    );
}

#[test]
fn liquibase_itself() {
    // 4.4.0 is the newest of its npm package that brings its own program
    let liquibase = |d: &Database, folder: &Path, what: &[&str]| {
        let home = tools::npm("liquibase", &["liquibase@4.4.0"]).join("node_modules/liquibase/dist");
        let jars = |path: &str| format!("{}/*", home.join(path).display());
        fs::write(
            folder.join("root.xml"),
            "<databaseChangeLog xmlns=\"http://www.liquibase.org/xml/ns/dbchangelog\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\
             \"http://www.liquibase.org/xml/ns/dbchangelog http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-4.1.xsd\">\
             <includeAll path=\"changes\"/></databaseChangeLog>",
        )
        .expect("written");
        // the comment in the files says so of the limit
        let url = format!(
            "jdbc:postgresql://127.0.0.1:{}/{}?options=-c%20lock_timeout%3D5s",
            Postgres::shared().port(),
            d.name
        );
        let mut command = Command::new("java");
        command.args(["-cp", &[jars("liquibase"), jars("liquibase/lib"), jars("drivers")].join(":")]);
        command.args(["liquibase.integration.commandline.LiquibaseCommandLine", "--changeLogFile=root.xml"]);
        command.args([&format!("--classpath={}", folder.display()), &format!("--url={url}"), "--username=postgres"]);
        command.args(["--password=none", "--logLevel=warning"]).args(what).current_dir(folder);
        tools::run(&mut command)
    };
    let (database, root) = (database(), folder());
    let changes = root.path().join("changes");
    let before = missing(&database);
    write(&database.url, "liquibase", &changes);
    liquibase(&database, root.path(), &["update"]);
    let after = missing(&database);
    assert!(after.is_disjoint(&before), "{after:?}");
    let count = files(&changes).len().to_string();
    liquibase(&database, root.path(), &["rollbackCount", &count]);
    database.run("DROP TABLE databasechangelog, databasechangeloglock");
    assert_eq!(missing(&database), before, "the way back leads to where it began");
}

#[test]
fn a_second_run_writes_nothing() {
    let database = database();
    for format in FORMATS {
        let (folder, other) = (folder(), folder());
        assert_eq!(migrate(&database.url, format, folder.path(), &["--check"]).code, 1, "{format}");
        write(&database.url, format, folder.path());
        write(&database.url, format, other.path());
        let first = files(folder.path());
        assert_eq!(files(other.path()), first, "{format}: the same findings, the same bytes");
        write(&database.url, format, folder.path());
        assert_eq!(files(folder.path()), first, "{format}");
        assert_eq!(migrate(&database.url, format, folder.path(), &["--check"]).code, 0, "{format}");
    }
}

const BOOKING: &str = "examples/booking.sql";

/// What is in the folder, and the first file that is written into it then.
#[test]
fn the_numbering_goes_on() {
    for (format, there, first) in [
        ("golang-migrate", "0041_a.up.sql", "0042_add_auth_user_email_key.up.sql"),
        ("golang-migrate", "20260131235959_a.up.sql", "20260201000000_add_auth_user_email_key.up.sql"),
        ("sqlx", "20260131235959_a.sql", "20260201000000_add_auth_user_email_key.up.sql"),
        ("dbmate", "20260131235959_a.sql", "20260201000000_add_auth_user_email_key.sql"),
        ("goose", "00007_a.go", "00008_add_auth_user_email_key.sql"),
        ("liquibase", "0007_a.xml", "0008_add_auth_user_email_key.sql"),
        ("flyway", "V3.1__a.sql", "V3.2__add_auth_user_email_key.sql"),
        ("flyway", "V1_9__a.sql", "V1_10__add_auth_user_email_key.sql"),
        ("flyway", "B7__a.sql", "V8__add_auth_user_email_key.sql"),
        ("refinery", "V09__a.sql", "V10__add_auth_user_email_key.sql"),
    ] {
        let folder = folder();
        fs::write(folder.path().join(there), "SELECT 1;\n").expect("written");
        write(BOOKING, format, folder.path());
        assert!(folder.path().join(first).is_file(), "{format}: {first} in {:#?}", files(folder.path()));
        assert_eq!(fs::read_to_string(folder.path().join(there)).expect("it is still there"), "SELECT 1;\n");
    }
}

#[test]
fn broken_numbering_is_told() {
    for (format, there, said) in [
        ("golang-migrate", &["1_a.up.sql", "01_b.up.sql"][..], "01_b.up.sql and 1_a.up.sql have the same version"),
        ("flyway", &["V1__a.sql", "V1.0__b.sql"], "have the same version"),
        ("flyway", &["V1x__a.sql"], "1x of V1x__a.sql is no version"),
        ("refinery", &["V1.2__a.sql"], "1.2 of V1.2__a.sql is no whole number"),
        ("liquibase", &["9_a.sql"], "10_add_auth_user_email_key.sql follows 9_a.sql, but comes before it"),
        ("dbmate", &["9_a.sql"], "10_add_auth_user_email_key.sql follows 9_a.sql, but comes before it"),
        ("knex", &["9_a.js"], "10_add_auth_user_email_key.js follows 9_a.js, but comes before it"),
        ("prisma", &["9_a/migration.sql"], "10_add_auth_user_email_key follows 9_a, but comes before it"),
        ("goose", &["1_a.sql", "1_b.sql"], "1_a.sql and 1_b.sql have the same version"),
    ] {
        let folder = folder();
        for name in there {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "SELECT 1;\n").expect("written");
        }
        let run = migrate(BOOKING, format, folder.path(), &[]);
        assert_eq!(run.code, 2, "{format}");
        assert!(run.stderr.contains("the numbering of the folder is broken"), "{format}: {}", run.stderr);
        assert!(run.stderr.replace("\n  ", " ").contains(said), "{format}: {}", run.stderr);
        assert_eq!(files(folder.path()).len(), there.len(), "{format}: nothing was written");
    }
}

/// What would be taken for something else, in a name that goes over several lines or not: nothing is written.
#[test]
fn names_that_would_be_misread_are_told() {
    for (format, name) in [
        ("dbmate", "a\n-- migrate:down\n"),
        ("goose", "a\n-- +goose Down\n"),
        ("goose", "a\r\nb"),
        ("liquibase", "a\n-- Rollback DROP TABLE b\n"),
        ("liquibase", "a\rb"),
        ("liquibase", "a\u{2028}b"),
        ("liquibase", "${user.home}"),
        ("knex", "a\\?"),
    ] {
        let folder = folder();
        let source = folder.path().join("schema.sql");
        let table = format!("CREATE TABLE \"{name}\" (id bigint PRIMARY KEY, available_seats int NOT NULL);");
        fs::write(&source, table).expect("written");
        let target = folder.path().join("migrations");
        let run = migrate(&source.display().to_string(), format, &target, &["--engine", "postgresql"]);
        assert_eq!(run.code, 2, "{format}: {name:?}");
        assert!(run.stderr.contains("does not read this as one statement"), "{format}: {}", run.stderr);
        assert!(!target.exists(), "{format}: nothing was written");
    }
}

#[test]
fn a_folder_that_takes_no_file_is_told() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    for format in FORMATS {
        let run = migrate(BOOKING, format, &file.join("migrations"), &[]);
        assert_eq!(run.code, 2, "{format}");
        assert!(run.stderr.contains("cannot make the folder"), "{format}: {}", run.stderr);
    }
    assert_eq!(files(folder.path()), [("file".to_owned(), String::new())], "nothing was written");
}

#[test]
fn the_sum_of_atlas_covers_the_folder() {
    let folder = folder();
    let sum = || fs::read_to_string(folder.path().join("atlas.sum")).expect("atlas.sum");
    write(BOOKING, "atlas", folder.path());
    let booking = sum();
    assert_eq!(booking.lines().count(), files(folder.path()).len(), "a line for each file, and one for all");
    // another source goes on in the same folder
    let more = folder.path().join("more.ddl");
    fs::write(
        &more,
        "CREATE TABLE buyer (id bigint PRIMARY KEY, stripe_customer_id varchar(255) NOT NULL, note text);",
    )
    .expect("written");
    let ddl = fs::read_to_string(&more).expect("it");
    fs::remove_file(&more).expect("removed");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let source = elsewhere.path().join("more.sql");
    fs::write(&source, ddl).expect("written");
    write(&source.display().to_string(), "atlas", folder.path());
    let both = sum();
    assert!(both.lines().skip(1).take(booking.lines().count() - 1).eq(booking.lines().skip(1)), "{both}");
    assert!(both.lines().count() > booking.lines().count());

    // what was changed by hand is not made to look sound
    let (name, text) = files(folder.path()).swap_remove(0);
    fs::write(folder.path().join(name), text + "-- by hand\n").expect("written");
    let broken = migrate("tests/fixtures/ddl/migrations.sql", "atlas", folder.path(), &[]);
    assert_eq!(broken.code, 2);
    assert!(broken.stderr.contains("run atlas migrate hash"), "{}", broken.stderr);
    assert_eq!(sum(), both);
    fs::remove_file(folder.path().join("atlas.sum")).expect("removed");
    let without = migrate(BOOKING, "atlas", folder.path(), &[]);
    assert_eq!(without.code, 2);
    assert!(without.stderr.contains("has migrations but no atlas.sum"), "{}", without.stderr);
}

/// One statement a file and way, no transaction, and the marker that says so.
#[test]
fn cockroachdb_changes_one_thing_at_a_time() {
    let source = folder();
    let source = source.path().join("schema.sql");
    fs::create_dir_all(source.parent().unwrap()).unwrap();
    fs::write(&source, schema()).expect("written");
    let source = source.display().to_string();
    for format in FORMATS {
        let folder = folder();
        let run = migrate(&source, format, folder.path(), &["--engine", "cockroachdb@25.2"]);
        assert_eq!(run.code, 0, "{format}: {}", run.stderr);
        for (name, text) in files(folder.path()).iter().filter(|(name, _)| name.ends_with(".sql")) {
            for word in ["BEGIN;", "SET LOCAL", "CONCURRENTLY", "lock_timeout", "USING INDEX"] {
                assert!(!text.contains(word), "{format}: {word} in {name}:\n{text}");
            }
            let ways = if matches!(*format, "dbmate" | "goose") { 2 } else { 1 };
            let count = statements(text).len();
            assert!((1..=ways).contains(&count), "{format}: {count} statements in {name}:\n{text}");
            let marker = match *format {
                "liquibase" => text.contains(" runInTransaction:false "),
                "dbmate" => text.matches(" transaction:false\n").count() == 2,
                "goose" => text.starts_with("-- +goose NO TRANSACTION\n"),
                "sqlx" => text.starts_with("-- no-transaction\n"),
                "atlas" => text.starts_with("-- atlas:txmode none\n"),
                "flyway" => fs::read_to_string(folder.path().join(format!("{name}.conf")))
                    .is_ok_and(|c| c == "executeInTransaction=false\n"),
                _ => true,
            };
            assert!(marker, "{format}: no marker in {name}:\n{text}");
        }
    }
    // before 25.1 another type takes a setting, which would make a transaction of a file that is sent as one command
    let money = folder();
    let money = money.path().join("money.sql");
    fs::create_dir_all(money.parent().unwrap()).unwrap();
    fs::write(&money, "CREATE TABLE account (id bigint PRIMARY KEY, balance float NOT NULL);").expect("written");
    for (format, commands) in [("prisma", 1), ("golang-migrate", 1), ("sqlx", 1), ("liquibase", 1), ("sql", 2)] {
        let engine = ["--engine", "cockroachdb@24.3", "--rule", "float-money"];
        let folder = folder();
        let run = migrate(&money.display().to_string(), format, folder.path(), &engine);
        assert_eq!(run.code, 0, "{format}: {}", run.stderr);
        let up = |name: &str| !name.contains("down") && name.ends_with(".sql");
        let all = files(folder.path()).into_iter().filter(|(name, text)| up(name) && text.contains(" TYPE "));
        for (name, text) in all {
            assert_eq!(statements(&text).len(), commands, "{format}: {name}:\n{text}");
            assert!(text.contains("enable_experimental_alter_column_type_general = true"), "{format}: {text}");
        }
    }
    let folder = folder();
    let old = migrate(&source, "refinery", folder.path(), &["--engine", "cockroachdb@24.3"]);
    assert_eq!(old.code, 2);
    assert!(old.stderr.contains("refinery runs every migration in a transaction"), "{}", old.stderr);
    assert!(files(folder.path()).is_empty());
}

/// What each tool gets to see: a guard that takes an index and one that takes a check, in full.
#[test]
fn files_of_each_format() {
    for format in FORMATS.iter().chain(&["alembic", "rails", "knex", "prisma"]) {
        let folder = folder();
        let run = migrate(
            BOOKING,
            format,
            folder.path(),
            &[
                "--engine",
                "postgresql@17",
                "--rule",
                "missing-unique-pair,negative-counter",
                "--table",
                "reservation,show",
            ],
        );
        assert_eq!(run.code, 0, "{format}: {}", run.stderr);
        let text: String = files(folder.path()).iter().map(|(name, text)| format!("==== {name}\n{text}\n")).collect();
        insta::assert_snapshot!(format!("migrate_{format}"), text);
    }
}
