//! From scores to proposals: what is left of the candidates of one table.

use super::candidates::Candidate;
use super::facts::{Table, is_subset};
use crate::evidence::rows::REFUTED;
use crate::evidence::{Evidence, Source};

/// A candidate with its score.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The candidate.
    pub candidate: Candidate,
    /// What the model makes of its features.
    pub base: f64,
    /// With what the schema's own keys say.
    pub score: f64,
    /// What is taken off because better proposals of the table were taken first.
    pub penalty: f64,
    /// What is taken off, and why, for a proposal that stays of low confidence whatever the model makes of it.
    pub doubt: Option<(f64, String)>,
    /// What the database itself says; it is in the score.
    pub testimony: Vec<Evidence>,
}

impl Scored {
    /// What counts in the end.
    pub fn total(&self) -> f64 {
        super::model::tidy(self.score - self.penalty)
    }

    /// Whether the rows do not hold to it.
    pub fn is_refuted(&self) -> bool {
        self.testimony.iter().any(|e| e.source == Source::Rows && e.weight <= REFUTED)
    }
}

/// The best first; nothing that contains or is contained in one already taken. Each further proposal of a table loses
/// the next of `penalties`, and there are no more than those. Nothing below `least`.
pub fn select(table: &Table<'_>, mut rows: Vec<Scored>, penalties: &[f64], least: f64) -> Vec<Scored> {
    rows.retain(|r| r.score >= least);
    let names = |r: &Scored| {
        let mut names: Vec<&str> = table.each(&r.candidate.columns).map(|c| c.name()).collect();
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    rows.sort_by_cached_key(|r| (Descending(r.score), r.candidate.columns.len(), names(r)));
    let mut taken: Vec<Scored> = Vec::new();
    for mut row in rows {
        let Some(penalty) = penalties.get(taken.len()) else { break };
        let columns = &row.candidate.columns;
        let clashes = |t: &Scored| is_subset(columns, &t.candidate.columns) || is_subset(&t.candidate.columns, columns);
        if !taken.iter().any(clashes) {
            // what the rows refute is as low as it can be and still say so
            row.penalty = if row.is_refuted() { 0.0 } else { *penalty };
            taken.push(row);
        }
    }
    taken.retain(|r| r.total() >= least);
    taken
}

#[derive(PartialEq)]
struct Descending(f64);

impl Eq for Descending {}

impl PartialOrd for Descending {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Descending {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0)
    }
}
