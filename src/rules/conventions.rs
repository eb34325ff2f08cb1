//! The schema's own conventions: what its tables do with a column, a pair, a type. Evidence from siblings.

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{Catalog, KeyPart, Table, check_implied};
use crate::catalog::{Expr, Expression};

/// What the schema's tables do, counted once.
pub struct Conventions<'a> {
    /// For each column name: tables that have it, and tables in which it alone is unique.
    unique: HashMap<&'a str, (Vec<&'a str>, Vec<&'a str>)>,
    /// For each column name: number of tables that have it as a number, and of those that hold it at or above zero.
    non_negative: HashMap<&'a str, (usize, usize)>,
    /// Column sets of all unique keys, by table.
    keys: HashMap<(&'a str, &'a str), Vec<BTreeSet<&'a str>>>,
}

impl<'a> Conventions<'a> {
    /// Counts the catalog.
    pub fn of(catalog: &'a Catalog) -> Conventions<'a> {
        let mut c = Conventions { unique: HashMap::new(), non_negative: HashMap::new(), keys: HashMap::new() };
        for table in &catalog.tables {
            let keys: Vec<BTreeSet<&str>> =
                table.unique_keys.iter().map(|k| k.key.iter().flat_map(KeyPart::columns).collect()).collect();
            for column in &table.columns {
                let (have, unique) = c.unique.entry(&column.name).or_default();
                have.push(&table.name);
                if keys.iter().any(|k| k.len() == 1 && k.contains(column.name.as_str())) {
                    unique.push(&table.name);
                }
                if column.family().is_number() && !table.checks.is_empty() {
                    let (_, checked) = c.non_negative.entry(&column.name).or_default();
                    let wanted = Expression::new(Expr::non_negative(&column.name));
                    *checked += usize::from(check_implied(catalog, table, &wanted));
                }
                if column.family().is_number() {
                    c.non_negative.entry(&column.name).or_default().0 += 1;
                }
            }
            c.keys.insert((&table.schema, &table.name), keys);
        }
        c
    }

    /// Other tables that have the column, and those of them in which it alone is unique.
    pub fn unique_elsewhere(&self, table: &Table, column: &str) -> (usize, Vec<&'a str>) {
        let Some((have, unique)) = self.unique.get(column) else { return (0, Vec::new()) };
        let others = |list: &[&'a str]| list.iter().copied().filter(|t| *t != table.name).collect::<Vec<_>>();
        (others(have).len(), others(unique))
    }

    /// Other tables that have the column as a number, and those of them that hold it at or above zero.
    pub fn non_negative_elsewhere(&self, column: &str) -> (usize, usize) {
        self.non_negative.get(column).map_or((0, 0), |(have, checked)| (have.saturating_sub(1), *checked))
    }
}
