//! `check --verify`: the rows of a real server testify for and against guards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::binary::{beside, findings, run};
use support::cockroach::Cockroach;
use support::faults::FAULTS;
use support::migrations::{folder, psql};
use support::postgres::{Database, Postgres};
use tokio_postgres::NoTls;

/// 50,000 reservations, of which three were made twice, and a thousand shows, of which four are overbooked.
const SHOP: &str = "
    CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL DEFAULT 0);
    CREATE TABLE person (id bigint PRIMARY KEY, username varchar(80) NOT NULL);
    CREATE TABLE reservation (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES show,
        person_id bigint NOT NULL REFERENCES person, created_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO show SELECT i, CASE WHEN i <= 4 THEN -1 ELSE i % 50 END FROM generate_series(1, 1000) AS i;
    INSERT INTO person SELECT i, 'secret-' || i FROM generate_series(1, 2000) AS i;
    INSERT INTO reservation SELECT i, i % 1000 + 1, (i / 1000 * 7 + i) % 2000 + 1 FROM generate_series(1, 50000) AS i;
    INSERT INTO reservation SELECT 60000 + i, i + 1, i + 1 FROM generate_series(1, 3) AS i";

fn database(sql: &str) -> Database {
    let database = Postgres::shared().database();
    database.run(sql);
    database
}

/// The report of `check --verify`, whatever the exit code, and standard error.
fn verify(url: &str, more: &[&str]) -> (Value, i32, String) {
    let mut args = vec!["check", url, "--verify", "--format", "json"];
    args.extend(more);
    let run = run(&args);
    let report = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", run.stdout, run.stderr));
    (report, run.code, run.stderr)
}

/// The finding about these columns of a table.
fn about<'r>(report: &'r Value, table: &str, columns: &[&str]) -> Option<&'r Value> {
    let mut columns = columns.to_vec();
    columns.sort_unstable();
    findings(report).iter().find(|f| {
        let mut mine: Vec<&str> =
            f["object"]["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
        mine.sort_unstable();
        f["object"]["table"] == table && mine == columns
    })
}

/// What the rows say of it.
fn said(finding: &Value) -> String {
    let evidence = finding["evidence"].as_array().unwrap().iter();
    let of_rows = evidence.filter(|e| e["source"] == "rows").map(|e| e["text"].as_str().unwrap());
    of_rows.collect::<Vec<_>>().join("; ")
}

#[test]
fn the_race_that_has_happened_is_told() {
    let shop = database(SHOP);
    let (before, _) = support::binary::check(&[&shop.url]);
    let (report, code, _) = verify(&shop.url, &[]);
    assert_eq!(code, 1);
    let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
    assert_eq!(about(&before, "reservation", &["show_id", "person_id"]).unwrap()["confidence"], "medium");
    assert_eq!(pair["confidence"], "high");
    assert!(pair["message"].as_str().unwrap().contains("this has already gone wrong 3 times"), "{pair:#}");
    assert_eq!((&pair["rows"]["looked_at"], &pair["rows"]["violations"]), (&50_003.into(), &3.into()));
    assert_eq!(pair["rows"]["sampled"], false);
    let seats = about(&report, "show", &["available_seats"]).unwrap();
    assert!(seats["message"].as_str().unwrap().contains("this has already gone wrong 4 times"), "{seats:#}");
    assert!(said(seats).contains("4 of 1,000 rows break it"), "{seats:#}");
}

#[test]
fn what_the_rows_refute_is_found_at_low_confidence_only() {
    let shop = database(SHOP);
    // everybody may come again, and owe seats
    shop.run(
        "INSERT INTO reservation SELECT 100000 + id, show_id, person_id FROM reservation WHERE id <= 20000;
              UPDATE show SET available_seats = -5 WHERE id % 3 = 0",
    );
    let (report, _, _) = verify(&shop.url, &[]);
    assert!(about(&report, "reservation", &["show_id", "person_id"]).is_none(), "{report:#}");
    assert!(about(&report, "show", &["available_seats"]).is_none(), "{report:#}");
    let (report, _, _) = verify(&shop.url, &["--min-confidence", "low"]);
    for (table, columns) in [("reservation", &["show_id", "person_id"][..]), ("show", &["available_seats"])] {
        let finding = about(&report, table, columns).unwrap_or_else(|| panic!("{table}: {report:#}"));
        assert_eq!(finding["confidence"], "low");
        assert!(said(finding).contains("does not seem to be meant"), "{finding:#}");
        assert!(!finding["message"].as_str().unwrap().contains("gone wrong"), "{finding:#}");
    }
}

#[test]
fn values_are_shown_only_where_they_are_asked_for() {
    let shop = database(SHOP);
    shop.run("INSERT INTO person VALUES (5001, 'secret-7'), (5002, 'secret-7')");
    for format in ["json", "table"] {
        let quiet = run(&["check", &shop.url, "--verify", "--format", format]);
        assert!(!format!("{}{}", quiet.stdout, quiet.stderr).contains("secret"), "{}", quiet.stdout);
        let loud = run(&["check", &shop.url, "--verify", "--format", format, "--show-values"]);
        assert!(loud.stdout.contains("username = secret-7, rows = 3"), "{}", loud.stdout);
    }
    let alone = run(&["check", &shop.url, "--show-values"]);
    assert!(alone.code == 2 && alone.stderr.contains("--verify"), "{}", alone.stderr);
}

/// Partial keys, keys over expressions, NULLs: each counted as the index would.
#[test]
fn rows_are_counted_as_the_key_would_hold_them() {
    let database = database(
        "CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE, deleted_at timestamptz);
         CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
         CREATE TABLE member (id bigint PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
         CREATE UNIQUE INDEX member_email ON member (lower(email)) WHERE deleted_at IS NULL;
         CREATE TABLE guest (id bigint PRIMARY KEY, username text);
         INSERT INTO account SELECT i, 'a' || i || '@x', NULL FROM generate_series(1, 30000) AS i;
         -- two that differ in case alone, and five hundred of the dead
         INSERT INTO account SELECT 40000 + i, 'A' || i || '@x', NULL FROM generate_series(1, 2) AS i;
         INSERT INTO account SELECT 50000 + i, 'a' || i || '@x', now() FROM generate_series(1, 500) AS i;
         INSERT INTO guest SELECT i, CASE WHEN i % 2 = 0 THEN 'g' || i END FROM generate_series(1, 30000) AS i;
         INSERT INTO guest VALUES (40001, 'g2')",
    );
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--rule", "missing-unique-key"]);
    let account = about(&report, "account", &["email"]).unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(account["guard"]["expression"], "lower(email)");
    assert_eq!(account["guard"]["predicate"], "deleted_at IS NULL");
    assert_eq!((&account["rows"]["looked_at"], &account["rows"]["violations"]), (&30_002.into(), &2.into()));
    let guest = about(&report, "guest", &["username"]).unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&guest["rows"]["looked_at"], &guest["rows"]["violations"]), (&15_001.into(), &1.into()));
}

#[test]
fn a_table_over_the_budget_is_sampled_and_says_what_that_leaves_open() {
    let shop = database(SHOP);
    shop.run("ANALYZE");
    let (report, _, _) = verify(&shop.url, &["--max-table-rows", "20000"]);
    let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
    assert_eq!((&pair["rows"]["sampled"], &pair["rows"]["of_about"]), (&true.into(), &50_003.into()));
    let looked_at = pair["rows"]["looked_at"].as_u64().unwrap();
    assert!((10_000..30_000).contains(&looked_at), "{looked_at}");
    assert!(said(pair).contains("of about 50,000 rows"), "{}", said(pair));
    // the other tables are small enough
    assert_eq!(about(&report, "show", &["available_seats"]).unwrap()["rows"]["sampled"], false);
}

#[test]
fn a_table_of_unknown_size_is_not_read_beyond_the_budget() {
    let shop = database(SHOP);
    let (report, _, _) = verify(&shop.url, &["--max-table-rows", "20000"]);
    let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
    assert_eq!(pair["rows"]["looked_at"], 20_000);
    assert!(said(pair).contains("the first 20,000 rows"), "{}", said(pair));
}

/// One statement counts for all conditions of a table, and one for its keys.
#[test]
fn conditions_of_a_table_share_a_scan() {
    let server = Postgres::builder().config("log_statement", "all").start();
    let columns: Vec<String> = (0..10).map(|i| format!("stock_{i}_count int NOT NULL DEFAULT 0")).collect();
    server.run(
        "postgres",
        &format!(
            "CREATE TABLE item (id bigint PRIMARY KEY, slug text NOT NULL, sku text NOT NULL, {});
             INSERT INTO item SELECT i, 's' || i, 'k' || i FROM generate_series(1, 30000) AS i; ANALYZE",
            columns.join(", ")
        ),
    );
    let (report, _, _) = verify(&server.url("postgres"), &["--min-confidence", "low"]);
    let bounded = findings(&report).iter().filter(|f| f["rule"] == "negative-counter").count();
    assert_eq!(bounded, 10, "{report:#}");
    let log = server.log();
    let of_rows: Vec<&str> = log.lines().filter(|l| l.contains("FROM public.item")).collect();
    let scans = of_rows.iter().filter(|l| l.contains("FILTER (WHERE NOT (stock_")).count();
    assert_eq!(scans, 1, "{of_rows:#?}");
    assert!(of_rows.iter().any(|l| l.contains("GROUPING SETS")), "{of_rows:#?}");
    assert!(of_rows.len() <= 3, "a sample, the conditions, the keys: {of_rows:#?}");
    let writes = |l: &&str| l.contains("BEGIN") && l.contains("statement:") && !l.contains("READ ONLY");
    assert_eq!(log.lines().filter(writes).count(), 0, "every transaction is read-only");
    assert!(log.lines().any(|l| l.contains("statement: BEGIN READ ONLY")), "and there are some");
}

#[test]
fn one_condition_that_fails_does_not_keep_the_others_from_being_asked() {
    // the check of other tables is proposed for the one whose rows it cannot be worked out for
    let tables: String = (0..4)
        .map(|i| {
            format!(
                "CREATE TABLE ratio_{i} (id bigint PRIMARY KEY, done int NOT NULL, goal int NOT NULL,
                   available_seats int NOT NULL, CHECK (done / goal <= 1));"
            )
        })
        .collect();
    let database = database(&format!(
        "{tables} CREATE TABLE ratio_9 (id bigint PRIMARY KEY, done int NOT NULL, goal int NOT NULL,
           available_seats int NOT NULL);
         INSERT INTO ratio_9 SELECT i, 1, 0, i FROM generate_series(1, 200) AS i"
    ));
    let (report, code, stderr) = verify(&database.url, &["--min-confidence", "low"]);
    let ratio = about(&report, "ratio_9", &["done", "goal"]).unwrap_or_else(|| panic!("{report:#}"));
    assert!(ratio["rows"]["not_asked"].as_str().unwrap().contains("22012"), "{ratio:#}");
    let seats = about(&report, "ratio_9", &["available_seats"]).unwrap();
    assert_eq!(seats["rows"]["looked_at"], 200);
    assert!(stderr.contains("the rows of ratio_9 were not asked about 1 guard"), "{stderr}");
    assert!(report["skipped"].as_array().unwrap().iter().any(|s| s["reason"].as_str().unwrap().contains("ratio_9")));
    assert_eq!(code, 1);
}

#[test]
fn a_table_that_may_not_be_read_is_named_and_the_others_are_asked() {
    let shop = database(SHOP);
    shop.run(&format!("CREATE ROLE {0} LOGIN; GRANT SELECT ON show, person TO {0}", shop.name));
    let url = shop.url.replace("postgres@", &format!("{}@", shop.name));
    let (report, code, stderr) = verify(&url, &[]);
    assert!(stderr.contains("reservation were not asked") && stderr.contains("permission denied"), "{stderr}");
    let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
    assert!(pair["rows"]["not_asked"].as_str().unwrap().contains("permission denied"), "{pair:#}");
    assert_eq!(about(&report, "show", &["available_seats"]).unwrap()["rows"]["violations"], 4);
    assert_eq!(code, 1);
    shop.run(&format!("DROP OWNED BY {0}; DROP ROLE {0}", shop.name));
}

/// The rows of a fault's schema obey the guard that it lacks: whatever the rule, they can be asked, and say so.
#[test]
fn the_rows_can_be_asked_about_the_guards_of_every_rule() {
    let mut asked = BTreeSet::new();
    for fault in FAULTS {
        let database = database(&format!("{} {}", fault.schema, fault.rows));
        let args = ["--rule", fault.rule, "--min-confidence", "low", "--discover", "--show-values"];
        let (report, _, stderr) = verify(&database.url, &args);
        assert!(!stderr.contains("not asked"), "{}: {stderr}", fault.rule);
        for finding in findings(&report).iter().filter(|f| f["rule"] == fault.rule && !f["rows"].is_null()) {
            assert_eq!(finding["rows"]["violations"], 0, "{finding:#}");
            asked.insert(fault.rule);
        }
    }
    // where no row can be in the way, there is nothing to ask
    let unasked: BTreeSet<&str> = FAULTS.iter().map(|f| f.rule).filter(|r| !asked.contains(r)).collect();
    assert_eq!(unasked, BTreeSet::from(["float-money", "soft-delete-key"]));
}

#[test]
fn orphans_and_nulls_are_counted() {
    let of = |rule: &str| FAULTS.iter().find(|f| f.rule == rule).unwrap().schema;
    let database = database(&format!(
        "{} INSERT INTO shows SELECT i FROM generate_series(1, 100) AS i;
         INSERT INTO reservation SELECT i, i % 100 + 1 FROM generate_series(1, 20000) AS i;
         INSERT INTO reservation VALUES (30001, 101), (30002, 102);",
        of("missing-foreign-key")
    ));
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--rule", "missing-foreign-key"]);
    let reference = about(&report, "reservation", &["show_id"]).unwrap();
    assert_eq!((&reference["rows"]["looked_at"], &reference["rows"]["violations"]), (&20_002.into(), &2.into()));
    assert!(said(reference).contains("2 of 20,002 rows point at nothing"), "{reference:#}");

    let database = self::database(&format!(
        "{} INSERT INTO payment SELECT i, now() FROM generate_series(1, 20000) AS i;
         INSERT INTO payment VALUES (30001, NULL);",
        of("nullable-by-neglect")
    ));
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--rule", "nullable-by-neglect"]);
    let stamp = about(&report, "payment", &["created_at"]).unwrap();
    assert!(said(stamp).contains("1 of 20,001 rows is NULL"), "{stamp:#}");
    assert!(stamp["message"].as_str().unwrap().contains("this has already gone wrong once"), "{stamp:#}");
}

/// A count of the rows that a policy shows would be a clean bill for those that it hides.
#[test]
fn a_table_whose_rows_are_hidden_is_not_counted() {
    let shop = database(SHOP);
    let role = format!("{}_auditor", shop.name);
    shop.run(&format!(
        "CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
         CREATE TABLE ticket (id bigint PRIMARY KEY, show_id bigint NOT NULL, available_seats int NOT NULL);
         INSERT INTO ticket SELECT i, i, i FROM generate_series(1, 1000) AS i; GRANT SELECT ON ticket TO {role};
         ALTER TABLE ticket ADD CONSTRAINT of_show FOREIGN KEY (show_id) REFERENCES show NOT VALID;
         ALTER TABLE reservation ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own_shows ON reservation USING (show_id = 1);
         ALTER TABLE show ENABLE ROW LEVEL SECURITY; ALTER TABLE show FORCE ROW LEVEL SECURITY"
    ));
    let url = shop.url.replace("postgres@", &format!("{role}@"));
    let (report, code, stderr) = verify(&url, &["--min-confidence", "low"]);
    assert_eq!(code, 1, "{stderr}");
    let not_asked = |table: &str, rule: &str| {
        let finding = findings(&report).iter().find(|f| f["object"]["table"] == table && f["rule"] == rule);
        let finding = finding.unwrap_or_else(|| panic!("{rule} of {table}: {report:#}"));
        finding["rows"]["not_asked"].as_str().unwrap_or_else(|| panic!("{finding:#}")).to_owned()
    };
    let told = not_asked("reservation", "missing-unique-pair");
    assert!(told.contains("row-level security of public.reservation (policy own_shows)"), "{told}");
    assert!(told.contains("BYPASSRLS"), "{told}");
    assert!(not_asked("show", "negative-counter").contains("row-level security of public.show hides"));
    // that the other table hides its rows is no reason not to ask this one
    let reference = not_asked("ticket", "unvalidated-constraint");
    assert!(reference.contains("row-level security of public.show"), "{reference}");
    assert_eq!(about(&report, "ticket", &["available_seats"]).unwrap()["rows"]["looked_at"], 1_000);
    let table = run(&["check", &url, "--verify"]).stdout;
    assert!(table.contains("Not asked") && table.contains("own_shows"), "{table}");

    // its owner is not held to a policy that is not forced, nor is who may bypass them all
    shop.run(&format!("ALTER ROLE {role} BYPASSRLS"));
    let (report, _, stderr) = verify(&url, &[]);
    assert_eq!(about(&report, "reservation", &["show_id", "person_id"]).unwrap()["rows"]["violations"], 3);
    assert!(!stderr.contains("row-level security"), "{stderr}");
    shop.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// A policy that is made after the session began is not passed over: the server refuses.
#[test]
fn a_policy_that_comes_in_between_is_no_clean_table() {
    let shop = database(SHOP);
    let role = format!("{}_auditor", shop.name);
    shop.run(&format!(
        "CREATE TABLE venue (id bigint PRIMARY KEY, available_seats int NOT NULL);
         CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    ));
    let holding = Holding::shows(&shop.url, "ALTER TABLE venue ENABLE ROW LEVEL SECURITY");
    holding.run("LOCK TABLE show IN ACCESS EXCLUSIVE MODE");
    let url = shop.url.replace("postgres@", &format!("{role}@"));
    let run = beside(&["check", &url, "--verify", "--format", "json"], |_| {
        holding.wait_until_it_waits();
        holding.run("COMMIT");
    });
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let told = &about(&report, "venue", &["available_seats"]).unwrap()["rows"]["not_asked"];
    assert!(told.as_str().unwrap().contains("row-level security policy for table \"venue\""), "{told}");
    shop.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// A session that has the table of shows to itself until it is dropped, and another one that watches.
struct Holding {
    runtime: tokio::runtime::Runtime,
    client: tokio_postgres::Client,
    // a transaction sees the activity of its first look again and again
    watch: tokio_postgres::Client,
}

impl Holding {
    /// Without defaults the catalog can be read all the same: what reads an expression waits for the lock.
    fn shows(url: &str, how: &str) -> Holding {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let connect = || {
            let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
            runtime.spawn(connection);
            client
        };
        let (client, watch) = (connect(), connect());
        let holding = Holding { runtime, client, watch };
        for sql in ["ALTER TABLE show ALTER available_seats DROP DEFAULT", "BEGIN", how] {
            holding.run(sql);
        }
        holding
    }

    fn run(&self, sql: &str) {
        self.runtime.block_on(self.client.batch_execute(sql)).unwrap();
    }

    fn count(&self, sql: &str) -> i64 {
        self.runtime.block_on(self.watch.query_one(sql, &[])).unwrap().get(0)
    }

    /// Waits until dbaudit's session in this database waits for the lock.
    fn wait_until_it_waits(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.count(&format!("{RUNNING} AND wait_event_type = 'Lock'")) == 0 {
            assert!(Instant::now() < deadline, "dbaudit never waited for the lock");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'dbaudit' AND state = 'active'";

/// Ctrl-C, and what CI and `docker stop` send.
#[test]
fn an_interrupt_ends_the_statement_and_what_is_known_is_reported() {
    for signal in ["-INT", "-TERM"] {
        let shop = database(SHOP);
        // person and reservation are asked before show, which somebody has locked
        let holding = Holding::shows(&shop.url, "LOCK TABLE show IN ACCESS EXCLUSIVE MODE");
        let run = beside(&["check", &shop.url, "--verify", "--format", "json"], |process| {
            holding.wait_until_it_waits();
            assert!(
                std::process::Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success()
            );
        });
        assert_eq!(run.code, 2, "{signal}: {}", run.stderr);
        assert_eq!(holding.count(RUNNING), 0, "no statement of it runs on");
        let report: Value = serde_json::from_str(&run.stdout).expect("a whole report");
        let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
        assert_eq!(pair["rows"]["violations"], 3);
        let seats = about(&report, "show", &["available_seats"]).unwrap();
        assert_eq!(seats["rows"]["not_asked"], "interrupted");
        assert!(run.stderr.contains("the rows of show were not asked"), "{}", run.stderr);
        let skipped = report["skipped"].as_array().unwrap();
        assert!(skipped.iter().any(|s| s["reason"].as_str().unwrap().contains("interrupted")), "{skipped:?}");
    }
}

/// A table that cannot be looked at is no clean table, and no reason not to look at the others.
#[test]
fn a_locked_table_is_said_and_the_others_are_audited() {
    let shop = database(SHOP);
    let holding = Holding::shows(&shop.url, "LOCK TABLE person IN ACCESS EXCLUSIVE MODE");
    // what reads its check waits
    shop.run("ALTER TABLE show ADD CHECK (available_seats > -100)");
    holding.run("LOCK TABLE show IN ACCESS EXCLUSIVE MODE");
    let process: i32 =
        holding.runtime.block_on(holding.client.query_one("SELECT pg_backend_pid()", &[])).unwrap().get(0);
    let run = run(&["check", &shop.url, "--verify"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let locked = format!("table public.show is locked (ACCESS EXCLUSIVE) by process {process}");
    assert!(run.stdout.contains(&format!("Not looked at: {locked}")), "{}", run.stdout);
    assert!(run.stderr.contains(&locked), "{}", run.stderr);
    // what references them is judged as ever, and they themselves are not
    assert!(run.stdout.contains("missing-unique-pair"), "{}", run.stdout);
    assert!(!run.stdout.contains("negative-counter"), "{}", run.stdout);
    let other = support::binary::run(&["check", &shop.url, "--table", "reservation"]);
    assert_eq!(other.code, 1, "a lock on what was not asked for is no failure: {}", other.stdout);
    let migrate = support::binary::run(&["migrate", &shop.url]);
    assert_eq!((migrate.code, migrate.stdout.as_str()), (2, ""), "{}", migrate.stderr);
    assert!(migrate.stderr.contains("nothing is written: table public."), "{}", migrate.stderr);
}

#[test]
fn the_time_limit_ends_it_and_names_what_is_left() {
    let shop = database(SHOP);
    let holding = Holding::shows(&shop.url, "LOCK TABLE show IN ACCESS EXCLUSIVE MODE");
    let (report, code, stderr) = verify(&shop.url, &["--time-limit", "2"]);
    assert_eq!(holding.count(RUNNING), 0, "no statement of it runs on");
    assert_eq!(code, 1, "the time was the user's to give: {stderr}");
    assert_eq!(about(&report, "reservation", &["show_id", "person_id"]).unwrap()["rows"]["violations"], 3);
    let told = about(&report, "show", &["available_seats"]).unwrap()["rows"]["not_asked"].as_str().unwrap().to_owned();
    assert!(told.contains("time-limit") || told.contains("the server ended the statement"), "{told}");
    assert!(stderr.contains("the rows of show were not asked about"), "{stderr}");
}

#[test]
fn a_table_that_vanishes_while_it_waits_its_turn_is_named() {
    let shop = database(SHOP);
    shop.run("CREATE TABLE venue (id bigint PRIMARY KEY, available_seats int NOT NULL)");
    let holding = Holding::shows(&shop.url, "DROP TABLE venue");
    let run = beside(&["check", &shop.url, "--verify", "--format", "json"], |_| {
        holding.wait_until_it_waits();
        holding.run("COMMIT");
    });
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(about(&report, "reservation", &["show_id", "person_id"]).unwrap()["rows"]["violations"], 3);
    let told = &about(&report, "venue", &["available_seats"]).unwrap()["rows"]["not_asked"];
    assert!(told.as_str().unwrap().contains("does not exist"), "{told}");
    assert!(run.stderr.contains("the rows of venue were not asked"), "{}", run.stderr);
}

#[test]
fn a_lost_connection_leaves_what_was_known() {
    let shop = database(SHOP);
    let holding = Holding::shows(&shop.url, "LOCK TABLE show IN ACCESS EXCLUSIVE MODE");
    let run = beside(&["check", &shop.url, "--verify", "--format", "json"], |_| {
        holding.wait_until_it_waits();
        holding.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'dbaudit'",
        );
    });
    assert_eq!(run.code, 2, "{}", run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(about(&report, "reservation", &["show_id", "person_id"]).unwrap()["rows"]["violations"], 3);
    let told = &about(&report, "show", &["available_seats"]).unwrap()["rows"]["not_asked"];
    assert!(told.as_str().unwrap().contains("connection was lost"), "{told}");
}

/// 20,000 meters, each in a place of its own: site, shelf and place say which, and no two of them do.
const METERS: &str = "
    CREATE TABLE site (id bigint PRIMARY KEY, label text NOT NULL);
    CREATE TABLE meter (id bigint PRIMARY KEY, site_id bigint NOT NULL REFERENCES site, shelf int NOT NULL,
        place int NOT NULL, reading numeric, weight float, seen_at timestamptz, note text);
    INSERT INTO site SELECT i, 'x' || i % 50 FROM generate_series(1, 200) AS i;
    INSERT INTO meter SELECT i, i % 200 + 1, i / 200 % 10, i / 2000, random(), random(), now() + i * interval '1 s',
        'n' || i % 2 FROM generate_series(0, 19999) AS i;";

#[test]
fn keys_are_found_in_the_rows_where_that_is_asked_for() {
    let place = ["site_id", "shelf", "place"];
    let database = database(METERS);
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low"]);
    assert!(about(&report, "meter", &place).is_none(), "{report:#}");
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--discover"]);
    let found = about(&report, "meter", &place).unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&found["confidence"], &found["rows"]["looked_at"]), (&"low".into(), &20_000.into()));
    assert!(said(found).contains("no fewer of the columns are unique"), "{found:#}");
    // what is unique by accident is no discovery: times, measures
    let keys = findings(&report).iter().filter(|f| f["guard"]["kind"] == "unique" && f["object"]["table"] == "meter");
    for key in keys {
        let columns = key["object"]["columns"].to_string();
        assert!(!["reading", "weight", "seen_at"].iter().any(|c| columns.contains(c)), "{key:#}");
    }
    // by itself that is nothing to act on
    let (default, _, _) = verify(&database.url, &["--discover"]);
    assert!(about(&default, "meter", &place).is_none(), "{default:#}");

    // many rows that repeat another one, and it is no key; a few hundred rows, and nobody can tell
    database.run("INSERT INTO meter SELECT id + 100000, site_id, shelf, place FROM meter WHERE id < 300");
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--discover"]);
    assert!(about(&report, "meter", &place).is_none(), "{report:#}");
    database.run("DELETE FROM meter WHERE id > 500");
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--discover"]);
    assert!(about(&report, "meter", &place).is_none(), "{report:#}");
}

/// A UUID is as long as a text that nobody searches by, and is none; nor is a name of few letters and many bytes.
#[test]
fn discovery_takes_uuids_and_other_scripts_for_what_they_are() {
    let database = database(
        "CREATE TABLE badge (id bigint PRIMARY KEY, holder uuid NOT NULL, place text NOT NULL);
         INSERT INTO badge SELECT i, md5((i % 100)::text)::uuid, 'Комната на этаже ' || i / 100
           FROM generate_series(0, 9999) AS i; ANALYZE;",
    );
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low", "--discover"]);
    let found = about(&report, "badge", &["holder", "place"]).unwrap_or_else(|| panic!("{report:#}"));
    assert!(said(found).contains("found by looking at the rows alone"), "{found:#}");
}

/// A partial unique index whose build failed: in its way are rows that repeat another one, and not those outside of it.
#[test]
fn of_a_partial_key_that_is_not_valid_the_repeats_are_counted() {
    let database = database(
        "CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL, gone boolean NOT NULL);
         INSERT INTO account SELECT i, 'a' || i, i % 2 = 0 FROM generate_series(1, 1000) AS i;
         INSERT INTO account VALUES (2001, 'a1', false), (2002, 'a2', false), (2003, 'a3', false);",
    );
    let (folder, sql) = (folder(), "CREATE UNIQUE INDEX CONCURRENTLY account_email ON account (email) WHERE NOT gone;");
    let script = folder.path().join("build.sql");
    std::fs::write(&script, sql).unwrap();
    let failed = psql(&database.url, &[script]).unwrap_err();
    assert!(failed.contains("could not create unique index"), "{failed}");
    let (report, _, _) = verify(&database.url, &["--rule", "unvalidated-constraint"]);
    let key = about(&report, "account", &["email"]).unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&key["rows"]["looked_at"], &key["rows"]["violations"]), (&503.into(), &2.into()), "{key:#}");
    let files = run(&["migrate", &database.url, "--rule", "unvalidated-constraint"]).stdout;
    assert!(files.contains("keep the first:") && !files.contains("DELETE FROM public.account WHERE NOT"), "{files}");
}

/// However many keys are asked about, a table is read three times: a sample, the conditions, and the keys of each
/// width.
#[test]
fn discovery_costs_no_scan_per_candidate() {
    let server = Postgres::builder().config("log_statement", "all").start();
    server.run("postgres", METERS);
    server.run("postgres", "ANALYZE");
    let (report, _, _) = verify(&server.url("postgres"), &["--min-confidence", "low", "--discover"]);
    assert!(about(&report, "meter", &["site_id", "shelf", "place"]).is_some(), "{report:#}");
    let log = server.log();
    let of_rows: Vec<&str> = log.lines().filter(|l| l.contains("FROM public.meter")).collect();
    // a sample, and the keys: of three columns, and of fewer
    assert!((2..=4).contains(&of_rows.len()), "{of_rows:#?}");
}

#[test]
fn small_tables_prove_nothing() {
    let database = database(
        "CREATE TABLE account (id bigint PRIMARY KEY, username varchar(80) NOT NULL, bio text);
         INSERT INTO account SELECT i, 'u' || i % 7, '' FROM generate_series(1, 20) AS i",
    );
    let (before, _) = support::binary::check(&[&database.url, "--min-confidence", "low"]);
    let (report, _, _) = verify(&database.url, &["--min-confidence", "low"]);
    let of = |report: &Value| about(report, "account", &["username"]).unwrap()["confidence"].clone();
    assert_eq!(of(&before), of(&report));
    let name = about(&report, "account", &["username"]).unwrap();
    assert!(said(name).contains("13 of 20 rows repeat another one; so few prove nothing"), "{name:#}");
}

#[test]
fn the_rows_of_cockroachdb_testify_as_well() {
    let Some(server) = Cockroach::shared() else { return };
    let database = server.database("verify");
    // its division of whole numbers is //, and a number is no text
    let sql = SHOP.replace("i / 1000", "i // 1000").replace("|| i ", "|| i::text ").replace(") AS i", ") AS g (i)");
    database.run(&sql);
    // tables younger than the past that is read are read as they are now; once they are older, in the past
    for wait in [0, 11] {
        std::thread::sleep(Duration::from_secs(wait));
        let (report, code, stderr) = verify(&database.url, &["--min-confidence", "low", "--discover"]);
        assert_eq!(code, 1, "{stderr}");
        let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
        assert!(pair["message"].as_str().unwrap().contains("this has already gone wrong 3 times"), "{pair:#}");
        assert_eq!(pair["rows"]["looked_at"], 50_003);
        let seats = about(&report, "show", &["available_seats"]).unwrap();
        assert!(seats["message"].as_str().unwrap().contains("this has already gone wrong 4 times"), "{seats:#}");
    }
    let (report, _, _) = verify(&database.url, &["--max-table-rows", "20000"]);
    let pair = about(&report, "reservation", &["show_id", "person_id"]).unwrap();
    assert_eq!((&pair["rows"]["sampled"], &pair["rows"]["looked_at"]), (&true.into(), &20_000.into()));
}

#[test]
fn files_and_snapshots_have_no_rows() {
    let run = run(&["check", "examples/booking.sql", "--verify"]);
    assert!(run.code == 2 && run.stderr.contains("only a live server has rows"), "{}", run.stderr);
}
