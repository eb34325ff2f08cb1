//! Names that end strings, comments and statements, or give orders: whatever a table is called, each tool gets to see the
//! statements of the plan and no others, or the format refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dbaudit::catalog::Catalog;
use dbaudit::engine::{Engine, Product, Version};
use dbaudit::evidence::Observed;
use dbaudit::migration::format::FORMATS;
use dbaudit::migration::{Change, File, Folder, Plan, Request};
use dbaudit::rules::{RULES, audit};
use dbaudit::source::ddl::{Options, SchemaFile, read};
use dbaudit::sql::parse;
use proptest::collection::vec;
use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use squawk_syntax::SyntaxKind;
use support::tools;

/// What names are made of.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\\",
    "`",
    "\n",
    "\r\n",
    "\r",
    "\t",
    ";",
    ";\n",
    "*/",
    "/*",
    "--",
    "\n--",
    "#",
    "//",
    "$$",
    "$check$",
    "${x}",
    "#{x}",
    "{{x}}",
    "?",
    "\\?",
    "%",
    "%s",
    "%(x)s",
    ":x",
    "::int",
    "\"\"\"",
    "'''",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{202e}",
    "שלום",
    "🎟️",
    "é",
    "Capital",
    "select",
    "end",
    " ",
    "\n-- migrate:down\n",
    "migrate:up x",
    "+goose Down",
    "\n-- +goose Down\n",
    "atlas:txmode none",
    "no-transaction",
    "\n--rollback x\n",
    "changeset a:b",
    "rollback",
    "coding: x",
    "=begin",
    "\n__END__\n",
    "\nSET a = 1;\n",
    "\nDROP TABLE a;\n",
    "\nCOMMIT;\n",
    "dbaudit: rule a, finding b, step 1 of 1",
    "abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXY",
];

/// Names of at most 63 bytes: each piece alone, and some together.
fn names() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let together = vec(select(PIECES), 2..6);
    let together = (0..30).map(|_| together.new_tree(&mut runner).unwrap().current().concat());
    let fit = |mut name: String| {
        while name.len() > 63 {
            name.pop();
        }
        name
    };
    PIECES.iter().map(|p| (*p).to_owned()).chain(together).map(fit).collect()
}

/// A table of that name, with a key, checks and references to miss or to validate, of another name.
fn catalog(name: &str, other: &str) -> Catalog {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (table, other) = (quote(name), quote(&format!("{other}_")));
    let text = format!(
        "CREATE TABLE {table} (id bigint PRIMARY KEY, available_seats int NOT NULL, slug text NOT NULL, {other} int NOT NULL, \
           parent_id bigint NOT NULL); \
         ALTER TABLE {table} ADD CONSTRAINT {other} CHECK ({other} >= 0) NOT VALID; \
         ALTER TABLE {table} ADD CONSTRAINT parent FOREIGN KEY (parent_id) REFERENCES {table} (id) NOT VALID;"
    );
    let engine = Engine { product: Product::PostgreSql, version: Some(Version::new(16, 0)) };
    let reading = read(&[SchemaFile { name: "x.sql".into(), text }], &Options { engine: Some(engine) });
    assert_eq!(reading.problems, [], "{name:?}");
    reading.catalog
}

/// The statements of a text as their tokens, without comments, limits, and what begins and ends transactions.
fn statements(sql: &str) -> Vec<String> {
    let parsed = parse(sql).expect("the parser does not give up");
    assert!(parsed.errors().is_empty(), "{:?}\n{sql}", parsed.errors());
    let tokens = parsed.syntax_node().descendants_with_tokens().filter_map(|e| e.into_token());
    let tokens = tokens.filter(|t| !matches!(t.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT));
    let all: Vec<String> = tokens.map(|t| t.text().to_owned()).collect();
    // what the formats write themselves, and no name: one that brought its own `SET` or `COMMIT` along is seen
    let is_limit = |s: &str| {
        let name = ["SET LOCAL ", "SET ", "RESET "].iter().find_map(|word| s.strip_prefix(word)).unwrap_or_default();
        name.starts_with("lock_timeout") || name.starts_with("statement_timeout")
    };
    let is_frame = |s: &str| matches!(s, "" | "BEGIN" | "COMMIT" | "SELECT 1");
    let all = all.split(|t| t == ";").map(|statement| statement.join(" "));
    all.filter(|s| !is_frame(s) && !is_limit(s)).collect()
}

/// The two ways of a migration.
#[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
struct Ways {
    up: Vec<String>,
    down: Vec<String>,
}

impl Ways {
    fn add(&mut self, other: &Ways) {
        self.up.extend(other.up.iter().flat_map(|sql| statements(sql)));
        self.down.extend(other.down.iter().flat_map(|sql| statements(sql)));
    }
}

/// What the plan says. The ways back are compared without their order: tools go through the files from the end.
fn planned(format: &str, request: &Request<'_>) -> Ways {
    let mut ways = Ways::default();
    for (_, Change { up, .. }) in request.changes() {
        // run again as if it had not been there
        let again = if format == "django" && up.sql.ends_with(" NOT VALID;") { up.undo.clone() } else { Vec::new() };
        let sql = if format == "refinery" { up.sql.replacen(" CONCURRENTLY", "", 1) } else { up.sql.clone() };
        let down = if matches!(format, "refinery" | "atlas") { Vec::new() } else { up.undo.clone() };
        ways.add(&Ways { up: again.into_iter().chain([sql]).collect(), down });
    }
    ways.down.sort();
    ways
}

/// What a tool of SQL files sends for one, by its sources.
fn sent(format: &str, file: &File) -> Ways {
    let (name, text) = (file.path.to_str().unwrap(), file.text.as_str());
    let whole = |down: bool| match down {
        true => Ways { down: vec![text.to_owned()], ..Ways::default() },
        false => Ways { up: vec![text.to_owned()], ..Ways::default() },
    };
    let runs = |words: &str| text.lines().any(|line| !line.starts_with("--") && line.contains(words));
    match format {
        // `(?m)^--\s*migrate:(up|down)` (pkg/dbmate/migration.go)
        "dbmate" => {
            let order =
                |line: &str, way: &str| line.strip_prefix("--").is_some_and(|l| l.trim_start().starts_with(way));
            let at = |way: &str| {
                let all: Vec<usize> =
                    text.split('\n').enumerate().filter(|(_, l)| order(l, way)).map(|(i, _)| i).collect();
                assert_eq!(all.len(), 1, "{way}:\n{text}");
                all[0]
            };
            let (up, down) = (at("migrate:up"), at("migrate:down"));
            let lines: Vec<&str> = text.split('\n').collect();
            assert!(up < down && lines[..up].iter().all(|l| l.is_empty() || l.starts_with("--")), "{text}");
            Ways { up: vec![lines[up..down].join("\n")], down: vec![lines[down..].join("\n")] }
        }
        "goose" => goose(text),
        // AbstractFormattedChangeLogParser: lines as Java reads them
        "liquibase" => {
            let lines: Vec<&str> = text.split(['\n', '\r']).collect();
            let rollback = |l: &str| l.strip_prefix("--rollback ").map(str::to_owned);
            let up: Vec<&str> = lines.iter().copied().filter(|l| rollback(l).is_none()).collect();
            let down: Vec<String> = lines.iter().filter_map(|l| rollback(l)).filter(|l| l != "not required").collect();
            let word = |l: &&&str| l.strip_prefix("--").is_some_and(|l| l.trim_start().starts_with("changeset"));
            assert_eq!(up.iter().filter(word).count(), 1, "{text}");
            Ways { up: vec![up.join("\n")], down: vec![down.join("\n")] }
        }
        "sqlx" => {
            assert_eq!(text.starts_with("-- no-transaction"), runs(" CONCURRENTLY "), "{text}");
            whole(name.ends_with(".down.sql"))
        }
        // sql/migrate/dir.go: any line of the head gives an order
        "atlas" => {
            let head = text.split("\n\n").next().unwrap();
            let orders: Vec<&str> = head.lines().filter(|l| l.contains("atlas:")).collect();
            let wanted: &[&str] = if runs(" CONCURRENTLY IF NOT") { &["-- atlas:txmode none"] } else { &[] };
            assert!(orders == wanted && !text.contains("-- atlas:txmode none\n\n"), "{text}");
            whole(false)
        }
        "flyway" => whole(name.starts_with('U')),
        "prisma" => whole(name.ends_with("down.sql")),
        _ => whole(name.ends_with(".down.sql")),
    }
}

/// internal/sqlparser of goose v3.
fn goose(text: &str) -> Ways {
    let (mut ways, mut buffer, mut down, mut whole) = (Ways::default(), String::new(), None, false);
    for line in text.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)) {
        if line.trim().starts_with("--") && line.contains("+goose") {
            match line {
                "-- +goose Up" => down = Some(false),
                "-- +goose Down" => down = Some(true),
                "-- +goose StatementBegin" => whole = true,
                "-- +goose StatementEnd" => {}
                _ => assert_eq!(line, "-- +goose NO TRANSACTION", "{text}"),
            }
            if line != "-- +goose StatementEnd" {
                continue;
            }
            whole = false;
        } else if buffer.is_empty() && (line.is_empty() || line.trim().starts_with("--")) {
            continue;
        } else {
            buffer += &format!("{line}\n");
            let code = line.split_whitespace().take_while(|w| !w.starts_with("--")).last();
            if whole || !code.is_some_and(|w| w.ends_with(';')) {
                continue;
            }
        }
        let way = if down.expect("an order before") { &mut ways.down } else { &mut ways.up };
        way.push(std::mem::take(&mut buffer));
    }
    assert!(buffer.is_empty(), "unfinished: {text}");
    ways
}

/// What the tools of other languages would send for all files of a folder, by file.
fn sent_by(reader: &mut Command, script: &str, folder: &Path) -> BTreeMap<PathBuf, Ways> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers").join(script);
    serde_json::from_str(&tools::run(reader.arg(script).arg(folder))).unwrap()
}

/// Whether a name has what a tool may not take. No other is refused.
fn may_be_refused(name: &str) -> bool {
    ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "${", "\\?"].iter().any(|p| name.contains(p))
}

#[test]
fn no_name_changes_what_is_sent() {
    let root = support::migrations::folder();
    let (names, mut all, mut refused) = (names(), Vec::new(), 0);
    for (i, (name, other)) in names.iter().zip(names.iter().cycle().skip(7)).enumerate() {
        let catalog = catalog(name, other);
        let plan = Plan::new(&catalog, audit(&catalog, &Observed::default(), RULES).findings);
        let steps: usize = plan.migrations.iter().map(|m| m.changes.len()).sum();
        assert!(steps >= 5, "{name:?}: {steps}");
        for format in FORMATS {
            let place = root.path().join(format.name).join(i.to_string()).join("app/migrations");
            let folder = Folder::read(&place).unwrap();
            let request = Request::new(&plan, &folder);
            match (format.render)(&request) {
                Ok(files) => {
                    for file in &files {
                        // as Folder::write does, but for its waiting for the disk
                        let path = place.join(&file.path);
                        fs::create_dir_all(path.parent().unwrap()).unwrap();
                        fs::write(path, &file.text).unwrap();
                    }
                    all.push((*format, name, planned(format.name, &request), place, files));
                    // what is written is what a later run finds
                    let again = Folder::read(&folder.root).unwrap();
                    assert!(Request::new(&plan, &again).pending.is_empty(), "{}: {name:?}", format.name);
                }
                Err(e) => {
                    refused += 1;
                    assert!(e.to_string().contains("does not read this as one statement"), "{}: {e}", format.name);
                    assert!(may_be_refused(name) || may_be_refused(other), "{}: {name:?}: {e}", format.name);
                }
            }
        }
    }
    assert!(refused * 10 < all.len(), "{refused} of {} refused", all.len());
    let path = |format: &str| root.path().join(format);
    let mut python = Command::new(tools::pip("sqlalchemy", &["sqlalchemy>=2,<3"]).join("python"));
    let node = tools::npm("knex", &["knex@3", "pg@8"]).join("node_modules");
    let mut by_file = sent_by(&mut python, "alembic_django.py", root.path());
    by_file.extend(sent_by(Command::new("node").env("NODE_PATH", node), "knex.js", &path("knex")));
    by_file.extend(sent_by(&mut Command::new("ruby"), "rails.rb", &path("rails")));
    for (format, name, planned, place, files) in all {
        let mut ways = Ways::default();
        for file in files.iter().filter(|f| !f.replaces && !f.text.is_empty()) {
            match file.path.extension().and_then(|e| e.to_str()) {
                Some("sql") => ways.add(&sent(format.name, file)),
                Some("py" | "js" | "rb") => ways.add(&by_file[&place.join(&file.path)]),
                _ => {}
            }
        }
        ways.down.sort();
        assert_eq!(ways, planned, "{}: {name:?}", format.name);
    }
}
