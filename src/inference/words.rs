//! Names taken apart into words.

use super::model::{Class, model};

/// The words of a name, lower case: `availableSeats`, `available_seats`, `AVAILABLE-SEATS` all give `available`, `seats`;
/// `HTTPRequest` gives `http`, `request`.
pub fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut out = Vec::new();
    let mut word = String::new();
    for (i, &c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| letters.get(i));
        let after = letters.get(i + 1);
        let starts = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                let hump = b.is_ascii_lowercase() || b.is_ascii_digit();
                hump || b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if (starts || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// The singular of an English noun as names have it, good enough for comparing names: `categories` → `category`.
pub fn singular(word: &str) -> String {
    let ends = |list: &[&str]| list.iter().any(|e| word.ends_with(e));
    let cut = |n: usize| word[..word.len() - n].to_owned();
    match word.len() {
        4.. if word.ends_with("ies") => cut(3) + "y",
        5.. if ends(&["sses", "shes", "ches", "xes", "uses"]) => cut(2),
        4.. if word.ends_with('s') && !ends(&["ss", "us", "is"]) => cut(1),
        _ => word.to_owned(),
    }
}

/// Whether a name says in which state something is.
pub fn is_state(name: &str) -> bool {
    words(name).last().is_some_and(|w| matches!(w.as_str(), "status" | "state" | "stage" | "phase"))
}

/// Whether a name says that something is gone and stays.
pub fn is_deletion(name: &str) -> bool {
    let past = ["deleted", "removed", "archived", "trashed", "discarded", "destroyed"];
    words(name).iter().any(|w| past.contains(&w.as_str()))
}

/// Words of numbers that are counted up, beside those of what is sold or spent.
const RISING: [&str; 22] = [
    "count",
    "counter",
    "used",
    "usage",
    "uses",
    "redeemed",
    "redemptions",
    "booked",
    "reserved",
    "sold",
    "likes",
    "votes",
    "attempts",
    "retries",
    "tries",
    "downloads",
    "views",
    "hits",
    "clicks",
    "plays",
    "score",
    "karma",
];

/// Words of numbers that are counted down, or both ways.
const FALLING: [&str; 3] = ["left", "free", "points"];

/// Words of what is shifted when a row goes in or out: a place among others, a node's place in a tree.
const SHIFTED: [&str; 16] = [
    "position", "pos", "order", "ordering", "ordinal", "rank", "sort", "index", "idx", "seq", "sequence", "priority",
    "depth", "lft", "rgt", "rght",
];

/// Words of a bound that is set for a number, and is no number that changes with what happens: `max_seats`, `min_stock`,
/// `price_per_seat`.
const BOUNDS: [&str; 13] = [
    "max",
    "maximum",
    "min",
    "minimum",
    "threshold",
    "per",
    "default",
    "target",
    "initial",
    "reorder",
    "limit",
    "quota",
    "capacity",
];

/// Words of what became of a bound, or is left of it: `quota_used`, `remaining_capacity`.
const OF_A_BOUND: [&str; 11] =
    ["used", "left", "free", "remaining", "available", "redeemed", "booked", "reserved", "sold", "spent", "consumed"];

fn has_word(name: &str, list: &[&str]) -> bool {
    words(name).iter().any(|w| list.contains(&w.as_str()))
}

/// Whether a column's name says that it bounds what others count.
fn is_bound(column: &str) -> bool {
    has_word(column, &BOUNDS) && !has_word(column, &OF_A_BOUND)
}

/// Whether a column's name says that it is sold, booked or spent, so that the last one must not go twice.
pub fn is_sold(column: &str) -> bool {
    !is_bound(column) && words(column).iter().any(|w| model().words.sold.has(w) || model().words.spent.has(w))
}

/// Whether a column's name says that it counts upwards.
pub fn counts_up(column: &str) -> bool {
    !is_bound(column) && has_word(column, &RISING)
}

/// Whether a column's name says that it counts, or is sold or spent: it begins or ends at zero.
pub fn counts(column: &str) -> bool {
    is_sold(column) || counts_up(column) || !is_bound(column) && has_word(column, &FALLING)
}

/// Whether a column's name says that it is a place among other rows, and moves when those do.
pub fn is_place(column: &str) -> bool {
    words(column).last().is_some_and(|w| SHIFTED.contains(&w.as_str()))
}

/// What the last word of a name stands for.
fn class(column: &str) -> Option<Class> {
    words(column).last().and_then(|w| model().class(w))
}

/// Whether a column's name says that it tells rows apart by what people or systems call them.
pub fn is_natural(column: &str) -> bool {
    let natural = [Class::Name, Class::Slug, Class::Code, Class::Login, Class::Token, Class::Uuid];
    class(column).is_some_and(|c| natural.contains(&c))
}

/// Whether a column's name says that it is a day, a month or another period.
pub fn is_period(column: &str) -> bool {
    class(column) == Some(Class::Period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        for (name, parts) in [
            ("available_seats", &["available", "seats"][..]),
            ("availableSeats", &["available", "seats"]),
            ("userID", &["user", "id"]),
            ("HTTPRequestLog", &["http", "request", "log"]),
            ("OAuth2Token", &["o", "auth2", "token"]),
            ("größe", &["gr", "e"]),
            ("__", &[]),
        ] {
            assert_eq!(words(name), parts, "{name}");
        }
    }

    #[test]
    fn what_is_counted_is_told_from_its_bounds() {
        for name in ["hits", "score", "karma", "page_hits", "quota_used"] {
            assert!(counts_up(name) && counts(name), "{name}");
        }
        for name in ["stock", "remaining_seats", "available_quantity"] {
            assert!(is_sold(name) && !counts_up(name), "{name}");
        }
        for name in ["max_score", "min_stock", "seats_per_order", "usage_limit", "points_threshold", "default_quantity"]
        {
            assert!(!is_sold(name) && !counts(name), "{name}");
        }
    }

    #[test]
    fn plurals_become_singular() {
        for (plural, one) in [
            ("categories", "category"),
            ("boxes", "box"),
            ("statuses", "status"),
            ("status", "status"),
            ("addresses", "address"),
            ("users", "user"),
            ("its", "its"),
        ] {
            assert_eq!(singular(plural), one, "{plural}");
        }
    }
}
