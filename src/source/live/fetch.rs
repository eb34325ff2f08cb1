//! All talking to the server.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, pin_mut};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::error::{LiveError, Sent, is_connection_lost, is_transient};
use super::locked::{LOCKED_TABLES, Locked};
use super::session::{Setting, begin, is_unknown_setting, settings};
use super::statements::{SERVER, Statement, catalog_statements};
use super::{Failure, Recording, ResultSet};
use crate::engine::Engine;

/// How the catalog is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// The server ends a statement that runs longer. Zero is no limit.
    pub statement_timeout: Duration,
    /// The server ends a statement that waits longer for a lock. Zero is no limit.
    pub lock_timeout: Duration,
    /// How often the read is begun before a conflict with a concurrent change counts as an error.
    pub attempts: u32,
}

impl Default for FetchOptions {
    fn default() -> FetchOptions {
        FetchOptions { statement_timeout: Duration::from_secs(60), lock_timeout: Duration::from_secs(5), attempts: 3 }
    }
}

/// Asks which tables other sessions have locked.
const LOCKED: &str = include_str!("../../../queries/postgres/locked_tables.sql");

type Answer = Result<ResultSet, tokio_postgres::Error>;

/// Reads all rows that [`assemble`](super::assemble) needs. Statements are pipelined: two round trips, however many
/// tables there are. The session is left read-only.
pub async fn fetch(client: &Client, options: &FetchOptions) -> Result<Recording, LiveError> {
    let sent = |query, user| Sent { query, user, limit: options.statement_timeout };
    let server = ask(client, SERVER.name, SERVER.sql).await.map_err(|e| LiveError::of(&e, sent(SERVER.name, "?")))?;
    let mut recording = Recording::of_server(&server)?;
    recording.statements = 1;
    let statements = catalog_statements(&recording.version)?;
    let cockroach = Engine::from_version_string(&recording.version).is_cockroach();
    let settings = settings(cockroach, options);
    let mut locked: Vec<Locked> = Vec::new();
    let mut attempt = 1;
    loop {
        let spared: Vec<u32> = locked.iter().map(|l| l.oid).collect();
        let statements: Vec<_> = statements.iter().map(|s| (*s, s.sparing(&spared))).collect();
        let batch = Batch { client, settings: &settings, begin: begin(cockroach), statements: &statements };
        recording.statements += batch.len();
        let Err((query, e)) = batch.run(&mut recording).await else { return Ok(recording) };
        let waited = !cockroach && e.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        if waited {
            // what is locked now is spared the next time
            let rows =
                ask(client, LOCKED_TABLES, LOCKED).await.map_err(|e| LiveError::of(&e, sent(LOCKED_TABLES, "?")))?;
            recording.statements += 1;
            locked = Locked::of(&rows)?;
            recording.results.insert(LOCKED_TABLES.to_owned(), rows);
        }
        if attempt >= options.attempts || !waited && !is_transient(&e) {
            return Err(match waited && !locked.is_empty() {
                true => LiveError::locked(query, &locked),
                false => LiveError::of(&e, sent(query, &recording.user)),
            });
        }
        attempt += 1;
    }
}

/// Everything that is sent in one go.
struct Batch<'a> {
    client: &'a Client,
    settings: &'a [Setting],
    begin: &'static str,
    /// Each with the SQL that is sent for it.
    statements: &'a [(Statement, Cow<'static, str>)],
}

impl Batch<'_> {
    /// The settings, BEGIN, COMMIT and the statements.
    fn len(&self) -> usize {
        self.settings.len() + 2 + self.statements.len()
    }

    /// Sends all at once and takes the answers. An error of a required statement fails those after it up to the
    /// COMMIT, so the first one is the one to tell. Optional statements come after the COMMIT and fail alone.
    async fn run(&self, recording: &mut Recording) -> Result<(), (&'static str, tokio_postgres::Error)> {
        let (optional, required): (Vec<_>, Vec<_>) = self.statements.iter().partition(|(s, _)| s.optional.is_some());
        let queue: Vec<(&'static str, &str)> = (self.settings.iter().map(|s| ("the session's settings", &*s.sql)))
            .chain([("a transaction", self.begin)])
            .chain(required.iter().map(|(s, sql)| (s.name, &**sql)))
            .chain([("a transaction", "COMMIT")])
            .chain(optional.iter().map(|(s, sql)| (s.name, &**sql)))
            .collect();
        let answers = join_all(queue.iter().map(|(name, sql)| ask(self.client, name, sql))).await;
        let mut answers = queue.into_iter().zip(answers).map(|((name, _), answer)| (name, answer));

        for (setting, (name, answer)) in self.settings.iter().zip(answers.by_ref()) {
            match answer {
                Err(e) if setting.required || !is_unknown_setting(&e) => return Err((name, e)),
                _ => {}
            }
        }
        for (name, answer) in answers.by_ref().take(required.len() + 2) {
            let rows = answer.map_err(|e| (name, e))?;
            if !rows.columns().is_empty() {
                recording.results.insert(name.to_owned(), rows);
            }
        }
        for (name, answer) in answers {
            match answer {
                Ok(rows) => {
                    recording.results.insert(name.to_owned(), rows);
                }
                Err(e) if is_connection_lost(&e) => return Err((name, e)),
                Err(e) => {
                    recording.failures.insert(name.to_owned(), Failure::of(&e));
                }
            }
        }
        Ok(())
    }
}

/// Sends one statement by the simple protocol, which answers in text whatever the types are.
pub(super) async fn ask(client: &Client, name: &str, sql: &str) -> Answer {
    let messages = client.simple_query_raw(sql).await?;
    pin_mut!(messages);
    let mut set = ResultSet::new(name, Vec::new());
    while let Some(message) = messages.next().await {
        match message? {
            SimpleQueryMessage::RowDescription(columns) => {
                set = ResultSet::new(name, columns.iter().map(|c| c.name().to_owned()).collect());
            }
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|i| row.try_get(i)).collect::<Result<Vec<_>, _>>()?;
                set.push(values);
            }
            _ => {}
        }
    }
    Ok(set)
}
