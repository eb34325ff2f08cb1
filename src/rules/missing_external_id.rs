use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// An id that another system gave can be stored twice.
    ///
    /// ## What it finds
    /// Ids that reference nothing in this schema (`stripe_customer_id`, `external_id`, `provider` with `uid`) without UNIQUE,
    /// alone, with the provider, or within a parent.
    ///
    /// ## The race
    /// ```text
    /// session A (webhook)                              session B (the same webhook, delivered again)
    /// SELECT 1 FROM customer WHERE stripe_id = 'cus_1'  → none
    ///                                                  SELECT 1 FROM customer WHERE stripe_id = 'cus_1'  → none
    /// INSERT INTO customer (stripe_id) VALUES ('cus_1')
    ///                                                  INSERT … ('cus_1')  → one customer there, two here
    /// ```
    ///
    /// Every webhook sender promises "at least once". The second delivery comes when the first was slow to answer, which
    /// is when it is still being worked on.
    ///
    /// ## What it looks at
    /// Whose id it is by name, its type and place, whether a provider or a parent stands beside it, what the table is, how
    /// sibling tables treat such ids.
    ///
    /// ## When it is wrong
    /// Where rows only mention the other system's thing (an order that names its shipment, events about one customer), and
    /// where the id of a table of this schema is meant but no foreign key says so.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON identity (provider, uid)`, then `INSERT … ON CONFLICT (provider, uid) DO UPDATE`.
    /// Django: `UniqueConstraint(fields=["provider", "uid"], name=…)` and `update_or_create`. Rails:
    /// `add_index :identities, [:provider, :uid], unique: true` and `upsert`. Prisma: `@@unique([provider, uid])` and `upsert`.
    /// SQLAlchemy: `UniqueConstraint("provider", "uid")`.
    "missing-external-id", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::External,
        Severity::Medium,
        |k| {
            let columns = inferred::and(&k.columns);
            format!("{} can hold the same {columns} twice: one thing there becomes two here.", k.table.label())
        },
        out,
    );
}
