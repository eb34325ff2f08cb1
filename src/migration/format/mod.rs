//! The formats: one file for each migration tool.

mod alembic;
mod atlas;
mod dbmate;
mod django;
mod flyway;
mod golang_migrate;
mod goose;
mod knex;
mod liquibase;
mod prisma;
mod python;
mod rails;
mod refinery;
mod sql;
mod sqlx;
mod squawk;

use anyhow::{Result, bail};

use super::{Change, File, Grade, Numbering, Request};
use crate::engine::{Product, Statement, Work, is_transactional};

/// How the files of a migration tool are written.
pub struct Format {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is for, in a line.
    pub about: &'static str,
    /// Writes the files for what is asked.
    pub render: fn(&Request<'_>) -> Result<Vec<File>>,
}

/// All formats, in the order in which they are listed.
pub static FORMATS: &[&Format] = &[
    &sql::FORMAT,
    &golang_migrate::FORMAT,
    &flyway::FORMAT,
    &liquibase::FORMAT,
    &dbmate::FORMAT,
    &goose::FORMAT,
    &sqlx::FORMAT,
    &refinery::FORMAT,
    &atlas::FORMAT,
    &alembic::FORMAT,
    &django::FORMAT,
    &rails::FORMAT,
    &knex::FORMAT,
    &prisma::FORMAT,
];

/// The format of that name.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|f| f.name == name)
}

/// Renders every change with the version of its file: the folder's numbering goes on. `version_of` finds the version in
/// the name of a file that the tool would run.
pub(super) fn numbered(
    request: &Request<'_>,
    version_of: impl Fn(&str) -> Option<&str>,
    mut render: impl FnMut(&Change, &str) -> Vec<File>,
) -> Result<Vec<File>> {
    let mut numbering = numbering(request, version_of)?;
    Ok(request.changes().flat_map(|(_, change)| render(change, &numbering.next_version())).collect())
}

/// The same for a tool that sends a file as one command.
pub(super) fn numbered_commands(
    request: &Request<'_>,
    version_of: impl Fn(&str) -> Option<&str>,
    mut render: impl FnMut(&Change, &str) -> Vec<File>,
) -> Result<Vec<File>> {
    let product = request.plan.engine.product;
    let mut numbering = numbering(request, version_of)?;
    let changes = request.changes().flat_map(|(_, change)| as_commands(product, change));
    Ok(changes.flat_map(|change| render(&change, &numbering.next_version())).collect())
}

fn numbering(request: &Request<'_>, version_of: impl Fn(&str) -> Option<&str>) -> Result<Numbering> {
    Numbering::after(request.folder.names().filter_map(|name| Some((version_of(name)?, name))))
}

/// Tools that go through a folder in the order of its names, as text, would run `10_b.sql` before `9_a.sql`. `there` are
/// the names of a folder in that order.
pub(super) fn sorts_last<'a>(
    there: impl Iterator<Item = &'a str>,
    new: impl IntoIterator<Item = &'a File>,
) -> Result<()> {
    // what is run may be a file or a folder of some
    let new = new.into_iter().filter_map(|f| f.path.iter().next()?.to_str());
    let names: Vec<&str> = there.chain(new).filter(|name| leading_digits(name).is_some()).collect();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] > pair[1]) {
        bail!(
            "the numbering of the folder is broken: {} follows {}, but comes before it in the order of names, which is the \
             order in which they are run; give the versions of the folder more digits",
            pair[1],
            pair[0]
        );
    }
    Ok(())
}

/// The digits in front of `_` in a file's name.
pub(super) fn leading_digits(name: &str) -> Option<&str> {
    let (version, _) = name.split_once('_')?;
    (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())).then_some(version)
}

/// Refuses what a tool would not send as it is: a name may hold what the tool takes for an order of its own.
pub(super) fn readable(request: &Request<'_>, tool: &str, is_misread: impl Fn(&str) -> bool) -> Result<()> {
    let statements = request.changes().flat_map(|(_, c)| std::iter::once(&c.up.sql).chain(c.down()));
    match statements.into_iter().find(|sql| is_misread(sql)) {
        None => Ok(()),
        Some(sql) => bail!(
            "{tool} does not read this as one statement and no more, for what its names hold: take another --format, or \
             choose other findings with --finding:\n{sql}"
        ),
    }
}

/// The comment of a change as lines that start with `sign`.
pub(super) fn comment(change: &Change, sign: &str) -> String {
    change.comment.iter().map(|l| if l.is_empty() { format!("{sign}\n") } else { format!("{sign} {l}\n") }).collect()
}

/// How long a statement waits for a lock before it gives up, so that nobody queues behind it for longer.
pub(super) const LOCK_TIMEOUT: &str = "5s";

/// Statements as a tool sends them one by one: within a transaction of their own on PostgreSQL, with a limit on the wait
/// for locks; CockroachDB changes one thing a statement, without either.
pub(super) fn script(product: Product, statements: &[String]) -> String {
    match product {
        Product::CockroachDb | Product::Unknown => lines(statements),
        _ if in_transaction(product, statements) => {
            format!("BEGIN;\n{}{}COMMIT;\n", timeouts("SET LOCAL"), annotated(statements, &[]))
        }
        _ => patience() + &annotated(statements, &[]),
    }
}

/// One way of a change for a tool whose files hold code: its statements one by one, after their limits, which are for the
/// transaction, or for the session if they are `alone`; and what then gives the session back as it was.
pub(super) fn calls(product: Product, change: &Change, way: &[String], alone: bool) -> (Vec<String>, Vec<String>) {
    let mut calls = match (change.is_transactional(), alone) {
        _ if way.is_empty() => Vec::new(),
        (false, _) => python::patient(product),
        (true, true) => python::limits(product, "SET"),
        (true, false) => python::limits(product, "SET LOCAL"),
    };
    calls.extend(way.iter().flat_map(|sql| python::each(sql)).map(str::to_owned));
    let names = calls.iter().filter_map(|sql| python::setting(sql)).filter(|_| alone);
    let resets = names.map(|name| format!("RESET {name}")).collect();
    (calls, resets)
}

/// Whether statements belong into one transaction. CockroachDB changes the schema of a transaction only after COMMIT,
/// when what fails is recorded as done already: there, and where it may be there, nothing does.
pub(super) fn in_transaction(product: Product, statements: &[String]) -> bool {
    let has_transactions = !matches!(product, Product::CockroachDb | Product::Unknown);
    has_transactions && statements.iter().all(|s| is_transactional(s))
}

/// Statements as a tool runs them that begins and ends the transactions itself, and sends a file's statements one by one.
pub(super) fn steps(product: Product, statements: &[String]) -> String {
    match product {
        Product::CockroachDb | Product::Unknown => lines(statements),
        _ if in_transaction(product, statements) => timeouts("SET LOCAL") + &annotated(statements, &[]),
        _ => one_by_one(statements),
    }
}

/// Statements without a transaction around them, each with its own limits for what is left of the session.
pub(super) fn one_by_one(statements: &[String]) -> String {
    let one = |sql: &String| match is_transactional(sql) {
        true if sql.contains(" ADD CONSTRAINT ") => timeouts("SET") + &squawk::annotate(sql, &squawk::LAST) + "\n",
        true => timeouts("SET") + &squawk::annotate(sql, &[]) + "\n",
        false => patience() + &squawk::annotate(sql, &[]) + "\n",
    };
    statements.iter().map(one).collect()
}

/// Statements as a tool runs them that begins and ends the transactions itself, and sends a file as one command: without
/// a transaction the command may be nothing but the statement, and a comment, whose lines begin with `sign`, says so.
pub(super) fn command(product: Product, statements: &[String], sign: &str) -> String {
    match product {
        Product::CockroachDb | Product::Unknown => without_settings(statements),
        _ if in_transaction(product, statements) => timeouts("SET LOCAL") + &annotated(statements, &[]),
        _ => unlimited(sign) + &alone(statements),
    }
}

/// Where the limits on locks are, for a statement that must be alone in its command.
pub(super) fn unlimited(sign: &str) -> String {
    format!(
        "{sign} It must be alone in its command. It waits for those who write, and nobody waits for it: a lock_timeout or\n\
         {sign} statement_timeout in the URL of the database would only make it fail\n"
    )
}

/// Statements of which each is all that a command may be.
pub(super) fn alone(statements: &[String]) -> String {
    annotated(statements, &squawk::ALONE)
}

/// Statements with what squawk is to know of them, and of their place.
fn annotated(statements: &[String], place: &[(&'static str, &'static str)]) -> String {
    statements.iter().map(|sql| squawk::annotate(sql, place) + "\n").collect()
}

/// Statements for CockroachDB where a file is one command: that is a transaction, in which a statement that needs a
/// setting before it (`ALTER COLUMN … TYPE` before 25.1) is refused.
pub(super) fn without_settings(statements: &[String]) -> String {
    let one = |sql: &str| match python::setting(sql) {
        Some(_) => sql
            .lines()
            .map(|line| match line.strip_prefix("SET ") {
                Some(set) => format!("-- first, in the URL of the database or by ALTER ROLE … SET: {set}\n"),
                None => format!("{line}\n"),
            })
            .collect(),
        None => format!("{sql};\n"),
    };
    statements.iter().flat_map(|sql| python::each(sql)).map(one).collect()
}

/// Changes for a tool that sends a file as one command. A way back of several statements that may not run in one
/// transaction is spread over files, whose way up is nothing.
pub(super) fn as_commands(product: Product, change: &Change) -> Vec<Change> {
    let undo = change.down();
    if undo.len() < 2 || in_transaction(product, undo) {
        return vec![change.clone()];
    }
    let alone = |sql: &String, number: usize| Change {
        name: format!("{}_back_{number}", change.name),
        step: change.step,
        up: Statement::new(Work::Verify, NOTHING.to_owned()).undo(sql.clone()),
        grade: Grade::Safe,
        back: change.back.clone(),
        comment: vec![
            format!("The way back from {} takes commands that must go alone. This does nothing but hold", change.name),
            format!("number {number} of {} of them", undo.len()),
        ],
    };
    // what is taken back last belongs to the change itself: the way back goes through the files from the end
    let (last, before) = (&undo[undo.len() - 1], &undo[..undo.len() - 1]);
    let mut change = change.clone();
    let mut out: Vec<Change> = before.iter().enumerate().map(|(i, sql)| alone(sql, i + 1)).rev().collect();
    change.up.undo = vec![last.clone()];
    out.insert(0, change);
    out
}

/// The statements of the way back, or one that does nothing.
pub(super) fn way_back(change: &Change) -> Vec<String> {
    match change.down() {
        [] => vec![NOTHING.to_owned()],
        undo => undo.to_vec(),
    }
}

/// Says where a way back leads from.
pub(super) fn back_from(change: &Change, sign: &str) -> String {
    match change.down() {
        [] => format!("{sign} The way back from {}: there is nothing to take back\n", change.name),
        _ => {
            let advice: String = change.back.iter().map(|l| format!("{sign} {l}\n")).collect();
            format!("{sign} The way back from {}\n{advice}", change.name)
        }
    }
}

/// The way back as a comment, for a tool that keeps none.
pub(super) fn commented_way_back(change: &Change, sign: &str) -> String {
    let lines = change.down().iter().flat_map(|s| s.lines());
    // PostgreSQL ends a comment there
    let undo: String = lines.map(|line| format!("{sign}   {}\n", line.replace('\r', " "))).collect();
    if undo.is_empty() { undo } else { format!("{sign} The way back, by hand:\n{undo}") }
}

const NOTHING: &str = "SELECT 1;";

fn lines(statements: &[String]) -> String {
    statements.iter().map(|s| format!("{s}\n")).collect()
}

/// What is built beside the writers waits for those that were there before, and nobody queues behind it: a limit would
/// only make it fail.
pub(super) fn patience() -> String {
    "SET lock_timeout = 0;\nSET statement_timeout = 0;\n".to_owned()
}

/// The limits, as statements. A scan or a build takes as long as it takes; it is the lock that must not be waited for.
pub(super) fn timeouts(set: &str) -> String {
    format!("{set} lock_timeout = '{LOCK_TIMEOUT}';\n{set} statement_timeout = 0;\n")
}
