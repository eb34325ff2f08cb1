use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A column names the thing that a row stands for, and nothing makes it unique.
    ///
    /// ## What it finds
    /// Natural keys (slug, username, e-mail, token, uuid, code, the name in a look-up table) without UNIQUE.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM users WHERE email = 'a@x'  → none
    ///                                                  SELECT 1 FROM users WHERE email = 'a@x'  → none
    /// INSERT INTO users (email) VALUES ('a@x')
    ///                                                  INSERT INTO users (email) VALUES ('a@x')  → two accounts
    /// ```
    ///
    /// From then on every `get(email=…)` fails or picks one of the two by chance, a password reset goes to one account and
    /// the order history hangs on the other. A double click on "Sign up" is enough.
    ///
    /// ## What it looks at
    /// The column's name, type, default and place, whether it is NOT NULL, what the table is (a small look-up table, a log,
    /// a child of something), what else names its rows, and how the schema's other tables treat a column of that name.
    /// Where the schema's own keys on e-mail or username ignore case, the proposal does too. Where rows are deleted softly,
    /// it holds for the living.
    ///
    /// ## When it is wrong
    /// Where the value is only kept, not owned: the e-mail address an order was sent to, a code of another system, a
    /// token's hash in a log. Where the name is unique within a parent only, the rule missing-scoped-key says so.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON users (email)`, or `(lower(email))`. Django: `unique=True`, or
    /// `UniqueConstraint(Lower("email"), name=…)`. Rails: `add_index :users, :email, unique: true`; a
    /// `validates :email, uniqueness: true` alone is the SELECT of the race. Prisma: `@unique`. SQLAlchemy: `unique=True`.
    /// Then let the INSERT fail and handle SQLSTATE 23505.
    "missing-unique-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Natural,
        Severity::High,
        |k| {
            let column = inferred::and(&k.columns);
            format!("{} can hold the same {column} twice: it tells rows apart, but is not unique.", k.table.label())
        },
        out,
    );
}
