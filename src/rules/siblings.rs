//! What the schema's other tables do with the same columns: the evidence that speaks loudest.

use super::{Context, weights as w};
use crate::catalog::{Column, Expression, Table, check_implied};
use crate::evidence::{Evidence, Source};

/// Tables that have columns of the same names and families as `condition` names in `table`, and what they do about it.
pub fn check_elsewhere(context: &Context<'_>, table: &Table, condition: &Expression) -> Option<Evidence> {
    let columns = condition.columns();
    let alike = |other: &&Table| {
        !std::ptr::eq(*other, table)
            && columns.iter().all(|c| match (table.column(c), other.column(c)) {
                (Some(a), Some(b)) => a.family() == b.family(),
                _ => false,
            })
    };
    let others: Vec<&Table> = context.catalog.tables.iter().filter(alike).collect();
    let held = others.iter().filter(|t| check_implied(context.catalog, t, condition)).count();
    let named = columns.join(" and ");
    weigh(held, others.len(), &format!("other tables with {named} hold to {condition}"))
}

/// The evidence of `k` siblings out of `n`, in words that end in `what`.
pub fn weigh(k: usize, n: usize, what: &str) -> Option<Evidence> {
    match (k, n) {
        (0, 0..3) => None,
        (0, n) => {
            let weight = w::SIBLINGS_NONE * (n as f64 + 1.0).ln();
            Some(Evidence::new(Source::Siblings, weight, format!("none of {n} {what}")))
        }
        (k, n) => {
            let weight = w::SIBLINGS_ALL * k as f64 / (n as f64 + 1.0);
            Some(Evidence::new(Source::Siblings, weight, format!("{k} of {n} {what}")))
        }
    }
}

/// Tables that have the same columns, all of which may be NULL, and hold them to a CHECK together.
pub fn together_elsewhere(context: &Context<'_>, table: &Table, columns: &[&str]) -> Option<Evidence> {
    let alike = |other: &&Table| {
        !std::ptr::eq(*other, table) && columns.iter().all(|c| other.column(c).is_some_and(|c| c.nullable))
    };
    let others: Vec<&Table> = context.catalog.tables.iter().filter(alike).collect();
    let held = others.iter().filter(|t| super::checked_together(t, columns)).count();
    weigh(held, others.len(), &format!("other tables with {} check them together", columns.join(" and ")))
}

/// Tables that have a column of the same name, family and role, and in how many of them it is NOT NULL.
pub fn required_elsewhere(context: &Context<'_>, table: &Table, column: &Column) -> (usize, usize) {
    let role = |t: &Table, c: &str| t.references_of(c).next().is_some();
    let mine = role(table, &column.name);
    let others = context.catalog.tables.iter().filter(|t| !std::ptr::eq(*t, table));
    let alike = others
        .filter_map(|t| t.column(&column.name).filter(|c| c.family() == column.family() && role(t, &c.name) == mine));
    alike.fold((0, 0), |(k, n), c| (k + usize::from(!c.nullable), n + 1))
}
