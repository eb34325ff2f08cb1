//! From recorded rows to the catalog. Pure and total: rows of any content give a catalog or an error.
//!
//! Nothing here relies on the WHERE of a query: rows that belong to no listed table are passed over.

mod columns;
mod constraints;
mod definition;
mod indexes;
mod scope;
mod tables;
mod types;

use std::collections::HashMap;

use crate::catalog::{Catalog, Missing, Part};
use crate::engine::Engine;

use super::statements::{catalog_statements, postgres_version};
use super::{LiveError, Recording};
use tables::Tables;
use types::Types;

/// Makes the catalog of a recording.
pub fn assemble(recording: &Recording) -> Result<Catalog, LiveError> {
    let mut reading = Reading {
        recording,
        engine: Engine::from_version_string(&recording.version),
        missing: Vec::new(),
        locked: Vec::new(),
    };
    reading.note_failures()?;
    let locked = recording.locked()?;
    for table in &locked {
        reading.left_out(format!("{table}; try again when that is done"));
    }
    reading.locked = locked.iter().map(|l| l.oid).collect();
    let mut tables = Tables::read(&reading)?;
    let types = Types::read(&mut reading, &tables)?;
    columns::read(&reading, &mut tables, &types)?;
    constraints::read(&mut reading, &mut tables)?;
    indexes::read(&mut reading, &mut tables)?;
    comments(&reading, &mut tables)?;
    row_estimates(&reading, &mut tables)?;
    let mut catalog = Catalog {
        engine: reading.engine,
        tables: tables.list,
        other_relations: tables.others,
        half_read: reading.locked.iter().filter_map(|oid| tables.names.get(oid).cloned()).collect(),
        missing: reading.missing,
    };
    catalog.sort();
    Ok(catalog)
}

/// What every step needs.
struct Reading<'a> {
    recording: &'a Recording,
    engine: Engine,
    missing: Vec<Missing>,
    /// Tables whose expressions were not read.
    locked: Vec<u32>,
}

impl Reading<'_> {
    /// Something of the definitions that is not in the catalog, and why.
    fn left_out(&mut self, reason: String) {
        self.missing.push(Missing { part: Part::Definitions, reason });
    }

    /// Something whose definition the server did not give, or gave in a form that is not known.
    fn not_understood(&mut self, what: &str, is_there: bool) {
        let why = match is_there {
            true => "its definition was not understood",
            false => "it was dropped or changed while the catalog was read; run the audit again",
        };
        self.left_out(format!("{what}: {why}"));
    }

    /// Optional queries without an answer.
    fn note_failures(&mut self) -> Result<(), LiveError> {
        for statement in catalog_statements(&self.recording.version)? {
            let Some(part) = statement.optional else { continue };
            if self.recording.results.contains_key(statement.name) {
                continue;
            }
            let reason = match self.recording.failures.get(statement.name) {
                Some(f) => format!("{} (SQLSTATE {})", f.message, f.code),
                None => "the recording has no answer to the query".to_owned(),
            };
            self.missing.push(Missing { part, reason });
        }
        Ok(())
    }
}

fn comments(reading: &Reading<'_>, tables: &mut Tables) -> Result<(), LiveError> {
    let Some(rows) = reading.recording.results.get("comments") else { return Ok(()) };
    let [table, number, comment] = rows.positions(["table_oid", "number", "comment"])?;
    for row in rows.rows() {
        let Some(at) = tables.listed(row.oid(table)?) else { continue };
        let comment = row.get(comment).filter(|c| !c.is_empty()).map(str::to_owned);
        match row.number(number)?.unwrap_or(0) {
            0 => {
                if let Some(t) = tables.list.get_mut(at) {
                    t.comment = comment;
                }
            }
            n => {
                if let Some(column) = tables.column_mut(at, n) {
                    column.comment = comment;
                }
            }
        }
    }
    Ok(())
}

fn row_estimates(reading: &Reading<'_>, tables: &mut Tables) -> Result<(), LiveError> {
    let Some(rows) = reading.recording.results.get("row_estimates") else { return Ok(()) };
    let [oid, schema, name, count] = rows.positions(["table_oid", "table_schema", "table_name", "rows"])?;
    let mut of_partitions: HashMap<usize, u128> = HashMap::new();
    // a table that was never counted has 0 on CockroachDB and on PostgreSQL before 14
    let zero_says_something = postgres_version(&reading.recording.version).is_some_and(|v| v.major >= 14);
    for row in rows.rows() {
        let Some(n) = row.number::<i64>(count)?.and_then(|n| u64::try_from(n).ok()) else { continue };
        if n == 0 && !zero_says_something {
            continue;
        }
        let at = match row.get(oid) {
            Some(_) => tables.listed(row.oid(oid)?),
            None => tables.named(row.text(schema), row.text(name)),
        };
        match at.and_then(|at| tables.list.get_mut(at)) {
            Some(table) => table.row_estimate = Some(n),
            None => {
                if let Some(root) = tables.root_of_leaf(row.oid(oid)?) {
                    *of_partitions.entry(root).or_default() += u128::from(n);
                }
            }
        }
    }
    // the parent of partitions is rarely analysed itself: theirs add up
    for (root, sum) in of_partitions {
        if let Some(table) = tables.list.get_mut(root) {
            table.row_estimate = table.row_estimate.or(u64::try_from(sum).ok());
        }
    }
    Ok(())
}
