//! The page in a browser: that it shows what it should, runs nothing but its own script, and stays quick.
//! The pages stay in `target/tmp/page/`, to be looked at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;
use std::path::PathBuf;

use dbaudit::report::html::{Column, Database, Page, Reference, Run, Schema, Table, html};
use serde_json::{Value, json};
use support::binary::run;
use support::browser::{Visit, visit};

const NIGHTS: usize = 60;

/// Names that would like to be something else; none is longer than the 63 bytes of PostgreSQL.
const HOSTILE: [&str; 9] = [
    "<script>document.documentElement.dataset.hostile=1</script>",
    "</script><x-hostile>",
    "<!--<script>",
    "<img src=x onerror=document.documentElement.dataset.hostile=1>",
    "\"' onfocus='document.documentElement.dataset.hostile=1' x=\"",
    "abc\u{202e}fed\u{2066}\u{200b}",
    "a_name_that_fills_all_of_the_sixty_three_bytes_that_there_are_x",
    "🎟️ tickets {{script}} \\u003cx-hostile\\u003e",
    "عربي\u{2028}שלום\n&lt;x-hostile&gt;",
];

fn write(name: &str, page: &Page) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    fs::write(&path, html(page)).expect("written");
    path
}

/// Nothing ran but the page's own script, and that to its end.
fn sound(visit: &Visit) {
    assert!(visit.console.is_empty(), "{:#?}", visit.console);
    for mark in ["data-ready", "data-drawn", "data-filtered"] {
        assert!(visit.dom.contains(mark), "{mark} is not set: the script did not come to its end");
    }
    assert!(!visit.dom.contains("data-hostile") && !visit.dom.contains("<x-hostile"), "a name became an element");
    assert_eq!(visit.dom.matches("<script").count(), 2, "the data and the page's own");
}

fn lines(visit: &Visit) -> usize {
    visit.dom.matches("<details class=\"finding").count()
}

/// `check --format html`, as a user would call it.
fn booking() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page/booking.html");
    fs::create_dir_all(path.parent().unwrap()).expect("a folder");
    let report = run(&["check", "examples/booking.sql", "--format", "html", "-o", &path.display().to_string()]);
    assert_eq!(report.code, 1, "{}", report.stderr);
    assert!(report.stdout.is_empty());
    path
}

#[test]
fn the_example_is_shown() {
    let path = booking();
    let page = visit(&path, "");
    sound(&page);
    let findings = support::binary::check(&["examples/booking.sql"]).0["findings"].as_array().unwrap().len();
    assert_eq!(lines(&page), findings);
    for text in ["reservation can hold the same (show_id, user_id) twice", "aria-label=\"show: 8 columns, 5 findings\""]
    {
        assert!(page.dom.contains(text), "{text}");
    }
    assert_eq!(page.dom.matches("class=\"reference\"").count(), 2, "lines between tables");
    assert!(!page.dom.contains("ADD CONSTRAINT show_available_seats_check<"), "SQL comes when a finding is opened");

    let one = visit(&path, "q=available_seats+negative");
    sound(&one);
    assert_eq!(lines(&one), 1);
    assert!(one.dom.contains("<h3>Guard</h3>"), "the only one opens itself");
    assert!(one.dom.contains("1 of 8 findings"));
}

#[test]
fn a_page_that_was_tampered_with_does_not_run() {
    let text = fs::read_to_string(booking()).unwrap();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page/tampered.html");
    fs::write(&path, text.replace("watchTheme();\n", "watchTheme( );\n")).unwrap();
    let page = visit(&path, "");
    assert!(page.console.iter().any(|l| l.contains("Content Security Policy")), "{:?}", page.console);
    assert!(!page.dom.contains("data-ready"));
}

#[test]
fn sixty_nights_are_plotted() {
    let page = visit(&write("nights.html", &nights()), "");
    sound(&page);
    for level in ["high", "medium", "low"] {
        assert!(page.dom.contains(&format!("class=\"area {level}\"")), "{level}");
    }
    assert_eq!(page.dom.matches("<title>This run failed").count(), 2);
    assert!(page.dom.contains("all 3 databases, 180 runs"));
    assert!(page.dom.contains("Failed: "), "a database that could not be reached");
}

#[test]
fn hostile_names_are_text_and_five_thousand_findings_come_as_they_are_needed() {
    let path = write("hostile.html", &hostile(5000));
    let page = visit(&path, "");
    sound(&page);
    assert!(page.dom.contains("5,000 findings"));
    assert!((40..400).contains(&lines(&page)), "{} lines are made at once", lines(&page));
    assert!(page.dom.contains("&lt;script&gt;document"), "as text");
    assert!(page.dom.contains("<span class=\"control\">U+202E</span>"), "what turns the text is spelt out");
    assert!(page.dom.contains("150 of 500 tables"));

    let found = visit(&path, "severity=high&q=sixty_three");
    sound(&found);
    assert!(found.dom.contains(" of 5,000 findings") && lines(&found) > 0);
    let none = visit(&path, "q=%3Cx-nothing%3E&rule=%3Cx-hostile%3E&severity=%3Cx-hostile%3E");
    sound(&none);
    assert!(none.dom.contains("<p class=\"empty\">No finding matches"));
}

/// Three databases over sixty nights, one of them out of reach in the end.
fn nights() -> Page {
    let report: Value = support::binary::check(&["examples/booking.sql"]).0;
    let text = fs::read_to_string("examples/booking.sql").unwrap();
    let file = dbaudit::source::ddl::SchemaFile { name: "booking.sql".to_owned(), text };
    let catalog = dbaudit::source::ddl::read(&[file], &Default::default()).catalog;
    let names = ["postgresql://auditor@db1.internal/booking", "postgresql://auditor@db2.internal/shop", "ledger"];
    let databases = names.iter().enumerate().map(|(n, name)| {
        let mut report = report.clone();
        if n == 2 {
            report = json!({ "source": { "kind": "live", "name": name }, "error": "connection refused (db3.internal:26257)",
                "engine": { "product": "unknown", "version": null }, "findings": [], "skipped": [], "settings": [],
                "summary": { "tables": 0, "by_severity": {}, "by_confidence": {}, "new": 0, "suppressed": 0 } });
        } else {
            report["engine"] = json!({ "product": (["cockroachdb", "postgresql"][n]), "version": (["24.3", "17.2"][n]) });
            report["findings"][n + 1]["status"] = json!("baseline");
        }
        let since = report["findings"].as_array().unwrap().iter().enumerate();
        let since = since.map(|(i, f)| (f["fingerprint"].as_str().unwrap().to_owned(), at(NIGHTS - 1 - i * 5))).collect();
        let runs = (0..NIGHTS).map(|night| past(n, night)).collect();
        let schema = if n == 2 { Schema::default() } else { Schema::of(&catalog) };
        Database { name: (*name).to_owned(), report, runs, since, schema }
    });
    Page { version: "0.1.0", written: at(NIGHTS - 1), live: false, databases: databases.collect() }
}

fn at(night: usize) -> String {
    format!("2026-{:02}-{:02}T02:00:00Z", 9 + night / 30, 1 + night % 30)
}

fn past(database: usize, night: usize) -> Run {
    let error = (database == 2 && night + 2 >= NIGHTS).then(|| "connection refused".to_owned());
    let wave = |period: usize, height: usize| (night / period * 7 + database * 3) % height;
    Run {
        id: format!("{database}-{night}"),
        at: at(night),
        high: (4 + wave(9, 5)) as u64,
        medium: (9 + wave(7, 8)) as u64,
        low: (6 + wave(13, 4)) as u64,
        new: u64::from(night.is_multiple_of(9)),
        fixed: u64::from(night.is_multiple_of(7)),
        error,
        seconds: 1.5 + night as f64 / 40.0,
    }
}

/// As many findings as a large database has in its worst year, all with names that would like to be something else.
fn hostile(findings: usize) -> Page {
    const TABLES: usize = 500;
    let name =
        |i: usize| if i < 9 { HOSTILE[i].to_owned() } else { format!("{}_{i}", ["orders", "payment", "seat"][i % 3]) };
    let columns = |i: usize| (0..4 + i % 20).map(move |c| if c < 9 { HOSTILE[c].to_owned() } else { format!("c{c}") });
    let table = |i: usize| Table {
        schema: if i.is_multiple_of(5) { HOSTILE[i % 9].to_owned() } else { "public".to_owned() },
        name: name(i),
        rows: Some(i as u64 * 1000),
        columns: columns(i)
            .enumerate()
            .map(|(c, name)| Column {
                name,
                data_type: "character varying(50)".to_owned(),
                nullable: c % 3 == 1,
                key: c == 0,
                unique: c == 2,
                checked: c == 3,
            })
            .collect(),
        references: (1..1 + i % 3)
            .map(|k| i / (k + 2))
            .map(|j| Reference {
                columns: vec![HOSTILE[1].to_owned()],
                schema: if j.is_multiple_of(5) { HOSTILE[j % 9].to_owned() } else { "public".to_owned() },
                table: name(j),
            })
            .collect(),
        origin: None,
    };
    let tables: Vec<Table> = (0..TABLES).map(table).collect();
    let finding = |i: usize| {
        let (t, hostile) = (&tables[i * 7 % TABLES], HOSTILE[i % 9]);
        let level = |n: usize| ["low", "medium", "high"][n % 3];
        json!({
            "rule": (["missing-unique-key", "negative-counter", "check-then-insert", "lost-update"][i % 4]),
            "severity": level(i), "confidence": level(i / 3),
            "object": { "schema": t.schema, "table": t.name, "columns": [hostile], "state": "00000000" },
            "message": format!("{} can hold the same {hostile} twice: it tells rows apart, but is not unique.", t.name),
            "guard": { "kind": "unique", "columns": [hostile], "predicate": null, "expression": null, "name": hostile,
                "sql": format!("ALTER TABLE \"{}\"\n  ADD UNIQUE (\"{hostile}\");", t.name) },
            "evidence": [{ "source": "name", "verdict": "supports", "text": format!("columns called {hostile} tell rows apart") },
                { "source": "shape", "verdict": "refutes", "text": "the column allows NULL" }],
            "rows": { "looked_at": 1_200_000, "violations": i % 4, "sampled": true, "of_about": 9_000_000, "examples": [hostile] },
            "statements": [{ "text": format!("SELECT 1 FROM \"{}\" WHERE x = $1", t.name), "count": 1808, "application": hostile, "transaction": "implicit" }],
            "remedies": [{ "framework": "Django", "text": format!("get_or_create({hostile})") }],
            "fingerprint": format!("{i:016x}"), "status": (["new", "new", "baseline", "suppressed"][i % 4]),
        })
    };
    let report = json!({
        "source": { "kind": "live", "name": HOSTILE[3] }, "engine": { "product": "postgresql", "version": "17.2" },
        "findings": (0..findings).map(finding).collect::<Vec<_>>(),
        "skipped": [{ "rule": "*", "reason": HOSTILE[0] }],
        "settings": [{ "scope": HOSTILE[4], "name": HOSTILE[3], "value": null, "in_force": null, "meaning": HOSTILE[0] }],
        "summary": { "tables": TABLES, "by_severity": {}, "by_confidence": {}, "new": findings, "suppressed": 0 },
    });
    let runs = (0..NIGHTS)
        .map(|night| Run { error: (night == 30).then(|| HOSTILE[3].to_owned()), ..past(0, night) })
        .collect();
    let database =
        Database { name: HOSTILE[3].to_owned(), report, runs, since: Default::default(), schema: Schema { tables } };
    Page { version: "0.1.0", written: at(NIGHTS - 1), live: false, databases: vec![database] }
}
