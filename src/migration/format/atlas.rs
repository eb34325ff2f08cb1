//! Atlas: `0001_name.sql`, and `atlas.sum` over the whole folder.
//!
//! atlasgo.io, *Migration Directory Integrity* and *Transaction Modes*, and sql/migrate/dir.go of ariga/atlas: files are
//! run in the order of their names, statement by statement, each in a transaction unless its head says
//! `-- atlas:txmode none`. The head are the comments up to the first empty line. Ways back are not kept: `atlas migrate
//! down` plans them itself.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Format, comment, commented_way_back, in_transaction, leading_digits, numbered, sorts_last, steps};
use crate::migration::{File, Folder, Request};

/// The index of a folder.
const SUM: &str = "atlas.sum";

/// The format.
pub static FORMAT: Format = Format { name: "atlas", about: "Atlas: NNNN_name.sql and atlas.sum", render };

fn render(request: &Request<'_>) -> Result<Vec<File>> {
    let product = request.plan.engine.product;
    let mut there = files_of(request.folder)?;
    check(request.folder, &there)?;
    let mut files = numbered(
        request,
        |name| leading_digits(name.strip_suffix(".sql")?),
        |change, version| {
            let up = std::slice::from_ref(&change.up.sql);
            let marker = if in_transaction(product, up) { "" } else { "-- atlas:txmode none\n" };
            // the way back has names, and is not of the head, in which any line may give an order
            let text = format!(
                "{marker}{}\n{}{}",
                comment(change, "--"),
                commented_way_back(change, "--"),
                steps(product, up)
            );
            vec![File::new(format!("{version}_{}.sql", change.name), text)]
        },
    )?;
    sorts_last(request.folder.names(), &files)?;
    if !files.is_empty() {
        there.extend(files.iter().map(|f| (f.path.display().to_string(), f.text.clone().into_bytes())));
        files.push(File { path: SUM.into(), text: sum(there), replaces: true });
    }
    Ok(files)
}

/// The names and bytes of all migrations, also of those that are too large to be looked into.
fn files_of(folder: &Folder) -> Result<Vec<(String, Vec<u8>)>> {
    let mut out = Vec::new();
    if folder.root.as_os_str().is_empty() || !folder.root.is_dir() {
        return Ok(out);
    }
    let cannot = || format!("cannot read the folder {}", folder.root.display());
    for entry in std::fs::read_dir(&folder.root).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| n.ends_with(".sql")) {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            out.push((name.to_owned(), bytes));
        }
    }
    Ok(out)
}

/// What was changed by hand must not be made to look sound.
fn check(folder: &Folder, there: &[(String, Vec<u8>)]) -> Result<()> {
    let root = folder.root.display();
    let entries = |text: &str| text.lines().skip(1).map(|l| l.split_whitespace().collect()).collect::<Vec<String>>();
    match folder.files.iter().find(|(path, _)| path.to_str() == Some(SUM)) {
        Some((_, kept)) if entries(kept) != entries(&sum(there.to_vec())) => {
            bail!("{root}/{SUM} is broken: it does not match the files; look at them, and run atlas migrate hash")
        }
        None if !there.is_empty() => bail!("{root} has migrations but no {SUM}: run atlas migrate hash"),
        _ => Ok(()),
    }
}

/// The text of `atlas.sum`: one running hash over the names and bytes of all files, as it stands after each, and in the
/// first line the hash over those lines.
fn sum(mut files: Vec<(String, Vec<u8>)>) -> String {
    files.sort();
    let (mut running, mut whole, mut lines) = (Sha256::new(), Sha256::new(), String::new());
    for (name, bytes) in &files {
        running.update(name);
        if is_left_out(bytes) {
            continue;
        }
        running.update(bytes);
        let hash = STANDARD.encode(running.clone().finalize());
        whole.update(name);
        whole.update(&hash);
        lines += &format!("{name} h1:{hash}\n");
    }
    format!("h1:{}\n{lines}", STANDARD.encode(whole.finalize()))
}

/// Whether the first line is the directive `atlas:sum ignore`.
fn is_left_out(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let directive = std::str::from_utf8(line).ok().and_then(|l| l.split_once("atlas:sum "));
    directive.is_some_and(|(_, mode)| mode.trim() == "ignore")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_atlas() {
        // the first two files of sql/migrate/testdata/partial-checkpoint of ariga/atlas, and their lines there
        let file = |name: &str, n: u8| (name.to_owned(), format!("create table `tbl_{n}` (`col` int);\n").into_bytes());
        let text = sum(vec![file("2_second.sql", 2), file("1_first.sql", 1)]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("h1:"), "{text}");
        assert_eq!(
            lines[1..],
            [
                "1_first.sql h1:uJ2MyyeTqXx4rCqtRMQAvRrfsvdwmvsZ3LcadVvCdOc=",
                "2_second.sql h1:TLO00GtsqSi8o0ySoaofBqxemrElL8fHOs3IRnqYvB8=",
            ]
        );
    }

    #[test]
    fn files_that_ask_for_it_are_left_out() {
        assert!(is_left_out(b"-- atlas:sum ignore\nSELECT 1;"));
        assert!(!is_left_out(b"-- a\n-- atlas:sum ignore\n") && !is_left_out(b"SELECT 1;"));
    }
}
