use super::words::words;
use super::{Context, Proposal, declare_rule};
use crate::catalog::{Column, Table, TypeFamily};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A column names a row within its parent, and nothing keeps two rows of one parent from having the same name.
    ///
    /// ## What it finds
    /// A name, slug, code, number or position beside the one reference that owns the row, without UNIQUE on the two.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT max(number) FROM invoice WHERE org_id = 7  → 41
    ///                                                  SELECT max(number) …  → 41
    /// INSERT INTO invoice (org_id, number) VALUES (7, 42)
    ///                                                  INSERT … (7, 42)  → two invoices 42
    /// ```
    ///
    /// ## What it looks at
    /// The column's name and type, how many references the table has, and whether they are NOT NULL.
    ///
    /// ## When it is wrong
    /// Where names are free text and may repeat on purpose.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON invoice (org_id, number)`. Django: `UniqueConstraint(fields=["org", "number"], name=…)`.
    /// Rails: `add_index :invoices, [:org_id, :number], unique: true`. Prisma: `@@unique([orgId, number])`.
    "missing-scoped-key", prior: -2.0, needs: []
}

/// Last words of columns that name a row within its parent, with their log-odds.
const SCOPED: [(&str, f64); 8] = [
    ("slug", 2.6),
    ("code", 1.8),
    ("name", 1.6),
    ("key", 1.6),
    ("number", 1.4),
    ("position", 1.2),
    ("version", 1.2),
    ("username", 1.2),
];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for column in &table.columns {
            out.extend(look(context, table, column));
        }
    }
}

fn look(_: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    if !matches!(column.family(), TypeFamily::Text | TypeFamily::Integer) {
        return None;
    }
    let words = words(&column.name);
    let (word, weight) = SCOPED.iter().copied().find(|(w, _)| words.last().is_some_and(|l| l == w))?;
    let references: Vec<&Column> =
        table.columns.iter().filter(|c| table.references_of(&c.name).next().is_some()).collect();
    let [parent] = references.as_slice() else { return None };
    let message = format!("{} can hold the same {} twice within one {}.", table.label(), column.name, parent.name);
    let name = Evidence::new(Source::Name, weight, format!("\"{word}\" names a row among those of its parent"));
    let mut p = Proposal::new(table, Guard::unique(&[&parent.name, &column.name]), Severity::Medium, message, name);
    p.add(Evidence::new(Source::Shape, 0.6, format!("{} is its only reference", parent.name)));
    if parent.nullable || column.nullable {
        p.add(Evidence::new(Source::Shape, -0.9, "one of the two may be NULL"));
    }
    if super::words::is_log(&table.name) {
        p.add(Evidence::new(Source::Name, -2.5, format!("{} sounds like a log of events", table.name)));
    }
    Some(p)
}
