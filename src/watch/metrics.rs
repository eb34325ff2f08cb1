//! Metrics for Prometheus: what the daemon serves, and what is written for the textfile collector of node_exporter.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use super::status::Statuses;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Database {
    database: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Finding {
    database: String,
    rule: String,
    severity: String,
}

type Seconds = Gauge<f64, AtomicU64>;

/// All metrics as text. A database that never could be audited has no time of a last success; its findings are those of
/// the last audit that could be done.
pub fn text(statuses: &Statuses) -> String {
    let mut registry = Registry::with_prefix("dbaudit");
    let findings = Family::<Finding, Gauge>::default();
    let accepted = Family::<Database, Gauge>::default();
    let skipped = Family::<Database, Gauge>::default();
    let up = Family::<Database, Gauge>::default();
    let success = Family::<Database, Gauge>::default();
    let duration = Family::<Database, Seconds>::default();
    registry.register("findings", "Findings that count", findings.clone());
    registry.register("accepted_findings", "Findings that were accepted in the baseline", accepted.clone());
    registry.register("skipped", "What the last audit could not look at", skipped.clone());
    registry.register("up", "Whether the last audit could be done", up.clone());
    registry.register(
        "last_success_timestamp_seconds",
        "When the last audit that could be done began",
        success.clone(),
    );
    registry.register("run_duration_seconds", "How long the last audit took", duration.clone());
    for (name, status) in statuses {
        let database = Database { database: name.clone() };
        if status.last_run.is_some() {
            up.get_or_create(&database).set(i64::from(status.error.is_none()));
            duration.get_or_create(&database).set(status.seconds);
        }
        if let Some(at) = status.last_success {
            success.get_or_create(&database).set(at);
            accepted.get_or_create(&database).set(number(status.accepted));
            skipped.get_or_create(&database).set(number(status.skipped));
        }
        for ((rule, severity), n) in &status.findings {
            let labels = Finding { database: name.clone(), rule: rule.clone(), severity: severity.to_string() };
            findings.get_or_create(&labels).set(number(*n));
        }
    }
    let mut out = String::new();
    // writing to a text cannot fail
    let _ = encode(&mut out, &registry);
    out
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::status::Status;
    use super::*;
    use crate::evidence::Severity;

    #[test]
    fn what_is_known_and_no_more() {
        let good = Status {
            last_success: Some(1_700_000_000),
            last_run: Some(1_700_000_000),
            seconds: 1.5,
            findings: [(("negative-counter".to_owned(), Severity::High), 2)].into_iter().collect(),
            ..Status::default()
        };
        let bad = Status { last_run: Some(1_700_000_000), error: Some("no".to_owned()), ..Status::default() };
        let statuses =
            [("a \"b\"\nc".to_owned(), good), ("bad".to_owned(), bad), ("never".to_owned(), Status::default())];
        let text = text(&statuses.into_iter().collect());
        for line in [
            "dbaudit_findings{database=\"a \\\"b\\\"\\nc\",rule=\"negative-counter\",severity=\"high\"} 2",
            "dbaudit_up{database=\"a \\\"b\\\"\\nc\"} 1",
            "dbaudit_up{database=\"bad\"} 0",
            "dbaudit_last_success_timestamp_seconds{database=\"a \\\"b\\\"\\nc\"} 1700000000",
            "dbaudit_run_duration_seconds{database=\"a \\\"b\\\"\\nc\"} 1.5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
        assert!(!text.contains("never") && !text.contains("last_success_timestamp_seconds{database=\"bad\""), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
