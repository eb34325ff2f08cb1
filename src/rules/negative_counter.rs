use super::words::is_sold;
use super::{Context, Proposal, declare_rule};
use crate::catalog::Expr;
use crate::evidence::Severity;
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
    /// The column's type, words and default, what the table is, how the other numbers of the table are guarded, and how
    /// the schema guards a column of the same name elsewhere. A check is read by its meaning: `BETWEEN 0 AND 9`, a domain,
    /// `seats <= total` beside `seats >= 0` all count; `age < 200` does not. A number that is sold, spent or booked (seats,
    /// stock, credits, a balance) makes the finding severe; a page number does not.
    ///
    /// ## When it is wrong
    /// Where negative is a meaning and not a mistake: balances with an overdraft, deltas, offsets, adjustments,
    /// temperatures, coordinates, scores, amounts with a sign. Where the schema already checks some of its numbers, those
    /// that it leaves unchecked are believed less.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE show ADD CONSTRAINT … CHECK (available_seats >= 0) NOT VALID;`, then `VALIDATE CONSTRAINT`.
    /// Django: `PositiveIntegerField`, or `CheckConstraint(condition=Q(available_seats__gte=0), name=…)`; and in the view
    /// `Show.objects.filter(pk=pk, available_seats__gt=0).update(available_seats=F("available_seats") - 1)`.
    /// Rails: `add_check_constraint :shows, "available_seats >= 0"`. SQLAlchemy: `CheckConstraint("available_seats >= 0")`.
    /// Prisma knows no CHECK: put the statement into the migration's SQL.
    "negative-counter", needs: [UserTypes]
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for bound in &context.inference().bounds {
        let place = format!("{}.{}", bound.table.label(), bound.column);
        let (severity, message) = match is_sold(bound.column) {
            true => (Severity::High, format!("{place} can go below zero: two requests can both take the last one.")),
            false => (Severity::Medium, format!("{place} can go below zero, where a number below zero means nothing.")),
        };
        let guard = Guard::check(Expr::non_negative(bound.column));
        out.push(Proposal::inferred(bound.table, guard, severity, message, bound.belief.clone()));
    }
}
