//! The SQL that adds a guard, by engine.

use super::{Engine, Product, cockroach, postgres};
use crate::catalog::Table;
use crate::guard::{Guard, fit};

/// An identifier as SQL text: quoted where any of the engines needs it.
pub fn quote_ident(name: &str) -> String {
    // CockroachDB reserves two words more than PostgreSQL, and folds letters beyond ASCII
    if !name.is_ascii() || matches!(name, "index" | "nothing") {
        return squawk_syntax::quote::quote_ident_always(name);
    }
    squawk_syntax::quote::quote_quoted_ident(name)
}

/// A table's name as SQL text, with its schema.
pub fn quote_table(table: &Table) -> String {
    format!("{}.{}", quote_ident(&table.schema), quote_ident(&table.name))
}

/// A list of identifiers as SQL text.
pub fn quote_list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| quote_ident(n.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The statements that add `guard` to `table` on a busy server of this kind, to be run one by one, each in a
/// transaction of its own. For an unknown engine: statements that all of them understand.
pub fn add_guard(engine: &Engine, table: &Table, guard: &Guard, name: &str) -> Vec<String> {
    match engine.product {
        Product::CockroachDb => cockroach::add_guard(engine, table, guard, name),
        Product::PostgreSql | Product::YugabyteDb | Product::Unknown => postgres::add_guard(engine, table, guard, name),
    }
}

/// What both engines add alike.
pub(super) fn common(table: &Table, guard: &Guard, name: &str) -> Vec<String> {
    let (t, n) = (quote_table(table), quote_ident(name));
    let validate = |c: &str| format!("ALTER TABLE {t} VALIDATE CONSTRAINT {c};");
    match guard {
        Guard::Check { condition } => {
            vec![format!("ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({condition}) NOT VALID;"), validate(&n)]
        }
        Guard::ForeignKey { columns, schema, table, referenced } => {
            let target = format!("{}.{}", quote_ident(schema), quote_ident(table));
            vec![
                format!(
                    "ALTER TABLE {t} ADD CONSTRAINT {n} FOREIGN KEY ({}) REFERENCES {target} ({}) NOT VALID;",
                    quote_list(columns),
                    quote_list(referenced)
                ),
                validate(&n),
            ]
        }
        Guard::Validate { constraint, .. } => vec![validate(&quote_ident(constraint))],
        Guard::NotNull { column } => {
            vec![format!("ALTER TABLE {t} ALTER COLUMN {} SET NOT NULL;", quote_ident(column))]
        }
        Guard::Retype { column, data_type, checks } => {
            let dropped = checks.iter().map(|(c, _)| format!("ALTER TABLE {t} DROP CONSTRAINT {};", quote_ident(c)));
            let mut out: Vec<String> = dropped.collect();
            out.push(format!("ALTER TABLE {t} ALTER COLUMN {} TYPE {data_type};", quote_ident(column)));
            for (c, condition) in checks {
                let c = quote_ident(c);
                out.push(format!("ALTER TABLE {t} ADD CONSTRAINT {c} CHECK ({condition}) NOT VALID;"));
                out.push(validate(&c));
            }
            out
        }
        Guard::Unique { .. } | Guard::Rekey { .. } | Guard::PrimaryKey { .. } => Vec::new(),
    }
}

/// A name for a new key column that no column of the table has.
pub(super) fn surrogate(table: &Table) -> String {
    let own = fit(&table.name, "_id");
    let numbered = (1..).map(|i| format!("row_id_{i}"));
    let mut names = ["id".to_owned(), own, "row_id".to_owned()].into_iter().chain(numbered);
    // CockroachDB's hidden columns are not in the catalog; none of them is called so
    names.find(|n| table.column(n).is_none()).unwrap_or_default()
}

/// The statements that let none of the columns be NULL, for those that may.
pub(super) fn require(table: &Table, columns: &[String]) -> Vec<String> {
    let nullable = columns.iter().filter(|c| table.column(c).is_some_and(|c| c.nullable));
    nullable
        .map(|c| format!("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL;", quote_table(table), quote_ident(c)))
        .collect()
}

/// A partial unique key, its parts as SQL text.
pub(super) struct PartialKey {
    pub name: String,
    pub columns: String,
    pub predicate: String,
}

/// Partial keys that together keep NULLs apart where the engine has no NULLS NOT DISTINCT: one for each choice of the
/// NULLable columns that are NULL. The first has the guard's own name.
pub(super) fn null_closing_keys(table: &Table, columns: &[&str], name: &str) -> Vec<PartialKey> {
    let nullable: Vec<&str> = columns.iter().copied().filter(|c| table.column(c).is_some_and(|c| c.nullable)).collect();
    let mut out = Vec::new();
    for choice in 1..(1u32 << nullable.len().min(3)) {
        let chosen = nullable.iter().enumerate().filter(|(i, _)| choice & (1 << i) != 0);
        let null: Vec<&str> = chosen.map(|(_, c)| *c).collect();
        let rest: Vec<&str> = columns.iter().copied().filter(|c| !null.contains(c)).collect();
        if rest.is_empty() {
            continue;
        }
        let name = match out.len() {
            0 => name.to_owned(),
            _ => fit(&format!("{}_{}_when_no_{}", table.name, rest.join("_"), null.join("_")), "_key"),
        };
        let predicate: Vec<String> = null.iter().map(|c| format!("{} IS NULL", quote_ident(c))).collect();
        let (name, columns) = (quote_ident(&name), quote_list(&rest));
        out.push(PartialKey { name, columns, predicate: predicate.join(" AND ") });
    }
    out
}
