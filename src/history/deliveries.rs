//! What is to be told, and to whom it was. A notice is claimed before it is sent, so that nobody sends it twice: whoever
//! dies between the two leaves a claim behind, and what was claimed is not sent again.

use super::News;
use super::database::{DatabaseError, Session};

/// What is to be told about one run.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The id of the run.
    pub id: String,
    /// Name of the source.
    pub source: String,
    /// When the run began.
    pub at: String,
    /// What is new.
    pub news: News,
}

/// What became of a notice that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It arrived.
    Sent,
    /// It did not, and may be tried again.
    Again(String),
    /// It did not, and trying again would not help.
    Failed(String),
}

/// Keeps a notice.
pub fn keep(session: &mut dyn Session, id: &str, source: &str, created: &str, body: &str) -> Result<(), DatabaseError> {
    session.run(query!("notice_insert"), &[id.into(), source.into(), created.into(), body.into()]).map(drop)
}

/// Notices of these sources that nobody has claimed for a channel, or that did not arrive.
pub fn untold(
    session: &mut dyn Session,
    channel: &str,
    sources: &[String],
    since: &str,
) -> Result<Vec<Notice>, DatabaseError> {
    let rows = session.run(query!("notices_untold"), &[channel.into(), since.into()])?;
    rows.iter()
        .filter(|r| sources.iter().any(|s| s == r.text(1)))
        .map(|r| {
            let news = serde_json::from_str(r.text(3))
                .map_err(|e| DatabaseError::Other(format!("the notice {} is damaged: {e}", r.text(0))))?;
            let [id, source, at] = [0, 1, 2].map(|i| r.text(i).to_owned());
            Ok(Notice { id, source, at, news })
        })
        .collect()
}

/// Claims a notice for a channel.
pub fn claim(session: &mut dyn Session, notice: &str, channel: &str, now: &str) -> Result<bool, DatabaseError> {
    let first = session.run(query!("delivery_claim"), &[notice.into(), channel.into(), now.into()])?;
    if !first.is_empty() {
        return Ok(true);
    }
    let again = session.run(query!("delivery_claim_again"), &[notice.into(), channel.into(), now.into()])?;
    Ok(!again.is_empty())
}

/// Notes what became of it.
pub fn settle(
    session: &mut dyn Session,
    notice: &str,
    channel: &str,
    delivery: &Delivery,
) -> Result<(), DatabaseError> {
    let (state, error) = match delivery {
        Delivery::Sent => ("sent", ""),
        Delivery::Again(e) => ("again", e.as_str()),
        Delivery::Failed(e) => ("failed", e.as_str()),
    };
    session.run(query!("delivery_settle"), &[notice.into(), channel.into(), state.into(), error.into()]).map(drop)
}
