//! The race that the README tells, played by two sessions: a seat is sold twice until the migration is applied.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use support::cockroach::Cockroach;
use support::migrations::{files, folder, migrate, psql};
use support::postgres::Postgres;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

const SHOP: &str = "examples/booking.sql";
const RACE: &str = include_str!("../examples/race.sql");

/// What became of one statement: the values that it showed, or the SQLSTATE of its refusal.
type Outcome = Result<Vec<String>, String>;

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Plays the file, each statement in the session of the comment above it. Of the statements of session 2 that write, and
/// of the last look, it tells what became.
async fn play(url: &str) -> (Vec<Outcome>, Vec<Outcome>) {
    let sessions = [connect(url).await, connect(url).await];
    let (mut writes, mut looks, mut session) = (Vec::new(), Vec::new(), 1);
    for statement in RACE.split_inclusive(';').filter(|s| s.trim().ends_with(';')) {
        for n in [1, 2] {
            if statement.contains(&format!("-- session {n}:")) {
                session = n;
            }
        }
        let outcome = match sessions[session - 1].simple_query(statement).await {
            Ok(messages) => Ok(messages.iter().filter_map(shown).collect()),
            Err(e) => Err(e.code().expect("an answer of the server").code().to_owned()),
        };
        match statement.lines().last().unwrap().starts_with("SELECT") {
            true => looks.push(outcome),
            false if session == 2 => writes.push(outcome),
            false => drop(outcome.expect("session 1 comes first and is never refused")),
        }
    }
    (writes, looks.split_off(4))
}

fn shown(message: &SimpleQueryMessage) -> Option<String> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }
}

fn value(text: &str) -> Outcome {
    Ok(vec![text.to_owned()])
}

/// Without the guards both writes of session 2 succeed; with them both are refused, and the numbers are right.
fn lost_and_won(before: &str, after: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (writes, left) = runtime.block_on(play(before));
    assert_eq!(writes, [Ok(vec![]), Ok(vec![])]);
    assert_eq!(left, [value("-1"), value("2")], "one seat sold twice, one reservation made twice");

    let folder = folder();
    migrate(after, folder.path(), &[]);
    psql(after, &files(folder.path(), "up")).unwrap();
    let (writes, left) = runtime.block_on(play(after));
    assert_eq!(writes, [Err("23514".to_owned()), Err("23505".to_owned())]);
    assert_eq!(left, [value("0"), value("1")]);
}

#[test]
fn the_last_seat_on_postgresql() {
    let shops = [Postgres::shared().database(), Postgres::shared().database()];
    for shop in &shops {
        psql(&shop.url, &[SHOP.into()]).unwrap();
    }
    lost_and_won(&shops[0].url, &shops[1].url);
}

#[test]
fn the_last_seat_on_cockroachdb() {
    let Some(server) = Cockroach::shared() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let admin = runtime.block_on(connect(&server.url("defaultdb")));
    let names = ["before", "after"].map(|n| format!("dbaudit_race_{n}_{}", std::process::id()));
    for name in &names {
        runtime.block_on(admin.batch_execute(&format!("CREATE DATABASE {name}"))).unwrap();
        psql(&server.url(name), &[SHOP.into()]).unwrap();
    }
    lost_and_won(&server.url(&names[0]), &server.url(&names[1]));
    for name in &names {
        runtime.block_on(admin.batch_execute(&format!("DROP DATABASE {name} CASCADE"))).unwrap();
    }
}
