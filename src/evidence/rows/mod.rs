//! What the rows themselves say: how many are in the way of a guard.

mod question;
mod sample;
mod weigh;

pub use question::{Ask, Question, slack};
pub use sample::{Chance, Domain, Key, LONG, Repeats, Sample};
pub use weigh::{DISCOVERED, MOST, REFUTED, Verdict, count, hope, verdict};

use std::collections::BTreeMap;

use super::{Confidence, Evidence};
use crate::catalog::Table;
use crate::guard::Guard;

/// Which rows were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Coverage {
    /// All of them.
    #[default]
    All,
    /// Some, of about so many where that is known.
    Sample {
        /// The planner's estimate of all.
        of: Option<u64>,
    },
}

/// How near the rows come to the bound of a check: 0 is on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Distance of the nearest row.
    pub least: f64,
    /// Distance of the farthest.
    pub greatest: f64,
    /// How many stand on it, of how many that were looked at for it.
    pub at: u64,
    /// Rows of the sample.
    pub of: u64,
}

/// What the rows said about one guard.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Rows that were looked at. Of a key: those that it is about.
    pub looked_at: u64,
    /// How many of them are in its way. Of a key: those that repeat another one.
    pub violations: u64,
    /// Which rows those were.
    pub coverage: Coverage,
    /// Of a key: the repeats that chance would give.
    pub chance: Option<Chance>,
    /// Of a check on numbers, by a sample.
    pub nearest: Option<Nearest>,
    /// The key was found in the rows.
    pub discovered: bool,
    /// Keys of some rows in the way, where they are to be shown.
    pub examples: Vec<String>,
}

/// What became of one question.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// It was answered.
    Answered(Answer),
    /// It was not, for this reason.
    NotAsked(String),
}

impl Told {
    /// The answer, if there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Told::Answered(answer) => Some(answer),
            Told::NotAsked(_) => None,
        }
    }

    /// Whether all rows were looked at and none is in the way.
    pub fn is_clean(&self) -> bool {
        self.answer().is_some_and(|a| a.violations == 0 && a.coverage == Coverage::All)
    }

    /// The same in words, with the examples.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Told::NotAsked(reason) => vec![format!("The rows could not be asked: {reason}")],
            Told::Answered(a) => {
                let of = match a.coverage {
                    Coverage::All => String::new(),
                    Coverage::Sample { .. } => format!(" (in a sample of {})", count(a.looked_at)),
                };
                let told = match a.violations {
                    0 => format!("When this was written, no row was in the way{of}"),
                    n => format!("When this was written, rows in the way: {n}{of}"),
                };
                std::iter::once(told).chain(a.examples.iter().map(|e| format!("  {e}"))).collect()
            }
        }
    }
}

/// Why asking ended before all was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The user said so.
    Interrupted,
    /// The time that was given is over.
    Late(u64),
    /// The connection was lost.
    Lost(String),
}

impl Ended {
    /// Whether more was wanted than was done. That the time is over is as it was wanted.
    pub fn is_failure(&self) -> bool {
        matches!(self, Ended::Interrupted | Ended::Lost(_))
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Interrupted => f.write_str("interrupted"),
            Ended::Late(limit) => write!(f, "the {limit} s of --time-limit were over"),
            Ended::Lost(reason) => f.write_str(reason),
        }
    }
}

/// The answers of the rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    told: BTreeMap<(String, String, String), Told>,
    /// Keys that were found in the rows and hold for all of them.
    discovered: Vec<(String, String, Vec<String>)>,
    /// Why asking ended before all was asked, if it did.
    pub ended: Option<Ended>,
    /// Statements that were sent, without those that begin and end a transaction.
    pub statements: usize,
}

impl Rows {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Keeps what became of a question.
    pub fn insert(&mut self, question: &Question, told: Told) {
        let (schema, table) = (question.schema.clone(), question.table.clone());
        if told.answer().is_some_and(|a| a.discovered && a.violations == 0) {
            let columns = question.guard.columns().into_iter().map(str::to_owned).collect();
            self.discovered.push((schema.clone(), table.clone(), columns));
        }
        let place = (schema, table, question.guard.identity());
        self.told.insert(place, told);
    }

    /// Keeps why a question has no answer. Of a guard that nobody proposes nobody misses one.
    pub fn refuse(&mut self, question: &Question, reason: &str) {
        if question.is_proposed() {
            self.insert(question, Told::NotAsked(reason.to_owned()));
        }
    }

    /// What the rows said about a guard, if they were asked.
    pub fn of(&self, schema: &str, table: &str, guard: &Guard) -> Option<&Told> {
        self.told.get(&(schema.to_owned(), table.to_owned(), guard.identity()))
    }

    /// The column sets of a table that were found to be keys by looking at its rows alone.
    pub fn discovered(&self, schema: &str, table: &str) -> impl Iterator<Item = &[String]> {
        self.discovered.iter().filter(move |(s, t, _)| s == schema && t == table).map(|(_, _, c)| c.as_slice())
    }

    /// The reasons for and against a guard.
    pub fn of_guard(&self, table: &Table, guard: &Guard) -> Vec<Evidence> {
        let answer = self.of(&table.schema, &table.name, guard).and_then(Told::answer);
        answer.map(|a| weigh::evidence(guard, a)).unwrap_or_default()
    }

    /// Refuses those of the questions that have no answer yet.
    pub fn refuse_rest<'q>(&mut self, questions: impl IntoIterator<Item = &'q Question>, reason: &str) {
        for q in questions {
            if self.of(&q.schema, &q.table, &q.guard).is_none() {
                self.refuse(q, reason);
            }
        }
    }

    /// Notes why asking ended, and that it was so for every question of a proposed guard that has no answer.
    pub fn end(&mut self, questions: &[Question], ended: Ended) {
        self.refuse_rest(questions, &ended.to_string());
        self.ended = Some(ended);
    }

    /// What was not asked, a line for each table and reason.
    pub fn missing(&self) -> Vec<String> {
        let mut by_reason: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for ((schema, table, _), told) in &self.told {
            if let Told::NotAsked(reason) = told {
                *by_reason.entry((schema, table, reason)).or_default() += 1;
            }
        }
        let line = |((schema, table, reason), n): ((&str, &str, &str), usize)| {
            let table = if schema == "public" { table.to_owned() } else { format!("{schema}.{table}") };
            let guards = if n == 1 { "1 guard".to_owned() } else { format!("{n} guards") };
            format!("the rows of {table} were not asked about {guards}: {reason}")
        };
        by_reason.into_iter().map(line).collect()
    }
}

/// The sentence that no other evidence allows, if the answer does: for a guard that is rather meant than not.
pub fn gone_wrong(guard: &Guard, answer: &Answer, confidence: Confidence) -> Option<String> {
    /// In a small table, so many are told, too.
    const SMALL: u64 = 10;
    let few = match verdict(guard, answer) {
        Verdict::GoneWrong => true,
        Verdict::Nothing => guard.kind() != "validate" && answer.violations <= SMALL && !answer.is_chance(),
        _ => false,
    };
    let least = if answer.coverage == Coverage::All { "" } else { "at least " };
    let times = if answer.violations == 1 { "once".to_owned() } else { format!("{} times", count(answer.violations)) };
    (few && answer.violations > 0 && confidence >= Confidence::Medium)
        .then(|| format!("In its rows this has already gone wrong {least}{times}."))
}

impl Answer {
    /// Whether the repeats of a large table are no more than chance gives.
    fn is_chance(&self) -> bool {
        self.chance.is_some_and(|c| c.drawn && c.expected < self.violations as f64)
    }
}
