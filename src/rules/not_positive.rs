use super::words::{singular, words};
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, Table, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A number may be zero where zero makes no sense.
    ///
    /// ## What it finds
    /// Quantities of order lines, cart items and the like, step and batch sizes, exchange rates and interval counts without
    /// a CHECK that says `> 0`. An order line over zero pieces still prints, ships an empty parcel and counts as a sale; a
    /// batch size of zero is a loop that never ends; an exchange rate of zero is a division that fails at night.
    ///
    /// ## The race
    /// ```text
    /// session A                                            session B
    /// UPDATE cart_item SET quantity = quantity - 1  → 0
    ///                                                      checkout: SELECT … FROM cart_item  → a line of 0 pieces
    /// DELETE FROM cart_item WHERE quantity = 0
    ///                                                      INSERT INTO order_item … quantity 0, and it is paid
    /// ```
    ///
    /// With the CHECK the first UPDATE fails with SQLSTATE 23514, and the code learns to delete the line instead.
    ///
    /// ## What it looks at
    /// The words of the column, the words of the table (line, item, detail), its reference to what the line belongs to, the
    /// default, and how sibling tables guard a column of that name. Where it is believed, it takes the place of `>= 0`.
    ///
    /// ## When it is wrong
    /// Stock, inventory and counters reach zero every day: they are left to `negative-counter`. Returns and corrections are
    /// booked as negative lines in some trades. A default of zero says that zero is meant.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE order_item ADD CONSTRAINT … CHECK (quantity > 0) NOT VALID;`, then `VALIDATE CONSTRAINT`.
    /// Django: `CheckConstraint(condition=Q(quantity__gt=0), name=…)`; `PositiveIntegerField` lets zero in.
    /// Rails: `add_check_constraint :order_items, "quantity > 0"`. SQLAlchemy: `CheckConstraint("quantity > 0")`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "not-positive", prior: w::POSITIVE_PRIOR, needs: [UserTypes]
}

const QUANTITY: [&str; 2] = ["quantity", "qty"];
/// Words of tables whose rows are lines of something.
const LINE: [&str; 4] = ["line", "item", "lineitem", "detail"];
/// Ends of names of divisors and steps.
const STEP: [&[&str]; 6] = [
    &["exchange", "rate"],
    &["batch", "size"],
    &["chunk", "size"],
    &["page", "size"],
    &["interval", "count"],
    &["pack", "size"],
];
/// Lines that are booked with a sign.
const SIGNED: [&str; 8] = ["return", "refund", "adjustment", "correction", "movement", "inventory", "stock", "delta"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(table.columns.iter().filter_map(|c| look(context, table, c)));
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let name = &column.name;
    let own = column.generated.is_some() || column.identity || table.in_primary_key(name);
    if !column.family().is_number() || own || table.foreign_keys.iter().any(|f| f.columns.contains(name)) {
        return None;
    }
    let of_table: Vec<String> = words(&table.name).iter().map(|w| singular(w)).collect();
    let of_column = words(name);
    if of_table.iter().chain(&of_column).any(|w| SIGNED.contains(&w.as_str())) {
        return None;
    }
    let is_line = of_table.last().is_some_and(|w| LINE.iter().any(|l| w.ends_with(l)));
    let bare = matches!(of_column.as_slice(), [only] if QUANTITY.contains(&only.as_str()));
    let ends = |tail: &[&str]| of_column.iter().map(String::as_str).collect::<Vec<_>>().ends_with(tail);
    let because = if bare && is_line && table.foreign_keys.iter().any(|f| f.columns.len() == 1) {
        let text = format!("{} holds the lines of something, and a line of nothing is no line", table.label());
        Evidence::new(Source::Name, w::POSITIVE_LINE, text)
    } else if STEP.iter().any(|tail| ends(tail)) {
        Evidence::new(Source::Name, w::POSITIVE_WORD, format!("{name} is a step or a divisor"))
    } else {
        return None;
    };
    let condition = Expression::new(Expr::compare(Comparison::Gt, Expr::column(name), Expr::Number("0".into())));
    if check_implied(context.catalog, table, &condition) {
        return None;
    }
    let message = format!("{}.{name} can be zero or less, which makes no sense.", table.label());
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Medium, message, because);
    p.extend(super::default_evidence(column, &condition));
    // a stock of the same name may be empty, which says nothing about lines
    p.extend(siblings::check_elsewhere(context, table, &condition).filter(|e| e.weight > 0.0));
    Some(p)
}
