//! What the verify pass costs: `cargo bench --bench verify`.
//!
//! Starts its own PostgreSQL, fills two tables, and compares on each, in one run and by turns: the pass over a table with
//! ten CHECK guards as `check --verify` makes it (session settings and sample included), one `SELECT count(*)` with a
//! predicate (the mean of those of the ten guards), and ten such queries, one after the other. docs/performance.md tells
//! what came out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a harness

#[path = "../tests/support/postgres.rs"]
#[allow(dead_code)]
mod postgres;

use std::time::{Duration, Instant};

use dbaudit::catalog::Expr;
use dbaudit::evidence::rows::{Question, Rows, Told};
use dbaudit::guard::Guard;
use dbaudit::source::live::{Budget, FetchOptions, ask_rows, read};
use postgres::Postgres;
use tokio_postgres::{Client, NoTls};

const ROWS: u64 = 2_000_000;
const RUNS: usize = 11;

/// A table whose ten numbers are nearly all there is, and one with the texts and times that tables have beside them.
const TABLES: [(&str, &str, &str); 2] = [
    ("narrow", "", ""),
    (
        "usual",
        ", reference uuid, email varchar(254), title text, note text, created_at timestamptz, updated_at timestamptz",
        ", gen_random_uuid(), i || '@mail.example.org', 'a title of ' || i, repeat('words ', 1 + i % 30), now(), now()",
    ),
];

fn columns() -> Vec<String> {
    (0..10).map(|i| format!("n{i}")).collect()
}

fn fill(server: &Postgres) {
    for (name, definitions, values) in TABLES {
        let numbers: Vec<String> = columns().iter().map(|c| format!("{c} int NOT NULL")).collect();
        let drawn: Vec<String> = (0..10).map(|i| format!("(i * {}) % {}", 7 + i, 1000 + 17 * i)).collect();
        server.run(
            "postgres",
            &format!(
                "CREATE TABLE {name} (id bigint PRIMARY KEY, {}{definitions});
                 INSERT INTO {name} SELECT i, {}{values} FROM generate_series(1, {ROWS}) AS i",
                numbers.join(", "),
                drawn.join(", ")
            ),
        );
        server.run("postgres", &format!("VACUUM ANALYZE {name}"));
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo test --benches` runs this as well: it is no test
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    // the tables are in memory: what is compared is the work, not the disk
    let server = Postgres::builder().config("shared_buffers", "2GB").start();
    fill(&server);
    let (reader, plain) = (connect(&server.url("postgres")).await, connect(&server.url("postgres")).await);
    let catalog = read(&reader, &FetchOptions::default()).await.unwrap();
    let budget = Budget { max_table_rows: 10_000_000, time_limit: Duration::from_secs(600), discover: false };
    println!("{} rows, median of {RUNS} runs, in milliseconds", ROWS);
    println!("table    verify pass   one count(*)   ten count(*)   pass / one   pass / ten");
    for (name, ..) in TABLES {
        let table = catalog.table("public", name).unwrap();
        let guards: Vec<Guard> = columns().iter().map(|c| Guard::check(Expr::non_negative(c))).collect();
        let questions: Vec<Question> = guards.iter().map(|g| Question::of(&catalog, table, g, 0.0).unwrap()).collect();
        let (mut passes, mut ones, mut tens) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..=RUNS {
            let mut rows = Rows::default();
            let began = Instant::now();
            ask_rows(&reader, &catalog, &[table], &questions, &budget, &|_| (), &mut rows).await.unwrap();
            let pass = began.elapsed();
            for guard in &guards {
                let answer = rows.of("public", name, guard).and_then(Told::answer).unwrap();
                assert_eq!((answer.looked_at, answer.violations), (ROWS, 0));
            }
            let began = Instant::now();
            for c in columns() {
                plain.query_one(&format!("SELECT count(*) FROM {name} WHERE NOT ({c} >= 0)"), &[]).await.unwrap();
            }
            let ten = began.elapsed();
            // the first warms up
            if run > 0 {
                passes.push(pass);
                ones.push(ten / 10);
                tens.push(ten);
            }
        }
        let [pass, one, ten] = [passes, ones, tens].map(|t| median(t).as_secs_f64() * 1e3);
        println!("{name:8} {pass:11.0} {one:14.0} {ten:14.0} {:12.2} {:12.2}", pass / one, pass / ten);
    }
}
