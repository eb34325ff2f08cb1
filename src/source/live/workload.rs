//! Reads the statistics that a server keeps of the statements that it was sent.

use tokio_postgres::Client;

use super::error::is_connection_lost;
use super::fetch::ask;
use super::session::apply;
use super::statements::SERVER;
use super::{FetchOptions, LiveError, OWN, Recording, ResultSet, Row};
use crate::engine::{Engine, Product, quote_ident};
use crate::workload::{Sent, Transaction, Workload};

const EXTENSION: &str = include_str!("../../../queries/postgres/statement_extension.sql");
const TRACKING: &str = include_str!("../../../queries/postgres/statement_tracking.sql");

/// What to do where PostgreSQL has lost texts.
const ANEW: &str = "a superuser begins anew with SELECT pg_stat_statements_reset()";

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
    let uncounted = if engine.is_cockroach() { Vec::new() } else { uncounted(client).await };
    if rows.is_empty() {
        return Err(empty(engine, &server, &uncounted));
    }
    let mut workload = workload_of(&rows, engine, &server.user).map_err(|e| e.to_string())?;
    workload.hidden.extend(uncounted);
    if keeps_by_node(engine) {
        let node = "statements that other nodes were sent; this version keeps them by node, and does not say of \
                    which database";
        workload.hidden.push(node.to_owned());
    }
    Ok(workload)
}

/// Lets the session see the schema of pg_stat_statements. The inner error is in words.
async fn show_extension(client: &Client, server: &Recording) -> Result<(), Result<String, tokio_postgres::Error>> {
    let answer = ask(client, "statement_extension", EXTENSION).await.map_err(Err)?;
    let Some((row, schema)) = answer.rows().next().and_then(|r| Some((r, r.get(0)?))) else {
        return Err(Ok(format!(
            "pg_stat_statements is not installed in database \"{}\"; a superuser can: CREATE EXTENSION \
             pg_stat_statements, with shared_preload_libraries = 'pg_stat_statements'",
            server.database
        )));
    };
    let schema = quote_ident(schema);
    // the server would say that there is no such relation
    if !row.flag(1).unwrap_or(true) {
        let user = quote_ident(&server.user);
        return Err(Ok(format!(
            "pg_stat_statements is in schema {schema}, which this user may not look into; GRANT USAGE ON SCHEMA {schema} TO \
             {user}, and GRANT pg_read_all_stats TO {user}"
        )));
    }
    ask(client, "the session's settings", &format!("SET search_path = {schema}")).await.map_err(Err)?;
    Ok(())
}

/// Where PostgreSQL is told not to count statements. What was sent before may be there all the same.
async fn uncounted(client: &Client) -> Vec<String> {
    let Ok(rows) = ask(client, "statement_tracking", TRACKING).await else { return Vec::new() };
    let Ok([name, setting, role, database]) = rows.positions(["name", "setting", "role", "database"]) else {
        return Vec::new();
    };
    let one = |row: Row<'_>| {
        let role = row.get(role).map(|r| format!(" for role {r}")).unwrap_or_default();
        let database = row.get(database).map(|d| format!(" in database {d}")).unwrap_or_default();
        let (name, setting) = (row.text(name), row.text(setting));
        let on = if name == "compute_query_id" { "auto" } else { "top" };
        format!("{name} is {setting}{role}{database}: statements are not counted; a superuser can set it to {on}")
    };
    rows.rows().map(one).collect()
}

/// Why there may be no statement at all: that is not the same as an application that sends none.
fn empty(engine: Engine, server: &Recording, uncounted: &[String]) -> String {
    let none = format!("the server's statistics hold no statement of database \"{}\"", server.database);
    match uncounted {
        _ if engine.is_cockroach() => format!(
            "{none} by an application; they may have been reset, or be turned off (SHOW CLUSTER SETTING \
             sql.metrics.statement_details.enabled)"
        ),
        [] => format!("{none}; they may have been reset"),
        reasons => format!("{none}: {}", reasons.join("; ")),
    }
}

/// Makes a workload of the answer to [`workload_statement`] that `user` got.
///
/// # Errors
/// If the answer lacks a column, or a count is no number.
pub fn workload_of(rows: &ResultSet, engine: Engine, user: &str) -> Result<Workload, LiveError> {
    let [text, application, implicit, failed, count] =
        rows.positions(["query", "application", "implicit", "failed", "count"])?;
    let mut sent = Vec::with_capacity(rows.len());
    let (mut hidden, mut lost) = (0usize, 0usize);
    for row in rows.rows() {
        let text = match row.get(text) {
            None => {
                lost += 1;
                continue;
            }
            // what PostgreSQL shows in place of the statements of others
            Some("<insufficient privilege>") => {
                hidden += 1;
                continue;
            }
            Some(text) if text.contains(OWN) => continue,
            Some(text) => text,
        };
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
            whole: !engine.is_cockroach(),
        });
    }
    let mut workload = Workload::of(sent);
    if hidden > 0 {
        let user = quote_ident(user);
        workload.hidden.push(format!(
            "{hidden} statements of other users are hidden from this one; GRANT pg_read_all_stats TO {user}"
        ));
    }
    if lost > 0 {
        workload.hidden.push(match engine.is_cockroach() {
            true => format!("{lost} statements have no text in the server's statistics"),
            false => format!("the server has lost the texts of {lost} statements; {ANEW}"),
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
        // a file of texts that was lost and begun again has gaps
        "22021" if !engine.is_cockroach() => {
            format!("the server has lost texts of statements and cannot show the others: {message}; {ANEW}")
        }
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
