//! What the schema's other tables do with the same columns: the evidence that speaks loudest.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use super::{Context, weights as w};
use crate::catalog::{Column, Expression, Table, TypeFamily, check_implied};
use crate::evidence::{Evidence, Source};

/// How many do it, and how many there are.
pub type Share = (usize, usize);
/// The same by family of type, and whether the column is a reference.
type ByRole = HashMap<(TypeFamily, bool), Share>;

/// What has been counted already, with every table in it: a column that all tables have is not counted again for each.
#[derive(Default)]
pub struct Memo<'a> {
    /// Tables by the names of their columns.
    by_column: OnceCell<HashMap<&'a str, Vec<&'a Table>>>,
    /// Of each name, family and role: how many columns are NOT NULL, and how many there are.
    required: OnceCell<HashMap<&'a str, ByRole>>,
    /// Of each condition on columns of those families: how many tables hold to it, and how many there are.
    held: RefCell<HashMap<(Expression, Vec<TypeFamily>), Share>>,
    /// The same for columns that are checked together.
    together: RefCell<HashMap<Vec<String>, Share>>,
}

/// Tables that have all the columns.
pub fn with_columns<'a>(context: &Context<'a>, columns: &[&str]) -> impl Iterator<Item = &'a Table> {
    let index = context.siblings.by_column.get_or_init(|| {
        let mut index: HashMap<&str, Vec<&Table>> = HashMap::new();
        for table in &context.catalog.tables {
            for c in &table.columns {
                index.entry(&c.name).or_default().push(table);
            }
        }
        index
    });
    let lists: Vec<&[&Table]> = columns.iter().map(|c| index.get(c).map_or(&[][..], Vec::as_slice)).collect();
    let rarest = lists.into_iter().min_by_key(|l| l.len()).unwrap_or_default().to_vec();
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    rarest.into_iter().filter(move |t| columns.iter().all(|c| t.column(c).is_some()))
}

/// Of the other tables that have columns of the same names and families as `condition` names in `table`: how many hold
/// to it, and how many there are.
pub fn held_elsewhere(context: &Context<'_>, table: &Table, condition: &Expression) -> Option<Share> {
    let columns = condition.columns();
    let families = |t: &Table| columns.iter().map(|c| Some(t.column(c)?.family())).collect::<Option<Vec<_>>>();
    let mine = families(table)?;
    let holds = |t: &Table| check_implied(context.catalog, t, condition);
    let key = (condition.clone(), mine.clone());
    let known = context.siblings.held.borrow().get(&key).copied();
    let (held, all) = known.unwrap_or_else(|| {
        let alike = with_columns(context, &columns).filter(|t| families(t).as_ref() == Some(&mine));
        let counted = alike.fold((0, 0), |(k, n), t| (k + usize::from(holds(t)), n + 1));
        context.siblings.held.borrow_mut().insert(key, counted);
        counted
    });
    // the table itself is among them
    Some((held - usize::from(held > 0 && holds(table)), all.saturating_sub(1)))
}

/// The same as evidence.
pub fn check_elsewhere(context: &Context<'_>, table: &Table, condition: &Expression) -> Option<Evidence> {
    let (held, others) = held_elsewhere(context, table, condition)?;
    let named = condition.columns().join(" and ");
    weigh(held, others, &format!("other tables with {named} hold to {condition}"))
}

/// The evidence of `k` siblings out of `n`, in words that end in `what`.
pub fn weigh(k: usize, n: usize, what: &str) -> Option<Evidence> {
    let one = what.replacen("tables", "table", 1);
    let what = if n == 1 { &one } else { what };
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
    let nullable = |t: &Table| columns.iter().all(|c| t.column(c).is_some_and(|c| c.nullable));
    let held = |t: &Table| usize::from(super::checked_together(t, columns));
    let key: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let known = context.siblings.together.borrow().get(&key).copied();
    let (k, n) = known.unwrap_or_else(|| {
        let alike = with_columns(context, columns).filter(|t| nullable(t));
        let counted = alike.fold((0, 0), |(k, n), t| (k + held(t), n + 1));
        context.siblings.together.borrow_mut().insert(key, counted);
        counted
    });
    let (k, n) = if nullable(table) { (k - held(table), n.saturating_sub(1)) } else { (k, n) };
    weigh(k, n, &format!("other tables with {} check them together", columns.join(" and ")))
}

/// Tables that have a column of the same name, family and role, and in how many of them it is NOT NULL.
pub fn required_elsewhere(context: &Context<'_>, table: &Table, column: &Column) -> (usize, usize) {
    let role = |t: &Table, c: &str| t.references_of(c).next().is_some();
    let counts = context.siblings.required.get_or_init(|| {
        let mut counts: HashMap<&str, ByRole> = HashMap::new();
        for t in &context.catalog.tables {
            for c in &t.columns {
                let of_name = counts.entry(&c.name).or_default();
                let (k, n) = of_name.entry((c.family(), role(t, &c.name))).or_default();
                (*k, *n) = (*k + usize::from(!c.nullable), *n + 1);
            }
        }
        counts
    });
    let key = (column.family(), role(table, &column.name));
    // the column itself is among them
    let (k, n) = counts.get(column.name.as_str()).and_then(|c| c.get(&key)).copied().unwrap_or((0, 1));
    (k - usize::from(!column.nullable && k > 0), n.saturating_sub(1))
}
