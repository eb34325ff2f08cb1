//! What each construct becomes: SQL before, tables after.

use super::*;
use crate::catalog::{Action, KeyKind, KeyPart, Table};

fn engine(product: Product) -> Options {
    Options { engine: Some(Engine { product, version: None }) }
}

fn file(text: &str) -> SchemaFile {
    SchemaFile { name: "a.sql".into(), text: text.to_owned() }
}

fn parts(key: &[KeyPart]) -> String {
    let part = |p: &KeyPart| match p {
        KeyPart::Column(c) => c.clone(),
        KeyPart::Expression(e) => format!("[{e}]"),
    };
    key.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// A table in one line.
fn describe(t: &Table) -> String {
    let mut out: Vec<String> = Vec::new();
    for c in &t.columns {
        let mut text = format!("{} {}", c.name, c.data_type);
        text += if c.nullable { "" } else { "!" };
        text += &c.default.as_ref().map_or(String::new(), |d| format!(" = {d}"));
        text += &c.generated.as_ref().map_or(String::new(), |g| format!(" := {g}"));
        text += if c.identity { " identity" } else { "" };
        text += if c.hidden { " hidden" } else { "" };
        out.push(text);
    }
    out.extend(t.hidden_rowid.then(|| "rowid".to_owned()));
    out.extend(t.primary_key.iter().map(|k| format!("pk {} ({})", k.name, k.columns.join(", "))));
    for k in &t.unique_keys {
        let kind = match k.kind {
            KeyKind::Constraint => "unique",
            KeyKind::Index => "unique index",
            KeyKind::WithoutIndex => "unique without index",
        };
        let predicate = k.predicate.as_ref().map_or(String::new(), |p| format!(" where {p}"));
        let valid = if k.valid { "" } else { " not valid" };
        out.push(format!("{kind} {} ({}){predicate}{valid}", k.name, parts(&k.key)));
    }
    for c in &t.checks {
        let valid = if c.validated { "" } else { " not valid" };
        out.push(format!("check {} {}{valid}", c.name, c.expression));
    }
    for f in &t.foreign_keys {
        let (to, columns) =
            (format!("{}.{}", f.referenced_schema, f.referenced_table), f.referenced_columns.join(", "));
        let action = if f.on_delete == Action::NoAction { String::new() } else { format!(" {:?}", f.on_delete) };
        let valid = if f.validated { "" } else { " not valid" };
        out.push(format!("fk {} ({}) {to} ({columns}){action}{valid}", f.name, f.columns.join(", ")));
    }
    for i in &t.indexes {
        let predicate = i.predicate.as_ref().map_or(String::new(), |p| format!(" where {p}"));
        let method = if i.method == "btree" { String::new() } else { format!(" {}", i.method) };
        out.push(format!("index {} ({}){method}{predicate}", i.name, parts(&i.key)));
    }
    format!("{}.{}: {}", t.schema, t.name, out.join("; "))
}

fn check(product: Product, cases: &[(&str, &str)]) {
    for (sql, expected) in cases {
        let reading = read(&[file(sql)], &engine(product));
        assert!(reading.problems.is_empty(), "{sql}\n{:?}", reading.problems);
        let tables: Vec<String> = reading.catalog.tables.iter().map(describe).collect();
        assert_eq!(tables.join("\n"), *expected, "{sql}");
    }
}

#[test]
fn postgresql() {
    check(
        Product::PostgreSql,
        &[
            (
                "CREATE TABLE t (id serial PRIMARY KEY, a int CHECK (a > 0) UNIQUE, b text NOT NULL DEFAULT 'x')",
                "public.t: id integer! = nextval('public.t_id_seq'); a integer; b text! = 'x'; pk t_pkey (id); \
                 unique t_a_key (a); check t_a_check a > 0",
            ),
            (
                "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int REFERENCES a ON DELETE CASCADE, c int, \
                 FOREIGN KEY (c) REFERENCES later);CREATE TABLE later (x int PRIMARY KEY)",
                "public.a: id integer!; pk a_pkey (id)\n\
                 public.b: a_id integer; c integer; fk b_a_id_fkey (a_id) public.a (id) Cascade; \
                 fk b_c_fkey (c) public.later (x)\npublic.later: x integer!; pk later_pkey (x)",
            ),
            (
                "CREATE TABLE t (a int, b int, c int, UNIQUE (a, b), CHECK (a > b), CHECK (c > 0));\
                 ALTER TABLE t DROP COLUMN b, RENAME TO u",
                "public.u: a integer; c integer; check t_c_check c > 0",
            ),
            (
                "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); \
                 ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i",
                "public.t: a integer!; pk k (a)",
            ),
            (
                "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, \
                 ADD CONSTRAINT d CHECK (a > 1) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT d",
                "public.t: a integer; check c a > 0 not valid; check d a > 1",
            ),
            (
                "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID, ADD COLUMN b int \
                 CONSTRAINT m NOT NULL; ALTER TABLE t DROP CONSTRAINT m",
                "public.t: a integer; b integer",
            ),
            (
                "CREATE TABLE t (a int CONSTRAINT c CHECK (a > 0) NOT ENFORCED)",
                "public.t: a integer; check c a > 0 not valid",
            ),
            (
                "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE c PARTITION OF p FOR VALUES IN (1); \
                 CREATE TABLE d (a int); ALTER TABLE ONLY p ATTACH PARTITION d DEFAULT; \
                 ALTER TABLE ONLY c ADD CONSTRAINT c_pkey PRIMARY KEY (a); ALTER INDEX p_pkey ATTACH PARTITION c_pkey",
                "public.p: a integer",
            ),
            (
                "SELECT pg_catalog.set_config('search_path', '', false); CREATE TABLE s.t (id bigint NOT NULL); \
                 CREATE SEQUENCE s.t_id_seq; ALTER SEQUENCE s.t_id_seq OWNED BY s.t.id; \
                 ALTER TABLE ONLY s.t ALTER COLUMN id SET DEFAULT nextval('s.t_id_seq'::regclass);\
                 ALTER TABLE s.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME s.x START WITH 1);",
                "s.t: id bigint! identity",
            ),
            (
                "SET search_path = a, b; CREATE TABLE t (x int); RESET search_path; CREATE TABLE t (x int)",
                "a.t: x integer\npublic.t: x integer",
            ),
            (
                "CREATE TEMP TABLE t (x int); CREATE VIEW v AS SELECT 1; CREATE INDEX ON t (x); COMMENT ON COLUMN v.a IS 'x'",
                "",
            ),
            ("CREATE TABLE t (x int); BEGIN; DROP TABLE t; COMMIT", ""),
            ("-- migrate:up\nCREATE TABLE t (x int);\n-- migrate:down\nDROP TABLE t;", "public.t: x integer"),
            ("-- +goose Up\nCREATE TABLE t (x int);\n-- +goose Down\nDROP TABLE t;", "public.t: x integer"),
            (
                "CREATE TABLE t (\"index\" int, family text, \"Weird \"\"Col\"\"\" int, CHECK (\"Weird \"\"Col\"\"\" > 0))",
                "public.t: index integer; family text; Weird \"Col\" integer; \
                 check t_Weird \"Col\"_check \"Weird \"\"Col\"\"\" > 0",
            ),
            (
                "CREATE TABLE t (a citext, b public.hstore, c geometry(Point, 4326), d pg_catalog.int4, e \"char\")",
                "public.t: a public.citext; b public.hstore; c public.geometry(Point,4326); d integer; e \"char\"",
            ),
            (
                "CREATE TABLE t (a int); CREATE INDEX fk ON t (a); ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) \
                 REFERENCES t; DROP INDEX fk",
                "public.t: a integer; fk fk (a) public.t ()",
            ),
        ],
    );
}

#[test]
fn cockroachdb() {
    check(
        Product::CockroachDb,
        &[
            (
                "CREATE TABLE t (a INT, b STRING, c SERIAL, INDEX (a), UNIQUE (b), CHECK (a > 0), CHECK (a > 1 AND b > ''))",
                "public.t: a bigint; b text; c bigint! = unique_rowid(); rowid; unique index t_b_key (b); \
                 check check_a a > 0; check check_a_b a > 1 AND b > ''; index t_a_idx (a)",
            ),
            (
                "CREATE TABLE db.public.t (id INT PRIMARY KEY USING HASH, j JSON, INVERTED INDEX (j), \
                 UNIQUE INDEX u (lower(j) ASC) STORING (id) WHERE id > 0:::INT8 NOT VISIBLE, FAMILY f (id, j))",
                "public.t: id bigint!; j jsonb; pk t_pkey (id); unique index u ([lower(j)]) where id > 0; \
                 index t_j_idx (j) gin",
            ),
            (
                "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT VISIBLE, b INT AS (a + 1) STORED, \
                 c TIMESTAMP DEFAULT now() ON UPDATE now(), UNIQUE WITHOUT INDEX (a), \
                 CONSTRAINT p UNIQUE (a) WHERE b > 0, CONSTRAINT v CHECK (a > 0) NOT VALID)",
                "public.t: id bigint!; a bigint hidden; b bigint := a + 1; c timestamp without time zone = now(); \
                 pk t_pkey (id); unique index p (a) where b > 0; unique without index unique_a (a); \
                 check v a > 0 not valid",
            ),
            (
                "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL); ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a)",
                "public.t: id bigint!; a bigint!; pk t_pkey (a); unique index t_id_key (id)",
            ),
            (
                "CREATE TABLE t (a INT); ALTER TABLE t ADD CONSTRAINT IF NOT EXISTS c CHECK (a > 0); \
                 ALTER TABLE t ADD CONSTRAINT IF NOT EXISTS c CHECK (a > 9); CREATE UNIQUE INDEX ON t (a) STORING (a); \
                 ALTER INDEX t@t_a_key RENAME TO k; DROP INDEX IF EXISTS other@k",
                "public.t: a bigint; rowid; unique index k (a); check c a > 0",
            ),
            (
                "CREATE TABLE t (a INT UNIQUE, b INT REFERENCES u (x)); DROP INDEX t@t_a_key CASCADE; \
                 CREATE TABLE u (x INT UNIQUE); UPSERT INTO u VALUES (1); DROP INDEX u@u_x_key CASCADE",
                "public.t: a bigint; b bigint; rowid\npublic.u: x bigint; rowid",
            ),
            (
                "CREATE TABLE t (a INT NOT NULL, crdb_region public.crdb_internal_region NOT VISIBLE NOT NULL DEFAULT \
                 default_to_database_primary_region(gateway_region())::public.crdb_internal_region, \
                 crdb_internal_a_shard_4 INT4 NOT VISIBLE NOT NULL AS (mod(fnv32(a::STRING), 4:::INT8)) VIRTUAL, \
                 rowid INT8 NOT VISIBLE NOT NULL DEFAULT unique_rowid(), CONSTRAINT t_pkey PRIMARY KEY (rowid ASC), \
                 UNIQUE INDEX u (a ASC) USING HASH WITH (bucket_count=4), \
                 CONSTRAINT check_crdb_internal_a_shard_4 CHECK (crdb_internal_a_shard_4 IN (0:::INT8, 1:::INT8))\
                 ) LOCALITY REGIONAL BY ROW",
                "public.t: a bigint!; rowid; unique index u (a)",
            ),
            (
                "CREATE TABLE t (a INT PRIMARY KEY, b INT, UNIQUE INDEX u (b) WITH (skip_unique_checks=true)); \
                 ALTER TABLE t CONFIGURE ZONE USING num_replicas = 3; ALTER TABLE t SPLIT AT VALUES (1); \
                 ALTER TABLE t SET LOCALITY GLOBAL",
                "public.t: a bigint!; b bigint; pk t_pkey (a); unique index u (b) not valid",
            ),
            (
                "CREATE DATABASE shop; USE shop; CREATE TABLE shop.t (a INT PRIMARY KEY); \
                 ALTER TABLE shop.public.t ADD COLUMN b INT NOT NULL CREATE FAMILY f, DROP CONSTRAINT \"primary\", \
                 ADD CONSTRAINT \"primary\" PRIMARY KEY (b)",
                "public.t: a bigint!; b bigint!; pk primary (b)",
            ),
            (
                "create_statement\n\"CREATE TABLE t (\n\t\"\"a b\"\" INT8 NULL,\n\tINDEX i (\"\"a b\"\" ASC)\n);\"\n",
                "public.t: a b bigint; rowid; index i (a b)",
            ),
        ],
    );
}

#[test]
fn engine_is_told_by_the_files() {
    for (sql, product, version) in [
        ("-- Dumped from database version 15.18 (Debian)\nCREATE TABLE t (a int);", Product::PostgreSql, Some("15.18")),
        ("-- CockroachDB CCL v23.1.2 (x86_64)\nCREATE TABLE t (a int);", Product::CockroachDb, Some("23.1.2")),
        ("CREATE TABLE t (a INT8, INDEX (a));", Product::CockroachDb, None),
        ("SET database = x; CREATE TABLE t (a INT8);", Product::CockroachDb, None),
        ("CREATE TABLE t (a int, b text UNIQUE);", Product::Unknown, None),
        ("-- not for cockroachdb\nCREATE TABLE t (index int);", Product::Unknown, None),
    ] {
        let engine = read(&[file(sql)], &Options::default()).catalog.engine;
        assert_eq!((engine.product, engine.version.map(|v| v.to_string()).as_deref()), (product, version), "{sql}");
    }
    let named = SchemaFile { name: "db/1.cockroach.up.sql".into(), text: "CREATE TABLE t (a INT)".into() };
    assert!(read(&[named], &Options::default()).catalog.engine.is_cockroach());
}

#[test]
fn problems_say_where_and_why() {
    use Severity::{Ignored, Unread};
    for (sql, severity, line, column, reason) in [
        ("CREATE TABLE a (x int);\n\n  CREATE TABLE é (y int, z int z z);", Unread, 3, 32, ""),
        ("SELECT 1;\n /* é */ ALTER TABLE nowhere ADD COLUMN x int", Unread, 2, 10, "nowhere is not known"),
        ("CREATE TABLE t AS SELECT 1", Unread, 1, 1, "made from a query"),
        ("SELECT * INTO t FROM u", Unread, 1, 1, "made from a query"),
        ("DO $$ BEGIN CREATE TABLE t (a int); END $$", Unread, 1, 1, "CREATE TABLE"),
        ("DO $$ BEGIN DROP FUNCTION f(); END $$", Ignored, 1, 1, "not executed"),
        ("\n\\i other.sql\n", Unread, 2, 1, "included"),
        ("BEGIN; CREATE TABLE t (a int); ROLLBACK", Unread, 1, 32, "taken back"),
        ("CREATE TABLE t (a int); ROLLBACK", Ignored, 1, 25, "nothing to take back"),
        ("FLY ME TO THE MOON", Unread, 1, 1, "not a statement"),
        ("CREATE TABLE t (a text DEFAULT 'x", Unread, 1, 1, "never closed"),
        ("CREATE TABLE t (a int); CREATE TABLE t (b int)", Unread, 1, 25, "differs"),
        ("CREATE TABLE t (a int); CREATE TABLE t (a int)", Ignored, 1, 25, "exists already"),
        ("DROP INDEX nothing", Ignored, 1, 12, "no such index"),
        ("CREATE TABLE t (a int)\nCREATE INDEX ON t (a)", Ignored, 2, 1, "semicolon"),
        ("CREATE INDEX ON nowhere (a)", Unread, 1, 1, "not known"),
    ] {
        let reading = read(&[file(sql)], &Options::default());
        let [p] = reading.problems.as_slice() else { panic!("{sql}: {:?}", reading.problems) };
        assert_eq!((p.severity, p.line, p.column), (severity, line, column), "{sql}: {}", p.reason);
        assert!(p.reason.contains(reason), "{sql}: {}", p.reason);
        assert_eq!(reading.catalog.missing.len(), usize::from(severity == Unread), "{sql}");
    }
}

#[test]
fn one_bad_statement_does_not_spoil_the_rest() {
    let reading =
        read(&[file("CREATE TABLE a (x int); CREATE TABEL b (x int); CREATE TABLE c (x int);")], &Options::default());
    let names: Vec<&str> = reading.catalog.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn files_are_applied_in_order() {
    let files = ["CREATE TABLE t (a int)", "ALTER TABLE t ADD b int", "ALTER TABLE t DROP a"].map(file);
    let reading = read(&files, &Options::default());
    assert_eq!(reading.catalog.tables.iter().map(describe).collect::<Vec<_>>(), ["public.t: b integer"]);
}

#[test]
fn origin_is_the_line_of_create_table() {
    let reading = read(&[file("-- a\n\n/* b\n*/ CREATE TABLE t (\n a int)")], &Options::default());
    let origin = reading.catalog.tables.first().and_then(|t| t.origin.clone());
    assert_eq!(origin, Some(Origin { file: "a.sql".into(), line: 4 }));
}

/// The parser is recursive, and its tree is as deep as a chain of operators is long: neither may overflow the stack.
#[test]
fn depth_is_no_danger() {
    for condition in [
        format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}a{}", "(".repeat(390), ")".repeat(390)),
        format!("a{}", " OR a".repeat(900)),
        format!("a{}", " OR a".repeat(100_000)),
        format!("{}a", "NOT ".repeat(1_900)),
        format!("{}a", "- ".repeat(100_000)),
        format!("a{}", "::int".repeat(600)),
        format!("a{}", "[1]".repeat(350)),
        format!("{}1{}", "CASE WHEN a THEN ".repeat(300), " END".repeat(300)),
        "(".repeat(390),
    ] {
        let sql = format!("CREATE TABLE t (a int CHECK ({condition})); CREATE TABLE u (a int)");
        let reading = read(&[file(&sql)], &Options::default());
        assert!(reading.catalog.table("public", "u").is_some() || !reading.problems.is_empty());
    }
}

#[test]
fn what_cockroachdb_prints_and_people_write_is_one_schema() {
    let printed = "CREATE TABLE public.t (a INT8 NULL, g GEOMETRY(POINT,4326) NULL, tags STRING[] NULL, d BYTES NULL,
        CONSTRAINT \"primary\" PRIMARY KEY (a ASC),
        CONSTRAINT c1 CHECK (a = ANY ARRAY[1:::INT8, 2:::INT8, 3:::INT8]:::INT8[]),
        CONSTRAINT c2 CHECK (a != ALL ARRAY[1:::INT8, 2:::INT8]:::INT8[]),
        CONSTRAINT c3 CHECK (tags != ARRAY['a':::STRING, 'b':::STRING]:::STRING[]),
        CONSTRAINT c4 CHECK ((a BETWEEN 0:::INT8 AND 9:::INT8) OR (a IS NULL)),
        CONSTRAINT c5 CHECK (CASE WHEN a > 1:::INT8 THEN d IS NULL ELSE NULL END),
        CONSTRAINT c6 CHECK (a > ANY ARRAY[1:::INT8, 2:::INT8]:::INT8[]))";
    let written = "CREATE TABLE t (a INT8 CONSTRAINT \"primary\" PRIMARY KEY, g geometry(point,4326), tags string[],
        d bytes, CONSTRAINT c1 CHECK (a IN (1, 2, 3)), CONSTRAINT c2 CHECK (a NOT IN (1, 2)),
        CONSTRAINT c3 CHECK (tags <> ARRAY['a','b']), CONSTRAINT c4 CHECK (a BETWEEN 0 AND 9 OR a IS NULL),
        CONSTRAINT c5 CHECK (case when a > 1 then d is null end),
        CONSTRAINT c6 CHECK (a > ANY (ARRAY[1, 2])))";
    let [printed, written] = [printed, written].map(|sql| {
        let reading = read(&[file(sql)], &engine(Product::CockroachDb));
        assert_eq!(reading.problems, []);
        reading.catalog.tables.iter().map(describe).collect::<Vec<_>>().join("\n")
    });
    assert_eq!(printed, written);
    let bytes = read(
        &[file("CREATE TABLE t (d BYTES DEFAULT b'\\x00\\xff', e bit DEFAULT B'1')")],
        &engine(Product::CockroachDb),
    );
    assert_eq!(bytes.problems, []);
}
