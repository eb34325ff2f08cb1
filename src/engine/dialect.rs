//! The SQL that adds a guard, by engine.

use super::{Engine, Product, Statement, Work, cockroach, postgres};
use crate::catalog::{Expression, Table};
use crate::guard::{Guard, fit, key_text};

/// An identifier as SQL text: quoted where any of the engines needs it.
pub fn quote_ident(name: &str) -> String {
    // CockroachDB reserves two words more than PostgreSQL, and folds letters beyond ASCII
    if !name.is_ascii() || matches!(name, "index" | "nothing") {
        return squawk_syntax::quote::quote_ident_always(name);
    }
    squawk_syntax::quote::quote_quoted_ident(name)
}

/// A name in a comment, which a line break in it must not end.
pub(super) fn in_comment(name: &str) -> String {
    quote_ident(&one_line(name))
}

/// Text of which no name ends the line.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
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
pub fn add_guard(engine: &Engine, table: &Table, guard: &Guard, name: &str) -> Vec<Statement> {
    match engine.product {
        Product::CockroachDb => cockroach::add_guard(engine, table, guard, name),
        Product::PostgreSql | Product::YugabyteDb | Product::Unknown => postgres::add_guard(engine, table, guard, name),
    }
}

/// What whoever runs the statement on this server should know of it, line by line; `before` is the one before it, `name`
/// the guard's.
pub fn advice(
    engine: &Engine,
    table: &Table,
    statement: &Statement,
    before: Option<&Statement>,
    name: &str,
) -> Vec<String> {
    match engine.product {
        Product::CockroachDb => cockroach::advice(engine, table, statement),
        Product::PostgreSql | Product::YugabyteDb => postgres::advice(table, statement, before, name),
        Product::Unknown => Vec::new(),
    }
}

/// What whoever takes a change back should know of a statement of the way, line by line.
pub fn advice_back(engine: &Engine, table: &Table, sql: &str) -> Vec<String> {
    match engine.product {
        Product::CockroachDb => cockroach::advice_back(sql),
        Product::PostgreSql | Product::YugabyteDb => postgres::after_failure(table, sql),
        Product::Unknown => Vec::new(),
    }
}

/// What both engines add alike.
pub(super) fn common(table: &Table, guard: &Guard, name: &str) -> Vec<Statement> {
    let (t, n) = (quote_table(table), quote_ident(name));
    let validate = |c: &str| Statement::new(Work::Scan, format!("ALTER TABLE {t} VALIDATE CONSTRAINT {c};"));
    let drop = format!("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {n};");
    match guard {
        Guard::Check { condition } => {
            let add = format!("ALTER TABLE {t} ADD CONSTRAINT {n} CHECK ({condition}) NOT VALID;");
            vec![Statement::new(Work::Catalog, add).undo(drop), validate(&n)]
        }
        Guard::ForeignKey { columns, schema, table, referenced } => {
            let target = format!("{}.{}", quote_ident(schema), quote_ident(table));
            let (columns, referenced) = (quote_list(columns), quote_list(referenced));
            let add = format!(
                "ALTER TABLE {t} ADD CONSTRAINT {n} FOREIGN KEY ({columns}) REFERENCES {target} ({referenced}) NOT VALID;"
            );
            vec![Statement::new(Work::Catalog, add).undo(drop), validate(&n)]
        }
        Guard::Validate { constraint, .. } => vec![validate(&quote_ident(constraint))],
        Guard::NotNull { column } => vec![require_one(table, column, Work::Rewrite)],
        Guard::Retype { column, data_type, checks } => {
            let c = quote_ident(column);
            let add = |name: &str, condition: &Expression| {
                format!("ALTER TABLE {t} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID;")
            };
            let gone = |(name, condition): &(String, Expression)| {
                let name = quote_ident(name);
                let drop = format!("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {name};");
                (name.clone(), drop, add(&name, condition))
            };
            let checks: Vec<(String, String, String)> = checks.iter().map(gone).collect();
            let mut out: Vec<Statement> = Vec::new();
            for (name, drop, add) in &checks {
                let validate = format!("ALTER TABLE {t} VALIDATE CONSTRAINT {name};");
                out.push(Statement::new(Work::Catalog, drop.clone()).undo(add.clone()).undo(validate));
            }
            let back = table.column(column).map_or("double precision", |c| c.data_type.as_str());
            let retype = format!("ALTER TABLE {t} ALTER COLUMN {c} TYPE {data_type};");
            let back = format!("ALTER TABLE {t} ALTER COLUMN {c} TYPE {back};");
            out.push(Statement::new(Work::Rewrite, retype).undo(back));
            for (name, drop, add) in &checks {
                out.push(Statement::new(Work::Catalog, add.clone()).undo(drop.clone()));
                out.push(validate(name));
            }
            out
        }
        Guard::Unique { .. } | Guard::Rekey { .. } | Guard::PrimaryKey { .. } | Guard::Code { .. } => Vec::new(),
    }
}

/// A name for a new key column that no column of the table has.
pub(super) fn surrogate(table: &Table) -> String {
    let own = fit(&table.name, "_id");
    let numbered = (1..).map(|i| format!("row_id_{i}"));
    // a table that inherits from one that gets an id gets that one, which is no key of its own
    let id = (!table.inherits).then(|| "id".to_owned());
    let mut names = id.into_iter().chain([own, "row_id".to_owned()]).chain(numbered);
    // CockroachDB's hidden columns are not in the catalog; none of them is called so
    names.find(|n| table.column(n).is_none()).unwrap_or_default()
}

/// The statement that lets a column no longer be NULL.
pub(super) fn require_one(table: &Table, column: &str, work: Work) -> Statement {
    let (t, c) = (quote_table(table), quote_ident(column));
    let set = format!("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL;");
    Statement::new(work, set).undo(format!("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL;"))
}

/// The statements that let none of the columns be NULL, for those that may.
pub(super) fn require(table: &Table, columns: &[String]) -> Vec<Statement> {
    let nullable = columns.iter().filter(|c| table.column(c).is_some_and(|c| c.nullable));
    nullable.map(|c| require_one(table, c, Work::Rewrite)).collect()
}

/// A key that exists, as the text after `CREATE UNIQUE INDEX … `: for the way back to it.
pub(super) fn key_of(table: &Table, name: &str) -> Option<String> {
    let key = table.unique_keys.iter().find(|k| k.name == name)?;
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let predicate = key.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
    Some(format!("{} ON {} ({}){nulls}{predicate}", quote_ident(name), quote_table(table), key_text(&key.key)))
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
