//! What a run tells that the runs before it did not.

use serde::{Deserialize, Serialize};

use super::Found;

/// A finding of a run.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// The finding.
    pub found: Found,
    /// Sure enough to be shown.
    pub shown: bool,
    /// Accepted in a baseline: shown, and not news.
    pub known: bool,
}

/// What is new since the runs before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// Findings that were not told before.
    pub new: Vec<Found>,
    /// Findings that were told and are gone, because the schema or the code changed.
    pub fixed: Vec<Found>,
    /// The source could not be audited, and the last time it could.
    pub failed: Option<String>,
    /// The source could be audited again.
    pub recovered: bool,
    /// It is the first run of the source.
    pub first: bool,
}

impl News {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.fixed.is_empty() && self.failed.is_none() && !self.recovered
    }
}
