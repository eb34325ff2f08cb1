use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A row is about a thing of any type, and nothing keeps a second row about it out.
    ///
    /// ## What it finds
    /// `x_type` with `x_id` (Rails), `content_type_id` with `object_id` (Django), alone or with a third column such as a user
    /// or a tag, without UNIQUE.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM likes WHERE likeable_type = 'Post'
    ///   AND likeable_id = 7 AND user_id = 3  → none
    ///                                                  SELECT 1 FROM likes WHERE …  → none
    /// INSERT INTO likes ('Post', 7, 3)
    ///                                                  INSERT INTO likes ('Post', 7, 3)  → two likes, one click
    /// ```
    ///
    /// No foreign key guards such a reference, so a unique key is the only guard that the database can give here.
    ///
    /// ## What it looks at
    /// Type and id columns that belong together, what stands beside them, what the table is by name, and how sibling tables
    /// with such pairs do it.
    ///
    /// ## When it is wrong
    /// Where many rows about one thing are the point: comments, attachments, audit entries.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON likes (likeable_type, likeable_id, user_id)`. Django:
    /// `UniqueConstraint(fields=["content_type", "object_id", "user"], name=…)`. Rails: `add_index :likes, [:likeable_type,
    /// :likeable_id, :user_id], unique: true`. Prisma: `@@unique([likeableType, likeableId, userId])`. SQLAlchemy:
    /// `UniqueConstraint("likeable_type", "likeable_id", "user_id")`.
    "missing-polymorphic-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Polymorphic,
        Severity::Medium,
        |k| {
            let columns = k.columns.join(", ");
            format!("{} can hold the same ({columns}) twice, and no foreign key looks after them.", k.table.label())
        },
        out,
    );
}
