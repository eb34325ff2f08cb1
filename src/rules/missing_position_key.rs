use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// Rows are numbered within their parent, and nothing keeps two of them from having the same number.
    ///
    /// ## What it finds
    /// A position, number, version, revision or date beside the reference that owns the row, without UNIQUE on the two.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT max(number) FROM invoice WHERE org_id = 7  → 41
    ///                                                  SELECT max(number) …  → 41
    /// INSERT INTO invoice (org_id, number) VALUES (7, 42)
    ///                                                  INSERT … (7, 42)  → two invoices 42
    /// ```
    ///
    /// Two invoices of one number are a matter for the tax office; two versions 3 of a document are a lost edit, since the
    /// reader of "the latest" sees only one of them.
    ///
    /// ## What it looks at
    /// The column's name and type, which reference owns the row, whether the table is named after it, whether both are
    /// required, how tables with both columns do it elsewhere.
    ///
    /// ## When it is wrong
    /// Where the number only sorts and ties do no harm. Applications that reorder a list row by row break a plain UNIQUE
    /// for a moment: make it `DEFERRABLE INITIALLY DEFERRED` (PostgreSQL), or renumber in one UPDATE.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON invoice (org_id, number)`, and retry the INSERT with the next number on SQLSTATE 23505.
    /// Django: `UniqueConstraint(fields=["org", "number"], name=…)`, for lists with `deferrable=Deferrable.DEFERRED`. Rails:
    /// `add_index :invoices, [:org_id, :number], unique: true`. Prisma: `@@unique([orgId, number])`. SQLAlchemy:
    /// `UniqueConstraint("org_id", "number")`.
    "missing-position-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Position,
        Severity::Medium,
        |k| {
            let (parent, own) = inferred::split(&k.columns);
            format!("{} can hold the same {own} twice within one {parent}: max + 1 is a race.", k.table.label())
        },
        out,
    );
}
