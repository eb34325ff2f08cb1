//! Sources of a catalog: a live database, schema files, a snapshot. A source knows nothing of rules.

pub mod connection;
pub mod ddl;
pub mod files;
pub mod live;
pub mod snapshot;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::catalog::{Catalog, Part, Table};
use crate::engine::Engine;
use crate::evidence::Observed;
use crate::evidence::rows::{Ended, Question, Rows};
use crate::interrupt::interrupted;
use crate::workload::Workload;
use connection::{Connection, Settings};
use files::Content;

/// What kind of source it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A running server.
    Live,
    /// Schema files.
    Ddl,
    /// A snapshot that dbaudit wrote.
    Snapshot,
}

/// What a source is called in reports: never with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// Its kind.
    pub kind: Kind,
    /// A path, `-`, or a connection string without its secrets.
    pub name: String,
}

/// Something to read a catalog from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A server.
    Live(Box<Settings>),
    /// A file or a folder.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// How to read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The engine that schema files are for, where they do not show it.
    pub engine: Option<Engine>,
    /// Time after which a server is given up.
    pub timeout: Duration,
    /// What a server is asked beside its schema.
    pub observe: live::Observe,
}

/// A catalog that was read, and what there is to say about it.
#[derive(Debug)]
pub struct Loaded {
    /// The catalog.
    pub catalog: Catalog,
    /// What the database said beside it.
    pub observed: Observed,
    /// Statements of schema files that were not understood, each with its place and the reason.
    pub unread: Vec<String>,
    /// What else the user should know.
    pub warnings: Vec<String>,
    /// What only a curious user wants to know: statements that were left out and lose nothing.
    pub notes: Vec<String>,
    /// How it was read: for `-v`.
    pub how: String,
    why_empty: String,
}

impl Loaded {
    /// Why an audit of this catalog, which has no tables, would say nothing.
    pub fn empty(&self) -> String {
        self.why_empty.clone()
    }
}

impl Source {
    /// What to call it while it is read.
    pub fn label(&self) -> String {
        match self {
            Source::Live(settings) => settings.redacted(),
            Source::Path(path) => path.display().to_string(),
            Source::Stdin => "-".to_owned(),
        }
    }
}

/// Reads a source.
pub fn load(source: Source, options: &Options) -> (SourceName, Result<Loaded>) {
    let name = source.label();
    let content = match source {
        Source::Live(settings) => {
            return (SourceName { kind: Kind::Live, name }, on_runtime(read_live(&settings, options)));
        }
        Source::Stdin => files::stdin(),
        Source::Path(path) => files::path(&path),
    };
    match content {
        Ok(Content::Snapshot(text)) => {
            let loaded = snapshot::read(&text).with_context(|| format!("cannot use {name}")).map(|catalog| Loaded {
                // what the snapshot's own source could not read is not in it either
                unread: missing(&catalog, true),
                warnings: missing(&catalog, false),
                catalog,
                observed: Observed::default(),
                notes: Vec::new(),
                how: "read from a snapshot".to_owned(),
                why_empty: format!("{name} holds no table"),
            });
            (SourceName { kind: Kind::Snapshot, name }, loaded)
        }
        Ok(Content::Sql(files)) => {
            let loaded = read_ddl(&name, &files, options);
            (SourceName { kind: Kind::Ddl, name }, Ok(loaded))
        }
        Err(error) => (SourceName { kind: Kind::Ddl, name }, Err(error)),
    }
}

/// Why parts of the catalog are missing: its definitions themselves, or what only helps to judge them.
fn missing(catalog: &Catalog, definitions: bool) -> Vec<String> {
    let wanted = catalog.missing.iter().filter(|m| (m.part == Part::Definitions) == definitions);
    wanted.map(|m| m.reason.clone()).collect()
}

fn read_ddl(name: &str, files: &[ddl::SchemaFile], options: &Options) -> Loaded {
    let reading = ddl::read(files, &ddl::Options { engine: options.engine });
    let (lost, harmless): (Vec<_>, Vec<_>) = reading.problems.iter().partition(|p| p.severity == ddl::Severity::Unread);
    let bytes: usize = files.iter().map(|f| f.text.len()).sum();
    let how = format!("read from {} files, {:.1} MB", files.len(), bytes as f64 / 1e6);
    Loaded {
        catalog: reading.catalog,
        observed: Observed::default(),
        unread: lost.iter().map(ToString::to_string).collect(),
        warnings: Vec::new(),
        notes: harmless.iter().map(ToString::to_string).collect(),
        how,
        why_empty: format!("{name} creates no table"),
    }
}

async fn read_live(settings: &Settings, options: &Options) -> Result<Loaded> {
    let recording = record(settings, options).await?;
    let catalog = live::assemble(&recording)?;
    let observed = live::observed(&recording, &catalog);
    let mut warnings = missing(&catalog, false);
    warnings.extend(observed.statistics.missing.iter().map(|m| format!("not all statistics were read: {m}")));
    Ok(Loaded {
        unread: missing(&catalog, true),
        warnings,
        catalog,
        observed,
        notes: Vec::new(),
        how: format!("{} statements", recording.statements),
        why_empty: recording.why_empty(),
    })
}

/// Reads the catalog rows of a server and what it says beside them, and cancels what it is doing there if the user or the
/// clock says so. What comes beside the catalog is left out if it takes too long.
async fn record(settings: &Settings, options: &Options) -> Result<live::Recording> {
    let deadline = tokio::time::Instant::now() + options.timeout;
    let late = format!("did not answer within {} s (--timeout)", options.timeout.as_secs());
    let connection = match within(deadline, connection::connect(settings)).await {
        Ok(connected) => connected?,
        Err(Stopped::Late) => bail!("{} {late}", settings.redacted()),
        Err(Stopped::Interrupted) => bail!("interrupted"),
    };
    let limits = live::FetchOptions { statement_timeout: options.timeout, ..live::FetchOptions::default() };
    let mut recording = match within(deadline, live::fetch(&connection.client, &limits)).await {
        Ok(read) => read?,
        Err(stopped) => {
            let server = connection.server.clone();
            stop(connection).await;
            match stopped {
                Stopped::Late => bail!("{server} {late}"),
                Stopped::Interrupted => bail!("interrupted"),
            }
        }
    };
    match within(deadline, live::observe(&connection.client, &mut recording, options.observe)).await {
        Ok(()) => connection.close().await,
        Err(stopped) => {
            stop(connection).await;
            if matches!(stopped, Stopped::Interrupted) {
                bail!("interrupted");
            }
            recording.give_up(options.observe, &late);
        }
    }
    Ok(recording)
}

/// Why work was not done.
enum Stopped {
    Late,
    Interrupted,
}

/// Cancels what the server is doing and says good-bye. The server may be gone: then neither matters.
async fn stop(connection: Connection) {
    let cancel = connection.cancel_token();
    let leave = async {
        let _ = cancel.cancel().await;
        connection.close().await;
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), leave).await;
}

async fn within<T>(deadline: tokio::time::Instant, work: impl Future<Output = T>) -> Result<T, Stopped> {
    tokio::select! {
        done = work => Ok(done),
        () = tokio::time::sleep_until(deadline) => Err(Stopped::Late),
        () = interrupted() => Err(Stopped::Interrupted),
    }
}

/// The catalog rows of a live server.
///
/// # Errors
/// If the source is not a server, or cannot be read.
pub fn record_rows(source: Source, options: &Options) -> Result<live::Recording> {
    match source {
        Source::Live(settings) => on_runtime(async { record(&settings, options).await }),
        Source::Path(_) | Source::Stdin => bail!("only a live server can be recorded; name a connection string"),
    }
}

/// Reads the statement statistics of a live server. They help to judge, and the audit goes on without them: why they
/// could not be read is the inner error.
///
/// # Errors
/// If the source is not a server, or the user interrupts.
pub fn read_workload(source: &Source, options: &Options) -> Result<Result<Workload, String>> {
    let Source::Live(settings) = source else {
        bail!(
            "only a live server keeps statistics of statements; {} is none: name a connection string",
            source.label()
        );
    };
    on_runtime(async {
        let limits = live::FetchOptions { statement_timeout: options.timeout, ..live::FetchOptions::default() };
        let deadline = tokio::time::Instant::now() + options.timeout;
        let late = || Ok(Err(format!("no answer within {} s (--timeout)", options.timeout.as_secs())));
        let connection = match within(deadline, connection::connect(settings)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Ok(Err(error.to_string())),
            Err(Stopped::Late) => return late(),
            Err(Stopped::Interrupted) => bail!("interrupted"),
        };
        match within(deadline, live::read_workload(&connection.client, &limits)).await {
            Ok(read) => {
                connection.close().await;
                Ok(read)
            }
            Err(stopped) => {
                stop(connection).await;
                match stopped {
                    Stopped::Late => late(),
                    Stopped::Interrupted => bail!("interrupted"),
                }
            }
        }
    })
}

/// Asks the rows of a live server how many are in the way of guards: all that is known when the time is over, the user
/// interrupts or the connection is lost, with the reason. Nothing goes on running at the server then.
///
/// # Errors
/// If the source is not a server.
pub fn ask_rows(
    source: &Source,
    catalog: &Catalog,
    tables: &[&Table],
    questions: &[Question],
    budget: &live::Budget,
    progress: &dyn Fn(live::Progress<'_>),
) -> Result<Rows> {
    let Source::Live(settings) = source else { bail!("only a live server has rows; name a connection string") };
    on_runtime(async {
        let mut rows = Rows::default();
        let deadline = tokio::time::Instant::now() + budget.time_limit;
        let why = |stopped| match stopped {
            Stopped::Late => Ended::Late(budget.time_limit.as_secs()),
            Stopped::Interrupted => Ended::Interrupted,
        };
        let lost = |e: String| Some(Ended::Lost(e));
        let ended = match within(deadline, connection::connect(settings)).await {
            Err(stopped) => Some(why(stopped)),
            Ok(Err(e)) => lost(e.to_string()),
            Ok(Ok(connection)) => {
                let ask = live::ask_rows(&connection.client, catalog, tables, questions, budget, progress, &mut rows);
                match within(deadline, ask).await {
                    Ok(Ok(())) => {
                        connection.close().await;
                        None
                    }
                    Ok(Err(e)) => {
                        stop(connection).await;
                        lost(e.to_string())
                    }
                    Err(stopped) => {
                        stop(connection).await;
                        Some(why(stopped))
                    }
                }
            }
        };
        if let Some(ended) = ended {
            rows.end(questions, ended);
        }
        Ok(rows)
    })
}

fn on_runtime<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start a runtime")?.block_on(work)
}
