//! What is done to each table of a catalog.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Access, Deed, Filter, Insert, Name, Read, Update};
use super::lookups::{KeyLookup, lookups};
use super::{Said, Statement, Transaction, Workload};
use crate::catalog::{Catalog, Table};

/// A deed with the statement that does it.
#[derive(Debug, Clone)]
pub struct Of<T> {
    /// The place of the statement in [`Usage::statements`].
    pub statement: usize,
    /// How often it was sent.
    pub count: u64,
    /// How it ran.
    pub transaction: Transaction,
    /// The same statement writes, too.
    pub in_write: bool,
    /// What it does.
    pub what: T,
}

/// What is done to one table.
#[derive(Debug, Clone, Default)]
pub struct TableUse {
    /// SELECTs.
    pub reads: Vec<Of<Read>>,
    /// Those of them that ask for rows by columns that could be a key.
    pub lookups: Vec<KeyLookup>,
    /// UPDATEs.
    pub updates: Vec<Of<Update>>,
    /// INSERTs.
    pub inserts: Vec<Of<Insert>>,
    /// DELETEs.
    pub deletes: Vec<Of<Filter>>,
}

/// A workload, put to the tables of a catalog.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// The statements, the most frequent first.
    pub statements: Vec<Statement>,
    tables: BTreeMap<(String, String), TableUse>,
    /// What could not be read or put to a table, in sentences.
    pub unread: Vec<String>,
}

impl Usage {
    /// Whether no statement is about a table of the catalog.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Puts each deed to its table.
    pub fn of(catalog: &Catalog, workload: Workload) -> Usage {
        let unread = workload.unread();
        let mut out = Usage { statements: workload.statements, tables: BTreeMap::new(), unread };
        let mut ambiguous: Vec<String> = Vec::new();
        for (i, statement) in out.statements.iter().enumerate() {
            for access in &statement.accesses {
                let table = match find(catalog, access) {
                    Found::One(table) => table,
                    Found::None => continue,
                    Found::Many => {
                        ambiguous.push(access.table.table.clone());
                        continue;
                    }
                };
                let uses = out.tables.entry((table.schema.clone(), table.name.clone())).or_default();
                match &access.deed {
                    Deed::Read(r) => uses.reads.push(with(i, statement, r)),
                    Deed::Update(u) => uses.updates.push(with(i, statement, u)),
                    Deed::Insert(n) => uses.inserts.push(with(i, statement, n)),
                    Deed::Delete(f) => uses.deletes.push(with(i, statement, f)),
                }
            }
        }
        for ((schema, name), uses) in &mut out.tables {
            if let Some(table) = catalog.table(schema, name) {
                uses.lookups = lookups(table, &uses.reads);
            }
        }
        if !ambiguous.is_empty() {
            let n = ambiguous.len();
            ambiguous.sort_unstable();
            ambiguous.dedup();
            out.unread.push(format!(
                "{n} statements name a table without its schema, and several schemas have it: {}",
                ambiguous.join(", ")
            ));
        }
        out
    }

    /// What is done to the table, if anything.
    pub fn of_table(&self, table: &Table) -> Option<&TableUse> {
        self.tables.get(&(table.schema.clone(), table.name.clone()))
    }

    /// The statements of those places, each once.
    pub fn said(&self, places: impl IntoIterator<Item = usize>) -> Vec<Said> {
        let places: BTreeSet<usize> = places.into_iter().collect();
        places.into_iter().filter_map(|i| Some(self.statements.get(i)?.said())).collect()
    }
}

fn with<T: Clone>(place: usize, statement: &Statement, what: &T) -> Of<T> {
    Of {
        statement: place,
        count: statement.count,
        transaction: statement.transaction,
        in_write: statement.writes(),
        what: what.clone(),
    }
}

enum Found<'a> {
    None,
    One(&'a Table),
    Many,
}

/// The table that a statement means. Which schemas its session looked into is not known: a bare name is that of the
/// only table that has it, and all the columns that the statement names.
fn find<'a>(catalog: &'a Catalog, access: &Access) -> Found<'a> {
    let Name { schema, table } = &access.table;
    if let Some(schema) = schema {
        return catalog.table(schema, table).map_or(Found::None, Found::One);
    }
    let columns = access.deed.columns();
    let fits = |t: &&Table| t.name == *table && columns.iter().all(|c| t.column(c).is_some() || *c == "rowid");
    let mut named = catalog.tables.iter().filter(fits);
    match (named.next(), named.next()) {
        (None, _) => Found::None,
        (Some(one), None) => Found::One(one),
        (Some(_), Some(_)) => Found::Many,
    }
}
