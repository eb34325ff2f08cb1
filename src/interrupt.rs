//! The wish of whoever runs the program that it end: Ctrl-C, or the SIGTERM of `docker stop`, CI and init.

use std::io;
use std::sync::OnceLock;

use tokio::sync::watch;

/// Whether the wish has come. It stays: what begins after it ends at once, and nothing is missed between two waits.
static WISH: OnceLock<watch::Sender<bool>> = OnceLock::new();

/// Waits for the wish. Any number of tasks may, on any number of runtimes and threads. From the first time on the signals
/// no longer end the process by themselves.
pub async fn interrupted() {
    let mut wish = WISH.get_or_init(listen).subscribe();
    if wish.wait_for(|wished| *wished).await.is_err() {
        std::future::pending().await
    }
}

/// Whether the wish has come: what fails from then on fails for it.
pub fn is_wished() -> bool {
    WISH.get().is_some_and(|wish| *wish.borrow())
}

/// Listens on a thread of its own: a runtime that ends takes its tasks with it.
fn listen() -> watch::Sender<bool> {
    let wish = watch::Sender::new(false);
    let told = wish.clone();
    // signals that cannot be listened to end the process as ever
    if let Ok((runtime, signals)) = signals() {
        std::thread::spawn(move || {
            runtime.block_on(signals);
            told.send_replace(true);
        });
    }
    wish
}

/// The first of the signals, which are listened to from here on.
fn signals() -> io::Result<(tokio::runtime::Runtime, impl Future<Output = ()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let context = runtime.enter();
    #[cfg(unix)]
    let first = {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
    };
    #[cfg(windows)]
    let first = {
        let mut interrupt = tokio::signal::windows::ctrl_c()?;
        async move {
            interrupt.recv().await;
        }
    };
    drop(context);
    Ok((runtime, first))
}
