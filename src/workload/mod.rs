//! The statements that an application sends, as the server's statistics keep them: fingerprints with counts.
//!
//! Data goes one way: a fingerprint's text is made safe to show and parseable ([`fingerprint`]), parsed into what it
//! does to each table ([`parse`], [`access`]), and put to the tables of a catalog ([`Usage`]). Nothing here does I/O.
//! What cannot be read is counted and said, never guessed.

pub mod access;
mod conditions;
pub mod fingerprint;
mod lookups;
mod parse;
mod scope;
mod usage;

use std::collections::BTreeMap;

pub use lookups::KeyLookup;
pub use usage::{Of, TableUse, Usage};

use access::Access;
use fingerprint::Kind;

/// How a statement ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transaction {
    /// By itself: what it read or locked is free again when it ends.
    Implicit,
    /// In a transaction that was begun.
    Explicit,
    /// The engine does not keep it.
    Unknown,
}

impl Transaction {
    /// The word for it in the JSON contract.
    pub fn word(self) -> &'static str {
        match self {
            Transaction::Implicit => "implicit",
            Transaction::Explicit => "explicit",
            Transaction::Unknown => "unknown",
        }
    }
}

/// A row of a server's statement statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The fingerprint.
    pub text: String,
    /// How often it was sent.
    pub count: u64,
    /// The application's name, where the engine keeps it.
    pub application: Option<String>,
    /// How it ran.
    pub transaction: Transaction,
    /// These attempts failed.
    pub failed: bool,
    /// The server keeps texts of any length.
    pub whole: bool,
}

/// A statement that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text, safe to show: no literals, no comments.
    pub text: String,
    /// How often it was sent.
    pub count: u64,
    /// The application's name, where the engine keeps it.
    pub application: Option<String>,
    /// How it ran.
    pub transaction: Transaction,
    /// What it does to each table.
    pub accesses: Vec<Access>,
}

/// A statement as a finding names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The text, safe to show: no literals, no comments.
    pub text: String,
    /// How often it was sent.
    pub count: u64,
    /// The application's name, where the engine keeps it.
    pub application: Option<String>,
    /// How it ran.
    pub transaction: Transaction,
}

impl Statement {
    /// The same without what was read out of it.
    pub fn said(&self) -> Said {
        Said {
            text: self.text.clone(),
            count: self.count,
            application: self.application.clone(),
            transaction: self.transaction,
        }
    }

    /// Whether it writes: a lock that it takes is then held for as long as it needs it.
    pub fn writes(&self) -> bool {
        self.accesses.iter().any(|a| !matches!(a.deed, access::Deed::Read(_)))
    }

    /// Whether it takes a lock on a number of the application's own: `pg_advisory_xact_lock(_)`.
    pub fn takes_advisory_lock(&self) -> bool {
        let text = self.text.to_ascii_lowercase();
        ["pg_advisory_lock", "pg_advisory_xact_lock", "pg_try_advisory_"].iter().any(|f| text.contains(f))
    }
}

/// All statements of a database.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workload {
    /// Those that read or write rows and did not fail, the most frequent first.
    pub statements: Vec<Statement>,
    /// Texts of which the server kept only the beginning.
    pub cut_off: Vec<String>,
    /// Texts that were not understood.
    pub not_understood: Vec<String>,
    /// That, and why, the server does not show statements or does not count them.
    pub hidden: Vec<String>,
}

impl Workload {
    /// Reads the rows of a server's statistics.
    pub fn of(sent: impl IntoIterator<Item = Sent>) -> Workload {
        let mut out = Workload::default();
        let mut read: BTreeMap<(String, Option<String>, Transaction), Statement> = BTreeMap::new();
        for row in sent {
            let fingerprint = fingerprint::read(&row.text, row.whole);
            let text = fingerprint.shown;
            let (sql, upsert) = match fingerprint.kind {
                Kind::Rows { sql, upsert } => (sql, upsert),
                // transaction control, DDL, checks of constraints
                Kind::Other => continue,
                Kind::CutOff => {
                    out.cut_off.push(text);
                    continue;
                }
            };
            // what failed wrote nothing, and what it was to do stands in a row of its own once it succeeds
            if row.failed {
                continue;
            }
            let key = (text, row.application, row.transaction);
            if let Some(same) = read.get_mut(&key) {
                same.count = same.count.saturating_add(row.count);
                continue;
            }
            let Some(accesses) = parse::parse(&sql, upsert) else {
                out.not_understood.push(key.0);
                continue;
            };
            let (text, application, transaction) = key.clone();
            read.insert(key, Statement { text, count: row.count, application, transaction, accesses });
        }
        out.statements = read.into_values().collect();
        out.statements.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        for texts in [&mut out.cut_off, &mut out.not_understood] {
            texts.sort_unstable();
            texts.dedup();
        }
        out
    }

    /// What could not be read, in sentences.
    pub fn unread(&self) -> Vec<String> {
        let say = |texts: &[String], what: &str| {
            let example = texts.first()?;
            let n = texts.len();
            Some(format!("{n} statements {what}, such as: {}", beginning(example, SHOWN)))
        };
        let cut_off = say(&self.cut_off, "are cut off in the server's statistics");
        let not_understood = say(&self.not_understood, "were not understood");
        self.hidden.iter().cloned().chain(cut_off).chain(not_understood).collect()
    }
}

/// Characters of an example.
const SHOWN: usize = 100;

/// A text, or the first `shown` characters of it and a mark that there are more.
pub fn beginning(text: &str, shown: usize) -> String {
    match text.char_indices().nth(shown) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
