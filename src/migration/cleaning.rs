//! How rows in the way of a guard could be cleaned. Proposals in comments: which of them is right only the application's
//! people know, so nothing here is ever run.

use crate::catalog::{Action, Catalog, Comparison, Expr, ForeignKey, KeyPart, Table, TypeFamily};
use crate::engine::{quote_ident, quote_list, quote_table};
use crate::guard::{Guard, Unvalidated, key_text};

use super::precheck::held;

/// The proposals, each with what it does before it.
pub fn of(catalog: &Catalog, table: &Table, guard: &Guard) -> Vec<String> {
    let t = quote_table(table);
    match guard {
        Guard::Unique { key, predicate, nulls_not_distinct } => {
            let predicate = predicate.as_ref().map(ToString::to_string);
            duplicates(catalog, table, key, held(key, predicate.as_deref(), !nulls_not_distinct))
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            let key = table.unique_keys.iter().find(|k| k.name == *constraint);
            key.map_or_else(Vec::new, |k| {
                let predicate = k.predicate.as_ref().map(ToString::to_string);
                duplicates(catalog, table, &k.key, held(&k.key, predicate.as_deref(), !k.nulls_not_distinct))
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
        Guard::Rekey { .. } | Guard::PrimaryKey { .. } | Guard::Retype { .. } | Guard::Validate { .. } => Vec::new(),
    }
}

/// Keep the first or the latest, and let what references the others point at it. Without a primary key rows cannot be
/// told apart, and nothing is proposed. `held` are the rows that the key is about: no other is touched.
fn duplicates(catalog: &Catalog, table: &Table, key: &[KeyPart], held: Option<String>) -> Vec<String> {
    let Some(primary) = &table.primary_key else { return Vec::new() };
    let t = quote_table(table);
    let (id, parts) = (quote_list(&primary.columns), key_text(key));
    let filter = held.map(|h| format!(" WHERE {h}")).unwrap_or_default();
    // what tells the order in which rows came: a time stamp of their creation, else the key
    let stamp = table.columns.iter().find(|c| {
        c.family() == TypeFamily::Timestamp
            && matches!(c.name.as_str(), "created_at" | "created" | "inserted_at" | "date_created")
    });
    let order: Vec<String> =
        stamp.map(|c| &c.name).into_iter().chain(&primary.columns).map(|c| quote_ident(c)).collect();
    let one_of = if primary.columns.len() == 1 { id.clone() } else { format!("({id})") };
    let mut out = Vec::new();
    for (which, sign) in [("keep the first", ""), ("or keep the latest", " DESC")] {
        let order: Vec<String> = order.iter().map(|c| format!("{c}{sign}")).collect();
        let order = order.join(", ");
        out.push(format!("{which}:"));
        let merged = out.len();
        for (child, f) in references_to(catalog, table, &primary.columns) {
            let ([c], [one]) = (f.columns.as_slice(), primary.columns.as_slice()) else { continue };
            let (child, c, one) = (quote_table(child), quote_ident(c), quote_ident(one));
            out.push(format!("what references the others, {child}.{c}, goes to it{}:", otherwise(f.on_delete)));
            out.push(format!(
                "UPDATE {child} SET {c} = d.kept FROM (SELECT {one} AS id, first_value({one}) OVER (PARTITION BY {parts} \
                 ORDER BY {order}) AS kept FROM {t}{filter}) AS d WHERE {child}.{c} = d.id AND d.id <> d.kept;"
            ));
        }
        if out.len() > merged {
            out.push("and then the others go:".to_owned());
        }
        out.push(format!(
            "DELETE FROM {t} WHERE {one_of} IN (SELECT {id} FROM (SELECT {id}, row_number() OVER (PARTITION BY {parts} \
             ORDER BY {order}) AS n FROM {t}{filter}) AS d WHERE n > 1);"
        ));
    }
    out
}

/// The foreign keys that reference these columns of a table, each with its own table.
fn references_to<'c>(
    catalog: &'c Catalog,
    table: &'c Table,
    columns: &'c [String],
) -> impl Iterator<Item = (&'c Table, &'c ForeignKey)> {
    let all = catalog.tables.iter().flat_map(|child| child.foreign_keys.iter().map(move |f| (child, f)));
    all.filter(move |(_, f)| {
        f.referenced_schema == table.schema && f.referenced_table == table.name && f.referenced_columns == columns
    })
}

/// What becomes of rows that still reference one that is deleted.
fn otherwise(on_delete: Action) -> &'static str {
    match on_delete {
        Action::NoAction | Action::Restrict => "",
        Action::Cascade => " (ON DELETE CASCADE would delete it)",
        Action::SetNull | Action::SetDefault => " (ON DELETE would lose the reference)",
    }
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
