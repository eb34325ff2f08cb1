//! How rows in the way of a guard could be cleaned. Proposals in comments: which of them is right only the application's
//! people know, so nothing here is ever run.

use crate::catalog::{Catalog, Comparison, Expr, KeyPart, Table, TypeFamily};
use crate::engine::{quote_ident, quote_list, quote_table};
use crate::guard::{Guard, Unvalidated, key_text};

/// The proposals, each with what it does before it.
pub fn of(catalog: &Catalog, table: &Table, guard: &Guard) -> Vec<String> {
    let t = quote_table(table);
    match guard {
        Guard::Unique { key, predicate, .. } => {
            duplicates(catalog, table, key, predicate.as_ref().map(ToString::to_string))
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            let key = table.unique_keys.iter().find(|k| k.name == *constraint);
            key.map_or_else(Vec::new, |k| {
                duplicates(catalog, table, &k.key, k.predicate.as_ref().map(ToString::to_string))
            })
        }
        Guard::Check { condition } => nearest(condition.tree()).map_or_else(Vec::new, |(column, value)| {
            let c = quote_ident(column);
            vec![
                "set to the nearest value that is allowed:".to_owned(),
                format!("UPDATE {t} SET {c} = {value} WHERE NOT ({condition});"),
            ]
        }),
        Guard::NotNull { column } => {
            let c = quote_ident(column);
            let default = table.column(column).and_then(|c| c.default.as_ref());
            let value = default.map_or_else(|| "…".to_owned(), ToString::to_string);
            vec!["fill in a value:".to_owned(), format!("UPDATE {t} SET {c} = {value} WHERE {c} IS NULL;")]
        }
        Guard::ForeignKey { columns, schema, table: target, referenced } => {
            let target = format!("{}.{}", quote_ident(schema), quote_ident(target));
            let same: Vec<String> = columns
                .iter()
                .zip(referenced)
                .map(|(c, r)| format!("p.{} = {t}.{}", quote_ident(r), quote_ident(c)))
                .collect();
            let set: Vec<String> = columns.iter().map(|c| format!("{} IS NOT NULL", quote_ident(c))).collect();
            let lost = format!(
                "{} AND NOT EXISTS (SELECT 1 FROM {target} AS p WHERE {})",
                set.join(" AND "),
                same.join(" AND ")
            );
            let nullable = columns.iter().all(|c| table.column(c).is_some_and(|c| c.nullable));
            let mut out = Vec::new();
            if nullable {
                let null: Vec<String> = columns.iter().map(|c| format!("{} = NULL", quote_ident(c))).collect();
                out.push("let the reference go:".to_owned());
                out.push(format!("UPDATE {t} SET {} WHERE {lost};", null.join(", ")));
            }
            out.push("or delete what references nothing:".to_owned());
            out.push(format!("DELETE FROM {t} WHERE {lost};"));
            out
        }
        Guard::Rekey { .. }
        | Guard::PrimaryKey { .. }
        | Guard::Retype { .. }
        | Guard::Code { .. }
        | Guard::Validate { .. } => Vec::new(),
    }
}

/// Keep the first, keep the latest, or merge. Without a primary key rows cannot be told apart, and nothing is proposed.
fn duplicates(catalog: &Catalog, table: &Table, key: &[KeyPart], predicate: Option<String>) -> Vec<String> {
    let Some(primary) = &table.primary_key else { return Vec::new() };
    let t = quote_table(table);
    let (id, parts) = (quote_list(&primary.columns), key_text(key));
    let filter = predicate.map(|p| format!(" WHERE {p}")).unwrap_or_default();
    // what tells the order in which rows came: a time stamp of their creation, else the key
    let stamp = table.columns.iter().find(|c| {
        c.family() == TypeFamily::Timestamp
            && matches!(c.name.as_str(), "created_at" | "created" | "inserted_at" | "date_created")
    });
    let first = stamp.map_or_else(|| id.clone(), |c| format!("{}, {id}", quote_ident(&c.name)));
    let latest = first.split(", ").map(|c| format!("{c} DESC")).collect::<Vec<_>>().join(", ");
    let one_of = if primary.columns.len() == 1 { id.clone() } else { format!("({id})") };
    let keep = |order: &str| {
        format!(
            "DELETE FROM {t} WHERE {one_of} IN (SELECT {id} FROM (SELECT {id}, row_number() OVER (PARTITION BY {parts} \
             ORDER BY {order}) AS n FROM {t}{filter}) AS d WHERE n > 1);"
        )
    };
    let mut out = vec!["keep the first:".to_owned(), keep(&first), "or keep the latest:".to_owned(), keep(&latest)];
    if let [one] = primary.columns.as_slice() {
        let one = quote_ident(one);
        let kept = format!(
            "SELECT {one} AS id, first_value({one}) OVER (PARTITION BY {parts} ORDER BY {first}) AS kept FROM {t}{filter}"
        );
        for child in &catalog.tables {
            for f in child.foreign_keys.iter().filter(|f| {
                f.referenced_schema == table.schema
                    && f.referenced_table == table.name
                    && f.referenced_columns == primary.columns
            }) {
                if let [c] = f.columns.as_slice() {
                    let (child, c) = (quote_table(child), quote_ident(c));
                    out.push(format!("before, merge: let {child}.{c} point at the row that is kept (the first):"));
                    out.push(format!(
                        "UPDATE {child} SET {c} = d.kept FROM ({kept}) AS d WHERE {child}.{c} = d.id AND d.id <> d.kept;"
                    ));
                }
            }
        }
    }
    out
}

/// For `column >= number`: the number itself.
fn nearest(condition: &Expr) -> Option<(&str, String)> {
    match condition {
        Expr::Compare(Comparison::Ge, column, value) => match (column.as_ref(), value.as_ref()) {
            (Expr::Column(c), Expr::Number(n)) => Some((c, n.clone())),
            _ => None,
        },
        _ => None,
    }
}
