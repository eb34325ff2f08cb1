//! Migrations of the format `sql`, applied as their users would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::binary::run;
use super::postgres::binary;

/// A folder of its own, under the folder that cargo keeps for tests.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// `migrate SOURCE -o FOLDER …`; it has to work.
pub fn migrate(source: &str, folder: &Path, more: &[&str]) {
    let mut args = vec!["migrate", source, "-o", folder.to_str().expect("a name in UTF-8")];
    args.extend(more);
    let run = run(&args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
}

/// Names and texts of a folder's files, in order.
pub fn listing(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry"));
    let text = |path: PathBuf| fs::read_to_string(path).expect("a text");
    let mut files: Vec<_> = entries.map(|e| (e.file_name().to_string_lossy().into_owned(), text(e.path()))).collect();
    files.sort();
    files
}

/// The files of one way: all `.up.sql` in order, or all `.down.sql` from the last to the first.
pub fn files(folder: &Path, way: &str) -> Vec<PathBuf> {
    let suffix = format!(".{way}.sql");
    let names = listing(folder).into_iter().map(|(name, _)| name).filter(|n| n.ends_with(&suffix));
    let mut files: Vec<PathBuf> = names.map(|n| folder.join(n)).collect();
    if way == "down" {
        files.reverse();
    }
    files
}

/// `psql -v ON_ERROR_STOP=1 -f FILE -f …`: all files over one connection, statement by statement.
pub fn psql(url: &str, files: &[PathBuf]) -> Result<(), String> {
    if files.is_empty() {
        return Ok(());
    }
    let mut command = Command::new(binary("psql"));
    command.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", url]).env("PGOPTIONS", "");
    for file in files {
        command.arg("--file").arg(file);
    }
    let output = command.output().expect("psql runs");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The catalog as `snapshot` writes it, without estimates of rows.
pub fn snapshot(source: &str, more: &[&str]) -> Value {
    let mut args = vec!["snapshot", source];
    args.extend(more);
    let run = run(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut snapshot: Value = serde_json::from_str(&run.stdout).expect("JSON");
    for table in snapshot["catalog"]["tables"].as_array_mut().into_iter().flatten() {
        table.as_object_mut().expect("a table").remove("row_estimate");
    }
    snapshot
}

/// Where two snapshots part.
pub fn difference(before: &Value, after: &Value) -> Option<String> {
    let lines =
        |v: &Value| serde_json::to_string_pretty(v).expect("JSON").lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(before), lines(after));
    let only = |a: &[String], b: &[String], sign: char| {
        let lines = a.iter().filter(|l| !b.contains(l)).map(|l| format!("{sign}{l}\n"));
        lines.collect::<String>()
    };
    (before != after).then(|| format!("{}{}", only(&before, &after, '-'), only(&after, &before, '+')))
}
