//! Places for a history: a file, a PostgreSQL, and a CockroachDB where there is one. What holds of one holds of all.

use std::path::PathBuf;

use dbaudit::history::Place;
use dbaudit::source::connection::{Environment, Settings};
use tempfile::TempDir;

use super::cockroach::{Cockroach, CockroachDatabase};
use super::postgres::{Database, Postgres};

/// A place where nothing is yet; what it has is gone with the value.
pub struct Store {
    /// As `--history` takes it.
    pub name: String,
    /// The folder of a file.
    folder: Option<TempDir>,
    _postgres: Option<Database>,
    _cockroach: Option<CockroachDatabase>,
}

impl Store {
    /// A file.
    pub fn file() -> Store {
        let folder = tempfile::tempdir().expect("a folder");
        let name = folder.path().join("history.db").display().to_string();
        Store { name, folder: Some(folder), _postgres: None, _cockroach: None }
    }

    /// A database of PostgreSQL.
    pub fn postgres() -> Store {
        let database = Postgres::shared().database();
        Store { name: database.url.clone(), folder: None, _postgres: Some(database), _cockroach: None }
    }

    /// One of each kind; `what` names the test.
    pub fn all(what: &str) -> Vec<Store> {
        let cockroach = Cockroach::shared().map(|c| c.database(&format!("history_{what}")));
        let cockroach = cockroach.map(|database| Store {
            name: database.url.clone(),
            folder: None,
            _postgres: None,
            _cockroach: Some(database),
        });
        [Store::file(), Store::postgres()].into_iter().chain(cockroach).collect()
    }

    /// As the library takes it.
    pub fn place(&self) -> Place {
        match self.path() {
            Some(path) => Place::File(path),
            None => {
                let settings = Settings::new(&self.name, &Environment::of_process()).expect("a connection string");
                Place::Server(Box::new(settings))
            }
        }
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|_| PathBuf::from(&self.name))
    }
}
