//! What is to be done for each finding: what to look at before, the changes one by one, and the way back.

use std::collections::BTreeSet;
use std::fmt;

use crate::catalog::{Catalog, Table};
use crate::engine::{self, Engine, Statement, Work, is_transactional};
use crate::evidence::rows::Told;
use crate::guard::Guard;
use crate::rules::Finding;

use super::{cleaning, precheck};

/// How safe a change is to run as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Rows that are there cannot make it fail.
    Safe,
    /// It fails, and changes nothing, while rows are in its way.
    DataFirst,
    /// It locks writers out for long, or changes what the application may do: for a person to decide.
    Decision,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Grade::Safe => "safe",
            Grade::DataFirst => "needs its data cleaned first",
            Grade::Decision => "needs a human decision",
        })
    }
}

/// One change: a statement, and the way back from it. Each is a file or a transaction of its own.
#[derive(Debug, Clone)]
pub struct Change {
    /// A name for a file: lower-case letters, digits and `_`.
    pub name: String,
    /// Its number in the migration, from 1.
    pub step: usize,
    /// What is done.
    pub up: Statement,
    /// How safe that is.
    pub grade: Grade,
    /// What a reader should know, without comment signs: why, what to look at first, where it comes from.
    pub comment: Vec<String>,
    /// The same of the way back.
    pub back: Vec<String>,
}

impl Change {
    /// The statements of the way back.
    pub fn down(&self) -> &[String] {
        &self.up.undo
    }

    /// Whether both ways may run in a transaction.
    pub fn is_transactional(&self) -> bool {
        self.up.is_transactional() && self.up.undo.iter().all(|s| is_transactional(s))
    }
}

/// What closes one finding.
#[derive(Debug)]
pub struct Migration {
    /// The finding.
    pub finding: Finding,
    /// The table, as it was when the plan was made.
    pub table: Table,
    /// The query that shows the rows in the way, where rows can be.
    pub precheck: Option<precheck::Precheck>,
    /// How the rows in the way could be cleaned: proposals, never run.
    pub cleaning: Vec<String>,
    /// The changes in order.
    pub changes: Vec<Change>,
}

/// All that is to be done.
#[derive(Debug)]
pub struct Plan {
    /// The server that the statements are for.
    pub engine: Engine,
    /// One migration for each finding, in the order of findings.
    pub migrations: Vec<Migration>,
}

impl Plan {
    /// The plan for findings of a catalog.
    pub fn new(catalog: &Catalog, findings: Vec<Finding>) -> Plan {
        let migrations = findings.into_iter().filter_map(|f| {
            let table = catalog.table(&f.schema, &f.table)?.clone();
            Some(migration(catalog, table, f))
        });
        let mut migrations: Vec<Migration> = migrations.collect();
        // names that differ in signs alone are the same in a file's name, and some tools want each once
        let mut taken = BTreeSet::new();
        for m in &mut migrations {
            for change in &mut m.changes {
                if !taken.insert(change.name.clone()) {
                    change.name = format!("{}_{}", change.name, m.finding.fingerprint);
                }
            }
        }
        Plan { engine: catalog.engine, migrations }
    }
}

fn migration(catalog: &Catalog, table: Table, finding: Finding) -> Migration {
    let precheck = precheck::of(catalog, &table, &finding.guard);
    let cleaning = if precheck.is_some() { cleaning::of(catalog, &table, &finding.guard) } else { Vec::new() };
    let mut m = Migration { finding, table, precheck, cleaning, changes: Vec::new() };
    let steps: Vec<Statement> = m.finding.steps.clone();
    let of = steps.len();
    let changes = steps.into_iter().zip(1..).map(|(up, step)| {
        let grade = grade(&m, &up);
        let comment = comment(catalog.engine, &m, &up, grade, (step, of));
        let undo = up.undo.iter();
        let back =
            undo.flat_map(|sql| engine::advice_back(&catalog.engine, &m.table, sql)).map(|l| one_line(&l)).collect();
        Change { name: name(&m.finding, &up, step), step, up, grade, comment, back }
    });
    m.changes = changes.collect();
    m
}

/// A change for a tool that runs everything in a transaction: an index is built while writers wait, unless it was built
/// by hand before.
pub(super) fn in_a_transaction(engine: Engine, m: &Migration, change: &Change) -> Change {
    if engine.is_cockroach() {
        let comment = change.comment.iter().cloned().chain(engine::advice_in_transaction(&engine)).collect();
        return Change { comment, ..change.clone() };
    }
    if change.up.is_transactional() {
        return change.clone();
    }
    let sql = change.up.sql.replacen(" CONCURRENTLY", "", 1);
    let then = if sql.contains("IF NOT EXISTS") { "this then finds it there" } else { "then leave this out" };
    let up = Statement { sql, work: Work::Rewrite, ..change.up.clone() };
    let mut comment = comment(engine, m, &up, Grade::Decision, (change.step, m.changes.len()));
    comment.extend([
        "This tool runs everything in a transaction, where writers wait while an index is built. To spare them, build it".to_owned(),
        format!("by hand before; {then}:"),
        format!("  {}", one_line(&change.up.sql)),
    ]);
    Change { up, grade: Grade::Decision, comment, ..change.clone() }
}

fn grade(m: &Migration, up: &Statement) -> Grade {
    let decides = matches!(m.finding.guard, Guard::Rekey { .. } | Guard::PrimaryKey { .. } | Guard::Retype { .. });
    let fails = m.precheck.is_some() && matches!(up.work, Work::Build | Work::Scan | Work::Rewrite);
    let clean = m.finding.rows.as_ref().is_some_and(Told::is_clean);
    let broken = m.finding.rows.as_ref().and_then(Told::answer).is_some_and(|a| a.violations > 0);
    match up.work {
        _ if broken && up.is_unvalidated_check() => Grade::DataFirst,
        Work::Rewrite if m.finding.guard.kind() != "not_null" => Grade::Decision,
        _ if decides && (up.work != Work::Verify || m.finding.steps.len() == 1) => Grade::Decision,
        _ if fails && !clean => Grade::DataFirst,
        _ => Grade::Safe,
    }
}

/// The file's name: what is done, to which guard.
fn name(finding: &Finding, up: &Statement, step: usize) -> String {
    let verb = match up.work {
        _ if step == 1 => "add",
        Work::Scan => "validate",
        Work::Verify => "verify",
        Work::Catalog if up.sql.contains(" USING INDEX ") => "attach",
        Work::Catalog if up.sql.contains(" DROP ") || up.sql.starts_with("DROP ") => "drop_old",
        _ => "finish",
    };
    // several steps may do the like: their number tells them apart
    let repeated = finding.steps.iter().filter(|s| s.work == up.work).count() > 1 && step > 1;
    let number = if repeated { format!("_{step}") } else { String::new() };
    let slug = slug(&finding.guard_name).unwrap_or_else(|| finding.fingerprint.clone());
    format!("{verb}_{slug}{number}")
}

/// Letters, digits and single `_`; nothing if no letter or digit is left.
pub fn slug(name: &str) -> Option<String> {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    let words: String = plain.collect();
    let joined = words.split_whitespace().collect::<Vec<_>>().join("_");
    (!joined.is_empty()).then_some(joined)
}

fn comment(engine: Engine, m: &Migration, up: &Statement, grade: Grade, (step, of): (usize, usize)) -> Vec<String> {
    let f = &m.finding;
    let mut out = vec![
        one_line(&f.message),
        format!("dbaudit: rule {}, finding {}, step {step} of {of}", f.rule, f.fingerprint),
        format!("For {}, made for {} in the state {}", engine, one_line(&m.table.label()), m.table.state()),
        format!("Costs: {}. Grade: {grade}", up.work.cost()),
    ];
    let before = step.checked_sub(2).and_then(|i| f.steps.get(i));
    out.extend(engine::advice(&engine, &m.table, up, before, &f.guard_name).iter().map(|l| one_line(l)));
    if up.is_unvalidated_check() {
        out.push("From then on no row that breaks it can be updated, whatever the update changes".to_owned());
    }
    if step == 1
        && let Some(check) = &m.precheck
    {
        out.push(String::new());
        out.push(format!("First look: {} None may be left.", check.shows));
        out.extend(check.look.lines().map(|l| format!("  {}", one_line(l))));
        if let Some(rows) = &f.rows {
            out.extend(rows.lines().iter().map(|l| one_line(l)));
        }
        if !m.cleaning.is_empty() && !f.rows.as_ref().is_some_and(Told::is_clean) {
            out.push(
                "If there are any, one of these may be right; it is for you to decide, and nothing runs it:".to_owned(),
            );
            out.extend(m.cleaning.iter().map(|l| format!("  {}", one_line(l))));
        }
    }
    if up.undo.is_empty() {
        out.push("There is nothing to take back".to_owned());
    }
    out
}

/// Text from a database in a comment: a line break in a name must not end it, nor a name give an order.
pub(super) fn one_line(text: &str) -> String {
    // JavaScript ends a line at U+2028 and U+2029, too
    let ends = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let line = text.chars().map(|c| if ends(c) { ' ' } else { c }).collect();
    ORDERS.iter().fold(line, |line: String, (order, harmless)| line.replace(order, harmless))
}

/// What dbmate, goose, Atlas, sqlx, squawk and dbaudit itself obey in a comment, and what none of them does.
const ORDERS: [(&str, &str); 6] = [
    ("migrate:", "migrate :"),
    ("+goose", "+ goose"),
    ("atlas:", "atlas :"),
    ("no-transaction", "no - transaction"),
    ("squawk-ignore", "squawk - ignore"),
    ("dbaudit: rule", "dbaudit : rule"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        assert_eq!(slug("Weird \"Näme\"__x\n").as_deref(), Some("weird_n_me_x"));
        assert_eq!(slug("ÄÖ"), None);
    }

    #[test]
    fn comments_end_and_order_nothing() {
        assert_eq!(one_line("a\r\nb\u{85}c\u{2028}d\u{2029}e"), "a  b c d e");
        assert_eq!(one_line("migrate:down +goose Down 'x'::text"), "migrate :down + goose Down 'x'::text");
    }
}
