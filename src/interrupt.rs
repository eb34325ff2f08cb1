//! The wish of whoever runs the program that it end: Ctrl-C, or the SIGTERM of `docker stop`, CI and init.

use std::io;
use std::sync::{OnceLock, mpsc};

use tokio::sync::watch;

/// Whether the wish has come. It stays: what begins after it ends at once, and nothing is missed between two waits.
static WISH: OnceLock<watch::Sender<bool>> = OnceLock::new();

/// Waits for the wish. Any number of tasks may, on any number of runtimes and threads. From the first time on the signals
/// no longer end the process by themselves.
pub async fn interrupted() {
    let mut wish = WISH.get_or_init(listen).subscribe();
    // what is static is never closed
    let _ = wish.wait_for(|wished| *wished).await;
}

/// Whether the wish has come: what fails from then on fails for it.
pub fn is_wished() -> bool {
    WISH.get().is_some_and(|wish| *wish.borrow())
}

/// Listens on a thread of its own: a runtime that ends takes its tasks with it.
fn listen() -> watch::Sender<bool> {
    let wish = watch::Sender::new(false);
    let told = wish.clone();
    let (listening, listens) = mpsc::channel::<()>();
    let thread = std::thread::Builder::new().spawn(move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let first = first_signal()?;
            drop(listening);
            first.await;
            told.send_replace(true);
            Ok(())
        })
    });
    // signals that cannot be listened to end the process as ever
    if thread.is_ok() {
        let _ = listens.recv();
    }
    wish
}

/// The first of the signals, which are listened to from here on.
fn first_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(windows)]
    {
        let mut interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(async move {
            interrupt.recv().await;
        })
    }
}
