//! Sources of a catalog: a live database, schema files, a snapshot. A source knows nothing of rules.

pub mod snapshot;

/// What kind of source it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A running server.
    Live,
    /// Schema files.
    Ddl,
    /// A snapshot that dbaudit wrote.
    Snapshot,
}

/// What a source is called in reports: never with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// Its kind.
    pub kind: Kind,
    /// A path, `-`, or a connection string without its secrets.
    pub name: String,
}
