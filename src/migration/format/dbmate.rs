//! dbmate: `0001_name.sql` with both ways, `-- migrate:up` and `-- migrate:down`.
//!
//! README, *Migration Options* (2.x): a block runs in a transaction unless its line says `transaction:false`. Each block
//! is sent as one command (`pkg/dbmate/db.go`), so that without a transaction a statement stands alone in it.

use super::{
    Format, back_from, command, comment, in_transaction, leading_digits, numbered_commands, readable, sorts_last,
    way_back,
};
use crate::migration::File;

/// The format.
pub static FORMAT: Format = Format {
    name: "dbmate",
    about: "dbmate: NNNN_name.sql with migrate:up and migrate:down",
    render: |request| {
        let product = request.plan.engine.product;
        // in a line of its own
        let ordered = |sql: &str| ["migrate:up", "migrate:down"].iter().any(|order| sql.contains(order));
        readable(request, "dbmate", |sql| sql.contains('\n') && ordered(sql))?;
        let files = numbered_commands(
            request,
            |name| leading_digits(name.strip_suffix(".sql")?),
            |change, version| {
                let block = |way: &str, statements: &[String]| {
                    let option = if in_transaction(product, statements) { "" } else { " transaction:false" };
                    format!("-- migrate:{way}{option}\n{}", command(product, statements, "--"))
                };
                let text = format!(
                    "{}\n{}\n{}{}",
                    comment(change, "--"),
                    block("up", std::slice::from_ref(&change.up.sql)),
                    back_from(change, "--"),
                    block("down", &way_back(change))
                );
                vec![File::new(format!("{version}_{}.sql", change.name), text)]
            },
        )?;
        sorts_last(request.folder.names(), &files)?;
        Ok(files)
    },
};
