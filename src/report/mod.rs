//! Reports: what an audit found, for people and for programs. One file per format.

mod difference;
pub mod html;
mod json;
mod plan;
mod runs;
mod sarif;
mod scope;
mod table;

pub use difference::{difference, difference_json};
pub use json::{json, value};
pub use plan::plan;
pub use runs::{runs, runs_json};
pub use sarif::sarif;
pub use scope::Scope;
pub use table::{Style, clean as plain, table};

use std::collections::{BTreeMap, BTreeSet};

use crate::baseline::{Baseline, Entry};
use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::evidence::rows::Ended;
use crate::evidence::settings::Setting;
use crate::evidence::{Confidence, Severity};
use crate::history::News;
use crate::rules::{Audit, Finding, Skipped};
use crate::source::{Kind, SourceName};

/// All that was audited in one run, in the order in which it was given.
#[derive(Debug, Default)]
pub struct Report {
    /// One entry for each source.
    pub audits: Vec<SourceAudit>,
    /// Entries of the baseline that match nothing any more, with their fingerprints.
    pub stale: Vec<(String, Entry)>,
}

/// What a run is in the history, and what is different since the runs before.
#[derive(Debug)]
pub struct Recorded {
    /// Id of the run.
    pub run: String,
    /// What is different.
    pub news: News,
}

impl Report {
    /// Whether a finding that counts is at or above `least`.
    pub fn fails(&self, least: Severity) -> bool {
        self.audits.iter().flat_map(SourceAudit::counting).any(|f| f.severity >= least)
    }

    /// Whether a source could not be audited, or not be heard to the end.
    pub fn has_errors(&self) -> bool {
        self.audits.iter().any(|a| a.error.is_some() || a.ended.as_ref().is_some_and(Ended::is_failure))
    }
}

/// The audit of one source.
#[derive(Debug)]
pub struct SourceAudit {
    /// What was audited.
    pub source: SourceName,
    /// The server product and version.
    pub engine: Engine,
    /// How many tables were looked at.
    pub tables: usize,
    /// The tables that were looked at, for a diagram.
    pub schema: html::Schema,
    /// What was found, after the filters.
    pub findings: Vec<Finding>,
    /// Findings that stay below `--min-confidence`.
    pub below: Vec<Finding>,
    /// What was looked at.
    pub scope: Scope,
    /// Fingerprints of findings that were accepted in a baseline.
    pub known: BTreeSet<String>,
    /// What is different since the runs before, where there is a history.
    pub history: Option<Recorded>,
    /// Rules that could not look.
    pub skipped: Vec<Skipped>,
    /// What no rule could look at: statements that were not understood, each with its place and the reason.
    pub unread: Vec<String>,
    /// Whose rows were to be asked and were not, each with the reason.
    pub unasked: Vec<String>,
    /// Why the source was not heard to the end, if it was not.
    pub ended: Option<Ended>,
    /// What sessions begin with, where it bears on guards.
    pub settings: Vec<Setting>,
    /// The source could not be audited at all.
    pub error: Option<String>,
}

/// Which findings to show.
#[derive(Debug, Default)]
pub struct Filter {
    /// Least confidence to show.
    pub min_confidence: Option<Confidence>,
    /// Schemas to show; all if empty.
    pub schemas: Globs,
    /// Tables to show, by name or `schema.name`; all if empty.
    pub tables: Globs,
}

/// A list of globs; an empty one matches everything.
#[derive(Debug, Default)]
pub struct Globs(globset::GlobSet);

impl Globs {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// If one of them is no glob.
    pub fn new(patterns: &[String]) -> Result<Globs, globset::Error> {
        let mut set = globset::GlobSetBuilder::new();
        for p in patterns {
            set.add(globset::Glob::new(p)?);
        }
        Ok(Globs(set.build()?))
    }

    fn matches(&self, names: &[&str]) -> bool {
        self.0.is_empty() || names.iter().any(|n| self.0.is_match(n))
    }
}

impl Filter {
    /// The findings that pass.
    pub fn apply(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let least = self.min_confidence.unwrap_or(Confidence::Medium);
        findings.into_iter().filter(|f| self.wants_table(&f.schema, &f.table) && f.confidence >= least).collect()
    }

    /// Why a table that is one of those to show was not read wholly, if there is one.
    pub fn half_read(&self, catalog: &Catalog) -> Option<String> {
        let wanted = catalog.half_read.iter().find(|(schema, table)| self.wants_table(schema, table));
        wanted.map(|(schema, table)| format!("table {schema}.{table} was locked by another session"))
    }

    /// Whether a table is one of those to show.
    pub fn wants_table(&self, schema: &str, table: &str) -> bool {
        let full = format!("{schema}.{table}");
        self.schemas.matches(&[schema]) && self.tables.matches(&[table, &full])
    }
}

impl SourceAudit {
    /// The audit of a catalog, with the findings that `filter` lets through.
    pub fn new(source: SourceName, catalog: &Catalog, audit: Audit, filter: &Filter) -> SourceAudit {
        let of_tables: Vec<Finding> =
            audit.findings.into_iter().filter(|f| filter.wants_table(&f.schema, &f.table)).collect();
        let least = filter.min_confidence.unwrap_or(Confidence::Medium);
        let (findings, below) = of_tables.into_iter().partition(|f| f.confidence >= least);
        let mut schema = html::Schema::of(catalog);
        schema.tables.retain(|t| filter.wants_table(&t.schema, &t.name));
        SourceAudit {
            source,
            engine: catalog.engine,
            tables: schema.tables.len(),
            schema,
            below,
            scope: Scope::default(),
            known: BTreeSet::new(),
            history: None,
            findings,
            skipped: audit.skipped,
            unread: Vec::new(),
            unasked: Vec::new(),
            ended: None,
            settings: Vec::new(),
            error: None,
        }
    }

    /// A source that could not be audited.
    pub fn failed(source: SourceName, error: String) -> SourceAudit {
        SourceAudit {
            source,
            engine: Engine::default(),
            tables: 0,
            schema: html::Schema::default(),
            findings: Vec::new(),
            below: Vec::new(),
            scope: Scope::default(),
            known: BTreeSet::new(),
            history: None,
            skipped: Vec::new(),
            unread: Vec::new(),
            unasked: Vec::new(),
            ended: None,
            settings: Vec::new(),
            error: Some(error),
        }
    }

    /// Marks what was accepted in a baseline.
    pub fn accept(&mut self, baseline: &Baseline) {
        let known = self.findings.iter().map(|f| &f.fingerprint).filter(|print| baseline.has(print));
        self.known = known.cloned().collect();
    }

    /// Whether a finding was accepted in a baseline.
    pub fn is_known(&self, finding: &Finding) -> bool {
        self.known.contains(&finding.fingerprint)
    }

    /// The findings that count: all but those that were accepted.
    pub fn counting(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| !self.is_known(f))
    }

    fn count<K: Ord>(&self, key: impl Fn(&Finding) -> K) -> BTreeMap<K, usize> {
        let mut counts = BTreeMap::new();
        for f in self.counting() {
            *counts.entry(key(f)).or_insert(0) += 1;
        }
        counts
    }
}

impl Kind {
    /// The word for it in the JSON contract.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Live => "live",
            Kind::Ddl => "ddl",
            Kind::Snapshot => "snapshot",
        }
    }
}
