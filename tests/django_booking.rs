//! The Django application of `examples/django-booking`, driven by many customers at once: what goes wrong in its books,
//! and what dbaudit reads from the statements that it has sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use support::binary::{check, findings};
use support::cockroach::{Cockroach, CockroachDatabase};
use support::postgres::{Database, Postgres, binary};
use support::tools;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/django-booking");
const REQUIREMENTS: &str = include_str!("../examples/django-booking/requirements.txt");

const REMEDIED: [&str; 4] = ["book_with_f", "book_with_lock", "book_with_upsert", "book_with_constraints"];

/// The application beside an empty database.
struct Application {
    programs: PathBuf,
    folder: PathBuf,
    /// Of the Django app; its tables begin with it.
    name: String,
    url: String,
}

impl Application {
    fn manage(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("python"));
        command.arg("manage.py").args(args).current_dir(&self.folder);
        command.env("DATABASE_URL", &self.url).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn migrate(&self, to: &str) {
        tools::run(&mut self.manage(&["migrate", "--verbosity=0", &self.name, to]));
    }

    /// What `drive` says, and whether it finds the books to be right.
    fn drive(&self, args: &[&str]) -> (String, bool) {
        let output = self.manage(&[&["drive"], args].concat()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("two reservations"), "{said}{}", String::from_utf8_lossy(&output.stderr));
        (said, output.status.success())
    }

    /// What the books say in SQL.
    fn books(&self) -> Books {
        let (show, reservation) = (format!("{}_show", self.name), format!("{}_reservation", self.name));
        let reserved = format!("(SELECT count(*) FROM {reservation} r WHERE r.show_id = s.id)");
        let shows = |condition: &str| self.number(&format!("SELECT count(*) FROM {show} s WHERE {condition}"));
        Books {
            overbooked: shows(&format!("{reserved} > capacity")),
            wrong_seats: shows(&format!("available_seats <> capacity - {reserved}")),
            negative_seats: shows("available_seats < 0"),
            double_reservations: self.number(&format!(
                "SELECT count(*) FROM (SELECT show_id, user_id FROM {reservation} GROUP BY show_id, user_id \
                 HAVING count(*) > 1) d"
            )),
        }
    }

    fn number(&self, query: &str) -> u64 {
        psql(&self.postgres_url(), query).parse().unwrap()
    }

    /// For those that are no Django.
    fn postgres_url(&self) -> String {
        self.url.replace("cockroachdb://", "postgresql://")
    }

    /// What dbaudit says with the help of the statements and the rows.
    fn audit(&self) -> Value {
        check(&[&self.postgres_url(), "--statements", "--verify"]).0
    }
}

/// In how many rows the books are wrong.
#[derive(Debug, PartialEq)]
struct Books {
    overbooked: u64,
    wrong_seats: u64,
    negative_seats: u64,
    double_reservations: u64,
}

const RIGHT: Books = Books { overbooked: 0, wrong_seats: 0, negative_seats: 0, double_reservations: 0 };

/// Rule, table and columns of what the statements show; the name of the app left out.
fn shown_by_statements(application: &Application, findings: &[Value]) -> Vec<(String, String, Vec<String>)> {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let shown = findings.iter().filter(|f| f.get("statements").is_some());
    let mut all: Vec<_> = shown
        .map(|f| {
            let table = text(&f["object"]["table"]).replace(&format!("{}_", application.name), "");
            (text(&f["rule"]), table, f["object"]["columns"].as_array().unwrap().iter().map(text).collect())
        })
        .collect();
    all.sort();
    all
}

/// Each of the statements is one that begins so, and it was sent often.
fn names(finding: &Value, application: &Value, beginnings: &[(&str, &str)]) {
    let statements = finding["statements"].as_array().unwrap();
    let said = |s: &Value| s["text"].as_str().unwrap().replace('"', "");
    for (beginning, transaction) in beginnings {
        let found = statements.iter().find(|s| said(s).starts_with(beginning) && s["transaction"] == *transaction);
        let found = found.unwrap_or_else(|| panic!("no {transaction} {beginning}: {statements:#?}"));
        assert!(found["count"].as_u64().unwrap() >= 200 && found["application"] == *application, "{found:#}");
    }
}

/// The one value that a query gives.
fn psql(url: &str, query: &str) -> String {
    let mut psql = Command::new(binary("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", query, url]);
    tools::run(&mut psql).trim().to_owned()
}

/// A database of a PostgreSQL that keeps statistics of statements.
fn database() -> Database {
    let database = Postgres::counting().database();
    database.run("CREATE EXTENSION pg_stat_statements");
    database
}

fn on_postgresql(database: &Database) -> Application {
    let packages: Vec<&str> = REQUIREMENTS.lines().collect();
    let programs = tools::pip("django-booking", &packages);
    Application { programs, folder: EXAMPLE.into(), name: "booking".to_owned(), url: database.url.clone() }
}

/// Two customers look before either writes: without guards all is wrong that can be, on a few of many shows.
fn goes_wrong(application: &Application) {
    application.migrate("0001");
    for args in [["book", "--calm", "50", "--rushes", "50"], ["book_half_remedied", "--calm", "50", "--rushes", "3"]] {
        let (said, right) = application.drive(&args);
        assert!(!right, "{said}");
    }
    let wrong = application.books();
    let counts = [wrong.overbooked, wrong.wrong_seats, wrong.negative_seats, wrong.double_reservations];
    assert!(counts.iter().all(|count| *count > 0), "{wrong:?}");
}

/// With the guards, and views that know of them, nothing is.
fn stays_right(application: &Application) {
    application.migrate("0002");
    tools::run(&mut application.manage(&["makemigrations", "--check"]));
    let (said, right) = application.drive(&[&REMEDIED[..], &["--calm", "20", "--rushes", "10"]].concat());
    assert!(right && said.matches(" 0 errors").count() == REMEDIED.len(), "{said}");
    assert_eq!(application.books(), RIGHT);
}

/// The statements of the vulnerable views show both races and nothing else, and the rows that they have been lost.
fn is_found(application: &Application, report: &Value, sent_by: &Value, transaction: &str) {
    let findings = findings(report);
    let (show, reservation) = (format!("{}_show", application.name), format!("{}_reservation", application.name));
    let words = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let expected = [
        ("check-then-insert".to_owned(), "reservation".to_owned(), words(&["show_id", "user_id"])),
        ("lost-update".to_owned(), "show".to_owned(), words(&["available_seats"])),
    ];
    assert_eq!(shown_by_statements(application, findings), expected);
    let of = |rule: &str| findings.iter().find(|f| f["rule"] == rule).unwrap_or_else(|| panic!("{findings:#?}"));
    for rule in ["check-then-insert", "lost-update"] {
        assert_eq!(of(rule)["confidence"], "high");
        let remedies = of(rule)["remedies"].as_array().unwrap();
        assert!(remedies.iter().any(|r| r["framework"] == "Django"), "{remedies:#?}");
    }
    let save = format!("UPDATE {show} SET title = ");
    let read = format!("SELECT {show}.id, {show}.title, ");
    names(of("lost-update"), sent_by, &[(&read, transaction), (&save, transaction)]);
    let exists = if sent_by.is_null() { "SELECT $1 AS a FROM " } else { "SELECT (_) AS a FROM " };
    let exists = format!("{exists}{reservation}");
    let insert = format!("INSERT INTO {reservation}");
    names(of("check-then-insert"), sent_by, &[(&exists, transaction), (&insert, transaction)]);

    let books = application.books();
    for (rule, times) in [("check-then-insert", books.double_reservations), ("negative-counter", books.negative_seats)]
    {
        let finding = of(rule);
        assert_eq!(finding["rows"]["violations"], times, "{finding:#}");
        assert!(finding["message"].as_str().unwrap().contains("this has already gone wrong"), "{finding:#}");
    }
}

/// Nothing in the statements of the remedied views is held against them, nor in their rows.
fn is_silent(application: &Application, report: &Value) {
    let deaf = |s: &Value| s["rule"] == "lost-update" || s["rule"] == "check-then-insert";
    assert!(!report["skipped"].as_array().unwrap().iter().any(deaf), "{:#}", report["skipped"]);
    assert_eq!(shown_by_statements(application, findings(report)), []);
    for f in findings(report) {
        assert!(f["rows"]["violations"] == 0, "{f:#}");
    }
}

#[test]
fn the_vulnerable_views_on_postgresql() {
    let database = database();
    let application = on_postgresql(&database);
    goes_wrong(&application);
    let report = application.audit();
    assert_eq!(report["skipped"], json!([]), "all statements are understood");
    is_found(&application, &report, &Value::Null, "unknown");
    // what has gone wrong is in the way of the guards
    let refused = application.manage(&["migrate", "booking"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("violated by some row"), "{refused:?}");
}

#[test]
fn the_remedied_views_on_postgresql() {
    let database = database();
    let application = on_postgresql(&database);
    stays_right(&application);
    let report = application.audit();
    assert_eq!(report["skipped"], json!([]), "all statements are understood");
    is_silent(&application, &report);
}

/// Up to v21.1 a node keeps statements of all its databases together: the tables have names that no run before had.
fn on_cockroachdb(database: &CockroachDatabase, folder: &Path) -> Application {
    let url = database.url.replace("postgresql://", "cockroachdb://");
    let version = psql(&database.url, "SELECT version()");
    // django-cockroachdb 4.0 is the last for v21.1, and 5.2 begins at v23.2
    let old = ["v20.", "v21.", "v22.", "v23.1"].iter().any(|v| version.contains(v));
    let programs = if old {
        let packages = ["Django==4.0.10", "django-cockroachdb==4.0.2", "psycopg2-binary==2.9.13"];
        tools::pip("django-booking-cockroachdb-4.0", &packages)
    } else {
        let packages: Vec<&str> = REQUIREMENTS.lines().chain(["django-cockroachdb==5.2.2"]).collect();
        tools::pip("django-booking-cockroachdb-5.2", &packages)
    };
    copy(Path::new(EXAMPLE), folder, &database.name);
    Application { programs, folder: folder.to_owned(), name: database.name.clone(), url }
}

/// The Python files, with another name for the app.
fn copy(from: &Path, to: &Path, name: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap().to_str().unwrap().replace("booking", name));
        if path.is_dir() {
            copy(&path, &target, name);
        } else if path.extension().is_some_and(|e| e == "py") {
            fs::write(target, fs::read_to_string(&path).unwrap().replace("booking", name)).unwrap();
        }
    }
}

/// Proves something of the application on a database of its own, if there is a CockroachDB.
fn on_cockroachdb_if_any(what: &str, proof: impl FnOnce(&Application, &Value)) {
    let Some(server) = Cockroach::shared() else { return };
    let (database, folder) = (server.database(&format!("django_{what}")), tempfile::tempdir().unwrap());
    proof(&on_cockroachdb(&database, folder.path()), &json!(database.name));
}

/// Rows are read as they were some seconds ago.
fn wait_for_the_rows() {
    std::thread::sleep(Duration::from_secs(11));
}

#[test]
fn the_vulnerable_views_on_cockroachdb() {
    on_cockroachdb_if_any("wrong", |application, name| {
        goes_wrong(application);
        wait_for_the_rows();
        is_found(application, &application.audit(), name, "implicit");
    });
}

#[test]
fn the_remedied_views_on_cockroachdb() {
    on_cockroachdb_if_any("right", |application, _| {
        stays_right(application);
        wait_for_the_rows();
        is_silent(application, &application.audit());
    });
}
