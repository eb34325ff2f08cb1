//! A history in a CockroachDB or PostgreSQL database, for many jobs on many machines.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::database::{Database, DatabaseError, Row, Session, Value};
use crate::source::connection::{Connection, Settings, connect};

/// How often a transaction is run again when others were at the same rows. With the waits between that is about ten
/// seconds, in which a transaction of a few milliseconds gets its turn among hundreds.
const ATTEMPTS: u32 = 12;
/// How long the server may take to let us in.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of the schema in which the tables are.
const SCHEMA: &str = "dbaudit";

/// An open session.
pub struct Server {
    settings: Settings,
    connection: Connection,
    // after the connection, whose traffic it drives
    runtime: Runtime,
}

impl Server {
    /// Connects. The schema for the tables is made if it is not there and `create` says so.
    ///
    /// # Errors
    /// If the server cannot be reached, has no schema, or does not let us make it.
    pub fn open(settings: &Settings, create: bool) -> Result<Server> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start a runtime")?;
        let connection = runtime.block_on(enter(settings, create))?;
        Ok(Server { settings: settings.clone(), connection, runtime })
    }

    fn again(&mut self) -> Result<(), DatabaseError> {
        self.connection =
            self.runtime.block_on(enter(&self.settings, false)).map_err(|e| DatabaseError::Other(format!("{e:#}")))?;
        Ok(())
    }

    fn simple(&self, sql: &str) -> Result<(), DatabaseError> {
        self.runtime.block_on(self.connection.client.batch_execute(sql)).map_err(|e| explain(&e))
    }
}

async fn enter(settings: &Settings, create: bool) -> Result<Connection> {
    let open = async {
        let connection = connect(settings).await.context("cannot open the history")?;
        let client = &connection.client;
        let set = "SET application_name = 'dbaudit history'; SET statement_timeout = 60000";
        client.batch_execute(set).await.with_context(|| format!("cannot use {settings} for the history"))?;
        // asked first: who may not create schemas may still use the one that is there
        let there = client
            .query_one(query!("schema_exists"), &[&SCHEMA])
            .await
            .with_context(|| format!("cannot read the schemas of {settings}"))?;
        if there.try_get::<_, i64>(0).unwrap_or(0) == 0 {
            if !create {
                bail!("there is no history at {settings}; `dbaudit check --history` begins one");
            }
            let made = client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}")).await;
            made.or_else(|e| if is_race(&e) { Ok(()) } else { Err(e) }).with_context(|| {
                format!(
                    "{settings} has no schema {SCHEMA} for the history, and it cannot be made: \
                     GRANT CREATE ON DATABASE to the user of the history, or make it"
                )
            })?;
        }
        client
            .batch_execute(&format!("SET search_path = {SCHEMA}"))
            .await
            .with_context(|| format!("cannot use the schema {SCHEMA} of {settings}"))?;
        Ok(connection)
    };
    match tokio::time::timeout(PATIENCE, open).await {
        Ok(connection) => connection,
        Err(_) => bail!("{settings} did not let us at the history within {} s", PATIENCE.as_secs()),
    }
}

impl Database for Server {
    fn transact(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Session) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let mut attempt = 0;
        loop {
            if self.connection.client.is_closed() {
                self.again()?;
            }
            let done = self
                .simple("BEGIN ISOLATION LEVEL SERIALIZABLE")
                .and_then(|()| work(self))
                .and_then(|()| self.simple("COMMIT"));
            let Err(error) = done else { return Ok(()) };
            // what is left of it; on a lost connection there is nothing, and that it fails tells nothing new
            let _ = self.simple("ROLLBACK");
            attempt += 1;
            let lost = self.connection.client.is_closed();
            // whoever is told that a run is recorded may be told so again: it is recorded by its id, once
            if !(matches!(error, DatabaseError::Conflict(_)) || lost) || attempt == ATTEMPTS {
                return Err(error);
            }
            std::thread::sleep(pause(attempt));
        }
    }

    fn migrate(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let mut attempt = 0;
        loop {
            match self.simple(sql) {
                // two that begin at once: the second finds what the first has made
                Err(DatabaseError::Conflict(_)) if attempt < ATTEMPTS => {
                    attempt += 1;
                    std::thread::sleep(pause(attempt));
                }
                done => return done,
            }
        }
    }
}

/// Longer each time, and not the same for two that met.
fn pause(attempt: u32) -> Duration {
    let most = Duration::from_millis(20) * 2u32.pow(attempt.min(7));
    most.mul_f64(0.5 + fastrand::f64() / 2.0)
}

impl Session for Server {
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|v| match v {
                Value::Int(n) => n as &(dyn ToSql + Sync),
                Value::Text(text) => text,
                Value::Bytes(bytes) => bytes,
            })
            .collect();
        let rows = self.runtime.block_on(self.connection.client.query(sql, &values)).map_err(|e| explain(&e))?;
        rows.iter()
            .map(|row| {
                let value = |i: usize, kind: &Type| -> Result<Value, tokio_postgres::Error> {
                    Ok(match *kind {
                        Type::INT8 => Value::Int(row.try_get::<_, Option<i64>>(i)?.unwrap_or(0)),
                        Type::INT4 => Value::Int(row.try_get::<_, Option<i32>>(i)?.unwrap_or(0).into()),
                        Type::BYTEA => Value::Bytes(row.try_get::<_, Option<Vec<u8>>>(i)?.unwrap_or_default()),
                        _ => Value::Text(row.try_get::<_, Option<String>>(i)?.unwrap_or_default()),
                    })
                };
                let all = row.columns().iter().enumerate().map(|(i, c)| value(i, c.type_()));
                all.collect::<Result<_, _>>().map(Row).map_err(|e| explain(&e))
            })
            .collect()
    }
}

/// Whether two made the same thing at the same time.
fn is_race(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_SCHEMA, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT]
            .contains(code)
    })
}

fn explain(error: &tokio_postgres::Error) -> DatabaseError {
    let again = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    let text = match error.as_db_error() {
        Some(e) => format!("the history's server says: {}", e.message()),
        None => format!("the connection to the history was lost ({error})"),
    };
    if is_race(error) || error.code().is_some_and(|c| again.contains(c)) {
        DatabaseError::Conflict(text)
    } else {
        DatabaseError::Other(text)
    }
}
