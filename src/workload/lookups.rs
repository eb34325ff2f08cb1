//! By which columns the rows of a table are looked up.

use std::collections::BTreeSet;

use super::access::{Compared, Form, Is, Order, Read};
use super::{Of, Transaction};
use crate::catalog::{Comparison, Expr, Expression, Table, TypeFamily};
use crate::inference::words::{is_deletion, is_state};

/// Rows of a table that are looked up by exactly some columns.
#[derive(Debug, Clone)]
pub struct KeyLookup {
    /// The columns.
    pub columns: BTreeSet<String>,
    /// Those of them that are compared without regard to case.
    pub folded: BTreeSet<String>,
    /// Only these rows.
    pub rows: Option<Expression>,
    /// There are more conditions, and which rows they choose is not known: it only tells what it lists.
    pub narrowed: bool,
    /// What is asked.
    pub form: Form,
    /// In an order.
    pub ordered: bool,
    /// One in the order of the primary key, which is how ORMs fetch any one: that order says nothing.
    pub first: bool,
    /// From some row of the order on.
    pub offset: bool,
    /// How often.
    pub count: u64,
    /// How it ran.
    pub transaction: Transaction,
    /// The place of the statement.
    pub statement: usize,
}

/// The look-ups of a table by columns that could be a key. A condition whose value is masked (a state, a flag) leaves
/// it open which rows are meant: such a look-up says nothing, unless it lists in an order, for several of some rows are
/// several of all. That something is not deleted is told by the column's name.
pub fn lookups(table: &Table, reads: &[Of<Read>]) -> Vec<KeyLookup> {
    reads.iter().filter_map(|r| lookup(table, r)).collect()
}

fn lookup(table: &Table, read: &Of<Read>) -> Option<KeyLookup> {
    let filter = &read.what.filter;
    // "is there another one": WHERE slug = _ AND id <> _
    let others = |c: &Compared| c.op == Comparison::Ne && c.with.is_none() && table.in_primary_key(&c.column);
    let mut narrowed = !filter.among.is_empty() || !filter.compared.iter().all(others);
    // a join may make several rows of one, and a condition of another kind may be one
    if filter.other
        || !filter.joined.is_empty()
        || matches!(read.what.form, Form::Aggregate)
        || read.what.lock.is_some() && read.what.order != Order::None
        || read.what.form == Form::List && read.in_write
    {
        return None;
    }
    let (mut columns, mut folded, mut rows) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for l in &filter.equal {
        let family = table.column(&l.column)?.family();
        if family == TypeFamily::Boolean && is_deletion(&l.column) {
            rows.push(Expr::Not(Box::new(Expr::column(&l.column))));
        } else if l.literal || matches!(family, TypeFamily::Boolean | TypeFamily::Enum) || is_state(&l.column) {
            narrowed = true;
        } else {
            folded.extend(l.folded.then(|| l.column.clone()));
            columns.insert(l.column.clone());
        }
    }
    for mark in &filter.marks {
        let column = table.column(&mark.column)?;
        // true of every row: it chooses none
        if mark.is == Is::NotNull && (!column.nullable || table.in_primary_key(&column.name)) {
            continue;
        }
        let name = || Expr::column(&column.name);
        rows.push(match mark.is {
            Is::Null => Expr::IsNull(Box::new(name()), false),
            Is::NotNull => Expr::IsNull(Box::new(name()), true),
            Is::True => name(),
            Is::False => Expr::Not(Box::new(name())),
        });
    }
    let rows = (!rows.is_empty()).then(|| Expression::new(Expr::And(rows)));
    let Read { form, offset, ref order, .. } = read.what;
    let primary = table.primary_key.as_ref().map(|k| &k.columns);
    let first = form == Form::Limited && !offset && matches!(order, Order::Ascending(c) if Some(c) == primary);
    let ordered = *order != Order::None && !first;
    // a column that is compared to NULL is not one of the key
    if columns.is_empty() || narrowed && !ordered {
        return None;
    }
    let (count, transaction, statement) = (read.count, read.transaction, read.statement);
    Some(KeyLookup { columns, folded, rows, narrowed, form, ordered, first, offset, count, transaction, statement })
}
