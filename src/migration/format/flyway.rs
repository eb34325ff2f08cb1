//! Flyway: `V1__name.sql`, its undo `U1__name.sql`, and `V1__name.sql.conf` for what runs without a transaction.
//!
//! documentation.red-gate.com/fd, *Migrations* and *Script configuration* (since 6; undo needs Teams): versions are
//! numbers with `.` or `_` between them, compared number by number; scripts are looked for below the folder, too. A
//! migration runs in a transaction unless the `.conf` beside it says `executeInTransaction=false`. Statements are sent
//! one by one; where the `.conf` says it, those that may run in a transaction stand beside one that may not
//! (`ParserSqlScript`). From 9.1 on (flyway#3682, #3854) Flyway waits with its own lock in a transaction, for which `CREATE INDEX CONCURRENTLY` waits
//! in turn, without end, unless `flyway.postgresql.transactional.lock=false`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{Format, back_from, comment, in_transaction, steps, way_back};
use crate::migration::{File, Folder, Numbering, Request};

/// The format.
pub static FORMAT: Format =
    Format { name: "flyway", about: "Flyway: V1__name.sql with its undo, U1__name.sql", render };

fn render(request: &Request<'_>) -> Result<Vec<File>> {
    let product = request.plan.engine.product;
    // a baseline stands for all up to its version
    let mut versions = Versions::after(versioned(request.folder, ['V', 'B']))?;
    let mut files = Vec::new();
    for (_, change) in request.changes() {
        let version = versions.next_version();
        let mut add = |kind: char, before: String, statements: &[String]| {
            let transactional = in_transaction(product, statements);
            let lock = if transactional || statements.iter().all(|s| crate::engine::is_transactional(s)) {
                ""
            } else {
                "-- On PostgreSQL this needs flyway.postgresql.transactional.lock=false (Flyway 9.1 and later), or it waits\n\
                 -- for Flyway's own lock without end\n"
            };
            let text = format!("{before}{lock}{}", steps(product, statements));
            let path = PathBuf::from(format!("{kind}{version}__{}.sql", change.name));
            let mut settings = String::new();
            if !transactional {
                settings += "executeInTransaction=false\n";
            }
            if text.contains("${") {
                settings += "placeholderReplacement=false\n";
            }
            if !settings.is_empty() {
                files.push(File::new(path.with_extension("sql.conf"), settings));
            }
            files.push(File::new(path, text));
        };
        add('V', format!("{}\n", comment(change, "--")), std::slice::from_ref(&change.up.sql));
        add('U', back_from(change, "--"), &way_back(change));
    }
    Ok(files)
}

/// The versioned migrations of a folder and of those below it, whose names start with one of the letters: version, and
/// file.
pub(super) fn versioned(folder: &Folder, letters: [char; 2]) -> impl Iterator<Item = (&str, &str)> {
    let names = folder.files.iter().filter_map(|(path, _)| path.file_name()?.to_str());
    names.filter(|name| !name.ends_with(".conf")).filter_map(move |name| {
        let (version, _) = name.strip_prefix(letters)?.split_once("__")?;
        version.starts_with(|c: char| c.is_ascii_digit()).then_some((version, name))
    })
}

/// Versions of numbers with `.` or `_` between them.
pub(super) struct Versions {
    /// What stands before the last number of the greatest.
    before: String,
    last: Numbering,
}

impl Versions {
    /// Goes on after the greatest in its last number: after `3.1` comes `3.2`. In an empty folder the first is `1`.
    pub(super) fn after<'a>(versions: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Versions> {
        let mut seen: Vec<(Vec<u64>, &str, &str)> = Vec::new();
        for (version, file) in versions {
            let parts: Option<Vec<u64>> = version.split(['.', '_']).map(|part| part.parse().ok()).collect();
            let Some(mut parts) = parts else {
                bail!("the numbering of the folder is broken: {version} of {file} is no version");
            };
            // 1.0 is 1
            while parts.len() > 1 && parts.last() == Some(&0) {
                parts.pop();
            }
            let same = |other: &str| other.starts_with('V') == file.starts_with('V');
            if let Some((.., other)) = seen.iter().find(|(p, _, other)| *p == parts && same(other)) {
                bail!("the numbering of the folder is broken: {other} and {file} have the same version; rename one");
            }
            seen.push((parts, version, file));
        }
        let Some((_, greatest, file)) = seen.iter().max() else {
            return Ok(Versions { before: String::new(), last: Numbering::after([("0", "")])? });
        };
        let start = greatest.rfind(['.', '_']).map_or(0, |at| at + 1);
        Ok(Versions { before: greatest[..start].to_owned(), last: Numbering::after([(&greatest[start..], *file)])? })
    }

    /// The next.
    pub(super) fn next_version(&mut self) -> String {
        format!("{}{}", self.before, self.last.next_version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_on() {
        let next = |there: &[&str]| {
            let mut versions = Versions::after(there.iter().map(|v| (*v, *v))).expect("versions");
            versions.next_version()
        };
        assert_eq!(next(&[]), "1");
        assert_eq!(next(&["1", "3.1", "2.9"]), "3.2");
        assert_eq!(next(&["1_2", "1_10"]), "1_11");
        assert_eq!(next(&["009"]), "010");
        assert_eq!(next(&["20261231235959"]), "20270101000000");
        assert!(Versions::after([("1.0", "V1.0__a"), ("1", "V1__b")].into_iter()).is_err(), "both are version 1");
        assert!(Versions::after([("1x", "V1x__a")].into_iter()).is_err());
    }
}
