//! What `migrate` writes for Alembic and Django, applied and taken back by Alembic and Django.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::binary::{Run, check, findings, run};
use support::cockroach::{Cockroach, CockroachDatabase};
use support::postgres::Postgres;
use support::tools;
use tempfile::TempDir;

/// What is installed from PyPI.
const PACKAGES: [&str; 6] = [
    "django>=5.2,<6",
    "alembic>=1.16,<2",
    "sqlalchemy>=2,<3",
    "psycopg[binary]>=3.2,<4",
    "psycopg2-binary>=2.9,<3",
    "sqlalchemy-cockroachdb>=2,<3",
];

/// The programs of the Python environment.
fn python() -> PathBuf {
    tools::pip("migrate-python", &PACKAGES)
}

/// Rule and table of what is found.
fn found(url: &str) -> Vec<(String, String)> {
    let (report, _) = check(&[url]);
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    findings(&report).iter().map(|f| (text(&f["rule"]), text(&f["object"]["table"]))).collect()
}

fn migrate(url: &str, format: &str, folder: &Path, more: &[&str]) -> Run {
    let folder = folder.display().to_string();
    run(&[&["migrate", url, "--format", format, "-o", &folder], more].concat())
}

/// Names and texts of the Python files in a folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let python = entries.filter(|p| p.extension().is_some_and(|e| e == "py"));
    let name = |p: &Path| p.file_name().unwrap().to_str().unwrap().to_owned();
    let mut out: Vec<_> = python.map(|p| (name(&p), fs::read_to_string(&p).unwrap())).collect();
    out.sort();
    out
}

/// `migrate` a second time: nothing new in the folder, and `--check` is content.
fn is_settled(url: &str, format: &str, folder: &Path) {
    let before = files(folder);
    let again = migrate(url, format, folder, &[]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(files(folder), before);
    let checked = migrate(url, format, folder, &["--check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
}

const MODELS: &str = r#"from django.conf import settings
from django.db import models


class Show(models.Model):
    slug = models.CharField(max_length=50)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    total_seats = models.IntegerField()
    available_seats = models.IntegerField()


class Reservation(models.Model):
    show = models.ForeignKey(Show, models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    deleted_at = models.DateTimeField(null=True)
"#;

const SETTINGS: &str = r#"import os
from urllib.parse import urlsplit

url = urlsplit(os.environ["URL"])
SECRET_KEY = "for tests"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "booking"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
                         "HOST": url.hostname, "PORT": url.port}}
"#;

/// A Django project with the app `booking`, its first migration applied.
struct Project {
    folder: TempDir,
    url: String,
}

impl Project {
    fn new(url: &str) -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap(), url: url.to_owned() };
        fs::create_dir_all(project.migrations()).unwrap();
        for (name, text) in [
            ("settings.py", SETTINGS),
            ("booking/__init__.py", ""),
            ("booking/migrations/__init__.py", ""),
            ("booking/models.py", MODELS),
        ] {
            fs::write(project.folder.path().join(name), text).unwrap();
        }
        project.manage(&["makemigrations", "booking"]);
        project.manage(&["migrate"]);
        project
    }

    fn migrations(&self) -> PathBuf {
        self.folder.path().join("booking/migrations")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(python().join("django-admin"));
        command.args(args).current_dir(self.folder.path());
        command.envs([("PYTHONPATH", "."), ("DJANGO_SETTINGS_MODULE", "settings"), ("URL", self.url.as_str())]);
        command
    }

    fn manage(&self, args: &[&str]) -> String {
        tools::run(&mut self.command(args))
    }

    /// Whether the models and the migrations say the same.
    fn agrees(&self) -> bool {
        self.command(&["makemigrations", "--check", "--dry-run"]).status().unwrap().success()
    }

    /// Does what the comments of the files ask for: the lines for each model's Meta.
    fn paste_meta(&self) {
        let mut models = MODELS.to_owned();
        for (model, class) in [("show", "Show"), ("reservation", "Reservation")] {
            let asks = format!("In {model}'s Meta:");
            let lines: String = files(&self.migrations())
                .iter()
                .filter_map(|(_, text)| text.split_once(&asks))
                .map(|(_, rest)| rest.lines().find(|l| l.starts_with("#         models.")).unwrap())
                .map(|l| format!("            {}\n", l.trim_start_matches(['#', ' '])))
                .collect();
            let meta = format!("(models.Model):\n    class Meta:\n        constraints = [\n{lines}        ]\n\n");
            models = models.replace(&format!("class {class}(models.Model):\n"), &format!("class {class}{meta}"));
        }
        fs::write(self.folder.path().join("booking/models.py"), models).unwrap();
    }
}

/// A table that needs all the quoting there is: in SQL, in Python, in the parameters of drivers.
const HOSTILE: &str = "CREATE TABLE \"we\"\"ird :n %s %(x)s \\ 'q' {b} \\:z a:b::c\n\"\"\"\"\"\" é\" (id bigint PRIMARY KEY, \
                       available_seats int NOT NULL, slug text NOT NULL, \"user_:id\" bigint, deleted_at timestamptz);";

#[test]
fn django_applies_and_takes_back() {
    let database = Postgres::shared().database();
    let project = Project::new(&database.url);
    database.run(HOSTILE);
    let before = found(&database.url);
    let has = |rule: &str, table: &str| before.iter().any(|(r, t)| r == rule && t == table);
    assert!(has("negative-counter", "booking_show") && has("missing-unique-key", "booking_show"), "{before:?}");
    assert!(has("missing-unique-pair", "booking_reservation"), "{before:?}");
    assert!(before.iter().any(|(_, table)| table.starts_with("we\"ird")), "{before:?}");

    // two folders that are alike get files that are alike
    let folder = project.migrations();
    let copy = tempfile::tempdir().unwrap();
    let other = copy.path().join("booking/migrations");
    fs::create_dir_all(&other).unwrap();
    for (name, text) in files(&folder) {
        fs::write(other.join(name), text).unwrap();
    }
    // the project and the app's own folder are equally good
    let project_folder = project.folder.path().display().to_string();
    let written = run(&["migrate", &database.url, "--format", "django", "--migrations", &project_folder]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    assert_eq!(migrate(&database.url, "django", &other, &[]).code, 0);
    assert_eq!(files(&folder), files(&other));
    assert_eq!(files(&folder).len(), 2 + before.len(), "a file for each finding");

    // a row in the way: it fails, and goes on when the row is mended
    database.run("INSERT INTO booking_show (slug, starts_at, ends_at, total_seats, available_seats) VALUES ('a', now(), now(), 9, -1)",);
    assert!(!project.command(&["migrate"]).output().unwrap().status.success());
    database.run("UPDATE booking_show SET available_seats = 0");
    project.manage(&["migrate"]);
    assert_eq!(found(&database.url), []);
    is_settled(&database.url, "django", &folder);

    // makemigrations would drop what the models do not say
    assert!(!project.agrees());
    project.paste_meta();
    assert!(project.agrees());

    project.manage(&["migrate", "booking", "0001"]);
    assert_eq!(found(&database.url), before);
    project.manage(&["migrate"]);
    assert_eq!(found(&database.url), []);
}

/// Guards of tables that another app makes: on an empty database they come after it.
#[test]
fn django_makes_a_table_before_its_guard() {
    let (database, empty) = (Postgres::shared().database(), Postgres::shared().database());
    let mut project = Project::new(&database.url);
    let file = |name: &str, text: &str| fs::write(project.folder.path().join(name), text).unwrap();
    fs::create_dir_all(project.folder.path().join("zebra/migrations")).unwrap();
    file("zebra/__init__.py", "");
    file("zebra/migrations/__init__.py", "");
    file(
        "zebra/models.py",
        "from django.db import models\n\n\nclass Account(models.Model):\n    username = models.CharField(max_length=50)\n",
    );
    file("settings.py", &SETTINGS.replace("\"booking\"]", "\"booking\", \"zebra\"]"));
    project.manage(&["makemigrations", "zebra"]);
    project.manage(&["migrate"]);
    let only = ["--table", "zebra_account", "--min-confidence", "low", "--rule", "missing-unique-key"];
    let migrated = migrate(&database.url, "django", &project.migrations(), &only);
    assert_eq!(migrated.code, 0, "{}", migrated.stderr);
    let all: String = files(&project.migrations()).into_iter().map(|(_, text)| text).collect();
    assert!(all.contains("(\"zebra\", \"0001_initial\")]"), "{all}");
    assert!(all.contains("has no model of zebra_account: this has to come after"), "{all}");
    project.url.clone_from(&empty.url);
    project.manage(&["migrate"]);
}

#[test]
fn django_needs_to_know_the_app() {
    let database = Postgres::shared().database();
    database.run("CREATE TABLE booking_show (id bigint PRIMARY KEY, available_seats int NOT NULL)");
    let folder = tempfile::tempdir().unwrap();
    let refused = migrate(&database.url, "django", folder.path(), &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("-o takes the migrations of a Django app, APP/migrations"), "{}", refused.stderr);
    // an app that has no migrations yet, and a database that Django did not make
    let migrations = folder.path().join("booking/migrations");
    assert_eq!(migrate(&database.url, "django", &migrations, &[]).code, 0);
    let written = files(&migrations);
    let names: Vec<&str> = written.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["0001_add_booking_show_available_seats_check.py", "__init__.py"]);
    assert!(!written[0].1.contains("AddConstraint"), "no model is known: {}", written[0].1);
    // two last migrations
    for name in ["0002_a", "0002_b"] {
        let text = "class Migration(migrations.Migration):\n    dependencies = [('booking', \
                    '0001_add_booking_show_available_seats_check')]\n";
        fs::write(migrations.join(format!("{name}.py")), text).unwrap();
    }
    database.run("ALTER TABLE booking_show ADD COLUMN remaining_tickets int NOT NULL DEFAULT 0");
    let refused = migrate(&database.url, "django", &migrations, &[]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("makemigrations --merge"), "{}", refused.stderr);
}

/// The ticket shop, with reservations that are kept when they are cancelled. Titles are guessed at once slugs are unique.
const TABLES: &str = concat!(
    include_str!("../examples/booking.sql"),
    "\nALTER TABLE reservation ADD COLUMN deleted_at TIMESTAMPTZ;\nALTER TABLE show DROP COLUMN title;"
);

/// An Alembic environment whose first revision makes nothing: the tables are there.
struct Environment {
    folder: TempDir,
    url: String,
}

impl Environment {
    fn new(url: &str, driver: &str) -> Environment {
        let environment = Environment { folder: tempfile::tempdir().unwrap(), url: url.to_owned() };
        environment.alembic(&["init", "alembic"]);
        let initial = "revision: str = 'f1'\ndown_revision: str | None = None\n\n\ndef upgrade() -> None:\n    pass\n\n\n\
                       def downgrade() -> None:\n    pass\n";
        fs::write(environment.versions().join("f1_initial.py"), initial).unwrap();
        environment.connect(driver);
        environment.alembic(&["upgrade", "head"]);
        environment
    }

    /// Uses the driver that the URL names.
    fn connect(&self, url: &str) {
        let path = self.folder.path().join("alembic.ini");
        let text = fs::read_to_string(&path).unwrap();
        let other =
            |l: &str| if l.starts_with("sqlalchemy.url") { format!("sqlalchemy.url = {url}") } else { l.to_owned() };
        fs::write(path, text.lines().map(other).collect::<Vec<_>>().join("\n")).unwrap();
    }

    fn versions(&self) -> PathBuf {
        self.folder.path().join("alembic/versions")
    }

    fn alembic(&self, args: &[&str]) -> String {
        tools::run(Command::new(python().join("alembic")).args(args).current_dir(self.folder.path()))
    }

    /// Writes the files, applies them, takes them back.
    fn there_and_back(&self, before: &[(String, String)], drivers: &[&str]) {
        let folder = self.versions();
        let script_folder = self.folder.path().join("alembic");
        let first = files(&folder);
        let written = migrate(&self.url, "alembic", &script_folder, &[]);
        assert_eq!(written.code, 0, "{}", written.stderr);
        let files_now = files(&folder);
        assert!(files_now.len() > first.len());
        for file in files_now.iter().filter(|f| !first.contains(f)) {
            fs::remove_file(folder.join(&file.0)).unwrap();
        }
        assert_eq!(migrate(&self.url, "alembic", &folder, &[]).code, 0);
        assert_eq!(files(&folder), files_now, "two runs write the same");
        for driver in drivers {
            self.connect(driver);
            self.alembic(&["upgrade", "head"]);
            assert_eq!(found(&self.url), [], "{driver}");
            is_settled(&self.url, "alembic", &folder);
            self.alembic(&["downgrade", "base"]);
            assert_eq!(found(&self.url), before, "{driver}");
        }
    }
}

#[test]
fn alembic_applies_and_takes_back() {
    let database = Postgres::shared().database();
    database.run(TABLES);
    database.run(HOSTILE);
    let driver = |name: &str| database.url.replace("postgresql://", &format!("postgresql+{name}://"));
    let drivers = [driver("psycopg"), driver("psycopg2")];
    let environment = Environment::new(&database.url, &drivers[0]);
    let before = found(&database.url);
    assert!(before.len() >= 5, "{before:?}");
    environment.there_and_back(&before, &drivers.each_ref().map(String::as_str));

    // as a script, without Alembic's own connection
    let script = environment.alembic(&["upgrade", "head", "--sql"]);
    database.run("DROP TABLE alembic_version");
    psql(&database.url, &script);
    assert_eq!(found(&database.url), []);
}

/// Models as SQLAlchemy's users write them; what the files ask for goes where `# TABLE` stands.
const DECLARED: &str = r#"
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, mapped_column

class Base(DeclarativeBase):
    pass

class Show(Base):
    __tablename__ = "show"
    __table_args__ = (
        # show
    )
    id = mapped_column(BigInteger, primary_key=True)
    slug = mapped_column(String(50), nullable=False)
    total_seats = mapped_column(Integer, nullable=False)
    available_seats = mapped_column(Integer, nullable=False)

class Person(Base):
    __tablename__ = "person"
    __table_args__ = (
        # person
    )
    id = mapped_column(BigInteger, primary_key=True)
    email = mapped_column(String(200), nullable=False, unique=True)

class Folder(Base):
    __tablename__ = "folder"
    __table_args__ = (
        UniqueConstraint("parent_id", "name", "deleted_at"),
        # folder
    )
    id = mapped_column(BigInteger, primary_key=True)
    parent_id = mapped_column(BigInteger, ForeignKey("folder.id"))
    name = mapped_column(Text, nullable=False)
    deleted_at = mapped_column(DateTime(timezone=True))

class Reservation(Base):
    __tablename__ = "reservation"
    __table_args__ = (
        # reservation
    )
    id = mapped_column(BigInteger, primary_key=True)
    show_id = mapped_column(BigInteger, ForeignKey("show.id"), nullable=False)
    person_id = mapped_column(BigInteger, ForeignKey("person.id"), nullable=False)
    deleted_at = mapped_column(DateTime(timezone=True))
"#;

#[test]
fn what_alembic_asks_of_the_models_is_enough() {
    let database = Postgres::shared().database();
    let url = database.url.replace("postgresql://", "postgresql+psycopg://");
    let environment = Environment::new(&database.url, &url);
    let root = environment.folder.path();
    let env = root.join("alembic/env.py");
    let metadata = "import models\ntarget_metadata = models.Base.metadata";
    let text = fs::read_to_string(&env).unwrap().replace("target_metadata = None", metadata);
    fs::write(&env, text).unwrap();
    fs::write(root.join("models.py"), DECLARED).unwrap();
    let create = format!("import models; models.Base.metadata.create_all(models.create_engine({url:?}))");
    tools::run(Command::new(python().join("python")).args(["-c", &create]).current_dir(root));

    assert_eq!(migrate(&database.url, "alembic", &environment.versions(), &["--min-confidence", "low"]).code, 0);
    environment.alembic(&["upgrade", "head"]);
    let autogenerate = || {
        let mut alembic = Command::new(python().join("alembic"));
        alembic.arg("check").current_dir(root).output().unwrap()
    };
    let unlike = autogenerate();
    assert!(!unlike.status.success(), "it would take the guards away");
    let mut models = DECLARED.to_owned();
    let mut asked = Vec::new();
    for (name, text) in files(&environment.versions()) {
        let Some((_, rest)) = text.split_once("has to say so, too. In the __table_args__ of ") else { continue };
        let mut lines = rest.lines();
        let table = lines.next().unwrap().split([':', ',']).next().unwrap();
        let line = lines.next().unwrap().trim_start_matches(['#', ' ']);
        asked.push(line.split('(').next().unwrap().to_owned());
        let mark = format!("        # {table}\n");
        assert!(models.contains(&mark), "{name}: {text}");
        models = models.replace(&mark, &format!("        {line}\n{mark}"));
    }
    for kind in ["UniqueConstraint", "CheckConstraint", "Index"] {
        assert!(asked.iter().any(|a| a == kind), "{kind}: {asked:?}");
    }
    fs::write(root.join("models.py"), &models).unwrap();
    let alike = autogenerate();
    let said = String::from_utf8_lossy(&alike.stderr);
    assert!(alike.status.success(), "{said}\n{models}");
    // and the models make the same database
    let other = Postgres::shared().database();
    let create = create.replace(&database.name, &other.name);
    tools::run(Command::new(python().join("python")).args(["-c", &create]).current_dir(root));
    assert_eq!(found(&other.url), found(&database.url));
}

#[test]
fn alembic_wants_one_head() {
    let database = Postgres::shared().database();
    database.run(TABLES);
    let folder = tempfile::tempdir().unwrap();
    for id in ["a", "b"] {
        fs::write(folder.path().join(format!("{id}.py")), format!("revision = '{id}'\ndown_revision = None\n"))
            .unwrap();
    }
    let refused = migrate(&database.url, "alembic", folder.path(), &[]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("several heads: a, b; run alembic merge heads first"), "{}", refused.stderr);
    assert_eq!(files(folder.path()).len(), 2, "nothing was written");
}

/// A database of a CockroachDB, if its URL is given: these tools want one of their own kind.
fn given(what: &str) -> Option<CockroachDatabase> {
    if std::env::var_os("DBAUDIT_TEST_COCKROACH_URL").is_none() {
        eprintln!("NOT RUN for want of DBAUDIT_TEST_COCKROACH_URL");
        return None;
    }
    Some(Cockroach::shared()?.database(what))
}

/// Runs a script statement by statement.
fn psql(url: &str, script: &str) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, script.as_bytes()).unwrap();
    let psql = support::postgres::binary("psql");
    tools::run(Command::new(psql).arg(url).args(["-qXv", "ON_ERROR_STOP=1", "-f"]).arg(file.path()));
}

#[test]
fn alembic_on_cockroachdb() {
    let Some(database) = given("alembic") else { return };
    psql(&database.url, TABLES);
    let driver = database.url.replace("postgresql://", "cockroachdb+psycopg2://");
    let environment = Environment::new(&database.url, &driver);
    let before = found(&database.url);
    assert!(before.len() >= 3, "{before:?}");
    environment.there_and_back(&before, &[&driver]);
}

/// Django's own CockroachDB backend needs a newer server than may be given: here Django says what it would run.
#[test]
fn what_django_would_run_on_cockroachdb() {
    let Some(database) = given("django") else { return };
    let postgres = Postgres::shared().database();
    let project = Project::new(&postgres.url);
    let tables = project.manage(&["sqlmigrate", "booking", "0001"]).replace("DEFERRABLE INITIALLY DEFERRED", "");
    let identity = "bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY";
    assert!(tables.contains(identity), "{tables}");
    psql(&database.url, "CREATE TABLE auth_user (id bigint PRIMARY KEY);");
    let tables = tables.replace(identity, "bigint NOT NULL PRIMARY KEY").replace(" integer ", " bigint ");
    psql(&database.url, &tables.replace("BEGIN;", "").replace("COMMIT;", ""));
    let before = found(&database.url);
    let first = files(&project.migrations());
    assert_eq!(migrate(&database.url, "django", &project.migrations(), &[]).code, 0);
    let written: Vec<String> = files(&project.migrations())
        .into_iter()
        .filter(|f| !first.contains(f))
        .map(|(name, text)| {
            assert!(text.contains("AddConstraint") && !text.contains("lock_timeout"), "{text}");
            name.trim_end_matches(".py").to_owned()
        })
        .collect();
    assert!(written.len() >= 3 && written.len() == before.len(), "{before:?}");
    for name in &written {
        psql(&database.url, &project.manage(&["sqlmigrate", "booking", name]));
    }
    assert_eq!(found(&database.url), []);
    for name in written.iter().rev() {
        psql(&database.url, &project.manage(&["sqlmigrate", "booking", name, "--backwards"]));
    }
    assert_eq!(found(&database.url), before);
}
