//! Telling people that something is new, fixed, or could not be audited. One channel is one file.
//!
//! A [`Notice`] is what there is to tell, a [`Channel`] tells it once, [`deliver`] tries again where that helps. Whoever
//! calls keeps the books: which notice has gone over which channel.

mod command;
mod deliver;
mod email;
mod github;
mod gitlab;
mod http;
mod markdown;
mod notice;
mod slack;
mod teams;
mod text;
mod tracker;
mod webhook;

use std::time::Duration;

pub use command::Command;
pub use deliver::{Backoff, deliver};
pub use email::Email;
pub use github::GitHub;
pub use gitlab::GitLab;
pub use http::{Address, Http, Limits};
pub use notice::Notice;
pub use slack::Slack;
pub use teams::Teams;
pub use webhook::Webhook;

/// A way to tell somebody.
pub trait Channel: Send + Sync {
    /// What the channel is called in records of deliveries: stable from run to run, without secrets.
    fn name(&self) -> &str;

    /// Tells it, one attempt.
    ///
    /// # Errors
    /// If it did not arrive, or if that is not known.
    fn send(&self, notice: &Notice) -> Result<(), SendError>;
}

/// Why a notice did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SendError {
    /// The reason in words, without secrets: of a URL no more than the host.
    pub text: String,
    /// Whether a further attempt may help, and cannot tell the same twice.
    pub retry: bool,
    /// How long the receiver asks to be left alone (`Retry-After`).
    pub after: Option<Duration>,
}

impl SendError {
    fn new(text: impl Into<String>, retry: bool) -> SendError {
        SendError { text: text.into(), retry, after: None }
    }
}
