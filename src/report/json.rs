//! `--format json`, version 1.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Report, SourceAudit};
use crate::baseline::Entry;
use crate::engine::Product;
use crate::evidence::rows::{Answer, Coverage, Told};
use crate::evidence::settings::Setting;
use crate::evidence::{Confidence, Severity, Source, Verdict};
use crate::history::Found;
use crate::rules::Finding;
use crate::workload::Said;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct One<'a> {
    version: u32,
    dbaudit: &'static str,
    #[serde(flatten)]
    audit: Audit<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale: Vec<Stale<'a>>,
}

#[derive(Serialize)]
struct Many<'a> {
    version: u32,
    dbaudit: &'static str,
    audits: Vec<Audit<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale: Vec<Stale<'a>>,
}

/// An entry of the baseline that matches nothing any more.
#[derive(Serialize)]
struct Stale<'a> {
    fingerprint: &'a str,
    #[serde(flatten)]
    entry: &'a Entry,
}

#[derive(Serialize)]
struct Audit<'a> {
    source: SourceName<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    engine: Engine,
    findings: Vec<JsonFinding<'a>>,
    skipped: Vec<Skipped<'a>>,
    settings: &'a [Setting],
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<History<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct History<'a> {
    run: &'a str,
    /// Nothing was known of the source before.
    first: bool,
    /// Fingerprints of findings that no run before told.
    new: Vec<&'a str>,
    /// Findings that were told before and are closed.
    fixed: &'a [Found],
}

#[derive(Serialize)]
struct SourceName<'a> {
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct Engine {
    product: Product,
    version: Option<String>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    severity: Severity,
    confidence: Confidence,
    object: Object<'a>,
    message: &'a str,
    guard: Guard<'a>,
    evidence: Vec<JsonEvidence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Rows<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statements: Vec<Statement<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remedies: Vec<Remedy<'a>>,
    fingerprint: &'a str,
    status: &'static str,
    docs: String,
}

#[derive(Serialize)]
struct Object<'a> {
    schema: &'a str,
    table: &'a str,
    columns: Vec<&'a str>,
    /// Fingerprint of the table's definition.
    state: &'a str,
}

#[derive(Serialize)]
struct Guard<'a> {
    kind: &'static str,
    columns: Vec<&'a str>,
    predicate: Option<String>,
    expression: Option<String>,
    name: &'a str,
    sql: String,
}

#[derive(Serialize)]
struct JsonEvidence<'a> {
    source: Source,
    verdict: Verdict,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Rows<'a> {
    Asked {
        looked_at: u64,
        violations: u64,
        sampled: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        of_about: Option<u64>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        examples: &'a [String],
    },
    NotAsked {
        not_asked: &'a str,
    },
}

#[derive(Serialize)]
struct Statement<'a> {
    text: &'a str,
    count: u64,
    application: Option<&'a str>,
    transaction: &'static str,
}

#[derive(Serialize)]
struct Remedy<'a> {
    framework: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Skipped<'a> {
    rule: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Summary {
    tables: usize,
    by_severity: BTreeMap<String, usize>,
    by_confidence: BTreeMap<String, usize>,
    new: usize,
    baseline: usize,
    suppressed: usize,
}

/// The report as JSON. One source gives the object of the contract; several give `audits`, a list of such objects.
pub fn json(report: &Report) -> String {
    let dbaudit = env!("CARGO_PKG_VERSION");
    let stale = report.stale.iter().map(|(fingerprint, entry)| Stale { fingerprint, entry }).collect();
    let text = match report.audits.as_slice() {
        [one] => serde_json::to_string_pretty(&One { version: VERSION, dbaudit, audit: audit(one), stale }),
        many => {
            let audits = many.iter().map(audit).collect();
            serde_json::to_string_pretty(&Many { version: VERSION, dbaudit, audits, stale })
        }
    };
    // serialising plain structs with string keys cannot fail
    text.unwrap_or_default() + "\n"
}

/// One audit as the contract's object, without the version.
pub fn value(a: &SourceAudit) -> serde_json::Value {
    serde_json::to_value(audit(a)).unwrap_or_default() // cannot fail either
}

fn audit(a: &SourceAudit) -> Audit<'_> {
    Audit {
        source: SourceName { kind: a.source.kind.word(), name: &a.source.name },
        error: a.error.as_deref(),
        engine: Engine { product: a.engine.product, version: a.engine.version.map(|v| v.to_string()) },
        findings: a.findings.iter().map(|f| finding(f, a.is_known(f))).collect(),
        skipped: skipped(a),
        settings: &a.settings,
        history: a.history.as_ref().map(|h| History {
            run: &h.run,
            first: h.news.first,
            new: h.news.new.iter().map(|f| f.fingerprint.as_str()).collect(),
            fixed: &h.news.fixed,
        }),
        summary: Summary {
            tables: a.tables,
            by_severity: a.count(|f| f.severity.to_string()),
            by_confidence: a.count(|f| f.confidence.to_string()),
            new: a.counting().count(),
            baseline: a.findings.len() - a.counting().count(),
            suppressed: 0,
        },
    }
}

/// Rules that could not look; `*` stands for all of them, where a definition was not understood or rows were not asked.
fn skipped(a: &SourceAudit) -> Vec<Skipped<'_>> {
    let of_rules = a.skipped.iter().map(|s| Skipped { rule: s.rule, reason: &s.reason });
    of_rules.chain(a.unread.iter().chain(&a.unasked).map(|reason| Skipped { rule: "*", reason })).collect()
}

fn rows(told: &Told) -> Rows<'_> {
    match told {
        Told::NotAsked(reason) => Rows::NotAsked { not_asked: reason },
        Told::Answered(Answer { looked_at, violations, coverage, examples, .. }) => {
            let (sampled, of_about) = match coverage {
                Coverage::All => (false, None),
                Coverage::Sample { of } => (true, *of),
            };
            Rows::Asked { looked_at: *looked_at, violations: *violations, sampled, of_about, examples }
        }
    }
}

fn finding(f: &Finding, known: bool) -> JsonFinding<'_> {
    JsonFinding {
        rule: f.rule,
        severity: f.severity,
        confidence: f.confidence,
        object: Object { schema: &f.schema, table: &f.table, columns: f.guard.columns(), state: &f.state },
        message: &f.message,
        guard: Guard {
            kind: f.guard.kind(),
            columns: f.guard.columns(),
            predicate: f.guard.predicate().map(ToString::to_string),
            expression: f.guard.expression(),
            name: &f.guard_name,
            sql: f.sql().join("\n"),
        },
        evidence: f
            .evidence
            .iter()
            .map(|e| JsonEvidence { source: e.source, verdict: e.verdict(), text: &e.text })
            .collect(),
        rows: f.rows.as_ref().map(rows),
        statements: f.statements.iter().map(statement).collect(),
        remedies: f.remedies.iter().map(|r| Remedy { framework: r.framework, text: &r.text }).collect(),
        fingerprint: &f.fingerprint,
        status: if known { "baseline" } else { "new" },
        docs: format!("dbaudit explain {}", f.rule),
    }
}

fn statement(s: &Said) -> Statement<'_> {
    Statement {
        text: &s.text,
        count: s.count,
        application: s.application.as_deref(),
        transaction: s.transaction.word(),
    }
}
