//! What a server says beside its schema: asked after the catalog, on the same connection, and never at its expense. What
//! cannot be had is missing with its reason.

use std::borrow::Cow;

use futures_util::future::join_all;
use tokio_postgres::Client;

use super::error::is_connection_lost;
use super::fetch::ask;
use super::statements::postgres_version;
use super::{Failure, Recording, ResultSet, assemble};
use crate::catalog::Table;
use crate::engine::{Engine, Version, quote_table};
use crate::evidence::settings::{READ_COMMITTED, REPEATABLE_READ};

/// What is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observe {
    /// The planner's statistics: three statements on PostgreSQL, one a table on CockroachDB.
    pub statistics: bool,
    /// What sessions begin with: two statements on PostgreSQL, four on CockroachDB.
    pub defaults: bool,
}

/// Names of the answers.
pub(super) const SESSION_SETTINGS: &str = "session_settings";
pub(super) const ROLE_SETTINGS: &str = "role_settings";
pub(super) const COLUMN_STATISTICS: &str = "column_statistics";
pub(super) const EXTENDED_STATISTICS: &str = "extended_statistics";
pub(super) const TABLE_ACTIVITY: &str = "table_activity";

/// The levels that CockroachDB may raise to SERIALIZABLE, each with the name of the answer that tells what it gave.
pub(super) const LEVELS: [(&str, &str); 2] =
    [(READ_COMMITTED, "given_read_committed"), (REPEATABLE_READ, "given_repeatable_read")];

/// SQLSTATE of a connection that ended.
pub(super) const CONNECTION_LOST: &str = "08006";

/// Columns of CockroachDB's statistics before those of the query.
const OF_TABLE: [&str; 2] = ["table_schema", "table_name"];

struct Question<'a> {
    name: &'static str,
    sql: Cow<'static, str>,
    /// Schema and name of the only table that it is about.
    table: Option<(&'a str, &'a str)>,
}

/// Asks all at once and adds the answers to the recording.
pub async fn observe(client: &Client, recording: &mut Recording, what: Observe) {
    let cockroach = Engine::from_version_string(&recording.version).is_cockroach();
    // the tables whose statistics are asked for one by one
    let tables = match what.statistics && cockroach {
        true => assemble(recording).map(|catalog| catalog.tables).unwrap_or_default(),
        false => Vec::new(),
    };
    let mut questions = Vec::new();
    if what.defaults {
        questions.extend(defaults(cockroach));
    }
    if what.statistics {
        questions.extend(if cockroach { of_tables(&tables) } else { statistics(&recording.version) });
    }
    let answers = join_all(questions.iter().map(|q| ask(client, q.name, &q.sql))).await;
    recording.statements += questions.len();
    for (question, answer) in questions.iter().zip(answers) {
        match answer {
            Ok(rows) => keep(recording, question, rows),
            Err(e) => fail(recording, question, &e),
        }
    }
}

fn defaults(cockroach: bool) -> Vec<Question<'static>> {
    let role_settings = plain(ROLE_SETTINGS, include_str!("../../../queries/role_settings.sql"));
    if cockroach {
        let [(_, read_committed), (_, repeatable_read)] = LEVELS;
        vec![
            plain(SESSION_SETTINGS, include_str!("../../../queries/cockroach/session_settings.sql")),
            plain(read_committed, include_str!("../../../queries/cockroach/given_read_committed.sql")),
            plain(repeatable_read, include_str!("../../../queries/cockroach/given_repeatable_read.sql")),
            role_settings,
        ]
    } else {
        vec![plain(SESSION_SETTINGS, include_str!("../../../queries/postgres/session_settings.sql")), role_settings]
    }
}

fn plain(name: &'static str, sql: &'static str) -> Question<'static> {
    Question { name, sql: sql.into(), table: None }
}

fn of_tables(tables: &[Table]) -> Vec<Question<'_>> {
    let sql = include_str!("../../../queries/cockroach/column_statistics.sql");
    let question = |t| Question {
        name: COLUMN_STATISTICS,
        sql: sql.replace("{table}", &quote_table(t)).into(),
        table: Some((&t.schema, &t.name)),
    };
    tables.iter().map(question).collect()
}

fn statistics(version: &str) -> Vec<Question<'static>> {
    let mut out = vec![
        plain(COLUMN_STATISTICS, include_str!("../../../queries/postgres/column_statistics.sql")),
        plain(TABLE_ACTIVITY, include_str!("../../../queries/postgres/table_activity.sql")),
    ];
    if postgres_version(version).is_some_and(|v| v >= Version::new(12, 0)) {
        out.push(plain(EXTENDED_STATISTICS, include_str!("../../../queries/postgres/extended_statistics.sql")));
    }
    out
}

fn keep(recording: &mut Recording, question: &Question<'_>, rows: ResultSet) {
    let Some((schema, name)) = question.table else {
        recording.results.insert(question.name.to_owned(), rows);
        return;
    };
    let all = recording.results.entry(question.name.to_owned()).or_insert_with(|| {
        let columns = OF_TABLE.iter().map(|c| (*c).to_owned()).chain(rows.columns().iter().cloned());
        ResultSet::new(question.name, columns.collect())
    });
    for row in rows.rows() {
        let values = (0..rows.columns().len()).map(|i| row.get(i));
        all.push([Some(schema), Some(name)].into_iter().chain(values));
    }
}

/// The first failure of a name stands for all.
fn fail(recording: &mut Recording, question: &Question<'_>, error: &tokio_postgres::Error) {
    let mut failure = Failure::of(error);
    if is_connection_lost(error) {
        failure = Failure { code: CONNECTION_LOST.to_owned(), message: "the connection was lost".to_owned() };
    }
    if let Some((schema, name)) = question.table {
        failure.message = format!("{schema}.{name}: {}", failure.message);
    }
    recording.failures.entry(question.name.to_owned()).or_insert(failure);
}

impl Recording {
    /// Notes that what was asked had no answer in time.
    pub fn give_up(&mut self, what: Observe, reason: &str) {
        let failure = Failure { code: "57014".to_owned(), message: format!("the server {reason}") };
        let queries = [(what.defaults, SESSION_SETTINGS), (what.statistics, COLUMN_STATISTICS)];
        for (_, query) in queries.iter().filter(|(asked, _)| *asked) {
            self.failures.insert((*query).to_owned(), failure.clone());
        }
    }
}
