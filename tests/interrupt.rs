//! The wish to end, in a process of its own: it comes once and stays.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

use std::sync::mpsc;
use std::time::Duration;

use dbaudit::interrupt::interrupted;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn all_runtimes_on_all_threads_hear_it_and_those_that_come_later() {
    // one that has ended takes nothing with it
    block_on(async { tokio::time::timeout(Duration::from_millis(10), interrupted()).await }).unwrap_err();

    let (heard, all) = mpsc::channel();
    for _ in 0..4 {
        let heard = heard.clone();
        std::thread::spawn(move || {
            block_on(async {
                tokio::join!(interrupted(), interrupted());
            });
            heard.send(()).unwrap();
        });
    }
    assert!(all.recv_timeout(Duration::from_millis(100)).is_err(), "nobody has said so yet");
    let process = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    for _ in 0..4 {
        all.recv_timeout(Duration::from_secs(10)).expect("every runtime hears it");
    }
    block_on(async { tokio::time::timeout(Duration::from_secs(10), interrupted()).await }).expect("it stays");
}
