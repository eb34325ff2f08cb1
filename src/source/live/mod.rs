//! Reads the catalog of a running server.
//!
//! [`fetch`] does all the talking and returns a [`Recording`]: the rows of every query, as text. [`assemble`] makes a
//! [`Catalog`] of it and does no I/O, so that rows recorded from any server can be assembled again without it.
//! The SQL is in `queries/`: one plain statement a file, a fixed number of them whatever the number of tables.

mod assemble;
mod error;
mod fetch;
mod locked;
mod observe;
mod observed;
mod recording;
mod result_set;
mod rows;
mod session;
mod statements;
mod workload;

pub use assemble::assemble;
pub use error::LiveError;
pub use fetch::{FetchOptions, fetch};
pub use observe::{Observe, observe};
pub use observed::observed;
pub use recording::{Failure, Recording};
pub use result_set::{ResultSet, Row};
pub use rows::{Budget, Progress, ask_rows};
pub use statements::{Statement, catalog_statements};

pub use workload::{read_workload, workload_of, workload_statement};

use crate::catalog::Catalog;

/// Marks a statement about users' tables as the audit's own: PostgreSQL's statistics keep it beside the application's.
const OWN: &str = "/* dbaudit */";

/// Reads the catalog of the database that `client` is connected to.
pub async fn read(client: &tokio_postgres::Client, options: &FetchOptions) -> Result<Catalog, LiveError> {
    assemble(&fetch(client, options).await?)
}
