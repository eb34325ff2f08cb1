//! Primary keys, unique keys and other indexes.

use std::collections::{HashMap, HashSet};

use crate::catalog::{Expression, Index, KeyKind, KeyPart, PrimaryKey, UniqueKey};
use crate::engine::is_shard_column;
use crate::sql::parse_expressions;

use super::definition::{Definition, key_part};
use super::tables::Tables;
use super::{LiveError, Reading};
use crate::source::live::{ResultSet, Row};

pub fn read(reading: &mut Reading<'_>, tables: &mut Tables) -> Result<(), LiveError> {
    let definitions = Definitions::read(reading)?;
    let constraints = unique_constraints(reading)?;
    let rows = reading.recording.required("indexes")?;
    let places = Places::of(rows)?;
    for row in rows.rows() {
        let Some(at) = tables.listed(row.oid(places.table)?) else { continue };
        let oid = row.oid(places.oid)?;
        let found = match definitions.by_oid.get(&oid) {
            Some((name, sql)) => Found::from_sql(name, sql, row.flag(places.valid)?),
            None => Found::from_numbers(row, &places, tables, at)?,
        };
        let Some(found) = found else {
            if reading.locked.contains(&row.oid(places.table)?) {
                continue;
            }
            let table = tables.list.get(at).map(crate::catalog::Table::label).unwrap_or_default();
            let name = row.get(places.name).unwrap_or("without a name");
            let has_expressions = row.text(places.key).split_ascii_whitespace().any(|n| n == "0");
            let is_there = !has_expressions || row.get(places.expressions).is_some();
            reading.not_understood(&format!("index {name} of table {table}"), is_there);
            continue;
        };
        // what CockroachDB fills while it builds an index
        if found.name.starts_with("crdb_internal_index_") && found.name.ends_with("_placeholder") {
            continue;
        }
        if row.flag(places.primary)? {
            found.add_primary(tables, at);
        } else if row.flag(places.unique)? {
            let kind = if constraints.contains(&oid) { KeyKind::Constraint } else { KeyKind::Index };
            found.add_unique(tables, at, kind);
        } else if !row.flag(places.exclusion)? {
            found.add_index(tables, at);
        }
    }
    Ok(())
}

/// An index, read.
struct Found {
    name: String,
    method: String,
    key: Vec<KeyPart>,
    predicate: Option<Expression>,
    nulls_not_distinct: bool,
    valid: bool,
}

impl Found {
    /// CockroachDB: from the SQL of the index, which leaves implicit columns out.
    fn from_sql(name: &str, sql: &str, valid: bool) -> Option<Found> {
        let definition = Definition::parse(sql);
        let mut key = definition.key();
        key.retain(|part| !part.as_column().is_some_and(is_shard_column));
        if key.is_empty() {
            return None;
        }
        let method = match definition.word_after("USING") {
            Some(m) if m == "inverted" => "gin".to_owned(),
            Some(m) if m != "prefix" => m,
            _ => "btree".to_owned(),
        };
        Some(Found {
            name: name.to_owned(),
            method,
            key,
            predicate: definition.predicate(),
            nulls_not_distinct: false,
            // with skip_unique_checks, an index that is partitioned by region is unique within a region only
            valid: valid && !definition.has_parameter("skip_unique_checks"),
        })
    }

    /// PostgreSQL: from numbers of columns, and the list of expressions for those that are 0.
    fn from_numbers(row: Row<'_>, places: &Places, tables: &Tables, at: usize) -> Result<Option<Found>, LiveError> {
        let (Some(name), Some(method)) = (row.get(places.name), row.get(places.method)) else { return Ok(None) };
        let mut expressions = row.get(places.expressions).map(expressions).unwrap_or_default().into_iter();
        let mut key = Vec::new();
        let count = row.number(places.key_columns)?.unwrap_or(usize::MAX);
        for number in row.text(places.key).split_ascii_whitespace().take(count) {
            let number = number.parse::<i32>().map_err(|_| LiveError::Malformed {
                query: "indexes".to_owned(),
                reason: format!("index {name} has {number:?} in its key"),
            })?;
            let part = match number {
                0 => expressions.next().map(key_part),
                n => tables.column_name(at, n).map(|c| KeyPart::Column(c.to_owned())),
            };
            match part {
                Some(part) => key.push(part),
                None => return Ok(None),
            }
        }
        Ok(Some(Found {
            name: name.to_owned(),
            method: method.to_owned(),
            key,
            predicate: row.get(places.predicate).map(Expression::parse),
            nulls_not_distinct: row.flag(places.nulls_not_distinct)?,
            valid: row.flag(places.valid)?,
        }))
    }

    fn add_primary(self, tables: &mut Tables, at: usize) {
        let columns: Vec<String> = self.key.iter().filter_map(|k| k.as_column().map(str::to_owned)).collect();
        let hidden_rowid = matches!(columns.as_slice(), [only] if tables.has_unlisted(at, only));
        let Some(table) = tables.list.get_mut(at) else { return };
        table.hidden_rowid = hidden_rowid;
        table.primary_key = (!hidden_rowid).then_some(PrimaryKey { name: self.name, columns });
    }

    fn add_unique(self, tables: &mut Tables, at: usize, kind: KeyKind) {
        let Found { name, key, predicate, nulls_not_distinct, valid, .. } = self;
        let Some(table) = tables.list.get_mut(at) else { return };
        table.unique_keys.push(UniqueKey { name, key, predicate, nulls_not_distinct, kind, valid });
    }

    fn add_index(self, tables: &mut Tables, at: usize) {
        let Found { name, key, predicate, method, .. } = self;
        let Some(table) = tables.list.get_mut(at) else { return };
        table.indexes.push(Index { name, key, predicate, method });
    }
}

/// The expressions of an index: a list, separated by commas.
fn expressions(written: &str) -> Vec<Expression> {
    match parse_expressions(written) {
        Some(list) => list.into_iter().map(Expression::new).collect(),
        None => vec![Expression::parse(written)],
    }
}

/// Name and SQL of each index, where the server has them.
#[derive(Default)]
struct Definitions<'a> {
    by_oid: HashMap<u32, (&'a str, &'a str)>,
}

impl<'a> Definitions<'a> {
    fn read(reading: &Reading<'a>) -> Result<Definitions<'a>, LiveError> {
        if !reading.engine.is_cockroach() {
            return Ok(Definitions::default());
        }
        let rows = reading.recording.required("index_definitions")?;
        let [oid, name, definition] = rows.positions(["oid", "name", "definition"])?;
        let pairs = rows.rows().map(|row| Ok((row.oid(oid)?, (row.text(name), row.text(definition)))));
        Ok(Definitions { by_oid: pairs.collect::<Result<_, LiveError>>()? })
    }
}

/// The indexes that a UNIQUE constraint stands on. CockroachDB calls every unique index a constraint.
fn unique_constraints(reading: &Reading<'_>) -> Result<HashSet<u32>, LiveError> {
    if reading.engine.is_cockroach() {
        return Ok(HashSet::new());
    }
    let rows = reading.recording.required("constraints")?;
    let [kind, index] = rows.positions(["type", "index"])?;
    rows.rows().filter(|r| r.get(kind) == Some("u")).map(|r| r.oid(index)).collect()
}

struct Places {
    oid: usize,
    table: usize,
    name: usize,
    method: usize,
    unique: usize,
    primary: usize,
    exclusion: usize,
    valid: usize,
    nulls_not_distinct: usize,
    key: usize,
    key_columns: usize,
    expressions: usize,
    predicate: usize,
}

impl Places {
    fn of(rows: &ResultSet) -> Result<Places, LiveError> {
        let [oid, table, name, method] = rows.positions(["oid", "table_oid", "name", "method"])?;
        let [unique, primary, exclusion, valid, nulls_not_distinct] =
            rows.positions(["is_unique", "is_primary", "is_exclusion", "valid", "nulls_not_distinct"])?;
        let [key, key_columns, expressions, predicate] =
            rows.positions(["key", "key_columns", "expressions", "predicate"])?;
        Ok(Places {
            oid,
            table,
            name,
            method,
            unique,
            primary,
            exclusion,
            valid,
            nulls_not_distinct,
            key,
            key_columns,
            expressions,
            predicate,
        })
    }
}
