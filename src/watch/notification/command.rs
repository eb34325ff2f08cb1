//! A command of one's own.

use std::io::{Seek, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::text::clean;
use super::{Channel, Notice, SendError};
use crate::guard::hex;

/// `EX_TEMPFAIL` of sysexits: the user is invited to try again.
const TRY_AGAIN: i32 = 75;

/// How often it is looked whether the command has ended.
const TICK: Duration = Duration::from_millis(20);

/// Runs a command with [`Notice::json`] on its standard input, and what fits on a line in `DBAUDIT_*` variables.
pub struct Command {
    line: String,
    limit: Duration,
    name: String,
}

impl Command {
    /// A line for the shell (`sh -c`, `cmd /C` on Windows), and how long it may run.
    pub fn new(line: &str, limit: Duration) -> Command {
        // the line may hold a secret
        Command { line: line.to_owned(), limit, name: format!("command={}", hex(line, 8)) }
    }

    fn start(&self, notice: &Notice) -> std::io::Result<Child> {
        // a file and not a pipe: a command that does not read it holds up nobody
        let mut input = tempfile::tempfile()?;
        input.write_all(notice.json().as_bytes())?;
        input.rewind()?;
        let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut command = std::process::Command::new(shell);
        command.arg(option).arg(&self.line).stdin(input);
        // standard output is for reports
        command.stdout(Stdio::from(std::io::stderr()));
        for (name, value) in [
            ("DBAUDIT_ID", clean(&notice.id)),
            ("DBAUDIT_SUBJECT", notice.subject()),
            ("DBAUDIT_SOURCE", notice.place()),
            ("DBAUDIT_RUN", clean(&notice.run)),
            ("DBAUDIT_NEW", notice.new.len().to_string()),
            ("DBAUDIT_FIXED", notice.fixed.len().to_string()),
            ("DBAUDIT_FAILED", notice.reason().unwrap_or_default()),
            ("DBAUDIT_PAGE", notice.link().unwrap_or_default().to_owned()),
        ] {
            command.env(name, value);
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }
}

impl Channel for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let unknown = |e: std::io::Error| SendError::new(format!("the command could not be run: {}", e.kind()), false);
        let mut child = self.start(notice).map_err(unknown)?;
        let began = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    return Err(SendError::new(
                        format!("the command ended with {status}"),
                        status.code() == Some(TRY_AGAIN),
                    ));
                }
                Ok(None) if began.elapsed() < self.limit => std::thread::sleep(TICK),
                Ok(None) => {
                    kill(&mut child);
                    return Err(SendError::new(format!("the command was killed after {:.0?}", self.limit), false));
                }
                Err(e) => {
                    kill(&mut child);
                    return Err(unknown(e));
                }
            }
        }
    }
}

/// Kills it with all that it has started.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // it has not been waited for, so that its number is still its own
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
