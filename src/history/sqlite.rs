//! A history in one file. SQLite's rollback journal keeps it whole when the process or the machine dies, and its locks
//! keep two jobs apart.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, TransactionBehavior};

use super::database::{Database, DatabaseError, Row, Session, Value};

/// How long another job may hold the file: it does so for milliseconds, on a slow disk for a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// Marks the file as a history of dbaudit ("dbau"), so that no other program's database is taken for one.
const APPLICATION: i32 = 0x6462_6175;

/// An open file.
pub struct File {
    connection: Connection,
    behavior: TransactionBehavior,
}

impl File {
    /// Opens a history; `create` makes a new one where there is none.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is something else.
    pub fn open(path: &Path, create: bool) -> Result<File> {
        let name = path.display();
        if !create && !path.exists() {
            bail!("there is no history at {name}; `dbaudit check --history {name}` begins one");
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<(Connection, i32, i64)> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            // a run that was told as recorded is on the disk
            connection.pragma_update(None, "synchronous", "FULL")?;
            // in this order: another job that begins the history marks it before it makes a table
            let tables = connection.query_row(query!("sqlite_tables"), [], |r| r.get(0))?;
            let application = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
            Ok((connection, application, tables))
        };
        let (connection, application, tables) = open().with_context(|| format!("cannot use {name} as a history"))?;
        if application != APPLICATION {
            if tables > 0 {
                bail!("{name} is a database of something else; name another file for the history");
            }
            connection
                .pragma_update(None, "application_id", APPLICATION)
                .with_context(|| format!("cannot begin a history in {name}"))?;
        }
        // from the beginning, so that what was read is still true when it is written; who may only read can look
        let behavior = match connection.is_readonly("main") {
            Ok(true) => TransactionBehavior::Deferred,
            _ => TransactionBehavior::Immediate,
        };
        Ok(File { connection, behavior })
    }
}

impl Database for File {
    fn transact(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Session) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let mut transaction = self.connection.transaction_with_behavior(self.behavior).map_err(explain)?;
        work(&mut transaction)?;
        transaction.commit().map_err(explain)
    }

    fn migrate(&mut self, sql: &str) -> Result<(), DatabaseError> {
        self.connection.execute(sql, []).map(drop).map_err(explain)
    }
}

impl Session for rusqlite::Transaction<'_> {
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let mut statement = self.prepare(sql).map_err(explain)?;
        for (i, value) in values.iter().enumerate() {
            if let Some(at) = statement.parameter_index(&format!("${}", i + 1)).map_err(explain)? {
                let value: &dyn ToSql = match value {
                    Value::Int(n) => n,
                    Value::Text(text) => text,
                    Value::Bytes(bytes) => bytes,
                };
                statement.raw_bind_parameter(at, value).map_err(explain)?;
            }
        }
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(explain)? {
            let value = |i| -> Result<Value, DatabaseError> {
                Ok(match row.get_ref(i).map_err(explain)? {
                    ValueRef::Integer(n) => Value::Int(n),
                    ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Null | ValueRef::Real(_) => Value::Text(String::new()),
                })
            };
            out.push(Row((0..columns).map(value).collect::<Result<_, _>>()?));
        }
        Ok(out)
    }
}

fn explain(error: rusqlite::Error) -> DatabaseError {
    DatabaseError::Other(match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another job held the file for more than {} s", PATIENCE.as_secs())
        }
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "the file or its folder is read-only".to_owned(),
        Some(ErrorCode::CannotOpen) => format!("the file or its folder cannot be opened ({error})"),
        Some(ErrorCode::NotADatabase) => "the file is no history of dbaudit".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => format!("the file is damaged ({error})"),
        _ => error.to_string(),
    })
}
