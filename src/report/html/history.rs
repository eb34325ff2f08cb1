//! The page of a history: what the latest audits found, and how it came to that.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Database, Page, Run, Schema};
use crate::history::{self, History};

/// Runs that the plot shows: a year of nights.
const RUNS: usize = 366;

impl Page {
    /// The latest of each of these sources, in their order; of all if none is named.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn of_history(history: &mut History, sources: &[String]) -> Result<Page> {
        let latest: BTreeMap<String, history::Run> =
            history.latest()?.into_iter().map(|r| (r.source.clone(), r)).collect();
        let names: Vec<String> = if sources.is_empty() { latest.keys().cloned().collect() } else { sources.to_vec() };
        let mut page = Page::empty();
        for name in names {
            let Some(run) = latest.get(&name) else { continue };
            page.databases.push(database(history, run)?);
        }
        Ok(page)
    }
}

fn database(history: &mut History, latest: &history::Run) -> Result<Database> {
    let name = &latest.source;
    let mut runs = history.runs(Some(name), RUNS)?;
    // what was found the last time that anything could be
    let audited = runs.iter().find(|r| r.error.is_none()).cloned();
    let mut report = serde_json::Value::Null;
    let mut schema = Schema::default();
    if let Some(run) = &audited {
        report = history.report(run)?.unwrap_or_default();
        schema = history.catalog(run)?.map(|c| Schema::of(&c)).unwrap_or_default();
    }
    if let Some(error) = &latest.error {
        match report.as_object_mut() {
            Some(object) => {
                object.insert("error".to_owned(), error.as_str().into());
            }
            None => {
                report =
                    serde_json::json!({ "source": { "kind": "live", "name": name }, "error": error, "findings": [] })
            }
        }
    }
    runs.reverse();
    Ok(Database {
        name: name.clone(),
        report,
        runs: runs.iter().map(Run::of).collect(),
        since: history.since(name)?,
        schema,
    })
}

impl Run {
    fn of(run: &history::Run) -> Run {
        Run {
            id: run.id.clone(),
            at: run.started.clone(),
            high: run.high,
            medium: run.medium,
            low: run.low,
            new: run.new,
            fixed: run.fixed,
            error: run.error.clone(),
            seconds: run.took_ms as f64 / 1e3,
        }
    }
}
