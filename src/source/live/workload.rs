//! Reads the statistics that a server keeps of the statements that it was sent.

use tokio_postgres::Client;

use super::error::is_connection_lost;
use super::fetch::ask;
use super::session::apply;
use super::statements::SERVER;
use super::{FetchOptions, LiveError, OWN, Recording, ResultSet};
use crate::engine::{Engine, Product, quote_ident};
use crate::workload::{Sent, Transaction, Workload};

const EXTENSION: &str = include_str!("../../../queries/postgres/statement_extension.sql");
const TRACKING: &str = include_str!("../../../queries/postgres/statement_tracking.sql");

/// The query for a server's statement statistics. On PostgreSQL, `search_path` has to show the extension.
pub fn workload_statement(engine: Engine) -> &'static str {
    match engine.product {
        Product::CockroachDb if keeps_by_node(engine) => {
            include_str!("../../../queries/cockroach/statement_statistics.v21_1.sql")
        }
        Product::CockroachDb => include_str!("../../../queries/cockroach/statement_statistics.sql"),
        _ => include_str!("../../../queries/postgres/statement_statistics.sql"),
    }
}

/// Whether each node of a CockroachDB keeps its own statistics.
fn keeps_by_node(engine: Engine) -> bool {
    engine.is_cockroach() && engine.version.is_some() && !engine.at_least(21, 2)
}

/// Reads the statement statistics of the current database. The session is left read-only.
///
/// # Errors
/// In words, with what can be done: the statistics are an extra, and an audit goes on without them.
pub async fn read_workload(client: &Client, options: &FetchOptions) -> Result<Workload, String> {
    let server = ask(client, SERVER.name, SERVER.sql).await.map_err(|e| e.to_string())?;
    let server = Recording::of_server(&server).map_err(|e| e.to_string())?;
    let engine = Engine::from_version_string(&server.version);
    let why = |e: &tokio_postgres::Error| reason(e, engine, &server, options);
    apply(client, engine.is_cockroach(), options).await.map_err(|e| why(&e))?;
    if !engine.is_cockroach() {
        show_extension(client, &server).await.map_err(|e| e.unwrap_or_else(|e| why(&e)))?;
    }
    let rows = ask(client, "statement_statistics", workload_statement(engine)).await.map_err(|e| why(&e))?;
    let mut workload = workload_of(&rows, engine).map_err(|e| e.to_string())?;
    if keeps_by_node(engine) {
        let node = "statements that other nodes were sent; this version keeps them by node, and does not say of \
                    which database";
        workload.hidden = Some(workload.hidden.iter().map(String::as_str).chain([node]).collect::<Vec<_>>().join("; "));
    } else if let Some(hidden) = &mut workload.hidden
        && !engine.is_cockroach()
    {
        hidden.push_str(&format!("; GRANT pg_read_all_stats TO {}", quote_ident(&server.user)));
    }
    if rows.is_empty() {
        return Err(empty(client, engine, &server).await);
    }
    Ok(workload)
}

/// Lets the session see the schema of pg_stat_statements. The inner error is in words.
async fn show_extension(client: &Client, server: &Recording) -> Result<(), Result<String, tokio_postgres::Error>> {
    let answer = ask(client, "statement_extension", EXTENSION).await.map_err(Err)?;
    let Some(schema) = answer.rows().next().and_then(|r| r.get(0)) else {
        return Err(Ok(format!(
            "pg_stat_statements is not installed in database \"{}\"; a superuser can: CREATE EXTENSION \
             pg_stat_statements, with shared_preload_libraries = 'pg_stat_statements'",
            server.database
        )));
    };
    ask(client, "the session's settings", &format!("SET search_path = {}", quote_ident(schema))).await.map_err(Err)?;
    Ok(())
}

/// Why there may be no statement at all: that is not the same as an application that sends none.
async fn empty(client: &Client, engine: Engine, server: &Recording) -> String {
    let none = format!("the server's statistics hold no statement of database \"{}\"", server.database);
    if engine.is_cockroach() {
        return format!(
            "{none} by an application; they may have been reset, or be turned off (SHOW CLUSTER SETTING \
             sql.metrics.statement_details.enabled)"
        );
    }
    let tracking = ask(client, "statement_tracking", TRACKING).await.ok();
    let tracking = tracking.as_ref().and_then(|t| t.rows().next()).and_then(|r| r.get(0)).unwrap_or("unknown");
    match tracking {
        "none" => format!("{none}: pg_stat_statements.track is none; a superuser can set it to top"),
        _ => format!("{none}; they may have been reset"),
    }
}

/// Makes a workload of the answer to [`workload_statement`].
///
/// # Errors
/// If the answer lacks a column, or a count is no number.
pub fn workload_of(rows: &ResultSet, engine: Engine) -> Result<Workload, LiveError> {
    let [text, application, implicit, failed, count] =
        rows.positions(["query", "application", "implicit", "failed", "count"])?;
    let mut sent = Vec::with_capacity(rows.len());
    let mut hidden = 0usize;
    for row in rows.rows() {
        // what PostgreSQL shows in place of the statements of others, and before 18 of texts that are lost
        let Some(text) = row.get(text).filter(|t| *t != "<insufficient privilege>") else {
            hidden += 1;
            continue;
        };
        if text.contains(OWN) {
            continue;
        }
        sent.push(Sent {
            text: text.to_owned(),
            count: row.number(count)?.unwrap_or(0),
            application: row.get(application).map(str::to_owned),
            transaction: match row.get(implicit) {
                None => Transaction::Unknown,
                Some(_) if row.flag(implicit)? => Transaction::Implicit,
                Some(_) => Transaction::Explicit,
            },
            failed: row.flag(failed)?,
        });
    }
    let mut workload = Workload::of(sent);
    if hidden > 0 {
        workload.hidden = Some(match engine.is_cockroach() {
            true => format!("{hidden} statements have no text in the server's statistics"),
            false => format!("{hidden} statements of other users are hidden from this one"),
        });
    }
    Ok(workload)
}

/// What went wrong, and what can be done.
fn reason(error: &tokio_postgres::Error, engine: Engine, server: &Recording, options: &FetchOptions) -> String {
    if is_connection_lost(error) {
        return format!("the connection was lost while reading the statement statistics: {error}");
    }
    let Some(db) = error.as_db_error() else {
        return format!("the answer about statement statistics cannot be used: {error}");
    };
    let message = db.message();
    let user = quote_ident(&server.user);
    match db.code().code() {
        "42501" if engine.is_cockroach() && engine.at_least(22, 2) => {
            format!("{message}; GRANT SYSTEM VIEWACTIVITY TO {user}")
        }
        "42501" if engine.is_cockroach() => format!("{message}; ALTER USER {user} WITH VIEWACTIVITY"),
        "42501" => format!("{message}; GRANT pg_read_all_stats TO {user}"),
        "55000" => format!("{message}; put pg_stat_statements into shared_preload_libraries and restart the server"),
        "57014" => format!(
            "reading the statement statistics took longer than {} s; allow more with --timeout",
            options.statement_timeout.as_secs()
        ),
        code => format!("the server refused to show its statement statistics: {message} (SQLSTATE {code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_asked_for_what_it_keeps() {
        let of = |version: &str| workload_statement(Engine::from_version_string(version));
        let old = of("CockroachDB CCL v21.1.0-dev (linux)");
        assert!(old.contains("crdb_internal.node_statement_statistics"));
        // the columns that the server of the recording has
        for column in ["key", "application_name", "implicit_txn", "flags", "count"] {
            assert!(old.contains(column), "{column}");
        }
        // no server of these versions is at hand: the names are those of its documentation and source
        for version in ["CockroachDB CCL v21.2.0", "CockroachDB CCL v26.3.2"] {
            let new = of(version);
            for part in [
                "crdb_internal.statement_statistics",
                "metadata->>'query'",
                "metadata->>'db' = current_database()",
                "metadata->>'implicitTxn'",
                "metadata->>'failed'",
                "coalesce(metadata->>'stmtType', metadata->>'stmtTyp'",
                "(statistics->'statistics'->>'cnt')::int8",
                "NOT LIKE '$ internal%'",
                "<> 'dbaudit'",
            ] {
                assert!(new.contains(part), "{part}");
            }
        }
        assert!(of("PostgreSQL 15.18 on x86_64").contains("pg_stat_statements"));
    }
}
