//! What is found from the statements that an application sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included
#![allow(clippy::needless_update)] // only statements are observed here, whatever else can be

#[path = "support/replay.rs"]
#[allow(dead_code)]
mod replay;

use dbaudit::catalog::{Catalog, Part};
use dbaudit::engine::Engine;
use dbaudit::evidence::{Confidence, Observed, Source};
use dbaudit::report::{Filter, Report, SourceAudit, Style};
use dbaudit::rules::{Audit, Finding, RULES, audit};
use dbaudit::source::ddl::{Options, SchemaFile, read};
use dbaudit::source::live::{ResultSet, assemble, workload_of, workload_statement};
use dbaudit::source::{Kind, SourceName};
use dbaudit::workload::{Sent, Transaction, Usage, Workload};
use serde_json::Value;

/// The rules that listen to statements only.
const OF_STATEMENTS: [&str; 5] =
    ["lost-update", "check-then-insert", "stated-condition", "conflict-without-key", "lock-in-autocommit"];

fn schema(sql: &str, version: &str) -> Catalog {
    let file = SchemaFile { name: "schema.sql".to_owned(), text: sql.to_owned() };
    read(&[file], &Options { engine: Some(Engine::from_version_string(version)) }).catalog
}

const COCKROACH: &str = "CockroachDB CCL v21.1.0";
const POSTGRES: &str = "PostgreSQL 15.1";

/// Rows of `count × how text`, where `how` is i, e or ?.
fn sent(list: &str) -> Vec<Sent> {
    let row = |line: &str| {
        let mut parts = line.trim().splitn(3, ' ');
        let (count, how, text) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        Sent {
            text: text.to_owned(),
            count: count.parse().unwrap(),
            whole: false,
            application: Some("web".to_owned()),
            transaction: match how {
                "i" => Transaction::Implicit,
                "e" => Transaction::Explicit,
                _ => Transaction::Unknown,
            },
            failed: false,
        }
    };
    list.lines().filter(|l| !l.trim().is_empty()).map(row).collect()
}

fn heard(catalog: &Catalog, rows: Vec<Sent>) -> Audit {
    let observed = Observed { workload: Some(Usage::of(catalog, Workload::of(rows))), ..Observed::default() };
    audit(catalog, &observed, RULES)
}

/// What statements show at the default confidence, in short.
fn found(audit: &Audit) -> Vec<String> {
    let of_statements = |f: &&Finding| OF_STATEMENTS.contains(&f.rule) || !f.statements.is_empty();
    let shown = audit.findings.iter().filter(of_statements).filter(|f| f.confidence >= Confidence::Medium);
    let mut all: Vec<String> = shown.map(brief).collect();
    all.sort();
    all
}

fn brief(f: &Finding) -> String {
    let rows = f.guard.predicate().map(|p| format!(" where {p}")).unwrap_or_default();
    format!("{} {}({}){rows}", f.rule, f.table, f.guard.columns().join(","))
}

fn recorded() -> ResultSet {
    let path = replay::recorded("cockroach-21.1/booking/crdb_internal.node_statement_statistics.json");
    // a deviation of one value is NaN, which is not JSON
    let text = std::fs::read_to_string(path).unwrap().replace(",NaN", ",null");
    let json: Value = serde_json::from_str(&text).unwrap();
    let columns: Vec<&str> = json["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    let query = workload_statement(Engine::from_version_string(COCKROACH));
    assert!(query.contains("FROM crdb_internal.node_statement_statistics"));
    let at = |name: &str| columns.iter().position(|c| *c == name).unwrap();
    let names = ["query", "application", "implicit", "failed", "count"].map(String::from).to_vec();
    let mut set = ResultSet::new("statement_statistics", names);
    for row in json["rows"].as_array().unwrap() {
        let flags = row[at("flags")].as_str().unwrap();
        let values = [
            row[at("key")].as_str().unwrap().to_owned(),
            row[at("application_name")].as_str().unwrap().to_owned(),
            row[at("implicit_txn")].to_string(),
            flags.contains('!').to_string(),
            row[at("count")].to_string(),
        ];
        set.push(values.iter().map(|v| Some(v.as_str())));
    }
    set
}

#[test]
fn the_recorded_bookings_show_the_race_and_nothing_else() {
    let catalog = assemble(&replay::Server::recorded("booking").recording()).unwrap();
    let workload = workload_of(&recorded(), catalog.engine, "root").unwrap();
    assert_eq!(workload.unread(), [] as [&str; 0]);
    let observed = Observed { workload: Some(Usage::of(&catalog, workload)), ..Observed::default() };
    let audit = audit(&catalog, &observed, RULES);
    assert_eq!(
        found(&audit),
        [
            "check-then-insert reservation(show_id,user_id)",
            "lost-update show(available_seats)",
            "stated-condition show(available_seats)",
        ]
    );
    let high =
        audit.findings.iter().filter(|f| OF_STATEMENTS.contains(&f.rule)).all(|f| f.confidence == Confidence::High);
    assert!(high, "{:#?}", audit.findings);
    let lost = audit.findings.iter().find(|f| f.rule == "lost-update").unwrap();
    let said: Vec<String> = lost
        .statements
        .iter()
        .map(|s| format!("{} {:?} {} {}", s.count, s.application, s.transaction.word(), s.text))
        .collect();
    assert_eq!(
        said,
        [
            "20 Some(\"booking-web\") implicit SELECT show.id, show.title, show.available_seats FROM show WHERE show.id = $1 LIMIT _",
            "20 Some(\"booking-web\") implicit UPDATE show SET title = $1, available_seats = $2 WHERE show.id = $3",
            "1 Some(\"booking-web\") explicit UPDATE show SET available_seats = available_seats - $1 WHERE (id = $2) AND (available_seats > $3)",
        ]
    );
    assert!(lost.sql().is_empty() && lost.guard.kind() == "code");
    let frameworks: Vec<&str> = lost.remedies.iter().map(|r| r.framework).collect();
    assert_eq!(frameworks, ["SQL", "Django", "Rails", "SQLAlchemy", "Prisma"]);
    let keys = audit.findings.iter().filter(|f| f.table == "reservation" && f.guard.kind() == "unique");
    assert_eq!(keys.count(), 1, "one key for the columns, whoever asks for it");
}

const BOOKING: &str = include_str!("../examples/booking.sql");

#[test]
fn the_remedied_application_is_not_reported() {
    let catalog = schema(
        "CREATE TABLE show (id bigint PRIMARY KEY, title text NOT NULL, available_seats int NOT NULL CHECK (available_seats >= 0));
         CREATE TABLE reservation (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES show, user_id bigint NOT NULL,
           UNIQUE (show_id, user_id));",
        COCKROACH,
    );
    let rows = "
        40 i SELECT show.id, show.title, show.available_seats FROM show WHERE show.id = $1 LIMIT _
        20 i UPDATE show SET available_seats = available_seats - $1 WHERE (id = $2) AND (available_seats > $3)
        20 e SELECT show.id, show.title, show.available_seats FROM show WHERE show.id = $1 LIMIT _ FOR UPDATE
        20 e UPDATE show SET title = $1, available_seats = $2 WHERE show.id = $3
        20 i SELECT _ AS a FROM reservation WHERE (show_id = $1) AND (user_id = $2) LIMIT _
        20 e INSERT INTO reservation(show_id, user_id) VALUES ($1, $2) RETURNING reservation.id
        20 i INSERT INTO reservation(show_id, user_id) VALUES ($1, $2) ON CONFLICT (show_id, user_id) DO NOTHING
        20 i INSERT INTO reservation(show_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    assert_eq!(found(&heard(&catalog, sent(rows))), [] as [&str; 0]);
}

/// Name, schema, statements, what is found.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    (
        "a conflict on a folded or partial key asks for no plain one",
        "CREATE TABLE account (id bigint PRIMARY KEY, handle text NOT NULL, gone boolean NOT NULL)",
        "9 ? INSERT INTO account (handle, gone) VALUES ($1, $2) ON CONFLICT (lower(handle)) DO NOTHING
         9 ? INSERT INTO account (handle, gone) VALUES ($1, $2) ON CONFLICT (handle) WHERE NOT gone DO NOTHING",
        &[],
    ),
    (
        "a key of some rows finds more than one",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, owner bigint NOT NULL, open boolean NOT NULL, balance bigint NOT NULL);
         CREATE UNIQUE INDEX ON wallet (owner) WHERE open",
        "5 ? SELECT owner, balance FROM wallet WHERE owner = $1
         5 ? UPDATE wallet SET balance = $1 WHERE id = $2",
        &[],
    ),
    (
        "the target of an UPDATE is a table, whatever a WITH is called",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, balance bigint NOT NULL)",
        "5 i SELECT id, balance FROM wallet WHERE id = $1
         5 i WITH wallet AS (SELECT 1 AS one) UPDATE wallet SET balance = $1 WHERE id = $2",
        &["lost-update wallet(balance)"],
    ),
    (
        "a column that no catalog lists",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, balance bigint NOT NULL)",
        "5 i SELECT ctid, id, balance FROM wallet WHERE id = $1
         5 i UPDATE wallet SET balance = $1 WHERE id = $2",
        &["lost-update wallet(balance)"],
    ),
    (
        "the safe form alone states its condition, and no more",
        "CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL)",
        "20 i UPDATE show SET available_seats = available_seats - _ WHERE (id = _) AND (available_seats >= _)
         90 i SELECT id, available_seats FROM show WHERE id = _ LIMIT _",
        &["stated-condition show(available_seats)"],
    ),
    (
        "a deliberate write",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, owner text, balance bigint NOT NULL, note text, opened timestamptz)",
        "5 ? SELECT wallet.id, wallet.balance FROM wallet WHERE wallet.id = $1
         5 ? UPDATE wallet SET balance=$1 WHERE wallet.id = $2",
        &["lost-update wallet(balance)"],
    ),
    (
        "found by another key, saved by its own",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, code text UNIQUE NOT NULL, balance bigint NOT NULL)",
        "5 i SELECT * FROM wallet WHERE code = $1 LIMIT _
         5 e UPDATE wallet SET balance = $1 WHERE id = $2",
        &["lost-update wallet(balance)"],
    ),
    (
        "a version that is compared and set",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, balance bigint NOT NULL, version int NOT NULL)",
        "5 ? SELECT id, balance, version FROM wallet WHERE id = $1
         5 ? UPDATE wallet SET balance = $1, version = $2 WHERE id = $3 AND version = $4",
        &[],
    ),
    (
        "every write has its lock",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, balance bigint NOT NULL)",
        "50 ? SELECT id, balance FROM wallet WHERE id = $1
          5 ? SELECT id, balance FROM wallet WHERE id = $1 FOR UPDATE
          5 ? UPDATE wallet SET balance = $1 WHERE id = $2",
        &[],
    ),
    (
        "a state that is compared and set",
        "CREATE TABLE job (id bigint PRIMARY KEY, state text NOT NULL)",
        "5 ? SELECT id, state FROM job WHERE id = $1
         5 ? UPDATE job SET state = $1 WHERE id = $2 AND state = $3",
        &[],
    ),
    (
        "a state that is set after a look",
        "CREATE TABLE payment (id bigint PRIMARY KEY, state text NOT NULL, body text, a text, b text)",
        "5 ? SELECT id, state FROM payment WHERE id = $1
         5 ? UPDATE payment SET state = $1 WHERE id = $2",
        &["lost-update payment(state)"],
    ),
    (
        "a price that is typed in",
        "CREATE TABLE product (id bigint PRIMARY KEY, name text, price int NOT NULL, position int)",
        "5 i SELECT * FROM product WHERE id = $1
         5 i UPDATE product SET price = $1 WHERE id = $2
         5 i UPDATE product SET position = $1 WHERE id = $2",
        &[],
    ),
    (
        "whole rows that undo a count",
        "CREATE TABLE post (id bigint PRIMARY KEY, title text, body text, hits int NOT NULL)",
        "9 i SELECT id, title, body, hits FROM post WHERE id = $1
         9 i UPDATE post SET title = $1, body = $2, hits = $3 WHERE id = $4
         9 i UPDATE post SET hits = hits + $1 WHERE id = $2",
        &["lost-update post(hits)"],
    ),
    (
        "read only in lists",
        "CREATE TABLE stock (id bigint PRIMARY KEY, shop_id bigint NOT NULL, quantity int NOT NULL)",
        "9 i SELECT id, quantity FROM stock WHERE shop_id = $1 ORDER BY id
         9 i UPDATE stock SET quantity = $1 WHERE id = $2",
        &[],
    ),
    (
        "many rows at once, read at once",
        "CREATE TABLE stock (id bigint PRIMARY KEY, shop_id bigint NOT NULL, quantity int NOT NULL)",
        "9 ? SELECT id, quantity FROM stock WHERE id IN ($1, $2)
         9 ? UPDATE stock SET quantity = CASE WHEN (stock.id = $1) THEN $2 ELSE NULL END WHERE stock.id IN ($3, $4)",
        &["lost-update stock(quantity)"],
    ),
    (
        "serializable transactions hold it",
        "CREATE TABLE wallet (id bigint PRIMARY KEY, balance bigint NOT NULL)",
        "5 e SELECT id, balance FROM wallet WHERE id = $1
         5 e UPDATE wallet SET balance = $1 WHERE id = $2",
        &[],
    ),
    (
        "locked outside of a transaction",
        "CREATE TABLE job (id bigint PRIMARY KEY, body text)",
        "5 i SELECT * FROM job WHERE id = $1 FOR UPDATE",
        &["lock-in-autocommit job()"],
    ),
    (
        "locked within a write",
        "CREATE TABLE job (id bigint PRIMARY KEY, picked bool)",
        "5 i UPDATE job SET picked = _ WHERE id IN (SELECT id FROM job WHERE NOT picked LIMIT _ FOR UPDATE SKIP LOCKED)
         5 e SELECT * FROM job WHERE id = $1 FOR UPDATE
         5 ? SELECT id FROM job WHERE id = $1 FOR UPDATE",
        &[],
    ),
    (
        "get_or_create",
        "CREATE TABLE u (id bigint PRIMARY KEY); CREATE TABLE show (id bigint PRIMARY KEY);
         CREATE TABLE booking (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES show, user_id bigint NOT NULL REFERENCES u)",
        "5 i SELECT id, show_id, user_id FROM booking WHERE (user_id = $1) AND (show_id = $2) LIMIT _
         5 e INSERT INTO booking(show_id, user_id) VALUES ($1, $2) RETURNING booking.id",
        &["check-then-insert booking(show_id,user_id)"],
    ),
    (
        "one of the living",
        "CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL, deleted_at timestamptz)",
        "5 ? SELECT $1 AS one FROM account WHERE account.deleted_at IS NULL AND account.email = $2 LIMIT $3
         5 ? INSERT INTO account (email) VALUES ($1) RETURNING id",
        &["check-then-insert account(email) where deleted_at IS NULL"],
    ),
    (
        "a flag whose value is masked, but whose name tells",
        "CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL, is_deleted bool NOT NULL)",
        "5 ? SELECT $1 AS a FROM account WHERE account.is_deleted = $2 AND account.email = $3 LIMIT $4
         5 ? INSERT INTO account (email, is_deleted) VALUES ($1, $2) RETURNING id",
        &["check-then-insert account(email) where NOT is_deleted"],
    ),
    (
        "without regard to case",
        "CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL)",
        "5 ? SELECT $1 AS one FROM account WHERE LOWER(account.email) = LOWER($2) LIMIT $3
         5 ? INSERT INTO account (email) VALUES ($1)",
        &["check-then-insert account(email)"],
    ),
    (
        "a validator that looks for another one",
        "CREATE TABLE page (id bigint PRIMARY KEY, slug text NOT NULL)",
        "5 ? SELECT $1 AS a FROM page WHERE (page.slug = $2 AND NOT (page.id = $3)) LIMIT $4
         5 ? INSERT INTO page (slug) VALUES ($1)",
        // the model, which has heard of it, is surer
        &["missing-unique-key page(slug)"],
    ),
    (
        "whether a parent has any",
        "CREATE TABLE customer (id bigint PRIMARY KEY);
         CREATE TABLE purchase (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer, total int)",
        "5 i SELECT _ AS a FROM purchase WHERE customer_id = $1 LIMIT _
         5 i SELECT count(*) FROM purchase WHERE customer_id = $1
         5 i SELECT * FROM purchase WHERE customer_id = $1 ORDER BY id DESC LIMIT _
         5 i INSERT INTO purchase(customer_id, total) VALUES ($1, $2)",
        &[],
    ),
    (
        "a list by two parents",
        "CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY);
         CREATE TABLE note (id bigint PRIMARY KEY, a_id bigint REFERENCES a, b_id bigint REFERENCES b, body text)",
        "5 i SELECT * FROM note WHERE (a_id = $1) AND (b_id = $2) ORDER BY id
         5 i INSERT INTO note(a_id, b_id, body) VALUES ($1, $2, $3)",
        &[],
    ),
    (
        "an open cart: by a state",
        "CREATE TABLE cart (id bigint PRIMARY KEY, customer_id bigint NOT NULL, status text NOT NULL)",
        "5 i SELECT * FROM cart WHERE (customer_id = $1) AND (status = $2) LIMIT _
         5 i INSERT INTO cart(customer_id, status) VALUES ($1, $2)",
        &[],
    ),
    (
        "the key is there",
        "CREATE TABLE account (id bigint PRIMARY KEY, email text UNIQUE NOT NULL)",
        "5 i SELECT _ AS a FROM account WHERE email = $1 LIMIT _
         5 i INSERT INTO account(email) VALUES ($1)",
        &[],
    ),
    (
        "by the primary key",
        "CREATE TABLE account (id bigint PRIMARY KEY, email text)",
        "5 i SELECT _ AS a FROM account WHERE id = $1 LIMIT _
         5 i INSERT INTO account(id, email) VALUES ($1, $2)",
        &[],
    ),
    (
        "in one statement, and still a race",
        "CREATE TABLE tag (id bigint PRIMARY KEY, label text NOT NULL)",
        "5 ? insert into tag (label) select $1 where not exists (select 1 from tag where label = $1)",
        &["check-then-insert tag(label)"],
    ),
    (
        "what is beneath another column",
        "CREATE TABLE show (id bigint PRIMARY KEY, booked int NOT NULL, capacity int NOT NULL)",
        "5 i UPDATE show SET booked = booked + _ WHERE (id = _) AND (booked + _ <= capacity)",
        &["stated-condition show(booked,capacity)"],
    ),
    (
        "a condition that the schema has",
        "CREATE TABLE show (id bigint PRIMARY KEY, booked int NOT NULL CHECK (booked BETWEEN 0 AND 100))",
        "5 i UPDATE show SET booked = booked - _ WHERE (id = _) AND (booked >= _)
         5 i UPDATE show SET booked = booked + _ WHERE (id = _) AND (booked < _)",
        &[],
    ),
    (
        "nothing can conflict",
        "CREATE TABLE u (id bigint PRIMARY KEY); CREATE TABLE g (id bigint PRIMARY KEY);
         CREATE TABLE member (id bigint PRIMARY KEY DEFAULT 1, u_id bigint REFERENCES u, g_id bigint REFERENCES g)",
        "5 i INSERT INTO member(u_id, g_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &["conflict-without-key member(u_id,g_id)"],
    ),
    (
        "an UPSERT that always inserts",
        "CREATE TABLE reading (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sensor text, day date, value int)",
        "5 i UPSERT INTO reading(sensor, day, value) VALUES ($1, $2, $3)",
        &["conflict-without-key reading(sensor,day,value)"],
    ),
    (
        "keys that back it",
        "CREATE TABLE kv (k text PRIMARY KEY, v text); CREATE TABLE tag (id bigint PRIMARY KEY, label text UNIQUE)",
        "5 i UPSERT INTO kv(k, v) VALUES ($1, $2)
         5 i INSERT INTO tag(label) VALUES ($1) ON CONFLICT DO NOTHING
         5 i INSERT INTO tag(label) VALUES ($1) ON CONFLICT (label) DO NOTHING
         5 i INSERT INTO tag(id, label) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[],
    ),
    (
        "a target whose key was lost",
        "CREATE TABLE tag (id bigint PRIMARY KEY, label text, kind text)",
        "5 i INSERT INTO tag(label, kind) VALUES ($1, $2) ON CONFLICT (label) DO NOTHING",
        &["conflict-without-key tag(label)"],
    ),
];

#[test]
fn each_rule_finds_what_it_says_and_no_more() {
    for (name, sql, rows, expected) in CASES {
        let catalog = schema(sql, COCKROACH);
        assert_eq!(found(&heard(&catalog, sent(rows))), *expected, "{name}");
    }
}

#[test]
fn every_rule_of_statements_has_a_case() {
    let of_statements = RULES.iter().filter(|r| r.needs.contains(&Part::Statements)).map(|r| r.id);
    let mut all: Vec<&str> = of_statements.collect();
    let tested = |id: &str| CASES.iter().any(|(_, _, _, found)| found.iter().any(|f| f.starts_with(id)));
    assert!(all.iter().all(|id| tested(id)), "{all:?}");
    let mut listed = OF_STATEMENTS;
    all.sort_unstable();
    listed.sort_unstable();
    assert_eq!(all, listed);
}

/// A shop whose pages list, show and save; nothing in it counts or checks before it writes.
const BORING: &str = include_str!("fixtures/workload/boring.sql");
const BORING_STATEMENTS: &str = include_str!("fixtures/workload/boring.txt");

#[test]
fn a_boring_application_is_left_alone() {
    for version in [POSTGRES, COCKROACH] {
        let catalog = schema(BORING, version);
        for how in ["?", "i"] {
            let rows = sent(&BORING_STATEMENTS.replace(" ? ", &format!(" {how} ")));
            let audit = heard(&catalog, rows);
            assert_eq!(audit.skipped, [], "all was read");
            let shown = |a: &Audit| -> Vec<String> {
                a.findings.iter().filter(|f| f.confidence >= Confidence::Medium).map(brief).collect()
            };
            // what the schema alone shows is the model's affair
            let before = shown(&dbaudit::rules::audit(&catalog, &Observed::default(), RULES));
            let new: Vec<String> = shown(&audit).into_iter().filter(|f| !before.contains(f)).collect();
            assert_eq!(new, [] as [&str; 0], "{version} {how}");
        }
    }
}

#[test]
fn without_statements_their_rules_say_nothing() {
    let catalog = schema(BOOKING, POSTGRES);
    assert_eq!(found(&audit(&catalog, &Observed::default(), RULES)), [] as [&str; 0]);
}

#[test]
fn a_key_is_believed_more_if_it_is_looked_for_and_less_if_more_is() {
    let catalog = schema(
        "CREATE TABLE place (id bigint PRIMARY KEY, org_id bigint NOT NULL, name text NOT NULL, code text NOT NULL)",
        POSTGRES,
    );
    let score = |rows: &str| {
        let audit = heard(&catalog, sent(rows));
        let of = |columns: &[&str]| {
            let keys = audit.findings.iter().filter(|f| f.guard.kind() == "unique" && f.guard.columns() == columns);
            keys.flat_map(|f| &f.evidence).filter(|e| e.source == Source::Statements).map(|e| e.weight).sum::<f64>()
        };
        (of(&["org_id", "name"]), of(&["code"]))
    };
    let both = "1 ? INSERT INTO place (org_id, name, code) VALUES ($1, $2, $3)";
    let (pair, _) = score(&format!("{both}\n5 ? SELECT $1 AS a FROM place WHERE org_id = $2 AND name = $3 LIMIT $4"));
    assert!(pair > 1.5, "{pair}");
    let (_, code) = score(&format!("{both}\n5 ? SELECT $1 AS a FROM place WHERE code = $2 LIMIT $3"));
    assert!(code > 1.5, "{code}");
    let (_, wider) = score(&format!(
        "{both}\n5 ? SELECT $1 AS a FROM place WHERE code = $2 LIMIT $3\n5 ? SELECT $1 AS a FROM place WHERE code = $2 AND org_id = $3 LIMIT $4"
    ));
    assert!(wider < code, "{wider} {code}");
}

#[test]
fn a_table_of_several_schemas_is_not_guessed() {
    let two = |column: &str| {
        format!(
            "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.tag (id bigint PRIMARY KEY, label text);
             CREATE TABLE b.tag (id bigint PRIMARY KEY, {column} text);"
        )
    };
    let rows = "5 ? SELECT $1 AS a FROM tag WHERE label = $2 LIMIT $3\n5 ? INSERT INTO tag (label) VALUES ($1)";
    let ambiguous = heard(&schema(&two("label"), POSTGRES), sent(rows));
    assert_eq!(found(&ambiguous), [] as [&str; 0]);
    assert!(ambiguous.skipped[0].reason.contains("several schemas have it: tag"), "{:?}", ambiguous.skipped);
    // the columns tell
    let told = heard(&schema(&two("other"), POSTGRES), sent(rows));
    assert_eq!(found(&told), ["check-then-insert tag(label)"]);
    let named = heard(&schema(&two("label"), POSTGRES), sent(&rows.replace(" tag ", " b.tag ")));
    assert_eq!(named.findings.iter().find(|f| f.rule == "check-then-insert").unwrap().schema, "b");
}

/// The SQL of a remedy is SQL, and goes the way of the statement.
#[test]
fn remedies_can_be_run() {
    let catalog = schema(
        r#"CREATE TABLE "Coupon" ("couponId" bigint PRIMARY KEY, "usedCount" int NOT NULL, "limit" int NOT NULL)"#,
        POSTGRES,
    );
    let rows = r#"9 ? UPDATE "Coupon" SET "usedCount" = "usedCount" + $1 WHERE "couponId" = $2 AND "usedCount" < "limit"
        9 ? SELECT "couponId", "usedCount" FROM "Coupon" WHERE "couponId" = $1
        9 ? UPDATE "Coupon" SET "usedCount" = $1 WHERE "couponId" = $2"#;
    let audit = heard(&catalog, sent(rows));
    let sql = |rule: &str| {
        let finding = audit.findings.iter().find(|f| f.rule == rule).unwrap_or_else(|| panic!("{rule} is not found"));
        finding.remedies.iter().find(|r| r.framework == "SQL").unwrap().text.clone()
    };
    assert_eq!(
        sql("stated-condition"),
        r#"UPDATE public."Coupon" SET "usedCount" = "usedCount" + $1 WHERE "couponId" = $2 AND "usedCount" + $1 <= "limit""#
    );
    assert_eq!(
        sql("lost-update"),
        r#"UPDATE public."Coupon" SET "usedCount" = "usedCount" - $1 WHERE "couponId" = $2 AND "usedCount" >= $1"#
    );
}

#[test]
fn no_literal_and_no_control_character_gets_into_a_report() {
    let catalog =
        schema("CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL, balance int NOT NULL)", POSTGRES);
    let rows = "
        5 ? SELECT 53177 AS a FROM account WHERE email = 'S3CRET' /* S3CRET */ LIMIT 53177
        5 ? INSERT INTO account (email, balance) VALUES ('S3CRET', 53177) -- S3CRET
        5 ? SELECT id, balance FROM account WHERE id = 53177
        5 ? UPDATE account SET balance = 53177 WHERE id = $1
        5 ? UPDATE account SET balance = $1 WHERE id = 53177
        5 ? UPDATE account SET balance = balance - 53177 WHERE balance >= 53177 AND id = $1
        5 ? SELECT FROM WHERE 'S3CRET'
        5 ? SELECT id FROM account WHERE email = 'S3CRET";
    let mut sent = sent(rows);
    for s in &mut sent {
        s.application = Some("web\u{1b}[31m".to_owned());
    }
    let audit = heard(&catalog, sent);
    assert!(!found(&audit).is_empty() && !audit.skipped.is_empty());
    let name = SourceName { kind: Kind::Live, name: "x".to_owned() };
    let report = Report {
        audits: vec![SourceAudit::new(
            name,
            &catalog,
            audit,
            &Filter { min_confidence: Some(Confidence::Low), ..Filter::default() },
        )],
    };
    let table = dbaudit::report::table(&report, Style { width: 120, color: false });
    let json = dbaudit::report::json(&report);
    for text in [&table, &json] {
        assert!(!text.contains("S3CRET") && !text.contains("53177"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
    let json: Value = serde_json::from_str(&json).unwrap();
    let lost = json["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "lost-update").unwrap();
    assert_eq!(lost["guard"]["kind"], "code");
    assert_eq!(lost["guard"]["sql"], "");
    assert_eq!(lost["statements"][0]["transaction"], "unknown");
    assert_eq!(lost["statements"][0]["count"], 5);
    assert!(lost["remedies"].as_array().unwrap().iter().any(|r| r["framework"] == "Django"));
}
