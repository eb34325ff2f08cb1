use super::words::words;
use super::{Context, Proposal, declare_rule};
use crate::catalog::{Column, Expr, Table, TypeFamily};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A counter can go below zero: nothing in the database stops the last seat from being sold twice.
    ///
    /// ## What it finds
    /// Numeric columns that count or measure what cannot be less than nothing (seats, stock, quantity, attempts, credits)
    /// without a CHECK that says `>= 0`.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT available_seats … → 1
    ///                                                  SELECT available_seats … → 1
    /// UPDATE … SET available_seats = 0
    ///                                                  UPDATE … SET available_seats = available_seats - 1  → -1
    /// ```
    ///
    /// SERIALIZABLE does not help where read and write are statements of their own, as an ORM in autocommit sends them.
    /// With the CHECK the second UPDATE fails with SQLSTATE 23514 and nobody is sold a seat that is not there.
    ///
    /// ## What it looks at
    /// The column's words, its type and default, a capacity beside it, and how sibling tables guard a column of the same
    /// name. A check is read by its meaning: `BETWEEN 0 AND 9`, a domain, `seats <= total` beside `seats >= 0` all count;
    /// `age < 200` does not.
    ///
    /// ## When it is wrong
    /// Where negative is a meaning and not a mistake: balances with an overdraft, deltas, offsets, adjustments,
    /// temperatures, coordinates, scores, amounts with a sign. Columns with such words are left alone.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE show ADD CONSTRAINT … CHECK (available_seats >= 0) NOT VALID;`, then `VALIDATE CONSTRAINT`.
    /// Django: `PositiveIntegerField`, or `CheckConstraint(condition=Q(available_seats__gte=0), name=…)`; and in the view
    /// `Show.objects.filter(pk=pk, available_seats__gt=0).update(available_seats=F("available_seats") - 1)`.
    /// Rails: `add_check_constraint :shows, "available_seats >= 0"`. SQLAlchemy: `CheckConstraint("available_seats >= 0")`.
    "negative-counter", prior: -2.0, needs: [UserTypes]
}

/// What is counted or measured and cannot be less than nothing. Plain English; the column's last words weigh most.
const COUNTED: [&str; 38] = [
    "seats",
    "stock",
    "quantity",
    "qty",
    "count",
    "counter",
    "inventory",
    "available",
    "remaining",
    "capacity",
    "places",
    "tickets",
    "spots",
    "slots",
    "vacancies",
    "units",
    "pieces",
    "items",
    "attempts",
    "retries",
    "tries",
    "views",
    "votes",
    "likes",
    "uses",
    "usages",
    "redemptions",
    "downloads",
    "hits",
    "credits",
    "copies",
    "stars",
    "size",
    "length",
    "weight",
    "duration",
    "age",
    "total",
];
/// Money and its like: seldom negative, but an overdraft or a refund may be meant.
const MONEY: [&str; 8] = ["balance", "price", "cost", "fee", "amount", "salary", "wallet", "funds"];
/// Words with which a negative number makes sense.
const SIGNED: [&str; 28] = [
    "delta",
    "diff",
    "difference",
    "change",
    "adjustment",
    "offset",
    "temperature",
    "temp",
    "latitude",
    "lat",
    "longitude",
    "lng",
    "lon",
    "altitude",
    "elevation",
    "score",
    "rating",
    "karma",
    "reputation",
    "timezone",
    "utc",
    "variance",
    "profit",
    "gain",
    "drift",
    "correction",
    "priority",
    "overdraft",
];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for column in &table.columns {
            out.extend(look(context, table, column));
        }
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let name = &column.name;
    let referenced = table.foreign_keys.iter().any(|f| f.columns.contains(name));
    let own = column.generated.is_some() || column.identity || table.in_primary_key(name);
    if !column.family().is_number() || referenced || own {
        return None;
    }
    let words = words(name);
    let has = |list: &[&str]| words.iter().rev().find(|w| list.contains(&w.as_str())).cloned();
    if has(&SIGNED).is_some() {
        return None;
    }
    let evidence = match (has(&COUNTED), has(&MONEY)) {
        (Some(word), _) => Evidence::new(Source::Name, 2.2, format!("\"{word}\" counts what cannot be less than none")),
        (None, Some(word)) => Evidence::new(Source::Name, 1.3, format!("\"{word}\" is seldom meant to be negative")),
        (None, None) => return None,
    };
    let message = format!("{}.{name} can go below zero: two requests can both take the last one.", table.label());
    let severity = if matches!(evidence.weight, w if w > 2.0) { Severity::High } else { Severity::Medium };
    let guard = Guard::check(Expr::non_negative(name));
    let mut p = Proposal::new(table, guard, severity, message, evidence);
    p.add(match column.family() {
        TypeFamily::Integer => Evidence::new(Source::Shape, 1.0, format!("{} counts whole things", column.data_type)),
        TypeFamily::Float => {
            Evidence::new(Source::Shape, -0.5, format!("{} measures rather than counts", column.data_type))
        }
        _ => Evidence::new(Source::Shape, 0.2, format!("{} is an exact number", column.data_type)),
    });
    match column.default.as_ref().map(crate::catalog::Expression::tree) {
        Some(Expr::Number(n)) if n.starts_with('-') => {
            p.add(Evidence::new(Source::Shape, -4.0, format!("its default is {n}, a negative number")));
        }
        Some(Expr::Number(n)) => p.add(Evidence::new(Source::Shape, 0.5, format!("it starts at {n}"))),
        _ => {}
    }
    let (have, guarded) = context.conventions.non_negative_elsewhere(name);
    if guarded > 0 {
        let weight = (guarded as f64 / have.max(1) as f64) * 3.0;
        let text = format!("{guarded} of {have} other tables with {name} hold it at or above zero");
        p.add(Evidence::new(Source::Siblings, weight, text));
    }
    Some(p)
}
