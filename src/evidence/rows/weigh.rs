//! What an answer is worth.
//!
//! The figures are judged, not fitted: no collection of real rows was at hand. They rest on how such rows come about.
//! A check-then-write loses only where two requests for the same thing meet within milliseconds, so what a race
//! leaves is a few rows in very many; a column set that is no key repeats as often as its values are few, which is in
//! every tenth row rather than in every thousandth. Between the two lies a band in which the rows decide nothing.

use super::{Answer, Coverage};
use crate::evidence::{Evidence, Source};
use crate::guard::Guard;

/// Fewer rows prove nothing: they may be a first day's, or a developer's.
const FEW: u64 = 50;
/// From here on a sample of what an application does all day.
const MANY: f64 = 10_000.0;
/// Fewer rows refute nothing outright: one bad import is a large share of them.
const REFUTING: u64 = 200;
/// Rows in the way that are a handful, though in a small table their share is large.
const HANDFUL: u64 = 3;

/// Log-odds that rows can add to a guard at most. Raised from 3 until filled copies of real schemas (`filled/`) gave back
/// the keys that their rows were held to; it is not more, because a key may be kept by the application alone.
pub const MOST: f64 = 5.0;
/// Log-odds that rows add to a key that was found in them alone.
pub const DISCOVERED: f64 = 3.0;
/// A guard that its table's rows break all over is not meant.
pub const REFUTED: f64 = -6.0;
/// Too many for a race, too few to rule a guard out.
const UNCLEAR: f64 = -1.5;
/// The race itself, seen.
const GONE_WRONG: f64 = 2.0;
/// A key whose values are given out may be unique without being held to it: half of what chance would make of it.
const GIVEN: f64 = 0.5;
/// Some row stands on the bound and none is beyond it.
const AT_BOUND: f64 = 2.0;
/// The nearest row comes within a twentieth of the range to the bound.
const NEAR_BOUND: f64 = 0.8;
/// So far beyond the bound, as a share of the range, may a race take a number: a tenth.
const BEYOND: f64 = 0.1;
/// No row breaks the condition, and none comes near.
const UNBROKEN: f64 = 0.3;
/// A column that may be NULL and never is.
const NEVER_NULL: f64 = 1.0;
/// Every value is one of the other table's.
const NO_ORPHAN: f64 = 1.5;

/// Shares of the rows: up to `race`, two requests that met; from `refuted` on, no rule at all.
struct Shares {
    race: f64,
    refuted: f64,
}

impl Shares {
    fn of(guard: &Guard) -> Shares {
        match guard.kind() {
            // counters go wrong on few rows of many, and states are set by hand now and then
            "check" => Shares { race: 0.01, refuted: 0.05 },
            // rows go without those that point at them
            "foreign_key" => Shares { race: 0.01, refuted: 0.2 },
            _ => Shares { race: 0.001, refuted: 0.01 },
        }
    }
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: too few rows, or no more than chance gives.
    Nothing,
    /// No row is in the way.
    Supports,
    /// A few of very many are: the race has happened.
    GoneWrong,
    /// Too many for that, too few to refute.
    Unclear,
    /// The guard is not meant.
    Refutes,
}

/// What an answer says about a guard.
pub fn verdict(guard: &Guard, answer: &Answer) -> Verdict {
    let (n, v) = (answer.looked_at, answer.violations);
    let shares = Shares::of(guard);
    let share = v as f64 / n.max(1) as f64;
    if guard.kind() == "validate" || n < FEW {
        return Verdict::Nothing;
    }
    if v == 0 {
        return Verdict::Supports;
    }
    if share <= shares.race || v <= HANDFUL && share <= shares.refuted || is_overdrawn(answer) {
        // so few may be what chance gives, if it would not give far more
        let by_chance = answer.chance.is_some_and(|c| c.drawn && c.expected < 10.0 * v as f64);
        return if by_chance { Verdict::Nothing } else { Verdict::GoneWrong };
    }
    if share > shares.refuted && n >= REFUTING { Verdict::Refutes } else { Verdict::Unclear }
}

/// Whether the rows look like those of a number that stops at its bound and was taken beyond it by races: more stand on
/// the bound than beyond it, and those that are beyond have not gone far. A balance that may be overdrawn goes far.
fn is_overdrawn(answer: &Answer) -> bool {
    let Some(near) = answer.nearest else { return false };
    let beyond = answer.violations as f64 / answer.looked_at.max(1) as f64;
    near.at >= 2 && near.at as f64 / near.of.max(1) as f64 >= beyond && -near.least <= near.greatest * BEYOND
}

/// How much so many rows count: nothing up to [`FEW`], all from [`MANY`] on.
fn size(n: u64) -> f64 {
    ((n.max(1) as f64 / FEW as f64).ln() / (MANY / FEW as f64).ln()).clamp(0.0, 1.0)
}

/// What no violation in `n` rows is worth, in log-odds.
fn support(guard: &Guard, answer: &Answer) -> f64 {
    let most = match guard.kind() {
        "check" => match answer.nearest {
            Some(near) if near.least <= 0.0 => AT_BOUND,
            Some(near) if near.least <= near.greatest / 20.0 => NEAR_BOUND,
            _ => UNBROKEN,
        },
        "not_null" => NEVER_NULL,
        "foreign_key" => NO_ORPHAN,
        // e^-expected is how likely no repeat at all would be, were it chance
        _ => match answer.chance {
            Some(c) if c.drawn => c.expected.min(MOST),
            Some(c) => GIVEN * c.expected.min(MOST),
            None => 0.0,
        },
    };
    most * size(answer.looked_at)
}

/// What it would be worth if no row at all were in the way.
pub fn hope(guard: &Guard, answer: &Answer) -> f64 {
    support(guard, &Answer { violations: 0, ..answer.clone() })
}

/// The reasons in an answer, by counts alone.
pub fn evidence(guard: &Guard, answer: &Answer) -> Vec<Evidence> {
    let weight = match verdict(guard, answer) {
        Verdict::Nothing => 0.0,
        Verdict::Supports => support(guard, answer),
        Verdict::GoneWrong => GONE_WRONG * size(answer.looked_at).max(0.25),
        Verdict::Unclear => UNCLEAR,
        Verdict::Refutes => REFUTED,
    };
    let mut out = vec![Evidence::new(Source::Rows, weight, text(guard, answer))];
    if answer.discovered && answer.violations == 0 && weight >= 1.0 {
        let columns = guard.columns();
        let found = match columns.len() {
            1 => "found by looking at the rows alone".to_owned(),
            2 => "found by looking at the rows alone: neither column is unique by itself".to_owned(),
            _ => "found by looking at the rows alone: no fewer of the columns are unique".to_owned(),
        };
        out.push(Evidence::new(Source::Rows, DISCOVERED, found));
    }
    out
}

fn text(guard: &Guard, answer: &Answer) -> String {
    let (n, v) = (answer.looked_at, answer.violations);
    let rows = match &answer.coverage {
        Coverage::All => rows(n),
        Coverage::Sample { of: Some(all) } => format!("a sample of {} of about {} rows", count(n), about(*all)),
        Coverage::Sample { of: None } => format!("the first {}", rows(n)),
    };
    let (one, many) = match guard.kind() {
        "check" => ("breaks it", "break it"),
        "not_null" => ("is NULL", "are NULL"),
        "foreign_key" => ("points at nothing", "point at nothing"),
        "validate" => ("is in its way", "are in its way"),
        _ => ("repeats another one", "repeat another one"),
    };
    let mut text = match v {
        0 => format!("none of {rows} {one}"),
        1 => format!("1 of {rows} {one}"),
        _ => format!("{} of {rows} {many}", count(v)),
    };
    match verdict(guard, answer) {
        Verdict::Nothing if guard.kind() == "validate" => {}
        Verdict::Nothing if n < FEW => text.push_str("; so few prove nothing"),
        Verdict::Nothing => text.push_str(", and chance alone would give as many"),
        Verdict::Supports => text.push_str(&surprise(guard, answer)),
        Verdict::GoneWrong if is_overdrawn(answer) => {
            text.push_str(": just beyond the bound, on which more stand, as a race leaves them");
        }
        Verdict::GoneWrong => text.push_str(": a few of very many, as a race leaves them"),
        Verdict::Unclear => text.push_str(": many for a race"),
        Verdict::Refutes => text.push_str(": it does not hold, and does not seem to be meant"),
    }
    text.push_str(&uncertainty(guard, answer));
    text
}

/// Why that no row is in the way says something, or does not.
fn surprise(guard: &Guard, answer: &Answer) -> String {
    match (guard.kind(), answer.nearest, answer.chance) {
        ("check", Some(near), _) if near.least <= 0.0 => {
            let stand = if near.at == 1 { "one stands".to_owned() } else { format!("{} stand", count(near.at)) };
            match near.of < answer.looked_at {
                true => format!(", and of a sample of {} {stand} on the bound", count(near.of)),
                false => format!(", and {stand} on the bound"),
            }
        }
        ("unique" | "primary_key", _, Some(c)) if c.expected >= 1.0 => {
            format!(", where chance would make about {} do so", about((c.expected as u64).min(answer.looked_at)))
        }
        ("unique" | "primary_key", ..) => ", which may be by accident".to_owned(),
        _ => String::new(),
    }
}

/// What a sample leaves open, with 95 % certainty.
fn uncertainty(guard: &Guard, answer: &Answer) -> String {
    let Coverage::Sample { of } = answer.coverage else { return String::new() };
    let (n, v) = (answer.looked_at as f64, answer.violations);
    match (guard.kind(), of) {
        _ if n < 1.0 => String::new(),
        // a pair of rows is seen only if both are: d repeats in all are d · (n / N)² in a sample, and 3 of those
        // would show
        ("unique" | "primary_key", Some(all)) => match v {
            0 => {
                let unseen = (3.0 * (all as f64 / n).powi(2)).min(all as f64);
                format!("; up to {} could, and not be seen (95 %)", about(unseen as u64))
            }
            _ => "; in all rows there are more".to_owned(),
        },
        ("unique" | "primary_key", None) => String::new(),
        // the rule of three
        (_, _) if v == 0 => format!(": fewer than 3 in {} with 95 % certainty", count(answer.looked_at)),
        _ => {
            let (low, high) = wilson(v as f64 / n, n);
            format!(" ({:.2} to {:.2} % with 95 % certainty)", low * 100.0, high * 100.0)
        }
    }
}

/// Wilson's score interval for a share `p` seen in `n`, at 95 %.
fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z2 = 1.96f64.powi(2);
    let middle = p + z2 / (2.0 * n);
    let half = 1.96 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half) / (1.0 + z2 / n), (middle + half) / (1.0 + z2 / n))
}

fn rows(n: u64) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{} rows", count(n)) }
}

/// A number with its thousands set apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of which only two digits are meant.
fn about(n: u64) -> String {
    match n {
        0..1_000_000 => {
            let unit = 10u64.pow(n.checked_ilog10().unwrap_or(0).saturating_sub(1));
            count((n + unit / 2) / unit * unit)
        }
        _ => {
            let (unit, word) = if n < 1_000_000_000 { (1e6, "million") } else { (1e9, "billion") };
            let share = n as f64 / unit;
            if share < 10.0 { format!("{share:.1} {word}") } else { format!("{share:.0} {word}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Nearest;
    use super::super::sample::Chance;
    use super::*;
    use crate::catalog::Expr;

    fn pair() -> Guard {
        Guard::unique(&["a", "b"])
    }

    fn answer(looked_at: u64, violations: u64, expected: f64) -> Answer {
        Answer { looked_at, violations, chance: Some(Chance { expected, drawn: true }), ..Answer::default() }
    }

    fn one(guard: &Guard, answer: &Answer) -> (f64, String) {
        let all = evidence(guard, answer);
        (all[0].weight, all[0].text.clone())
    }

    #[test]
    fn a_key_by_its_repeats() {
        let (weight, text) = one(&pair(), &answer(20_000, 0, 400.0));
        assert_eq!(
            (weight, text.as_str()),
            (MOST, "none of 20,000 rows repeats another one, where chance would make about 400 do so")
        );
        let (weight, text) = one(&pair(), &answer(20_000, 0, 0.01));
        assert!(weight < 0.1 && text.ends_with("which may be by accident"), "{weight} {text}");
        assert_eq!(verdict(&pair(), &answer(1_000_000, 3, 5e4)), Verdict::GoneWrong);
        assert_eq!(verdict(&pair(), &answer(1_000_000, 3, 4.0)), Verdict::Nothing, "so many are chance");
        assert_eq!(verdict(&pair(), &answer(1_000_000, 5_000, 5e4)), Verdict::Unclear);
        assert_eq!(one(&pair(), &answer(1_000_000, 20_000, 5e4)).0, REFUTED);
        assert_eq!(verdict(&pair(), &answer(40, 9, 100.0)), Verdict::Nothing, "so few prove nothing");
        assert_eq!(verdict(&pair(), &answer(60, 3, 100.0)), Verdict::Unclear, "a twentieth is no race");
        assert_eq!(verdict(&pair(), &answer(600, 3, 100.0)), Verdict::GoneWrong);
    }

    #[test]
    fn more_rows_count_more() {
        let weight = |n| one(&pair(), &answer(n, 0, 100.0)).0;
        assert_eq!(weight(49), 0.0);
        assert!(weight(100) < weight(1000) && weight(1000) < weight(10_000));
        assert_eq!(weight(10_000), weight(10_000_000));
    }

    #[test]
    fn a_check_by_how_near_the_rows_come() {
        let seats = Guard::check(Expr::non_negative("seats"));
        let near = |least, at| Answer {
            looked_at: 50_000,
            nearest: Some(Nearest { least, greatest: 500.0, at, of: 10_000 }),
            ..Answer::default()
        };
        let (at, text) = one(&seats, &near(0.0, 120));
        assert_eq!(
            (at, text.as_str()),
            (AT_BOUND, "none of 50,000 rows breaks it, and of a sample of 10,000 120 stand on the bound")
        );
        assert!(one(&seats, &near(20.0, 0)).0 < at && one(&seats, &near(400.0, 0)).0 < one(&seats, &near(20.0, 0)).0);
        let broken = |violations| Answer { looked_at: 50_000, violations, ..Answer::default() };
        assert_eq!(verdict(&seats, &broken(300)), Verdict::GoneWrong);
        assert_eq!(verdict(&seats, &broken(9_000)), Verdict::Refutes);
        let sold_out = |violations, at, least| Answer {
            looked_at: 209,
            violations,
            nearest: Some(Nearest { least, greatest: 40.0, at, of: 209 }),
            ..Answer::default()
        };
        assert_eq!(verdict(&seats, &sold_out(7, 30, -2.0)), Verdict::GoneWrong, "oversold by two at most");
        assert_eq!(verdict(&seats, &sold_out(20, 30, -2.0)), Verdict::GoneWrong);
        assert_eq!(verdict(&seats, &sold_out(20, 30, -35.0)), Verdict::Refutes, "as far below as above");
        assert_eq!(verdict(&seats, &sold_out(20, 4, -2.0)), Verdict::Refutes, "nothing stops at 0");
    }

    #[test]
    fn a_sample_says_what_it_leaves_open() {
        let seats = Guard::check(Expr::non_negative("seats"));
        let coverage = Coverage::Sample { of: Some(40_000_000) };
        let none = Answer { looked_at: 100_000, coverage, ..Answer::default() };
        let text = one(&seats, &none).1;
        assert_eq!(
            text,
            "none of a sample of 100,000 of about 40 million rows breaks it: fewer than 3 in 100,000 with 95 % \
             certainty"
        );
        let text = one(&seats, &Answer { violations: 50, ..none.clone() }).1;
        assert!(text.ends_with("(0.04 to 0.07 % with 95 % certainty)"), "{text}");
        let text = one(&pair(), &none).1;
        assert!(text.ends_with("up to 480,000 could, and not be seen (95 %)"), "{text}");
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!((count(999), count(1_000), count(1_234_567)), ("999".into(), "1,000".into(), "1,234,567".into()));
        let all: Vec<String> = [0, 7, 123, 123_456, 1_240_000, 40_000_000, 3_000_000_000].map(about).into();
        assert_eq!(all, ["0", "7", "120", "120,000", "1.2 million", "40 million", "3.0 billion"]);
    }
}
