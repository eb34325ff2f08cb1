//! Schema files and snapshots on disk and on standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::ddl::SchemaFile;

/// What a file turned out to be.
pub enum Content {
    /// A snapshot of dbaudit.
    Snapshot(String),
    /// SQL, one file or several in order.
    Sql(Vec<SchemaFile>),
}

/// Reads standard input.
pub fn stdin() -> Result<Content> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    content("-", bytes)
}

/// Reads a file, or a folder of migrations.
pub fn path(path: &Path) -> Result<Content> {
    if path.is_dir() {
        return folder(path);
    }
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    content(&name, bytes)
}

fn content(name: &str, bytes: Vec<u8>) -> Result<Content> {
    let text = text(name, bytes)?;
    if text.trim_start().starts_with('{') {
        return Ok(Content::Snapshot(text));
    }
    if name.ends_with(".json") {
        bail!("{name} is not a snapshot: it does not hold a JSON object");
    }
    Ok(Content::Sql(vec![SchemaFile { name: name.to_owned(), text }]))
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String> {
    if bytes.starts_with(b"PGDMP") {
        bail!("{name} is a pg_dump archive; make SQL of it first: pg_restore --schema-only --file=schema.sql {name}");
    }
    let text = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => String::from_utf8(rest.to_vec()),
        None => String::from_utf8(bytes),
    };
    let text = text
        .map_err(|e| e.utf8_error())
        .with_context(|| format!("{name} is not UTF-8 text; a schema file has to be SQL"))?;
    if text.contains('\0') {
        bail!("{name} is a binary file; a schema file has to be SQL text");
    }
    Ok(text)
}

/// All `.sql` files beneath the folder, in the order of their names as migration tools apply them; `10_x` comes after
/// `9_x`. Files that undo others are left out.
fn folder(root: &Path) -> Result<Content> {
    let mut paths = Vec::new();
    walk(root, &mut paths)?;
    paths.retain(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("sql")) && !undoes(p));
    if paths.is_empty() {
        bail!("{} holds no .sql file", root.display());
    }
    paths.sort_by_cached_key(|p| natural(&p.display().to_string()));
    let mut files = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {name}"))?;
        files.push(SchemaFile { text: text(&name, bytes)?, name });
    }
    Ok(Content::Sql(files))
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?;
        // a link could lead back up
        let kind = entry.file_type().with_context(|| format!("cannot read {}", entry.path().display()))?;
        if kind.is_dir() {
            walk(&entry.path(), out)?;
        } else {
            out.push(entry.path());
        }
    }
    Ok(())
}

/// golang-migrate's and sqlx's `x.down.sql`, diesel's `down.sql`, Flyway's `U2__x.sql`.
fn undoes(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let flyway = name.strip_prefix('u').and_then(|n| n.split_once("__")).is_some_and(|(version, _)| {
        !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_')
    });
    name == "down.sql" || name.ends_with(".down.sql") || name.ends_with("_down.sql") || flyway
}

/// A key that sorts runs of digits by their value.
fn natural(name: &str) -> Vec<(String, u128)> {
    let mut out = vec![(String::new(), 0u128)];
    let mut in_digits = false;
    for c in name.chars() {
        let digit = c.to_digit(10);
        if in_digits && digit.is_none() {
            out.push((String::new(), 0));
        }
        in_digits = digit.is_some();
        if let Some((text, number)) = out.last_mut() {
            match digit {
                Some(d) => *number = number.saturating_mul(10).saturating_add(u128::from(d)),
                None => text.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_in_order_and_only_upward() {
        let mut names = vec!["10_b.sql", "9_a.sql", "1_z.sql"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(names, ["1_z.sql", "9_a.sql", "10_b.sql"]);
        for (name, down) in [
            ("0001_x.down.sql", true),
            ("2024/down.sql", true),
            ("U2__undo.sql", true),
            ("0001_x.up.sql", false),
            ("users__x.sql", false),
            ("V2__x.sql", false),
        ] {
            assert_eq!(undoes(Path::new(name)), down, "{name}");
        }
    }
}
