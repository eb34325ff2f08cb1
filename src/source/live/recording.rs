//! The rows of all queries, kept: what fixtures are made of.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{LiveError, ResultSet};

/// All that a server answered. Holds definitions of the schema and planner estimates, no rows of user tables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The answer of `version()`.
    pub version: String,
    /// The current database.
    pub database: String,
    /// The user that read.
    pub user: String,
    /// How many statements were sent.
    pub statements: usize,
    /// Optional queries that the server refused, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<String, Failure>,
    /// The rows, by name of the query.
    #[serde(default)]
    pub results: BTreeMap<String, ResultSet>,
}

/// Why the server refused a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// SQLSTATE.
    pub code: String,
    /// The server's words.
    pub message: String,
}

impl Failure {
    pub(super) fn of(error: &tokio_postgres::Error) -> Failure {
        match error.as_db_error() {
            Some(db) => Failure { code: db.code().code().to_owned(), message: db.message().to_owned() },
            // such as text that is not UTF-8, in a database with the encoding SQL_ASCII
            None => Failure { code: "22021".to_owned(), message: error.to_string() },
        }
    }
}

/// The file of a folder that holds everything but rows.
const HEAD: &str = "recording.json";

impl Recording {
    pub(super) fn of_server(server: &ResultSet) -> Result<Recording, LiveError> {
        let [version, database, user] = server.positions(["version", "database", "user"])?;
        let row = server.rows().next().ok_or_else(|| LiveError::Malformed {
            query: server.query().to_owned(),
            reason: "it has no row".to_owned(),
        })?;
        Ok(Recording {
            version: row.text(version).to_owned(),
            database: row.text(database).to_owned(),
            user: row.text(user).to_owned(),
            ..Recording::default()
        })
    }

    /// The rows of a required query.
    pub(super) fn required(&self, query: &str) -> Result<&ResultSet, LiveError> {
        self.results.get(query).ok_or_else(|| LiveError::Malformed {
            query: query.to_owned(),
            reason: "there is no answer to it".to_owned(),
        })
    }

    /// What a catalog without tables may mean on this server.
    pub fn why_empty(&self) -> String {
        let Recording { database, user, version, .. } = self;
        if version.starts_with("CockroachDB") {
            format!(
                "database \"{database}\" has no tables that user \"{user}\" can see; CockroachDB shows only tables on \
                 which the user has a privilege, and none for a database that does not exist"
            )
        } else {
            format!("database \"{database}\" has no tables outside of the system's schemas")
        }
    }

    /// Reads what [`Recording::write`] wrote: a folder or a file.
    pub fn read(path: &Path) -> Result<Recording, LiveError> {
        if !path.is_dir() {
            return parse(path);
        }
        let mut recording: Recording = parse(&path.join(HEAD))?;
        let entries = std::fs::read_dir(path).map_err(|e| problem(path, &e))?;
        for entry in entries {
            let file = entry.map_err(|e| problem(path, &e))?.path();
            if file.extension().is_some_and(|e| e == "json") && file.file_name().is_some_and(|n| n != HEAD) {
                let rows: ResultSet = parse(&file)?;
                recording.results.insert(rows.query().to_owned(), rows);
            }
        }
        Ok(recording)
    }

    /// Writes the recording: to one file if the name ends in `.json`, else to a folder with one file a query and one
    /// line a row, so that a renewed fixture shows what changed. Files appear whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), LiveError> {
        if path.extension().is_some_and(|e| e == "json") {
            return write_whole(path, &json(path, self)?);
        }
        std::fs::create_dir_all(path).map_err(|e| problem(path, &e))?;
        for (query, rows) in &self.results {
            let file = path.join(format!("{query}.json"));
            write_whole(&file, &row_by_row(&file, rows)?)?;
        }
        let head = Recording { results: BTreeMap::new(), ..self.clone() };
        let file = path.join(HEAD);
        let text = serde_json::to_string_pretty(&head).map_err(|e| problem(&file, &e))?;
        write_whole(&file, &(text + "\n"))
    }
}

fn row_by_row(path: &Path, rows: &ResultSet) -> Result<String, LiveError> {
    let mut out = format!("{{\"query\": {},\n", json(path, rows.query())?);
    let _ = writeln!(out, " \"columns\": {},", json(path, rows.columns())?);
    out.push_str(" \"rows\": [");
    for (i, row) in rows.rows().enumerate() {
        let values: Vec<Option<&str>> = (0..rows.columns().len()).map(|c| row.get(c)).collect();
        let _ = write!(out, "{}\n  {}", if i > 0 { "," } else { "" }, json(path, &values)?);
    }
    out.push_str("\n ]}\n");
    Ok(out)
}

fn problem(path: &Path, reason: &dyn std::fmt::Display) -> LiveError {
    LiveError::Recording { path: path.to_owned(), reason: reason.to_string() }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, LiveError> {
    let text = std::fs::read(path).map_err(|e| problem(path, &e))?;
    serde_json::from_slice(&text).map_err(|e| problem(path, &e))
}

fn json<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<String, LiveError> {
    serde_json::to_string(value).map_err(|e| problem(path, &e))
}

fn write_whole(path: &Path, text: &str) -> Result<(), LiveError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)] // as any other file: the umask takes from it
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(|e| problem(path, &e))?;
    file.write_all(text.as_bytes()).map_err(|e| problem(path, &e))?;
    file.persist(path).map(drop).map_err(|e| problem(path, &e))
}
