//! Evidence: one reason for or against a guard. Confidence is the sum of its weights, and nothing else.
//!
//! What a running database says beside its schema is an [`Observed`]: statistics of the planner, rows that were asked, and
//! statements that were sent. Rules hear it through [`crate::rules::Context`], the model through
//! [`crate::inference::Inference`].

mod observed;
pub mod rows;
pub mod settings;
pub mod statements;
pub mod statistics;

pub use observed::Observed;

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a piece of evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The name of a column or table.
    Name,
    /// Types, defaults, keys and references.
    Shape,
    /// What other tables of the same schema do.
    Siblings,
    /// A comment in the database.
    Comment,
    /// The planner's statistics: estimates.
    Statistics,
    /// The rows themselves.
    Rows,
    /// The statements that were sent to the server.
    Statements,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Name => "name",
            Source::Shape => "shape",
            Source::Siblings => "siblings",
            Source::Comment => "comment",
            Source::Statistics => "statistics",
            Source::Rows => "rows",
            Source::Statements => "statements",
        })
    }
}

/// Which way a piece of evidence points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// For the guard.
    Supports,
    /// Against it.
    Refutes,
}

/// One reason, in words, with its weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it comes from.
    pub source: Source,
    /// Log-odds (natural logarithm) that it adds to the guard's being intended; negative if it refutes.
    pub weight: f64,
    /// The reason in words.
    pub text: String,
}

impl Evidence {
    /// A reason with its weight in log-odds.
    pub fn new(source: Source, weight: f64, text: impl Into<String>) -> Evidence {
        Evidence { source, weight, text: text.into() }
    }

    /// Which way it points.
    pub fn verdict(&self) -> Verdict {
        if self.weight < 0.0 { Verdict::Refutes } else { Verdict::Supports }
    }
}

/// How sure it is that the guard is intended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// For auditors: more often wrong than right.
    Low,
    /// The default view: rather right than wrong.
    Medium,
    /// Act on it.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        })
    }
}

/// How bad the missing guard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Untidy; nothing is lost by itself.
    Low,
    /// Wrong rows that somebody has to clean up.
    Medium,
    /// Money, seats or identities go wrong under concurrency.
    High,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        })
    }
}

/// From which sum of log-odds on a guard is believed, and how much. Below the lowest it is not proposed at all.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
pub struct Thresholds {
    /// From here on [`Confidence::High`].
    pub high: f64,
    /// From here on [`Confidence::Medium`].
    pub medium: f64,
    /// From here on [`Confidence::Low`].
    pub low: f64,
}

impl Thresholds {
    /// Evidence weighed by hand: probabilities of 0.85, 0.5 and 0.2.
    pub const PLAIN: Thresholds = Thresholds { high: 1.735, medium: 0.0, low: -1.386 };

    /// The confidence of a score.
    pub fn level(&self, score: f64) -> Option<Confidence> {
        match score {
            s if s >= self.high => Some(Confidence::High),
            s if s >= self.medium => Some(Confidence::Medium),
            s if s >= self.low => Some(Confidence::Low),
            _ => None,
        }
    }

    /// A score with what was heard of the database itself. Rows stand above a doubt, but not alone: what was looked for in
    /// them (`--discover`) and nothing else makes likely gets to low confidence and no further, and what they refute stays
    /// there to say so.
    pub fn heard(&self, score: f64, heard: &[Evidence]) -> f64 {
        let sum = |of_rows: bool| {
            heard.iter().filter(|e| (e.source == Source::Rows) == of_rows).map(|e| e.weight).sum::<f64>()
        };
        let (others, rows) = (score + sum(false), sum(true));
        let proposed = others >= self.low;
        match others + rows {
            total if proposed && rows <= rows::REFUTED => total.clamp(self.low, self.medium - 0.01),
            // that a key was looked for in the rows says no more than that it was found there
            total if !proposed && rows > rows::MOST => total.min(self.medium - 0.01),
            _ => others + rows.min(rows::MOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_above_a_doubt_but_not_alone() {
        let scale = Thresholds { high: 2.0, medium: 0.0, low: -2.0 };
        let rows = |weight| vec![Evidence::new(Source::Rows, weight, "")];
        let level = |score, heard: &[Evidence]| scale.level(scale.heard(score, heard));
        assert_eq!(level(-1.0, &rows(3.0)), Some(Confidence::High));
        assert_eq!(level(-1.0, &rows(9.0)), level(-1.0, &rows(rows::MOST)), "no more than that");
        assert_eq!(level(-2.5, &rows(9.0)), Some(Confidence::Low), "nothing else speaks for it");
        assert_eq!(level(-2.5, &rows(3.0)), Some(Confidence::Medium), "its shape does, a little");
        assert_eq!(level(-9.0, &rows(rows::MOST)), None, "and here it speaks against it");
        assert_eq!(level(9.0, &rows(rows::REFUTED)), Some(Confidence::Low), "to say so");
        assert_eq!(level(-1.9, &rows(rows::REFUTED)), Some(Confidence::Low), "to say so");
        assert_eq!(level(-2.5, &rows(rows::REFUTED)), None);
    }
}
