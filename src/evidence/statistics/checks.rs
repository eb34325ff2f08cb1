//! What statistics say of a condition on numbers, and of NOT NULL.

use super::weights::{CHECK_BROKEN, CHECK_BROKEN_ONCE, CHECK_HOLDS, CHECK_REACHED, NO_NULLS, NULLS};
use super::{Estimates, Range, TableStatistics};
use crate::catalog::{Comparison, Expr};

/// How the extremes of a column stand to a condition.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Standing {
    /// Many rows break it.
    Broken,
    /// Some row breaks it, and it is not known how many.
    BrokenSomewhere,
    /// Some row breaks it, and hardly any other.
    BrokenOnce,
    /// None breaks it.
    Holds,
    /// None breaks it, and some are at the bound.
    Reached,
}

/// For or against a CHECK made of comparisons with numbers, or of two columns.
pub fn of_condition(statistics: &TableStatistics, condition: &Expr) -> Option<(f64, String)> {
    let parts: Vec<&Expr> = match condition {
        Expr::And(all) => all.iter().collect(),
        one => vec![one],
    };
    let standings: Vec<Option<Standing>> = parts.iter().map(|p| standing(statistics, p)).collect();
    let known = || standings.iter().flatten().copied();
    let worst = known().min_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))?;
    let rows = statistics.rows;
    match worst {
        Standing::Broken => Some((CHECK_BROKEN, format!("that many of the {rows:.0} rows break {condition}"))),
        Standing::BrokenSomewhere => {
            Some((CHECK_BROKEN / 2.0, format!("that at least one of the {rows:.0} rows breaks {condition}")))
        }
        Standing::BrokenOnce => Some((
            CHECK_BROKEN_ONCE,
            format!(
                "that at least one of the {rows:.0} rows breaks {condition}, and hardly more than one in a hundred: \
                 it may have gone wrong already"
            ),
        )),
        // what is not known of all parts is no support
        _ if standings.iter().any(Option::is_none) => None,
        _ if known().any(|s| s == Standing::Reached) => Some((
            CHECK_REACHED,
            format!("that none of the {rows:.0} rows breaks {condition}, and some are at its bound"),
        )),
        _ => Some((CHECK_HOLDS, format!("that none of the {rows:.0} rows breaks {condition}"))),
    }
}

/// For or against NOT NULL.
pub fn of_not_null(statistics: &TableStatistics, column: &str) -> Option<(f64, String)> {
    let estimates = statistics.of(&[column])?;
    let rows = statistics.rows;
    let nulls = estimates.null_share * rows;
    Some(match nulls > 0.0 {
        true => (NULLS, format!("{nulls:.0} NULLs of {column} in {rows:.0} rows")),
        false => (NO_NULLS, format!("no NULL of {column} in {rows:.0} rows")),
    })
}

fn standing(statistics: &TableStatistics, condition: &Expr) -> Option<Standing> {
    let Expr::Compare(op, left, right) = condition else { return None };
    let estimates = |e: &Expr| match e {
        Expr::Column(c) => statistics.of(&[c]),
        _ => None,
    };
    let left = estimates(left)?;
    match &**right {
        Expr::Number(n) => against_number(left.range?, *op, n.parse().ok()?),
        Expr::Column(_) => against_column(left, *op, estimates(right)?),
        _ => None,
    }
}

fn against_number(range: Range, op: Comparison, bound: f64) -> Option<Standing> {
    let holds = |value: f64| match op {
        Comparison::Ge => value >= bound,
        Comparison::Gt => value > bound,
        Comparison::Le => value <= bound,
        _ => value < bound,
    };
    let (extreme, common) = match op {
        Comparison::Ge | Comparison::Gt => (range.lowest, range.common.map(|(low, _)| low)),
        Comparison::Le | Comparison::Lt => (range.highest, range.common.map(|(_, high)| high)),
        Comparison::Eq | Comparison::Ne => return None,
    };
    Some(match (holds(extreme), common.map(holds)) {
        (true, _) if (extreme - bound).abs() < f64::EPSILON => Standing::Reached,
        (true, _) => Standing::Holds,
        (false, None) => Standing::BrokenSomewhere,
        (false, Some(true)) => Standing::BrokenOnce,
        (false, Some(false)) => Standing::Broken,
    })
}

/// `low <= high` in every row is broken somewhere if the greatest of the one is above all of the other, or the least of the
/// other below all of the one. That neither is so says nothing. NULL breaks nothing.
fn against_column(left: &Estimates, op: Comparison, right: &Estimates) -> Option<Standing> {
    let (low, high) = match op {
        Comparison::Le | Comparison::Lt => (left, right),
        Comparison::Ge | Comparison::Gt => (right, left),
        Comparison::Eq | Comparison::Ne => return None,
    };
    let (low_filled, high_filled) = (low.null_share == 0.0, high.null_share == 0.0);
    let (low, high) = (low.range?, high.range?);
    let broken = high_filled && low.highest > high.highest || low_filled && low.lowest > high.lowest;
    let common = low.common.zip(high.common).map(|(low_common, high_common)| {
        high_filled && low_common.1 > high.highest || low_filled && low.lowest > high_common.0
    });
    broken.then_some(match common {
        None => Standing::BrokenSomewhere,
        Some(true) => Standing::Broken,
        Some(false) => Standing::BrokenOnce,
    })
}
