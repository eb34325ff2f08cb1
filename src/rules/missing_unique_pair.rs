use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A table joins others, and nothing keeps the same ones from being joined twice.
    ///
    /// ## What it finds
    /// Tables that are about a pair (sometimes a triple) of references: reservation, membership, vote, like, follow,
    /// enrolment, tag on a thing, and plain join tables, without a unique key on the references.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM reservation WHERE show_id = 7 AND user_id = 3  → none
    ///                                                  SELECT 1 FROM reservation WHERE …  → none
    /// INSERT INTO reservation (7, 3)
    ///                                                  INSERT INTO reservation (7, 3)  → two reservations
    /// ```
    ///
    /// Django's `get_or_create` does exactly this; only with the unique key behind it does it do what its name says. The
    /// doubles show up later: a JOIN that counts twice, a "leave" that removes one of two memberships.
    ///
    /// ## What it looks at
    /// Foreign keys, and columns named `…_id` where none are declared; what the table has beside them; whether it is named
    /// after both sides; whether they are required; what the schema's other join tables do.
    ///
    /// ## When it is wrong
    /// Where the same pair comes back on purpose: order lines, messages, ratings over time, logs. Such tables have more
    /// columns of their own, or a name that says so.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON reservation (show_id, user_id)`. Django: `UniqueConstraint(fields=["show", "user"],
    /// name=…)` and `get_or_create`, or `bulk_create(ignore_conflicts=True)`. Rails: `add_index …, unique: true` beside
    /// `validates_uniqueness_of`. Prisma: `@@unique([showId, userId])`. SQLAlchemy: `UniqueConstraint("show_id", "user_id")`.
    "missing-unique-pair", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::References,
        Severity::High,
        |k| {
            let what = if k.columns.len() == 2 { "pair" } else { "combination" };
            format!(
                "{} can hold the same ({}) twice: nothing makes the {what} unique.",
                k.table.label(),
                k.columns.join(", ")
            )
        },
        out,
    );
}
