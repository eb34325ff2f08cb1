//! `check --history`, `history`, `baseline`, `diff`, and telling what the history holds, as a user calls them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::binary::{Run, check, dbaudit, ended, findings, finish, run, spawn};
use support::peer;
use support::postgres::{Account, Postgres};
use support::stores::Store;
use tempfile::TempDir;

const BOOKING: &str = "examples/booking.sql";
const GUARD: &str = "ALTER TABLE show ADD CONSTRAINT seats CHECK (available_seats >= 0);\n";
const COUPON: &str = "CREATE TABLE coupon (id BIGINT PRIMARY KEY, remaining_uses INT NOT NULL);\n";

/// A folder with a schema that changes, and a history.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn new() -> Shop {
        let shop = Shop { folder: tempfile::tempdir().unwrap() };
        shop.becomes("");
        shop
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn schema(&self) -> String {
        self.path("schema.sql")
    }

    fn history(&self) -> String {
        self.path("history.db")
    }

    fn becomes(&self, more: &str) {
        fs::write(self.schema(), fs::read_to_string(BOOKING).unwrap() + more).unwrap();
    }

    fn check(&self, more: &[&str]) -> (Value, i32) {
        check(&[&[&self.schema(), "--history", &self.history()], more].concat())
    }

    fn text(&self, args: &[&str]) -> Run {
        run(&[args, &["--history", &self.history()]].concat())
    }
}

/// `rule on table` of each.
fn names(list: &Value) -> Vec<String> {
    let name = |f: &Value| format!("{} on {}", f["rule"].as_str().unwrap(), f["table"].as_str().unwrap());
    list.as_array().unwrap().iter().map(name).collect()
}

/// The entries of the baseline that match nothing.
fn stale(report: &Value) -> Vec<String> {
    if report["stale"].is_null() { Vec::new() } else { names(&report["stale"]) }
}

fn refused(run: &Run, why: &[&str]) {
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    for w in why {
        assert!(run.stderr.contains(w), "{w}: {}", run.stderr);
    }
}

#[test]
fn check_tells_what_is_new_and_what_is_fixed_once() {
    let shop = Shop::new();
    let (first, _) = shop.check(&[]);
    assert_eq!(first["history"]["first"], true);
    assert_eq!(first["history"]["new"].as_array().unwrap().len(), findings(&first).len());
    let again = shop.text(&["check", &shop.schema()]);
    assert!(again.stdout.contains("Nothing is new since the run before"), "{}", again.stdout);
    shop.becomes(&format!("{GUARD}{COUPON}"));
    let (changed, _) = shop.check(&[]);
    assert_eq!(names(&changed["history"]["fixed"]), ["negative-counter on show"]);
    let coupon = findings(&changed).iter().find(|f| f["object"]["table"] == "coupon").unwrap();
    assert_eq!(changed["history"]["new"], serde_json::json!([coupon["fingerprint"]]));
    let (after, _) = shop.check(&[]);
    assert_eq!(
        (&after["history"]["fixed"], &after["history"]["new"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    // a rule that is not run fixes nothing, and tells nothing new when it runs again
    let (less, _) = shop.check(&["--ignore-rule", "negative-counter"]);
    assert_eq!(less["history"]["fixed"], serde_json::json!([]));
    assert_eq!(shop.check(&[]).0["history"]["new"], serde_json::json!([]));
    shop.becomes("");
    let back = shop.text(&["check", &shop.schema()]);
    assert!(back.stdout.contains("1 new, 1 fixed"), "{}", back.stdout);
}

#[test]
fn history_lists_runs_and_forgets_old_ones() {
    let shop = Shop::new();
    refused(&run(&["history", &shop.history()]), &["there is no history at", "begins one"]);
    assert!(!Path::new(&shop.history()).exists(), "looking makes no file");
    shop.check(&[]);
    let missing = shop.path("missing.sql");
    fs::write(&missing, "CREATE TABLE t (id INT);").unwrap();
    shop.text(&["check", &missing]);
    fs::write(&missing, "-- nothing").unwrap();
    refused(&shop.text(&["check", &missing]), &["creates no table"]);
    let list = |more: &[&str]| run(&[&["history", &shop.history()], more].concat());
    let table = list(&[]).stdout;
    assert!(table.contains("schema.sql") && table.contains("creates no table"), "{table}");
    let json: Value = serde_json::from_str(&list(&["--format", "json", "--source", &missing]).stdout).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);
    assert_eq!(json["runs"][1]["error"], Value::Null);
    assert_eq!(list(&["-n", "1"]).stdout.lines().count(), 2, "the heading and the run");
    let forgot = list(&["--forget-older-than", "1"]);
    assert!(forgot.code == 0 && forgot.stderr.contains("0 runs older than 1 days"), "{}", forgot.stderr);
    let connection = rusqlite::Connection::open(shop.history()).unwrap();
    shop.check(&[]);
    connection.execute("UPDATE run SET started = '2020' || substr(started, 5)", []).unwrap();
    drop(connection);
    let forgot = list(&["--forget-older-than", "30", "--format", "json"]);
    assert!(forgot.stderr.contains("1 runs older than 30 days were forgotten"), "{}", forgot.stderr);
    let left: Value = serde_json::from_str(&forgot.stdout).unwrap();
    assert_eq!(left["runs"].as_array().unwrap().len(), 3, "the latest of each that was audited, and that failed");
    assert_eq!(shop.check(&[]).0["history"]["new"], serde_json::json!([]));
}

#[test]
fn what_was_accepted_counts_no_more() {
    let shop = Shop::new();
    let file = shop.path("baseline.json");
    let baseline = |more: &[&str]| run(&[&["baseline", &shop.schema(), "-o", &file], more].concat());
    let checked = |more: &[&str]| run(&[&["check", &shop.schema(), "--baseline", &file], more].concat());
    refused(&checked(&[]), &["cannot read the baseline", "dbaudit baseline -o"]);
    let all = findings(&check(&[&shop.schema()]).0).len();
    let written = baseline(&[]);
    assert!(written.code == 0 && written.stderr.contains(&format!("{all} accepted")), "{}", written.stderr);
    let known = checked(&[]);
    assert_eq!(known.code, 0);
    assert!(known.stdout.contains(&format!("Accepted in the baseline: {all}")), "{}", known.stdout);
    shop.becomes(COUPON);
    let (report, code) = check(&[&shop.schema(), "--baseline", &file]);
    assert_eq!((code, stale(&report).len()), (1, 0));
    let status = |s: &str| findings(&report).iter().filter(|f| f["status"] == s).count();
    assert_eq!((status("new"), status("baseline")), (1, all));
    // fixed: told once by the history, stale in the baseline until that is written again
    checked(&["--history", &shop.history()]);
    shop.becomes(GUARD);
    let (fixed, code) = check(&[&shop.schema(), "--baseline", &file, "--history", &shop.history()]);
    let mut closed = names(&fixed["history"]["fixed"]);
    closed.sort();
    assert_eq!((code, closed.join(", ").as_str()), (0, "negative-counter on coupon, negative-counter on show"));
    assert_eq!(stale(&fixed), ["negative-counter on show"]);
    let (later, _) = check(&[&shop.schema(), "--baseline", &file, "--history", &shop.history()]);
    assert_eq!((later["history"]["fixed"].as_array().unwrap().len(), stale(&later).len()), (0, 1));
    assert!(checked(&[]).stdout.contains("Stale in the baseline"));
    // what was not looked at is not stale
    for unseen in [["--table", "reservation"], ["--ignore-rule", "negative-counter"]] {
        let (report, _) = check(&[&[shop.schema().as_str(), "--baseline", &file][..], &unseen].concat());
        assert_eq!(stale(&report), [""; 0]);
    }
    let several = [shop.schema(), BOOKING.to_owned()];
    for shard in ["0/2", "1/2"] {
        let (report, _) = check(&[&several[0], &several[1], "--baseline", &file, "--shard", shard]);
        assert_eq!(stale(&report), [""; 0], "the other shard may have it");
    }
    // dates are kept, what is gone is left out, what is new has today's
    let dated = fs::read_to_string(&file).unwrap().replace("\"accepted\":\"20", "\"accepted\":\"19");
    fs::write(&file, &dated).unwrap();
    shop.becomes(&format!("{GUARD}{COUPON}"));
    let again = baseline(&[]);
    assert!(again.stderr.contains(&format!("{all} accepted (1 of them new), 1 left out")), "{}", again.stderr);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!((text.matches("\"accepted\":\"19").count(), text.matches("\"accepted\":\"20").count()), (all - 1, 1));
    // a source that fails leaves it as it was
    let failed = run(&["baseline", &shop.schema(), "/nowhere/schema.sql", "-o", &file]);
    assert_eq!((failed.code, fs::read_to_string(&file).unwrap() == text), (2, true));
    fs::write(shop.path("empty.sql"), "").unwrap();
    let failed = run(&["baseline", &shop.schema(), &shop.path("empty.sql"), "-o", &file]);
    assert_eq!((failed.code, fs::read_to_string(&file).unwrap() == text), (2, true), "{}", failed.stderr);
    for (wrong, why) in [("{}", "is no baseline"), ("{\"dbaudit_baseline\": 2, \"findings\": {}}", "format 2")] {
        fs::write(&file, wrong).unwrap();
        refused(&checked(&[]), &[why]);
        refused(&baseline(&[]), &[why]);
        assert_eq!(fs::read_to_string(&file).unwrap(), wrong);
    }
}

/// What a narrower run does not look at stays accepted.
#[test]
fn a_baseline_loses_only_what_was_looked_for() {
    let shop = Shop::new();
    shop.becomes(COUPON);
    let file = shop.path("baseline.json");
    let coupon = shop.path("coupon.sql");
    fs::write(&coupon, "CREATE TABLE voucher (id BIGINT PRIMARY KEY, remaining_uses INT NOT NULL);").unwrap();
    let baseline = |source: &str, more: &[&str]| {
        let written = run(&[&["baseline", source, "-o", &file], more].concat());
        assert_eq!(written.code, 0, "{}", written.stderr);
        written.stderr
    };
    baseline(&shop.schema(), &[]);
    let dated = fs::read_to_string(&file).unwrap().replace("\"accepted\":\"20", "\"accepted\":\"19");
    fs::write(&file, &dated).unwrap();
    let all = dated.matches("\"accepted\"").count();
    for narrow in [["--min-confidence", "high"], ["--rule", "missing-unique-key"], ["--table", "show"]] {
        let said = baseline(&shop.schema(), &narrow);
        assert!(said.contains(&format!("{all} accepted (0 of them new)")) && said.contains("kept"), "{said}");
        assert!(said.contains(", 0 left out"), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), dated, "{narrow:?}");
    }
    let said = baseline(&coupon, &[]);
    assert!(said.contains("(1 of them new)") && said.contains(&format!("{all} kept")), "{said}");
    // the table is gone: another source may have it, unless it is said that none has
    shop.becomes("");
    assert!(baseline(&shop.schema(), &[]).contains(", 0 left out"));
    let said = baseline(&shop.schema(), &["--prune", "--table", "show"]);
    assert!(said.contains(", 0 left out"), "{said}");
    assert!(baseline(&shop.schema(), &["--prune"]).contains(", 2 left out"));
}

/// A file that is no baseline is not offered to be written over.
#[test]
fn a_wrong_baseline_is_not_written_over() {
    let shop = Shop::new();
    shop.check(&[]);
    let checked = run(&["check", &shop.schema(), "--baseline", &shop.history()]);
    refused(&checked, &["cannot read the baseline"]);
    assert!(!checked.stderr.contains("dbaudit baseline"), "{}", checked.stderr);
}

#[test]
fn a_source_that_a_history_lacks_is_an_error() {
    let shop = Shop::new();
    shop.check(&[]);
    for lacking in [
        run(&["history", &shop.history(), "--source", "zz"]),
        shop.text(&["report", "--source", "zz"]),
        shop.text(&["report", "--source", &shop.schema(), "--source", "zz"]),
    ] {
        refused(&lacking, &["no run of zz", &shop.schema()]);
    }
}

#[test]
fn history_takes_its_place_from_the_environment() {
    let shop = Shop::new();
    shop.check(&[]);
    let named = shop.path("place");
    fs::write(&named, shop.history() + "\n").unwrap();
    for (variable, value) in [("DBAUDIT_HISTORY", shop.history()), ("DBAUDIT_HISTORY_FILE", named)] {
        let listed = finish(dbaudit(&["history"]).env(variable, value));
        assert!(listed.code == 0 && listed.stdout.contains("schema.sql"), "{}{}", listed.stdout, listed.stderr);
    }
    let mut none = dbaudit(&["history"]);
    refused(&finish(none.env_remove("DBAUDIT_HISTORY").env_remove("DBAUDIT_HISTORY_FILE")), &["name the history"]);
}

/// Connection strings with a slip: neither shown, nor the name of a file.
#[test]
fn a_malformed_connection_string_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let schema = fs::canonicalize(BOOKING).unwrap().display().to_string();
    for text in [
        "\"postgresql://u:SEKRIT@127.0.0.1/db\"",
        "'postgresql://u:SEKRIT@127.0.0.1/db?sslmode=require'",
        "\"postgresql:SEKRIT@h\"",
        "postgres//u:SEKRIT@127.0.0.1/db",
        "postgresql:/u:SEKRIT@127.0.0.1/db",
        " postgresql://u:SEKRIT@127.0.0.1/db",
        "\"host=127.0.0.1 password=SEKRIT\"",
        "u:SEKRIT@127.0.0.1",
    ] {
        for args in [vec!["check", text], vec!["check", &schema, "--history", text], vec!["history", text]] {
            let run = finish(dbaudit(&args).current_dir(folder.path()));
            refused(&run, &["is of no use", "looks like a connection string"]);
            assert!(!format!("{}{}", run.stdout, run.stderr).contains("SEKRIT"), "{args:?}: {}", run.stderr);
        }
        for args in [["check", "--dsn-file", text], ["check", "--url-env", text]] {
            let run = finish(dbaudit(&args).current_dir(folder.path()));
            assert!(run.code == 2 && !run.stderr.contains("SEKRIT"), "{args:?}: {}", run.stderr);
        }
        let history = finish(dbaudit(&["check", &schema]).current_dir(folder.path()).env("DBAUDIT_HISTORY", text));
        assert!(history.code == 2 && !history.stderr.contains("SEKRIT"), "{}", history.stderr);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file has it in its name");
    let named = finish(dbaudit(&["check", &schema, "--history", "postgres.db"]).current_dir(folder.path()));
    assert!(folder.path().join("postgres.db").exists(), "{}", named.stderr);
    refused(&run(&["check", "postgres/schema.sql"]), &["postgres/schema.sql: no such file"]);
}

/// The same difference between two runs, two snapshots and two sources.
#[test]
fn diff_says_what_changed_and_why() {
    let shop = Shop::new();
    let (before, after) = (shop.path("before.json"), shop.path("after.json"));
    shop.check(&[]);
    run(&["snapshot", &shop.schema(), "-o", &before]);
    shop.becomes(&format!("{GUARD}{COUPON}"));
    shop.check(&[]);
    run(&["snapshot", &shop.schema(), "-o", &after]);
    let runs: Value = serde_json::from_str(&run(&["history", &shop.history(), "--format", "json"]).stdout).unwrap();
    let id = |i: usize| runs["runs"][i]["id"].as_str().unwrap().to_owned();
    let (newer, older, history) = (id(0), id(1), shop.history());
    for args in [
        vec![BOOKING, &shop.schema()],
        vec![&before, &after],
        vec![&older, &newer, "--history", &history],
        vec!["previous", "latest", "--history", &history],
    ] {
        let table = run(&[&["diff"], &args[..]].concat());
        assert_eq!(table.code, 1, "{}", table.stderr);
        for line in
            ["New: 1", "Fixed: 1", "because the table was created", "because CHECK (available_seats >= 0) was added"]
        {
            assert!(table.stdout.contains(line), "{line}: {}", table.stdout);
        }
        let json = run(&[&["diff", "--format", "json"], &args[..]].concat());
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        let cause = |list: &Value| list[0]["because"][0]["text"].as_str().unwrap().to_owned();
        assert_eq!(json["new"][0]["finding"]["table"], "coupon");
        assert_eq!(
            (cause(&json["new"]), json["new"].as_array().unwrap().len()),
            ("the table was created".to_owned(), 1)
        );
        assert_eq!(cause(&json["fixed"]), "CHECK (available_seats >= 0) was added");
        assert!(json["same"].as_u64().unwrap() > 3 && json["version"] == 1);
    }
    let back = run(&["diff", &after, &before]);
    assert!(back.stdout.contains("because the table was dropped"), "{}", back.stdout);
    let same = run(&["diff", &after, &after]);
    assert_eq!(same.code, 0);
    assert!(same.stdout.contains("The schema is the same."), "{}", same.stdout);
    let left_out = run(&["diff", BOOKING, &shop.schema(), "--table", "reservation"]);
    assert_eq!(left_out.code, 0, "{}", left_out.stdout);

    refused(&shop.text(&["diff", "19990101T000000-00000000", "latest"]), &["has no run 19990101T000000-00000000"]);
    refused(&shop.text(&["diff", "%", "latest"]), &["has no run %"]);
    refused(&shop.text(&["diff", &older[..4], "latest"]), &["2 runs", "give more of the id"]);
    shop.text(&["check", BOOKING]);
    refused(&shop.text(&["diff", "previous", "latest"]), &["2 sources", "--source NAME"]);
    let named = shop.text(&["diff", "previous", "latest", "--source", &shop.schema()]);
    assert_eq!(named.code, 1, "{}", named.stderr);
    refused(&shop.text(&["diff", "previous", "latest", "--source", BOOKING]), &["has no previous run of"]);
    fs::write(shop.schema(), "").unwrap();
    shop.text(&["check", &shop.schema()]);
    let runs: Value = serde_json::from_str(&run(&["history", &shop.history(), "--format", "json"]).stdout).unwrap();
    let failed = runs["runs"][0]["id"].as_str().unwrap();
    refused(&shop.text(&["diff", &older, failed]), &["could not be audited", "creates no table"]);
}

/// What was not looked at is neither new nor fixed, for nobody who looks at it later.
#[test]
fn options_are_no_news() {
    let shop = Shop::new();
    let whole = shop.check(&[]).0;
    let narrow = shop.check(&["--rule", "negative-counter"]).0;
    assert!(findings(&narrow).len() < findings(&whole).len());
    assert_eq!(narrow["history"]["fixed"], Value::Array(vec![]));
    let report = run(&["report", "--history", &shop.history()]);
    assert!(report.stdout.contains("options left rules or tables out"), "the page says so");
    for (from, to) in [("previous", "latest"), ("latest", "previous")] {
        let diff = shop.text(&["diff", from, to]);
        assert_eq!(diff.code, 0, "{}", diff.stdout);
        assert!(diff.stdout.contains("New: 0") && diff.stdout.contains("Fixed: 0"), "{}", diff.stdout);
        assert!(diff.stdout.contains("the other did not look"), "{}", diff.stdout);
    }
    let shop = Shop::new();
    let sure = shop.check(&["--min-confidence", "high"]).0;
    let again = shop.check(&[]).0;
    assert!(findings(&again).len() > findings(&sure).len());
    assert_eq!(again["history"]["new"], Value::Array(vec![]), "they were known, and as sure");
}

#[test]
fn a_source_has_a_name_and_is_forgotten_by_it() {
    let shop = Shop::new();
    shop.check(&["--name", "shop"]);
    shop.check(&["--name", "other"]);
    assert_eq!(run(&["history", &shop.history(), "--forget-source", "shop"]).code, 0);
    let left = run(&["history", &shop.history()]);
    assert!(left.stdout.contains("other") && !left.stdout.contains("shop"), "{}", left.stdout);
    refused(&run(&["history", &shop.history(), "--forget-source", "shop"]), &["no run of shop"]);
    assert!(shop.text(&["diff", "latest", "latest"]).stdout.contains("as before"), "the other is whole");
}

#[test]
fn a_file_that_is_no_history_is_left_alone() {
    let shop = Shop::new();
    let other = shop.path("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE run (id INT); INSERT INTO run VALUES (7)")
        .unwrap();
    let text = shop.path("notes.txt");
    fs::write(&text, "these are my notes, and they are longer than a header\n".repeat(100)).unwrap();
    let damaged = shop.path("damaged.db");
    run(&["check", BOOKING, "--history", &damaged]);
    let newer = shop.path("newer.db");
    fs::copy(&damaged, &newer).unwrap();
    rusqlite::Connection::open(&newer).unwrap().execute("INSERT INTO migration VALUES (99)", []).unwrap();
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[200..].fill(0x5a);
    fs::write(&damaged, bytes).unwrap();
    let folder = shop.folder.path().display().to_string();
    for (place, why) in [
        (&other, "is a database of something else"),
        (&text, "cannot use"),
        (&folder, "cannot use"),
        (&damaged, "damaged"),
        (&newer, "newer dbaudit (format 99)"),
    ] {
        let before = fs::read(place).ok();
        for args in [
            vec!["check", BOOKING, "--history", place],
            vec!["history", place],
            vec!["diff", "previous", "latest", "--history", place],
            vec!["report", "--history", place],
            vec!["watch", BOOKING, "--once", "--history", place],
        ] {
            let done = run(&args);
            refused(&done, &[place, why]);
            assert!(done.stdout.is_empty(), "nothing is audited that cannot be recorded: {}", done.stdout);
        }
        assert!(fs::read(place).ok() == before, "{place} is as it was");
    }
    refused(&run(&["check", BOOKING, "--history", "/nowhere/history.db"]), &["/nowhere/history.db"]);
    refused(&run(&["check", BOOKING, "--history", "postgresql://127.0.0.1:1/x"]), &["cannot open the history"]);
}

/// A folder, and a file, that another user may read only.
#[test]
fn a_history_that_may_not_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let shop = Shop::new();
    let open = |path: &str, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let (binary, folder) = (shop.path("dbaudit"), shop.path("closed"));
    fs::copy(assert_cmd::cargo::cargo_bin("dbaudit"), &binary).unwrap();
    fs::create_dir(&folder).unwrap();
    let there = format!("{folder}/there.db");
    run(&["check", BOOKING, "--history", &there]);
    open(&shop.path(""), 0o755);
    open(&there, 0o444);
    open(&folder, 0o555);
    let before = fs::read(&there).unwrap();
    for place in [&format!("{folder}/new.db"), &there] {
        let mut command = Account::find().command(Path::new(&binary));
        let done = ended(command.args(["check", &shop.schema(), "--history", place]).output().unwrap());
        refused(&done, &[place]);
        assert!(
            ["read-only", "cannot be opened", "unable to open"].iter().any(|w| done.stderr.contains(w)),
            "{}",
            done.stderr
        );
    }
    assert!(fs::read(&there).unwrap() == before);
    // who may only read it can look
    let mut command = Account::find().command(Path::new(&binary));
    let looked = ended(command.args(["history", &there]).output().unwrap());
    assert!(looked.code == 0 && looked.stdout.contains("booking.sql"), "{}{}", looked.stdout, looked.stderr);
}

/// A limit on the size of files is met as a full disk is.
#[test]
fn a_full_disk_leaves_the_history_as_it_was() {
    let shop = Shop::new();
    shop.check(&[]);
    let limited = |kilobytes: u32, schema: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\"");
        let binary = assert_cmd::cargo::cargo_bin("dbaudit");
        let args = ["check", schema, "--history", &shop.history()];
        ended(Command::new("bash").args(["-c", &script, "bash"]).arg(binary).args(args).output().unwrap())
    };
    let wide: String =
        (0..500).map(|i| format!("CREATE TABLE t{i} (id INT PRIMARY KEY, available_seats INT NOT NULL);\n")).collect();
    fs::write(shop.path("wide.sql"), wide).unwrap();
    let size = fs::metadata(shop.history()).unwrap().len().div_ceil(1024);
    let full = limited(u32::try_from(size).unwrap() + 8, &shop.path("wide.sql"));
    refused(&full, &["was not recorded", "cannot use the history", &shop.history()]);
    assert!(full.stdout.contains("available_seats"), "what was found is told all the same");
    let runs: Value = serde_json::from_str(&run(&["history", &shop.history(), "--format", "json"]).stdout).unwrap();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    assert_eq!(run(&["check", &shop.path("wide.sql"), "--history", &shop.history()]).code, 1);
    assert_eq!(shop.check(&[]).0["history"]["new"], serde_json::json!([]));
}

/// A role of a database with a schema `dbaudit`, or without.
#[test]
fn a_role_with_few_rights() {
    let server = Postgres::shared();
    let (bare, ready) = (server.database(), server.database());
    let role = format!("keeper_{}", bare.name);
    bare.run(&format!("CREATE ROLE {role} LOGIN"));
    assert_eq!(run(&["check", BOOKING, "--history", &ready.url]).code, 1);
    ready.run(&format!(
        "GRANT USAGE ON SCHEMA dbaudit TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dbaudit TO {role}"
    ));
    let of = |url: &str| url.replace("postgres@", &format!("{role}@"));
    refused(
        &run(&["check", BOOKING, "--history", &of(&bare.url)]),
        &["has no schema dbaudit", "GRANT CREATE ON DATABASE"],
    );
    let (report, _) = check(&[BOOKING, "--history", &of(&ready.url)]);
    assert_eq!(
        (&report["history"]["first"], report["history"]["new"].as_array().unwrap().len()),
        (&Value::Bool(false), 0)
    );
    let listed = run(&["history", &of(&ready.url), "--forget-older-than", "1"]);
    assert_eq!((listed.code, listed.stdout.matches("booking.sql").count()), (0, 2), "{}", listed.stderr);
    // one that has the schema and none of its tables is told, too
    ready.run(&format!("REVOKE ALL ON ALL TABLES IN SCHEMA dbaudit FROM {role}"));
    refused(&run(&["check", BOOKING, "--history", &of(&ready.url)]), &["permission denied"]);
    ready.run(&format!("DROP OWNED BY {role}"));
    bare.run(&format!("DROP ROLE {role}"));
}

/// What a user interrupts is no failure of the database's.
#[test]
fn an_interrupted_check_is_not_recorded() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let port = runtime.block_on(peer::listen(peer::Act::Silence));
    let (shop, url) = (Shop::new(), format!("postgresql://u@127.0.0.1:{port}/x?sslmode=disable"));
    shop.check(&[]);
    let child = spawn(&["check", &url, "--history", &shop.history()]);
    wait_for("it catches SIGTERM", || catches(&child, 15));
    kill("TERM", child.id());
    let end = ended(child.wait_with_output().unwrap());
    assert_eq!(end.code, 2, "{}", end.stderr);
    let listed = run(&["history", &shop.history()]);
    assert!(!listed.stdout.contains("127.0.0.1"), "{}", listed.stdout);
}

fn catches(process: &Child, signal: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap_or("0").trim().to_owned();
    u64::from_str_radix(&caught, 16).unwrap() & (1 << (signal - 1)) != 0
}

/// SIGHUP that comes while the history is not open yet does not end it.
#[test]
fn watch_listens_to_signals_first() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let port = runtime.block_on(peer::listen(peer::Act::Silence));
    let mut child =
        spawn(&["watch", BOOKING, "--history", &format!("postgresql://u@127.0.0.1:{port}/x?sslmode=disable")]);
    wait_for("it catches SIGHUP", || catches(&child, 1));
    child.kill().unwrap();
    child.wait().unwrap();
}

fn kill(signal: &str, process: u32) {
    assert!(Command::new("kill").args([format!("-{signal}"), process.to_string()]).status().unwrap().success());
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Five schemas, and what a command was told of them.
struct Told {
    shop: Shop,
    schemas: Vec<String>,
    log: PathBuf,
}

impl Told {
    fn new() -> Told {
        let shop = Shop::new();
        let schemas: Vec<String> = (0..5).map(|i| shop.path(&format!("{i}.sql"))).collect();
        for s in &schemas {
            fs::copy(BOOKING, s).unwrap();
        }
        let log = shop.folder.path().join("log");
        Told { shop, schemas, log }
    }

    fn args<'a>(&'a self, history: &'a str, command: &'a str) -> Vec<&'a str> {
        let mut args = vec!["watch", "--once", "--history", history, "--notify-command", command];
        args.extend(self.schemas.iter().map(String::as_str));
        args
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.log).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

#[test]
fn two_jobs_on_one_history_tell_each_notice_once() {
    for store in Store::all("told") {
        let told = Told::new();
        let command = format!("echo \"$DBAUDIT_SOURCE $DBAUDIT_NEW $DBAUDIT_FIXED\" >> {}", told.log.display());
        let two = || {
            let jobs: Vec<_> = (0..2).map(|_| spawn(&told.args(&store.name, &command))).collect();
            for job in jobs {
                let end = ended(job.wait_with_output().unwrap());
                assert_eq!(end.code, 1, "{}", end.stderr);
            }
        };
        two();
        let mut lines = told.lines();
        lines.sort();
        let n = findings(&check(&[BOOKING]).0).len();
        let wanted: Vec<String> = told.schemas.iter().map(|s| format!("{s} {n} 0")).collect();
        assert_eq!(lines, wanted, "{}", store.name);
        two();
        assert_eq!(told.lines().len(), 5, "all is told");
        fs::write(&told.schemas[0], fs::read_to_string(BOOKING).unwrap() + GUARD).unwrap();
        two();
        assert_eq!(told.lines().last().unwrap(), &format!("{} 0 1", told.schemas[0]));
        assert_eq!(told.lines().len(), 6);
    }
}

#[test]
fn what_could_not_be_told_is_told_later_and_once() {
    let mut told = Told::new();
    told.schemas.truncate(1);
    let (history, ready, tried) = (told.shop.history(), told.shop.path("ready"), told.shop.path("tried"));
    let command = format!("touch {tried}; test -e {ready} || exit 75; echo told >> {}", told.log.display());
    let args = told.args(&history, &command);
    let job = spawn(&args);
    wait_for("the command is tried", || Path::new(&tried).exists());
    kill("TERM", job.id());
    let began = Instant::now();
    let end = ended(job.wait_with_output().unwrap());
    assert!(end.code == 2 && began.elapsed() < Duration::from_secs(10), "a round that was cut short: {}", end.stderr);
    assert!(end.stderr.contains("was not told over command="), "{}", end.stderr);
    fs::write(&ready, "").unwrap();
    for _ in 0..2 {
        assert_eq!(run(&args).code, 1);
        assert_eq!(told.lines(), ["told"]);
    }
    // another exit code is final
    let never = format!("echo no >> {}; exit 1", told.log.display());
    for _ in 0..2 {
        assert_eq!(run(&told.args(&history, &never)).code, 1);
    }
    assert_eq!(told.lines(), ["told", "no"]);
}

/// A channel that takes its time does not hold up the others.
#[test]
fn channels_do_not_wait_for_each_other() {
    let mut told = Told::new();
    told.schemas.truncate(1);
    let (history, ready) = (told.shop.history(), told.shop.path("ready"));
    let slow = format!("until test -e {ready}; do sleep 0.05; done; echo slow >> {}", told.log.display());
    let quick = format!("echo quick >> {}; touch {ready}", told.log.display());
    let args = [told.args(&history, &slow), vec!["--notify-command", &quick]].concat();
    assert_eq!(run(&args).code, 1);
    assert_eq!(told.lines(), ["quick", "slow"]);
}

#[test]
fn who_is_killed_while_it_tells_has_told() {
    let mut told = Told::new();
    told.schemas.truncate(1);
    let (history, pid) = (told.shop.history(), told.shop.path("pid"));
    let command =
        format!("echo told >> {}; echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60", told.log.display());
    let args = told.args(&history, &command);
    let mut job = spawn(&args);
    wait_for("the command runs", || Path::new(&pid).exists());
    job.kill().unwrap();
    job.wait().unwrap();
    kill("KILL", fs::read_to_string(&pid).unwrap().trim().parse().unwrap());
    assert_eq!(finish(&mut dbaudit(&args)).code, 1);
    assert_eq!(told.lines(), ["told"], "nobody knows whether it arrived, so that it is not told again");
}
