//! The session in which rows are read: read-only, one statement at a time, and on CockroachDB in the past.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::super::OWN;
use super::super::error::{LiveError, Sent, is_connection_lost, is_transient};
use super::super::fetch::ask;
use super::super::session::apply;
use super::super::{FetchOptions, ResultSet, Row};

/// How transactions begin on CockroachDB, the best first: reads of the past hold up no writer, and where follower
/// reads are licensed any replica answers them.
const PAST: [&str; 2] =
    ["BEGIN READ ONLY, AS OF SYSTEM TIME follower_read_timestamp()", "BEGIN READ ONLY, AS OF SYSTEM TIME '-10s'"];
const NOW: &str = "BEGIN READ ONLY";

/// PostgreSQL compiles long lists of conditions from 100,000 on, which takes longer than it saves on less than some
/// five million rows (docs/performance.md).
const COMPILE_LATER: &str = "SET jit_above_cost = 200000";

/// A table of which a policy would hide rows refuses to be read, where it would be counted short: also one whose policy is
/// made while the rows are asked.
const ALL_ROWS: &str = "SET row_security = off";
const ROW_SECURITY: &str = include_str!("../../../../queries/row_security.sql");

/// Why an answer did not come.
pub enum Trouble {
    /// The connection is lost, and with it all that is left to ask.
    Lost(LiveError),
    /// The table cannot be read.
    Table(String),
    /// The statement cannot be answered; others may.
    Statement(String),
}

/// A session for reading rows.
pub struct Session<'c> {
    client: &'c Client,
    options: &'c FetchOptions,
    past: &'static [&'static str],
    /// Why a table would not show all of its rows, by schema and name.
    hidden: BTreeMap<(String, String), String>,
    /// Statements that were sent, without those about transactions.
    pub statements: usize,
}

impl<'c> Session<'c> {
    /// Prepares the session: nothing can be written in it, and no statement runs or waits for longer than `options`
    /// say.
    pub async fn prepare(client: &'c Client, cockroach: bool, options: &'c FetchOptions) -> Result<Self, LiveError> {
        let past: &[&str] = if cockroach { &PAST } else { &[] };
        let mut session = Session { client, options, past, hidden: BTreeMap::new(), statements: 0 };
        apply(client, cockroach, options).await.map_err(|e| session.lost(&e))?;
        let mut wishes = vec![ALL_ROWS];
        // a server that does not compile need not know it
        wishes.extend((!cockroach).then_some(COMPILE_LATER));
        for wish in wishes {
            let _ = ask(client, "the session's settings", wish).await;
        }
        // a server without policies knows nothing of what is asked
        if let Ok(rows) = ask(client, "row security", ROW_SECURITY).await {
            session.hidden = hidden(&rows);
        }
        Ok(session)
    }

    /// Why a table would not show all of its rows to this user.
    pub fn hides(&self, schema: &str, table: &str) -> Option<&str> {
        self.hidden.get(&(schema.to_owned(), table.to_owned())).map(String::as_str)
    }

    fn lost(&self, e: &tokio_postgres::Error) -> LiveError {
        LiveError::of(e, Sent { query: "the rows", user: "?", limit: self.options.statement_timeout })
    }

    /// Runs one statement in a read-only transaction of its own.
    pub async fn read(&mut self, sql: &str) -> Result<ResultSet, Trouble> {
        self.statements += 1;
        while let [begin, rest @ ..] = self.past {
            match self.in_transaction(begin, sql).await {
                Ok(rows) => return Ok(rows),
                Err((true, e)) if !is_connection_lost(&e) => {
                    // this server has no such past, and will have none later
                    self.past = rest;
                }
                // a table that is younger than that is asked as it is now
                Err((false, e)) if e.code().is_some_and(is_unknown_object) => break,
                Err((_, e)) => return Err(self.trouble(&e)),
            }
        }
        self.in_transaction(NOW, sql).await.map_err(|(_, e)| self.trouble(&e))
    }

    /// An error comes with whether it was the beginning that failed.
    async fn in_transaction(&self, begin: &str, sql: &str) -> Result<ResultSet, (bool, tokio_postgres::Error)> {
        if let Err(e) = ask(self.client, "a transaction", begin).await {
            // a server that fails here may have begun all the same
            let _ = ask(self.client, "a transaction", "ROLLBACK").await;
            return Err((true, e));
        }
        let sql = sql.replacen("SELECT ", &format!("SELECT {OWN} "), 1);
        let answer = ask(self.client, "the rows", &sql).await;
        let end = if answer.is_ok() { "COMMIT" } else { "ROLLBACK" };
        match (answer, ask(self.client, "a transaction", end).await) {
            (Ok(rows), Ok(_)) => Ok(rows),
            (Err(e), _) | (Ok(_), Err(e)) => Err((false, e)),
        }
    }

    fn trouble(&self, e: &tokio_postgres::Error) -> Trouble {
        if is_connection_lost(e) {
            return Trouble::Lost(self.lost(e));
        }
        let Some(db) = e.as_db_error() else { return Trouble::Statement(e.to_string()) };
        let code = db.code().code();
        match code {
            // the server shuts down, or this connection was ended by an administrator
            _ if code.starts_with("57P") || code.starts_with("08") => Trouble::Lost(self.lost(e)),
            "42501" | "42P01" | "3F000" | "55P03" => Trouble::Table(db.message().to_owned()),
            "57014" => Trouble::Table(format!("the server ended the statement: {}", db.message())),
            _ if is_transient(e) => Trouble::Table(format!("it changed while it was read: {}", db.message())),
            // the message of such an error holds the value
            _ if code.starts_with("22") || code.starts_with("23") => {
                Trouble::Statement(format!("it cannot be worked out for some row (SQLSTATE {code})"))
            }
            _ => Trouble::Statement(format!("{} (SQLSTATE {code})", db.message())),
        }
    }
}

fn hidden(rows: &ResultSet) -> BTreeMap<(String, String), String> {
    let Ok([schema, name, policies]) = rows.positions(["schema", "name", "policies"]) else { return BTreeMap::new() };
    let one = |row: Row<'_>| {
        let (schema, name) = (row.text(schema), row.text(name));
        // without a policy no row is shown at all
        let policies = row.get(policies).map(|p| format!(" (policy {p})")).unwrap_or_default();
        let why = format!(
            "row-level security of {schema}.{name}{policies} hides rows from this user, and a count would be wrong; ask as \
             a role with BYPASSRLS, or as the owner of the table where it is not FORCEd on the owner, too"
        );
        ((schema.to_owned(), name.to_owned()), why)
    };
    rows.rows().map(one).collect()
}

fn is_unknown_object(code: &SqlState) -> bool {
    [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INVALID_SCHEMA_NAME,
    ]
    .contains(code)
}
