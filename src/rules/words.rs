//! Names taken apart, and the words that carry meaning in them.

use crate::catalog::{Column, TypeFamily};
pub use crate::inference::words::{singular, words};

/// Whether a NULLable column says that, and when, its row was deleted.
pub fn marks_deletion(column: &Column) -> bool {
    let past = ["deleted", "removed", "archived", "trashed", "discarded", "destroyed"];
    let words = words(&column.name);
    let verb = words.iter().any(|w| past.contains(&w.as_str()));
    let by_whom = words.iter().any(|w| w == "by" || w == "id" || w == "user");
    verb && !by_whom && matches!(column.family(), TypeFamily::Timestamp | TypeFamily::Date | TypeFamily::Integer)
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
