//! What is done to each table of a catalog.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::access::{Access, Deed, Insert, Name, Read, Update};
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
}

/// A workload, put to the tables of a catalog.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// The statements, the most frequent first.
    pub statements: Vec<Statement>,
    tables: BTreeMap<(String, String), TableUse>,
    /// How often a lock by a number of the application's own was taken: what it guards is not seen.
    pub advisory_locks: u64,
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
        // CockroachDB has the functions, and locks nothing
        let locks = |s: &&Statement| catalog.engine.has_advisory_locks() && s.takes_advisory_lock();
        let advisory_locks = workload.statements.iter().filter(locks).map(|s| s.count).fold(0, u64::saturating_add);
        let mut out = Usage { statements: workload.statements, tables: BTreeMap::new(), advisory_locks, unread };
        let mut ambiguous: Vec<String> = Vec::new();
        let mut by_name: HashMap<&str, Vec<&Table>> = HashMap::new();
        for table in &catalog.tables {
            by_name.entry(&table.name).or_default().push(table);
        }
        for (i, statement) in out.statements.iter().enumerate() {
            for access in &statement.accesses {
                let table = match find(catalog, &by_name, access) {
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
                    // heard, but nothing is to be told of it
                    Deed::Delete(_) => {}
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

/// Columns that every table has and no catalog lists: CockroachDB's first, then PostgreSQL's.
const SYSTEM_COLUMNS: [&str; 8] =
    ["rowid", "crdb_internal_mvcc_timestamp", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

enum Found<'a> {
    None,
    One(&'a Table),
    Many,
}

/// The table that a statement means. Which schemas its session looked into is not known: a bare name is that of the
/// only table that has it, and all the columns that the statement names.
fn find<'a>(catalog: &'a Catalog, by_name: &HashMap<&str, Vec<&'a Table>>, access: &Access) -> Found<'a> {
    let Name { schema, table } = &access.table;
    if let Some(schema) = schema {
        return catalog.table(schema, table).map_or(Found::None, Found::One);
    }
    let columns = access.deed.columns();
    let fits = |t: &&Table| columns.iter().all(|c| t.column(c).is_some() || SYSTEM_COLUMNS.contains(c));
    let mut named = by_name.get(table.as_str()).into_iter().flatten().copied().filter(fits);
    match (named.next(), named.next()) {
        (None, _) => Found::None,
        (Some(one), None) => Found::One(one),
        (Some(_), Some(_)) => Found::Many,
    }
}
