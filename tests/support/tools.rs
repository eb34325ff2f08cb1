//! Migration tools and linters of npm and PyPI, installed once below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A folder whose `node_modules` has these packages of npm.
pub fn npm(name: &str, packages: &[&str]) -> PathBuf {
    installed(name, packages, |root| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]).arg(root).args(packages);
        run(&mut npm);
    })
}

/// The programs of a Python environment with these packages of PyPI.
pub fn pip(name: &str, packages: &[&str]) -> PathBuf {
    let root = installed(name, packages, |root| {
        run(Command::new("python3").args(["-m", "venv"]).arg(root));
        let pip = ["install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(root.join("bin/pip")).args(pip).args(packages));
    });
    root.join("bin")
}

fn installed(name: &str, packages: &[&str], install: impl FnOnce(&Path)) -> PathBuf {
    // two at once in one folder spoil it
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools").join(name);
    let (done, wanted) = (root.join("complete"), packages.join("\n"));
    if fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
        if root.exists() {
            fs::remove_dir_all(&root).expect("what is there of it can be removed");
        }
        fs::create_dir_all(&root).expect("a folder");
        install(&root);
        fs::write(done, wanted).expect("a mark");
    }
    root
}

/// What a command prints; it must succeed.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("the tests need this (see test.sh): {command:?}: {e}"));
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}:\n{out}\n{error}");
    out.into_owned()
}
