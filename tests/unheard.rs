//! Why the statements of an application cannot be heard, from servers that say what a test wants them to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::time::{Duration, Instant};

use dbaudit::source::connection::{Environment, Settings};
use dbaudit::source::live::Observe;
use dbaudit::source::{Options, Source, read_workload};
use support::peer::{self, Act, End};

const CLUSTER: &str = "CockroachDB CCL v22.2.0 (x86_64-pc-linux-gnu)";

/// The reason that is given where the server acts so.
fn why(act: Act) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let port = runtime.block_on(peer::listen(act));
    let text = format!("postgresql://auditor@127.0.0.1:{port}/booking?sslmode=disable");
    let source = Source::Live(Box::new(Settings::new(&text, &Environment::default()).unwrap()));
    let options = Options { engine: None, timeout: Duration::from_secs(1), observe: Observe::default() };
    read_workload(&source, &options).unwrap().unwrap_err()
}

/// The server begins a session, says what it is and accepts the four settings; then it answers so.
fn then(version: &str, answers: &[Vec<u8>], end: End) -> Act {
    let server = peer::row(&[("version", version), ("database", "booking"), ("user", "auditor")]);
    let mut all = vec![peer::welcome(), server];
    all.extend([(); 4].map(|()| peer::done()));
    all.extend_from_slice(answers);
    Act::Script(all, end)
}

#[test]
fn a_server_that_does_not_answer_in_time() {
    for act in [Act::Silence, then(CLUSTER, &[], End::Silence)] {
        let began = Instant::now();
        assert_eq!(why(act), "no answer within 1 s (--timeout)");
        // the good-bye to a server that does not listen has its limit, too
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    // the server's own clock
    let cancelled = peer::refusal("57014", "query execution canceled due to statement timeout");
    let reason = why(then(CLUSTER, &[cancelled], End::Close));
    assert!(reason.contains("took longer than 1 s; allow more with --timeout"), "{reason}");
}

#[test]
fn a_connection_that_ends() {
    let reason = why(then(CLUSTER, &[], End::Close));
    assert!(reason.starts_with("the connection was lost while reading the statement statistics"), "{reason}");
    let reason = why(Act::Plain(peer::error("3D000", "database \"booking\" does not exist")));
    assert!(reason.contains("has no such database"), "{reason}");
}

#[test]
fn what_to_grant_depends_on_the_version() {
    let words = "user auditor does not have VIEWACTIVITY or VIEWACTIVITYREDACTED privilege";
    for (version, grant) in [
        (CLUSTER, "GRANT SYSTEM VIEWACTIVITY TO auditor"),
        ("CockroachDB CCL v21.2.17 (x86_64-unknown-linux-gnu)", "ALTER USER auditor WITH VIEWACTIVITY"),
    ] {
        let reason = why(then(version, &[peer::refusal("42501", words)], End::Close));
        assert_eq!(reason, format!("{words}; {grant}"));
    }
}
