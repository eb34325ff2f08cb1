//! The Django application of `examples/django-booking`, driven by many customers at once: what goes wrong in its books,
//! and what dbaudit reads from the statements that it has sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use support::cockroach::Cockroach;
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
        psql(&self.url.replace("cockroachdb://", "postgresql://"), query).parse().unwrap()
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

/// The one value that a query gives.
fn psql(url: &str, query: &str) -> String {
    let mut psql = Command::new(binary("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", query, url]);
    tools::run(&mut psql).trim().to_owned()
}

/// A database of a PostgreSQL that keeps statistics of statements.
fn database() -> Database {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    let start = || Postgres::builder().config("shared_preload_libraries", "pg_stat_statements").start();
    let database = SERVER.get_or_init(start).database();
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
    for args in [["book", "--rushes", "50"], ["book_half_remedied", "--rushes", "3"]] {
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

#[test]
fn the_vulnerable_views_on_postgresql() {
    let database = database();
    let application = on_postgresql(&database);
    goes_wrong(&application);
    // what has gone wrong is in the way of the guards
    let refused = application.manage(&["migrate", "booking"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("violated by some row"), "{refused:?}");
}

#[test]
fn the_remedied_views_on_postgresql() {
    let database = database();
    stays_right(&on_postgresql(&database));
}

/// Up to v21.1 a node keeps statements of all its databases together: the tables have names that no run before had.
fn on_cockroachdb(server: &Cockroach, name: &str, folder: &Path) -> Application {
    psql(&server.url("defaultdb"), &format!("CREATE DATABASE {name}"));
    let url = server.url(name).replace("postgresql://", "cockroachdb://");
    let version = psql(&server.url(name), "SELECT version()");
    // django-cockroachdb 4.0 is the last for v21.1, and 5.2 begins at v23.2
    let old = ["v20.", "v21.", "v22.", "v23.1"].iter().any(|v| version.contains(v));
    let programs = if old {
        let packages = ["Django==4.0.10", "django-cockroachdb==4.0.2", "psycopg2-binary==2.9.13"];
        tools::pip("django-booking-cockroachdb-4.0", &packages)
    } else {
        let packages: Vec<&str> = REQUIREMENTS.lines().chain(["django-cockroachdb==5.2.2"]).collect();
        tools::pip("django-booking-cockroachdb-5.2", &packages)
    };
    copy(Path::new(EXAMPLE), folder, name);
    Application { programs, folder: folder.to_owned(), name: name.to_owned(), url }
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

#[test]
fn both_on_cockroachdb() {
    let Some(server) = Cockroach::shared() else { return };
    for (name, proof) in [("wrong", goes_wrong as fn(&Application)), ("right", stays_right)] {
        let name = format!("dbaudit_django_{name}_{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        proof(&on_cockroachdb(server, &name, folder.path()));
        psql(&server.url("defaultdb"), &format!("DROP DATABASE {name} CASCADE"));
    }
}
