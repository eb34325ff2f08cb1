use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A table extends another by one row each, and nothing keeps a second row out.
    ///
    /// ## What it finds
    /// Profiles, settings, balances, details: tables with one reference to what they extend, without UNIQUE on it.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT * FROM user_settings WHERE user_id = 3  → none
    ///                                                  SELECT * FROM user_settings WHERE user_id = 3  → none
    /// INSERT INTO user_settings (user_id, …)
    ///                                                  INSERT INTO user_settings (user_id, …)  → two settings
    /// ```
    ///
    /// Settings made on first use are the classic: the browser sends two requests at once, both find nothing, both insert.
    /// The user changes one of the rows and the page shows the other. For a wallet it is worse: money in one, debts in
    /// the other.
    ///
    /// ## What it looks at
    /// Whether the reference is the only one, required and cascading, whether the table is named after its target, whether
    /// anything else could name a row (a kind, a language, a number: then several rows are meant).
    ///
    /// ## When it is wrong
    /// Where a thing has several of them: addresses, contacts, a history of settings. This is the hardest shape to
    /// tell from a schema alone; findings are rarely of high confidence.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON user_settings (user_id)`. Django: `OneToOneField` instead of `ForeignKey`. Rails:
    /// `has_one` says nothing to the database, `add_index :user_settings, :user_id, unique: true` does. Prisma: `@unique` on
    /// the relation's scalar field. SQLAlchemy: `unique=True` on the foreign key column. Then insert with
    /// `ON CONFLICT (user_id) DO NOTHING` and read again.
    "missing-one-to-one", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::OneToOne,
        Severity::Medium,
        |k| {
            let column = inferred::and(&k.columns);
            format!("{} can hold two rows for one {column}, where one is meant.", k.table.label())
        },
        out,
    );
}
