//! How rows in the way of a guard could be cleaned. Proposals in comments: which of them is right only the application's
//! people know, so nothing here is ever run.

use crate::catalog::{Action, Catalog, Comparison, Expr, ForeignKey, KeyPart, Table, TypeFamily};
use crate::engine::{quote_ident, quote_list, quote_table};
use crate::evidence::rows::Ask;
use crate::guard::{Guard, held, key_parts, key_text};

/// The proposals, each with what it does before it.
pub fn of(catalog: &Catalog, table: &Table, guard: &Guard) -> Vec<String> {
    match Ask::of(catalog, table, guard) {
        Some(Ask::Repeated { key, predicate, nulls_distinct }) => {
            let predicate = predicate.as_ref().map(ToString::to_string);
            duplicates(catalog, table, &key, held(&key_parts(&key), predicate.as_deref(), nulls_distinct))
        }
        Some(Ask::Orphaned { columns, target: (schema, target), referenced }) => {
            orphans(table, &columns, (&schema, &target), &referenced)
        }
        Some(Ask::Broken(broken)) => breaking(table, guard, &broken),
        None => Vec::new(),
    }
}

/// Give the rows of a check or a NOT NULL another value, or delete them. `broken` is true of those rows.
fn breaking(table: &Table, guard: &Guard, broken: &str) -> Vec<String> {
    let t = quote_table(table);
    let set = |column: &str, value: &str| format!("UPDATE {t} SET {} = {value} WHERE {broken};", quote_ident(column));
    if let Guard::NotNull { column } = guard {
        let default = table.column(column).and_then(|c| c.default.as_ref());
        let value = default.map_or_else(|| "…".to_owned(), ToString::to_string);
        return vec!["fill in a value:".to_owned(), set(column, &value)];
    }
    let condition = match guard {
        Guard::Check { condition } | Guard::Validate { condition: Some(condition), .. } => Some(condition.tree()),
        _ => None,
    };
    let nearest = condition
        .and_then(nearest)
        .map(|(column, value)| ["set to the nearest value that is allowed:".to_owned(), set(column, &value)]);
    let delete = ["delete them, if they mean nothing:".to_owned(), format!("DELETE FROM {t} WHERE {broken};")];
    nearest.into_iter().flatten().chain(delete).collect()
}

/// Let the reference go, or delete what references nothing.
fn orphans(table: &Table, columns: &[String], (schema, target): (&str, &str), referenced: &[String]) -> Vec<String> {
    let t = quote_table(table);
    let target = format!("{}.{}", quote_ident(schema), quote_ident(target));
    let pairs = columns.iter().zip(referenced);
    let same: Vec<String> = pairs.map(|(c, r)| format!("p.{} = {t}.{}", quote_ident(r), quote_ident(c))).collect();
    let set: Vec<String> = columns.iter().map(|c| format!("{} IS NOT NULL", quote_ident(c))).collect();
    let lost =
        format!("{} AND NOT EXISTS (SELECT 1 FROM {target} AS p WHERE {})", set.join(" AND "), same.join(" AND "));
    let mut out = Vec::new();
    if columns.iter().all(|c| table.column(c).is_some_and(|c| c.nullable)) {
        let null: Vec<String> = columns.iter().map(|c| format!("{} = NULL", quote_ident(c))).collect();
        out.push("let the reference go:".to_owned());
        out.push(format!("UPDATE {t} SET {} WHERE {lost};", null.join(", ")));
    }
    out.push("delete what references nothing:".to_owned());
    out.push(format!("DELETE FROM {t} WHERE {lost};"));
    out
}

/// Keep the first or the latest, and let what references the others point at it. `held` are the rows that the key is
/// about: no other is touched, and none that something still references.
fn duplicates(catalog: &Catalog, table: &Table, key: &[KeyPart], held: Option<String>) -> Vec<String> {
    let cockroach = catalog.engine.is_cockroach();
    // what tells rows apart where no primary key does
    let address = match table.hidden_rowid {
        true => "rowid",
        false if !cockroach && table.partition_key.is_empty() => "ctid",
        false => return Vec::new(),
    };
    let columns = table.primary_key.as_ref().map(|p| p.columns.as_slice()).unwrap_or_default();
    let ids: Vec<String> = match columns {
        [] => vec![address.to_owned()],
        columns => columns.iter().map(|c| quote_ident(c)).collect(),
    };
    let (t, id, parts) = (quote_table(table), ids.join(", "), key_text(key));
    let filter = held.map(|h| format!(" WHERE {h}")).unwrap_or_default();
    // what tells the order in which rows came: a time stamp of their creation, else a number
    let stamp = table.columns.iter().find(|c| {
        c.family() == TypeFamily::Timestamp
            && matches!(c.name.as_str(), "created_at" | "created" | "inserted_at" | "date_created")
    });
    let numbered = |c: &String| table.column(c).is_some_and(|c| c.family() == TypeFamily::Integer);
    let ordered = stamp.is_some() || (!columns.is_empty() && columns.iter().all(numbered));
    let ways: &[(&str, &str)] = match ordered {
        true => &[("keep the first", ""), ("or keep the latest", " DESC")],
        false => &[("keep one of them (nothing tells which came first)", "")],
    };
    let one_of = if ids.len() == 1 { id.clone() } else { format!("({id})") };
    let children = Children::of(catalog, table, columns);
    let mut out = Vec::new();
    for (which, sign) in ways {
        // a row without a stamp is as old as can be, either way
        let first = stamp.map(|c| {
            let c = quote_ident(&c.name);
            let last = if sign.is_empty() { " DESC" } else { "" };
            format!("{c} IS NULL{last}, {c}{sign}")
        });
        let order: Vec<String> = first.into_iter().chain(ids.iter().map(|c| format!("{c}{sign}"))).collect();
        let order = order.join(", ");
        out.push(format!("{which}:"));
        out.extend(children.kept.iter().map(|(child, c)| {
            format!(
                "what references the others, {child}({c}), is in a key: merge it by hand; such rows stay until then"
            )
        }));
        let several = !children.moved.is_empty();
        out.extend(several.then(|| "BEGIN;".to_owned()));
        for (child, c, on_delete) in &children.moved {
            out.push(format!("what references the others, {child}.{c}, goes to it{}:", otherwise(*on_delete)));
            out.push(format!(
                "UPDATE {child} SET {c} = d.kept FROM (SELECT {id} AS id, first_value({id}) OVER (PARTITION BY {parts} \
                 ORDER BY {order}) AS kept FROM {t}{filter}) AS d WHERE {child}.{c} = d.id AND d.id <> d.kept;"
            ));
        }
        if several {
            out.push("and then the others go:".to_owned());
        }
        let stay: String = children.stay.iter().map(|s| format!(" AND NOT EXISTS ({s})")).collect();
        out.push(format!(
            "DELETE FROM {t} WHERE {one_of} IN (SELECT {id} FROM (SELECT {id}, row_number() OVER (PARTITION BY {parts} \
             ORDER BY {order}) AS n FROM {t}{filter}) AS d WHERE n > 1){stay};"
        ));
        out.extend(several.then(|| "COMMIT;".to_owned()));
    }
    out
}

/// What references rows of a table by its primary key.
struct Children {
    /// References that can go to another row: the child, the column, what ON DELETE does.
    moved: Vec<(String, String, Action)>,
    /// References that are in a key of their own, so that two of them may become one: the child, its columns.
    kept: Vec<(String, String)>,
    /// Queries for what references a row by those.
    stay: Vec<String>,
}

impl Children {
    fn of(catalog: &Catalog, table: &Table, columns: &[String]) -> Children {
        let mut out = Children { moved: Vec::new(), kept: Vec::new(), stay: Vec::new() };
        for (child, f) in references_to(catalog, table, columns) {
            let name = quote_table(child);
            let in_key = |c: &String| {
                let keys = child.unique_keys.iter().flat_map(|k| &k.key);
                child.in_primary_key(c) || keys.flat_map(KeyPart::columns).any(|k| k == c)
            };
            if let [c] = f.columns.as_slice()
                && !in_key(c)
            {
                out.moved.push((name, quote_ident(c), f.on_delete));
                continue;
            }
            let pairs = f.columns.iter().zip(&f.referenced_columns);
            let same = pairs.map(|(c, r)| format!("c.{} = {}.{}", quote_ident(c), quote_table(table), quote_ident(r)));
            out.stay.push(format!("SELECT 1 FROM {name} AS c WHERE {}", same.collect::<Vec<_>>().join(" AND ")));
            out.kept.push((name, quote_list(&f.columns)));
        }
        out
    }
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
