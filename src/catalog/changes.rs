//! What changed between two catalogs of one database, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{Catalog, Column, KeyPart, Table};
use crate::guard::key_text;

/// One change of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The columns that it is about; none if it is about the table.
    pub columns: Vec<String>,
    /// What happened.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// All changes from `before` to `after`, in the order of tables. Comments, row counts and plain indexes are none.
pub fn changes(before: &Catalog, after: &Catalog) -> Vec<Change> {
    let names: BTreeSet<(&str, &str)> =
        before.tables.iter().chain(&after.tables).map(|t| (t.schema.as_str(), t.name.as_str())).collect();
    let mut out = Vec::new();
    for (schema, name) in names {
        let mut list = Vec::new();
        match (before.table(schema, name), after.table(schema, name)) {
            (None, Some(_)) => list.push((Vec::new(), "the table was created".to_owned())),
            (Some(_), None) => list.push((Vec::new(), "the table was dropped".to_owned())),
            (Some(old), Some(new)) => of_table(old, new, &mut list),
            (None, None) => {}
        }
        out.extend(list.into_iter().map(|(columns, text)| Change {
            schema: schema.to_owned(),
            table: name.to_owned(),
            columns,
            text,
        }));
    }
    out
}

type Found = Vec<(Vec<String>, String)>;

fn of_table(old: &Table, new: &Table, out: &mut Found) {
    for c in &new.columns {
        match old.column(&c.name) {
            None => out.push((vec![c.name.clone()], format!("column {} was added", c.name))),
            Some(o) => of_column(o, c, out),
        }
    }
    for c in old.columns.iter().filter(|c| new.column(&c.name).is_none()) {
        out.push((vec![c.name.clone()], format!("column {} was dropped", c.name)));
    }
    compared(&constraints(old), &constraints(new), out);
}

fn of_column(old: &Column, new: &Column, out: &mut Found) {
    let name = &new.name;
    let mut say = |text: String| out.push((vec![name.clone()], text));
    if old.data_type != new.data_type {
        say(format!("column {name} became {} (it was {})", new.data_type, old.data_type));
    }
    match (old.nullable, new.nullable) {
        (true, false) => say(format!("column {name} became NOT NULL")),
        (false, true) => say(format!("column {name} may be NULL now")),
        _ => {}
    }
    if old.user_type != new.user_type {
        say(format!("the type {} of column {name} changed", new.data_type));
    }
    if old.generated != new.generated {
        say(format!("what column {name} is generated from changed"));
    }
}

/// The constraints of a table by what they hold it to, so that another name is no change: columns, and whether it holds
/// for all rows.
fn constraints(table: &Table) -> BTreeMap<String, (Vec<String>, bool)> {
    let mut out = BTreeMap::new();
    let names = |key: &[KeyPart]| key.iter().flat_map(|p| p.columns()).map(str::to_owned).collect::<Vec<_>>();
    if let Some(key) = &table.primary_key {
        out.insert(format!("PRIMARY KEY ({})", key.columns.join(", ")), (key.columns.clone(), true));
    }
    for k in &table.unique_keys {
        let predicate = k.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
        let nulls = if k.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
        out.insert(format!("UNIQUE{nulls} ({}){predicate}", key_text(&k.key)), (names(&k.key), k.valid));
    }
    for c in &table.checks {
        let columns = c.expression.columns().into_iter().map(str::to_owned).collect();
        out.insert(format!("CHECK ({})", c.expression), (columns, c.validated && c.enforced));
    }
    for f in &table.foreign_keys {
        let target = format!("{}.{}", f.referenced_schema, f.referenced_table);
        out.insert(
            format!("FOREIGN KEY ({}) REFERENCES {target}", f.columns.join(", ")),
            (f.columns.clone(), f.validated),
        );
    }
    out
}

fn compared(old: &BTreeMap<String, (Vec<String>, bool)>, new: &BTreeMap<String, (Vec<String>, bool)>, out: &mut Found) {
    for (text, (columns, holds)) in new {
        match old.get(text) {
            None if *holds => out.push((columns.clone(), format!("{text} was added"))),
            None => out.push((columns.clone(), format!("{text} was added, and does not hold for all rows yet"))),
            Some((_, false)) if *holds => out.push((columns.clone(), format!("{text} was validated"))),
            Some((_, true)) if !*holds => out.push((columns.clone(), format!("{text} no longer holds for all rows"))),
            Some(_) => {}
        }
    }
    for (text, (columns, _)) in old.iter().filter(|(text, _)| !new.contains_key(*text)) {
        out.push((columns.clone(), format!("{text} was dropped")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ddl;

    fn catalog(sql: &str) -> Catalog {
        let file = ddl::SchemaFile { name: "schema.sql".to_owned(), text: sql.to_owned() };
        ddl::read(&[file], &ddl::Options { engine: None }).catalog
    }

    #[test]
    fn what_happened_to_a_table() {
        let before = catalog(
            "CREATE TABLE seat (id int PRIMARY KEY, show_id int NOT NULL, label text, old text, UNIQUE (show_id, label));
             CREATE TABLE gone (id int PRIMARY KEY);",
        );
        let after = catalog(
            "CREATE TABLE seat (id int PRIMARY KEY, show_id bigint NOT NULL, label text NOT NULL, price int CHECK (price >= 0));
             CREATE TABLE made (id int PRIMARY KEY);",
        );
        let all: Vec<String> = changes(&before, &after).iter().map(|c| format!("{}: {c}", c.table)).collect();
        assert_eq!(
            all,
            [
                "gone: the table was dropped",
                "made: the table was created",
                "seat: column show_id became bigint (it was integer)",
                "seat: column label became NOT NULL",
                "seat: column price was added",
                "seat: column old was dropped",
                "seat: CHECK (price >= 0) was added",
                "seat: UNIQUE (show_id, label) was dropped",
            ]
        );
        assert!(changes(&after, &after).is_empty());
    }

    #[test]
    fn another_name_is_no_change_and_a_validation_is() {
        let not_valid =
            "CREATE TABLE t (id int PRIMARY KEY, n int); ALTER TABLE t ADD CONSTRAINT a CHECK (n > 0) NOT VALID;";
        let valid = "CREATE TABLE t (id int PRIMARY KEY, n int, CONSTRAINT b CHECK (n > 0));";
        let texts = |a, b| changes(&catalog(a), &catalog(b)).into_iter().map(|c| c.text).collect::<Vec<_>>();
        assert_eq!(texts(not_valid, valid), ["CHECK (n > 0) was validated"]);
        assert_eq!(texts(valid, not_valid), ["CHECK (n > 0) no longer holds for all rows"]);
    }
}
