//! The history: every run of every source, what is open, and what was told to whom.
//!
//! One [`History`] over two kinds of [`database`]: a file, or a schema in a CockroachDB or PostgreSQL database. A run is
//! recorded in one transaction with what it changes, so that whatever happens to the process it is there wholly or not at
//! all, and once. Reports and catalogs are kept as texts by their hash: nights on which nothing changed share them.

/// A statement of `queries/history/`.
macro_rules! query {
    ($name:literal) => {
        include_str!(concat!("../../queries/history/", $name, ".sql"))
    };
}

mod compare;
mod database;
mod deliveries;
mod found;
mod news;
mod run;
mod server;
mod sqlite;

pub use compare::{Changed, Difference, Moved, Side};
pub use deliveries::{Delivery, Notice};
pub use found::Found;
pub use news::{News, Sighting};
pub use run::{NewRun, Run, Saw, Seen, stamp};

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use database::{Database, DatabaseError, Row, Session, Value};

use crate::catalog::Catalog;
use crate::source::connection::Settings;
use crate::source::snapshot;

/// The migrations of a history's tables, in their order: never edited once released.
const MIGRATIONS: &[&str] = &[query!("migrations/0001_runs")];

/// Where a history is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A database.
    Server(Box<Settings>),
}

impl Place {
    /// What to call it: without secrets.
    pub fn label(&self) -> String {
        match self {
            Place::File(path) => path.display().to_string(),
            Place::Server(settings) => settings.redacted(),
        }
    }
}

/// An open history.
pub struct History {
    database: Box<dyn Database>,
    label: String,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "History({})", self.label)
    }
}

impl History {
    /// Opens a history, and begins one where there is none if `create` says so.
    ///
    /// # Errors
    /// If it cannot be read or written, is something else, or was written by a newer dbaudit.
    pub fn open(place: &Place, create: bool) -> Result<History> {
        let database: Box<dyn Database> = match place {
            Place::File(path) => Box::new(sqlite::File::open(path, create)?),
            Place::Server(settings) => Box::new(server::Server::open(settings, create)?),
        };
        let mut history = History { database, label: place.label() };
        history.migrate()?;
        Ok(history)
    }

    fn migrate(&mut self) -> Result<()> {
        let label = self.label.clone();
        let sure =
            |done: Result<(), DatabaseError>| done.with_context(|| format!("cannot prepare the history {label}"));
        // asked before anything is made, so that a role that may not make tables can use those that are there
        let version = self.version().unwrap_or(0);
        if version > MIGRATIONS.len() {
            bail!("the history {label} was written by a newer dbaudit (format {version}); update this one");
        }
        if version == MIGRATIONS.len() {
            return Ok(());
        }
        sure(self.database.migrate(query!("migration_table")))?;
        for (i, sql) in MIGRATIONS.iter().enumerate().skip(version) {
            for statement in sql.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
                sure(self.database.migrate(statement))?;
            }
            self.transact(|session| session.run(query!("migration_insert"), &[Value::from(i + 1)]).map(drop))?;
        }
        Ok(())
    }

    fn version(&mut self) -> Result<usize> {
        let rows = self.ask(query!("migration_version"), &[])?;
        Ok(rows.first().map_or(0, |r| usize::try_from(r.number(0)).unwrap_or(usize::MAX)))
    }

    fn transact<T: Default>(
        &mut self,
        mut work: impl FnMut(&mut dyn Session) -> Result<T, DatabaseError>,
    ) -> Result<T> {
        let mut out = T::default();
        self.database
            .transact(&mut |session| {
                out = work(session)?;
                Ok(())
            })
            .with_context(|| format!("cannot use the history {}", self.label))?;
        Ok(out)
    }

    fn ask(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        self.transact(|session| session.run(sql, values))
    }

    /// Records a run with all that it changes, once: a run that is there already is left as it is.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn record(&mut self, run: &NewRun<'_>) -> Result<News> {
        self.transact(|session| run::record(session, run))
    }

    /// The runs, the latest first: of one source or of all.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn runs(&mut self, source: Option<&str>, limit: usize) -> Result<Vec<Run>> {
        self.transact(|session| run::list(session, source, limit))
    }

    /// The latest run of each source, by name.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn latest(&mut self) -> Result<Vec<Run>> {
        self.transact(run::latest)
    }

    /// The latest run of a source that could be done.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn audited(&mut self, source: &str) -> Result<Option<Run>> {
        Ok(self.transact(|session| run::audited(session, source, 1))?.into_iter().next())
    }

    /// The run with an id, the beginning of one, `latest` or `previous`.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn find(&mut self, id: &str, source: Option<&str>) -> Result<Run> {
        let back = match id {
            "latest" => Some(0),
            "previous" => Some(1),
            _ => None,
        };
        if let Some(back) = back {
            let mut sources: Vec<Run> = self.latest()?;
            sources.retain(|r| source.is_none_or(|s| s == r.source));
            if sources.len() > 1 {
                bail!("the history has {} sources; name the one that is meant: --source NAME", sources.len());
            }
            let of = sources.first().map(|r| r.source.clone()).with_context(|| format!("{} has no run", self.label))?;
            let done = self.transact(|s| run::audited(s, &of, back + 1))?;
            return done
                .into_iter()
                .nth(back)
                .with_context(|| format!("{} has no {id} run of {of} that was audited", self.label));
        }
        let mut found = self.transact(|session| run::beginning(session, id))?;
        match found.len() {
            1 => Ok(found.swap_remove(0)),
            0 => bail!("{} has no run {id}; `dbaudit history {}` lists them", self.label, self.label),
            n => bail!("{n} runs of {} begin with {id}; give more of the id", self.label),
        }
    }

    /// The report of a run, as JSON; `None` if it failed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn report(&mut self, run: &Run) -> Result<Option<serde_json::Value>> {
        let Some(text) = self.document(&run.report)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).with_context(|| format!("the report of run {} is damaged", run.id))
    }

    /// What a run found, however sure, and what it looked at; `None` if it failed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn saw(&mut self, run: &Run) -> Result<Option<Saw>> {
        let Some(text) = self.document(&run.found)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).with_context(|| format!("the findings of run {} are damaged", run.id))
    }

    /// The catalog that a run saw; `None` if it failed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn catalog(&mut self, run: &Run) -> Result<Option<Catalog>> {
        let Some(text) = self.document(&run.catalog)? else { return Ok(None) };
        snapshot::read(&text).map(Some).with_context(|| format!("the catalog of run {} is damaged", run.id))
    }

    fn document(&mut self, hash: &str) -> Result<Option<String>> {
        if hash.is_empty() {
            return Ok(None);
        }
        let rows = self.ask(query!("document"), &[hash.into()])?;
        let row = rows.first().with_context(|| format!("{} has lost the document {hash}", self.label))?;
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(row.bytes(0))
            .read_to_string(&mut text)
            .with_context(|| format!("the document {hash} of {} is damaged", self.label))?;
        Ok(Some(text))
    }

    /// Since when each open finding of a source has been seen, by fingerprint.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn since(&mut self, source: &str) -> Result<BTreeMap<String, String>> {
        let rows = self.ask(query!("findings"), &[source.into()])?;
        Ok(rows.iter().map(|r| (r.text(0).to_owned(), r.text(1).to_owned())).collect())
    }

    /// What is to be told over a channel: not older than `since` (RFC 3339, UTC), the oldest first, and not sent yet.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn untold(&mut self, channel: &str, sources: &[String], since: &str) -> Result<Vec<Notice>> {
        self.transact(|session| deliveries::untold(session, channel, sources, since))
    }

    /// Claims a notice for a channel: `false` if somebody else is at it or has sent it.
    ///
    /// # Errors
    /// If it cannot be written: then it must not be sent.
    pub fn claim(&mut self, notice: &str, channel: &str, now: &str) -> Result<bool> {
        self.transact(|session| deliveries::claim(session, notice, channel, now))
    }

    /// Notes what became of a claimed notice.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn settle(&mut self, notice: &str, channel: &str, delivery: &Delivery) -> Result<()> {
        self.transact(|session| deliveries::settle(session, notice, channel, delivery))
    }

    /// Forgets a source with all that is known of it. How many runs those were.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn forget_source(&mut self, source: &str) -> Result<usize> {
        self.transact(|session| run::forget_source(session, source))
    }

    /// Forgets runs that began before a time (RFC 3339, UTC), but the latest of each source, and the texts that only
    /// they had. How many runs those were.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn forget(&mut self, before: &str) -> Result<usize> {
        self.transact(|session| run::forget(session, before))
    }
}
