//! Liquibase, formatted SQL: `0001_name.sql`, to be run with `includeAll` in the order of names.
//!
//! docs.liquibase.com, *Example Changelogs: SQL Format* (4.x): the first line is `--liquibase formatted sql`, a changeset
//! is `--changeset author:id attribute:value`. The best practices ask for one change a changeset and for changelogs in
//! files of their own. `runInTransaction:false` is for both ways. With `splitStatements:false` a changeset is sent as one
//! command, as the statements here need that have a `;` within; without a transaction that command is one statement.

use super::{
    Format, LOCK_TIMEOUT, alone, command, comment, in_transaction, leading_digits, numbered, readable, sorts_last,
};
use crate::migration::File;

/// The format.
pub static FORMAT: Format = Format {
    name: "liquibase",
    about: "Liquibase: formatted SQL, NNNN_name.sql",
    render: |request| {
        let product = request.plan.engine.product;
        let limits = format!(
            "-- | Without a transaction a changeset may be nothing but one statement: limit its wait for locks in the URL\n\
             -- | of the database, with options=-c%20lock_timeout%3D{LOCK_TIMEOUT}\n"
        );
        readable(request, "Liquibase", is_misread)?;
        let mut pending = request.changes();
        let files = numbered(request, leading_digits, |change, version| {
            let fingerprint = pending.next().map_or("", |(m, _)| m.finding.fingerprint.as_str());
            let both: Vec<String> = std::iter::once(&change.up.sql).chain(change.down()).cloned().collect();
            let transactional = in_transaction(product, &both);
            let attribute = if transactional { "" } else { " runInTransaction:false" };
            let up = std::slice::from_ref(&change.up.sql);
            // an ALTER TABLE may go without a transaction as well
            let up = if !transactional && in_transaction(product, up) {
                format!("{limits}{}", alone(up))
            } else {
                command(product, up, "-- |")
            };
            let rollback: String = match change.down() {
                [] => "--rollback not required\n".to_owned(),
                undo => undo.iter().flat_map(|s| s.lines()).map(|line| format!("--rollback {line}\n")).collect(),
            };
            // a comment's line must not start with a word that means something here, such as the name of a table
            // `changeset`: hence the bar
            let text = format!(
                "--liquibase formatted sql\n\n--changeset dbaudit:{fingerprint}-{}{attribute} splitStatements:false\n\
                 --comment: {}\n{}\n{up}{rollback}",
                change.step,
                change.name.replace('_', " "),
                comment(change, "-- |"),
            );
            vec![File::new(format!("{version}_{}.sql", change.name), text)]
        })?;
        sorts_last(request.folder.names(), &files)?;
        Ok(files)
    },
};

/// Liquibase reads line by line (AbstractFormattedChangeLogParser): what starts with `--` and one of these words is an
/// order, and `\r` an end; a `--rollback` with another of Unicode's line ends in it is none. `${name}` may be a parameter,
/// even in a name.
fn is_misread(sql: &str) -> bool {
    const ORDERS: [&str; 7] =
        ["changeset", "comment", "ignore", "precondition", "property", "rollback", "validchecksum"];
    let is_order = |line: &str| {
        let line = line.trim_start();
        let word = line.trim_start_matches(|c: char| c == '-' || c.is_whitespace()).to_lowercase();
        line.starts_with("/*") || line.starts_with('-') && ORDERS.iter().any(|order| word.starts_with(order))
    };
    sql.contains("${") || sql.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}']) || sql.lines().any(is_order)
}
