//! What the issue trackers of GitHub and GitLab have in common: one open issue for each source.

use serde_json::Value;

use super::{Channel, Notice, SendError};
use crate::guard::hex;

/// The label by which the issues are found.
pub(super) const LABEL: &str = "dbaudit";

/// An open issue.
pub(super) struct Issue {
    pub number: u64,
    pub body: String,
}

/// What is asked of a tracker.
pub(super) trait Tracker: Send + Sync {
    /// The name of the channel.
    fn place(&self) -> &str;
    /// Posts below the repository; statuses of `fine` are as good as success.
    fn post(&self, path: &str, body: &Value, fine: &[u16]) -> Result<(), SendError>;
    /// Open issues with the label.
    fn issues(&self) -> Result<Vec<Issue>, SendError>;
    /// The comments of an issue.
    fn comments(&self, number: u64) -> Result<Vec<String>, SendError>;
    /// Makes the label, if there is none. A token that may not is told so: its issue would silently have no label, and
    /// never be found again.
    fn label(&self) -> Result<(), SendError>;
    /// Opens an issue with the label.
    fn open(&self, title: &str, body: &str) -> Result<(), SendError>;
    /// Comments on one.
    fn comment(&self, number: u64, body: &str) -> Result<(), SendError>;
}

impl<T: Tracker> Channel for T {
    fn name(&self) -> &str {
        self.place()
    }

    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        tell(self, notice)
    }
}

/// Comments on the source's issue, or opens it if there is something to mend. What an earlier attempt has brought there
/// is found by its mark and is not told again.
fn tell(tracker: &impl Tracker, notice: &Notice) -> Result<(), SendError> {
    let (source, event) = (mark("source", &notice.source), mark("notice", &notice.id));
    let body = format!("{}\n{event}\n", notice.markdown());
    match tracker.issues()?.into_iter().find(|i| i.body.contains(&source)) {
        Some(issue) if issue.body.contains(&event) => Ok(()),
        Some(issue) if tracker.comments(issue.number)?.iter().any(|c| c.contains(&event)) => Ok(()),
        Some(issue) => tracker.comment(issue.number, &body),
        None if notice.new.is_empty() && notice.failed.is_none() => Ok(()),
        None => {
            tracker.label()?;
            tracker.open(&format!("dbaudit: {}", notice.place()), &format!("{body}{source}\n"))
        }
    }
}

/// A comment that no reader sees. A hash, so that no name ends it early.
fn mark(what: &str, text: &str) -> String {
    format!("<!-- dbaudit {what} {} -->", hex(text, 16))
}
