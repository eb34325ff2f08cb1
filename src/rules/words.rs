//! Names taken apart, and the words that carry meaning in them.

use crate::catalog::{Column, TypeFamily};

/// The words of a name, lower case: `availableSeats`, `available_seats` and `AVAILABLE-SEATS` all give
/// `available`, `seats`.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut previous_lower = false;
    let mut word = String::new();
    for c in name.chars() {
        let boundary = !c.is_alphanumeric() || (c.is_uppercase() && previous_lower);
        if boundary && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// The singular of an English noun as names have it, good enough for comparing names: `categories` → `category`.
pub fn singular(word: &str) -> String {
    let keep = ["ss", "us", "is"].iter().any(|e| word.ends_with(e));
    match word {
        "people" => "person".into(),
        "children" => "child".into(),
        _ if keep || word.len() < 4 => word.into(),
        w if w.ends_with("ies") => format!("{}y", &w[..w.len() - 3]),
        w if ["ches", "shes", "sses", "xes"].iter().any(|e| w.ends_with(e)) => w[..w.len() - 2].into(),
        w if w.ends_with('s') => w[..w.len() - 1].into(),
        w => w.into(),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        assert_eq!(words("available_seats"), ["available", "seats"]);
        assert_eq!(words("availableSeats"), ["available", "seats"]);
        assert_eq!(words("userID"), ["user", "id"]);
        assert_eq!(singular("categories"), "category");
        assert_eq!(singular("boxes"), "box");
        assert_eq!(singular("status"), "status");
    }
}
