use std::collections::BTreeMap;

use super::remedies::Change;
use super::words::is_sold;
use super::{Context, Proposal, declare_rule, remedies, weights as w};
use crate::catalog::{Comparison, Expr, Expression};
use crate::evidence::{Severity, statements};
use crate::guard::Guard;

declare_rule! {
    /// The application changes a number only under a condition that it states itself, and the database does not hold it
    /// to it.
    ///
    /// ## What it finds
    /// With `--statements`: an UPDATE that takes from a column only where enough is left, or adds to it only while it
    /// stays beneath another column, on a table without the CHECK that says so.
    ///
    /// ## The race
    /// The statement itself is safe. The others are not:
    ///
    /// ```text
    /// session A (the view)                              session B (an import, an admin page, a second service)
    /// UPDATE show SET available_seats = available_seats - 1
    ///  WHERE id = 1 AND available_seats > 0  → 0 left
    ///                                                   UPDATE show SET available_seats = available_seats - 1
    ///                                                    WHERE id = 1                 → -1 left
    /// ```
    ///
    /// One statement states the rule, and every other that writes the column can break it. With the CHECK none can, and
    /// the one that tries gets SQLSTATE 23514.
    ///
    /// ## What it looks at
    /// The statement statistics of the server: relative changes (`c = c - _`) with a comparison of the same column in
    /// the WHERE, where a row is found by a key or by what may be one. Constants are masked there, so `c > _` and
    /// `c >= _` both lead to `c >= 0`, and nothing more is proposed; it is believed less where the name does not say that
    /// something is sold, spent or counted. A place among other rows (`position > _` of a list, a node of a tree) is
    /// compared to choose the rows that move, and is no condition. What is held beneath another column (`c < d`,
    /// `c + _ <= d`, `d - c >= _`) leads to `c <= d`.
    ///
    /// ## When it is wrong
    /// Where the masked number is not zero but below (an overdraft of 100: `balance - _ >= -100`), or where another
    /// statement may pass the limit on purpose.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE show ADD CONSTRAINT … CHECK (available_seats >= 0) NOT VALID;`, then `VALIDATE CONSTRAINT`.
    /// Keep the condition in the statement: it tells "sold out" from an error. Django:
    /// `CheckConstraint(condition=Q(available_seats__gte=0), name=…)`. Rails: `add_check_constraint :shows,
    /// "available_seats >= 0"`. SQLAlchemy: `CheckConstraint("available_seats >= 0")`. Prisma knows no CHECK: put the
    /// statement into the migration's SQL.
    "stated-condition", prior: w::STATED_PRIOR, needs: [Statements, UserTypes]
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let Some((usage, uses)) = context.usage_of(table) else { continue };
        let mut conditions: BTreeMap<String, (Expression, Vec<usize>)> = BTreeMap::new();
        for update in &uses.updates {
            for condition in statements::stated(table, &update.what).map(Expression::new) {
                let entry = conditions.entry(condition.to_string()).or_insert_with(|| (condition, Vec::new()));
                entry.1.push(update.statement);
            }
        }
        for (text, (condition, places)) in conditions {
            let columns = condition.columns();
            let Some(column) = columns.first().map(|c| (*c).to_owned()) else { continue };
            if !columns.iter().all(|c| table.column(c).is_some_and(|c| c.family().is_number())) {
                continue;
            }
            let severity = if is_sold(&column) { Severity::High } else { Severity::Medium };
            let message = format!(
                "{}.{column} is changed under a condition that means {text}, and nothing holds other statements to it.",
                table.label()
            );
            let beneath = match condition.tree() {
                Expr::Compare(Comparison::Le, _, other) => match other.as_ref() {
                    Expr::Column(other) => Some(other.clone()),
                    _ => None,
                },
                _ => None,
            };
            let guard = Guard::Check { condition };
            let mut reasons = statements::of_guard(usage, table, &guard).into_iter();
            let Some(because) = reasons.next() else { continue };
            // what is held beneath another column is counted up to it
            let remedies =
                remedies::change_in_place(table, &column, beneath.as_deref().map_or(Change::Down, Change::UpTo));
            let proposal = Proposal::new(table, guard, severity, message, because).and(reasons);
            out.push(proposal.shown_by(usage.said(places), remedies));
        }
    }
}
