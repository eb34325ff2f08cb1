use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A key that is there to make a request count once can be stored twice.
    ///
    /// ## What it finds
    /// Idempotency keys and request ids without UNIQUE, alone or within the account that sends them.
    ///
    /// ## The race
    /// ```text
    /// session A (the request)                          session B (its retry after a timeout)
    /// SELECT 1 FROM charge WHERE idempotency_key = 'k'  → none
    ///                                                  SELECT 1 FROM charge WHERE idempotency_key = 'k'  → none
    /// INSERT INTO charge (idempotency_key, amount) …
    ///                                                  INSERT INTO charge … → the customer pays twice
    /// ```
    ///
    /// The retry comes exactly when the first request is slow, that is, still running. Without the UNIQUE key the column
    /// documents the double charge; it does not prevent it.
    ///
    /// ## What it looks at
    /// The column's name, type and default, and whether an account or tenant stands beside it.
    ///
    /// ## When it is wrong
    /// Where the column is for tracing only, as in a log of requests with all their attempts.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON charge (account_id, idempotency_key)`, then `INSERT … ON CONFLICT DO NOTHING`, and if
    /// nothing was inserted read the first answer. Django: `UniqueConstraint(fields=["account", "idempotency_key"], name=…)`.
    /// Rails: `add_index :charges, [:account_id, :idempotency_key], unique: true`. Prisma:
    /// `@@unique([accountId, idempotencyKey])`. SQLAlchemy: `UniqueConstraint("account_id", "idempotency_key")`.
    "missing-idempotency-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Idempotency,
        Severity::High,
        |k| {
            let columns = inferred::and(&k.columns);
            format!("{} can store the same {columns} twice: a retried request counts twice.", k.table.label())
        },
        out,
    );
}
