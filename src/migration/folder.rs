//! A folder of migrations: what it holds, and writing to it so that all new files are there or none.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::Permissions;

/// Folders deeper than this hold no migrations.
const DEPTH: usize = 6;
/// Files larger than this were not written by hand or by dbaudit, and are not read.
const LARGEST: u64 = 4 << 20;

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path within the folder.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// It is an index of the folder that is written anew, and may be there already.
    pub replaces: bool,
}

impl File {
    /// A new file.
    pub fn new(path: impl Into<PathBuf>, text: String) -> File {
        File { path: path.into(), text, replaces: false }
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// The folder; where it does not exist yet, it holds nothing.
    pub root: PathBuf,
    /// Paths within it, with their texts, in order.
    pub files: Vec<(PathBuf, String)>,
    changes: BTreeSet<(String, usize)>,
}

impl Folder {
    /// Reads a folder, all of it.
    ///
    /// # Errors
    /// If the path is no folder, or a part of it cannot be read.
    pub fn read(root: &Path) -> Result<Folder> {
        let mut folder = Folder { root: root.to_owned(), ..Folder::default() };
        if root.exists() {
            if !root.is_dir() {
                bail!("{} is no folder", root.display());
            }
            folder.enter(root, 0)?;
        }
        folder.files.sort();
        folder.changes = folder.files.iter().flat_map(|(_, text)| marks(text)).collect();
        Ok(folder)
    }

    fn enter(&mut self, path: &Path, depth: usize) -> Result<()> {
        let cannot = || format!("cannot read the folder {}", path.display());
        for entry in std::fs::read_dir(path).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.') || entry.file_name() == "node_modules";
            if path.is_dir() {
                if depth < DEPTH && !hidden {
                    self.enter(&path, depth + 1)?;
                }
            } else if path.extension().is_none_or(|e| e != "md")
                && path.metadata().is_ok_and(|m| m.is_file() && m.len() <= LARGEST)
            {
                // what is written about migrations makes no change
                let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let within = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
                self.files.push((within, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        Ok(())
    }

    /// Whether a file of the folder makes that change: step `step` for the finding of that fingerprint.
    pub fn holds(&self, fingerprint: &str, step: usize) -> bool {
        self.changes.contains(&(fingerprint.to_owned(), step))
    }

    /// Whether a file of the folder has the statement in it.
    pub fn has_statement(&self, sql: &str) -> bool {
        self.files.iter().any(|(_, text)| text.contains(sql))
    }

    /// The names of the files directly in the folder.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|(p, _)| p.components().count() == 1).filter_map(|(p, _)| p.to_str())
    }

    /// Writes new files: all of them, or none.
    ///
    /// # Errors
    /// If the folder cannot be made, takes no file, or has a file of that name.
    pub fn write(&self, files: &[File]) -> Result<()> {
        let mut made = Vec::new();
        self.write_into(files, &mut made).inspect_err(|_| {
            for folder in made.iter().rev() {
                // only an empty folder goes, and the error that is about to be told is the first
                let _ = std::fs::remove_dir(folder);
            }
        })
    }

    /// Does so, and says which folders it had to make.
    fn write_into(&self, files: &[File], made: &mut Vec<PathBuf>) -> Result<()> {
        let mut staged = Vec::new();
        for f in files {
            let path = self.root.join(&f.path);
            if !f.replaces && path.exists() {
                bail!("{} is there already, and is not overwritten", path.display());
            }
            let parent = path.parent().unwrap_or(&self.root).to_owned();
            let missing: Vec<&Path> = parent.ancestors().take_while(|p| !p.exists()).collect();
            made.extend(missing.into_iter().rev().filter(|p| !p.as_os_str().is_empty()).map(Path::to_owned));
            std::fs::create_dir_all(&parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
            let mut new = tempfile::Builder::new()
                .prefix(".dbaudit-")
                .permissions_like_umask()
                .tempfile_in(&parent)
                .with_context(|| format!("the folder {} takes no new file", parent.display()))?;
            new.write_all(f.text.as_bytes())
                .and_then(|()| new.as_file().sync_all())
                .with_context(|| format!("cannot write {}", path.display()))?;
            staged.push((new, path, f.replaces));
        }
        // every byte is on the disk: what is left is to give them their names
        let mut named: Vec<PathBuf> = Vec::new();
        for (new, path, replaces) in staged {
            let kept = if replaces { new.persist(&path) } else { new.persist_noclobber(&path) };
            if let Err(e) = kept {
                for done in &named {
                    // the error that is about to be told is the first
                    let _ = std::fs::remove_file(done);
                }
                return Err(e.error).with_context(|| format!("cannot write {}; no file was written", path.display()));
            }
            if !replaces {
                named.push(path);
            }
        }
        Ok(())
    }
}

/// The changes that a text says it makes: `dbaudit: rule …, finding 26811e480358f228, step 1 of 2`.
fn marks(text: &str) -> impl Iterator<Item = (String, usize)> + '_ {
    text.lines().filter_map(|line| {
        let (_, said) = line.split_once("dbaudit: rule ")?;
        let (_, said) = said.split_once(", finding ")?;
        let (fingerprint, said) = said.split_once(", step ")?;
        let (step, _) = said.split_once(" of ")?;
        Some((fingerprint.to_owned(), step.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_none() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("2.sql"), "there").expect("a file");
        let folder = Folder::read(dir.path()).expect("a folder");
        let files = [File::new("1.sql", "one".into()), File::new("2.sql", "two".into())];
        let error = folder.write(&files).expect_err("2.sql is there");
        assert!(error.to_string().contains("2.sql is there already"), "{error}");
        let left: Vec<_> = std::fs::read_dir(dir.path()).expect("a folder").collect();
        assert_eq!(left.len(), 1, "{left:?}");
        folder.write(&files[..1]).expect("1.sql is new");
        assert_eq!(std::fs::read_to_string(dir.path().join("1.sql")).expect("a file"), "one");
    }

    #[test]
    fn changes_are_found_again() {
        let text = "-- a\n-- dbaudit: rule missing-unique-pair, finding 26811e480358f228, step 2 of 3\n";
        assert_eq!(marks(text).collect::<Vec<_>>(), [("26811e480358f228".to_owned(), 2)]);
    }
}
