use super::words::words;
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, Table, TypeFamily, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A number on a scale with two ends can leave the scale.
    ///
    /// ## What it finds
    /// Percentages, ratings, latitudes and longitudes, ports, months, days of the week, hours and probabilities without a
    /// CHECK for both ends. The usual way out of the scale is not a typing error: it is a share that was sent as 0.15 by
    /// one client and as 15 by another, a latitude that was exchanged with its longitude, a discount that was added twice.
    ///
    /// ## The race
    /// Two requests each stay below the end, and together pass it:
    ///
    /// ```text
    /// session A                                          session B
    /// SELECT discount_percent … → 60
    ///                                                    SELECT discount_percent … → 60
    /// UPDATE … SET discount_percent = discount_percent + 30  → 90
    ///                                                    UPDATE … SET discount_percent = discount_percent + 30  → 120
    ///                                                    the shop pays its customers for buying
    /// ```
    ///
    /// ## What it looks at
    /// The last words of the name, the type, the default, and what sibling tables hold a column of that name to. Words
    /// whose scale is fixed by what they mean (port, month, latitude) weigh more than those whose scale is a custom.
    ///
    /// ## When it is wrong
    /// Shares that pass their whole by nature: growth, surge, change, utilisation, overbooking, collateral; ratings in
    /// chess and games, which have no upper end. A `smallint` port is left alone: its upper half cannot be stored anyway.
    /// Numbers with a unit of their own (`per_month`, `months`, `port_count`) are no scale. A day of the week is let range
    /// from 0 to 7, for people count it from 0, from 1, and with Sunday at both ends.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE coupon ADD CONSTRAINT … CHECK (discount_percent BETWEEN 0 AND 100) NOT VALID;`, then `VALIDATE`.
    /// Django: `CheckConstraint(condition=Q(discount_percent__range=(0, 100)), name=…)`; validators alone do not run in
    /// `update()` or `bulk_create()`. Rails: `add_check_constraint :coupons, "discount_percent BETWEEN 0 AND 100"`.
    /// SQLAlchemy: `CheckConstraint("discount_percent BETWEEN 0 AND 100")`. Prisma: has no CHECK; put the SQL into a
    /// migration made with `prisma migrate dev --create-only`.
    "unbounded-share", prior: w::RANGE_PRIOR, needs: [UserTypes]
}

/// A scale: the words at the end of a name, its ends, whether only whole numbers can be meant, how sure it is.
struct Scale {
    names: &'static [&'static [&'static str]],
    ends: (&'static str, &'static str),
    whole: bool,
    weight: f64,
    what: &'static str,
}

const SCALES: [Scale; 11] = [
    Scale {
        names: &[&["port"], &["port", "number"]],
        ends: ("0", "65535"),
        whole: true,
        weight: w::RANGE_FIXED,
        what: "a port is a number of 16 bits",
    },
    Scale {
        names: &[&["latitude"]],
        ends: ("-90", "90"),
        whole: false,
        weight: w::RANGE_PLACE,
        what: "a latitude lies between the poles; one that was exchanged with its longitude often does not",
    },
    Scale {
        names: &[&["longitude"]],
        ends: ("-180", "180"),
        whole: false,
        weight: w::RANGE_PLACE,
        what: "a longitude lies within half a turn",
    },
    Scale {
        names: &[&["month"], &["month", "number"], &["month", "of", "year"]],
        ends: ("1", "12"),
        whole: true,
        weight: w::RANGE_PLACE,
        what: "a year has twelve months",
    },
    Scale {
        names: &[&["day", "of", "week"], &["weekday"], &["week", "day"]],
        ends: ("0", "7"),
        whole: true,
        weight: w::RANGE_USUAL,
        what: "a week has seven days, counted from 0 or from 1",
    },
    Scale {
        names: &[&["day", "of", "month"]],
        ends: ("1", "31"),
        whole: true,
        weight: w::RANGE_FIXED,
        what: "a month has at most 31 days",
    },
    Scale {
        names: &[&["hour", "of", "day"]],
        ends: ("0", "24"),
        whole: true,
        weight: w::RANGE_FIXED,
        what: "a day has 24 hours",
    },
    Scale {
        names: &[&["percent"], &["percentage"], &["pct"]],
        ends: ("0", "100"),
        whole: false,
        weight: w::RANGE_USUAL,
        what: "a percentage is a share of a whole",
    },
    Scale {
        names: &[&["probability"], &["likelihood"]],
        ends: ("0", "1"),
        whole: false,
        weight: w::RANGE_USUAL,
        what: "a probability lies between never and always",
    },
    Scale {
        names: &[&["rating"], &["stars"]],
        ends: ("0", "5"),
        whole: false,
        weight: 0.0,
        what: "ratings mostly have five steps; set the ends that this one has",
    },
    Scale {
        names: &[&["lat"]],
        ends: ("-90", "90"),
        whole: false,
        weight: w::RANGE_PLACE,
        what: "a latitude lies between the poles",
    },
];

/// Words of shares that pass their whole, or of amounts that only sound like a scale.
const OPEN: [&str; 19] = [
    "growth",
    "surge",
    "change",
    "delta",
    "diff",
    "utilization",
    "utilisation",
    "overbooking",
    "collateral",
    "collateralization",
    "markup",
    "increase",
    "return",
    "yield",
    "roi",
    "gain",
    "per",
    "elo",
    "rank",
];
/// Words of tables in which people rate something.
const RATED: [&str; 7] = ["review", "rating", "feedback", "survey", "vote", "evaluation", "testimonial"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(table.columns.iter().filter_map(|c| look(context, table, c)));
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let name = &column.name;
    let whole = column.family() == TypeFamily::Integer;
    let own = column.generated.is_some() || column.identity || table.in_primary_key(name);
    if !column.family().is_number() || own || table.foreign_keys.iter().any(|f| f.columns.contains(name)) {
        return None;
    }
    let words = words(name);
    let scale = SCALES
        .iter()
        .find(|s| s.names.iter().any(|tail| words.iter().map(String::as_str).collect::<Vec<_>>().ends_with(tail)))?;
    let wide = column.data_type != "smallint" || scale.ends.1.len() < 5;
    // 0.15 and 15 are both written for a share; only whole numbers and plain decimals say which
    if (scale.whole && !whole) || !wide {
        return None;
    }
    let condition = between(name, scale.ends.0, scale.ends.1);
    if check_implied(context.catalog, table, &condition) {
        return None;
    }
    let (low, high) = scale.ends;
    let message = format!("{}.{name} is not held to {low} … {high}.", table.label());
    let because = Evidence::new(Source::Name, scale.weight, scale.what);
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Low, message, because);
    if whole {
        let text = format!("{} counts whole steps of a scale", column.data_type);
        p.add(Evidence::new(Source::Shape, w::RANGE_WHOLE, text));
    }
    if scale.names.contains(&&["rating"][..])
        && super::words::words(&table.name).iter().any(|t| RATED.contains(&super::words::singular(t).as_str()))
        && whole
    {
        let text = format!("{} is where people rate something", table.label());
        p.add(Evidence::new(Source::Name, w::RANGE_USUAL, text));
    }
    if !column.nullable {
        p.add(Evidence::new(Source::Shape, w::RANGE_REQUIRED, format!("every row has a {name}")));
    }
    if let Some(word) = words.iter().find(|x| OPEN.contains(&x.as_str())) {
        p.add(Evidence::new(Source::Name, w::RANGE_OPEN_WORD, format!("\"{word}\" may well leave the scale")));
    }
    p.extend(super::default_evidence(column, &condition));
    p.extend(siblings::check_elsewhere(context, table, &condition));
    Some(p)
}

fn between(column: &str, low: &str, high: &str) -> Expression {
    let end = |op, n: &str| Expr::compare(op, Expr::column(column), Expr::Number(n.into()));
    Expression::new(Expr::And(vec![end(Comparison::Ge, low), end(Comparison::Le, high)]))
}
