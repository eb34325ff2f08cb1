use super::{Context, Proposal, declare_rule, remedies, weights as w};
use crate::evidence::Severity;
use crate::evidence::statements::{says, times, total};
use crate::guard::Guard;
use crate::workload::Transaction;
use crate::workload::access::Lock;

declare_rule! {
    /// Rows are locked by a statement of its own, so that the lock is gone before anything is done with them.
    ///
    /// ## What it finds
    /// With `--statements`, on CockroachDB (PostgreSQL does not keep which transaction a statement ran in): `SELECT …
    /// FOR UPDATE` that ran outside of a transaction, in autocommit.
    ///
    /// ## The race
    /// ```text
    /// session A                                         session B
    /// SELECT … FOR UPDATE  → 1 seat, locked
    ///   (the statement ends, and with it the lock)
    ///                                                   SELECT … FOR UPDATE  → 1 seat, locked
    /// UPDATE show SET available_seats = 0
    ///                                                   UPDATE show SET available_seats = 0
    /// ```
    ///
    /// The code looks safe in review: the lock is there, only the transaction around it is not.
    ///
    /// ## What it looks at
    /// The statement statistics of the server: locks of rows whose statements ran in implicit transactions. A locked
    /// read within a statement that also writes (`UPDATE … WHERE id IN (SELECT … FOR UPDATE SKIP LOCKED)`) holds its
    /// lock for as long as it is needed, and is left alone.
    ///
    /// ## When it is wrong
    /// Where the lock is only waited for: to see that nobody else is at work.
    ///
    /// ## How to fix it
    /// SQL: `BEGIN` before the SELECT, `COMMIT` after the write.
    /// Django: `with transaction.atomic():` around `select_for_update()` and the save; Django itself refuses
    /// `select_for_update()` in autocommit where it can tell. Rails: `with_lock { … }` or `transaction { lock.find(id)
    /// … }`. SQLAlchemy: `with session.begin():` around `with_for_update()`, and no AUTOCOMMIT isolation level on the
    /// engine. Prisma: `$transaction(async tx => …)` around the `$queryRaw` that locks.
    "lock-in-autocommit", prior: w::LOCK_PRIOR, needs: [Statements]
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let Some((usage, uses)) = context.usage_of(table) else { continue };
        let alone = uses.reads.iter().filter(|r| {
            r.what.lock.is_some_and(|l| l > Lock::KeyShare) && r.transaction == Transaction::Implicit && !r.in_write
        });
        let alone: Vec<_> = alone.collect();
        let Some(n) = total(alone.iter().copied()) else { continue };
        let message = format!(
            "Rows of {} are locked by a statement of its own: the lock is gone before anything is done with them.",
            table.label()
        );
        let text = format!("rows were locked {} outside of a transaction", times(n));
        let because = says(w::LOCK_ALONE, text);
        let guard = Guard::Code { columns: Vec::new() };
        let proposal = Proposal::new(table, guard, Severity::High, message, because);
        out.push(proposal.shown_by(usage.said(alone.iter().map(|r| r.statement)), remedies::in_a_transaction(table)));
    }
}
