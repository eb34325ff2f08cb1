use super::words::{singular, words};
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, Table, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A counter stands beside its capacity, and nothing keeps it below.
    ///
    /// ## What it finds
    /// Pairs of numbers in one table of which one counts and the other is the most that it may be: available and total
    /// seats, redemptions and allowed uses, used and quota, without a CHECK that compares them.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT redeemed, max_usages … → 99 of 100
    ///                                                  SELECT redeemed, max_usages … → 99 of 100
    /// UPDATE … SET redeemed = redeemed + 1  → 100
    ///                                                  UPDATE … SET redeemed = redeemed + 1  → 101 of 100
    /// ```
    ///
    /// It also goes the other way: a cancellation that runs twice gives back a seat that never was, and
    /// `available_seats` ends above `total_seats`. The next customer gets a ticket for it.
    ///
    /// ## What it looks at
    /// The words of both names (available, remaining, used, redeemed, booked … against total, maximum, capacity, quota, limit),
    /// whether what is left of them is the same noun, types and defaults, and what sibling tables with both columns do.
    ///
    /// ## When it is wrong
    /// Where the limit is soft: it may be lowered below what is used already, overbooked on purpose, or -1 may stand for
    /// "no limit" (a NULL limit passes the CHECK, as it should). Rates of time (`limit_per_hour`) limit something else.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE show ADD CONSTRAINT … CHECK (available_seats <= total_seats) NOT VALID;`, then `VALIDATE CONSTRAINT`.
    /// And write it as one statement: `UPDATE … SET redeemed = redeemed + 1 WHERE id = … AND redeemed < max_usages`.
    /// Django: `CheckConstraint(condition=Q(available_seats__lte=F("total_seats")), name=…)`.
    /// Rails: `add_check_constraint :shows, "available_seats <= total_seats"`.
    /// SQLAlchemy: `CheckConstraint("available_seats <= total_seats")`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "over-capacity", prior: w::CAPACITY_PRIOR, needs: [UserTypes]
}

/// Words of the part that counts.
const PART: [&str; 21] = [
    "available",
    "remaining",
    "free",
    "left",
    "used",
    "redeemed",
    "redemption",
    "consumed",
    "taken",
    "booked",
    "reserved",
    "sold",
    "claimed",
    "usage",
    "use",
    "filled",
    "spent",
    "refunded",
    "allocated",
    "registered",
    "enrolled",
];
/// Words of the most that it may be.
const WHOLE: [&str; 9] = ["total", "max", "maximum", "capacity", "quota", "limit", "allowed", "allotted", "initial"];
/// Limits that are set by hand and may be lowered.
const SOFT: [&str; 2] = ["quota", "limit"];
/// What stands in names without meaning anything here.
const FILL: [&str; 9] = ["count", "number", "num", "of", "no", "times", "time", "the", "in"];
/// A limit per something is not a limit of the whole.
const RATE: [&str; 11] = ["per", "rate", "minute", "hour", "day", "daily", "month", "override", "hard", "soft", "avg"];

/// What a name says: the role word, and the nouns that are left without it.
fn role(name: &str, roles: &[&str]) -> Option<(String, Vec<String>)> {
    let all: Vec<String> = words(name).iter().map(|w| singular(w)).collect();
    let at = all.iter().position(|w| roles.contains(&w.as_str()))?;
    let rest = all.iter().enumerate().filter(|(i, w)| *i != at && !FILL.contains(&w.as_str()));
    Some((all.get(at)?.clone(), rest.map(|(_, w)| w.clone()).collect()))
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let numbers = || table.columns.iter().filter(|c| c.family().is_number() && c.generated.is_none());
        for part in numbers() {
            // total_used is a sum that has been used, not a limit
            let Some((_, noun)) = role(&part.name, &PART).filter(|_| role(&part.name, &WHOLE).is_none()) else {
                continue;
            };
            let whole = numbers().filter_map(|c| {
                role(&c.name, &WHOLE)
                    .filter(|_| role(&c.name, &PART).is_none_or(|(w, _)| w == "use" || w == "usage"))
                    .map(|(word, rest)| (c, word, rest))
            });
            out.extend(
                whole
                    .filter_map(|(c, word, rest)| look(context, table, (part, &noun), (c, &word, &rest)))
                    .max_by(|a, b| a.weight().total_cmp(&b.weight())),
            );
        }
    }
}

fn look(
    context: &Context<'_>,
    table: &Table,
    (part, noun): (&Column, &[String]),
    (whole, word, other): (&Column, &str, &[String]),
) -> Option<Proposal> {
    let rate = |c: &Column| words(&c.name).iter().any(|w| RATE.contains(&w.as_str()));
    let key = |c: &Column| table.in_primary_key(&c.name) || table.references_of(&c.name).next().is_some();
    if part.name == whole.name || rate(part) || rate(whole) || key(part) || key(whole) {
        return None;
    }
    // max_uses: the use is the noun of the limit
    let uses = |w: &String| matches!(w.as_str(), "use" | "usage" | "redemption");
    let bare_limit = other.iter().all(uses);
    let because = if noun == other && !noun.is_empty() {
        let text = format!("{} and {} count the same thing", part.name, whole.name);
        Evidence::new(Source::Name, w::CAPACITY_NOUN, text)
    } else if noun.is_empty() && bare_limit || word == "capacity" && other.is_empty() {
        Evidence::new(
            Source::Name,
            w::CAPACITY_BARE,
            format!("{} is the only limit that {} can have", whole.name, part.name),
        )
    } else {
        return None;
    };
    let condition = Expression::new(Expr::compare(Comparison::Le, Expr::column(&part.name), Expr::column(&whole.name)));
    if check_implied(context.catalog, table, &condition) {
        return None;
    }
    let message =
        format!("{}.{} can pass {}: nothing holds the one to the other.", table.label(), part.name, whole.name);
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::High, message, because);
    if SOFT.contains(&word) {
        p.add(Evidence::new(Source::Name, w::CAPACITY_SOFT, format!("a {word} may be lowered below what is used")));
    }
    if let Some(Expr::Number(n)) = whole.default.as_ref().map(Expression::tree)
        && n.starts_with('-')
    {
        p.add(Evidence::new(Source::Shape, w::DEFAULT_BREAKS, format!("{} starts at {n}: no limit", whole.name)));
    }
    p.extend([part, whole].into_iter().find_map(super::float_money::against_comparison));
    p.extend(siblings::check_elsewhere(context, table, &condition));
    Some(p)
}
