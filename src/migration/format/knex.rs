//! Knex: `20260101120000_name.js` with `up`, `down` and `config`.

use super::{Format, calls, comment, leading_digits, numbered, readable, sorts_last};
use crate::engine::Product;
use crate::migration::{Change, File, Request};

/// The format. Where no file of a run opts out, Knex runs all of them in one transaction, in which VALIDATE would hold the
/// lock of `ADD … NOT VALID` while it reads the table. So each says `config = { transaction: false }` and begins its own:
/// <https://knexjs.org/guide/migrations.html#transactions-in-migrations>
pub static FORMAT: Format = Format {
    name: "knex",
    about: "Knex: NNNN_name.js; .ts or .mjs where the folder has those",
    render: |request: &Request<'_>| {
        let product = request.plan.engine.product;
        let has = |end: &str| request.folder.names().any(|n| n.ends_with(end) && leading_digits(n).is_some());
        let module = ["ts", "mjs"].into_iter().find(|end| has(&format!(".{end}"))).unwrap_or("js");
        readable(request, "Knex", |sql| sql.contains("\\?"))?;
        let files = numbered(
            request,
            |name| leading_digits(stem(name)?),
            |change, number| {
                vec![File::new(format!("{number}_{}.{module}", change.name), migration(product, change, module))]
            },
        )?;
        sorts_last(request.folder.names(), &files)?;
        Ok(files)
    },
};

/// The name of a migration without its ending.
fn stem(name: &str) -> Option<&str> {
    name.rsplit_once('.').filter(|(_, end)| matches!(*end, "js" | "cjs" | "mjs" | "ts")).map(|(stem, _)| stem)
}

fn migration(product: Product, change: &Change, module: &str) -> String {
    let alone = product != Product::PostgreSql || !change.is_transactional();
    let sql = if module == "ts" { "sql: string" } else { "sql" };
    let body = |way: &[String]| {
        let (calls, resets) = calls(product, change, way, alone);
        let all = |indent: &str, run: &str| -> String {
            calls.iter().map(|sql| format!("{indent}await {run}({});\n", literal(sql))).collect()
        };
        if resets.is_empty() && (alone || way.is_empty()) {
            all("  ", "knex.raw")
        } else if alone {
            format!(
                "  // one connection for all: another of the pool would not have the settings\n  \
                 const connection = await knex.client.acquireConnection();\n  \
                 const run = ({sql}) => knex.raw(sql).connection(connection);\n  \
                 try {{\n{}  }} finally {{\n    \
                 await run({}).finally(() => knex.client.releaseConnection(connection));\n  }}\n",
                all("    ", "run"),
                literal(&resets.join("; "))
            )
        } else {
            format!("  await knex.transaction(async (trx) => {{\n{}  }});\n", all("    ", "trx.raw"))
        }
    };
    let (knex, export) = match module {
        "ts" => ("knex: import(\"knex\").Knex): Promise<void", "export async function "),
        "mjs" => ("knex", "export async function "),
        _ => ("knex", "exports."),
    };
    let function = |name: &str, body: String| match module {
        "js" => format!("{export}{name} = async function ({knex}) {{\n{body}}};\n"),
        "ts" => format!("{export}{name}({knex}> {{\n{body}}}\n"),
        _ => format!("{export}{name}({knex}) {{\n{body}}}\n"),
    };
    let config = if module == "js" { "exports.config" } else { "export const config" };
    format!(
        "{}\n{}\n{}\n{config} = {{ transaction: false }};\n",
        comment(change, "//"),
        function("up", body(std::slice::from_ref(&change.up.sql))),
        function("down", body(change.down())),
    )
}

/// A JavaScript string for `knex.raw`, to which a bare `?` stands for a value. It takes every backslash in front of one
/// away: what has `\?` cannot be said.
fn literal(text: &str) -> String {
    // a string is always JSON, and JSON is JavaScript
    serde_json::Value::from(text.replace('?', "\\?")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_are_no_values() {
        assert_eq!(literal("SELECT 'a' ? \"b\" `${c}`\n"), r#""SELECT 'a' \\? \"b\" `${c}`\n""#);
    }
}
