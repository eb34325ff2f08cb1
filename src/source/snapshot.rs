//! Snapshots: a catalog as versioned JSON. No rows, no secrets.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;

/// The format's version. It changes when a reader of the old one would misread the new one.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    dbaudit_snapshot: u32,
    source: &'a str,
    catalog: &'a Catalog,
}

#[derive(Deserialize)]
struct Head {
    dbaudit_snapshot: Option<u32>,
}

#[derive(Deserialize)]
struct Read {
    catalog: Catalog,
}

/// Why a snapshot could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not JSON, or JSON that is cut off.
    #[error("it is not readable JSON ({0}); write it again with `dbaudit snapshot`")]
    NotJson(serde_json::Error),
    /// JSON, but of something else.
    #[error("it is JSON, but not a snapshot of dbaudit (it lacks \"dbaudit_snapshot\")")]
    NotASnapshot,
    /// From another version.
    #[error("it is a snapshot of format {0}, this dbaudit reads format {VERSION}; write it again with this version")]
    Version(u32),
    /// The envelope is right, the catalog is not.
    #[error("its catalog does not fit: {0}; write it again with `dbaudit snapshot`")]
    Catalog(serde_json::Error),
}

/// The catalog as JSON.
pub fn write(catalog: &Catalog, source: &str) -> String {
    let written = Written { dbaudit_snapshot: VERSION, source, catalog };
    // plain structs with string keys cannot fail to serialise
    serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// If the text is no snapshot, is broken, or is of another version.
pub fn read(text: &str) -> Result<Catalog, SnapshotError> {
    // a struct would be read from a list, too
    if !text.trim_start().starts_with('{') {
        return Err(SnapshotError::NotASnapshot);
    }
    let head: Head = serde_json::from_str(text)
        .map_err(|e| if e.is_data() { SnapshotError::NotASnapshot } else { SnapshotError::NotJson(e) })?;
    match head.dbaudit_snapshot {
        None => Err(SnapshotError::NotASnapshot),
        Some(VERSION) => {
            let mut catalog = serde_json::from_str::<Read>(text).map_err(SnapshotError::Catalog)?.catalog;
            // somebody may have edited it
            catalog.sort();
            Ok(catalog)
        }
        Some(other) => Err(SnapshotError::Version(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let catalog = Catalog::default();
        assert_eq!(read(&write(&catalog, "x")).unwrap(), catalog);
    }

    #[test]
    fn what_is_no_snapshot_is_refused_with_the_reason() {
        for (text, part) in [
            ("{\"dbaudit_snapshot\": 1, \"catalog\": {\"eng", "not readable JSON"),
            ("{\"a\": 1}", "not a snapshot"),
            ("[1]", "not a snapshot"),
            ("{\"dbaudit_snapshot\": 99}", "format 99"),
            ("{\"dbaudit_snapshot\": 1, \"catalog\": {\"engine\": 3}}", "does not fit"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
