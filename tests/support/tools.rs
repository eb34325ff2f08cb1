//! Tools of npm and PyPI, installed once below `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The folder of an npm package, in this version.
pub fn npm(package: &str, version: &str) -> PathBuf {
    // two npm at once in one folder spoil it
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm").join(format!("{package}-{version}"));
    let installed = root.join("node_modules").join(package);
    if !root.join("complete").exists() {
        std::fs::create_dir_all(&root).expect("a folder for npm");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(&root);
        let output = npm
            .arg(format!("{package}@{version}"))
            .output()
            .expect("these tests run real migration tools and need npm (Debian: apt-get install npm)");
        assert!(output.status.success(), "npm install {package}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(root.join("complete"), "").expect("a mark");
    }
    installed
}

/// The folder of programs of a Python environment that has these packages, each as pip takes it.
pub fn python(name: &str, packages: &[&str]) -> PathBuf {
    // two tests of one process may want the same environment
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let programs = environment.join("bin");
    let done = environment.join("packages");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|t| t == wanted) {
        return programs;
    }
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).status();
    assert!(made.is_ok_and(|s| s.success()), "these tests need python3 with its module venv on the PATH");
    let pip = ["install", "--quiet", "--disable-pip-version-check"];
    run(Command::new(programs.join("pip")).args(pip).args(packages));
    std::fs::write(done, wanted).expect("a mark");
    programs
}

/// Runs a command to its end; panics with what it said if it fails.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} cannot be run: {e}"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed:\n{said}");
    said
}
