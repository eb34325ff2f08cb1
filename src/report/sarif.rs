//! `--format sarif`: SARIF 2.1.0, for code scanning and for editors. One run, whatever was audited.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Report, SourceAudit, plain};
use crate::catalog::Origin;
use crate::evidence::Severity;
use crate::evidence::rows::Ended;
use crate::rules::{Finding, RULES, Rule};

const VERSION: &str = "2.1.0";
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// All but what RFC 3986 leaves as it is: a colon in the first segment would be taken for a scheme.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Outcome>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: Level,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Note,
    Warning,
    Error,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: Level,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Place,
    logical_locations: Vec<Object>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

/// A table or one of its columns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    level: Level,
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_rule: Option<RuleReference>,
}

#[derive(Serialize)]
struct RuleReference {
    id: &'static str,
    index: usize,
}

/// The report as SARIF.
pub fn sarif(report: &Report) -> String {
    // either all results of a run have a state or none has
    let compared = report.audits.iter().any(|a| !a.known.is_empty());
    let results = report.audits.iter().flat_map(|a| a.findings.iter().map(move |f| result(a, f, compared)));
    let mut notifications: Vec<Notification> = report.audits.iter().flat_map(notifications).collect();
    notifications.extend(report.stale.iter().map(|(fingerprint, entry)| {
        notification(Level::Note, &format!("stale in the baseline: {fingerprint} {}", entry.label()))
    }));
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
                rules: RULES.iter().map(|r| descriptor(r)).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: !report.has_errors(),
            tool_execution_notifications: notifications,
        }],
        results: results.collect(),
    };
    let log = Log { schema: SCHEMA, version: VERSION, runs: [run] };
    // serialising plain structs with string keys cannot fail
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn descriptor(rule: &Rule) -> Descriptor {
    Descriptor {
        id: rule.id,
        short_description: Message { text: rule.summary() },
        full_description: Message { text: rule.summary() },
        help: Help { text: rule.page(), markdown: rule.page() },
        // how bad it is depends on what is found, so each result says its own
        default_configuration: Configuration { level: Level::Warning },
    }
}

fn result(audit: &SourceAudit, f: &Finding, compared: bool) -> Outcome {
    let known = audit.is_known(f);
    let sql: Vec<String> = f.sql().iter().flat_map(|s| s.lines()).map(plain).collect();
    Outcome {
        rule_id: f.rule,
        rule_index: index(f.rule),
        level: match f.severity {
            Severity::High => Level::Error,
            Severity::Medium => Level::Warning,
            Severity::Low => Level::Note,
        },
        message: Message { text: format!("{}\n\n{}", plain(&f.message), sql.join("\n")).trim_end().to_owned() },
        locations: [Location { physical_location: place(audit, f), logical_locations: objects(f) }],
        partial_fingerprints: BTreeMap::from([("dbaudit/v1", f.fingerprint.clone())]),
        baseline_state: compared.then_some(if known { "unchanged" } else { "new" }),
        suppressions: if known { vec![Suppression { kind: "external" }] } else { Vec::new() },
    }
}

fn index(rule: &str) -> Option<usize> {
    RULES.iter().position(|r| r.id == rule)
}

/// The columns, or the table where it is about no column.
fn objects(f: &Finding) -> Vec<Object> {
    let table = format!("{}.{}", plain(&f.schema), plain(&f.table));
    let columns = f.guard.columns();
    if columns.is_empty() {
        return vec![Object { name: plain(&f.table), fully_qualified_name: table, kind: "table" }];
    }
    let column = |c: &str| {
        let name = plain(c);
        Object { fully_qualified_name: format!("{table}.{name}"), name, kind: "column" }
    };
    columns.into_iter().map(column).collect()
}

/// Where a file creates the table. A table of a server has no line, and GitHub takes no result without one: it is on the
/// first line of a file that is called like the source.
fn place(audit: &SourceAudit, f: &Finding) -> Place {
    let table = audit.schema.tables.iter().find(|t| t.schema == f.schema && t.name == f.table);
    let (uri, start_line) = match table.and_then(|t| t.origin.as_ref()) {
        Some(Origin { file, line }) if file != "-" => (path(Path::new(file)), (*line).max(1)),
        Some(Origin { line, .. }) => ("stdin".to_owned(), (*line).max(1)),
        None => (format!("dbaudit/{}", slug(&audit.source.name)), 1),
    };
    Place { artifact_location: Artifact { uri }, region: Region { start_line } }
}

/// A path as a URI, relative to the folder in which dbaudit runs where it is below it: that is the root of a checkout.
fn path(file: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let file = file.strip_prefix(&here).unwrap_or(file);
    if let Some(uri) = Some(file).filter(|f| f.is_absolute()).and_then(|f| url::Url::from_file_path(f).ok()) {
        return uri.into();
    }
    let segments = file.components().filter_map(|c| match c {
        Component::ParentDir => Some("..".to_owned()),
        Component::Normal(name) => Some(utf8_percent_encode(&name.to_string_lossy(), IN_SEGMENT).to_string()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A source's name as one segment of a path.
fn slug(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { ' ' };
    let words: String = name.chars().map(safe).collect();
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

/// That a source failed, and what was not looked at.
fn notifications(audit: &SourceAudit) -> Vec<Notification> {
    let of = |level: Level, text: &str| notification(level, &format!("{}: {text}", audit.source.name));
    let mut all = Vec::new();
    if let Some(error) = &audit.error {
        all.push(of(Level::Error, error));
    }
    if let Some(ended) = &audit.ended {
        let level = if Ended::is_failure(ended) { Level::Error } else { Level::Warning };
        all.push(of(level, &format!("not asked to the end: {ended}")));
    }
    for skipped in &audit.skipped {
        let associated_rule = index(skipped.rule).map(|index| RuleReference { id: skipped.rule, index });
        all.push(Notification { associated_rule, ..of(Level::Warning, &skipped.reason) });
    }
    all.extend(audit.unread.iter().chain(&audit.unasked).map(|reason| of(Level::Warning, reason)));
    all
}

fn notification(level: Level, text: &str) -> Notification {
    Notification { level, message: Message { text: plain(text) }, associated_rule: None }
}

#[cfg(test)]
mod tests {
    use super::{path, slug};
    use std::path::Path;

    #[test]
    fn paths_are_uris() {
        let here = std::env::current_dir().unwrap_or_default();
        for (file, uri) in [
            ("db/a.sql", "db/a.sql"),
            ("./db//a b%.sql", "db/a%20b%25.sql"),
            ("../a.sql", "../a.sql"),
            ("c:a.sql", "c%3Aa.sql"),
            ("/somewhere else/a.sql", "file:///somewhere%20else/a.sql"),
        ] {
            assert_eq!(path(Path::new(file)), uri);
        }
        assert_eq!(path(&here.join("db/a.sql")), "db/a.sql");
    }

    #[test]
    fn names_of_servers_are_one_segment() {
        assert_eq!(
            slug("postgresql://app@db.example.com:5432/shop?a=b"),
            "postgresql-app-db.example.com-5432-shop-a-b"
        );
        assert_eq!(slug("../x\u{1b}\n"), "..-x");
    }
}
