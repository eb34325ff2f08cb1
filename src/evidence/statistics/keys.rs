//! What statistics say of a key.

use super::TableStatistics;
use super::weights::{
    DIFFERS_FROM, KEY_HOLDS, KEY_HOLDS_TOGETHER, KEY_REPEATS, REPEATS_BELOW, SURPRISE_FROM, surprise,
};
use crate::catalog::{Expr, Expression, Table};

/// For or against no two rows agreeing on `columns`, where rows outside of `predicate` do not count.
pub fn of_key(
    statistics: &TableStatistics,
    table: &Table,
    columns: &[&str],
    predicate: Option<&Expression>,
    nulls_count: bool,
) -> Option<(f64, String)> {
    let key = Key { statistics, columns, nulls_count };
    let list = columns.join(", ");
    // rows that the key is about, at least; what repeats among all rows may not do so among some
    let about = match predicate.map(Expression::tree) {
        None => Some(1.0),
        Some(Expr::IsNull(c, false)) => match &**c {
            Expr::Column(c) => statistics.of(&[c]).map(|e| e.null_share),
            _ => None,
        },
        Some(_) => None,
    };
    let rows = about.map(|share| key.rows(columns, share));
    if let Some(rows) = rows.filter(|r| *r >= 1.0)
        && let Some(least) = key.repeats(rows, about == Some(1.0))
    {
        return Some((KEY_REPEATS, least.text(&list, rows)));
    }
    // the values of all rows differ, so those of some do
    let all = key.rows(columns, 1.0);
    let distinct = key.together()?;
    if all < super::weights::FEWEST || distinct < all * DIFFERS_FROM {
        return None;
    }
    let text = format!("as many different values of ({list}) as there are rows with one, {all:.0}");
    match columns {
        [one] => {
            let weight = KEY_HOLDS * surprise(table.column(one)?.family());
            (weight > 0.0).then_some((weight, text))
        }
        _ => {
            // one of them alone would do: nothing is known of all together
            let alone = |c: &&str| key.distinct(c).is_none_or(|d| d >= all * DIFFERS_FROM);
            if columns.iter().any(alone) {
                return None;
            }
            // were each drawn by itself, so many rows would find their combination taken
            let combinations = key.product(columns)?;
            let by_chance = 1.0 - (-all / combinations).exp();
            (by_chance >= SURPRISE_FROM).then(|| {
                let share = by_chance * 100.0;
                let chance = format!("{text}; by chance {share:.0} % of the rows would have those of another");
                (KEY_HOLDS_TOGETHER * by_chance, chance)
            })
        }
    }
}

/// Why values must repeat.
enum Repeats {
    /// There are so many different ones.
    Distinct(f64),
    /// There cannot be more combinations than so many.
    Combinations(f64),
    /// So many rows have the same value of a column, and the others not as many combinations.
    Group { column: String, rows: f64, others: f64 },
}

impl Repeats {
    fn text(&self, list: &str, rows: f64) -> String {
        match self {
            Repeats::Distinct(n) => format!("{n:.0} different values of ({list}) in {rows:.0} rows with one"),
            Repeats::Combinations(n) => format!("that ({list}) can have {n:.0} values at most, for {rows:.0} rows"),
            Repeats::Group { column, rows, others } => format!(
                "that {rows:.0} rows have the same {column}, and that the rest of ({list}) can have {others:.0} values at most"
            ),
        }
    }
}

struct Key<'a> {
    statistics: &'a TableStatistics,
    columns: &'a [&'a str],
    /// NULLs are values like any other.
    nulls_count: bool,
}

impl Key<'_> {
    /// How many rows have no NULL in `columns`, at least, if the share `about` of all rows is looked at.
    fn rows(&self, columns: &[&str], about: f64) -> f64 {
        let null = |c: &&str| self.statistics.of(&[c]).map_or(0.0, |e| e.null_share);
        let nulls: f64 = if self.nulls_count { 0.0 } else { columns.iter().map(null).sum() };
        self.statistics.rows * (about - nulls).max(0.0)
    }

    /// How many values a column has.
    fn distinct(&self, column: &str) -> Option<f64> {
        let estimates = self.statistics.of(&[column])?;
        let null = if self.nulls_count && estimates.null_share > 0.0 { 1.0 } else { 0.0 };
        Some(estimates.distinct? + null)
    }

    /// How many combinations columns can have.
    fn product(&self, columns: &[&str]) -> Option<f64> {
        columns.iter().map(|c| self.distinct(c)).product()
    }

    /// How many values the columns have together, where that was estimated. Engines differ in how they count rows with
    /// NULLs there, so those are not looked at.
    fn together(&self) -> Option<f64> {
        match self.columns {
            [one] => self.distinct(one),
            several => {
                let no_nulls = |c: &&str| self.statistics.of(&[c]).is_some_and(|e| e.null_share == 0.0);
                self.statistics.of(several).filter(|_| several.iter().all(no_nulls))?.distinct
            }
        }
    }

    /// Whether values must repeat in many of so many rows. `all`: none are left out by a predicate.
    fn repeats(&self, rows: f64, all: bool) -> Option<Repeats> {
        if let Some(distinct) = self.together().filter(|d| *d < rows * REPEATS_BELOW) {
            return Some(Repeats::Distinct(distinct));
        }
        if self.columns.len() < 2 {
            return None;
        }
        let at_most = |columns: &[&str]| {
            let each = |c: &&str| self.distinct(c).map(|d| d * self.statistics.error);
            columns.iter().map(each).product::<Option<f64>>()
        };
        if let Some(combinations) = at_most(self.columns).filter(|n| *n < rows * REPEATS_BELOW) {
            return Some(Repeats::Combinations(combinations));
        }
        self.columns.iter().filter(|_| all).find_map(|column| {
            let rest: Vec<&str> = self.columns.iter().copied().filter(|c| c != column).collect();
            let nulls = 1.0 - self.rows(&rest, 1.0) / self.statistics.rows;
            let group = (self.statistics.of(&[column])?.top_share? - nulls) * self.statistics.rows;
            let others = at_most(&rest)?;
            // a handful more than there is room for is within the error of the estimates
            let repeats = group * REPEATS_BELOW > others && group - others >= 10.0;
            repeats.then(|| Repeats::Group { column: (*column).to_owned(), rows: group, others })
        })
    }
}
