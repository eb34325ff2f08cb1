use std::collections::BTreeSet;

use super::check_then_insert::ordered;
use super::words::{is_log, singular, words};
use super::{Context, Proposal, declare_rule, remedies, weights as w};
use crate::catalog::{Column, KeyPart, Table, TypeFamily};
use crate::evidence::statements::{conflict_columns, references, says, times};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;
use crate::workload::Of;
use crate::workload::access::{Conflict, Insert, Target};

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
    /// or unique key lies within them. A key that the application gives itself (a code, a name) backs the statement; a
    /// number or UUID that is made for the row does not, and an `id` that the application makes does not where it is the
    /// only key. Where the columns are one link, the key on it is proposed; else the statement alone does not say which
    /// columns matter.
    ///
    /// ## When it is wrong
    /// Where the statement is a habit of the ORM's bulk insert, and rows may repeat (as events may: tables that are called
    /// so are believed less), or where the same row, with the id that it got elsewhere, may be sent twice.
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
    let engine = &context.catalog.engine;
    for table in &context.catalog.tables {
        let Some((usage, uses)) = context.usage_of(table) else { continue };
        let propose = |columns: &BTreeSet<String>, weight: f64, insert: &Of<Insert>, what: &str, known: bool| {
            let list = ordered(table, columns);
            let key: Vec<KeyPart> = list.iter().cloned().map(KeyPart::Column).collect();
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
            proposal.shown_by(usage.said([insert.statement]), remedies::insert_and_see(engine, table, &key, None))
        };
        for insert in &uses.inserts {
            let Some(columns) = insert.what.columns.as_ref() else { continue };
            let given = given(table, columns);
            let id = columns.iter().filter_map(|c| table.column(c)).find(|c| is_made(table, c));
            let own_id = id.is_some();
            let named = conflict_columns(&insert.what.conflict);
            let by_id = |c: &BTreeSet<String>| c.iter().all(|c| table.column(c).is_some_and(|c| is_made(table, c)));
            let nothing = matches!(insert.what.conflict, Conflict::Nothing(_));
            if let Some(columns) = named.filter(|c| !(nothing && by_id(c))) {
                // a key over expressions or part of the rows may be meant: the catalog cannot say that it is gone
                if columns.iter().all(|c| table.column(c).is_some()) && !is_backed(table, &columns) {
                    out.push(propose(&columns, w::CONFLICT_NAMED, insert, "ON CONFLICT on them", true));
                }
                continue;
            }
            let what = match insert.what.conflict {
                Conflict::Nothing(None) => "ON CONFLICT DO NOTHING",
                Conflict::Nothing(Some(Target::Key { partial: false, .. })) if own_id => {
                    "ON CONFLICT on their id DO NOTHING"
                }
                Conflict::Upsert => "by UPSERT",
                _ => continue,
            };
            if given.is_empty() || is_backed(table, &given) {
                continue;
            }
            let links: BTreeSet<String> = given.iter().filter(|c| references(table, c)).cloned().collect();
            let mut proposal = match links.len() {
                2 => propose(&links, w::CONFLICT_LINK, insert, what, true),
                // numbers come with rows from elsewhere, or with the seeds
                _ if id.is_some_and(|c| c.family() == TypeFamily::Integer) => continue,
                _ => propose(&given, w::CONFLICT_UNKNOWN, insert, what, false),
            };
            if own_id {
                proposal.add(says(w::CONFLICT_OWN_ID, "the application gave them an id itself".to_owned()));
            }
            if is_log(&table.name) {
                let text = format!("rows of {} are events", table.name);
                proposal.add(Evidence::new(Source::Name, w::CONFLICT_EVENT, text));
            }
            out.push(proposal);
        }
    }
}

/// The inserted columns that could tell rows apart: without what is made for the row.
fn given(table: &Table, columns: &[String]) -> BTreeSet<String> {
    let known = columns.iter().filter_map(|c| table.column(c));
    let telling = known.filter(|c| {
        let stamp = matches!(c.family(), TypeFamily::Timestamp | TypeFamily::Boolean | TypeFamily::Json);
        !stamp && !is_made(table, c) && !c.identity
    });
    telling.map(|c| c.name.clone()).collect()
}

/// Whether a column is a primary key that is made for each row: a UUID, or what is called an id where no other key tells
/// rows apart.
fn is_made(table: &Table, column: &Column) -> bool {
    let primary = table.primary_key.as_ref().is_some_and(|k| k.columns == [column.name.as_str()]);
    let own = words(&column.name);
    let of_table: Vec<String> = words(&table.name).iter().map(|w| singular(w)).collect();
    let called = own.split_last().is_some_and(|(last, rest)| {
        matches!(last.as_str(), "id" | "uuid" | "guid" | "ulid") && (rest.is_empty() || rest == of_table)
    });
    let reference = table.foreign_keys.iter().any(|f| f.columns.contains(&column.name));
    let made = column.family() == TypeFamily::Uuid || called && table.unique_keys.is_empty();
    primary && !reference && made
}

/// Whether a key, of whatever rows, lies within the columns; or over expressions, where that cannot be told.
fn is_backed(table: &Table, columns: &BTreeSet<String>) -> bool {
    let within = |list: &[String]| !list.is_empty() && list.iter().all(|c| columns.contains(c));
    table.primary_key.as_ref().is_some_and(|k| within(&k.columns))
        || table.unique_keys.iter().any(|k| k.key.iter().flat_map(|p| p.columns()).all(|c| columns.contains(c)))
        || !table.exclusions.is_empty()
}
