//! The formats: one file for each migration tool.

mod sql;
mod squawk;

use anyhow::Result;

use super::{Change, File, Numbering, Request};
use crate::engine::Product;

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
pub static FORMATS: &[&Format] = &[&sql::FORMAT];

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
    let versions = request.folder.names().filter_map(|name| Some((version_of(name)?, name)));
    let mut numbering = Numbering::after(versions)?;
    Ok(request.changes().flat_map(|(_, change)| render(change, &numbering.next_version())).collect())
}

/// The digits in front of `_` in a file's name.
pub(super) fn leading_digits(name: &str) -> Option<&str> {
    let (version, _) = name.split_once('_')?;
    (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())).then_some(version)
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
    let transactional = statements.iter().all(|s| crate::engine::is_transactional(s));
    let lines = |line: fn(&str) -> String| statements.iter().map(|s| line(s) + "\n").collect::<String>();
    match product {
        Product::CockroachDb | Product::Unknown => lines(str::to_owned),
        _ if transactional => {
            format!("BEGIN;\n{}{}COMMIT;\n", timeouts("SET LOCAL"), lines(squawk::annotate))
        }
        _ => format!("{}{}", timeouts("SET"), lines(squawk::annotate)),
    }
}

/// The limits, as statements. A scan or a build takes as long as it takes; it is the lock that must not be waited for.
pub(super) fn timeouts(set: &str) -> String {
    format!("{set} lock_timeout = '{LOCK_TIMEOUT}';\n{set} statement_timeout = 0;\n")
}
