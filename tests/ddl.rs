//! The schema-file reader on real files: what PostgreSQL dumped, what CockroachDB printed, and what nobody wrote.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;

use dbaudit::catalog::{Catalog, Expression};
use dbaudit::engine::{Engine, Product, Version};
use dbaudit::source::ddl::{Options, Reading, SchemaFile, Severity, read};
use proptest::prelude::*;

const RECORDED: &str = "tests/recorded/cockroach-21.1";

fn reading(path: &str, options: &Options) -> Reading {
    read(&[SchemaFile { name: path.into(), text: fs::read_to_string(path).unwrap() }], options)
}

fn without_origin(mut catalog: Catalog) -> Catalog {
    catalog.tables.iter_mut().for_each(|t| t.origin = None);
    catalog
}

/// PostgreSQL itself applied the migrations and dumped the result: both files are one schema.
#[test]
fn migrations_become_what_the_server_dumps() {
    let migrations = reading("tests/fixtures/ddl/migrations.sql", &Options::default());
    let dump = reading("tests/fixtures/ddl/migrations.dump.sql", &Options::default());
    assert_eq!(dump.problems, []);
    assert!(migrations.problems.iter().all(|p| p.severity == Severity::Ignored), "{:?}", migrations.problems);
    assert_eq!(dump.catalog.engine, Engine { product: Product::PostgreSql, version: Version::find("15.18") });
    let (a, b) = (without_origin(migrations.catalog), without_origin(dump.catalog));
    for (a, b) in a.tables.iter().zip(&b.tables) {
        assert_eq!(a, b);
    }
    assert_eq!(a.tables.len(), b.tables.len());
}

fn rows(path: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let file: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let columns: Vec<String> = serde_json::from_value(file["columns"].clone()).unwrap();
    let rows = file["rows"].as_array().unwrap().iter();
    rows.map(|r| columns.iter().cloned().zip(r.as_array().unwrap().iter().cloned()).collect()).collect()
}

/// What CockroachDB prints of its tables says the same as its catalog, constraint by constraint.
#[test]
fn show_create_agrees_with_the_recorded_catalog() {
    for schema in ["booking", "zoo"] {
        let folder = format!("{RECORDED}/{schema}");
        let shown = reading(&format!("{folder}/show_create_all_tables.sql"), &Options::default());
        assert_eq!(shown.problems, []);
        assert!(shown.catalog.engine.is_cockroach());
        let classes = rows(&format!("{folder}/pg_class.json"));
        let table = |oid: &serde_json::Value| {
            classes.iter().find(|c| c["oid"] == *oid && c["relkind"] == "r").map(|c| c["relname"].as_str().unwrap())
        };
        let mut expected = BTreeSet::new();
        for c in rows(&format!("{folder}/pg_constraint.json")) {
            let (name, definition) = (c["conname"].as_str().unwrap(), c["condef"].as_str().unwrap());
            let automatic = name.starts_with("check_crdb_internal_") || definition.contains("(rowid ");
            let Some(table) = table(&c["conrelid"]).filter(|_| !automatic) else { continue };
            let text = match c["contype"].as_str().unwrap() {
                "c" => {
                    let condition = definition.trim_end_matches(" NOT VALID").trim_start_matches("CHECK ");
                    Expression::parse(condition).to_string()
                }
                _ => String::new(),
            };
            let kind = c["contype"].as_str().unwrap().to_owned();
            expected.insert((table.to_owned(), name.to_owned(), kind, c["convalidated"] == true, text));
        }
        let mut found = BTreeSet::new();
        for t in &shown.catalog.tables {
            let mut add = |name: &str, kind: &str, valid: bool, text: String| {
                found.insert((t.name.clone(), name.to_owned(), kind.to_owned(), valid, text));
            };
            t.primary_key.iter().for_each(|k| add(&k.name, "p", true, String::new()));
            t.unique_keys.iter().for_each(|k| add(&k.name, "u", k.valid, String::new()));
            t.checks.iter().for_each(|c| add(&c.name, "c", c.validated, c.expression.to_string()));
            t.foreign_keys.iter().for_each(|f| add(&f.name, "f", f.validated, String::new()));
        }
        assert_eq!(found, expected, "{schema}");

        let mut columns = BTreeSet::new();
        for a in rows(&format!("{folder}/pg_attribute.json")) {
            let name = a["attname"].as_str().unwrap();
            let implicit = name == "rowid" || name.starts_with("crdb_internal_") || a["attisdropped"] == true;
            if let Some(table) = table(&a["attrelid"]).filter(|_| !implicit) {
                columns.insert((table.to_owned(), name.to_owned(), a["attnotnull"] == false));
            }
        }
        let found = shown.catalog.tables.iter();
        let found = found.flat_map(|t| t.columns.iter().map(|c| (t.name.clone(), c.name.clone(), c.nullable)));
        assert_eq!(found.collect::<BTreeSet<_>>(), columns, "{schema}");
    }
}

/// The script that made the schema, and what CockroachDB prints of the schema.
#[test]
fn script_and_show_create_are_one_schema() {
    let engine = Engine { product: Product::CockroachDb, version: Version::find("21.1") };
    let options = Options { engine: Some(engine) };
    let script = reading(&format!("{RECORDED}/zoo/schema.sql"), &options);
    let shown = reading(&format!("{RECORDED}/zoo/show_create_all_tables.sql"), &options);
    assert_eq!(script.problems, []);
    let (mut script, shown) = (without_origin(script.catalog), without_origin(shown.catalog));
    // SHOW CREATE ALL TABLES leaves the types out
    script.tables.iter_mut().flat_map(|t| &mut t.columns).for_each(|c| c.user_type = None);
    for (a, b) in script.tables.iter().zip(&shown.tables) {
        assert_eq!(a, b);
    }
    assert_eq!(script.tables.len(), shown.tables.len());
}

fn real_text() -> impl Strategy<Value = String> {
    let files = [
        "tests/fixtures/ddl/migrations.sql".to_owned(),
        "tests/fixtures/ddl/migrations.dump.sql".to_owned(),
        format!("{RECORDED}/booking/show_create_all_tables.sql"),
        format!("{RECORDED}/zoo/schema.sql"),
        format!("{RECORDED}/zoo/show_create_all_tables.sql"),
    ];
    let statements: Vec<String> = files
        .iter()
        .flat_map(|f| fs::read_to_string(f).unwrap().split(";\n").map(|s| format!("{s};\n")).collect::<Vec<_>>())
        .collect();
    prop::collection::vec(prop::sample::select(statements), 1..4).prop_map(|s| s.concat())
}

/// One change to a text: characters lost, doubled, moved or put in.
fn mutate(text: &str, (kind, at, len, what): &(u8, prop::sample::Index, usize, String)) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    if chars.is_empty() {
        return what.clone();
    }
    let from = at.index(chars.len());
    let to = (from + len).min(chars.len());
    match kind {
        0 => {
            chars.drain(from..to);
        }
        1 => {
            let copy: Vec<char> = chars[from..to].to_vec();
            chars.splice(from..from, copy);
        }
        2 => {
            chars.splice(from..to, what.chars());
        }
        _ => chars.truncate(from),
    }
    chars.into_iter().collect()
}

fn piece() -> impl Strategy<Value = String> {
    let words = [
        "'",
        "\"",
        "$$",
        "$a$",
        "(",
        ")",
        "((((",
        "]",
        "[",
        ";",
        ",",
        ".",
        "@",
        ":::",
        "::",
        "--",
        "/*",
        "*/",
        "\\",
        "\\.",
        "\0",
        "é",
        "\u{feff}",
        "\u{10ffff}",
        " INDEX ",
        " FAMILY ",
        " UNIQUE WITHOUT INDEX ",
        " USING HASH ",
        " STORING ",
        " AS (",
        " NOT VISIBLE ",
        " ON UPDATE ",
        " ALTER PRIMARY KEY ",
        " CONSTRAINT ",
        " WHERE ",
        " PARTITION BY ",
        " COPY t FROM stdin;\n",
        " CREATE TABLE ",
        " ALTER TABLE ",
        " REFERENCES ",
        " LIKE ",
        " INHERITS (",
        " DEFAULT ",
        " GENERATED ALWAYS AS ",
        " e'\\",
        " U&\"",
        " NULL ",
        "\r\n",
    ];
    prop_oneof![prop::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_statements_are_read_or_reported(
        text in real_text(),
        changes in prop::collection::vec((0u8..4, any::<prop::sample::Index>(), 0usize..40, piece()), 1..6),
        product in prop::sample::select(vec![Product::Unknown, Product::CockroachDb, Product::PostgreSql]),
    ) {
        let text = changes.iter().fold(text, |t, c| mutate(&t, c));
        let engine = (product != Product::Unknown).then_some(Engine { product, version: None });
        let lines = u32::try_from(text.split('\n').count()).unwrap();
        let reading = read(&[SchemaFile { name: "x.sql".into(), text }], &Options { engine });
        for p in &reading.problems {
            prop_assert!(p.line >= 1 && p.line <= lines && p.column >= 1 && !p.reason.is_empty());
        }
        // what was read can be saved
        let json = serde_json::to_string(&reading.catalog).unwrap();
        prop_assert!(serde_json::from_str::<Catalog>(&json).is_ok());
    }

    #[test]
    fn garbage_is_reported(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let garbage = String::from_utf8_lossy(&bytes).into_owned();
        for text in [text.clone(), garbage.clone(), format!("CREATE TABLE {text}"), format!("ALTER TABLE t {garbage}")] {
            read(&[SchemaFile { name: "x.sql".into(), text }], &Options::default());
        }
    }
}
