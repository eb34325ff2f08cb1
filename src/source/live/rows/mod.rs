//! Asking the rows, table by table: one scan for all conditions of a table, one sample that settles most of its keys,
//! one scan for those keys of it that are left.

mod keys;
mod session;
mod sql;
mod table;

use std::time::Duration;

use tokio_postgres::Client;

use super::{FetchOptions, LiveError};
use crate::catalog::{Catalog, Table};
use crate::evidence::rows::{Question, Rows};
use session::{Session, Trouble};
use table::Asking;

/// What may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Of a table with more rows only a sample is read.
    pub max_table_rows: u64,
    /// For all tables together.
    pub time_limit: Duration,
    /// Look for keys that nobody proposes.
    pub discover: bool,
}

/// How far it is, for whoever waits.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The table that is read now.
    pub table: &'a Table,
    /// Its number, from 1.
    pub number: usize,
    /// How many tables there are.
    pub tables: usize,
    /// Share of all rows that are read already, by the planner's estimates.
    pub share: f64,
}

/// Rows of a sample that is brought here.
const SAMPLE: u64 = 10_000;

/// Asks the questions about `tables`, one table after the other, and keeps the answers in `rows` as they come. A
/// question that the server refuses is answered by its reason.
///
/// # Errors
/// If the connection is lost: what is in `rows` then is not all.
pub async fn ask_rows(
    client: &Client,
    catalog: &Catalog,
    tables: &[&Table],
    questions: &[Question],
    budget: &Budget,
    progress: &dyn Fn(Progress<'_>),
    rows: &mut Rows,
) -> Result<(), LiveError> {
    let options = FetchOptions { statement_timeout: budget.time_limit, ..FetchOptions::default() };
    let cockroach = catalog.engine.is_cockroach();
    let mut session = Session::prepare(client, cockroach, &options).await?;
    let weight = |t: &Table| t.row_estimate.unwrap_or(SAMPLE).min(budget.max_table_rows) as f64 + 1_000.0;
    let all: f64 = tables.iter().map(|t| weight(t)).sum();
    let mut done = 0.0;
    for (table, number) in tables.iter().zip(1..) {
        progress(Progress { table, number, tables: tables.len(), share: done / all });
        done += weight(table);
        let of_table: Vec<&Question> =
            questions.iter().filter(|q| q.schema == table.schema && q.table == table.name).collect();
        let asked = Asking::new(&mut session, catalog, table, budget, rows).table(&of_table).await;
        rows.statements = session.statements;
        match asked {
            Ok(()) => {}
            Err(Trouble::Lost(e)) => return Err(e),
            Err(Trouble::Table(reason) | Trouble::Statement(reason)) => {
                rows.refuse_rest(of_table, &reason);
            }
        }
    }
    Ok(())
}
