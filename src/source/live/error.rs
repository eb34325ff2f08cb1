//! What can go wrong while a live catalog is read.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::locked::Locked;

/// The catalog could not be read. The message says what happened, to what, and what can be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The connection ended before all answers had come.
    #[error("the connection was lost while reading {query}: {reason}; nothing was changed, run the audit again")]
    ConnectionLost {
        /// Name of the query.
        query: &'static str,
        /// The driver's or the server's words.
        reason: String,
    },
    /// A statement ran longer than allowed.
    #[error(
        "reading {query} took longer than {} s ({reason}); allow more time, or try when the server is less busy",
        limit.as_secs_f32()
    )]
    Timeout {
        /// Name of the query.
        query: &'static str,
        /// The limit that was set.
        limit: Duration,
        /// The server's words.
        reason: String,
    },
    /// Another session has a table to itself, and the catalog cannot be read without.
    #[error("{query} could not be read: {who}; try again when that is done")]
    Locked {
        /// Name of the query.
        query: &'static str,
        /// Which tables, and who has them.
        who: String,
    },
    /// The user may not read a system catalog that is needed.
    #[error("user \"{user}\" may not read {query}: {reason}; grant SELECT on it, or connect as another user")]
    Privilege {
        /// Name of the query.
        query: &'static str,
        /// The user that is connected.
        user: String,
        /// The server's words.
        reason: String,
    },
    /// Tables are visible, their schemas are not: an audit would leave them out.
    #[error(
        "user \"{user}\" sees {tables} tables of schemas that are hidden from it in database \"{database}\"; \
         GRANT CONNECT ON DATABASE {database} TO {user}, or USAGE on the schemas"
    )]
    HiddenSchemas {
        /// The user that is connected.
        user: String,
        /// The database.
        database: String,
        /// How many tables.
        tables: usize,
    },
    /// The server is none that can be audited.
    #[error("\"{version}\" cannot be audited: {reason}")]
    Unsupported {
        /// What the server calls itself.
        version: String,
        /// Why not.
        reason: &'static str,
    },
    /// The server refused a statement for another reason.
    #[error("the server refused to answer the query for {query}: {message} (SQLSTATE {code}){}", in_words(.hint.as_deref()))]
    Refused {
        /// Name of the query.
        query: &'static str,
        /// SQLSTATE.
        code: String,
        /// The server's words.
        message: String,
        /// The server's hint.
        hint: Option<String>,
    },
    /// The answer is not what the protocol or the query promises.
    #[error("the server's answer to the query for {query} cannot be used: {reason}")]
    Malformed {
        /// Name of the query.
        query: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A recording could not be read or written.
    #[error("recording {}: {reason}", path.display())]
    Recording {
        /// The file or folder.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
}

fn in_words(hint: Option<&str>) -> String {
    hint.map(|h| format!("; the server's hint: {h}")).unwrap_or_default()
}

/// Where and how a statement was sent, for its error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent<'a> {
    pub query: &'static str,
    pub user: &'a str,
    pub limit: Duration,
}

impl LiveError {
    pub(super) fn locked(query: &'static str, tables: &[Locked]) -> LiveError {
        LiveError::Locked { query, who: tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }
    }

    pub(super) fn of(error: &tokio_postgres::Error, sent: Sent<'_>) -> LiveError {
        let query = sent.query;
        let Some(db) = error.as_db_error() else {
            let mut reason = error.to_string();
            if let Some(cause) = std::error::Error::source(error) {
                reason = format!("{reason}: {cause}");
            }
            return match is_connection_lost(error) {
                true => LiveError::ConnectionLost { query, reason },
                false => LiveError::Malformed { query: query.to_owned(), reason },
            };
        };
        let reason = db.message().to_owned();
        match db.code().code() {
            "57014" => LiveError::Timeout { query, limit: sent.limit, reason },
            "42501" => LiveError::Privilege { query, user: sent.user.to_owned(), reason },
            // the server shuts down, or this connection was ended by an administrator
            code if code.starts_with("57P") || code.starts_with("08") => LiveError::ConnectionLost { query, reason },
            code => {
                LiveError::Refused { query, code: code.to_owned(), message: reason, hint: db.hint().map(str::to_owned) }
            }
        }
    }
}

/// Whether the error is the connection's end, and not an answer.
pub(super) fn is_connection_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
}

/// Whether the same read may succeed a moment later: a transaction that has to be repeated, or an object that was
/// dropped between two catalogs.
pub(super) fn is_transient(error: &tokio_postgres::Error) -> bool {
    let Some(db) = error.as_db_error() else { return false };
    let text = db.message();
    let vanished = || {
        text.contains("cache lookup failed")
            || text.contains("could not open relation with OID")
            || text.contains("descriptor") && text.contains("not found")
    };
    match *db.code() {
        SqlState::T_R_SERIALIZATION_FAILURE => true,
        SqlState::INTERNAL_ERROR | SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_OBJECT => vanished(),
        _ => false,
    }
}
