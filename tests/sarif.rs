//! `--format sarif`: valid by the schema of OASIS, and says what the JSON report says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;

use serde_json::{Value, json};
use support::binary::{check, findings, finish, run};

const BOOKING: &str = "examples/booking.sql";
const SCHEMA: &str = "tests/fixtures/sarif/sarif-schema-2.1.0.json";

/// The run of a log that is valid.
fn valid(text: &str) -> Value {
    let mut log: Value = serde_json::from_str(text).unwrap();
    // a bracket alone, which only JavaScript takes
    let schema = fs::read_to_string(SCHEMA).unwrap().replace("]?$", r"\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    log["runs"][0].take()
}

fn sarif(args: &[&str], code: i32) -> Value {
    let run = run(&[&["check", "--format", "sarif"], args].concat());
    assert_eq!(run.code, code, "{}", run.stderr);
    valid(&run.stdout)
}

fn results(run: &Value) -> &Vec<Value> {
    run["results"].as_array().unwrap()
}

/// Texts of the notifications, each with its level.
fn notifications(run: &Value) -> Vec<(String, String)> {
    let all = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().iter();
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    all.map(|n| (word(&n["level"]), word(&n["message"]["text"]))).collect()
}

#[test]
fn says_what_the_json_report_says() {
    let run = sarif(&[BOOKING, "--min-confidence", "low"], 1);
    let (report, _) = check(&[BOOKING, "--min-confidence", "low"]);
    let source = fs::read_to_string(BOOKING).unwrap();
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(results(&run).len(), findings(&report).len());
    for (result, finding) in results(&run).iter().zip(findings(&report)) {
        assert_eq!(result["ruleId"], finding["rule"]);
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], finding["rule"]);
        let level = match finding["severity"].as_str().unwrap() {
            "high" => "error",
            "medium" => "warning",
            _ => "note",
        };
        assert_eq!(result["level"], level);
        let text = result["message"]["text"].as_str().unwrap();
        for part in [&finding["message"], &finding["guard"]["sql"]] {
            assert!(text.contains(part.as_str().unwrap()), "{text}");
        }
        assert_eq!(result["partialFingerprints"]["dbaudit/v1"], finding["fingerprint"]);
        assert!(result.get("baselineState").is_none() && result.get("suppressions").is_none());

        let location = &result["locations"][0];
        let object = &finding["object"];
        let (schema, table) = (object["schema"].as_str().unwrap(), object["table"].as_str().unwrap());
        assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], BOOKING);
        let line = location["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
        let line = source.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
        assert!(line.starts_with("CREATE TABLE") && line.contains(table), "{table}: {line}");
        let names = location["logicalLocations"].as_array().unwrap().iter().map(|l| &l["fullyQualifiedName"]);
        let columns = object["columns"].as_array().unwrap();
        let wanted = columns.iter().map(|c| format!("{schema}.{table}.{}", c.as_str().unwrap()));
        assert_eq!(names.cloned().collect::<Vec<_>>(), wanted.map(Value::from).collect::<Vec<_>>());
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    for rule in rules {
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## What it finds"), "{rule}");
    }
}

#[test]
fn what_was_accepted_is_suppressed() {
    let folder = tempfile::tempdir().unwrap();
    let baseline = folder.path().join("baseline.json").display().to_string();
    assert_eq!(run(&["baseline", BOOKING, "--rule", "missing-unique-pair", "-o", &baseline]).code, 0);
    let run = sarif(&[BOOKING, "--baseline", &baseline], 1);
    let accepted = results(&run).iter().filter(|r| r["ruleId"] == "missing-unique-pair").count();
    assert!(accepted > 0 && accepted < results(&run).len());
    for result in results(&run) {
        let (state, suppressions) = match result["ruleId"].as_str().unwrap() {
            "missing-unique-pair" => ("unchanged", json!([{"kind": "external"}])),
            _ => ("new", Value::Null),
        };
        assert_eq!((&result["baselineState"], &result["suppressions"]), (&json!(state), &suppressions));
    }
}

#[test]
fn a_source_that_failed_is_told() {
    let run = sarif(&[BOOKING, "postgresql://app:secret@127.0.0.1:1/shop"], 2);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let told = notifications(&run);
    assert!(told.iter().any(|(level, text)| level == "error" && text.contains("127.0.0.1:1/shop: ")), "{told:?}");
    assert!(!run.to_string().contains("secret"), "{told:?}");
    assert!(!results(&run).is_empty());
}

#[test]
fn what_was_not_looked_at_is_told_and_names_are_cleaned() {
    let schema = "CREATE TABLE \"bell\u{7}\u{202e}\" (email text NOT NULL);\nCREATE TABLE broken (a int,, b int);\n";
    let mut command = support::binary::dbaudit(&["check", "--format", "sarif", "--min-confidence", "low", "-"]);
    let run = finish(command.write_stdin(schema));
    assert!(!run.stdout.contains("\\u0007") && !run.stdout.contains('\u{202e}'), "{}", run.stdout);
    let run = valid(&run.stdout);
    assert!(notifications(&run).iter().any(|(level, text)| level == "warning" && text.contains("-:2:")), "{run:#}");
    let result = &results(&run)[0];
    let names = result["locations"][0]["logicalLocations"].as_array().unwrap();
    assert!(names.iter().any(|l| l["fullyQualifiedName"].as_str().unwrap().starts_with("public.bell��")), "{result}");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "stdin");
}
