use super::words::words;
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Expr, Expression, Table, TypeFamily};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A column may be NULL here and is NOT NULL in nearly every other table that has it.
    ///
    /// ## What it finds
    /// Columns that at least five other tables have under the same name, with the same type and role (reference or value),
    /// and that nine tenths of those hold NOT NULL. Mostly the one was added later by an ALTER TABLE, which would have
    /// needed a default, and nobody came back.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// INSERT INTO payment (order_id) …                 (created_at forgotten: a new code path)
    ///                                                  SELECT … WHERE created_at < now() - '30 d'  → not found
    ///                                                  the payment is never swept, never archived, never reported
    /// ```
    ///
    /// ## What it looks at
    /// All tables with a column of that name; a default of its own; whether it is the stamp of a row. A reference counts
    /// against: being without is a meaning of its own.
    ///
    /// ## When it is wrong
    /// Where the table is the exception on purpose: a tenant reference that is NULL for global rows is one. With three
    /// exceptions or more there is no convention, and nothing is said.
    ///
    /// ## How to fix it
    /// SQL: fill the gaps, then `ALTER TABLE payment ALTER COLUMN created_at SET NOT NULL`; on a large PostgreSQL table first
    /// add `CHECK (created_at IS NOT NULL) NOT VALID` and validate it, which spares the scan under lock. Django: take
    /// `null=True` away. Rails: `change_column_null :payments, :created_at, false`. SQLAlchemy: `nullable=False`.
    /// Prisma: take the `?` away.
    "nullable-by-neglect", prior: w::NEGLECT_PRIOR, needs: []
}

/// Siblings that make a convention, and the exceptions that unmake it.
const ENOUGH: usize = 5;
const EXCEPTIONS: usize = 3;

/// Words of the stamps that every row has.
const STAMPS: [&str; 5] = ["created", "inserted", "added", "updated", "modified"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(table.columns.iter().filter(|c| c.nullable).filter_map(|c| look(context, table, c)));
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let (required, all) = siblings::required_elsewhere(context, table, column);
    if column.generated.is_some() || all < ENOUGH || required * 10 < all * 9 || all - required >= EXCEPTIONS {
        return None;
    }
    let name = &column.name;
    let message = format!("{}.{name} may be NULL, against the custom of the schema.", table.label());
    let text = format!("{required} of {all} other tables with {name} have it NOT NULL");
    let weight = w::NEGLECT_SIBLINGS * required as f64 / (all as f64 + 1.0);
    let because = Evidence::new(Source::Siblings, weight, text);
    let guard = Guard::NotNull { column: name.clone() };
    let mut p = Proposal::new(table, guard, Severity::Low, message, because);
    let all_words = words(name);
    if table.references_of(name).next().is_some() || all_words.iter().any(|w| matches!(w.as_str(), "id" | "uuid")) {
        p.add(Evidence::new(
            Source::Shape,
            w::NEGLECT_REFERENCE,
            format!("{name} refers to something, and may have none"),
        ));
    }
    if all_words.iter().any(|w| STAMPS.contains(&w.as_str())) && column.family() == TypeFamily::Timestamp {
        p.add(Evidence::new(Source::Name, w::NEGLECT_STAMP, format!("{name} is true of every row")));
    }
    match column.default.as_ref().map(Expression::tree) {
        None | Some(Expr::Null) => {}
        Some(value) => p.add(Evidence::new(Source::Shape, w::NEGLECT_DEFAULT, format!("its default is {value}"))),
    }
    Some(p)
}
