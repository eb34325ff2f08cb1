//! Tables that other sessions have to themselves (PostgreSQL): what reads an expression of theirs waits for them.

use super::{LiveError, Recording, ResultSet};

/// Name of the answer that tells which tables were spared.
pub(super) const LOCKED_TABLES: &str = "locked_tables";

/// A table, and who has it.
pub(super) struct Locked {
    /// Its OID.
    pub oid: u32,
    schema: String,
    name: String,
    /// The process of the session; `None` for a prepared transaction.
    process: Option<String>,
}

impl Locked {
    /// Each table once, with who has it before who waits for it.
    pub fn of(rows: &ResultSet) -> Result<Vec<Locked>, LiveError> {
        let [oid, schema, name, process] = rows.positions(["oid", "schema", "name", "pid"])?;
        let mut all = Vec::new();
        for row in rows.rows() {
            let (schema, name) = (row.text(schema).to_owned(), row.text(name).to_owned());
            let process = row.get(process).map(str::to_owned);
            all.push(Locked { oid: row.oid(oid)?, schema, name, process });
        }
        all.dedup_by_key(|l| l.oid);
        Ok(all)
    }
}

/// OIDs below are of the system's own tables.
const FIRST_OF_USERS: u32 = 16384;

impl Recording {
    /// The tables whose expressions were not read because another session had them to itself.
    pub(super) fn locked(&self) -> Result<Vec<Locked>, LiveError> {
        let mut all = self.results.get(LOCKED_TABLES).map_or(Ok(Vec::new()), Locked::of)?;
        all.retain(|l| l.oid >= FIRST_OF_USERS);
        Ok(all)
    }
}

impl std::fmt::Display for Locked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Locked { schema, name, process, .. } = self;
        write!(f, "table {schema}.{name} is locked (ACCESS EXCLUSIVE) by ")?;
        match process {
            Some(process) => write!(f, "process {process} (SELECT * FROM pg_stat_activity WHERE pid = {process})"),
            None => f.write_str("a prepared transaction (SELECT * FROM pg_prepared_xacts)"),
        }
    }
}
