//! The planner's statistics as evidence: of a PostgreSQL that the tests start, and of rows recorded from CockroachDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use dbaudit::catalog::{Catalog, Comparison, Expr, Expression};
use dbaudit::evidence::{Evidence, Observed, Source};
use dbaudit::guard::Guard;
use dbaudit::source::live::{FetchOptions, Observe, Recording, assemble, fetch, observe, observed};
use support::binary::{check, findings, run};
use support::cockroach::Cockroach;
use support::postgres::{Database, Postgres};
use support::replay;
use tokio_postgres::NoTls;

const STATISTICS: Observe = Observe { statistics: true, defaults: false };

fn record(url: &str) -> Recording {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let mut recording = fetch(&client, &FetchOptions::default()).await.unwrap();
        observe(&client, &mut recording, STATISTICS).await;
        recording
    })
}

/// Runs `sql`, and writes at once how many rows it changed.
fn changed(database: &Database, sql: &str) {
    database.run(&format!("{sql}; SELECT pg_stat_force_next_flush()"));
}

/// Runs `sql` and lets the planner look at it, by a session of its own: what a transaction has written before its own
/// ANALYZE counts as changed since.
fn filled(database: &Database, sql: &str) {
    changed(database, sql);
    database.run("ANALYZE");
}

/// A schema with its statistics.
struct Heard {
    catalog: Catalog,
    observed: Observed,
}

impl Heard {
    fn of(recording: &Recording) -> Heard {
        let catalog = assemble(recording).unwrap();
        let observed = observed(recording, &catalog);
        Heard { catalog, observed }
    }

    /// What a new database says after `sql`.
    fn after(sql: &str) -> Heard {
        let database = Postgres::shared().database();
        filled(&database, sql);
        Heard::of(&record(&database.url))
    }

    fn guard(&self, table: &str, guard: &Guard) -> Option<Evidence> {
        let mut all = self.observed.of_guard(self.catalog.table("public", table).unwrap(), guard);
        assert!(all.len() <= 1 && all.iter().all(|e| e.source == Source::Statistics), "{all:?}");
        all.pop()
    }

    /// The weight of what is said of a key; 0 for silence.
    fn key(&self, table: &str, columns: &[&str]) -> f64 {
        self.guard(table, &Guard::unique(columns)).map_or(0.0, |e| e.weight)
    }

    fn check(&self, table: &str, condition: &str) -> f64 {
        let condition = Expression::parse(condition);
        self.guard(table, &Guard::Check { condition }).map_or(0.0, |e| e.weight)
    }

    fn not_null(&self, table: &str, column: &str) -> f64 {
        self.guard(table, &Guard::NotNull { column: column.to_owned() }).map_or(0.0, |e| e.weight)
    }
}

/// A product has a number of its own, a name that others have as well, and what differs by nature.
fn products(rows: u32) -> String {
    format!(
        "CREATE TABLE product (
             id bigint PRIMARY KEY, sku text NOT NULL, name text NOT NULL, nick text, token uuid NOT NULL,
             made timestamptz NOT NULL, weight double precision NOT NULL);
         INSERT INTO product SELECT i, 'SKU-' || i, 'name ' || i % 100, CASE WHEN i % 4 = 0 THEN 'n' || i END,
             gen_random_uuid(), timestamptz '2020-01-01' + i * interval '7 min', sqrt(i) FROM generate_series(1, {rows}) i;"
    )
}

#[test]
fn a_key_that_holds_and_one_that_does_not() {
    let heard = Heard::after(&products(20_000));
    let sku = heard.guard("product", &Guard::unique(&["sku"])).unwrap();
    assert!(sku.weight > 0.5 && sku.text.contains("20000"), "{sku:?}");
    let name = heard.guard("product", &Guard::unique(&["name"])).unwrap();
    assert!(name.weight < -5.0, "{name:?}");
    assert_eq!(name.text, "the planner's statistics estimate 100 different values of (name) in 20000 rows with one");
    // rows without a value do not count
    assert!(heard.key("product", &["nick"]) > 0.2);
}

#[test]
fn what_differs_by_nature_proves_nothing() {
    let heard = Heard::after(&products(20_000));
    for column in ["token", "made", "weight"] {
        assert_eq!(heard.key("product", &[column]), 0.0, "{column}");
    }
    // and neither does a pair of which one differs already
    assert_eq!(heard.key("product", &["sku", "name"]), 0.0);
}

#[test]
fn small_tables_prove_nothing_and_large_ones_more() {
    let of = |rows| {
        let heard = Heard::after(&products(rows));
        (heard.key("product", &["sku"]), heard.key("product", &["name"]))
    };
    assert_eq!(of(150), (0.0, 0.0));
    let (some, many) = (of(500), of(5_000));
    assert!(0.0 < some.0 && some.0 < many.0, "{some:?} {many:?}");
    assert!(0.0 > some.1 && some.1 > many.1, "{some:?} {many:?}");
}

#[test]
fn columns_together() {
    let heard = Heard::after(
        "CREATE TABLE seat (id int PRIMARY KEY, hall int NOT NULL, line int NOT NULL, place int NOT NULL,
                            day int NOT NULL, host int NOT NULL, x int NOT NULL, y int NOT NULL);
         -- 50 halls of 20 lines of 20 places; ten days; one host has half of all
         INSERT INTO seat SELECT i, i / 400, i / 20 % 20, i % 20, i * 7919 % 10, CASE WHEN i % 2 = 0 THEN 1 ELSE i END,
             i * 31 % 997, i * 17 % 991
             FROM generate_series(0, 19999) i;
         CREATE STATISTICS seat_three (ndistinct) ON hall, line, place FROM seat;",
    );
    // 20 lines and 20 places: 400 combinations for 20000 rows
    assert!(heard.key("seat", &["line", "place"]) < -5.0);
    // every hall has the same places, and none twice
    let three = heard.guard("seat", &Guard::unique(&["hall", "line", "place"])).unwrap();
    assert!(three.weight > 1.0 && three.text.contains("by chance 63 % of the rows"), "{three:?}");
    // combinations enough in all, but not for the host of half the rows
    let host = heard.guard("seat", &Guard::unique(&["host", "day"])).unwrap();
    assert!(host.weight < -5.0 && host.text.contains("10001 rows have the same host"), "{host:?}");
    // nothing is known of these together
    assert_eq!(heard.key("seat", &["x", "y"]), 0.0);
}

#[test]
fn rows_that_a_partial_key_is_not_about_do_not_count() {
    let heard = Heard::after(
        "CREATE TABLE member (id int PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
         -- each address was given up nine times
         INSERT INTO member SELECT i, 'm' || i / 10, CASE WHEN i % 10 > 0 THEN now() END FROM generate_series(0, 19999) i;",
    );
    let key = |predicate: &str| Guard::Unique {
        key: vec![dbaudit::catalog::KeyPart::Column("email".into())],
        predicate: Some(Expression::parse(predicate)),
        nulls_not_distinct: false,
    };
    assert!(heard.key("member", &["email"]) < -5.0);
    assert_eq!(heard.guard("member", &key("deleted_at IS NULL")), None);
    assert_eq!(heard.guard("member", &key("id > 7")), None);
}

#[test]
fn conditions_on_numbers() {
    let heard = Heard::after(
        "CREATE TABLE stock (id int PRIMARY KEY, seats int NOT NULL, oversold int NOT NULL, balance numeric NOT NULL,
                             percent int NOT NULL, low int NOT NULL, high int NOT NULL, nothing int, code text NOT NULL);
         INSERT INTO stock SELECT i, i % 200, CASE WHEN i = 77 THEN -1 ELSE i % 5000 END, i % 1000 - 500, 1 + i % 100,
             i % 1000, i % 1000 + 100, NULL, (i % 1000 - 500)::text FROM generate_series(1, 20000) i;",
    );
    assert!(heard.check("stock", "seats >= 0") > 0.5, "the least is at the bound");
    assert!(heard.check("stock", "balance >= 0") < -4.0);
    let oversold = heard.check("stock", "oversold >= 0");
    assert!((-1.0..0.0).contains(&oversold), "one row in 20000 is no refutation: {oversold}");
    assert!(heard.check("stock", "percent >= 0 AND percent <= 100") > 0.5);
    assert!(heard.check("stock", "percent > 0 AND percent <= 50") < -4.0);
    assert!(heard.check("stock", "seats > 0") < -0.2);
    assert!(heard.check("stock", "high <= low") < -4.0);
    assert_eq!(heard.check("stock", "low <= high"), 0.0, "extremes do not say that each row obeys");
    assert_eq!(heard.check("stock", "nothing >= 0"), 0.0);
    assert_eq!(heard.check("stock", "code >= 0"), 0.0, "a text is no number");
    assert_eq!(heard.check("stock", "code <> ''"), 0.0);
    let bound = Guard::check(Expr::compare(Comparison::Ge, Expr::column("balance"), Expr::Number("-500".into())));
    assert!(heard.guard("stock", &bound).unwrap().weight > 0.5);
    assert!(heard.not_null("stock", "nothing") < -3.0);
    assert!(heard.not_null("stock", "seats") > 0.5);
}

#[test]
fn numbers_that_cannot_be_calculated_with_are_left_out() {
    let heard = Heard::after(
        "CREATE DOMAIN amount AS numeric;
         CREATE TABLE odd (a double precision NOT NULL, b numeric NOT NULL, c amount NOT NULL, d money NOT NULL,
                           e oid NOT NULL, f float4[] NOT NULL);
         INSERT INTO odd SELECT CASE i % 3 WHEN 0 THEN float8 'NaN' WHEN 1 THEN float8 '-Infinity' ELSE i END,
             CASE i % 2 WHEN 0 THEN numeric 'NaN' ELSE 1e300 END, -i, i, i, '{1}' FROM generate_series(1, 5000) i;",
    );
    assert_eq!(heard.observed.statistics.missing, Vec::<String>::new());
    assert!(heard.check("odd", "a >= 0") > 0.0, "-Infinity is no number here");
    assert!(heard.check("odd", "c >= 0") < -3.0, "a domain over numbers");
    assert_eq!(heard.check("odd", "d >= 0"), 0.0);
}

#[test]
fn a_partitioned_table_speaks_for_its_partitions() {
    let heard = Heard::after(
        "CREATE TABLE event (id int NOT NULL, code text NOT NULL) PARTITION BY RANGE (id);
         CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10000);
         CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10000) TO (20000);
         INSERT INTO event SELECT i, 'c' || i % 10000 FROM generate_series(0, 19999) i;",
    );
    assert!(heard.key("event", &["code"]) < -5.0, "each is there once in each partition");
}

#[test]
fn what_has_changed_since_weighs_less() {
    let weight = |more: &str| {
        let database = Postgres::shared().database();
        filled(&database, &products(5_000));
        changed(&database, more);
        let heard = Heard::of(&record(&database.url));
        (heard.key("product", &["name"]), heard.guard("product", &Guard::unique(&["name"])).map(|e| e.text))
    };
    let (fresh, text) = weight("SELECT 1");
    assert!(!text.unwrap().contains("changed"));
    let (old, text) = weight("UPDATE product SET weight = 1");
    assert!((old * 2.0 - fresh).abs() < 0.1, "{fresh} {old}");
    assert!(text.unwrap().ends_with("most rows have changed since they were collected"));
    let (older, _) = weight(&"UPDATE product SET weight = 1;".repeat(9));
    assert!(old < older && older < 0.0, "{old} {older}");
}

#[test]
fn tables_without_statistics_and_roles_without_privileges() {
    let database = Postgres::shared().database();
    filled(&database, &products(1_000));
    database.run("CREATE TABLE never (id int PRIMARY KEY, sku text NOT NULL); INSERT INTO never VALUES (1, 'x')");
    let heard = Heard::of(&record(&database.url));
    assert_eq!(heard.observed.statistics.missing, Vec::<String>::new());
    assert_eq!(heard.key("never", &["sku"]), 0.0);

    let role = format!("blind_{}", database.name);
    database.run(&format!("CREATE ROLE {role} LOGIN"));
    let url = database.url.replace("postgres@", &format!("{role}@"));
    let heard = Heard::of(&record(&url));
    assert!(heard.observed.is_empty(), "nothing is seen");
    assert_eq!(
        heard.observed.statistics.missing,
        [format!(
            "user \"{role}\" may not see the statistics of 2 tables: they are shown to who has SELECT on a table"
        )]
    );
    let audit = run(&["check", &url]);
    assert!(audit.code < 2 && audit.stderr.contains("may not see the statistics of 2 tables"), "{}", audit.stderr);
    assert_eq!(run(&["check", &url, "--statistics=off"]).stderr, "");
    database.run(&format!("GRANT SELECT ON product, never TO {role}"));
    assert!(Heard::of(&record(&url)).key("product", &["name"]) < 0.0);
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn no_value_of_a_text_is_read_or_shown() {
    let database = Postgres::shared().database();
    filled(
        &database,
        "CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL, name varchar(40), phone text, kind char(9), age int);
         INSERT INTO person SELECT i, 'PLANTED-' || i % 7, 'PLANTED', '55512' || i % 3, 'PLANTED', i % 90
             FROM generate_series(1, 3000) i;",
    );
    let recording = serde_json::to_string(&record(&database.url)).unwrap();
    assert!(recording.contains("\"89\""), "the greatest age is there, so the statistics are");
    assert!(!recording.contains("PLANTED") && !recording.contains("55512"));
    for format in ["table", "json"] {
        let audit = run(&["check", &database.url, "--format", format, "--min-confidence", "low", "-v"]);
        assert!(audit.code < 2, "{}", audit.stderr);
        assert!(!audit.stdout.contains("PLANTED") && !audit.stdout.contains("55512"), "{}", audit.stdout);
        assert!(!audit.stderr.contains("PLANTED") && !audit.stderr.contains("55512"), "{}", audit.stderr);
    }
}

/// The names of the guards that are missing.
fn finds(database: &Database, more: &[&str]) -> Vec<String> {
    let mut args = vec![database.url.as_str(), "--min-confidence", "low"];
    args.extend(more);
    let (report, _) = check(&args);
    findings(&report).iter().map(|f| f["guard"]["name"].to_string()).collect()
}

#[test]
fn a_report_without_statistics_and_with_them() {
    let sku = |repeats: bool| {
        let database = Postgres::shared().database();
        let value = if repeats { "i % 50" } else { "i" };
        filled(
            &database,
            &format!(
                "CREATE TABLE product (id bigint PRIMARY KEY, sku text NOT NULL, price int NOT NULL);
             INSERT INTO product SELECT i, 'S' || {value}, i % 900 FROM generate_series(1, 20000) i;"
            ),
        );
        database
    };
    let name = "\"product_sku_key\"".to_owned();
    let (unique, repeated) = (sku(false), sku(true));
    for database in [&unique, &repeated] {
        let without = finds(database, &["--statistics=off"]);
        assert!(without.contains(&name), "{without:?}");
    }
    let (report, _) = check(&[&unique.url]);
    let testimony = "as many different values of (sku) as there are rows with one, 20000";
    assert!(findings(&report)[0]["evidence"].to_string().contains(testimony), "{report}");
    assert_eq!(findings(&report)[0]["guard"]["name"], "product_sku_key");
    assert!(finds(&repeated, &["--statistics"]).iter().all(|n| *n != name));

    // migrate hears the same
    let plan = |database: &Database, more: &str| {
        run(&["migrate", &database.url, "--dry-run", more]).stdout.contains("product_sku_key")
    };
    assert!(plan(&unique, "--statistics") && !plan(&repeated, "--statistics"));
    assert!(plan(&repeated, "--statistics=off"));
}

#[test]
fn as_many_statements_for_many_tables_as_for_few() {
    let statements = |n: u32| {
        let database = Postgres::shared().database();
        database.run(&format!(
            "DO $$ BEGIN FOR i IN 1..{n} LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a text)', i);
             END LOOP; END $$"
        ));
        record(&database.url).statements
    };
    assert_eq!(statements(3), statements(300));
}

/// What CockroachDB says after `tests/recorded/cockroach-21.1-queries/statistics.sql`.
fn cockroach_says(recording: &Recording) {
    let text = serde_json::to_string(recording).unwrap();
    assert!(text.contains("495") && !text.contains("PLANTED"), "numbers, and no value of a text");
    let heard = Heard::of(recording);
    assert_eq!(heard.observed.statistics.missing, Vec::<String>::new());
    assert!(heard.key("ticket", &["code"]) > 0.5);
    let title = heard.guard("ticket", &Guard::unique(&["title"])).unwrap();
    assert!(title.weight < -5.0 && title.text.contains("50 different values of (title) in 10000 rows"), "{title:?}");
    // the sketch counts them together, and by themselves they would meet
    let place = heard.guard("ticket", &Guard::unique(&["hall", "place"])).unwrap();
    assert!(place.weight > 1.0, "{place:?}");
    assert!(heard.key("ticket", &["place", "seats"]) < -5.0, "4000 combinations for 10000 rows");
    assert!(heard.check("ticket", "seats >= 0") > 0.3);
    assert!(heard.check("ticket", "balance >= 0") < -4.0);
    let oversold = heard.check("ticket", "oversold >= 0");
    assert!((-1.0..0.0).contains(&oversold), "one row of 10000: {oversold}");
    assert!(heard.not_null("ticket", "note") < -2.0);
    assert!(heard.key("Odd \"Name\"", &["secret"]) < -1.0);
    assert_eq!(heard.key("untouched", &["code"]), 0.0);
}

#[test]
fn cockroach_recorded() {
    cockroach_says(&replay::statistics());
}

#[test]
fn cockroach_live() {
    let Some(server) = Cockroach::shared() else { return };
    let sql = std::fs::read_to_string(replay::recorded("cockroach-21.1-queries/statistics.sql")).unwrap();
    let database = server.database("statistics");
    database.run(&sql);
    cockroach_says(&record(&database.url));
}

/// The recording with each row of the statistics changed.
fn changed_rows(change: impl Fn(&[String], &mut Vec<Option<String>>)) -> Recording {
    let mut json = serde_json::to_value(replay::statistics()).unwrap();
    let answer = &mut json["results"]["column_statistics"];
    let columns: Vec<String> = serde_json::from_value(answer["columns"].clone()).unwrap();
    let mut rows: Vec<Vec<Option<String>>> = serde_json::from_value(answer["rows"].clone()).unwrap();
    rows.iter_mut().for_each(|row| change(&columns, row));
    answer["rows"] = serde_json::to_value(rows).unwrap();
    serde_json::from_value(json).unwrap()
}

#[test]
fn buckets_that_hold_no_row_are_no_extremes() {
    // later versions put the ends of the type around a histogram, for what the sample has missed
    let recording = changed_rows(|columns, row| {
        let at = |name: &str| columns.iter().position(|c| c == name).unwrap();
        if row[at("columns")].as_deref() == Some("[\"seats\"]") {
            row[at("third")] = row[at("second")].take();
            row[at("second")] = row[at("first")].take();
            row[at("first")] = Some(r#"{"num_eq": 0, "num_range": 0, "upper_bound": "-9223372036854775808"}"#.into());
        }
    });
    assert!(Heard::of(&recording).check("ticket", "seats >= 0") > 0.3);
}

#[test]
fn what_the_server_refuses_is_named_and_the_rest_is_heard() {
    let mut recording = replay::statistics();
    let refused = dbaudit::source::live::Failure { code: "42501".into(), message: "public.t: no privilege".into() };
    recording.failures.insert("column_statistics".into(), refused);
    let heard = Heard::of(&recording);
    assert_eq!(heard.observed.statistics.missing, ["public.t: no privilege (SQLSTATE 42501)"]);
    assert!(heard.key("ticket", &["title"]) < -5.0);

    let broken = changed_rows(|_, row| row.iter_mut().skip(2).for_each(|v| *v = Some("{".into())));
    assert_eq!(Heard::of(&broken).key("ticket", &["title"]), 0.0);
}
