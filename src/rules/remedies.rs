//! What to change in the code that sends statements, in the terms of those who wrote it.

use super::words::{singular, words};
use crate::catalog::{Expr, Expression, KeyPart, Table};
use crate::engine::{Engine, quote_ident, quote_table};
use crate::guard::key_text;

/// A change of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// SQL, or the framework.
    pub framework: &'static str,
    /// The change.
    pub text: String,
}

fn remedy(framework: &'static str, text: String) -> Remedy {
    Remedy { framework, text }
}

/// What a model of the table may be called: `Show`.
fn model(table: &Table) -> String {
    let capital = |w: &String| {
        let one = singular(w);
        let mut letters = one.chars();
        letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    words(&table.name).iter().map(capital).collect()
}

/// The condition that finds a row by its key, as SQL.
fn by_key(table: &Table) -> String {
    match table.primary_key.as_ref().map(|k| k.columns.as_slice()) {
        Some([one]) => format!("{} = $2", quote_ident(one)),
        _ => "…".to_owned(),
    }
}

/// How a number changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// Down, as far as there is enough.
    Down,
    /// Up.
    Up,
    /// Up, as far as another column allows.
    UpTo(&'a str),
}

/// A number that is read and written: change it where it is, or lock it first.
pub fn change_in_place(table: &Table, column: &str, change: Change<'_>) -> Vec<Remedy> {
    let (t, m, c, key) = (quote_table(table), model(table), quote_ident(column), by_key(table));
    let sign = if change == Change::Down { '-' } else { '+' };
    // what is asked beside the key
    let (sql, django, rails, sqlalchemy, prisma) = match change {
        Change::Down => (
            format!(" AND {c} >= $1"),
            format!(", {column}__gte=n"),
            format!(".where(\"{column} >= ?\", n)"),
            format!(", {m}.{column} >= n"),
            format!("updateMany({{where: {{id, {column}: {{gte: n}}}}, data: {{{column}: {{decrement: n}}}}}})"),
        ),
        Change::Up => (
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            format!("update({{where: {{id}}, data: {{{column}: {{increment: n}}}}}})"),
        ),
        Change::UpTo(other) => (
            format!(" AND {c} + $1 <= {}", quote_ident(other)),
            format!(", {column}__lte=F(\"{other}\") - n"),
            format!(".where(\"{column} + ? <= {other}\", n)"),
            format!(", {m}.{column} + n <= {m}.{other}"),
            "$executeRaw with the SQL above: a where of Prisma compares no two columns in an update".to_owned(),
        ),
    };
    let refused = if change == Change::Up { "" } else { ", which returns 0 if there was not enough" };
    vec![
        remedy("SQL", format!("UPDATE {t} SET {c} = {c} {sign} $1 WHERE {key}{sql}")),
        remedy(
            "Django",
            format!(
                "{m}.objects.filter(pk=pk{django}).update({column}=F(\"{column}\") {sign} n){refused}; or \
                 {m}.objects.select_for_update().get(pk=pk) inside transaction.atomic()"
            ),
        ),
        remedy(
            "Rails",
            format!("{m}.where(id: id){rails}.update_all([\"{column} = {column} {sign} ?\", n]); or with_lock"),
        ),
        remedy(
            "SQLAlchemy",
            format!(
                "update({m}).where({m}.id == id{sqlalchemy}).values({column}={m}.{column} {sign} n); or \
                 select({m}).with_for_update()"
            ),
        ),
        remedy("Prisma", prisma),
    ]
}

/// A value that is read and replaced: replace it only if it is what was read, or lock it first.
pub fn compare_and_swap(table: &Table, column: &str) -> Vec<Remedy> {
    let (t, m, c, key) = (quote_table(table), model(table), quote_ident(column), by_key(table));
    vec![
        remedy("SQL", format!("UPDATE {t} SET {c} = $1 WHERE {key} AND {c} = $3, and look how many rows it changed")),
        remedy(
            "Django",
            format!(
                "{m}.objects.filter(pk=pk, {column}=old).update({column}=new), which returns 0 if somebody was \
                 faster; or {m}.objects.select_for_update().get(pk=pk) inside transaction.atomic()"
            ),
        ),
        remedy(
            "Rails",
            format!("{m}.where(id: id, {column}: old).update_all({column}: new); or with_lock, or a lock_version"),
        ),
        remedy(
            "SQLAlchemy",
            format!("update({m}).where({m}.id == id, {m}.{column} == old).values({column}=new); or version_id_col"),
        ),
        remedy("Prisma", format!("updateMany({{where: {{id, {column}: old}}, data: {{{column}: new}}}})")),
    ]
}

/// A row that is looked for and inserted: insert it, and let the key decide. `rows` are those that the key is about.
pub fn insert_and_see(engine: &Engine, table: &Table, key: &[KeyPart], rows: Option<&Expression>) -> Vec<Remedy> {
    let (t, m, list) = (quote_table(table), model(table), key_text(key));
    let folds = key.iter().any(|p| p.as_column().is_none());
    // each column, and whether its case counts
    let columns: Vec<(&str, bool)> =
        key.iter().flat_map(|p| p.columns().into_iter().map(|c| (c, p.as_column().is_some()))).collect();
    let join = |each: &dyn Fn(&str, bool) -> String, by: &str| {
        columns.iter().map(|(c, exact)| each(c, *exact)).collect::<Vec<_>>().join(by)
    };
    let filter = rows.map(|r| format!(" WHERE {r}")).unwrap_or_default();
    // CockroachDB takes no expressions
    let target = if folds && !engine.infers_expression_keys() { String::new() } else { format!(" ({list}){filter}") };

    let look = |c: &str, exact: bool| if exact { format!("{c}={c}") } else { format!("{c}__iexact={c}") };
    let among = rows.map(of_django).unwrap_or_default();
    // what is not compared as it is has to be said again for the new row
    let folded: Vec<String> = columns.iter().filter(|c| !c.1).map(|(c, _)| format!("\"{c}\": {c}")).collect();
    let defaults = if folds { format!(", defaults={{{}}}", folded.join(", ")) } else { String::new() };

    let scope = rows.map(|r| format!(".where({:?})", r.to_string())).unwrap_or_default();
    let symbols = join(&|c, _| format!("{c}: {c}"), ", ");
    let find =
        join(&|c, exact| if exact { format!("{c} = :{c}") } else { format!("lower({c}) = lower(:{c})") }, " AND ");
    let rails = match folds {
        // create_or_find_by would look for the row that is there letter by letter
        true => format!(
            "{m}.create!({symbols}), and {m}{scope}.find_by!(\"{find}\", {symbols}) on ActiveRecord::RecordNotUnique"
        ),
        false => format!("{m}{scope}.create_or_find_by({symbols}), which is safe once the key is there"),
    };

    let element = |c: &str, exact: bool| if exact { format!("{m}.{c}") } else { format!("func.lower({m}.{c})") };
    let only = rows.map(|r| format!(", index_where=text({:?})", r.to_string())).unwrap_or_default();
    let sqlalchemy = match folds && !engine.infers_expression_keys() {
        true => String::new(),
        false => format!("index_elements=[{}]{only}", join(&element, ", ")),
    };

    let prisma = match folds || rows.is_some() {
        true => {
            "createMany({skipDuplicates: true}), or create, which fails with P2002 if it is there: upsert knows keys \
                 of plain columns over all rows only"
                .to_owned()
        }
        false => format!("upsert by the key ({list}), or createMany({{skipDuplicates: true}})"),
    };
    vec![
        remedy("SQL", format!("INSERT INTO {t} (…) VALUES (…) ON CONFLICT{target} DO NOTHING")),
        remedy(
            "Django",
            format!(
                "{m}.objects.get_or_create({}{among}{defaults}), which is safe once the key is there; or \
                 bulk_create(rows, ignore_conflicts=True)",
                join(&look, ", ")
            ),
        ),
        remedy("Rails", format!("{rails}; or insert_all")),
        remedy("SQLAlchemy", format!("insert({m}).values(…).on_conflict_do_nothing({sqlalchemy})")),
        remedy("Prisma", prisma),
    ]
}

/// The rows of a partial key as further arguments of a filter.
fn of_django(rows: &Expression) -> String {
    let parts = match rows.tree() {
        Expr::And(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let column = |e: &Expr| match e {
        Expr::Column(c) => Some(c.clone()),
        _ => None,
    };
    let argument = |e: &Expr| match e {
        Expr::IsNull(c, not) => Some(format!("{}__isnull={}", column(c)?, if *not { "False" } else { "True" })),
        Expr::Not(c) => Some(format!("{}=False", column(c)?)),
        c => Some(format!("{}=True", column(c)?)),
    };
    parts.iter().map(|e| format!(", {}", argument(e).unwrap_or_else(|| "…".to_owned()))).collect()
}

/// A lock that is taken outside of a transaction.
pub fn in_a_transaction(table: &Table) -> Vec<Remedy> {
    let m = model(table);
    vec![
        remedy("SQL", "BEGIN before the SELECT … FOR UPDATE, COMMIT after the write".to_owned()),
        remedy(
            "Django",
            format!("with transaction.atomic(): {m}.objects.select_for_update().get(pk=pk), and save in it"),
        ),
        remedy("Rails", format!("{m}.transaction {{ {m}.lock.find(id) … }}, or with_lock")),
        remedy("SQLAlchemy", format!("with session.begin(): session.get({m}, id, with_for_update=True)")),
        remedy("Prisma", "$transaction(async tx => { await tx.$queryRaw`SELECT … FOR UPDATE` … })".to_owned()),
    ]
}
