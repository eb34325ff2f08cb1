//! PostgreSQL, and what is PostgreSQL underneath.

use super::dialect::{PartialKey, common, null_closing_keys, quote_ident, quote_list, quote_table, require, surrogate};
use super::{Engine, Product};
use crate::catalog::{KeyKind, KeyPart, Table};
use crate::guard::{Guard, Unvalidated, fit, key_text};

/// Long work is done without locking writers out: indexes concurrently, checks NOT VALID first.
pub fn add_guard(engine: &Engine, table: &Table, guard: &Guard, name: &str) -> Vec<String> {
    let (t, n) = (quote_table(table), quote_ident(name));
    // CockroachDB accepts the word too; a partitioned table's index cannot be built so
    let concurrently = if table.partition_key.is_empty() { "CONCURRENTLY " } else { "" };
    let index = |name: &str, key: &str, tail: &str| {
        format!("CREATE UNIQUE INDEX {concurrently}IF NOT EXISTS {name} ON {t} ({key}){tail};")
    };
    match guard {
        Guard::Unique { key, nulls_not_distinct: true, .. } => {
            if engine.product == Product::PostgreSql && engine.at_least(15, 0) {
                return vec![index(&n, &key_text(key), " NULLS NOT DISTINCT")];
            }
            let keys = null_closing_keys(table, &guard.columns(), name).into_iter();
            keys.map(|PartialKey { name, columns, predicate }| index(&name, &columns, &format!(" WHERE {predicate}")))
                .collect()
        }
        Guard::Unique { key, predicate, .. } => {
            let tail = predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
            let mut out = vec![index(&n, &key_text(key), &tail)];
            // a constraint documents itself and can be a foreign key's target, but takes neither expressions nor a
            // predicate; CockroachDB does not know USING INDEX, so not for an engine that is not known
            let plain = predicate.is_none() && key.iter().all(|k| matches!(k, KeyPart::Column(_)));
            if plain && engine.product == Product::PostgreSql && table.partition_key.is_empty() {
                out.push(format!("ALTER TABLE {t} ADD CONSTRAINT {n} UNIQUE USING INDEX {n};"));
            }
            out
        }
        Guard::Rekey { key, predicate, replaced, constraint } => {
            let old = if *constraint {
                format!("ALTER TABLE {t} DROP CONSTRAINT {};", quote_ident(replaced))
            } else {
                format!("DROP INDEX {concurrently}{}.{};", quote_ident(&table.schema), quote_ident(replaced))
            };
            vec![index(&n, &key_text(key), &format!(" WHERE {predicate}")), old]
        }
        Guard::PrimaryKey { columns } if columns.is_empty() => {
            let id = quote_ident(&surrogate(table));
            vec![format!("ALTER TABLE {t} ADD COLUMN {id} uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY;")]
        }
        Guard::PrimaryKey { columns } => {
            if engine.product != Product::PostgreSql || !table.partition_key.is_empty() {
                let mut out = require(table, columns);
                out.push(format!("ALTER TABLE {t} ADD CONSTRAINT {n} PRIMARY KEY ({});", quote_list(columns)));
                return out;
            }
            let mut out = vec![index(&n, &quote_list(columns), "")];
            out.extend(require(table, columns));
            out.push(format!("ALTER TABLE {t} ADD CONSTRAINT {n} PRIMARY KEY USING INDEX {n};"));
            out
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } if !table.partition_key.is_empty() => {
            complete(table, constraint)
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            vec![format!("REINDEX INDEX CONCURRENTLY {}.{};", quote_ident(&table.schema), quote_ident(constraint))]
        }
        Guard::NotNull { column } if engine.product == Product::PostgreSql => {
            // a validated check lets SET NOT NULL skip its scan under an exclusive lock (PostgreSQL 12 and later)
            let (c, check) = (quote_ident(column), quote_ident(name));
            vec![
                format!("ALTER TABLE {t} ADD CONSTRAINT {check} CHECK ({c} IS NOT NULL) NOT VALID;"),
                format!("ALTER TABLE {t} VALIDATE CONSTRAINT {check};"),
                format!("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL;"),
                format!("ALTER TABLE {t} DROP CONSTRAINT {check};"),
            ]
        }
        Guard::Retype { column, data_type, checks } if engine.product != Product::Unknown => {
            // at once, for no moment to be without the CHECKs and for one rewrite to do
            let dropped = checks.iter().map(|(c, _)| format!("DROP CONSTRAINT {}", quote_ident(c)));
            let retyped = format!("ALTER COLUMN {} TYPE {data_type}", quote_ident(column));
            let added = checks.iter().map(|(c, e)| format!("ADD CONSTRAINT {} CHECK ({e})", quote_ident(c)));
            let steps: Vec<String> = dropped.chain([retyped]).chain(added).collect();
            vec![format!("ALTER TABLE {t} {};", steps.join(", "))]
        }
        Guard::Check { .. }
        | Guard::NotNull { .. }
        | Guard::ForeignKey { .. }
        | Guard::Retype { .. }
        | Guard::Validate { .. } => common(table, guard, name),
    }
}

/// What makes the key of a partitioned table hold that lacks indexes of partitions (`ON ONLY`), which no REINDEX adds:
/// a whole one takes its place. Partitions' own indexes that match become part of it.
fn complete(table: &Table, name: &str) -> Vec<String> {
    let Some(key) = table.unique_keys.iter().find(|k| k.name == name) else { return Vec::new() };
    let (t, n, whole) = (quote_table(table), quote_ident(name), quote_ident(&fit(name, "_whole")));
    let (schema, parts) = (quote_ident(&table.schema), key_text(&key.key));
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let note = format!(
        "-- {n} lacks indexes of partitions. If writers must not wait: on each partition CREATE UNIQUE INDEX \
         CONCURRENTLY, then ALTER INDEX {schema}.{n} ATTACH PARTITION, instead of the following."
    );
    if key.kind == KeyKind::Constraint {
        return vec![
            note,
            format!("ALTER TABLE {t} ADD CONSTRAINT {whole} UNIQUE{nulls} ({parts});"),
            format!("ALTER TABLE {t} DROP CONSTRAINT {n};"),
            format!("ALTER TABLE {t} RENAME CONSTRAINT {whole} TO {n};"),
        ];
    }
    let predicate = key.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
    vec![
        note,
        format!("CREATE UNIQUE INDEX IF NOT EXISTS {whole} ON {t} ({parts}){nulls}{predicate};"),
        format!("DROP INDEX {schema}.{n};"),
        format!("ALTER INDEX {schema}.{whole} RENAME TO {n};"),
    ]
}
