//! The state of the connection while the catalog is read.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::FetchOptions;
use super::fetch::ask;

/// One thing to set, and whether the read may go on where the server does not know it.
pub(super) struct Setting {
    pub sql: String,
    pub required: bool,
}

/// What is set before the catalog is read. Nothing is ever written: the session is read-only before anything else.
pub(super) fn settings(cockroach: bool, options: &FetchOptions) -> Vec<Setting> {
    let set = |sql: String, required| Setting { sql, required };
    let mut all = vec![
        set("SET default_transaction_read_only = on".into(), true),
        set("SET application_name = 'dbaudit'".into(), false),
        set(format!("SET statement_timeout = {}", options.statement_timeout.as_millis()), false),
        // CockroachDB 21.1 knows no value of it but 0
        set(format!("SET lock_timeout = {}", options.lock_timeout.as_millis()), false),
    ];
    if !cockroach {
        // so that format_type and pg_get_expr write a schema before every name that is not PostgreSQL's own
        all.push(set("SET search_path = ''".into(), true));
    }
    all
}

/// Sets all of them, one by one; what the server does not know is left out where the read may go on without.
pub(super) async fn apply(
    client: &Client,
    cockroach: bool,
    options: &FetchOptions,
) -> Result<(), tokio_postgres::Error> {
    for setting in settings(cockroach, options) {
        match ask(client, "the session's settings", &setting.sql).await {
            Err(e) if setting.required || !is_unknown_setting(&e) => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a setting failed because the server does not have it, or not with that value.
pub(super) fn is_unknown_setting(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::UNDEFINED_OBJECT,
            SqlState::INVALID_PARAMETER_VALUE,
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::INSUFFICIENT_PRIVILEGE,
            SqlState::CANT_CHANGE_RUNTIME_PARAM,
        ]
        .contains(code)
    })
}

/// Begins the transaction that shows all required catalogs as they were at one moment.
pub(super) fn begin(cockroach: bool) -> &'static str {
    if cockroach { "BEGIN READ ONLY" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }
}
