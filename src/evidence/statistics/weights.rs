//! What the planner's statistics weigh, in log-odds as all evidence does, and from which size of a table on.

use crate::catalog::TypeFamily;

/// A key whose values repeat in a tenth of the rows and more. More than any key's name and shape can make up for: what an
/// application means to be unique it mostly keeps unique, the race lets through a few in a thousand.
pub const KEY_REPEATS: f64 = -9.0;
/// A key of which every row has a value of its own, where values of that type mostly repeat.
pub const KEY_HOLDS: f64 = 1.2;
/// Columns that are only together different in every row, and would not be if each were drawn by itself.
pub const KEY_HOLDS_TOGETHER: f64 = 2.5;
/// A condition that many rows break.
pub const CHECK_BROKEN: f64 = -7.0;
/// A condition that some row breaks and hardly any other: it is not meant, or what the guard is for has happened.
pub const CHECK_BROKEN_ONCE: f64 = -0.5;
/// A condition that the extremes obey.
pub const CHECK_HOLDS: f64 = 0.3;
/// A condition that the extremes obey and reach: the bound stops the values, not chance.
pub const CHECK_REACHED: f64 = 0.8;
/// A column that has NULLs.
pub const NULLS: f64 = -4.0;
/// A column that could have NULLs and has none.
pub const NO_NULLS: f64 = 0.8;

/// Below this number of rows nothing is said: 200 rows are what one person types in or a seed brings, and by the birthday
/// rule values drawn from 20,000 and more mostly differ in so few.
pub const FEWEST: f64 = 200.0;
/// What weighs less is not worth a line.
pub const LEAST: f64 = 0.05;
/// From here on what speaks against a guard has its whole weight: ten times what a person makes up.
const ENOUGH_AGAINST: f64 = 2_000.0;
/// From here on what speaks for a guard has its whole weight: that nothing happened says less than that something did.
const ENOUGH_FOR: f64 = 20_000.0;

/// Distinct values in proportion to rows: below, a value repeats in so many rows that no estimate is that wrong.
/// CockroachDB's sketch errs by a few in a hundred (measured on 21.1: 5020 for 5000), PostgreSQL's estimate for a key not at
/// all: it is −1 unless its sample holds a value twice.
pub const REPEATS_BELOW: f64 = 0.9;
/// From here on every row has a value of its own, as far as an estimate can tell.
pub const DIFFERS_FROM: f64 = 0.97;
/// Where values repeat in so large a part of the rows by chance, it is no chance that they do not.
pub const SURPRISE_FROM: f64 = 0.1;

/// The share of a weight that a table of so many rows gives: nothing at [`FEWEST`], then with the logarithm.
pub fn of_size(rows: f64, weight: f64) -> f64 {
    let enough = if weight < 0.0 { ENOUGH_AGAINST } else { ENOUGH_FOR };
    weight * ((rows / FEWEST).ln() / (enough / FEWEST).ln()).clamp(0.0, 1.0)
}

/// How surprising it is that no two values of a column agree: not at all where they differ by nature.
pub fn surprise(family: TypeFamily) -> f64 {
    match family {
        TypeFamily::Integer | TypeFamily::Text | TypeFamily::Network | TypeFamily::Date => 1.0,
        TypeFamily::Decimal => 0.3,
        _ => 0.0,
    }
}
