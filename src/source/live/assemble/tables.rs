//! Which tables there are.

use std::collections::{HashMap, HashSet};

use crate::catalog::{Column, Relation, Table};

use super::definition::Definition;
use super::scope::{COCKROACH_SYSTEM_DATABASE, is_system_schema};
use super::{LiveError, Reading};

/// CockroachDB numbers its virtual tables from 2³² downwards, users' tables from 50 upwards.
const FIRST_VIRTUAL_OID: u32 = u32::MAX - 100_000;

/// The listed tables, and how rows of the other queries find them.
#[derive(Default)]
pub struct Tables {
    pub list: Vec<Table>,
    /// Relations that are not listed.
    pub others: Vec<Relation>,
    /// Names of user schemas.
    pub schemas: HashMap<u32, String>,
    /// Schema and name of every table, also of partitions and of tables that are not listed.
    pub names: HashMap<u32, (String, String)>,
    by_oid: HashMap<u32, usize>,
    by_name: HashMap<String, HashMap<String, usize>>,
    parents: HashMap<u32, u32>,
    with_partitions: HashSet<u32>,
    /// By table: the number of each column and its place in the list, if it is listed.
    numbers: Vec<HashMap<i32, (String, Option<usize>)>>,
}

impl Tables {
    pub fn read(reading: &Reading<'_>) -> Result<Tables, LiveError> {
        let recording = reading.recording;
        let mut tables = Tables::default();
        let rows = recording.required("schemas")?;
        let [oid, name] = rows.positions(["oid", "name"])?;
        let mut known = HashSet::new();
        for row in rows.rows() {
            known.insert(row.oid(oid)?);
        }
        for row in rows.rows().filter(|r| !is_system_schema(r.text(name))) {
            tables.schemas.insert(row.oid(oid)?, row.text(name).to_owned());
        }
        if reading.engine.is_cockroach() && recording.database == COCKROACH_SYSTEM_DATABASE {
            tables.schemas.clear();
        }
        let owned = extension_members(reading)?;
        let rows = recording.required("tables")?;
        let [oid, schema, name, kind, persistence, parent, key] =
            rows.positions(["oid", "schema", "name", "kind", "persistence", "partition_of", "partition_key"])?;
        // CockroachDB knows no inheritance
        let inherits = rows.columns().iter().position(|c| c == "inherits");
        let mut hidden = 0;
        for row in rows.rows() {
            let (id, schema_id) = (row.oid(oid)?, row.oid(schema)?);
            let Some(schema) = tables.schemas.get(&schema_id) else {
                hidden += usize::from(id < FIRST_VIRTUAL_OID && !known.contains(&schema_id));
                continue;
            };
            let (schema, name) = (schema.clone(), row.text(name).to_owned());
            // what belongs to an extension is not the user's: a schema file does not name it
            let is_users = !owned.contains(&id) && !owned.contains(&schema_id);
            if !matches!(row.get(kind), Some("r" | "p")) {
                tables.others.extend(is_users.then_some(Relation { schema, name }));
                continue;
            }
            tables.names.insert(id, (schema.clone(), name.clone()));
            if row.get(parent).is_some() {
                tables.others.push(Relation { schema, name });
                tables.parents.insert(id, row.oid(parent)?);
                tables.with_partitions.insert(row.oid(parent)?);
            } else if row.get(persistence) != Some("t") && is_users {
                let partition_key = row.get(key).map(|k| Definition::parse(k).key()).unwrap_or_default();
                let inherits = inherits.map_or(Ok(false), |at| row.flag(at))?;
                tables.add(id, Table { schema, name, partition_key, inherits, ..Table::default() });
            }
        }
        if reading.engine.is_cockroach() {
            // its indexes have their names within their table
            tables.others.clear();
        }
        // seen on CockroachDB 21.1 with SELECT on the tables alone: pg_namespace is empty then
        if hidden > 0 && reading.engine.is_cockroach() {
            let (user, database) = (recording.user.clone(), recording.database.clone());
            return Err(LiveError::HiddenSchemas { user, database, tables: hidden });
        }
        Ok(tables)
    }

    fn add(&mut self, oid: u32, table: Table) {
        let at = self.list.len();
        self.by_oid.insert(oid, at);
        self.by_name.entry(table.schema.clone()).or_default().insert(table.name.clone(), at);
        self.numbers.push(HashMap::new());
        self.list.push(table);
    }

    /// The place of the table in the list.
    pub fn listed(&self, oid: u32) -> Option<usize> {
        self.by_oid.get(&oid).copied()
    }

    /// The place of the table of that name.
    pub fn named(&self, schema: &str, name: &str) -> Option<usize> {
        self.by_name.get(schema)?.get(name).copied()
    }

    /// For a partition that has rows of its own: the place of the table that it is part of.
    pub fn root_of_leaf(&self, oid: u32) -> Option<usize> {
        if self.with_partitions.contains(&oid) {
            return None;
        }
        let mut at = oid;
        // bounded: rows could name a table as its own ancestor
        for _ in 0..64 {
            at = *self.parents.get(&at)?;
            if let Some(place) = self.listed(at) {
                return Some(place);
            }
        }
        None
    }

    /// Adds a column to a table; `None` is one that is not listed but has a number.
    pub fn add_column(&mut self, at: usize, number: i32, name: &str, column: Option<Column>) {
        let (Some(table), Some(numbers)) = (self.list.get_mut(at), self.numbers.get_mut(at)) else { return };
        let place = column.is_some().then_some(table.columns.len());
        numbers.insert(number, (name.to_owned(), place));
        table.columns.extend(column);
    }

    /// The name of a column by its number.
    pub fn column_name(&self, at: usize, number: i32) -> Option<&str> {
        self.numbers.get(at)?.get(&number).map(|(name, _)| name.as_str())
    }

    /// A listed column by its number.
    pub fn column_mut(&mut self, at: usize, number: i32) -> Option<&mut Column> {
        let place = self.numbers.get(at)?.get(&number)?.1?;
        self.list.get_mut(at)?.columns.get_mut(place)
    }

    /// Whether the table has a column of that name that is not listed.
    pub fn has_unlisted(&self, at: usize, name: &str) -> bool {
        self.numbers.get(at).is_some_and(|n| n.values().any(|(column, place)| place.is_none() && column == name))
    }
}

/// OIDs of tables and schemas that belong to an extension.
fn extension_members(reading: &Reading<'_>) -> Result<HashSet<u32>, LiveError> {
    let Some(rows) = reading.recording.results.get("extension_members") else { return Ok(HashSet::new()) };
    let [oid] = rows.positions(["oid"])?;
    rows.rows().map(|row| row.oid(oid)).collect()
}
