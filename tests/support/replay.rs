//! Plays the part of a CockroachDB server whose whole catalog relations were recorded (`tests/recorded/cockroach-21.1`):
//! the queries of `queries/cockroach` are plain projections, so their select lists are all there is to carry out.

use std::path::{Path, PathBuf};

use dbaudit::source::live::{Recording, ResultSet, catalog_statements};
use serde_json::Value;

/// A recorded relation with all its columns.
#[derive(Clone)]
pub struct Relation {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

impl Relation {
    /// Where the column stands.
    pub fn at(&self, column: &str) -> usize {
        self.columns.iter().position(|c| c == column).unwrap_or_else(|| panic!("no column {column}"))
    }

    /// Applies `change` to each row.
    pub fn each(&mut self, column: &str, change: impl Fn(&mut Value, &[Value])) {
        let at = self.at(column);
        for row in &mut self.rows {
            let before = row.clone();
            change(&mut row[at], &before);
        }
    }
}

/// A server with the recorded relations, which a test may change before it reads them.
pub struct Server {
    pub version: String,
    database: String,
    relations: std::collections::BTreeMap<String, Relation>,
}

impl Server {
    /// The server of which `tests/recorded/cockroach-21.1/{database}` was recorded.
    pub fn recorded(database: &str) -> Server {
        let folder = recorded(&format!("cockroach-21.1/{database}"));
        let mut relations = std::collections::BTreeMap::new();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            // a statistic in there is NaN, which is not JSON; no query of the catalog reads it
            if path.extension().is_some_and(|e| e == "json") && name != "crdb_internal.node_statement_statistics" {
                let json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                let texts = |v: &Value| v.as_array().unwrap().iter().map(|c| c.as_str().unwrap().into()).collect();
                let rows = json["rows"].as_array().unwrap().iter().map(|r| r.as_array().unwrap().clone());
                relations.insert(name, Relation { columns: texts(&json["columns"]), rows: rows.collect() });
            }
        }
        let version = relations["version"].rows[0][0].as_str().unwrap().to_owned();
        Server { version, database: database.to_owned(), relations }
    }

    /// A relation, to be changed.
    pub fn relation(&mut self, name: &str) -> &mut Relation {
        self.relations.get_mut(name).unwrap_or_else(|| panic!("{name} was not recorded"))
    }

    /// Adds a relation that was not recorded.
    pub fn add(&mut self, name: &str, relation: Relation) {
        self.relations.insert(name.to_owned(), relation);
    }

    /// What `fetch` would have returned.
    pub fn recording(&self) -> Recording {
        let mut recording = Recording {
            version: self.version.clone(),
            database: self.database.clone(),
            user: "root".to_owned(),
            ..Recording::default()
        };
        for statement in catalog_statements(&self.version).unwrap() {
            if let Some(rows) = self.run(statement.name, statement.sql) {
                recording.results.insert(statement.name.to_owned(), rows);
            }
        }
        recording
    }

    fn run(&self, query: &str, sql: &str) -> Option<ResultSet> {
        let code: Vec<&str> = sql.lines().filter(|l| !l.starts_with("--")).collect();
        let code = code.join(" ");
        let (list, rest) = code.strip_prefix("SELECT ").unwrap().split_once(" FROM ").unwrap();
        let source = rest.split_whitespace().next().unwrap();
        let relation = self.relations.get(source.strip_prefix("pg_catalog.").unwrap_or(source))?;
        let items: Vec<(Option<usize>, &str)> = list
            .split(',')
            .map(|item| {
                let (value, alias) = item.trim().split_once("::text AS ").unwrap();
                ((value != "NULL").then(|| relation.at(value)), alias)
            })
            .collect();
        let mut set = ResultSet::new(query, items.iter().map(|(_, alias)| (*alias).to_owned()).collect());
        for row in &relation.rows {
            let values: Vec<Option<String>> = items.iter().map(|(at, _)| text(&row[(*at)?])).collect();
            set.push(values.iter().map(Option::as_deref));
        }
        Some(set)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(s) => Some(s.clone()),
        other => Some(other.to_string()),
    }
}

/// What a CockroachDB v21.1 said beside its schema.
pub fn statistics() -> Recording {
    Recording::read(&recorded("cockroach-21.1-queries/statistics")).unwrap()
}

/// A path in `tests/recorded`.
pub fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name)
}
