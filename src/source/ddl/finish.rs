//! From what was applied to the catalog.

use crate::catalog::{Catalog, Expr, KeyPart, Relation, Table};

use super::state::{Field, Qualified, State, TableState, TypeDef};

/// Schemas of the server itself.
const SYSTEM_SCHEMAS: [&str; 5] = ["pg_catalog", "information_schema", "pg_toast", "crdb_internal", "pg_extension"];

/// Makes the catalog: partitions are folded into their table, implicit columns left out.
pub(super) fn finish(mut state: State) -> Catalog {
    resolve_foreign_keys(&mut state);
    let tables = std::mem::take(&mut state.tables);
    let is_users = |q: &Qualified| !SYSTEM_SCHEMAS.contains(&q.schema.as_str());
    let (listed, partitions): (Vec<_>, Vec<_>) =
        tables.into_iter().filter(|(q, _)| is_users(q)).partition(|(_, t)| !t.partition);
    let mut others = std::mem::take(&mut state.others);
    others.extend(partitions.into_iter().map(|(q, _)| q));
    // a composite type is a relation, too; what else is no enum and no domain only might be one
    let composite = state.types.iter().filter(|(_, t)| matches!(t, TypeDef::Other)).map(|(q, _)| q.clone());
    others.extend(composite);
    if state.engine.is_cockroach() {
        // its indexes have their names within their table
        others.clear();
    }
    let relation = |q: Qualified| Relation { schema: q.schema, name: q.name };
    let mut catalog = Catalog {
        engine: state.engine,
        tables: listed.into_iter().map(|(_, t)| table(&state, t)).collect(),
        other_relations: others.into_iter().filter(is_users).map(relation).collect(),
        ..Catalog::default()
    };
    catalog.sort();
    catalog
}

/// Foreign keys without columns refer to a primary key that came later.
fn resolve_foreign_keys(state: &mut State) {
    let keys: Vec<_> = state
        .tables
        .iter()
        .filter_map(|(q, t)| Some((q.clone(), t.table.primary_key.as_ref()?.columns.clone())))
        .collect();
    for t in state.tables.values_mut() {
        for f in t.table.foreign_keys.iter_mut().filter(|f| f.referenced_columns.is_empty()) {
            let place = |q: &super::state::Qualified| {
                (q.schema.as_str(), q.name.as_str()).cmp(&(f.referenced_schema.as_str(), f.referenced_table.as_str()))
            };
            if let Some((_, columns)) = keys.binary_search_by(|(q, _)| place(q)).ok().and_then(|i| keys.get(i)) {
                f.referenced_columns.clone_from(columns);
            }
        }
    }
}

fn table(state: &State, t: TableState) -> Table {
    let TableState { mut table, columns, parents, .. } = t;
    table.inherits = !parents.is_empty();
    if state.engine.is_cockroach() {
        leave_out_implicit(&mut table, &columns);
    }
    let listed = columns.into_iter().filter(|f| !(state.engine.is_cockroach() && is_implicit(f)));
    table.columns = listed
        .map(|f| {
            let mut column = f.column;
            column.data_type = f.ty.text();
            column.user_type = state.user_type(&f.ty);
            if column.generated.is_some() || column.identity {
                column.default = None;
            }
            column
        })
        .collect();
    table
}

/// A column that CockroachDB adds by itself.
fn is_implicit(f: &Field) -> bool {
    let c = &f.column;
    let calls = |name: &str| c.default.as_ref().is_some_and(|d| matches!(d.tree(), Expr::Call(f, _) if f == name));
    c.hidden
        && (is_shard(&c.name)
            || c.name == "crdb_internal_expiration"
            || c.name.starts_with("rowid") && calls("unique_rowid")
            || f.ty.text().ends_with(".crdb_internal_region"))
}

fn is_shard(column: &str) -> bool {
    column.strip_prefix("crdb_internal_").and_then(|c| c.rsplit_once("_shard_")).is_some()
}

/// The row id is no key, and shard columns are no part of one.
fn leave_out_implicit(table: &mut Table, columns: &[Field]) {
    let implicit = |name: &str| columns.iter().any(|f| f.column.name == name && is_implicit(f));
    if let Some(key) = &mut table.primary_key {
        key.columns.retain(|c| !is_shard(c));
        table.hidden_rowid = matches!(key.columns.as_slice(), [c] if c.starts_with("rowid") && implicit(c));
    } else {
        table.hidden_rowid = true;
    }
    if table.hidden_rowid {
        table.primary_key = None;
    }
    let keep = |p: &KeyPart| !p.as_column().is_some_and(is_shard);
    table.unique_keys.iter_mut().for_each(|k| k.key.retain(keep));
    table.indexes.iter_mut().for_each(|i| i.key.retain(keep));
    table.checks.retain(|c| {
        let automatic = c.name.starts_with("check_crdb_internal_");
        !(automatic && matches!(c.expression.columns().as_slice(), [c] if is_shard(c)))
    });
}
