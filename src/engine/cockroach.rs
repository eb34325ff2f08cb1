//! CockroachDB.

use super::Engine;
use super::dialect::{PartialKey, common, null_closing_keys, quote_ident, quote_list, quote_table, require, surrogate};
use crate::catalog::{KeyPart, Table};
use crate::guard::{Guard, Unvalidated, fit, key_text};

/// One schema change a statement. Unique keys are made as indexes: they can be partial or over expressions, and dropped
/// again in every version.
pub fn add_guard(engine: &Engine, table: &Table, guard: &Guard, name: &str) -> Vec<String> {
    let (t, n) = (quote_table(table), quote_ident(name));
    match guard {
        Guard::Unique { nulls_not_distinct: true, .. } => {
            let keys = null_closing_keys(table, &guard.columns(), name).into_iter();
            keys.map(|PartialKey { name, columns, predicate }| {
                format!("CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {t} ({columns}) WHERE {predicate};")
            })
            .collect()
        }
        Guard::Rekey { key, predicate, replaced, .. } => vec![
            format!("CREATE UNIQUE INDEX IF NOT EXISTS {n} ON {t} ({}) WHERE {predicate};", key_text(key)),
            // a constraint is an index here, and goes as one
            format!("DROP INDEX {t}@{} CASCADE;", quote_ident(replaced)),
        ],
        Guard::Unique { key, predicate, .. } if engine.version.is_some() && !engine.at_least(21, 2) => {
            // before 21.2 a key has no expressions: a computed column stands for each
            let mut out = Vec::new();
            let mut parts = Vec::new();
            for part in key {
                parts.push(match part {
                    KeyPart::Column(c) => quote_ident(c),
                    KeyPart::Expression(e) => {
                        let column = quote_ident(&fit(&part.columns().join("_"), "_as_key"));
                        out.push(format!("ALTER TABLE {t} ADD COLUMN IF NOT EXISTS {column} STRING AS ({e}) STORED;"));
                        column
                    }
                });
            }
            let predicate = predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
            out.push(format!("CREATE UNIQUE INDEX IF NOT EXISTS {n} ON {t} ({}){predicate};", parts.join(", ")));
            out
        }
        Guard::Unique { key, predicate, .. } => {
            let predicate = predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
            vec![format!("CREATE UNIQUE INDEX IF NOT EXISTS {n} ON {t} ({}){predicate};", key_text(key))]
        }
        Guard::PrimaryKey { columns } if columns.is_empty() => {
            let id = quote_ident(&surrogate(table));
            vec![
                format!("ALTER TABLE {t} ADD COLUMN {id} UUID NOT NULL DEFAULT gen_random_uuid();"),
                format!("ALTER TABLE {t} ALTER PRIMARY KEY USING COLUMNS ({id});"),
            ]
        }
        Guard::PrimaryKey { columns } => {
            let mut out = require(table, columns);
            out.push(format!("ALTER TABLE {t} ALTER PRIMARY KEY USING COLUMNS ({});", quote_list(columns)));
            out
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            // a failed build leaves nothing behind here; an index that is not valid is still being built
            vec![format!("SHOW JOBS; -- {} is being built", quote_ident(constraint))]
        }
        Guard::Retype { column, .. } => retype(engine, table, column, common(table, guard, name)),
        Guard::Check { .. } | Guard::NotNull { .. } | Guard::ForeignKey { .. } | Guard::Validate { .. } => {
            common(table, guard, name)
        }
    }
}

/// A column's type changes only while it has no CHECK (`steps` see to that), no default and no index, and before 25.1 only
/// where the session asks for it.
fn retype(engine: &Engine, table: &Table, column: &str, steps: Vec<String>) -> Vec<String> {
    let (t, c) = (quote_table(table), quote_ident(column));
    let mut out = Vec::new();
    let named = |key: &[KeyPart]| key.iter().any(|p| p.columns().contains(&column));
    let indexes = table.indexes.iter().filter(|i| named(&i.key)).map(|i| &i.name);
    for index in indexes.chain(table.unique_keys.iter().filter(|k| named(&k.key)).map(|k| &k.name)) {
        out.push(format!("-- first drop {}, and make it again at the end", quote_ident(index)));
    }
    if !engine.at_least(25, 1) {
        out.push("SET enable_experimental_alter_column_type_general = true;".to_owned());
    }
    let default = table.column(column).and_then(|c| c.default.as_ref());
    out.extend(default.map(|_| format!("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT;")));
    out.extend(steps);
    out.extend(default.map(|value| format!("ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {value};")));
    out
}

/// Whether a column that is NOT VISIBLE was made by CockroachDB and not by a user: the `rowid` that stands in for a
/// primary key, the shard of a hash-sharded index, the column behind an expression in an index, the expiry of a row,
/// the region of a row.
pub fn is_engine_column(name: &str, data_type: &str, default: Option<&str>) -> bool {
    let is_rowid = || {
        // rowid_1 if the user has a rowid
        let number = name.strip_prefix("rowid").map(|n| n.strip_prefix('_').unwrap_or(n));
        number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) && default == Some("unique_rowid()")
    };
    name.starts_with("crdb_internal_") || data_type.ends_with("crdb_internal_region") || is_rowid()
}

/// Whether a column is the hidden shard of a hash-sharded index, such as `crdb_internal_a_b_shard_8`.
pub fn is_shard_column(name: &str) -> bool {
    let shard = name.strip_prefix("crdb_internal_").and_then(|n| n.rsplit_once("_shard_"));
    shard.is_some_and(|(_, count)| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_made_by_the_engine() {
        for (name, data_type, default) in [
            ("rowid", "bigint", Some("unique_rowid()")),
            ("rowid_1", "bigint", Some("unique_rowid()")),
            ("crdb_internal_a_shard_16", "integer", None),
            ("crdb_internal_idx_expr_1", "text", None),
            ("crdb_internal_expiration", "timestamp with time zone", None),
            ("crdb_region", "public.crdb_internal_region", None),
        ] {
            assert!(is_engine_column(name, data_type, default), "{name}");
        }
        for (name, data_type, default) in
            [("rowid", "bigint", None), ("row_id", "bigint", Some("unique_rowid()")), ("crdb_region", "text", None)]
        {
            assert!(!is_engine_column(name, data_type, default), "{name}");
        }
        assert!(is_shard_column("crdb_internal_a_b_shard_8"));
        assert!(!is_shard_column("crdb_internal_a_shard_") && !is_shard_column("my_shard_8"));
    }
}
