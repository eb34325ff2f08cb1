use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A column names a row within its parent, and nothing keeps two rows of one parent from having the same name.
    ///
    /// ## What it finds
    /// A name, slug, code or key beside the reference that owns the row (a parent, a tenant), without UNIQUE on the two.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM project WHERE org_id = 7
    ///   AND slug = 'web'  → none
    ///                                                  SELECT 1 FROM project WHERE org_id = 7
    ///                                                    AND slug = 'web'  → none
    /// INSERT INTO project (org_id, slug) VALUES (7, 'web')
    ///                                                  INSERT … (7, 'web')  → /orgs/7/web means two projects
    /// ```
    ///
    /// The page then shows whichever the planner finds first. It may change with the next ANALYZE.
    ///
    /// ## What it looks at
    /// The column's name and type; which of the references owns the row (named in the table's name, required, cascading,
    /// first) and which is the tenant; what else the table has; how tables with both columns do it elsewhere.
    ///
    /// ## When it is wrong
    /// Where names are free text and may repeat on purpose, and where the row has another key by which it is found.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON project (org_id, slug)`. Django: `UniqueConstraint(fields=["org", "slug"], name=…)`.
    /// Rails: `add_index :projects, [:org_id, :slug], unique: true` beside `validates :slug, uniqueness: {scope: :org_id}`.
    /// Prisma: `@@unique([orgId, slug])`. SQLAlchemy: `UniqueConstraint("org_id", "slug")`.
    /// If the parent may be NULL, rows without one still repeat: see nullable-unique.
    "missing-scoped-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Scoped,
        Severity::Medium,
        |k| {
            let (parent, own) = inferred::split(&k.columns);
            format!("{} can hold the same {own} twice within one {parent}.", k.table.label())
        },
        out,
    );
}
