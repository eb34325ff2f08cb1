//! The same schema gives the same catalog, whichever way it is read: live, from its dump, from the script that made it,
//! from a snapshot. Only source, estimates and places in files may differ.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

#[path = "support/postgres.rs"]
#[allow(dead_code)]
mod postgres;
#[path = "support/replay.rs"]
#[allow(dead_code)]
mod replay;

use std::fs;
use std::path::Path;
use std::process::Command;

use dbaudit::catalog::Catalog;
use dbaudit::engine::Engine;
use dbaudit::source::ddl::{self, SchemaFile, Severity};
use dbaudit::source::live::{FetchOptions, assemble, read};
use dbaudit::source::snapshot;
use postgres::{Database, Postgres};
use replay::{Server, recorded};

/// One of everything that a PostgreSQL schema can have.
const RICH: &str = r#"
CREATE SCHEMA sales;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"');
CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN sales.small_percent AS percent NOT NULL CONSTRAINT small CHECK (VALUE < 50);
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id int NOT NULL, email varchar(254) NOT NULL, lower_email text GENERATED ALWAYS AS (lower(email)) STORED,
    feeling mood DEFAULT 'ok' NOT NULL, discount sales.small_percent, share percent DEFAULT 0,
    tags text[] DEFAULT '{}'::text[], at timestamp(3) with time zone DEFAULT now(), flag bool DEFAULT false,
    code char(3), amount numeric(12, 2) DEFAULT 0.00, "Weird ""Col""" int, "select" text, deleted_at timestamptz,
    CONSTRAINT email_tenant UNIQUE (tenant_id, email),
    UNIQUE NULLS NOT DISTINCT (code),
    CHECK (email <> ''), CONSTRAINT "odd ""name""" CHECK ("Weird ""Col""" > 0),
    CHECK (code IN ('abc', 'def')), CHECK (amount BETWEEN 0 AND 10), CHECK (length(email) > 3 OR code IS NULL),
    CHECK (email ~ '^[^@]+@[^@]+$'), CHECK ((tags <> '{}') IS NOT FALSE), CHECK (num_nonnulls(code, tags) = 1)
);
COMMENT ON TABLE customer IS 'people who "buy"';
COMMENT ON COLUMN customer.email IS 'the login''s name';
CREATE UNIQUE INDEX ON customer (lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX customer_tags ON customer USING gin (tags);
CREATE INDEX ON customer (tenant_id, at DESC NULLS LAST) INCLUDE (code) WHERE feeling = 'ok' AND amount > 1;
CREATE TABLE sales."order" (
    id serial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE,
    parent_id int REFERENCES sales."order" (id) ON DELETE SET NULL, total numeric NOT NULL
);
ALTER TABLE sales."order" ADD CONSTRAINT total_check CHECK (total >= 0) NOT VALID;
CREATE TABLE sales.line (order_id int, no smallint, sku text, PRIMARY KEY (order_id, no), UNIQUE (order_id, sku));
ALTER TABLE sales.line ADD FOREIGN KEY (order_id) REFERENCES sales."order" (id) NOT VALID;
CREATE TABLE reading (sensor int NOT NULL, at date NOT NULL, value float8, PRIMARY KEY (sensor, at)) PARTITION BY RANGE (at);
CREATE TABLE reading_2024 PARTITION OF reading FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX ON reading (value);
CREATE TABLE base (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, name text CHECK (name <> ''));
CREATE TABLE child (extra jsonb) INHERITS (base);
CREATE EXTENSION btree_gist;
CREATE TABLE booking (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&) WHERE (room > 0));
CREATE TABLE nopk (a int, b text);
CREATE VIEW v AS SELECT * FROM nopk;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM nopk;
CREATE SEQUENCE s;
"#;

/// What may differ: estimates, and where a file says so.
fn bare(mut catalog: Catalog) -> Catalog {
    for t in &mut catalog.tables {
        t.row_estimate = None;
        t.origin = None;
    }
    catalog.missing.clear();
    catalog
}

fn live(database: &Database) -> Catalog {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        read(&client, &FetchOptions::default()).await.unwrap()
    })
}

/// The catalog of SQL text, all of which has to be understood.
fn file(name: &str, text: &str, engine: Option<Engine>) -> Catalog {
    let files = [SchemaFile { name: name.to_owned(), text: text.to_owned() }];
    let reading = ddl::read(&files, &ddl::Options { engine });
    let unread: Vec<String> =
        reading.problems.iter().filter(|p| p.severity == Severity::Unread).map(ToString::to_string).collect();
    assert_eq!(unread, [""; 0], "{name}");
    reading.catalog
}

/// `pg_dump -s` of the server that runs the tests, or of one on the PATH.
fn dump(database: &Database) -> String {
    let output = Command::new(postgres::binary("pg_dump")).args(["--schema-only", &database.url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Loads a dump with psql, which knows its meta-commands.
fn load(database: &Database, path: &Path) {
    let output = Command::new(postgres::binary("psql"))
        .args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file"])
        .args([path.as_os_str(), database.url.as_ref()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
}

/// Says where two catalogs part, rather than printing both.
fn assert_same(name: &str, a: &Catalog, b: &Catalog) {
    let names = |c: &Catalog| c.tables.iter().map(|t| t.label()).collect::<Vec<_>>();
    assert_eq!(names(a), names(b), "{name}: tables");
    for (a, b) in a.tables.iter().zip(&b.tables) {
        let (left, right) = (serde_json::to_value(a).unwrap(), serde_json::to_value(b).unwrap());
        for key in left.as_object().unwrap().keys().chain(right.as_object().unwrap().keys()) {
            assert_eq!(left[key], right[key], "{name}: {key} of {}", a.label());
        }
    }
    let (left, right) = (format!("{a:#?}"), format!("{b:#?}"));
    let parted = left.lines().zip(right.lines()).position(|(l, r)| l != r);
    let around = |i: usize| left.lines().skip(i.saturating_sub(4)).take(6).collect::<Vec<_>>().join("\n");
    assert_eq!(parted.map(around), None, "{name}");
    assert_eq!(a, b, "{name}");
}

#[test]
fn postgresql_live_dump_file_and_snapshot() {
    let database = Postgres::shared().database();
    database.run(RICH);
    let from_server = bare(live(&database));
    assert_eq!(from_server.tables.len(), 8);
    let from_dump = bare(file("dump", &dump(&database), None));
    assert_eq!(from_dump.engine, from_server.engine, "the dump's header tells the version");
    assert_same("dump", &from_dump, &from_server);
    let from_script = bare(file("script", RICH, Some(from_server.engine)));
    assert_same("script", &from_script, &from_server);
    let back = snapshot::read(&snapshot::write(&from_server, "x")).unwrap();
    assert_same("snapshot", &back, &from_server);
}

#[test]
fn cockroachdb_recorded_rows_and_recorded_show_create() {
    for name in ["booking", "zoo"] {
        let from_rows = bare(assemble(&Server::recorded(name).recording()).unwrap());
        let folder = recorded("cockroach-21.1").join(name);
        let text = fs::read_to_string(folder.join("show_create_all_tables.sql")).unwrap();
        let mut from_text = bare(file(name, &text, Some(from_rows.engine)));
        let mut from_rows = from_rows;
        if name == "zoo" {
            // SHOW CREATE ALL TABLES has no types and no comments in this version
            for t in from_rows.tables.iter_mut().chain(&mut from_text.tables) {
                t.comment = None;
                for c in &mut t.columns {
                    (c.user_type, c.comment) = (None, None);
                }
            }
        }
        assert_same(name, &from_text, &from_rows);
        let detected = file(name, &text, None);
        assert!(detected.engine.is_cockroach(), "{name}: the grammar tells the engine");
    }
}

/// All schemas of a folder, `NAME/schema.sql` each, loaded into PostgreSQL and read back; and `NAME/original.sql`, where
/// there is one, read whole.
#[test]
fn a_folder_of_real_schemas() {
    let Some(folder) = std::env::var_os("DBAUDIT_TEST_SCHEMAS") else {
        eprintln!("NOT RUN: set DBAUDIT_TEST_SCHEMAS to a folder of NAME/schema.sql to compare real schemas");
        return;
    };
    let mut compared = 0;
    let mut entries: Vec<_> = fs::read_dir(Path::new(&folder)).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let Ok(text) = fs::read_to_string(entry.join("schema.sql")) else { continue };
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        let database = Postgres::shared().database();
        load(&database, &entry.join("schema.sql"));
        let from_server = bare(live(&database));
        let from_file = bare(file(&name, &text, Some(from_server.engine)));
        assert_same(&name, &from_file, &from_server);
        assert_same(&name, &snapshot::read(&snapshot::write(&from_server, "x")).unwrap(), &from_server);
        compared += 1;
        if let Ok(text) = fs::read_to_string(entry.join("original.sql")) {
            let catalog = file(&format!("{name}/original.sql"), &text, None);
            assert!(!catalog.tables.is_empty(), "{name}/original.sql");
        }
    }
    eprintln!("{compared} schemas compared");
    assert!(compared > 0);
}
