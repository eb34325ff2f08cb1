//! Asking the rows: how many are in the way of a guard.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::{LiveError, Sent, is_connection_lost};
use super::fetch::ask;
use super::session::{is_unknown_setting, settings};
use super::{FetchOptions, Row};

/// What is asked about one guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Counts the rows in its way: one row, one number.
    pub count: String,
    /// Shows some of them; not asked if no values are to be seen.
    pub look: Option<String>,
}

/// What the rows said about one guard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// How many are in its way; `None` if they could not be counted.
    pub violations: Option<u64>,
    /// Some of them, where they are to be shown.
    pub examples: Vec<String>,
    /// Why they could not be counted.
    pub error: Option<String>,
}

impl Rows {
    /// The same in words.
    pub fn lines(&self) -> Vec<String> {
        let mut out = match (&self.error, self.violations) {
            (Some(error), _) => vec![format!("The rows could not be asked: {error}")],
            (None, Some(0)) => vec!["When this was written, no row was in the way".to_owned()],
            (None, Some(n)) => vec![format!("When this was written, rows in the way: {n}")],
            (None, None) => Vec::new(),
        };
        out.extend(self.examples.iter().map(|e| format!("  {e}")));
        out
    }
}

/// Asks one question after the other, each in a read-only transaction of its own. On CockroachDB it reads as of ten seconds
/// ago, which holds up no writer. A question that the server refuses is answered by its reason.
///
/// # Errors
/// If the connection is lost: what is known then is not all.
pub async fn ask_rows(
    client: &Client,
    cockroach: bool,
    questions: &[Question],
    timeout: Duration,
) -> Result<Vec<Rows>, LiveError> {
    let options = FetchOptions { statement_timeout: timeout, ..FetchOptions::default() };
    let lost = |e: &tokio_postgres::Error| {
        LiveError::of(e, Sent { query: "the rows", user: "?", limit: options.statement_timeout })
    };
    for setting in settings(cockroach, &options) {
        match ask(client, "the session's settings", &setting.sql).await {
            Err(e) if setting.required || !is_unknown_setting(&e) => return Err(lost(&e)),
            _ => {}
        }
    }
    let mut answers = Vec::new();
    for question in questions {
        let past = cockroach.then_some("BEGIN READ ONLY, AS OF SYSTEM TIME '-10s'");
        let mut answer = one(client, past.unwrap_or("BEGIN READ ONLY"), question).await;
        // a table that is younger than that is asked as it is now
        if past.is_some()
            && let Err(e) = &answer
            && e.code().is_some_and(|c| [SqlState::UNDEFINED_TABLE, SqlState::INVALID_CATALOG_NAME].contains(c))
        {
            answer = one(client, "BEGIN READ ONLY", question).await;
        }
        answers.push(match answer {
            Ok(rows) => rows,
            Err(e) if is_connection_lost(&e) => return Err(lost(&e)),
            Err(e) => {
                let reason = e.as_db_error().map_or_else(|| e.to_string(), |db| db.message().to_owned());
                Rows { error: Some(reason), ..Rows::default() }
            }
        });
    }
    Ok(answers)
}

async fn one(client: &Client, begin: &str, question: &Question) -> Result<Rows, tokio_postgres::Error> {
    let answer = in_transaction(client, begin, question).await;
    let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
    ask(client, "a transaction", end).await?;
    answer
}

async fn in_transaction(client: &Client, begin: &str, question: &Question) -> Result<Rows, tokio_postgres::Error> {
    ask(client, "a transaction", begin).await?;
    let counted = ask(client, "the rows", &question.count).await?;
    let Some(n) = counted.rows().next().and_then(|r| r.get(0)?.parse().ok()) else {
        let error = Some("the server's answer is no number".to_owned());
        return Ok(Rows { error, ..Rows::default() });
    };
    let mut rows = Rows { violations: Some(n), ..Rows::default() };
    if let Some(look) = question.look.as_ref().filter(|_| rows.violations != Some(0)) {
        let shown = ask(client, "the rows", look).await?;
        let line = |row: Row<'_>| {
            let value = |(i, name): (usize, &String)| format!("{name} = {}", row.get(i).unwrap_or("NULL"));
            shown.columns().iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
        };
        rows.examples = shown.rows().map(line).collect();
    }
    Ok(rows)
}
