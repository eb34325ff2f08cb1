//! Migrations of the format `sql`, red to green and back: for every rule the files are written, applied by psql, and
//! taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::binary::{check, findings, run};
use support::cockroach::Cockroach;
use support::faults::{FAULTS, Fault};
use support::migrations::{difference, files, folder, listing, migrate, psql, snapshot};
use support::postgres::{Account, Postgres};
use support::tools;

/// Rules whose migrations cannot be taken back, and why.
const FOR_GOOD: &[(&str, &str)] = &[(
    "unvalidated-constraint",
    "a validated constraint has no way to be marked as not validated; nor has a rebuilt index one to be invalid again",
)];

/// What only PostgreSQL has: partitioned tables, indexes that hold for nothing; and names that need quotes.
const CONSTRUCTS: &[Fault] = &[
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE event (id bigint, at date NOT NULL, note text) PARTITION BY RANGE (at);
            CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');",
        rows: "INSERT INTO event VALUES (1, '2024-02-01', 'a'), (2, '2024-02-01', 'a');",
    },
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE rate (currency text, at date, value numeric) PARTITION BY RANGE (at);
            CREATE TABLE rate_2024 PARTITION OF rate FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');",
        rows: "INSERT INTO rate VALUES ('EUR', '2024-02-01', 1), ('EUR', '2024-02-01', 1);",
    },
    Fault {
        rule: "missing-primary-key",
        schema: "CREATE TABLE note (body text); CREATE TABLE signed_note (author text) INHERITS (note);",
        rows: "INSERT INTO note VALUES ('a'), ('a'); INSERT INTO signed_note VALUES ('b', 'me'), ('b', 'me');",
    },
    Fault {
        rule: "missing-unique-pair",
        schema: "CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE person (id bigint PRIMARY KEY);
            CREATE TABLE reservation (show_id bigint NOT NULL REFERENCES show,
              person_id bigint NOT NULL REFERENCES person) PARTITION BY HASH (show_id);
            CREATE TABLE reservation_0 PARTITION OF reservation FOR VALUES WITH (MODULUS 1, REMAINDER 0);",
        rows: "INSERT INTO show VALUES (1), (2); INSERT INTO person VALUES (1); \
               INSERT INTO reservation VALUES (1, 1), (2, 1);",
    },
    Fault {
        rule: "unvalidated-constraint",
        schema: "CREATE TABLE t (at date NOT NULL, code text NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
            CREATE UNIQUE INDEX t_code ON ONLY t (code, at);",
        rows: "INSERT INTO t VALUES ('2020-02-01', 'a'), ('2020-02-02', 'a');",
    },
    Fault {
        rule: "unvalidated-constraint",
        schema: "CREATE TABLE t (at date NOT NULL, code text NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
            ALTER TABLE ONLY t ADD CONSTRAINT t_code UNIQUE (code, at);",
        rows: "INSERT INTO t VALUES ('2020-02-01', 'a'), ('2020-02-02', 'a');",
    },
    Fault {
        rule: "negative-counter",
        schema: r#"CREATE SCHEMA "select"; CREATE TABLE "select"."Show ""of"" the year's end" (id bigint PRIMARY KEY,
            "available_seats" int NOT NULL);"#,
        rows: r#"INSERT INTO "select"."Show ""of"" the year's end" VALUES (1, 0);"#,
    },
    Fault {
        rule: "missing-unique-key",
        schema: r#"CREATE TABLE "Account-with a name that takes up 63 bytes but one for the rest" (id bigint PRIMARY KEY,
            username varchar(80) NOT NULL, bio text, age int);"#,
        rows: r#"INSERT INTO "Account-with a name that takes up 63 bytes but one for the rest" VALUES (1, 'ann'), (2, 'b');"#,
    },
];

/// The formats whose files are SQL.
const OF_SQL: &[&str] =
    &["sql", "golang-migrate", "flyway", "liquibase", "dbmate", "goose", "sqlx", "refinery", "atlas", "prisma"];

/// All files of SQL in a folder and beneath it.
fn sql_files(folder: &Path) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    let (folders, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|p| p.is_dir());
    let files = files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "sql"));
    files.chain(folders.iter().flat_map(|f| sql_files(f))).collect()
}

/// The fingerprints of what a rule finds.
fn fingerprints(source: &str, more: &[&str]) -> BTreeSet<String> {
    let mut args = vec![source, "--min-confidence", "low"];
    args.extend(more);
    let (report, _) = check(&args);
    findings(&report).iter().map(|f| f["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// From the fault to its guard and back, over one connection each way. Says where it goes wrong.
fn there_and_back(url: &str, fault: &Fault) -> Result<(), String> {
    let rule = ["--rule", fault.rule];
    let (folder, before) = (folder(), snapshot(url, &[]));
    let red = fingerprints(url, &rule);
    assert!(!red.is_empty(), "{} does not see the fault in {}", fault.rule, fault.schema);
    migrate(url, folder.path(), &["--rule", fault.rule, "--min-confidence", "low"]);
    psql(url, &files(folder.path(), "up")).map_err(|e| format!("up: {e}"))?;
    let left = fingerprints(url, &rule);
    if !left.is_disjoint(&red) {
        return Err(format!("up: still found: {left:?}"));
    }
    psql(url, &files(folder.path(), "down")).map_err(|e| format!("down: {e}"))?;
    let again = fingerprints(url, &rule);
    if FOR_GOOD.iter().any(|(rule, _)| *rule == fault.rule) {
        return if again.is_empty() { Ok(()) } else { Err("down: taken back all the same".to_owned()) };
    }
    if again != red {
        return Err(format!("down: {red:?} were found before, {again:?} are found after"));
    }
    difference(&before, &snapshot(url, &[])).map_or(Ok(()), |d| Err(format!("down: not as before:\n{d}")))
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn there_and_back_on_postgresql() {
    let mut problems = Vec::new();
    for (fault, filled) in FAULTS.iter().chain(CONSTRUCTS).flat_map(|f| [(f, false), (f, true)]) {
        let database = Postgres::shared().database();
        database.run(fault.schema);
        if filled {
            database.run(fault.rows);
        }
        if let Err(e) = there_and_back(&database.url, fault) {
            problems.push(format!("{}, filled: {filled}: {e}\n  {}", fault.rule, fault.schema));
        }
    }
    assert_none(&problems);
}

#[test]
fn there_and_back_on_cockroachdb() {
    let Some(server) = Cockroach::shared() else { return };
    let scratch = folder();
    let execute = |url: &str, sql: &str| {
        let file = scratch.path().join("statements.sql");
        fs::write(&file, sql).unwrap();
        psql(url, &[file])
    };
    let (admin, mut problems) = (server.url("defaultdb"), Vec::new());
    for (i, (fault, filled)) in FAULTS.iter().flat_map(|f| [(f, false), (f, true)]).enumerate() {
        let name = format!("dbaudit_migrate_{}_{i}", std::process::id());
        execute(&admin, &format!("CREATE DATABASE {name};")).unwrap();
        let url = server.url(&name);
        if let Err(e) = execute(&url, fault.schema) {
            eprintln!("NOT RUN on this CockroachDB: {}: {e}", fault.rule);
        } else {
            if filled {
                execute(&url, fault.rows).unwrap();
            }
            if let Err(e) = there_and_back(&url, fault) {
                problems.push(format!("{}, filled: {filled}: {e}\n  {}", fault.rule, fault.schema));
            }
        }
        execute(&admin, &format!("DROP DATABASE {name} CASCADE;")).unwrap();
    }
    assert_none(&problems);
}

/// A snapshot as it would be of a server in another version, as a file.
fn in_version(mut snapshot: Value, version: &str, folder: &Path) -> PathBuf {
    snapshot["catalog"]["engine"]["version"] = version.into();
    let path = folder.join("schema.json");
    fs::write(&path, snapshot.to_string()).unwrap();
    path
}

/// The statements of a file, without comments, in capitals.
fn statements(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|l| !l.starts_with("--")).collect();
    code.join("\n").to_uppercase().split(';').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}

/// What CockroachDB lacks in some version, or does not need.
const NOT_IN_COCKROACHDB: &[&str] = &[
    "NULLS NOT DISTINCT",
    "USING INDEX",
    "DEFERRABLE",
    "EXCLUDE",
    "CONCURRENTLY",
    "BEGIN",
    "COMMIT",
    "REINDEX",
    "DO $",
    "LOCK_TIMEOUT",
];

/// Without a server: what is written for CockroachDB is read by the reader of schema files, which finds the guards in
/// it, and has nothing that CockroachDB lacks.
#[test]
fn files_for_cockroachdb_are_read() {
    let mut problems = Vec::new();
    for (fault, version) in FAULTS.iter().flat_map(|f| ["20.2", "21.1", "25.2", "26.2"].map(|v| (f, v))) {
        let folder = folder();
        let schema = folder.path().join("schema.sql");
        fs::write(&schema, fault.schema).unwrap();
        let read = snapshot(schema.to_str().unwrap(), &["--engine", "cockroachdb"]);
        let source = in_version(read, version, folder.path());
        let source = source.to_str().unwrap();
        let out = folder.path().join("out");
        migrate(source, &out, &["--rule", fault.rule, "--min-confidence", "low"]);
        let red = fingerprints(source, &["--rule", fault.rule]);
        let mut problem = |text: String| problems.push(format!("{} on {version}: {text}", fault.rule));
        for (name, text) in listing(&out) {
            let statements = statements(&text);
            let changes = statements.iter().filter(|s| !s.starts_with("SET ")).count();
            if name.ends_with(".up.sql") && changes != 1 {
                problem(format!("{name} changes {changes} things"));
            }
            for s in &statements {
                let lacks = NOT_IN_COCKROACHDB.iter().find(|w| s.contains(**w));
                if let Some(word) = lacks.or((s.contains("UNIQUE") && s.contains("NOT VALID")).then_some(&"NOT VALID"))
                {
                    problem(format!("{name} has {word}: {s}"));
                }
            }
        }
        let read = |ways: &[PathBuf]| {
            let all: String =
                [schema.clone()].iter().chain(ways).map(|p| fs::read_to_string(p).unwrap() + "\n").collect();
            let path = folder.path().join("all.sql");
            fs::write(&path, all).unwrap();
            let strict = run(&["snapshot", path.to_str().unwrap(), "--engine", "cockroachdb", "--strict"]);
            let found = fingerprints(path.to_str().unwrap(), &["--engine", "cockroachdb", "--rule", fault.rule]);
            (strict, found)
        };
        let up = files(&out, "up");
        let (strict, green) = read(&up);
        if strict.code != 0 {
            problem(format!("not understood: {}", strict.stderr));
        }
        if !green.is_disjoint(&red) {
            problem(format!("still found: {green:?}"));
        }
        let (strict, again) = read(&[up, files(&out, "down")].concat());
        if strict.code != 0 || (again != red && !FOR_GOOD.iter().any(|(r, _)| *r == fault.rule)) {
            problem(format!("the way back: {red:?}, then {again:?}, {}", strict.stderr));
        }
    }
    assert_none(&problems);
}

#[test]
fn squawk_finds_nothing() {
    let squawk = tools::pip("squawk", &["squawk-cli==2.70.0"]).join("squawk");
    let folder = folder();
    let mut all = Vec::new();
    for (i, fault) in FAULTS.iter().chain(CONSTRUCTS).enumerate() {
        let database = Postgres::shared().database();
        database.run(fault.schema);
        for version in ["14.9", "15.4"] {
            for format in OF_SQL {
                let own = folder.path().join(format!("{i}-{}-{version}-{format}", fault.rule));
                fs::create_dir(&own).unwrap();
                let source = in_version(snapshot(&database.url, &[]), version, &own);
                let rule = ["--rule", fault.rule, "--min-confidence", "low", "--format", format];
                migrate(source.to_str().unwrap(), &own, &rule);
                all.extend(sql_files(&own).into_iter().map(|file| (*format, file)));
            }
        }
    }
    assert!(all.len() > 4 * FAULTS.len() * OF_SQL.len(), "{} files", all.len());
    // tools that begin the transaction themselves, for what may run in one
    let is_alone = |file: &Path| {
        let text = fs::read_to_string(file).unwrap();
        text.lines().any(|line| !line.starts_with("--") && line.contains(" CONCURRENTLY "))
    };
    let (bare, wrapped): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(format, file)| matches!(*format, "sql" | "golang-migrate") || is_alone(file));
    for (files, more) in [(wrapped, Some("--assume-in-transaction")), (bare, None)] {
        let files = files.into_iter().map(|(_, file)| file);
        let mut command = Command::new(&squawk);
        command.args(["--pg-version=15.0", "--reporter=gcc"]).args(more).args(files);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{more:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// All findings of real schemas whose guards were taken out, `NAME/stripped.sql` each: every statement succeeds, and
/// nothing of it is found any more.
#[test]
fn a_folder_of_real_schemas() {
    let Some(root) = std::env::var_os("DBAUDIT_TEST_SCHEMAS") else {
        eprintln!("NOT RUN: set DBAUDIT_TEST_SCHEMAS to a folder of NAME/stripped.sql to migrate real schemas");
        return;
    };
    let mut schemas: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|e| e.unwrap().path().join("stripped.sql")).collect();
    schemas.retain(|p| p.is_file());
    schemas.sort();
    assert!(!schemas.is_empty());
    let (mut found, mut applied, mut problems) = (0, 0, Vec::new());
    for schema in &schemas {
        let name = schema.parent().unwrap().file_name().unwrap().to_string_lossy();
        let mut problem = |text: String| problems.push(format!("{name}: {text}"));
        let database = Postgres::shared().database();
        psql(&database.url, std::slice::from_ref(schema)).unwrap();
        let red = fingerprints(&database.url, &[]);
        let folder = folder();
        migrate(&database.url, folder.path(), &["--min-confidence", "low"]);
        let written = listing(folder.path());
        migrate(&database.url, folder.path(), &["--min-confidence", "low"]);
        assert_eq!(listing(folder.path()), written, "{name}: a second run writes something new");
        let up = files(folder.path(), "up");
        if let Err(e) = psql(&database.url, &up) {
            problem(e);
            continue;
        }
        (found, applied) = (found + red.len(), applied + up.len());
        let green = fingerprints(&database.url, &[]);
        let left: Vec<&String> = green.intersection(&red).collect();
        if !left.is_empty() {
            problem(format!("still found: {left:?}"));
        }
        migrate(&database.url, folder.path(), &["--min-confidence", "low"]);
        for (file, text) in listing(folder.path()).into_iter().filter(|f| !written.contains(f)) {
            if red.iter().any(|f| text.contains(&format!("finding {f},"))) {
                problem(format!("{file} is written once more"));
            }
        }
    }
    eprintln!("{} schemas: {found} findings, {applied} files applied", schemas.len());
    assert_none(&problems);
}

const SHOP: &str = "examples/booking.sql";

#[test]
fn the_same_findings_give_the_same_files() {
    let (one, two) = (folder(), folder());
    for folder in [&one, &two] {
        migrate(SHOP, folder.path(), &["--engine", "postgresql"]);
    }
    let written = listing(one.path());
    assert!(written.len() >= 4);
    assert_eq!(written, listing(two.path()));
    migrate(SHOP, one.path(), &["--engine", "postgresql"]);
    assert_eq!(listing(one.path()), written);
}

#[test]
fn a_folder_is_checked() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    let check = || run(&["migrate", SHOP, "--engine", "postgresql", "-o", path, "--check"]);
    let lacking = check();
    assert_eq!(lacking.code, 1, "{}", lacking.stderr);
    assert!(lacking.stdout.contains("missing-unique-pair"), "{}", lacking.stdout);
    assert_eq!(listing(folder.path()), []);
    migrate(SHOP, folder.path(), &["--engine", "postgresql"]);
    let whole = check();
    assert_eq!((whole.code, whole.stdout.as_str()), (0, ""), "{}", whole.stderr);
    // without one file a guard is missing again, and only that file is written anew
    let written = listing(folder.path());
    let (last, _) = written.iter().rfind(|(name, _)| name.ends_with(".up.sql")).unwrap();
    fs::remove_file(folder.path().join(last)).unwrap();
    assert_eq!(check().code, 1);
}

/// A folder that is applied in part: the schema then has a constraint that is not validated, and the folder what
/// validates it.
#[test]
fn what_the_folder_will_validate_is_not_asked_for_again() {
    let (database, folder) = (Postgres::shared().database(), folder());
    database.run("CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL DEFAULT 0)");
    migrate(&database.url, folder.path(), &[]);
    psql(&database.url, &files(folder.path(), "up")[..1]).unwrap();
    assert_eq!(findings(&check(&[&database.url]).0)[0]["rule"], "unvalidated-constraint");
    let checked = run(&["migrate", &database.url, "-o", folder.path().to_str().unwrap(), "--check"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (0, ""), "{}", checked.stderr);
}

/// Bad input: exit code 2, an error that says what is wrong, and nothing in the folder that was not there.
#[test]
fn nothing_is_written_for_bad_input() {
    let scratch = folder();
    let file = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let refused = |args: &[&str], files: &[&str], expected: &str| {
        let folder = folder();
        for name in files {
            fs::write(folder.path().join(name), "SELECT 1;\n").unwrap();
        }
        let before = listing(folder.path());
        let mut all = vec!["migrate", SHOP, "-o", folder.path().to_str().unwrap()];
        all.extend(args);
        let run = run(&all);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{args:?}: {}", run.stderr);
        assert_eq!(listing(folder.path()), before, "{args:?}");
    };
    let of_cockroach = check(&[SHOP, "--engine", "cockroachdb"]).0;
    let report = file("findings.json", &of_cockroach.to_string());
    refused(&["--engine", "postgresql", "--from", &report], &[], "is about CockroachDB, and the source is PostgreSQL");
    refused(&["--from", &report], &[], "does not show which server it is for: say --engine");
    let mut gone: Value = check(&[SHOP, "--engine", "postgresql"]).0;
    gone["findings"][0]["fingerprint"] = "0123456789abcdef".into();
    let gone = file("gone.json", &gone.to_string());
    refused(&["--engine", "postgresql", "--from", &gone], &[], "0123456789abcdef");
    refused(&["--finding", "0123456789abcdef"], &[], "0123456789abcdef");
    let now = check(&[SHOP, "--engine", "postgresql"]).0;
    let mut changed = now.clone();
    changed["findings"][0]["object"]["state"] = "01234567".into();
    let changed = file("changed.json", &changed.to_string());
    refused(&["--engine", "postgresql", "--from", &changed], &[], "the schema has changed since");
    // what a filter leaves out is not gone
    let now = file("now.json", &now.to_string());
    let few = run(&["migrate", SHOP, "--engine", "postgresql", "--from", &now, "--table", "show", "--dry-run"]);
    assert!(few.code == 0 && few.stdout.contains("negative-counter"), "{}{}", few.stdout, few.stderr);
    assert!(!few.stdout.contains("reservation"), "{}", few.stdout);
    let cut = file("cut.json", "{\"version\": 1");
    refused(&["--from", &cut], &[], "is no JSON");
    let other = file("other.json", "{\"version\": 2}");
    refused(&["--from", &other], &[], "is no report");
    refused(&["--from", "no-such-file.json"], &[], "cannot read no-such-file.json");
    refused(&[], &["0001_a.up.sql", "01_b.up.sql"], "0001_a.up.sql and 01_b.up.sql have the same version");
    // what has the name of a new file, and is no migration by itself
    let trial = folder();
    migrate(SHOP, trial.path(), &["--engine", "postgresql"]);
    let down = listing(trial.path()).into_iter().map(|(name, _)| name).find(|n| n.ends_with(".down.sql")).unwrap();
    refused(&["--engine", "postgresql"], &[&down], "is there already, and is not overwritten");

    let new = scratch.path().join("new");
    let refused = run(&["migrate", SHOP, "-o", new.to_str().unwrap(), "--finding", "0123456789abcdef"]);
    assert_eq!((refused.code, new.exists()), (2, false));

    // a disk without room for what is to be written: a limit on the size of files is met in the same way
    let full = scratch.path().join("full/of/it");
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let binary = assert_cmd::cargo::cargo_bin("dbaudit");
    let args = ["migrate", SHOP, "--engine", "postgresql", "--format", "liquibase", "-o", full.to_str().unwrap()];
    let refused = Command::new("bash").args(["-c", limited, "bash"]).arg(binary).args(args).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("cannot write") && told.contains("File too large"), "{told}");
    assert!(!scratch.path().join("full").exists());
    // a migration of Prisma is a folder: none is left without its file
    let empty = folder();
    let args = ["migrate", SHOP, "--engine", "postgresql", "--format", "prisma", "-o", empty.path().to_str().unwrap()];
    let (binary, none) = (assert_cmd::cargo::cargo_bin("dbaudit"), limited.replace("-f 1", "-f 0"));
    let refused = Command::new("bash").args(["-c", &none, "bash"]).arg(binary).args(args).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && told.contains("File too large"), "{told}");
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);

    let no_folder = file("no-folder", "text");
    let refused = run(&["migrate", SHOP, "-o", &no_folder]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("is no folder"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&no_folder).unwrap(), "text");
}

/// A folder that takes no file, as one without root's rights meets it.
#[test]
fn nothing_is_written_to_a_read_only_folder() {
    use std::os::unix::fs::PermissionsExt;
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // where every account may stand, with all that the run needs
    let place = tempfile::tempdir().unwrap();
    open(place.path(), 0o755);
    let (binary, schema, folder) =
        (place.path().join("dbaudit"), place.path().join("schema.sql"), place.path().join("migrations"));
    fs::copy(assert_cmd::cargo::cargo_bin("dbaudit"), &binary).unwrap();
    fs::copy(SHOP, &schema).unwrap();
    fs::create_dir(&folder).unwrap();
    open(&folder, 0o555);
    for into in [folder.clone(), folder.join("new")] {
        let mut command = Account::find().command(&binary);
        let refused = command.arg("migrate").arg(&schema).arg("-o").arg(&into).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains("migrations") && told.contains("Permission denied"), "{told}");
    }
    assert_eq!(listing(&folder), []);
}

/// A view may have the name that an index would get.
#[test]
fn names_of_other_relations_are_left_alone() {
    let (database, folder) = (Postgres::shared().database(), folder());
    let schema = "CREATE TABLE account (id bigint PRIMARY KEY, username varchar(80) NOT NULL, bio text);
        CREATE VIEW account_username_key AS SELECT 1 AS one; CREATE SEQUENCE account_username_key1;
        CREATE TYPE account_username_key2 AS (one int);";
    database.run(schema);
    let script = folder.path().join("schema");
    fs::write(&script, schema).unwrap();
    for source in [database.url.as_str(), script.to_str().unwrap()] {
        let rule = ["--engine", "postgresql", "--rule", "missing-unique-key", "--min-confidence", "low"];
        let (report, _) = check(&[&[source][..], &rule].concat());
        assert_eq!(findings(&report)[0]["guard"]["name"], "account_username_key3", "{source}");
    }
    fs::remove_file(script).unwrap();
    migrate(&database.url, folder.path(), &["--rule", "missing-unique-key", "--min-confidence", "low"]);
    psql(&database.url, &files(folder.path(), "up")).unwrap();
    assert_eq!(fingerprints(&database.url, &["--rule", "missing-unique-key"]), BTreeSet::new());
}

/// Duplicates are in the way: the build fails and leaves an invalid index, which no later run takes for the real one. Once
/// it is dropped and the rows are clean, the same files go through.
#[test]
fn a_build_that_fails_is_done_again() {
    for (schema, rule) in [
        ("CREATE TABLE account (id bigint PRIMARY KEY, username varchar(80) NOT NULL, bio text)", "missing-unique-key"),
        (
            "CREATE TABLE account (id bigint PRIMARY KEY, username text NOT NULL UNIQUE, bio text); \
             CREATE INDEX ON account (lower(username))",
            "case-sensitive-key",
        ),
    ] {
        let (database, folder) = (Postgres::shared().database(), folder());
        database.run(schema);
        database.run("INSERT INTO account VALUES (1, 'ann')");
        migrate(&database.url, folder.path(), &["--rule", rule, "--min-confidence", "low"]);
        let (up, second) = (files(folder.path(), "up"), if rule == "case-sensitive-key" { "Ann" } else { "ann" });
        database.run(&format!("INSERT INTO account VALUES (2, '{second}')"));
        let refused = psql(&database.url, &up).unwrap_err();
        assert!(refused.contains("could not create unique index"), "{refused}");
        let again = psql(&database.url, &up).unwrap_err();
        assert!(again.contains("is not valid"), "{again}");
        database.run("DELETE FROM account WHERE id = 2");
        // the way back of the file that failed drops what it left behind
        psql(&database.url, &files(folder.path(), "down")[up.len() - 1..]).unwrap();
        psql(&database.url, &up).unwrap();
        assert_eq!(fingerprints(&database.url, &["--rule", rule]), BTreeSet::new());
    }
}

/// What is said after a failure is about what failed; a way back that fails leaves nothing that passes for a key.
#[test]
fn advice_and_the_way_back_are_about_the_right_index() {
    let (database, folder) = (Postgres::shared().database(), folder());
    database.run(
        "CREATE TABLE shape (id bigint PRIMARY KEY, slug text NOT NULL, title text, deleted_at timestamptz);
        CREATE UNIQUE INDEX shape_slug ON shape (slug);",
    );
    migrate(&database.url, folder.path(), &["--rule", "soft-delete-key", "--min-confidence", "low"]);
    let (up, down) = (files(folder.path(), "up"), files(folder.path(), "down"));
    let last = fs::read_to_string(up.last().unwrap()).unwrap();
    assert!(last.contains("\nDROP INDEX CONCURRENTLY IF EXISTS public.shape_slug;"), "{last}");
    assert!(!last.contains("--   DROP INDEX"), "the new guard is not to be dropped:\n{last}");
    psql(&database.url, &up).unwrap();
    database.run("INSERT INTO shape VALUES (1, 'x', '', now()), (2, 'x', '', NULL)");
    let back = fs::read_to_string(&down[0]).unwrap();
    assert!(back.contains("--   DROP INDEX CONCURRENTLY IF EXISTS public.shape_slug;"), "{back}");
    for expected in ["could not create unique index", "is not valid"] {
        let refused = psql(&database.url, &down[..1]).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    database.run("DELETE FROM shape WHERE id = 1; DROP INDEX shape_slug");
    psql(&database.url, &down).unwrap();
}

/// An index of the name, but on another table: IF NOT EXISTS passes over it, and the look at the index does not.
#[test]
fn an_index_of_another_table_is_not_taken_for_the_guard() {
    let (database, folder) = (Postgres::shared().database(), folder());
    database.run(
        "CREATE TABLE account (id bigint PRIMARY KEY, \"user$check$\" text NOT NULL UNIQUE, bio text); \
         CREATE INDEX ON account (lower(\"user$check$\"))",
    );
    migrate(&database.url, folder.path(), &["--rule", "case-sensitive-key", "--min-confidence", "low"]);
    let (report, _) = check(&[&database.url, "--rule", "case-sensitive-key", "--min-confidence", "low"]);
    let name = &findings(&report)[0]["guard"]["name"];
    database.run("CREATE TABLE other (a int)");
    database.run(&format!("CREATE UNIQUE INDEX \"{}\" ON other (a)", name.as_str().unwrap()));
    let refused = psql(&database.url, &files(folder.path(), "up")).unwrap_err();
    assert!(refused.contains("is not valid"), "{refused}");
    database.run("DROP TABLE other");
    psql(&database.url, &files(folder.path(), "up")).unwrap();
}
