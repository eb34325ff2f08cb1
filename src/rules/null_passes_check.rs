use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Check, Column, Expr, Expression, Table};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A CHECK looks at a column that may be NULL, and NULL passes every CHECK.
    ///
    /// ## What it finds
    /// Two shapes in which that is seldom meant: a comparison of two columns of which the first, or the only one that
    /// may be NULL, is not the open end (`starts_at < ends_at` with `starts_at` NULLable), and a bound on one number that has
    /// a default but no NOT NULL (`stock int DEFAULT 0 CHECK (stock >= 0)`). A CHECK fails only when it is false. With NULL it
    /// is neither true nor false, and the row gets in.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// UPDATE show SET available_seats = NULL           (an import with a column missing)
    ///                                                  UPDATE show SET available_seats = available_seats - 1
    ///                                                  → NULL - 1 is NULL, the CHECK passes, the seat is sold, for ever
    /// ```
    ///
    /// ## What it looks at
    /// The condition of each CHECK, which of its columns may be NULL, their defaults, and whether columns of that name are
    /// NOT NULL in sibling tables. A CHECK that speaks of NULL itself (`a IS NULL OR …`) has been thought about and is left
    /// alone. Low confidence, unless the siblings say otherwise.
    ///
    /// ## When it is wrong
    /// Mostly: a bound on an optional number is normal, and so is an end that stays open.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE show ALTER COLUMN available_seats SET NOT NULL`; on a large PostgreSQL table first add
    /// `CHECK (available_seats IS NOT NULL) NOT VALID` and validate it. Django: take `null=True` away. Rails:
    /// `change_column_null :shows, :available_seats, false`. SQLAlchemy: `nullable=False`. Prisma: take the `?` away.
    "null-passes-check", prior: w::NULL_CHECK_PRIOR, needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for c in table.checks.iter().filter(|c| c.enforced) {
            out.extend(look(context, table, c));
        }
    }
}

fn look(context: &Context<'_>, table: &Table, check: &Check) -> Option<Proposal> {
    let columns: Vec<&Column> = check.expression.columns().into_iter().filter_map(|c| table.column(c)).collect();
    let mut plain = true;
    check.expression.tree().walk(&mut |e| {
        plain &= matches!(e, Expr::Compare(..) | Expr::And(_) | Expr::Column(_) | Expr::Number(_));
    });
    if !plain {
        return None;
    }
    let (column, because) = match (check.expression.tree(), columns.as_slice()) {
        // canonical form: the smaller side stands left
        (Expr::Compare(..), [low, high]) if low.nullable && !high.nullable => {
            let text = format!("{} is NOT NULL, and without {} it bounds nothing", high.name, low.name);
            (*low, Evidence::new(Source::Shape, w::NULL_CHECK_START, text))
        }
        (_, [only]) if only.nullable && only.family().is_number() => {
            let n = only.default.as_ref().map(Expression::tree).filter(|d| matches!(d, Expr::Number(_)))?;
            let text = format!("its default is {n}: NULL gets in only where it is written");
            (*only, Evidence::new(Source::Shape, w::NULL_CHECK_DEFAULT, text))
        }
        _ => return None,
    };
    let name = &column.name;
    let message = format!("CHECK {} on {} lets NULL pass in {name}.", check.name, table.label());
    let guard = Guard::NotNull { column: name.clone() };
    let mut p = Proposal::new(table, guard, Severity::Low, message, because);
    let (required, all) = siblings::required_elsewhere(context, table, column);
    p.extend(siblings::weigh(required, all, &format!("other tables with {name} have it NOT NULL")));
    Some(p)
}
