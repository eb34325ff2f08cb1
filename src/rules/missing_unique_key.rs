use super::words::words;
use super::{Context, Proposal, declare_rule};
use crate::catalog::{Column, Table, TypeFamily};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A column names the thing that a row stands for, and nothing makes it unique.
    ///
    /// ## What it finds
    /// Natural keys (slug, username, email, token, uuid, code) without UNIQUE.
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
    /// ## What it looks at
    /// The column's name and type, whether it is NOT NULL, what the table is, and how sibling tables treat a column of the
    /// same name.
    ///
    /// ## When it is wrong
    /// Where the value is only kept, not owned: the e-mail address an order was sent to, a code of another system, a
    /// token's hash in a log. Where the name is unique within a parent only, the rule missing-scoped-key says so.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON users (email)`. Django: `unique=True`, or `UniqueConstraint(Lower("email"), name=…)`.
    /// Rails: `add_index :users, :email, unique: true`. Prisma: `@unique`. SQLAlchemy: `unique=True`.
    "missing-unique-key", prior: -1.5, needs: []
}

/// Last words of columns that name their row, with the log-odds that such a column is unique alone.
const NATURAL: [(&str, f64); 12] = [
    ("slug", 2.4),
    ("uuid", 2.4),
    ("guid", 2.4),
    ("username", 2.8),
    ("login", 2.2),
    ("email", 1.9),
    ("token", 2.0),
    ("handle", 2.0),
    ("subdomain", 2.4),
    ("sku", 2.0),
    ("isbn", 2.0),
    ("code", 1.0),
];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for column in &table.columns {
            out.extend(look(context, table, column));
        }
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    if !matches!(column.family(), TypeFamily::Text | TypeFamily::Uuid)
        || table.references_of(&column.name).next().is_some()
    {
        return None;
    }
    let words = words(&column.name);
    let (word, weight) = NATURAL.iter().copied().find(|(w, _)| words.last().is_some_and(|l| l == w))?;
    let message =
        format!("{} can hold the same {} twice: it names a row, but is not unique.", table.label(), column.name);
    let name = Evidence::new(Source::Name, weight, format!("\"{word}\" names one thing"));
    let mut p = Proposal::new(table, Guard::unique(&[&column.name]), Severity::High, message, name);
    if column.nullable {
        p.add(Evidence::new(Source::Shape, -0.5, "it may be NULL"));
    } else {
        p.add(Evidence::new(Source::Shape, 0.7, "it is NOT NULL"));
    }
    let parents = table.columns.iter().filter(|c| table.references_of(&c.name).next().is_some()).count();
    p.add(match parents {
        0 => Evidence::new(Source::Shape, 0.7, format!("{} stands by itself: it references nothing", table.name)),
        n => Evidence::new(Source::Shape, -0.8 * n as f64, format!("{} belongs to {n} other tables", table.name)),
    });
    let (have, unique) = context.conventions.unique_elsewhere(table, &column.name);
    if have > 0 {
        let share = unique.len() as f64 / have as f64;
        let text = format!("{} is unique in {} of {have} other tables that have it", column.name, unique.len());
        p.add(Evidence::new(Source::Siblings, if unique.is_empty() { -0.3 } else { 3.0 * share }, text));
    }
    if super::words::is_log(&table.name) {
        p.add(Evidence::new(Source::Name, -2.5, format!("{} sounds like a log of events", table.name)));
    }
    Some(p)
}
