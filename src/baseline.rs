//! The baseline: findings that were accepted. It is a file to keep beside the code, one line for each finding in a fixed
//! order, so that a change of it can be read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::catalog::label;
use crate::rules::Finding;

/// The format's version. It changes when a reader of the old one would misread the new one.
const VERSION: u32 = 1;

/// One finding that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Id of the rule.
    pub rule: String,
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The guard's columns.
    pub columns: Vec<String>,
    /// When it was accepted: a date, UTC.
    pub accepted: String,
}

impl Entry {
    /// What it is about, for people.
    pub fn label(&self) -> String {
        format!("{} on {} ({})", self.rule, label(&self.schema, &self.table), self.columns.join(", "))
    }
}

/// All findings that were accepted, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Written {
    dbaudit_baseline: u32,
    findings: BTreeMap<String, Entry>,
}

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Baseline> {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| match path.try_exists() {
            // what is there would be written over
            Ok(false) => format!("cannot read the baseline {name}; `dbaudit baseline -o {name}` writes one"),
            _ => format!("cannot read the baseline {name}"),
        })?;
        let written: Written = serde_json::from_str(&text).with_context(|| format!("{name} is no baseline"))?;
        if written.dbaudit_baseline != VERSION {
            bail!("{name} is a baseline of format {}, this dbaudit reads format {VERSION}", written.dbaudit_baseline);
        }
        Ok(Baseline { entries: written.findings })
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut entries: Vec<(&String, &Entry)> = self.entries.iter().collect();
        entries.sort_by_key(|(print, e)| (&e.schema, &e.table, &e.rule, *print));
        let lines: Vec<String> = entries.iter().map(|(print, e)| format!("    {}: {}", line(print), line(e))).collect();
        let findings = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{}\n  }}", lines.join(",\n")) };
        format!("{{\n  \"dbaudit_baseline\": {VERSION},\n  \"findings\": {findings}\n}}\n")
    }

    /// Accepts a finding. What was accepted before keeps its date.
    pub fn accept(&mut self, f: &Finding, before: Option<&Baseline>, today: &str) {
        let known = before.and_then(|b| b.entries.get(&f.fingerprint));
        let accepted = known.map_or(today, |e| e.accepted.as_str()).to_owned();
        let columns = f.guard.columns().into_iter().map(str::to_owned).collect();
        let (rule, schema, table) = (f.rule.to_owned(), f.schema.clone(), f.table.clone());
        self.entries.insert(f.fingerprint.clone(), Entry { rule, schema, table, columns, accepted });
    }

    /// Takes an entry over as it is.
    pub fn keep(&mut self, fingerprint: &str, entry: &Entry) {
        self.entries.insert(fingerprint.to_owned(), entry.clone());
    }

    /// Whether a finding was accepted.
    pub fn has(&self, fingerprint: &str) -> bool {
        self.entries.contains_key(fingerprint)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All, by fingerprint.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(print, e)| (print.as_str(), e))
    }
}

/// JSON on one line. Plain values with string keys cannot fail to serialise.
fn line<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let entry = |table: &str| Entry {
            rule: "negative-counter".to_owned(),
            schema: "public".to_owned(),
            table: table.to_owned(),
            columns: vec!["a \"quoted\" name".to_owned()],
            accepted: "2026-11-25".to_owned(),
        };
        let baseline =
            Baseline { entries: [("b1".to_owned(), entry("a")), ("a1".to_owned(), entry("b"))].into_iter().collect() };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("baseline.json");
        std::fs::write(&file, baseline.text()).unwrap();
        assert_eq!(Baseline::read(&file).unwrap(), baseline);
        let lines: Vec<String> = baseline.text().lines().map(str::to_owned).collect();
        assert!(lines[3].contains("\"table\":\"a\"") && lines[4].contains("\"table\":\"b\""), "by table: {lines:?}");
        std::fs::write(&file, Baseline::default().text()).unwrap();
        assert!(Baseline::read(&file).unwrap().is_empty());
    }
}
