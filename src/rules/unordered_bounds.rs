use super::words::words;
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, Table, TypeFamily, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A beginning and an end stand side by side, and the end may come first.
    ///
    /// ## What it finds
    /// Two columns of one type whose names say beginning and end, or least and greatest, without a CHECK on their order:
    /// `starts_at` and `ends_at`, `valid_from` and `valid_until`, `min_price` and `max_price`, `first_address` and
    /// `last_address`. A range that is turned round matches nothing: the voucher never applies, the booking blocks no
    /// room, the address is in no block, and no query fails.
    ///
    /// ## The race
    /// Each form checks the end that it knows against the end that it read:
    ///
    /// ```text
    /// session A                                        session B
    /// SELECT starts_at, ends_at …  → 9:00, 10:00
    ///                                                  SELECT starts_at, ends_at …  → 9:00, 10:00
    /// UPDATE … SET ends_at = '9:30'    (after 9:00)
    ///                                                  UPDATE … SET starts_at = '9:45'  (before 10:00)
    ///                                                  the row says 9:45 to 9:30
    /// ```
    ///
    /// ## What it looks at
    /// The names with the word of the end taken out (the rest has to be equal), the types, which of them may be NULL, and
    /// what sibling tables with both columns do. Ends that people type in weigh more than those that a process stamps as it
    /// starts and finishes. A NULL passes the CHECK, so an open end stays possible.
    ///
    /// ## When it is wrong
    /// Times of day without a date are left alone: a night shift ends before it starts. So are months and days beside
    /// years, `created` and `expires` stamps (the application adds one to the other), and `from`/`to` of moves between
    /// things, which are no range. A maximum of 0 for "no limit" needs the exception written into the CHECK.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE booking ADD CONSTRAINT … CHECK (starts_at <= ends_at) NOT VALID;`, then `VALIDATE CONSTRAINT`; with
    /// `<` where an empty range makes no sense. Django: `CheckConstraint(condition=Q(starts_at__lte=F("ends_at")), name=…)`.
    /// Rails: `add_check_constraint :bookings, "starts_at <= ends_at"`. SQLAlchemy: `CheckConstraint("starts_at <= ends_at")`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "unordered-bounds", prior: w::ORDER_PRIOR, needs: [UserTypes]
}

/// Which kind of range two words speak of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Planned,
    Bound,
    Recorded,
}

const ENDS: [(&str, &str, Kind); 20] = [
    ("start", "end", Kind::Planned),
    ("starts", "ends", Kind::Planned),
    ("begin", "end", Kind::Planned),
    ("begins", "ends", Kind::Planned),
    ("start", "finish", Kind::Planned),
    ("start", "stop", Kind::Planned),
    ("starts", "expires", Kind::Planned),
    ("from", "to", Kind::Planned),
    ("from", "until", Kind::Planned),
    ("from", "till", Kind::Planned),
    ("min", "max", Kind::Bound),
    ("minimum", "maximum", Kind::Bound),
    ("lower", "upper", Kind::Bound),
    ("low", "high", Kind::Bound),
    ("first", "last", Kind::Bound),
    ("checkin", "checkout", Kind::Planned),
    ("started", "ended", Kind::Recorded),
    ("started", "finished", Kind::Recorded),
    ("started", "completed", Kind::Recorded),
    ("opened", "closed", Kind::Recorded),
];
/// Words of tables, and columns, whose ends a process writes.
const PROCESS: [&str; 12] = [
    "run",
    "runs",
    "build",
    "builds",
    "execution",
    "executions",
    "request",
    "check",
    "profile",
    "query",
    "deployment",
    "sync",
];
/// Parts of a date that is spread over columns: they are in order only together with the others.
const PART_OF_DATE: [&str; 5] = ["month", "day", "hour", "minute", "second"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for low in &table.columns {
            out.extend(pair(table, low).and_then(|(high, kind)| look(context, table, low, high, kind)));
        }
    }
}

/// The column that ends what `low` begins.
fn pair<'a>(table: &'a Table, low: &Column) -> Option<(&'a Column, Kind)> {
    let mine = words(&low.name);
    let of = |i: usize, end: &str| {
        let mut wanted = mine.clone();
        *wanted.get_mut(i)? = end.to_owned();
        table.columns.iter().find(|c| words(&c.name) == wanted)
    };
    // from_version and to_version are a move; price_from and price_to are a range
    let moves = |i: usize, word: &str| word == "from" && i + 1 < mine.len() && low.family().is_number();
    mine.iter().enumerate().find_map(|(i, word)| {
        ENDS.iter()
            .filter(|(begin, ..)| begin == word && !moves(i, word))
            .find_map(|(_, end, kind)| of(i, end).map(|high| (high, *kind)))
    })
}

fn look(context: &Context<'_>, table: &Table, low: &Column, high: &Column, kind: Kind) -> Option<Proposal> {
    let family = low.family();
    let ordered =
        family.is_number() || matches!(family, TypeFamily::Timestamp | TypeFamily::Date | TypeFamily::Network);
    let names = [low, high];
    let key = |c: &&Column| table.references_of(&c.name).next().is_some() || words(&c.name).iter().any(|w| w == "id");
    let part = words(&low.name).last().is_some_and(|w| PART_OF_DATE.contains(&w.as_str()));
    if !ordered || high.family() != family || names.iter().any(key) || part {
        return None;
    }
    let condition = Expression::new(Expr::compare(Comparison::Le, Expr::column(&low.name), Expr::column(&high.name)));
    if check_implied(context.catalog, table, &condition) || super::checked_together(table, &[&low.name, &high.name]) {
        return None;
    }
    let moment = matches!(family, TypeFamily::Timestamp | TypeFamily::Date);
    let process = super::words::is_log(&table.name)
        || words(&table.name).iter().chain(&words(&low.name)).any(|w| PROCESS.contains(&w.as_str()));
    let kind = match kind {
        Kind::Bound if moment => Kind::Recorded, // first_seen_at, last_seen_at
        Kind::Planned if moment && process => Kind::Recorded,
        kind => kind,
    };
    let (weight, text) = match kind {
        Kind::Planned => (w::ORDER_PLANNED, "the names say a beginning and an end"),
        Kind::Bound => (w::ORDER_BOUND, "the names say the least and the greatest of one thing"),
        Kind::Recorded => {
            (w::ORDER_RECORDED, "the names say when a process began and ended, which its clock keeps in order")
        }
    };
    let message = format!("{}: {} can come after {}.", table.label(), low.name, high.name);
    let because = Evidence::new(Source::Name, weight, text);
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Medium, message, because);
    match (low.nullable, high.nullable) {
        (false, false) => {
            p.add(Evidence::new(Source::Shape, w::ORDER_REQUIRED, "both are NOT NULL: every row has the range"));
        }
        (false, true) => {
            let text = format!("{} is NOT NULL, {} may stay open", low.name, high.name);
            p.add(Evidence::new(Source::Shape, w::ORDER_REQUIRED / 2.0, text));
        }
        _ => {}
    }
    if family == TypeFamily::Date {
        p.add(Evidence::new(Source::Shape, w::ORDER_DATES, "dates are typed in by people"));
    }
    p.extend(names.into_iter().find_map(super::float_money::against_comparison));
    p.extend(siblings::check_elsewhere(context, table, &condition));
    Some(p)
}
