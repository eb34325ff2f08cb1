//! sqlx: `0001_name.up.sql` and `0001_name.down.sql`.
//!
//! `sqlx::migrate` (0.9; the marker since 0.8): a version is the 64-bit integer before the first `_`; each file is one
//! command in a transaction of its own, with the bookkeeping, unless its text starts with `-- no-transaction`.

use super::{Format, back_from, command, comment, in_transaction, leading_digits, numbered_commands, way_back};
use crate::migration::File;

/// The format.
pub static FORMAT: Format = Format {
    name: "sqlx",
    about: "sqlx: reversible migrations, NNNN_name.up.sql and .down.sql",
    render: |request| {
        let product = request.plan.engine.product;
        numbered_commands(
            request,
            // a folder may have migrations without a way back, too: 0001_name.sql
            |name| leading_digits(name.strip_suffix(".sql").filter(|n| !n.ends_with(".down"))?),
            |change, version| {
                let file = |way: &str, before: &str, statements: &[String]| {
                    let marker = if in_transaction(product, statements) { "" } else { "-- no-transaction\n" };
                    let text = format!("{marker}{before}{}", command(product, statements, "--"));
                    File::new(format!("{version}_{}.{way}.sql", change.name), text)
                };
                vec![
                    file("up", &format!("{}\n", comment(change, "--")), std::slice::from_ref(&change.up.sql)),
                    file("down", &back_from(change, "--"), &way_back(change)),
                ]
            },
        )
    },
};
