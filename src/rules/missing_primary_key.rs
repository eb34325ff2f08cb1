use super::{Context, Proposal, declare_rule, weights as w};
use crate::catalog::{KeyPart, Table, TypeFamily};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A table has no primary key, so nothing tells one row from another.
    ///
    /// ## What it finds
    /// Tables without a declared primary key. On CockroachDB a hidden `rowid` stands in for it: the table works, but no
    /// row can be named, and the same row inserted twice stays twice.
    ///
    /// ## The race
    /// ```text
    /// session A                              session B
    /// INSERT INTO payment (order_id, amount) …
    ///   connection lost, client retries      INSERT INTO payment (order_id, amount) …
    ///                                        two equal rows; DELETE of one of them deletes both
    /// ```
    ///
    /// ## What it looks at
    /// The primary key; else a unique key whose columns are all NOT NULL, an `id`-like column, or two references that make
    /// up the whole table: these become the proposed key. With none of them a new `id` column is proposed. The key
    /// of a partitioned table has to contain its partition key, which is added.
    ///
    /// ## When it is wrong
    /// Append-only logs and staging tables may live without one (they are reported with low confidence). PostgreSQL's
    /// logical replication needs one for UPDATE and DELETE all the same.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE payment ADD PRIMARY KEY (id)` (PostgreSQL: build the index concurrently first and add the key `USING
    /// INDEX`; CockroachDB: `ALTER TABLE payment ALTER PRIMARY KEY USING COLUMNS (id)`). Remove the equal rows before.
    /// Django adds an `id` by itself, but not to a table that it does not manage (`managed = False`). Rails leaves it out
    /// with `id: false` and in every `create_join_table`: `create_table :reservations, primary_key: [:show_id, :user_id]`.
    /// SQLAlchemy wants one of every mapped class, not of a bare `Table(…)`: `Column("id", BigInteger, primary_key=True)`.
    /// Prisma takes `@unique` for it: `@id` or `@@id([showId, userId])`; its implicit many-to-many tables have none in
    /// databases made before version 6.
    "missing-primary-key", prior: w::KEYLESS_PRIOR, needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        if table.primary_key.is_some() || table.columns.is_empty() {
            continue;
        }
        let name = &table.name;
        let fact = if table.hidden_rowid {
            "no primary key is declared; CockroachDB's hidden rowid stands in for it"
        } else {
            "no primary key is declared"
        };
        let (mut columns, severity, why) = candidate(table);
        if !columns.is_empty() {
            let partition = table.partition_key.iter().filter_map(KeyPart::as_column);
            let further: Vec<&str> = partition.filter(|p| !columns.iter().any(|c| c == p)).collect();
            columns.extend(further.into_iter().map(str::to_owned));
        }
        let message = match columns.as_slice() {
            [] => {
                format!("{name} has no primary key and no column that could be one: equal rows cannot be told apart.")
            }
            c => format!("{name} has no primary key, though ({}) could be it.", c.join(", ")),
        };
        let guard = Guard::PrimaryKey { columns };
        let mut proposal =
            Proposal::new(table, guard, severity, message, Evidence::new(Source::Shape, w::KEYLESS_FACT, fact))
                .and(why);
        if super::words::is_log(name) {
            proposal.add(Evidence::new(
                Source::Name,
                w::KEYLESS_LOG,
                format!("{name} sounds like a log, a queue or a staging table"),
            ));
        }
        out.push(proposal);
    }
}

/// The columns that would make the best key, how bad its lack is, and why they were chosen.
fn candidate(table: &Table) -> (Vec<String>, Severity, Option<Evidence>) {
    let required = |c: &str| table.column(c).is_some_and(|c| !c.nullable);
    let unique = table
        .unique_keys
        .iter()
        .filter(|k| k.valid && k.predicate.is_none())
        .filter_map(|k| k.plain_columns())
        .filter(|columns| columns.iter().all(|c| required(c)))
        .min_by_key(Vec::len);
    if let Some(columns) = unique {
        let text = format!("({}) is unique and NOT NULL already", columns.join(", "));
        let columns = columns.into_iter().map(str::to_owned).collect();
        return (columns, Severity::Low, Some(Evidence::new(Source::Shape, w::KEYLESS_UNIQUE, text)));
    }
    let own = format!("{}_id", super::words::singular(&table.name));
    let id = table.columns.iter().find(|c| {
        let named = matches!(c.name.as_str(), "id" | "uuid" | "guid") || c.name == own;
        let typed = matches!(c.family(), TypeFamily::Integer | TypeFamily::Uuid | TypeFamily::Text);
        named && typed && table.references_of(&c.name).next().is_none()
    });
    if let Some(id) = id {
        let text = match id.nullable {
            false => format!("{} names the row itself and is NOT NULL", id.name),
            true => format!("{} names the row itself, though it may be NULL", id.name),
        };
        return (vec![id.name.clone()], Severity::Medium, Some(Evidence::new(Source::Name, w::KEYLESS_ID, text)));
    }
    let references: Vec<&str> =
        table.columns.iter().map(|c| c.name.as_str()).filter(|c| table.references_of(c).next().is_some()).collect();
    if references.len() >= 2 && references.len() == table.columns.len() && references.iter().all(|c| required(c)) {
        let text = format!("the whole table is its references ({})", references.join(", "));
        let columns = references.into_iter().map(str::to_owned).collect();
        return (columns, Severity::Medium, Some(Evidence::new(Source::Shape, w::KEYLESS_JOIN, text)));
    }
    (Vec::new(), Severity::Medium, None)
}
