//! Schema files: `pg_dump -s`, CockroachDB's `SHOW CREATE`, migrations written by hand.
//!
//! A file is cut into statements ([`split`]); most of them cannot matter and are skipped by their first words
//! ([`class`]). The others are freed of CockroachDB's own grammar ([`crate::sql::rewrite_statement`]), parsed one by
//! one, and applied to a [`state`] that in the end becomes the catalog ([`finish`]).

mod alter;
mod apply;
mod class;
mod constraint;
mod detect;
mod finish;
mod index;
mod names;
mod output;
mod session;
mod split;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod types;

use std::borrow::Cow;

use crate::catalog::{Catalog, Missing, Origin, Part};
use crate::engine::{Engine, Product};
use crate::sql::{Rewritten, rewrite_operators, rewrite_statement};

use apply::{Applier, Complaint};
use class::Class;
use split::Statement;
use state::State;

/// One file. Several are applied in the order given, as migrations are.
#[derive(Debug, Clone)]
pub struct SchemaFile {
    /// The name that problems and tables refer to.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// How to read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The engine that the files are for; None tells it by the files.
    pub engine: Option<Engine>,
}

/// What was read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The schema after the last statement.
    pub catalog: Catalog,
    /// What was not understood, in the order of the files.
    pub problems: Vec<Problem>,
}

/// Whether something may be missing from the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing that the catalog holds was lost.
    Ignored,
    /// A table, key, check or column may be missing, or be there that should not.
    Unread,
}

/// A statement, or a part of one, that was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The statement's first words.
    pub statement: String,
    /// Why.
    pub reason: String,
    /// Whether something was lost.
    pub severity: Severity,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.severity {
            Severity::Ignored => "passed over",
            Severity::Unread => "not understood",
        };
        write!(f, "{}:{}:{}: {what}: {} ({})", self.file, self.line, self.column, self.statement, self.reason)
    }
}

/// Reads schema files. Never fails: what is not understood is a [`Problem`], and the rest is read.
pub fn read(files: &[SchemaFile], options: &Options) -> Reading {
    let texts: Vec<Cow<'_, str>> = files.iter().map(|f| output::statements(&f.text)).collect();
    let engine = options.engine.unwrap_or_else(|| detect::engine(files, &texts));
    let mut state = State::new(engine);
    let mut problems = Vec::new();
    for (file, text) in files.iter().zip(&texts) {
        state.forget_search_path();
        state.transaction = None;
        let mut position = Position::new(text);
        split::split(text, &mut |statement| {
            let line = position.of(statement.offset).0;
            let origin = Origin { file: file.name.clone(), line };
            for complaint in apply(&mut state, &statement, origin) {
                problems.push(problem(file, &statement, &mut position.clone(), complaint));
            }
        });
    }
    let mut catalog = finish::finish(state);
    let lost = problems.iter().filter(|p| p.severity == Severity::Unread);
    catalog.missing = lost
        .map(|p| Missing {
            part: Part::Definitions,
            reason: format!("{}:{}: {}: {}", p.file, p.line, p.statement, p.reason),
        })
        .collect();
    catalog.sort();
    Reading { catalog, problems }
}

/// Applies one statement.
fn apply(state: &mut State, statement: &Statement<'_>, origin: Origin) -> Vec<Complaint> {
    let tokens = &statement.tokens;
    let mut applier = Applier::new(state, origin);
    if statement.unterminated {
        applier.unread("a quote or comment in it is never closed");
        return applier.complaints;
    }
    if matches!(statement.class, Class::Definition | Class::Relation)
        && let Some(defined) = &mut applier.state.transaction
    {
        *defined = true;
    }
    match statement.class {
        Class::Transaction => {
            applier.state.transaction = tokens.is_any(0, &["begin", "start"]).then_some(false);
        }
        Class::Skip | Class::Copy => {}
        Class::Definition if tokens.too_deep() => applier.unread("it nests too deep"),
        Class::Definition => {
            // what is PostgreSQL's for certain is not searched for what only CockroachDB has
            let rewritten = if applier.state.engine.product == Product::PostgreSql {
                Rewritten { text: rewrite_operators(tokens), ..Rewritten::default() }
            } else {
                rewrite_statement(tokens)
            };
            let places = applier.definition(&rewritten);
            if !places.is_empty() {
                let origin = applier.origin;
                return apart(state, statement, &places, &origin);
            }
        }
        Class::Relation => applier.relation(tokens),
        Class::Setting => session::setting(applier.state, tokens),
        Class::Select => {
            if session::makes_table(tokens) {
                applier.unread("the columns of a table made from a query are not known");
            }
            session::select(applier.state, tokens);
        }
        Class::Code => {
            if let Some(what) = session::defines(tokens) {
                applier.unread(format!("code is not executed, and there is {what} in it"));
            } else if session::may_define(tokens) {
                applier.ignored("code is not executed");
            }
        }
        Class::Include => applier.unread("another file is included: give it as a source"),
        Class::Rollback => match applier.state.transaction.take() {
            Some(true) => applier.unread("what came before is not taken back"),
            _ => applier.ignored("there is nothing to take back"),
        },
        Class::Unknown => applier.unread("not a statement that is known here"),
    }
    applier.complaints
}

/// A statement that lacks semicolons: its parts, one by one. One that is cut already is not cut again.
fn apart(state: &mut State, statement: &Statement<'_>, places: &[usize], origin: &Origin) -> Vec<Complaint> {
    let tokens = &statement.tokens;
    let mut complaints = Vec::new();
    let mut from = 0;
    for end in places.iter().copied().chain([usize::MAX]) {
        let to = (from..tokens.len()).find(|&i| tokens.get(i).is_some_and(|t| t.start >= end)).unwrap_or(tokens.len());
        let Some(offset) = tokens.get(from).map(|t| t.start).filter(|_| from < to) else { continue };
        let part = tokens.part(from, to);
        if from == 0 && to == tokens.len() {
            return vec![Complaint { severity: Severity::Unread, offset, reason: "a semicolon is missing".into() }];
        }
        if from > 0 {
            complaints.push(Complaint {
                severity: Severity::Ignored,
                offset,
                reason: "a semicolon is missing before this".into(),
            });
        }
        let class = class::classify(&part);
        let line = origin.line + lines(tokens.source(), offset);
        let statement = Statement { offset: statement.offset + offset, class, tokens: part, unterminated: false };
        let origin = Origin { file: origin.file.clone(), line };
        complaints
            .extend(apply(state, &statement, origin).into_iter().map(|c| Complaint { offset: c.offset + offset, ..c }));
        from = to;
    }
    complaints
}

/// Line ends before an offset.
fn lines(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    u32::try_from(before.iter().filter(|b| **b == b'\n').count()).unwrap_or(0)
}

fn problem(file: &SchemaFile, statement: &Statement<'_>, position: &mut Position<'_>, c: Complaint) -> Problem {
    let (line, column) = position.of(statement.offset + c.offset);
    let words = statement.tokens.source().split_whitespace();
    let mut first = String::new();
    for word in words {
        if first.len() + word.len() > 60 {
            first += if first.is_empty() { names::clip(word, 60) } else { "" };
            first += " …";
            break;
        }
        first += if first.is_empty() { "" } else { " " };
        first += word;
    }
    Problem { file: file.name.clone(), line, column, statement: first, reason: c.reason, severity: c.severity }
}

/// Lines and columns of offsets that only grow: the text is gone through once.
#[derive(Clone)]
struct Position<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'a> Position<'a> {
    fn new(text: &'a str) -> Position<'a> {
        Position { text, at: 0, line: 1, line_start: 0 }
    }

    fn of(&mut self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let passed = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        for (i, _) in passed.iter().enumerate().filter(|(_, b)| **b == b'\n') {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at + i + 1;
        }
        self.at = self.at.max(offset);
        let before = self.text.get(self.line_start..offset).unwrap_or_default();
        (self.line, u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1))
    }
}
