//! What `migrate` writes for Knex, Rails and Prisma, applied and taken back: by Knex and by ActiveRecord themselves, and
//! for Prisma, whose engine no registry ships, as it sends its files: each as one command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::binary::{check, findings, run};
use support::postgres::{Database, Postgres};
use support::tools;

/// A shop whose names would end a string, a comment or a placeholder of any of the languages.
const HOSTILE: &str = r#"
    CREATE TABLE "it's a ""show"" ? #{x} \ `y`" (id bigint PRIMARY KEY, "available seats?" int NOT NULL DEFAULT 0,
        available_seats int NOT NULL DEFAULT 0);"#;

fn shop() -> Database {
    let database = Postgres::shared().database();
    database.run(&fs::read_to_string("examples/booking.sql").unwrap());
    database.run(HOSTILE);
    database
}

fn fingerprints(url: &str) -> BTreeSet<String> {
    let (report, _) = check(&[url]);
    findings(&report).iter().map(|f| f["fingerprint"].as_str().unwrap().to_owned()).collect()
}

/// All files of a folder, with their texts.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
    out.sort();
    out
}

/// Found, written, applied, no longer found and nothing more to write, taken back, found again.
fn there_and_back(format: &str, folder: &Path, up: impl Fn(&Database), down: impl Fn(&Database)) {
    let database = shop();
    let before = fingerprints(&database.url);
    assert!(before.len() >= 7, "{before:?}");
    let target = folder.display().to_string();
    let arguments = ["migrate", &database.url, "--format", format, "-o", &target];
    let wrote = run(&arguments);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let written = files(folder);
    let again = run(&arguments);
    assert!(again.code == 0 && files(folder) == written, "a second run writes nothing: {}", again.stderr);
    let checked = run(&[&arguments[..], &["--check"]].concat());
    assert_eq!(checked.code, 0, "{}", checked.stdout);

    up(&database);
    let left: Vec<_> = fingerprints(&database.url).intersection(&before).cloned().collect();
    assert!(left.is_empty(), "{left:?} are still missing");
    down(&database);
    assert!(fingerprints(&database.url).is_superset(&before));

    let other = tempfile::tempdir().unwrap();
    let twin = other.path().display().to_string();
    let name = |file: &(PathBuf, String)| (file.0.file_name().unwrap().to_owned(), file.1.clone());
    let fresh = run(&["migrate", &database.url, "--format", format, "-o", &twin]);
    assert_eq!(fresh.code, 0, "{}", fresh.stderr);
    if files(folder).len() == files(other.path()).len() {
        let same = |f: &Path| files(f).iter().map(name).collect::<Vec<_>>();
        assert_eq!(same(folder), same(other.path()), "the same findings give the same bytes");
    }
}

/// A folder in which Knex and its driver are found.
fn node() -> PathBuf {
    tools::npm("knex", &["knex@3", "pg@8"])
}

#[test]
fn knex() {
    let folder = tempfile::tempdir_in(node()).unwrap();
    let migrations = folder.path().join("migrations");
    let knex = |database: &Database, what: &[&str]| {
        let config = format!(
            "module.exports = {{ client: 'pg', connection: {:?}, migrations: {{ directory: {:?} }} }};",
            database.url.replace("?sslmode=disable", ""),
            migrations.display().to_string()
        );
        fs::write(folder.path().join("knexfile.js"), config).unwrap();
        let program = node().join("node_modules/.bin/knex");
        tools::run(Command::new(program).args(what).arg("--knexfile=knexfile.js").current_dir(folder.path()));
    };
    let (up, down) = (["migrate:latest"], ["migrate:rollback", "--all"]);
    there_and_back("knex", &migrations, |d| knex(d, &up), |d| knex(d, &down));
}

/// A database of which every session waits 7 s for a lock, with rows in the way of one key.
fn refused() -> Database {
    let database = Postgres::shared().database();
    database.run(
        "CREATE TABLE account (id bigint PRIMARY KEY, username varchar(80) NOT NULL, bio text, age int); \
         INSERT INTO account VALUES (1, 'ann'), (2, 'ann');",
    );
    database.run(&format!("ALTER DATABASE {} SET lock_timeout = '7s'", database.name));
    database
}

/// The migrations of `format` for it, in a folder of `root`.
fn migrations(database: &Database, format: &str, root: &Path) -> PathBuf {
    let folder = root.join("migrations");
    let target = folder.display().to_string();
    let wrote = run(&["migrate", &database.url, "--min-confidence", "low", "--format", format, "-o", &target]);
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    folder
}

#[test]
fn knex_leaves_no_setting_behind() {
    let (database, root) = (refused(), tempfile::tempdir_in(node()).unwrap());
    let folder = migrations(&database, "knex", root.path());
    // several connections, for the settings and the statement to be able to part
    let script = format!(
        "const knex = require('knex')({{ client: 'pg', connection: {:?}, pool: {{ min: 2, max: 3 }} }});
         const show = (knex) => knex.raw('SHOW lock_timeout').then((r) => console.log(r.rows[0].lock_timeout));
         knex.migrate.latest({{ directory: {:?} }}).catch((e) => console.log(e.code)).then(() =>
           Promise.all([1, 2, 3].map(() => knex.transaction(show)))).finally(() => knex.destroy());",
        database.url.replace("?sslmode=disable", ""),
        folder.display().to_string()
    );
    fs::write(root.path().join("run.js"), script).unwrap();
    let said = tools::run(Command::new("node").arg("run.js").current_dir(root.path()));
    assert_eq!(
        said.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())).collect::<Vec<_>>(),
        ["23505", "7s", "7s", "7s"],
        "{said}"
    );
}

#[test]
fn knex_goes_on_as_the_folder_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("20251231235959_first.ts"), "export async function up() {}\n").unwrap();
    let target = folder.path().display().to_string();
    let engine = ["--engine", "postgresql@15", "--rule", "missing-unique-pair"];
    let wrote = run(&[&["migrate", "examples/booking.sql", "--format", "knex", "-o", &target], &engine[..]].concat());
    assert_eq!(wrote.code, 0, "{}", wrote.stderr);
    let names: Vec<_> = files(folder.path()).iter().map(|(p, _)| p.file_name().unwrap().to_owned()).collect();
    let wanted = [
        "20251231235959_first.ts",
        "20260101000000_add_reservation_show_id_user_id_key.ts",
        "20260101000001_attach_reservation_show_id_user_id_key.ts",
    ];
    assert_eq!(names, wanted);
    // in the one transaction of a run, which Knex makes unless a file opts out, a lock would last as long as all of it
    let written: Vec<_> = files(folder.path()).into_iter().filter(|(_, text)| text.contains("dbaudit")).collect();
    assert!(written.len() == 2 && written.iter().all(|(_, text)| text.contains("config = { transaction: false }")));
    assert!(written[1].1.contains("knex.transaction(") && !written[0].1.contains("knex.transaction("));
}

/// Migrates a folder up, or down to nothing, as `rails db:migrate` does.
const RAILS: &str = r#"
    require "active_record"
    ActiveRecord::Base.establish_connection(ENV.fetch("URL").sub("?sslmode=disable", ""))
    ActiveRecord::Migration.verbose = false
    Dir[File.join(ARGV.fetch(0), "../../config/initializers/*.rb")].each { |initializer| load initializer }
    context = ActiveRecord::MigrationContext.new(ARGV.fetch(0), ActiveRecord::SchemaMigration)
    ARGV.fetch(1) == "up" ? context.migrate : context.migrate(1)
"#;

/// The release of ActiveRecord that is here.
fn active_record() -> String {
    let version = "require 'active_record'; require 'pg'; print ActiveRecord::VERSION::STRING[/\\d+\\.\\d+/]";
    tools::run(Command::new("ruby").args(["-e", version]))
}

#[test]
fn rails() {
    let version = active_record();
    let root = tempfile::tempdir().unwrap();
    let (folder, initializers) = (root.path().join("db/migrate"), root.path().join("config/initializers"));
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all(&initializers).unwrap();
    // acronyms are said where Rails' own generator does, or in another place
    for (name, acronym) in [("inflections.rb", "ID"), ("other.rb", "KEY")] {
        let text =
            format!("ActiveSupport::Inflector.inflections(:en) do |inflect|\n  inflect.acronym {acronym:?}\nend\n");
        fs::write(initializers.join(name), text).unwrap();
    }
    // the first migration of the application tells which release the others are for
    let first = format!("class FirstKEY < ActiveRecord::Migration[{version}]\n  def change\n  end\nend\n");
    fs::write(folder.join("0001_first_key.rb"), first).unwrap();
    let rails = |database: &Database, way: &str| {
        let mut ruby = Command::new("ruby");
        tools::run(ruby.args(["-e", RAILS]).arg(&folder).arg(way).env("URL", &database.url));
    };
    there_and_back("rails", &folder, |d| rails(d, "up"), |d| rails(d, "down"));
    let written = files(&folder);
    assert!(written.iter().all(|(_, text)| text.contains(&format!("Migration[{version}]"))));
    assert!(written.iter().any(|(_, text)| text.contains("class AddReservationShowIDUserIDKEY <")));
}

#[test]
fn rails_leaves_no_setting_behind() {
    let (database, root) = (refused(), tempfile::tempdir().unwrap());
    let folder = migrations(&database, "rails", root.path());
    let version = active_record();
    for (path, text) in files(&folder) {
        fs::write(path, text.replace("Migration[7.1]", &format!("Migration[{version}]"))).unwrap();
    }
    let script = RAILS.replace("? context.migrate", "? (context.migrate rescue puts $!.cause.class)")
        + "puts ActiveRecord::Base.connection.select_value('SHOW lock_timeout')";
    let mut ruby = Command::new("ruby");
    let said = tools::run(ruby.args(["-e", &script]).arg(folder).arg("up").env("URL", &database.url));
    assert_eq!(said.lines().last(), Some("7s"), "{said}");
    assert!(said.contains("RecordNotUnique"), "{said}");
}

#[test]
fn prisma() {
    let folder = tempfile::tempdir().unwrap();
    let send = |database: &Database, name: &str, backwards: bool| {
        let mut all: Vec<_> = files(folder.path()).into_iter().filter(|(p, _)| p.ends_with(name)).collect();
        if backwards {
            all.reverse();
        }
        assert!(!all.is_empty());
        // one command a file
        all.iter().for_each(|(_, text)| database.run(text));
    };
    there_and_back("prisma", folder.path(), |d| send(d, "migration.sql", false), |d| send(d, "down.sql", true));
    let lock = fs::read_to_string(folder.path().join("migration_lock.toml")).unwrap();
    assert_eq!(lock, "provider = \"postgresql\"\n");
}
