use std::collections::HashSet;
use std::mem::discriminant;

use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Comparison, Expr, Expression, Table, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// Other tables hold the same columns to a CHECK, and this one does not.
    ///
    /// ## What it finds
    /// A CHECK that at least two tables have on columns of the same names and types, and that most tables with those columns
    /// have: `name <> ''` in eleven tables of twelve, `end_date IS NULL OR ended` in nine of ten. The twelfth was made later,
    /// or by somebody else, or its CHECK was dropped for an import and not put back.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// UPDATE place_alias SET ended = false             (the form of artist_alias relies on the CHECK, and so does this one)
    ///                                                  UPDATE place_alias SET end_date_year = 1999
    ///                                                  ended in 1999 and not ended: each session saw a row that was fine
    /// ```
    ///
    /// Code that is shared by the tables was written for those that refuse. For this one nobody refuses.
    ///
    /// ## What it looks at
    /// The conditions of all CHECKs, compared by meaning and not by text; tables with columns of the same names, kinds of
    /// types and user types. A table that holds those columns to a condition of the same kind (another range, another list)
    /// has its own rule and is left alone; logs count against. `>= 0` is left to `negative-counter`.
    ///
    /// ## When it is wrong
    /// Where one name means two things (`code` of a country and `code` of an error), or the table is the exception on
    /// purpose: staging, history, what is not finished yet.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE place_alias ADD CONSTRAINT … CHECK (…) NOT VALID;`, then `VALIDATE CONSTRAINT`. Django: put the
    /// `CheckConstraint` into an abstract model, with `%(class)s` in its name. Rails: `add_check_constraint`. SQLAlchemy:
    /// `CheckConstraint` in the `__table_args__` of a mixin, through `declared_attr`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "missing-check", prior: w::ALIKE_PRIOR, needs: [UserTypes]
}

/// Tables that make a custom.
const ENOUGH: usize = 2;

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    let mut seen = HashSet::new();
    for table in &context.catalog.tables {
        for condition in table.checks.iter().filter(|c| c.enforced).map(|c| &c.expression) {
            let columns = condition.columns();
            if columns.is_empty() || is_sign(condition) || !seen.insert(condition) {
                continue;
            }
            let others = siblings::with_columns(context, &columns).filter(|t| alike(table, t, &columns));
            out.extend(others.filter_map(|t| look(context, t, condition)));
        }
    }
}

fn look(context: &Context<'_>, table: &Table, condition: &Expression) -> Option<Proposal> {
    if check_implied(context.catalog, table, condition) || has_its_own(table, condition) {
        return None;
    }
    let (held, _) = siblings::held_elsewhere(context, table, condition)?;
    let because = siblings::check_elsewhere(context, table, condition).filter(|_| held >= ENOUGH)?;
    let message = format!("{} is not held to {condition}, as other tables with these columns are.", table.label());
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Low, message, because);
    p.extend(super::words::is_log(&table.name).then(|| {
        let text = format!("{} sounds like a log, which keeps what was", table.label());
        Evidence::new(Source::Name, w::ALIKE_LOG, text)
    }));
    Some(p)
}

/// `column >= 0`, which the model speaks for.
fn is_sign(condition: &Expression) -> bool {
    matches!(condition.tree(), Expr::Compare(Comparison::Ge, c, n)
        if matches!(**c, Expr::Column(_)) && matches!(&**n, Expr::Number(n) if n == "0"))
}

/// The columns are of the same kinds of types, so that the condition can be said of both.
fn alike(a: &Table, b: &Table, columns: &[&str]) -> bool {
    columns.iter().all(|name| match (a.column(name), b.column(name)) {
        (Some(a), Some(b)) => a.family() == b.family() && a.user_type == b.user_type && b.generated.is_none(),
        _ => false,
    })
}

/// A condition of the same kind on the same columns: this table has its own values.
fn has_its_own(table: &Table, condition: &Expression) -> bool {
    let sorted = |e: &Expression| {
        let mut columns: Vec<String> = e.columns().into_iter().map(str::to_owned).collect();
        columns.sort();
        columns
    };
    let kind = |e: &Expression| discriminant(e.tree());
    let mine = (sorted(condition), kind(condition));
    table.checks.iter().any(|c| (sorted(&c.expression), kind(&c.expression)) == mine)
}
