//! goose: `0001_name.sql` with both ways, `-- +goose Up` and `-- +goose Down`.
//!
//! pressly.github.io/goose, *SQL annotations* (v3): a file runs in a transaction unless it says `-- +goose NO
//! TRANSACTION`, which is for both ways. Statements end at a line that ends in `;` and are sent one by one; what has a
//! `;` within stands between `StatementBegin` and `StatementEnd`. An order is any line with `--` and `+goose`;
//! a line ends with `\n`, whatever was there (internal/sqlparser).

use super::{Format, back_from, comment, in_transaction, leading_digits, numbered, one_by_one, readable, steps};
use crate::engine::Product;
use crate::migration::File;

/// The format.
pub static FORMAT: Format = Format {
    name: "goose",
    about: "goose: NNNN_name.sql with +goose Up and +goose Down",
    render: |request| {
        let product = request.plan.engine.product;
        let ordered = |line: &str| line.trim_start().starts_with("--") && line.contains("+goose");
        readable(request, "goose", |sql| sql.lines().any(ordered) || sql.contains("\r\n"))?;
        numbered(
            request,
            |name| leading_digits(name.strip_suffix(".sql").or_else(|| name.strip_suffix(".go"))?),
            |change, version| {
                let both: Vec<String> = std::iter::once(&change.up.sql).chain(change.down()).cloned().collect();
                let transactional = in_transaction(product, &both);
                let marker = if transactional { "" } else { "-- +goose NO TRANSACTION\n" };
                let text = format!(
                    "{marker}{}\n-- +goose Up\n{}\n{}-- +goose Down\n{}",
                    comment(change, "--"),
                    annotated(product, std::slice::from_ref(&change.up.sql), transactional),
                    back_from(change, "--"),
                    annotated(product, change.down(), transactional)
                );
                vec![File::new(format!("{version}_{}.sql", change.name), text)]
            },
        )
    },
};

/// The statements of one way; the limits on their waits are for the transaction, or for what is left of the session.
fn annotated(product: Product, statements: &[String], transactional: bool) -> String {
    if statements.is_empty() {
        return String::new();
    }
    let whole = |s: &String| {
        // in what it takes for a comment it does not look for the end
        let hides_its_end = s.trim_end_matches(';').contains(';') || s.contains("--");
        if hides_its_end { format!("-- +goose StatementBegin\n{s}\n-- +goose StatementEnd") } else { s.clone() }
    };
    let statements: Vec<String> = statements.iter().map(whole).collect();
    if transactional || !in_transaction(product, &statements) {
        return steps(product, &statements);
    }
    // one way may run in a transaction and the other not: this one goes without, too
    one_by_one(&statements)
}
