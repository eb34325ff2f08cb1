//! What to look at before a guard is added: the rows in its way.

use crate::catalog::{Catalog, KeyPart, Table};
use crate::engine::{quote_ident, quote_list, quote_table};
use crate::guard::{Guard, Unvalidated, key_text};

/// How many of the rows in the way a query shows.
const SHOWN: usize = 20;

/// The queries about the rows in the way of a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precheck {
    /// What the query shows, as a sentence.
    pub shows: String,
    /// Shows some of them, the worst first.
    pub look: String,
    /// Counts them: one row, one bigint.
    pub count: String,
}

/// The queries for a guard; `None` if no row can be in its way.
pub fn of(catalog: &Catalog, table: &Table, guard: &Guard) -> Option<Precheck> {
    let t = quote_table(table);
    match guard {
        Guard::Unique { key, predicate, nulls_not_distinct } => {
            let predicate = predicate.as_ref().map(ToString::to_string);
            Some(duplicates(&t, key, predicate.as_deref(), !nulls_not_distinct))
        }
        Guard::PrimaryKey { columns } if columns.is_empty() => None,
        Guard::PrimaryKey { columns } => {
            let key: Vec<KeyPart> = columns.iter().cloned().map(KeyPart::Column).collect();
            Some(duplicates(&t, &key, None, false))
        }
        Guard::Check { condition } => Some(breaking(table, &format!("NOT ({condition})"))),
        Guard::NotNull { column } => Some(breaking(table, &format!("{} IS NULL", quote_ident(column)))),
        Guard::ForeignKey { columns, schema, table: target, referenced } => {
            Some(orphans(table, columns, (schema, target), referenced))
        }
        Guard::Validate { condition: Some(condition), .. } => Some(breaking(table, &format!("NOT ({condition})"))),
        Guard::Validate { what: Unvalidated::Constraint, constraint, .. } => {
            let key = table.foreign_keys.iter().find(|f| f.name == *constraint)?;
            catalog.table(&key.referenced_schema, &key.referenced_table)?;
            let target = (key.referenced_schema.as_str(), key.referenced_table.as_str());
            Some(orphans(table, &key.columns, target, &key.referenced_columns))
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            let key = table.unique_keys.iter().find(|k| k.name == *constraint)?;
            let predicate = key.predicate.as_ref().map(ToString::to_string);
            Some(duplicates(&t, &key.key, predicate.as_deref(), !key.nulls_not_distinct))
        }
        // fewer rows are held to the new key than to the old, any number fits the new type, and code is no row
        Guard::Rekey { .. } | Guard::Retype { .. } | Guard::Code { .. } => None,
    }
}

fn duplicates(table: &str, key: &[KeyPart], predicate: Option<&str>, nulls_distinct: bool) -> Precheck {
    let parts = key_text(key);
    let mut conditions: Vec<String> = predicate.into_iter().map(|p| format!("({p})")).collect();
    if nulls_distinct {
        // NULLs never equal each other in such a key
        conditions.extend(key.iter().map(|p| format!("{} IS NOT NULL", key_text(std::slice::from_ref(p)))));
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("\nWHERE {}", conditions.join(" AND ")) };
    let groups = format!("FROM {table}{filter}\nGROUP BY {parts} HAVING count(*) > 1");
    Precheck {
        shows: "this shows what stands in more than one row.".to_owned(),
        look: format!("SELECT {parts}, count(*) AS rows {groups}\nORDER BY count(*) DESC LIMIT {SHOWN};"),
        count: format!("SELECT coalesce(sum(n - 1), 0)::int8 FROM (SELECT count(*) AS n {groups}) AS d"),
    }
}

fn breaking(table: &Table, condition: &str) -> Precheck {
    let t = quote_table(table);
    let mut shown: Vec<String> =
        table.primary_key.iter().flat_map(|k| k.columns.iter().map(|c| quote_ident(c))).collect();
    if shown.is_empty() {
        shown.push("*".to_owned());
    }
    Precheck {
        shows: "this shows rows that break it.".to_owned(),
        look: format!("SELECT {} FROM {t}\nWHERE {condition} LIMIT {SHOWN};", shown.join(", ")),
        count: format!("SELECT count(*)::int8 FROM {t} WHERE {condition}"),
    }
}

fn orphans(table: &Table, columns: &[String], (schema, target): (&str, &str), referenced: &[String]) -> Precheck {
    let t = quote_table(table);
    let target = format!("{}.{}", quote_ident(schema), quote_ident(target));
    let pairs = columns.iter().zip(referenced);
    let same: Vec<String> = pairs.map(|(c, r)| format!("p.{} = c.{}", quote_ident(r), quote_ident(c))).collect();
    let set: Vec<String> = columns.iter().map(|c| format!("c.{} IS NOT NULL", quote_ident(c))).collect();
    let lost = format!(
        "FROM {t} AS c\nWHERE {} AND NOT EXISTS (SELECT 1 FROM {target} AS p WHERE {})",
        set.join(" AND "),
        same.join(" AND ")
    );
    let list = quote_list(columns);
    Precheck {
        shows: format!("this shows what references no row of {target}."),
        look: format!("SELECT {list}, count(*) AS rows {lost}\nGROUP BY {list} ORDER BY count(*) DESC LIMIT {SHOWN};"),
        count: format!("SELECT count(*)::int8 {lost}"),
    }
}
