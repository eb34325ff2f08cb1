//! What to look at before a guard is added: the rows in its way.

use super::plan::one_line;
use crate::catalog::{Catalog, KeyPart, Table};
use crate::engine::{quote_ident, quote_list, quote_table};
use crate::evidence::rows::Ask;
use crate::guard::{Guard, held, key_parts, key_text};

/// How many of the rows in the way a query shows.
const SHOWN: usize = 20;

/// The query about the rows in the way of a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precheck {
    /// What the query shows, as a sentence.
    pub shows: String,
    /// Shows some of them, the worst first.
    pub look: String,
}

/// The query for a guard; `None` if no row can be in its way.
pub fn of(catalog: &Catalog, table: &Table, guard: &Guard) -> Option<Precheck> {
    Some(match Ask::of(catalog, table, guard)? {
        Ask::Repeated { key, predicate, nulls_distinct } => {
            let predicate = predicate.as_ref().map(ToString::to_string);
            duplicates(&quote_table(table), &key, predicate.as_deref(), nulls_distinct)
        }
        Ask::Broken(condition) => breaking(table, &condition),
        Ask::Orphaned { columns, target: (schema, target), referenced } => {
            orphans(table, &columns, (&schema, &target), &referenced)
        }
    })
}

fn duplicates(table: &str, key: &[KeyPart], predicate: Option<&str>, nulls_distinct: bool) -> Precheck {
    let parts = key_text(key);
    let filter = held(&key_parts(key), predicate, nulls_distinct).map(|h| format!("\nWHERE {h}")).unwrap_or_default();
    let groups = format!("FROM {table}{filter}\nGROUP BY {parts} HAVING count(*) > 1");
    Precheck {
        shows: "this shows what stands in more than one row.".to_owned(),
        look: format!("SELECT {parts}, count(*) AS rows {groups}\nORDER BY count(*) DESC LIMIT {SHOWN};"),
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
        shows: format!("this shows what references no row of {}.", one_line(&target)),
        look: format!("SELECT {list}, count(*) AS rows {lost}\nGROUP BY {list} ORDER BY count(*) DESC LIMIT {SHOWN};"),
    }
}
