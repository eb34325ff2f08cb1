//! Which column references which table: foreign keys first, then names.

use std::collections::HashMap;

use super::Table;
use crate::catalog::{Action, Catalog};

/// Follows the declared foreign keys. One over several columns does not override one over a single column.
pub fn declared(catalog: &Catalog, tables: &mut [Table<'_>]) {
    let place: HashMap<(&str, &str), usize> =
        catalog.tables.iter().enumerate().map(|(i, t)| ((t.schema.as_str(), t.name.as_str()), i)).collect();
    for table in tables {
        for key in &table.table.foreign_keys {
            let Some(&target) = place.get(&(key.referenced_schema.as_str(), key.referenced_table.as_str())) else {
                continue;
            };
            for column in table.columns.iter_mut().filter(|c| key.columns.contains(&c.column.name)) {
                if key.columns.len() == 1 || column.target.is_none() {
                    column.target = Some(target);
                    column.declared = true;
                    column.cascade = key.on_delete == Action::Cascade;
                }
            }
        }
    }
}

/// Lets the name `…_id` stand in for a foreign key that nobody declared, where a table of that name is there and its key
/// is of the same kind of type.
pub fn by_name(tables: &mut [Table<'_>]) {
    let index = Names::of(tables);
    let mut found = Vec::new();
    for (t, table) in tables.iter().enumerate() {
        for (i, c) in table.columns.iter().enumerate() {
            let id = c.words.len() > 1 && matches!(c.last(), "id" | "uuid" | "guid") && c.kind.is_id();
            if !id || c.target.is_some() {
                continue;
            }
            let by_key = index.by_key.get(c.name()).copied().filter(|target| *target != t);
            let Some(target) = by_key.or_else(|| index.by_words(c.stem())) else { continue };
            let typed = match tables[target].primary.as_slice() {
                [key] => tables[target].columns[*key].kind.group() == c.kind.group(),
                _ => true,
            };
            let kind = c.words[..c.words.len() - 1].iter().map(String::as_str).chain(["type"]);
            let polymorphic = table.columns.iter().any(|d| d.words.iter().map(String::as_str).eq(kind.clone()));
            if typed && !polymorphic {
                found.push((t, i, target));
            }
        }
    }
    for (t, i, target) in found {
        tables[t].columns[i].target = Some(target);
    }
}

/// Tables by their names, for looking up.
struct Names {
    /// By the name of their only key column, if it says more than `id`.
    by_key: HashMap<String, usize>,
    /// By all words of the name.
    whole: HashMap<Vec<String>, usize>,
    /// By the last words of the name: the table with the fewest words.
    ending: HashMap<Vec<String>, usize>,
}

impl Names {
    fn of(tables: &[Table<'_>]) -> Names {
        let mut names = Names { by_key: HashMap::new(), whole: HashMap::new(), ending: HashMap::new() };
        for (i, table) in tables.iter().enumerate() {
            if let [key] = table.primary.as_slice() {
                let name = table.columns[*key].name();
                if !matches!(name, "id" | "uuid" | "name" | "key" | "code") {
                    names.by_key.entry(name.to_owned()).or_insert(i);
                }
            }
            names.whole.entry(table.words.clone()).or_insert(i);
            for start in 0..table.words.len() {
                let best = names.ending.entry(table.words[start..].to_vec()).or_insert(i);
                // tables come sorted by name, so only a shorter name is better
                if table.words.len() < tables[*best].words.len() {
                    *best = i;
                }
            }
        }
        names
    }

    /// The table that is called so, else the one whose name ends so, else the one called by the last of the words.
    fn by_words(&self, stem: &[String]) -> Option<usize> {
        let whole = |stem: &[String]| self.whole.get(stem).copied();
        whole(stem)
            .or_else(|| self.ending.get(stem).copied())
            .or_else(|| (1..stem.len()).find_map(|i| whole(&stem[i..])))
    }
}
