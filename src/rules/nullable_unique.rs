use super::{Context, Proposal, declare_rule, weights as w};
use crate::catalog::{Column, Expr, Expression, KeyPart, Table, TypeFamily, UniqueKey, unique_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A UNIQUE key has a column that may be NULL, and rows with NULL never conflict.
    ///
    /// ## What it finds
    /// Keys over several columns of which some may be NULL: `UNIQUE (parent_id, name)` keeps names apart below a parent,
    /// but lets any number of equal names in at the top, where `parent_id` is NULL. The classic is
    /// `UNIQUE (email, deleted_at)`: every live row has NULL there, so live rows never conflict and the key does nothing.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT … WHERE email = 'a@x' AND deleted_at IS NULL  → none
    ///                                                  SELECT …  → none
    /// INSERT (email, deleted_at) VALUES ('a@x', NULL)  → ok
    ///                                                  INSERT … ('a@x', NULL)  → ok: NULL is not equal to NULL
    /// ```
    ///
    /// ## What it looks at
    /// The key's columns, which of them may be NULL, whether one of them marks deleted rows or points at the table itself,
    /// and whether another key closes the hole. Where a second key has another reference in that place (`(device_id, name)`
    /// beside `(module_id, name)`), NULL means that the row belongs there. Only a column that rows are within (a parent, another reference, a tenant,
    /// a mark of deletion) makes a hole. In a column that names the row NULL means "has none", and many may have none:
    /// such a key is left alone, as is one on a single column.
    ///
    /// ## When it is wrong
    /// Where NULL means "unknown" and several unknowns are right. Keys with more than three such columns are not
    /// looked at.
    ///
    /// ## How to fix it
    /// On every engine: a partial key for the rows with NULL, `CREATE UNIQUE INDEX … ON t (name) WHERE parent_id IS NULL`.
    /// PostgreSQL 15 and later: `UNIQUE NULLS NOT DISTINCT (parent_id, name)`. Or make the column NOT NULL.
    /// Django: `UniqueConstraint(fields=["name"], condition=Q(parent__isnull=True), name=…)`, or `nulls_distinct=False`.
    /// Rails: `add_index :folders, :name, unique: true, where: "parent_id IS NULL"`, or `nulls_not_distinct: true`. SQLAlchemy:
    /// `Index(…, "name", unique=True, postgresql_where=text("parent_id IS NULL"))`, or `postgresql_nulls_not_distinct=True`.
    /// Prisma has no partial keys: put the statement into the migration by hand (`prisma migrate dev --create-only`).
    "nullable-unique", prior: w::NULLABLE_PRIOR, needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for key in &table.unique_keys {
            if let Some(p) = look(table, key) {
                out.push(p);
            }
        }
    }
}

fn look(table: &Table, key: &UniqueKey) -> Option<Proposal> {
    let columns = key.plain_columns().filter(|c| c.len() > 1 && key.valid)?;
    let nullable: Vec<&Column> = columns.iter().filter_map(|c| table.column(c)).filter(|c| c.nullable).collect();
    if nullable.is_empty() || nullable.len() > 3 || key.nulls_not_distinct || key.predicate.is_some() {
        return None;
    }
    let is_null = |c: &str| Expr::IsNull(Box::new(Expr::column(c)), false);
    // a NULL in what names the row means "has none", and many may have none: only what rows are within is a hole
    let naming = columns.iter().filter_map(|c| table.column(c)).any(|c| names_row(table, c));
    let hole = |c: &&&Column| super::words::marks_deletion(c) || naming && is_scope(table, c);
    let mut holes: Vec<&Column> = nullable.iter().filter(hole).copied().collect();
    if holes.len() > 1 && holes.len() < nullable.len() {
        // NULLs that are meant cannot be told from those that are not by NULLS NOT DISTINCT
        holes.sort_by_key(|c| !super::words::marks_deletion(c));
        holes.truncate(1);
    }
    let names: Vec<&str> = holes.iter().map(|c| c.name.as_str()).collect();
    let (guard, hole) = match names.as_slice() {
        [] => return None,
        [one] => {
            let rest: Vec<&str> = columns.iter().copied().filter(|c| c != one).collect();
            if rest.iter().filter_map(|c| table.column(c)).all(|c| super::words::marks_deletion(c) || is_moment(c)) {
                return None;
            }
            let predicate = Expression::new(is_null(one));
            if unique_implied(table, &rest, Some(&predicate), false) {
                return None;
            }
            let key = rest.iter().map(|c| KeyPart::Column((*c).to_owned())).collect();
            let hole = format!("rows with equal ({}) are let in as often as {one} is NULL", rest.join(", "));
            (Guard::Unique { key, predicate: Some(predicate), nulls_not_distinct: false }, hole)
        }
        several => {
            let closed = several.iter().all(|c| {
                let rest: Vec<&str> = columns.iter().copied().filter(|x| x != c).collect();
                unique_implied(table, &rest, Some(&Expression::new(is_null(c))), false)
            });
            if closed {
                return None;
            }
            let parts = columns.iter().map(|c| KeyPart::Column((*c).to_owned())).collect();
            let hole = format!("it lets equal rows in wherever one of {} is NULL", several.join(", "));
            (Guard::Unique { key: parts, predicate: None, nulls_not_distinct: true }, hole)
        }
    };
    let message = format!("Unique key {} on ({}) does not hold for NULL: {hole}.", key.name, columns.join(", "));
    let fact = format!("{} may be NULL, and NULLs are distinct in a unique key", names.join(" and "));
    let marks = holes.iter().find(|c| super::words::marks_deletion(c));
    let severity = if marks.is_some() { Severity::High } else { Severity::Medium };
    let mut proposal =
        Proposal::new(table, guard, severity, message, Evidence::new(Source::Shape, w::NULLABLE_FACT, fact));
    if let Some(c) = marks {
        let text = format!("{} is NULL for every live row, so the key holds for none of them", c.name);
        proposal.add(Evidence::new(Source::Name, w::NULLABLE_DELETED, text));
    }
    if let Some(other) = alternative(table, &columns, &names) {
        let text = format!(
            "key {other} has another column in the place of {}: NULL means that the row is within that",
            names.join(", ")
        );
        proposal.add(Evidence::new(Source::Shape, w::NULLABLE_ALTERNATIVE, text));
    }
    if nullable.len() == columns.len() {
        let text = "all of its columns may be NULL: it is a key for the rows that have them";
        proposal.add(Evidence::new(Source::Shape, w::NULLABLE_OPTIONAL, text));
    }
    for c in &holes {
        let upward = super::words::words(&c.name).iter().any(|w| w == "parent");
        let own = upward && table.references_of(&c.name).any(|f| f.referenced_table == table.name);
        if own {
            let text = format!("{} points at the table itself: it is NULL at the top of the tree", c.name);
            proposal.add(Evidence::new(Source::Shape, w::NULLABLE_TREE, text));
        }
    }
    Some(proposal)
}

/// The key that differs from the one on `columns` in that it has another NULLable column instead of the only `hole`:
/// `(device_id, name)` beside `(module_id, name)`.
fn alternative<'a>(table: &'a Table, columns: &[&str], holes: &[&str]) -> Option<&'a str> {
    let [hole] = holes else { return None };
    let nullable = |c: &str| table.column(c).is_some_and(|c| c.nullable);
    let alike = |k: &&UniqueKey| {
        let Some(theirs) = k.plain_columns().filter(|t| t.len() == columns.len() && !t.contains(hole)) else {
            return false;
        };
        let mut others = theirs.iter().filter(|c| !columns.contains(c));
        others.next().is_some_and(|c| nullable(c)) && others.next().is_none()
    };
    table.unique_keys.iter().find(alike).map(|k| k.name.as_str())
}

fn is_moment(c: &Column) -> bool {
    matches!(c.family(), TypeFamily::Timestamp | TypeFamily::Date)
}

/// Rows are within what it says: another row, or a tenant.
fn is_scope(table: &Table, c: &Column) -> bool {
    let words = super::words::words(&c.name);
    let tenant = &crate::inference::model::model().words.tenant_words;
    let within =
        words.iter().any(|w| w == "parent") || words.first().is_some_and(|w| tenant.has(w) && words.len() == 2);
    table.foreign_keys.iter().any(|f| f.columns.contains(&c.name))
        || within && words.last().is_some_and(|w| matches!(w.as_str(), "id" | "uuid" | "parent"))
}

/// It says which row this is of those within the scope.
fn names_row(table: &Table, c: &Column) -> bool {
    let id = super::words::words(&c.name).last().is_some_and(|w| w == "id");
    !(id || is_scope(table, c) || is_moment(c) || super::words::marks_deletion(c) || c.family() == TypeFamily::Boolean)
}
