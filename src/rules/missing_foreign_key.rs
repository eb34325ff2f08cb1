use std::collections::HashMap;

use super::words::{is_log, singular, words};
use super::{Context, Proposal, declare_rule, weights as w};
use crate::catalog::{Catalog, Column, Table};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A column points at another table by name and type, and no foreign key holds it to that.
    ///
    /// ## What it finds
    /// Columns such as `show_id` beside a table `show` whose primary key is one column of exactly that type, in a schema that
    /// declares its other references. What gets in is a row whose parent is gone: it is in the sum and not in the join, so
    /// two reports of one month disagree.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM show WHERE id = 7  → found
    ///                                                  DELETE FROM show WHERE id = 7
    /// INSERT INTO reservation (show_id) VALUES (7)     → a reservation for a show that is not
    /// ```
    ///
    /// No isolation level of PostgreSQL short of SERIALIZABLE in both sessions stops this; a foreign key does.
    ///
    /// ## What it looks at
    /// The name against those of the tables, in singular and plural; the exact type; how many of the schema's columns that are
    /// named so are references already; an index; whether the table is a log. From five declared references on.
    ///
    /// ## When it is wrong
    /// Polymorphic references (`owner_id` beside `owner_type`), ids of another system that happen to be called so (`external`,
    /// `provider`, `remote`: left alone), history that has to outlive what it tells of, tables that are to be split off
    /// into a service of their own.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE reservation ADD CONSTRAINT … FOREIGN KEY (show_id) REFERENCES show (id) NOT VALID;`, then
    /// `VALIDATE CONSTRAINT`; index the column. Django: `ForeignKey`, without `db_constraint=False`. Rails:
    /// `add_foreign_key :reservations, :shows`. SQLAlchemy: `ForeignKey("show.id")`. Prisma: `@relation(…)`, and not
    /// `relationMode = "prisma"`.
    "missing-foreign-key", prior: w::REFERENCE_PRIOR, needs: []
}

/// Words of ids that another system gives out.
const FOREIGN: [&str; 10] =
    ["external", "provider", "remote", "stripe", "legacy", "old", "original", "client", "request", "trace"];
/// Words of tables that keep what is gone.
const HISTORY: [&str; 4] = ["version", "deleted", "revision", "old"];
/// Words of tables that are worked out from others.
const DERIVED: [&str; 6] = ["cached", "cache", "aggregated", "aggregate", "aggregation", "summary"];
/// References that a schema has to declare before a missing one is missed.
const ENOUGH: usize = 5;

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    let targets = targets(context.catalog);
    let candidates: Vec<(&Table, &Column, &Table)> = context
        .catalog
        .tables
        .iter()
        .flat_map(|t| t.columns.iter().map(move |c| (t, c)))
        .filter_map(|(t, c)| target(&targets, t, c).map(|to| (t, c, to)))
        .collect();
    let declared = |t: &Table, c: &Column| t.foreign_keys.iter().any(|f| f.columns.contains(&c.name));
    let count = candidates.iter().filter(|(t, c, _)| declared(t, c)).count();
    if count < ENOUGH {
        return;
    }
    for (table, column, target) in candidates.iter().copied().filter(|(t, c, _)| !declared(t, c)) {
        out.extend(look(table, column, target, (count, candidates.len())));
    }
}

/// Tables whose primary key is one column, by schema and singular name; `None` where two have one name.
fn targets(catalog: &Catalog) -> HashMap<(&str, String), Option<&Table>> {
    let mut out = HashMap::new();
    for table in &catalog.tables {
        let key = (table.schema.as_str(), joined(&words(&table.name)));
        out.entry(key).and_modify(|t| *t = None).or_insert(Some(table));
    }
    out
}

fn joined(words: &[String]) -> String {
    words.iter().map(|w| singular(w)).collect::<Vec<_>>().join("_")
}

/// The table that the column is called after, if the types fit.
fn target<'a>(
    targets: &HashMap<(&str, String), Option<&'a Table>>,
    table: &Table,
    column: &Column,
) -> Option<&'a Table> {
    let all = words(&column.name);
    let (last, rest) = all.split_last()?;
    let kind = format!("{}_type", joined(rest));
    let polymorphic = table.columns.iter().any(|c| joined(&words(&c.name)) == kind);
    if last != "id" || rest.is_empty() || polymorphic || rest.iter().any(|w| FOREIGN.contains(&w.as_str())) {
        return None;
    }
    let target = (*targets.get(&(table.schema.as_str(), joined(rest)))?)?;
    let [id] = target.primary_key.as_ref()?.columns.as_slice() else { return None };
    let fits = target.column(id).is_some_and(|id| id.data_type == column.data_type);
    (fits && target.name != table.name).then_some(target)
}

fn look(table: &Table, column: &Column, target: &Table, (declared, all): (usize, usize)) -> Option<Proposal> {
    if column.generated.is_some() || !table.partition_key.is_empty() || !target.partition_key.is_empty() {
        return None;
    }
    let name = &column.name;
    let key = target.primary_key.as_ref()?;
    let guard = Guard::ForeignKey {
        columns: vec![name.clone()],
        schema: target.schema.clone(),
        table: target.name.clone(),
        referenced: key.columns.clone(),
    };
    let message = format!("{}.{name} can point at a row of {} that does not exist.", table.label(), target.label());
    let share = declared as f64 / all as f64;
    let text =
        format!("{declared} of {all} columns that are called after a table and have its key's type reference it");
    let because = Evidence::new(Source::Siblings, w::REFERENCE_SHARE * share, text);
    let mut p = Proposal::new(table, guard, Severity::Medium, message, because);
    let first = |key: &[crate::catalog::KeyPart]| key.first().and_then(|k| k.as_column()) == Some(name);
    if table.indexes.iter().any(|i| first(&i.key)) || table.unique_keys.iter().any(|k| first(&k.key)) {
        p.add(Evidence::new(Source::Shape, w::REFERENCE_INDEX, format!("{name} is indexed as references are")));
    }
    let of_table: Vec<String> = words(&table.name).iter().map(|w| singular(w)).collect();
    // deletedrow as well as deleted_row
    let history = of_table.iter().any(|w| HISTORY.contains(&w.as_str()) || w.starts_with("deleted"));
    if is_log(&table.name) || history {
        let text = format!("{} sounds like a log, whose rows outlive what they tell of", table.label());
        p.add(Evidence::new(Source::Name, w::REFERENCE_LOG, text));
    } else if of_table.iter().any(|w| DERIVED.contains(&w.as_str())) {
        let text = format!("{} sounds like it is worked out from other tables, and made anew", table.label());
        p.add(Evidence::new(Source::Name, w::REFERENCE_DERIVED, text));
    }
    Some(p)
}
