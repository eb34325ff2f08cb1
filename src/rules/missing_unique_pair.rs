use super::{Context, Proposal, declare_rule};
use crate::catalog::{Column, Table, TypeFamily};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A table joins two others, and nothing keeps the same pair from being joined twice.
    ///
    /// ## What it finds
    /// Tables with exactly two references and little else (reservation, membership, vote, like, follow, enrolment) that have
    /// no unique key on the pair.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM reservation WHERE show_id = 7 AND user_id = 3  → none
    ///                                                  SELECT 1 FROM reservation WHERE …  → none
    /// INSERT INTO reservation (7, 3)
    ///                                                  INSERT INTO reservation (7, 3)  → two reservations
    /// ```
    ///
    /// Django's `get_or_create` does exactly this; only with the unique key behind it does it do what its name says.
    ///
    /// ## What it looks at
    /// Foreign keys; the columns beside them; how the table is named.
    ///
    /// ## When it is wrong
    /// Where the same pair comes back on purpose: order lines, messages, ratings over time, logs. Such tables have more
    /// columns of their own, or a name that says so.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON reservation (show_id, user_id)`. Django: `UniqueConstraint(fields=["show", "user"],
    /// name=…)` and `get_or_create`, or `bulk_create(ignore_conflicts=True)`. Rails: `add_index …, unique: true` beside
    /// `validates_uniqueness_of`. Prisma: `@@unique([showId, userId])`. SQLAlchemy: `UniqueConstraint("show_id", "user_id")`.
    "missing-unique-pair", prior: -0.5, needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(look(table));
    }
}

fn look(table: &Table) -> Option<Proposal> {
    let reference = |c: &&Column| table.references_of(&c.name).next().is_some();
    let references: Vec<&Column> = table.columns.iter().filter(reference).collect();
    let [a, b] = references.as_slice() else { return None };
    let target =
        |c: &Column| table.references_of(&c.name).next().map(|f| f.referenced_table.clone()).unwrap_or_default();
    let (to_a, to_b) = (target(a), target(b));
    let plain = |c: &&Column| {
        let stamp = matches!(c.family(), TypeFamily::Timestamp | TypeFamily::Date | TypeFamily::Boolean);
        !reference(c) && !table.in_primary_key(&c.name) && !stamp
    };
    let own: Vec<&str> = table.columns.iter().filter(plain).map(|c| c.name.as_str()).collect();
    let message =
        format!("{} can hold the same ({}, {}) twice: nothing makes the pair unique.", table.label(), a.name, b.name);
    let shape = Evidence::new(Source::Shape, 1.2, format!("it joins {to_a} and {to_b} by two references"));
    let mut p = Proposal::new(table, Guard::unique(&[&a.name, &b.name]), Severity::High, message, shape);
    p.add(match own.as_slice() {
        [] => Evidence::new(
            Source::Shape,
            1.6,
            "it has nothing of its own but flags and dates: the pair is what it is about",
        ),
        few if few.len() <= 2 => Evidence::new(Source::Shape, -0.2, format!("it also says {}", few.join(" and "))),
        many => Evidence::new(
            Source::Shape,
            -2.0,
            format!("it has {} columns of its own: rows are things, not pairs", many.len()),
        ),
    });
    if a.nullable || b.nullable {
        p.add(Evidence::new(Source::Shape, -1.0, "one of the references may be NULL"));
    }
    if super::words::is_log(&table.name) {
        p.add(Evidence::new(Source::Name, -3.0, format!("{} sounds like a log of events", table.name)));
    }
    Some(p)
}
