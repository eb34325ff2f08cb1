//! Rows that are marked as deleted and stay: a key holds for the living only.

use std::collections::HashSet;

use super::facts::{Column, Facts, Kind, Table};
use crate::catalog::{Expr, Expression};

/// How the schema marks rows as deleted.
pub struct Custom<'a> {
    columns: HashSet<&'a str>,
}

/// Column names that mark it.
const NAMES: [&str; 5] = ["deleted_at", "time_deleted", "deleted", "is_deleted", "deletedat"];

impl<'a> Custom<'a> {
    /// By columns that 15 % of the tables have, or that existing keys have in their predicates.
    pub fn of(facts: &Facts<'a>) -> Custom<'a> {
        let many = 0.15 * facts.tables.len() as f64;
        let common = |name: &&str| facts.common.get(*name).is_some_and(|n| *n as f64 >= many);
        let mut columns: HashSet<&str> = NAMES.iter().copied().filter(common).collect();
        for table in &facts.catalog.tables {
            for predicate in table.unique_keys.iter().filter_map(|k| k.predicate.as_ref()) {
                let living = |name: &&str| table.column(name).is_some() && is_living(predicate.tree(), name);
                columns.extend(predicate.columns().into_iter().filter(|c| marks(c)).filter(living));
            }
        }
        Custom { columns }
    }

    /// The condition under which a row of the table lives.
    pub fn predicate(&self, table: &Table<'_>) -> Option<Expression> {
        table.columns.iter().find(|c| self.columns.contains(c.name())).and_then(living)
    }
}

fn marks(name: &str) -> bool {
    super::words::words(name).iter().any(|w| matches!(w.as_str(), "deleted" | "deletedat" | "removed" | "archived"))
}

fn is_living(predicate: &Expr, column: &str) -> bool {
    let column = Expr::column(column);
    let null = Expr::IsNull(Box::new(column.clone()), false);
    *predicate == null || *predicate == Expr::Not(Box::new(column))
}

fn living(c: &Column<'_>) -> Option<Expression> {
    let column = Box::new(Expr::column(c.name()));
    match c.kind {
        Kind::Bool => Some(Expression::new(Expr::Not(column))),
        _ if c.required() => None,
        _ => Some(Expression::new(Expr::IsNull(column, false))),
    }
}
