//! Plain SQL in pairs: `0001_name.up.sql` and `0001_name.down.sql`, for `psql -f`, `cockroach sql -f` and one's own tools.

use super::{Format, back_from, comment, leading_digits, numbered, script, sorts_last, way_back};
use crate::migration::File;

/// The format.
pub static FORMAT: Format = Format {
    name: "sql",
    about: "plain SQL in pairs: NNNN_name.up.sql and .down.sql",
    render: |request| {
        let product = request.plan.engine.product;
        let files = numbered(
            request,
            |name| leading_digits(name.strip_suffix(".up.sql")?),
            |change, version| {
                let file = |way: &str, text: String| File::new(format!("{version}_{}.{way}.sql", change.name), text);
                let up = script(product, std::slice::from_ref(&change.up.sql));
                let mut files = vec![file("up", format!("{}\n{up}", comment(change, "--")))];
                files.push(file("down", back_from(change, "--") + &each(product, &way_back(change))));
                files
            },
        )?;
        // a shell's *.up.sql is in the order of names
        let is_up = |name: &str| name.ends_with(".up.sql");
        let up = files.iter().filter(|f| f.path.to_str().is_some_and(is_up));
        sorts_last(request.folder.names().filter(|n| is_up(n)), up)?;
        Ok(files)
    },
};

/// Statements of a way back, each on its own: some may run in a transaction and some may not.
fn each(product: crate::engine::Product, statements: &[String]) -> String {
    statements.iter().map(|s| script(product, std::slice::from_ref(s))).collect()
}
