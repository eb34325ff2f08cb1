use super::{Context, Proposal, declare_rule, weights as w};
use crate::catalog::{KeyKind, Table};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::{Guard, Unvalidated};

declare_rule! {
    /// A constraint exists but was never validated, so old rows may break it.
    ///
    /// ## What it finds
    /// CHECKs and foreign keys that were added `NOT VALID` and never validated, `UNIQUE WITHOUT INDEX` constraints that are
    /// not valid (CockroachDB), and unique indexes whose concurrent build failed (PostgreSQL). CockroachDB's `IMPORT INTO`
    /// flips every CHECK and foreign key of the table to not validated and leaves it so.
    ///
    /// ## The race
    /// New writes are held to a `NOT VALID` check, old rows are not, and neither is what was bulk-loaded:
    ///
    /// ```text
    /// session A                                     session B
    /// IMPORT INTO show … (available_seats = -1)
    ///                                               SELECT … WHERE available_seats <> 0  → sells seat number "-1"
    /// ```
    ///
    /// A unique index that PostgreSQL calls invalid is worse: rows that broke it while it was built are still there,
    /// and no query may use it.
    ///
    /// ## What it looks at
    /// `pg_constraint.convalidated` and the ` NOT VALID` in its definition; `pg_index.indisvalid`.
    ///
    /// ## When it is wrong
    /// When old rows are known to break the rule and are meant to stay. Then a CHECK with the exception written into it
    /// (`created_at < '2020-01-01' OR seats >= 0`) says so, and can be validated.
    ///
    /// ## How to fix it
    /// `ALTER TABLE t VALIDATE CONSTRAINT c;` scans the table without locking writers out, on both engines. It fails
    /// with SQLSTATE 23514 if rows break the rule: mend them first. An invalid index: `REINDEX INDEX CONCURRENTLY i;`. One
    /// of a partitioned table (`CREATE INDEX ON ONLY`) becomes valid once each partition's own index is attached to it;
    /// `REINDEX` does nothing for it.
    /// In Django: `ValidateConstraint("model", name="c")` from `django.contrib.postgres.operations`.
    /// Rails: `validate_check_constraint :shows, name: "c"`, `validate_foreign_key`. SQLAlchemy (Alembic) and Prisma have no
    /// word for it: `op.execute("ALTER TABLE …")`, or the statement in the migration's SQL.
    "unvalidated-constraint", prior: 0.0, needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for c in table.checks.iter().filter(|c| !c.validated && c.enforced) {
            let columns = c.expression.columns().into_iter().map(str::to_owned).collect();
            let condition = Some(c.expression.clone());
            let what = Unvalidated::Constraint;
            let constraint = c.name.clone();
            let guard = Guard::Validate { what, constraint, columns, condition, references: None };
            let message =
                format!("CHECK {} ({}) was never validated: rows older than it may break it.", c.name, c.expression);
            out.push(proposal(table, guard, message, "the catalog marks the CHECK as NOT VALID"));
        }
        for f in table.foreign_keys.iter().filter(|f| !f.validated) {
            let columns = f.columns.clone();
            let what = Unvalidated::Constraint;
            let target = format!("{}.{}({})", f.referenced_schema, f.referenced_table, f.referenced_columns.join(","));
            let constraint = f.name.clone();
            let guard = Guard::Validate { what, constraint, columns, condition: None, references: Some(target) };
            let message = format!(
                "Foreign key {} to {} was never validated: rows older than it may point at nothing.",
                f.name, f.referenced_table
            );
            out.push(proposal(table, guard, message, "the catalog marks the foreign key as NOT VALID"));
        }
        for k in table.unique_keys.iter().filter(|k| !k.valid) {
            let what = if k.kind == KeyKind::WithoutIndex { Unvalidated::Constraint } else { Unvalidated::Index };
            let columns: Vec<String> = k.key.iter().flat_map(|p| p.columns()).map(str::to_owned).collect();
            let named = columns.join(", ");
            let (constraint, condition) = (k.name.clone(), k.predicate.clone());
            let guard = Guard::Validate { what, constraint, columns, condition, references: None };
            let message =
                format!("Unique key {} on ({named}) is not valid: duplicates may be in the table already.", k.name);
            out.push(proposal(table, guard, message, "the catalog marks the unique key as not valid"));
        }
    }
}

fn proposal(table: &Table, guard: Guard, message: String, because: &str) -> Proposal {
    Proposal::new(table, guard, Severity::Medium, message, Evidence::new(Source::Shape, w::CERTAIN, because))
}
