use std::collections::BTreeSet;

use super::check_then_insert::ordered;
use super::{Context, Proposal, declare_rule, remedies, weights as w};
use crate::catalog::{Table, TypeFamily};
use crate::evidence::Severity;
use crate::evidence::statements::{conflict_columns, references, says, times};
use crate::guard::Guard;
use crate::workload::Of;
use crate::workload::access::{Conflict, Insert};

declare_rule! {
    /// An INSERT is to leave out or replace what is there already, and no key says what that is.
    ///
    /// ## What it finds
    /// With `--statements`: `ON CONFLICT DO NOTHING`, and CockroachDB's `UPSERT`, into tables where only a surrogate
    /// primary key could conflict, which never does; and `ON CONFLICT (columns)` of which no unique key is left.
    ///
    /// ## The race
    /// It needs none. Each request inserts a row of its own:
    ///
    /// ```text
    /// session A                                          session B
    /// INSERT INTO membership (user_id, group_id)
    ///  VALUES (7, 1) ON CONFLICT DO NOTHING  → 1 row
    ///                                                    INSERT INTO membership (user_id, group_id)
    ///                                                     VALUES (7, 1) ON CONFLICT DO NOTHING  → 1 row
    ///                                                    a member twice
    /// ```
    ///
    /// ## What it looks at
    /// The statement statistics of the server: what each INSERT does on a conflict, its columns, and whether a primary
    /// or unique key lies within them. A key that the application gives itself (a code, an id of another system) backs
    /// the statement; a number or UUID that is made for the row does not. Where the columns are one link, the key on it
    /// is proposed; else the statement alone does not say which columns matter.
    ///
    /// ## When it is wrong
    /// Where the statement is a habit of the ORM's bulk insert, and rows may repeat.
    ///
    /// ## How to fix it
    /// SQL: the unique key on the columns that matter, and name them: `ON CONFLICT (user_id, group_id) DO NOTHING`,
    /// which fails when the key is lost instead of doing nothing. On CockroachDB `INSERT … ON CONFLICT (…) DO UPDATE`
    /// in place of `UPSERT`, which knows the primary key only. Django: `UniqueConstraint(fields=["user", "group"],
    /// name=…)` behind `bulk_create(ignore_conflicts=True)`. Rails: a unique index behind `insert_all(…, unique_by:
    /// …)`. SQLAlchemy: `UniqueConstraint` behind `on_conflict_do_nothing(index_elements=[…])`. Prisma: `@@unique`
    /// behind `createMany({skipDuplicates: true})`.
    "conflict-without-key", prior: w::CONFLICT_PRIOR, needs: [Statements]
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let Some((usage, uses)) = context.usage_of(table) else { continue };
        let propose = |columns: &BTreeSet<String>, weight: f64, insert: &Of<Insert>, what: &str, known: bool| {
            let list = ordered(table, columns);
            let guard = match known {
                true => Guard::unique(&list.iter().map(String::as_str).collect::<Vec<_>>()),
                false => Guard::Code { columns: list.clone() },
            };
            let named = list.join(", ");
            let message = format!(
                "Rows of {} are inserted {what}, and no key on ({named}) could say that one is there already.",
                table.label()
            );
            let because = says(weight, format!("({named}) were inserted {what} {}", times(insert.count)));
            let proposal = Proposal::new(table, guard, Severity::High, message, because);
            proposal.shown_by(usage.said([insert.statement]), remedies::insert_and_see(table, &list))
        };
        for insert in &uses.inserts {
            let Some(given) = insert.what.columns.as_ref().map(|list| given(table, list)) else { continue };
            if let Some(columns) = conflict_columns(&insert.what.conflict) {
                // a key over expressions or part of the rows may be meant: the catalog cannot say that it is gone
                if columns.iter().all(|c| table.column(c).is_some()) && !is_backed(table, &columns) {
                    out.push(propose(&columns, w::CONFLICT_NAMED, insert, "ON CONFLICT on them", true));
                }
                continue;
            }
            let what = match insert.what.conflict {
                Conflict::Nothing(None) => "ON CONFLICT DO NOTHING",
                Conflict::Upsert => "by UPSERT",
                _ => continue,
            };
            if given.is_empty() || is_backed(table, &given) {
                continue;
            }
            let links: BTreeSet<String> = given.iter().filter(|c| references(table, c)).cloned().collect();
            out.push(match links.len() {
                2 => propose(&links, w::CONFLICT_LINK, insert, what, true),
                _ => propose(&given, w::CONFLICT_UNKNOWN, insert, what, false),
            });
        }
    }
}

/// The inserted columns that could tell rows apart: without what is made for the row.
fn given(table: &Table, columns: &[String]) -> BTreeSet<String> {
    let known = columns.iter().filter_map(|c| table.column(c));
    let telling = known.filter(|c| {
        let stamp = matches!(c.family(), TypeFamily::Timestamp | TypeFamily::Boolean | TypeFamily::Json);
        let surrogate = c.family() == TypeFamily::Uuid && is_primary(table, &c.name);
        !stamp && !surrogate && !c.identity
    });
    telling.map(|c| c.name.clone()).collect()
}

fn is_primary(table: &Table, column: &str) -> bool {
    table.primary_key.as_ref().is_some_and(|k| k.columns.len() == 1 && k.columns.iter().any(|c| c == column))
}

/// Whether a key, of whatever rows, lies within the columns; or over expressions, where that cannot be told.
fn is_backed(table: &Table, columns: &BTreeSet<String>) -> bool {
    let within = |list: &[String]| !list.is_empty() && list.iter().all(|c| columns.contains(c));
    table.primary_key.as_ref().is_some_and(|k| within(&k.columns))
        || table.unique_keys.iter().any(|k| k.key.iter().flat_map(|p| p.columns()).all(|c| columns.contains(c)))
        || !table.exclusions.is_empty()
}
