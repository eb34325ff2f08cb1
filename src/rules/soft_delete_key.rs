use super::words::{marks_deletion, words};
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Expr, Expression, KeyKind, Table, UniqueKey};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A UNIQUE key counts rows that were deleted softly, so that a deleted row blocks a new one.
    ///
    /// ## What it finds
    /// Tables that mark deletion in a column and still have a key over all rows, where the rest of the schema keys only the
    /// live ones (`WHERE deleted_at IS NULL`). It shows as a support case: "I deleted my account, and now I cannot sign up
    /// again". What follows is worse than the key: somebody renames deleted rows to make room, or drops the key.
    ///
    /// ## The race
    /// The usual answer to the blocked row is code that revives it, and that is a check before a write:
    ///
    /// ```text
    /// session A                                          session B
    /// SELECT id FROM member WHERE email = 'a@x'  → 7 (deleted)
    ///                                                    SELECT id FROM member WHERE email = 'a@x'  → 7 (deleted)
    /// UPDATE member SET deleted_at = NULL WHERE id = 7
    ///                                                    UPDATE member SET deleted_at = NULL, name = … WHERE id = 7
    ///                                                    two people share account 7
    /// ```
    ///
    /// ## What it looks at
    /// The column that marks deletion, the keys of all tables that have one, how many of them are partial, and whether the
    /// key is a name that people choose, a link that is made and removed, or an identity (a token, a number) that is given
    /// out once. Medium confidence for a chosen name, high where the schema's other keys are for live rows; where three
    /// or more such keys are all full, that counts as a custom. A key that has the marker among its columns is a different
    /// mistake: `nullable-unique` reports it. A key that a foreign key points at is left alone.
    ///
    /// ## When it is wrong
    /// Where a name must never come back (invoice numbers, user names in an archive), or where deleted rows are revived by
    /// that key.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON member (email) WHERE deleted_at IS NULL`, then drop the old key.
    /// Django: `UniqueConstraint(fields=["email"], condition=Q(deleted_at__isnull=True), name=…)` instead of `unique=True`.
    /// Rails: `add_index :members, :email, unique: true, where: "deleted_at IS NULL"`.
    /// SQLAlchemy: `Index(…, unique=True, postgresql_where=text("deleted_at IS NULL"))`.
    /// Prisma: has no partial keys; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "soft-delete-key", prior: w::SOFT_DELETE_PRIOR, needs: []
}

/// Words of what people choose, and want again after deleting it.
const CHOSEN: [&str; 9] = ["name", "slug", "email", "username", "login", "code", "title", "label", "handle"];
/// Words of what is given out by a program, and never twice.
const GIVEN_OUT: [&str; 12] = [
    "id",
    "token",
    "uuid",
    "guid",
    "external",
    "key",
    "version",
    "number",
    "sequence",
    "sequential",
    "hash",
    "generation",
];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    let (mut partial, mut full) = (0, 0);
    for table in &context.catalog.tables {
        let Some(marker) = marker(table) else { continue };
        for key in table.unique_keys.iter().filter(|k| !names(k, marker)) {
            *(if excludes(key, marker) { &mut partial } else { &mut full }) += 1;
        }
    }
    for table in &context.catalog.tables {
        let Some(marker) = marker(table) else { continue };
        let keys = table.unique_keys.iter().filter(|k| k.valid && k.predicate.is_none() && !names(k, marker));
        out.extend(keys.filter_map(|k| look(context, table, k, marker, (partial, partial + full))));
    }
}

fn marker(table: &Table) -> Option<&str> {
    table.columns.iter().find(|c| c.nullable && marks_deletion(c)).map(|c| c.name.as_str())
}

fn names(key: &UniqueKey, column: &str) -> bool {
    key.key.iter().any(|p| p.columns().contains(&column))
}

fn excludes(key: &UniqueKey, column: &str) -> bool {
    key.predicate.as_ref().is_some_and(|p| p.columns().contains(&column))
}

fn look(
    context: &Context<'_>,
    table: &Table,
    key: &UniqueKey,
    marker: &str,
    (partial, all): (usize, usize),
) -> Option<Proposal> {
    let columns: Vec<&str> = key.key.iter().flat_map(|p| p.columns()).collect();
    let pointed_at = context.references_to(table).any(|f| {
        f.referenced_columns.len() == columns.len()
            && f.referenced_columns.iter().all(|c| columns.contains(&c.as_str()))
    });
    // with the primary key among its columns a key counts no two rows, deleted or not
    let whole_row = table.primary_key.as_ref().is_some_and(|k| k.columns.iter().all(|c| columns.contains(&c.as_str())));
    if pointed_at || whole_row {
        return None;
    }
    let live = Expression::new(Expr::IsNull(Box::new(Expr::column(marker)), false));
    let named = columns.join(", ");
    let message =
        format!("Unique key {} on {} ({named}) counts deleted rows: they block new ones.", key.name, table.label());
    let share = partial as f64 / (all as f64 + 1.0);
    let fact = if partial > 0 {
        let text = format!("{partial} of {all} keys on tables with soft delete are for live rows only");
        Evidence::new(Source::Siblings, w::SOFT_DELETE_SIBLINGS * share, text)
    } else {
        Evidence::new(Source::Shape, 0.0, format!("{marker} marks deleted rows, and the key is for all rows"))
    };
    let against = siblings::weigh(partial, all - 1, "other keys on tables with soft delete are for live rows only");
    let against = against.filter(|e| e.weight < 0.0);
    let guard = Guard::Rekey {
        key: key.key.clone(),
        predicate: live,
        replaced: key.name.clone(),
        constraint: key.kind != KeyKind::Index,
    };
    let mut p = Proposal::new(table, guard, Severity::Medium, message, fact).and(against);
    let says = |c: &&str, list: &[&str]| words(c).iter().any(|w| list.contains(&w.as_str()));
    let chosen = |c: &&&str| words(c).last().is_some_and(|w| CHOSEN.contains(&w.as_str()));
    let reference = |c: &&str| table.references_of(c).next().is_some();
    if let Some(c) = columns.iter().find(chosen) {
        p.add(Evidence::new(Source::Name, w::SOFT_DELETE_REUSE, format!("{c} is chosen by people, who want it again")));
    } else if columns.len() > 1 && columns.iter().all(reference) {
        let text = format!("({named}) is a link, which is made again after it was removed");
        p.add(Evidence::new(Source::Shape, w::SOFT_DELETE_RELINK, text));
    } else if columns.iter().any(|c| says(c, &GIVEN_OUT) && !reference(c)) {
        let text = format!("({named}) is an identity that is given out once");
        p.add(Evidence::new(Source::Name, w::SOFT_DELETE_IDENTITY, text));
    }
    Some(p)
}
