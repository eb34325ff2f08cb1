//! Names taken apart, and the words that carry meaning in them.

use crate::catalog::{Column, TypeFamily};
pub use crate::inference::words::{
    counts, counts_up, is_deletion, is_natural, is_period, is_place, is_sold, is_state, singular, words,
};

/// Whether a NULLable column says that, and when, its row was deleted.
pub fn marks_deletion(column: &Column) -> bool {
    let words = words(&column.name);
    // deleted_by says who, deleted_count how many, version_removed in which state of the whole
    let other = ["by", "id", "user", "count", "number", "total", "version"];
    let otherwise = words.iter().any(|w| other.contains(&w.as_str()));
    is_deletion(&column.name)
        && !otherwise
        && matches!(column.family(), TypeFamily::Timestamp | TypeFamily::Date | TypeFamily::Integer)
}

/// Words of tables whose rows are events and not things: they are never asked for keys.
const LOG: [&str; 27] = [
    "log",
    "event",
    "history",
    "audit",
    "queue",
    "job",
    "outbox",
    "inbox",
    "staging",
    "stage",
    "tmp",
    "temp",
    "import",
    "trace",
    "metric",
    "session",
    "archive",
    "backup",
    "notification",
    "message",
    "activity",
    "snapshot",
    "task",
    "visit",
    "attempt",
    "record",
    "changelog",
];

/// Whether a table's name says that its rows are events.
pub fn is_log(table: &str) -> bool {
    words(table).iter().any(|w| LOG.contains(&singular(w).as_str()))
}
