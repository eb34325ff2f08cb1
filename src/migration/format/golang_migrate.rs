//! golang-migrate: `0001_name.up.sql` and `0001_name.down.sql`.
//!
//! MIGRATIONS.md: a version is an unsigned 64-bit integer, and files are named `{version}_{title}.up.{extension}`. The
//! PostgreSQL driver (database/postgres, v4.20) sends a whole file as one command unless the URL says `x-multi-statement`,
//! and begins no transaction: of several statements PostgreSQL makes one by itself, so that what may not run in one stands
//! alone. There is no marker; `BEGIN` and `COMMIT` are written out, as its tutorial does.

use super::{
    Format, alone, back_from, comment, in_transaction, leading_digits, numbered_commands, script, unlimited, way_back,
    without_settings,
};
use crate::engine::Product;
use crate::migration::File;

/// The format.
pub static FORMAT: Format = Format {
    name: "golang-migrate",
    about: "golang-migrate: NNNN_name.up.sql and .down.sql",
    render: |request| {
        let product = request.plan.engine.product;
        numbered_commands(
            request,
            |name| leading_digits(name.strip_suffix(".up.sql")?),
            |change, version| {
                let file = |way: &str, text: String| File::new(format!("{version}_{}.{way}.sql", change.name), text);
                let up = one_command(product, std::slice::from_ref(&change.up.sql));
                let down = one_command(product, &way_back(change));
                vec![
                    file("up", format!("{}\n{up}", comment(change, "--"))),
                    file("down", back_from(change, "--") + &down),
                ]
            },
        )
    },
};

fn one_command(product: Product, statements: &[String]) -> String {
    if matches!(product, Product::CockroachDb | Product::Unknown) {
        return without_settings(statements);
    }
    if in_transaction(product, statements) {
        return script(product, statements);
    }
    unlimited("--") + &alone(statements)
}
