use std::collections::{BTreeMap, BTreeSet};

use super::words::is_log;
use super::{Context, Proposal, declare_rule, remedies, weights as w};
use crate::catalog::{Expr, Expression, KeyPart, Table, TypeFamily};
use crate::engine::Engine;
use crate::evidence::statements::{self, says, times};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;
use crate::workload::access::{Conflict, Form, Insert};
use crate::workload::{KeyLookup, Of, TableUse, Transaction, Usage};

declare_rule! {
    /// A row is looked for and then inserted, and nothing in the database keeps two requests from doing it at once.
    ///
    /// ## What it finds
    /// With `--statements`: look-ups of a table by columns that no unique key holds (`SELECT 1 … LIMIT 1`, `EXISTS`,
    /// `count(*)`, one row fetched) beside INSERTs into the same table without `ON CONFLICT`. Those columns are a key
    /// that the application believes in.
    ///
    /// ## The race
    /// ```text
    /// session A                                          session B
    /// SELECT 1 FROM reservation
    ///  WHERE show_id = 1 AND user_id = 7  → no row
    ///                                                    SELECT 1 FROM reservation
    ///                                                     WHERE show_id = 1 AND user_id = 7  → no row
    /// INSERT INTO reservation (show_id, user_id) …
    ///                                                    INSERT INTO reservation (show_id, user_id) …
    ///                                                    two reservations
    /// ```
    ///
    /// A transaction around both does not help under READ COMMITTED, PostgreSQL's default: there is no row yet that
    /// could be locked. With the key the second INSERT fails with SQLSTATE 23505.
    ///
    /// ## What it looks at
    /// The statement statistics of the server: the columns of each look-up, whether it asks for one row or lists them,
    /// the columns of the INSERTs, how often both were sent, and whether they ran in transactions, or beside about as
    /// many advisory locks. A condition such as `deleted_at IS NULL` or `NOT deleted` makes a partial key. A look-up
    /// without LIMIT is doubted, for it may be a list, and left out where a flag chooses the rows (`… AND is_active`).
    /// Doubted too are a count by references alone, and one beside the pages of a list, which is how many there are. An
    /// order by the primary key is how ORMs fetch one (`first()`), and no list. A single reference to a parent is
    /// doubted: the question may be whether the parent has any rows. Look-ups by a state or a flag are left out, for
    /// their values are masked.
    ///
    /// ## When it is wrong
    /// Where several rows are allowed and the look-up only asks for any (has this customer ordered before?), or where
    /// the INSERT has nothing to do with the look-up.
    ///
    /// ## How to fix it
    /// SQL: the unique key, and `INSERT … ON CONFLICT (show_id, user_id) DO NOTHING`.
    /// Django: `UniqueConstraint(fields=["show", "user"], name=…)`, then `get_or_create(…)`, which catches the error
    /// and reads again, or `bulk_create(rows, ignore_conflicts=True)`. Without the constraint `get_or_create` makes two
    /// rows as well. Rails: `add_index :reservations, [:show_id, :user_id], unique: true`, then `create_or_find_by`;
    /// `validates_uniqueness_of` alone is this race. SQLAlchemy: `UniqueConstraint("show_id", "user_id")`, then
    /// `insert(…).on_conflict_do_nothing()`. Prisma: `@@unique([showId, userId])`, then `upsert`.
    "check-then-insert", prior: w::LOOKED_FOR_PRIOR, needs: [Statements]
}

/// What makes two look-ups ask for the same key: columns, those without regard to case, the rows.
type Asked = (BTreeSet<String>, BTreeSet<String>, Option<String>);

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let Some((usage, uses)) = context.usage_of(table) else { continue };
        let mut asked: BTreeMap<Asked, Vec<&KeyLookup>> = BTreeMap::new();
        for l in uses.lookups.iter().filter(|l| looks(l)) {
            let key = (l.columns.clone(), l.folded.clone(), l.rows.as_ref().map(ToString::to_string));
            asked.entry(key).or_default().push(l);
        }
        let engine = &context.catalog.engine;
        out.extend(asked.into_values().filter_map(|list| look(engine, table, (usage, uses), &list)));
    }
}

fn look(engine: &Engine, table: &Table, (usage, uses): (&Usage, &TableUse), asked: &[&KeyLookup]) -> Option<Proposal> {
    let first = asked.first()?;
    let keyable = |c: &String| {
        table.column(c).is_some_and(|c| {
            c.generated.is_none() && !matches!(c.family(), TypeFamily::Json | TypeFamily::Float | TypeFamily::Array)
        })
    };
    if !first.columns.iter().all(keyable) {
        return None;
    }
    let inserts: Vec<&Of<Insert>> = uses.inserts.iter().filter(|i| inserts(&i.what, &first.columns)).collect();
    let inserted = statements::total(inserts.iter().copied())?;
    let looked = statements::sent(asked.iter().map(|l| (l.statement, l.count)))?;
    let columns = ordered(table, &first.columns);
    let part = |c: &String| match first.folded.contains(c) {
        true => KeyPart::Expression(Expression::new(Expr::Call("lower".into(), vec![Expr::column(c)]))),
        false => KeyPart::Column(c.clone()),
    };
    let key: Vec<KeyPart> = columns.iter().map(part).collect();
    let remedies = remedies::insert_and_see(engine, table, &key, first.rows.as_ref());
    let guard = Guard::Unique { key, predicate: first.rows.clone(), nulls_not_distinct: false };
    let list = columns.join(", ");
    let rows = first.rows.as_ref().map(|r| format!(" Rows outside of {r} do not count.")).unwrap_or_default();
    let message = format!(
        "A row of {} is looked for by ({list}) and then inserted: two requests can both find none and both \
         insert.{rows}",
        table.label()
    );
    let mut reasons = statements::of_guard(usage, table, &guard).into_iter();
    let because = reasons.next()?;
    let mut p = Proposal::new(table, guard, Severity::High, message, because).and(reasons);
    p.add(says(0.0, format!("rows with ({list}) were inserted {} without ON CONFLICT", times(inserted))));
    let asks_for_one = |l: &&KeyLookup| l.form == Form::Exists || l.form == Form::Limited && !l.ordered;
    let link = columns.len() > 1 && columns.iter().all(|c| statements::references(table, c));
    if link && asked.iter().any(asks_for_one) {
        p.add(Evidence::new(Source::Shape, w::LOOKED_FOR_LINK, format!("({list}) are the sides of a link")));
    }
    if is_log(&table.name) {
        p.add(Evidence::new(Source::Name, w::LOOKED_FOR_EVENT, format!("rows of {} are events", table.name)));
    }
    if looked.saturating_mul(10) < inserted {
        p.add(says(w::LOOKED_FOR_SELDOM, format!("it was looked for {} only", times(looked))));
    }
    p.extend(statements::of_advisory_locks(usage, inserted, w::LOOKED_FOR_ADVISORY));
    let looks: Vec<(Transaction, u64)> = asked.iter().map(|l| (l.transaction, l.count)).collect();
    let writes: Vec<(Transaction, u64)> = inserts.iter().map(|i| (i.transaction, i.count)).collect();
    let weights = (w::LOOKED_FOR_ALONE, w::LOOKED_FOR_SERIALIZABLE);
    let serializable = engine.is_serializable_by_default();
    p.extend(statements::of_transactions(("the look-ups", &looks), &writes, serializable, weights));
    let places = asked.iter().map(|l| l.statement).chain(inserts.iter().map(|i| i.statement));
    Some(p.shown_by(usage.said(places), remedies))
}

/// Whether a look-up may look before an INSERT: not for a list, nor, without a LIMIT, for those of some flag.
fn looks(l: &KeyLookup) -> bool {
    let lists = l.form == Form::List && (l.ordered || !statements::is_living(l.rows.as_ref()));
    !l.narrowed && !lists
}

/// Whether an INSERT gives values for all the columns, and fails if a key says no.
fn inserts(insert: &Insert, columns: &BTreeSet<String>) -> bool {
    let holds = insert.columns.as_ref().is_none_or(|list| columns.iter().all(|c| list.contains(c)));
    insert.conflict == Conflict::Fails && holds
}

/// References first, each in the order of the table: a WHERE has them in the ORM's.
pub fn ordered(table: &Table, columns: &BTreeSet<String>) -> Vec<String> {
    let all = table.columns.iter().map(|c| c.name.clone()).filter(|c| columns.contains(c));
    let (mut references, others): (Vec<String>, Vec<String>) = all.partition(|c| statements::references(table, c));
    references.extend(others);
    references
}
