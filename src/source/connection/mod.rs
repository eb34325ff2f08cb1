//! How dbaudit reaches a database: from the text that a user gives to an open session.
//!
//! ```text
//! ConnectionString ──resolve(Environment)──▶ Settings ──connect──▶ Connection
//! ```
//!
//! The rules are those of libpq (parameters, service file, `PG*` variables, password file, TLS modes), so that a string
//! which works in `psql` or `cockroach sql` works here. No password is ever part of an error, a log or `Debug` output.

mod connect;
mod environment;
mod error;
mod explain;
mod files;
mod parameters;
mod secret;
mod settings;
mod string;
#[cfg(test)]
mod tests;
mod tls;

pub use connect::{CancelToken, Connection, connect};
pub use environment::Environment;
pub use error::{ConnectError, FileError, FileProblem, SettingsError};
pub use secret::Secret;
pub use settings::{ChannelBinding, Host, Password, Roots, SessionAttributes, Settings, SslMode, Target, TlsSettings};
pub use string::{ConnectionString, same_cluster};
