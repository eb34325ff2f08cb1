//! `--format table`: for a terminal of 80 columns and more.

use std::fmt::Write;

use anstyle::{AnsiColor, Style as Ansi};
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{Recorded, Report, SourceAudit};
use crate::catalog::label;
use crate::evidence::rows::Told;
use crate::evidence::settings::Setting;
use crate::evidence::{Severity, Verdict};
use crate::rules::{Finding, Skipped};
use crate::source::Kind;
use crate::workload::{Said, Transaction, beginning};

/// How the terminal is.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns to use.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
}

/// Columns of the left side: the longest rule id fits.
const LEFT: u16 = 24;

/// How many of the rows in the way are shown.
const EXAMPLES: usize = 5;

/// The report as text.
pub fn table(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for (i, audit) in report.audits.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        one(&mut out, audit, style);
    }
    if !report.stale.is_empty() {
        let _ = writeln!(
            out,
            "\nStale in the baseline, as nothing matches any more (`dbaudit baseline` leaves them out, those of dropped tables with --prune):"
        );
    }
    for (fingerprint, entry) in &report.stale {
        let _ = writeln!(out, "  {fingerprint}  {}", clean(&entry.label()));
    }
    out
}

fn paint(style: Style, ansi: Ansi, text: &str) -> String {
    if style.color { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
}

fn one(out: &mut String, audit: &SourceAudit, style: Style) {
    let bold = Ansi::new().bold();
    let dim = Ansi::new().dimmed();
    let heading = match audit.error {
        Some(_) => clean(&audit.source.name),
        None => format!("{}  ({}, {})", clean(&audit.source.name), audit.engine, tables(audit.tables)),
    };
    let _ = writeln!(out, "{}", paint(style, bold, &heading));
    if let Some(error) = &audit.error {
        let _ = writeln!(
            out,
            "{}",
            paint(style, Ansi::new().fg_color(Some(AnsiColor::Red.into())), "could not be audited")
        );
        let _ = writeln!(out, "{}", clean(error));
        return;
    }
    for s in &audit.settings {
        let _ = writeln!(out, "{}", setting(s, style));
    }
    let mut previous = None;
    for f in audit.counting() {
        let here = (&f.schema, &f.table);
        if previous != Some(here) {
            let name = clean(&label(&f.schema, &f.table));
            let rule = "─".repeat(usize::from(style.width).saturating_sub(name.chars().count() + 4));
            let _ = writeln!(
                out,
                "\n{} {} {}",
                paint(style, dim, "──"),
                paint(style, bold, &name),
                paint(style, dim, &rule)
            );
            previous = Some(here);
        } else {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", block(f, news(audit, f), style));
    }
    let _ = writeln!(out, "{}", summary(audit));
}

/// One setting: on the left whose it is, on the right what it is and means.
fn setting(s: &Setting, style: Style) -> String {
    let mut right = clean(&s.name);
    if let Some(value) = &s.value {
        let _ = write!(right, " = {}", clean(value));
    }
    if s.in_force == Some(false) {
        right.push_str(", not in force");
    }
    let _ = write!(right, ": {}", clean(&s.meaning));
    side_by_side(&clean(&s.scope), &right, style).join("\n")
}

/// A table without lines, as wide as the terminal.
pub(super) fn bare(style: Style) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(style.width);
    table
}

/// The lines of a table, without blanks at their ends.
pub(super) fn lines(table: &Table) -> Vec<String> {
    table.lines().map(|l| l.trim_end().to_owned()).collect()
}

/// A text in lines that fit.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut table = bare(Style { width: u16::try_from(width).unwrap_or(u16::MAX), color: false });
    table.add_row([text]);
    lines(&table).into_iter().map(|l| l.trim_start().to_owned()).collect()
}

fn side_by_side(left: &str, right: &str, style: Style) -> Vec<String> {
    let mut table = bare(style);
    table.add_row(vec![Cell::new(left), Cell::new(right)]);
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(LEFT)));
    }
    lines(&table)
}

/// Whether a finding is told for the first time, in a history that has told others.
fn news(audit: &SourceAudit, f: &Finding) -> bool {
    let told = |h: &Recorded| !h.news.first && h.news.new.iter().any(|n| n.fingerprint == f.fingerprint);
    audit.history.as_ref().is_some_and(told)
}

/// One finding: on the left what it is, on the right why and what to do.
fn block(f: &Finding, new: bool, style: Style) -> String {
    let color = match f.severity {
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Blue,
    };
    let left = format!(
        "{}{}\n{} confidence\n{}\n{}",
        f.severity.to_string().to_uppercase(),
        if new { "  NEW" } else { "" },
        f.confidence,
        f.rule,
        f.fingerprint
    );
    let mut right = clean(&f.message);
    for e in &f.evidence {
        let sign = if e.verdict() == Verdict::Supports { '+' } else { '-' };
        let _ = write!(right, "\n{sign} {}: {}", e.source, clean(&e.text));
    }
    let examples = f.rows.as_ref().and_then(Told::answer).map(|a| a.examples.as_slice()).unwrap_or_default();
    for e in examples.iter().take(EXAMPLES) {
        let _ = write!(right, "\n  in the way: {}", clean(e));
    }
    for s in f.statements.iter().take(STATEMENTS) {
        let _ = write!(right, "\n  {}", clean(&statement(s)));
    }
    if f.statements.len() > STATEMENTS {
        let _ = write!(right, "\n  … {} more statements: --format json", f.statements.len() - STATEMENTS);
    }
    for s in f.sql().into_iter().flat_map(str::lines) {
        let _ = write!(right, "\n  {}", clean(s));
    }
    for r in &f.remedies {
        let _ = write!(right, "\n  {}: {}", r.framework, clean(&r.text));
    }
    let mut lines = side_by_side(&left, &right, style);
    if let Some(first) = lines.first_mut().filter(|_| style.color) {
        let word = f.severity.to_string().to_uppercase();
        let painted = paint(style, Ansi::new().fg_color(Some(color.into())).bold(), &word);
        *first = first.replacen(&word, &painted, 1);
    }
    lines.join("\n")
}

/// How many statements of a finding are shown.
const STATEMENTS: usize = 4;

/// A statement with how often, by whom and how it was sent; its text may be long.
fn statement(s: &Said) -> String {
    const SHOWN: usize = 240;
    let text = beginning(&s.text, SHOWN);
    let mut how: Vec<&str> = s.application.as_deref().filter(|a| !a.is_empty()).into_iter().collect();
    if s.transaction != Transaction::Unknown {
        how.push(s.transaction.word());
    }
    let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
    format!("{} ×{how} {text}", s.count)
}

/// What is different since the run before.
fn history(out: &mut String, recorded: &Recorded) {
    let Recorded { run, news } = recorded;
    let _ = match (news.first, news.new.len(), news.fixed.len()) {
        (true, ..) => writeln!(out, "Recorded as {run}, the first run of this source."),
        (false, 0, 0) => writeln!(out, "Nothing is new since the run before, and nothing fixed ({run})."),
        (false, new, fixed) => writeln!(out, "Since the run before: {new} new, {fixed} fixed ({run})."),
    };
    for f in &news.fixed {
        let columns = if f.columns.is_empty() { String::new() } else { format!(" ({})", f.columns.join(", ")) };
        let _ = writeln!(out, "  fixed: {} on {}", f.rule, clean(&format!("{}{columns}", f.table_label())));
    }
}

fn tables(n: usize) -> String {
    if n == 1 { "1 table".to_owned() } else { format!("{n} tables") }
}

fn summary(audit: &SourceAudit) -> String {
    let mut out = String::new();
    let by = audit.count(|f| f.severity);
    let counting = audit.counting().count();
    let parts: Vec<String> = [Severity::High, Severity::Medium, Severity::Low]
        .iter()
        .filter_map(|s| by.get(s).map(|n| format!("{n} {s}")))
        .collect();
    let _ = match counting {
        0 if !audit.unread.is_empty() => {
            writeln!(out, "\nNo missing guards found in what could be read ({}).", tables(audit.tables))
        }
        0 if !audit.findings.is_empty() => writeln!(out, "\nNothing new in {}.", tables(audit.tables)),
        0 => writeln!(out, "\nNo missing guards found in {}.", tables(audit.tables)),
        1 => writeln!(out, "\n1 finding ({}) in {}.", parts.join(", "), tables(audit.tables)),
        n => writeln!(out, "\n{n} findings ({}) in {}.", parts.join(", "), tables(audit.tables)),
    };
    if audit.findings.len() > counting {
        let _ = writeln!(out, "Accepted in the baseline: {}", audit.findings.len() - counting);
        for f in audit.findings.iter().filter(|f| audit.is_known(f)) {
            let place = format!("{} ({})", label(&f.schema, &f.table), f.guard.columns().join(", "));
            let _ = writeln!(out, "  {}  {} on {}", f.fingerprint, f.rule, clean(&place));
        }
    }
    if let Some(h) = &audit.history {
        history(&mut out, h);
    }
    // the nearest level that shows some
    if let Some(nearest) = audit.below.iter().map(|f| f.confidence).max() {
        let _ = writeln!(out, "{} more are less sure: --min-confidence {nearest}", audit.below.len());
    }
    if audit.source.kind == Kind::Live {
        for reason in &audit.unread {
            let _ = writeln!(out, "Not looked at: {}.", clean(reason));
        }
    } else if !audit.unread.is_empty() {
        let n = audit.unread.len();
        let _ = writeln!(out, "Not looked at: {n} statements that were not understood (see the warnings).");
    }
    for reason in &audit.unasked {
        let _ = writeln!(out, "Not asked: {}.", clean(reason));
    }
    for s in audit.skipped.iter().filter(|s| s.rule == Skipped::ALL) {
        let _ = writeln!(out, "Not looked at: {}.", clean(&s.reason));
    }
    // rules that lack the same are told together
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for s in audit.skipped.iter().filter(|s| s.rule != Skipped::ALL) {
        match by_reason.iter_mut().find(|(reason, _)| *reason == s.reason) {
            Some((_, rules)) => rules.push(s.rule),
            None => by_reason.push((&s.reason, vec![s.rule])),
        }
    }
    for (reason, rules) in by_reason {
        let _ = writeln!(out, "Not looked for: {} ({}).", rules.join(", "), clean(reason));
    }
    out.trim_end().to_owned()
}

/// Text that came from a database, without control characters: a name must not be able to rewrite the terminal.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => '␤',
            // bidirectional overrides could show a name as another
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '�',
            c => c,
        })
        .collect()
}
