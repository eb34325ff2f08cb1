//! Runs of the binary itself.

use std::process::{Child, Stdio};

use assert_cmd::Command;
use serde_json::Value;

/// The binary in an environment of its own: nothing that the developer has set reaches it.
pub fn dbaudit(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("dbaudit").expect("the binary");
    let inherited: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in inherited {
        let text = name.to_string_lossy().into_owned();
        if text.starts_with("PG") || matches!(text.as_str(), "DATABASE_URL" | "NO_COLOR" | "CLICOLOR_FORCE" | "COLUMNS")
        {
            command.env_remove(name);
        }
    }
    command.args(args);
    command
}

/// What a run left behind.
pub struct Run {
    /// Exit code; -1 if it was killed.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs it to its end.
pub fn run(args: &[&str]) -> Run {
    finish(&mut dbaudit(args))
}

/// Runs a prepared command to its end. A panic of the binary fails the test whatever it expects.
pub fn finish(command: &mut Command) -> Run {
    ended(command.output().expect("the binary runs"))
}

/// Runs it beside `work`, which is told the process; it ends by itself or fails the test.
pub fn beside(args: &[&str], work: impl FnOnce(u32)) -> Run {
    let child = spawn(args);
    work(child.id());
    ended(child.wait_with_output().expect("the binary runs"))
}

/// Starts it.
pub fn spawn(args: &[&str]) -> Child {
    let prepared = dbaudit(args);
    let mut command = std::process::Command::new(prepared.get_program());
    command.args(prepared.get_args()).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    for (name, value) in prepared.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.spawn().expect("the binary runs")
}

/// What a run left behind that was waited for.
pub fn ended(output: std::process::Output) -> Run {
    let run = Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
    };
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

/// The report of `check SOURCE… --format json`, with its exit code.
pub fn check(args: &[&str]) -> (Value, i32) {
    let mut all = vec!["check", "--format", "json"];
    all.extend(args);
    let run = run(&all);
    assert!(run.code == 0 || run.code == 1, "exit code {}: {}", run.code, run.stderr);
    (serde_json::from_str(&run.stdout).expect("JSON on standard output"), run.code)
}

/// The findings of a report.
pub fn findings(report: &Value) -> &Vec<Value> {
    report["findings"].as_array().expect("findings")
}
