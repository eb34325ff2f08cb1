//! What is found from the statements that an application sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included
#![allow(clippy::needless_update)] // only statements are observed here, whatever else can be

#[path = "support/replay.rs"]
#[allow(dead_code)]
mod replay;

use dbaudit::catalog::{Catalog, Part};
use dbaudit::engine::Engine;
use dbaudit::evidence::{Confidence, Observed, Severity, Source, statements};
use dbaudit::guard::Guard;
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
    let unsure = |f: &&Finding| OF_STATEMENTS.contains(&f.rule) && f.confidence != Confidence::High;
    assert_eq!(audit.findings.iter().filter(unsure).map(brief).collect::<Vec<_>>(), [] as [&str; 0]);
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

const WALLETS: &str = "CREATE TABLE wallets (id bigint PRIMARY KEY, owner text, balance numeric NOT NULL)";
const COUPON: &str = "CREATE TABLE coupon (id bigint PRIMARY KEY, code text NOT NULL, used int NOT NULL)";
const GROUP_MEMBER: &str = r#"CREATE TABLE "user" (id text PRIMARY KEY); CREATE TABLE "group" (id text PRIMARY KEY);
    CREATE TABLE group_member (id text PRIMARY KEY, "userId" text NOT NULL, "groupId" text NOT NULL)"#;

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
    (
        "one lock of many rows, and a page that shows one",
        WALLETS,
        "20 ? SELECT id, balance FROM wallets WHERE id = ANY($1) ORDER BY id FOR UPDATE
         40 ? UPDATE wallets SET balance=$1 WHERE id=$2
         90 ? SELECT id, owner, balance FROM wallets WHERE id=$1",
        &[],
    ),
    (
        "the same in a list",
        WALLETS,
        "20 e SELECT id, balance FROM wallets WHERE id IN ($1, $2) FOR UPDATE
         40 e UPDATE wallets SET balance=$1 WHERE id=$2
         90 i SELECT id, owner, balance FROM wallets WHERE id=$1",
        &[],
    ),
    (
        "two saves under one lock",
        WALLETS,
        "20 ? SELECT id, owner, balance FROM wallets WHERE id=$1 FOR UPDATE
         40 ? UPDATE wallets SET balance=$1 WHERE id=$2
         20 ? SELECT id, owner, balance FROM wallets WHERE id=$1",
        &[],
    ),
    (
        "locks for a few of the writes only",
        WALLETS,
        "9 ? SELECT id, owner, balance FROM wallets WHERE id=$1 FOR UPDATE
         40 ? UPDATE wallets SET balance=$1 WHERE id=$2
         20 ? SELECT id, owner, balance FROM wallets WHERE id=$1",
        &["lost-update wallets(balance)"],
    ),
    (
        "locked by what no key holds",
        COUPON,
        "20 ? SELECT id, code, used FROM coupon WHERE code=$1 LIMIT $2 FOR UPDATE
         20 ? UPDATE coupon SET used=$1 WHERE id=$2
         90 ? SELECT id, code, used FROM coupon WHERE id=$1",
        &[],
    ),
    (
        "a queue that skips what is locked",
        "CREATE TABLE jobs (id bigint PRIMARY KEY, queue text, status text, attempts int, run_at timestamptz)",
        "20 ? SELECT id, attempts FROM jobs WHERE queue=$1 AND status=$2 ORDER BY run_at LIMIT $3 FOR UPDATE SKIP LOCKED
         20 ? UPDATE jobs SET status=$1, attempts=$2 WHERE id=$3
         90 ? SELECT id, queue, status, attempts FROM jobs WHERE id=$1",
        &[],
    ),
    (
        "fetched by what no key holds",
        COUPON,
        "20 ? SELECT id, code, used FROM coupon WHERE code=$1 LIMIT $2
         20 ? UPDATE coupon SET used=$1 WHERE id=$2",
        &["lost-update coupon(used)"],
    ),
    (
        "fetched by a reference, in the order of the key",
        "CREATE TABLE profile (id bigint PRIMARY KEY, user_id bigint NOT NULL, bio text, points int NOT NULL)",
        "20 ? SELECT id, user_id, bio, points FROM profile WHERE user_id=$1 ORDER BY id ASC LIMIT $2
         20 ? UPDATE profile SET points=$1 WHERE id=$2",
        &["lost-update profile(points)"],
    ),
    (
        "the latest of several, and saved one by one",
        "CREATE TABLE bid (id bigint PRIMARY KEY, lot_id bigint NOT NULL, note text, points int NOT NULL)",
        "20 ? SELECT id, lot_id, note, points FROM bid WHERE lot_id=$1 ORDER BY id DESC LIMIT $2
         20 ? UPDATE bid SET points=$1 WHERE id=$2",
        &[],
    ),
    (
        "transactions that SERIALIZABLE keeps apart, and a page",
        WALLETS,
        "20 e SELECT id, owner, balance FROM wallets WHERE id=$1
         20 e UPDATE wallets SET balance=$1 WHERE id=$2
         90 i SELECT id, owner, balance FROM wallets WHERE id=$1",
        &[],
    ),
    (
        "read outside of the transaction that writes",
        WALLETS,
        "3 e SELECT id, owner, balance FROM wallets WHERE id=$1
         20 e UPDATE wallets SET balance=$1 WHERE id=$2
         20 i SELECT id, owner, balance FROM wallets WHERE id=$1",
        &["lost-update wallets(balance)"],
    ),
    (
        "one in any order, without a list",
        "CREATE TABLE entry (id bigint PRIMARY KEY, race_code text NOT NULL, bib int NOT NULL)",
        "5 ? SELECT id, race_code, bib FROM entry WHERE race_code=$1 AND bib=$2 ORDER BY id ASC LIMIT $3
         5 ? INSERT INTO entry (race_code, bib) VALUES ($1, $2)",
        &["check-then-insert entry(race_code,bib)"],
    ),
    (
        "whether there are more than none",
        "CREATE TABLE entry (id bigint PRIMARY KEY, race_code text NOT NULL, bib int NOT NULL)",
        "5 ? select count(e1_0.id) > $1 from entry e1_0 where e1_0.race_code=$2 and e1_0.bib=$3
         5 ? insert into entry (race_code, bib) values ($1, $2)",
        &["check-then-insert entry(race_code,bib)"],
    ),
    (
        "pages of a list, and how many there are",
        "CREATE TABLE product (id bigint PRIMARY KEY, category_id bigint NOT NULL, brand_id bigint NOT NULL, name text)",
        "9 i SELECT COUNT(*) AS \"__count\" FROM product WHERE category_id=$1 AND brand_id=$2
         9 i SELECT id, name FROM product WHERE category_id=$1 AND brand_id=$2 ORDER BY name ASC LIMIT $3
         9 i INSERT INTO product (category_id, brand_id, name) VALUES ($1, $2, $3)",
        &[],
    ),
    (
        "how many tasks somebody has in a project",
        "CREATE TABLE ticket (id bigint PRIMARY KEY, assignee_id bigint NOT NULL, project_id bigint NOT NULL, name text)",
        "9 i SELECT COUNT(*) FROM ticket WHERE assignee_id=$1 AND project_id=$2
         9 i INSERT INTO ticket (assignee_id, project_id, name) VALUES ($1, $2, $3)",
        &[],
    ),
    (
        "all behind a place move up",
        "CREATE TABLE items (id bigint PRIMARY KEY, list_id bigint NOT NULL, position int NOT NULL);
         CREATE TABLE jobs (id bigint PRIMARY KEY, priority int NOT NULL);
         CREATE TABLE node (id bigint PRIMARY KEY, tree_id int, lft int NOT NULL, rght int NOT NULL, depth int NOT NULL)",
        "9 i UPDATE items SET position=position-$1 WHERE list_id=$2 AND position>$3
         9 i UPDATE jobs SET priority=priority-$1 WHERE priority>$2
         9 i UPDATE node SET lft=lft-$1 WHERE tree_id=$2 AND lft>$3
         9 i UPDATE node SET rght=rght-$1 WHERE rght>$2
         9 i UPDATE node SET depth=depth-$1 WHERE tree_id=$2 AND depth>$3",
        &[],
    ),
    (
        "found by what no key holds, and only as far as it lasts",
        "CREATE TABLE stock (id bigint PRIMARY KEY, product_id bigint, shop_id bigint, quantity int NOT NULL)",
        "9 i UPDATE stock SET quantity=quantity-$1 WHERE product_id=$2 AND shop_id=$3 AND quantity>=$4",
        &["stated-condition stock(quantity)"],
    ),
    (
        "the application makes the id",
        GROUP_MEMBER,
        "5 ? INSERT INTO group_member (\"id\",\"userId\",\"groupId\") VALUES ($1,$2,$3) ON CONFLICT DO NOTHING",
        // the model, which has heard of it, is surer
        &["missing-unique-pair group_member(userId,groupId)"],
    ),
    (
        "and names it",
        GROUP_MEMBER,
        "5 ? INSERT INTO group_member (\"id\",\"userId\",\"groupId\") VALUES ($1,$2,$3) ON CONFLICT (id) DO NOTHING",
        &["conflict-without-key group_member(userId,groupId)"],
    ),
    (
        "events may be there twice",
        "CREATE TABLE outbox (id bigint PRIMARY KEY DEFAULT 1, topic text, body text)",
        "5 ? INSERT INTO outbox (topic, body) VALUES ($1,$2) ON CONFLICT DO NOTHING",
        &[],
    ),
    (
        "a count that an INSERT replaces, and others change in place",
        "CREATE TABLE stock (id bigint PRIMARY KEY, sku text UNIQUE NOT NULL, quantity int NOT NULL)",
        "5 ? INSERT INTO stock (sku, quantity) VALUES ($1,$2) ON CONFLICT (sku) DO UPDATE SET quantity = excluded.quantity
         5 ? SELECT id, sku, quantity FROM stock WHERE sku = $1
         5 ? UPDATE stock SET quantity = quantity - $1 WHERE id = $2",
        &["lost-update stock(quantity)"],
    ),
    (
        "a count that an INSERT adds to",
        "CREATE TABLE stock (id bigint PRIMARY KEY, sku text UNIQUE NOT NULL, quantity int NOT NULL)",
        "5 ? INSERT INTO stock (sku, quantity) VALUES ($1,$2) ON CONFLICT (sku) DO UPDATE SET quantity = stock.quantity + excluded.quantity
         5 ? SELECT id, sku, quantity FROM stock WHERE sku = $1
         5 ? UPDATE stock SET quantity = GREATEST($1, quantity - $2) WHERE id = $3",
        &[],
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

/// The confidence of a rule's findings on a table, the low ones too.
fn confidence(sql: &str, rows: &str, rule: &str) -> Vec<Confidence> {
    let audit = heard(&schema(sql, POSTGRES), sent(rows));
    audit.findings.iter().filter(|f| f.rule == rule).map(|f| f.confidence).collect()
}

/// What a number is called does not decide: one that is read alone and written alone is worked out from what was read.
#[test]
fn a_number_that_is_read_and_written_alone_is_told_by_that() {
    for name in
        ["on_hand", "allocated", "value", "next_number", "current_bid", "xp", "coins", "amount", "lives", "total"]
    {
        let sql = format!("CREATE TABLE t (id bigint PRIMARY KEY, name text, {name} int NOT NULL)");
        let write = format!("20 ? UPDATE t SET {name}=$1 WHERE id=$2");
        let alone = format!("20 ? SELECT id, {name} FROM t WHERE id=$1\n{write}");
        assert!(!confidence(&sql, &alone, "lost-update").is_empty(), "{name}");
        // a page that shows a row, and a form that saves one field of it
        let shown = format!("20 ? SELECT id, name, {name} FROM t WHERE id=$1\n{write}");
        assert_eq!(confidence(&sql, &shown, "lost-update"), [], "{name}");
    }
    let sequences = "CREATE TABLE sequences (name text PRIMARY KEY, value bigint NOT NULL)";
    let next = "20 ? SELECT value FROM sequences WHERE name=$1\n20 ? UPDATE sequences SET value=$1 WHERE name=$2";
    assert!(!confidence(sequences, next, "lost-update").is_empty());
}

/// Without a LIMIT one is fetched, or all are: it is told, but less believed.
#[test]
fn look_ups_without_a_limit_are_told_as_doubtful() {
    let found = |sql: &str, rows: &str| confidence(sql, rows, "check-then-insert");
    let entry = "CREATE TABLE entry (id bigint PRIMARY KEY, race_code text NOT NULL, bib int NOT NULL)";
    let insert = "5 ? INSERT INTO entry (race_code, bib) VALUES ($1, $2)";
    let pair = format!("5 ? SELECT id, race_code, bib FROM entry WHERE race_code=$1 AND bib=$2\n{insert}");
    assert_eq!(found(entry, &pair), [Confidence::Low]);
    assert_eq!(found(entry, &pair.replace("bib=$2", "bib=$2 ORDER BY race_code")), []);
    let counted = format!("{pair}\n5 ? SELECT count(*) FROM entry WHERE race_code=$1");
    assert_eq!(found(entry, &counted), [Confidence::Low]);
    let comment =
        "CREATE TABLE comment (id bigint PRIMARY KEY, commentable_type text, commentable_id bigint, post_id bigint)";
    let insert = "5 ? INSERT INTO comment (commentable_type, commentable_id, post_id) VALUES ($1, $2, $3)";
    for parent in ["post_id=$1", "commentable_type=$1 AND commentable_id=$2"] {
        assert_eq!(found(comment, &format!("5 ? SELECT * FROM comment WHERE {parent}\n{insert}")), [], "{parent}");
    }
}

/// The number that a column is compared to is masked: it is zero where the name says so.
#[test]
fn a_condition_on_anything_may_be_about_another_number_than_zero() {
    let piece =
        "CREATE TABLE piece (id bigint PRIMARY KEY, game_id bigint NOT NULL, x int NOT NULL, credits int NOT NULL)";
    let of = |column: &str| format!("9 ? UPDATE piece SET {column}={column}-$1 WHERE game_id=$2 AND {column}>$3");
    assert_eq!(confidence(piece, &of("x"), "stated-condition"), [], "of many rows");
    assert!(!confidence(piece, &of("credits"), "stated-condition").is_empty());
    let game = "CREATE TABLE game (id bigint PRIMARY KEY, x int NOT NULL)";
    let rows = "9 ? UPDATE game SET x=x-$1 WHERE id=$2 AND x>$3";
    assert_eq!(confidence(game, rows, "stated-condition"), [Confidence::Medium]);
}

/// Prisma ends every SELECT in LIMIT and OFFSET: without an order that is no page of a list.
#[test]
fn an_offset_without_an_order_is_no_page() {
    let inv = "CREATE TABLE inv2 (id text PRIMARY KEY, sku text NOT NULL, stock int NOT NULL)";
    let read = "30 ? SELECT i.id, i.sku, i.stock FROM inv2 i WHERE (i.sku=$1 AND $2=$3) LIMIT $4 OFFSET $5";
    let write = "30 ? UPDATE inv2 SET stock=$1 WHERE (id=$2 AND $3=$4)";
    assert_eq!(confidence(inv, &format!("{read}\n{write}"), "lost-update"), [Confidence::High]);
    let page = read.replace("LIMIT", "ORDER BY i.stock LIMIT");
    assert_eq!(confidence(inv, &format!("{page}\n{write}"), "lost-update"), []);
    let resv = "CREATE TABLE resv (id text PRIMARY KEY, ev_id text NOT NULL, seat text NOT NULL)";
    let rows = "30 ? SELECT r.id, r.ev_id, r.seat FROM resv r WHERE (r.ev_id=$1 AND r.seat=$2) LIMIT $3 OFFSET $4
        30 ? INSERT INTO resv (id, ev_id, seat) VALUES ($1, $2, $3)";
    assert_eq!(confidence(resv, rows, "check-then-insert"), [Confidence::Medium]);
}

/// What bounds a number is typed in; what is left of a bound is not.
#[test]
fn a_bound_is_neither_sold_nor_spent() {
    let of = |columns: [&str; 2], write: &str| {
        let [a, b] = columns;
        let sql = format!(
            "CREATE TABLE tier (id bigint PRIMARY KEY, name text, price int NOT NULL, {a} int NOT NULL, {b} int NOT NULL)"
        );
        let read = format!("30 ? SELECT id, name, price, {a}, {b} FROM tier WHERE id=$1");
        confidence(&sql, &format!("{read}\n30 ? UPDATE tier SET {write} WHERE id=$9"), "lost-update")
    };
    for [a, b] in
        [["max_seats", "min_stock"], ["seat_limit", "tickets_per_order"], ["stock_threshold", "default_quantity"]]
    {
        assert_eq!(of([a, b], &format!("name=$1, price=$2, {a}=$3, {b}=$4")), [], "{a} {b}");
        assert_eq!(of([a, b], &format!("{a}=$1")), [], "{a}");
    }
    for name in ["remaining_capacity", "quota_used", "seats"] {
        assert!(!of([name, "note"], &format!("{name}=$1")).is_empty(), "{name}");
    }
}

/// A condition that every row obeys makes no partial key.
#[test]
fn a_condition_that_all_rows_obey_chooses_none() {
    let catalog = schema("CREATE TABLE articles (id bigint PRIMARY KEY, slug text NOT NULL)", POSTGRES);
    let rows = "30 ? SELECT $1 AS one FROM articles WHERE articles.id IS NOT NULL AND articles.slug=$2 LIMIT $3
        30 ? INSERT INTO articles (slug) VALUES ($1)";
    let audit = heard(&catalog, sent(rows));
    let keys: Vec<String> = audit.findings.iter().filter(|f| f.guard.kind() == "unique").map(brief).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(audit.findings.iter().all(|f| f.guard.predicate().is_none()), "{keys:?}");
}

/// Several of some rows are several of all, whatever chooses them.
#[test]
fn a_list_of_some_rows_speaks_against_a_key_of_all() {
    let catalog = schema(
        "CREATE TABLE category (id bigint PRIMARY KEY);
         CREATE TABLE shop_product (id bigint PRIMARY KEY, category_id bigint NOT NULL REFERENCES category,
           name text NOT NULL, price int NOT NULL, is_active boolean NOT NULL)",
        POSTGRES,
    );
    let weight = |from: &str, condition: &str| {
        let rows =
            format!("30 ? SELECT p.id, p.name FROM {from} WHERE p.category_id=$1 {condition} ORDER BY p.name LIMIT $2");
        let usage = Usage::of(&catalog, Workload::of(sent(&rows)));
        let table = catalog.tables.iter().find(|t| t.name == "shop_product").unwrap();
        let key = Guard::unique(&["category_id"]);
        statements::of_guard(&usage, table, &key).iter().map(|e| e.weight).sum::<f64>()
    };
    for condition in ["", "AND p.is_active", "AND p.is_active=$3", "AND p.price > $3", "AND p.price IN ($3, $4)"] {
        assert!(weight("shop_product p", condition) < -1.0, "{condition}");
    }
    // several may be those of the other table
    for join in ["JOIN review r USING (name)", "JOIN review r ON r.product_id = p.id"] {
        assert!(weight(&format!("shop_product p {join}"), "AND p.is_active=$3") == 0.0, "{join}");
    }
}

/// A rule that doubts a key makes the finding of one that does not no worse.
#[test]
fn what_speaks_against_a_key_makes_it_no_worse() {
    let sql = "CREATE TABLE account (id bigint PRIMARY KEY);
        CREATE TABLE account_profile (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES account, bio text)";
    let catalog = schema(sql, POSTGRES);
    let asked = "30 ? SELECT $1 AS a FROM account_profile WHERE account_id=$2 LIMIT $3
        30 ? INSERT INTO account_profile (account_id, bio) VALUES ($1, $2)";
    let listed = "30 ? SELECT id, bio FROM account_profile WHERE account_id=$1 ORDER BY bio";
    for rows in [asked.to_owned(), format!("{asked}\n{listed}")] {
        let audit = heard(&catalog, sent(&rows));
        let found = audit.findings.iter().find(|f| f.guard.kind() == "unique").unwrap();
        assert_eq!((found.severity, found.remedies.len()), (Severity::Medium, 0), "{rows}");
    }
}

/// Who may reset a password is asked of all that are active, and nobody is inserted.
#[test]
fn a_list_of_those_with_a_flag_is_no_look_before_an_insert() {
    let user = "CREATE TABLE auth_user (id bigint PRIMARY KEY, email text NOT NULL, is_active boolean NOT NULL)";
    let rows = "30 ? SELECT id, email FROM auth_user WHERE (UPPER(email::text) = UPPER($1) AND is_active)
        30 ? INSERT INTO auth_user (email, is_active) VALUES ($1, $2)";
    assert_eq!(confidence(user, rows, "check-then-insert"), []);
    let all = rows.replace(" AND is_active)", ")");
    assert!(!confidence(user, &all, "check-then-insert").is_empty());
}

/// Who counts in place and sets the number on purpose resets it; a save of the whole row takes back what was counted.
#[test]
fn a_counter_that_is_reset_is_doubted() {
    let login = "CREATE TABLE login (id bigint PRIMARY KEY, name text, email text, failed_attempts int NOT NULL,
        used int NOT NULL, period text, xp int NOT NULL CHECK (xp >= 0))";
    let of = |column: &str, write: &str| {
        let rows = format!(
            "40 ? UPDATE login SET {column} = {column} + $1 WHERE id=$2
             30 ? SELECT id, name, {column}, period FROM login WHERE id=$1 LIMIT $2
             30 ? UPDATE login SET {write} WHERE id=$9"
        );
        heard(&schema(login, POSTGRES), sent(&rows)).findings.into_iter().find(|f| f.rule == "lost-update")
    };
    for (column, write) in [("failed_attempts", "failed_attempts=$1"), ("xp", "xp=$1"), ("used", "used=$1, period=$2")]
    {
        let finding = of(column, write).unwrap();
        assert_eq!((finding.confidence, finding.severity), (Confidence::Low, Severity::Medium), "{write}");
        assert!(finding.message.contains("reset"), "{}", finding.message);
    }
    let whole = of("failed_attempts", "name=$1, email=$2, failed_attempts=$3, used=$4, period=$5, xp=$6").unwrap();
    assert_eq!((whole.confidence, whole.severity), (Confidence::High, Severity::High));
    // what is sold is not reset
    let seats = "CREATE TABLE show (id bigint PRIMARY KEY, title text, seats int NOT NULL)";
    let rows = "40 ? UPDATE show SET seats = seats - $1 WHERE id=$2
        30 ? SELECT id, title, seats FROM show WHERE id=$1 LIMIT $2
        30 ? UPDATE show SET seats=$1 WHERE id=$2";
    assert_eq!(confidence(seats, rows, "lost-update"), [Confidence::High]);
}

/// One row is fetched without a LIMIT too, where what it is found by tells it apart.
#[test]
fn a_row_that_is_fetched_without_a_limit_may_be_written_back() {
    let inv = "CREATE TABLE inv (id bigint PRIMARY KEY, product_id bigint NOT NULL, warehouse_id bigint NOT NULL,
        sku text NOT NULL, region text NOT NULL, stock int NOT NULL, depth int NOT NULL)";
    let of = |condition: &str, column: &str| {
        let rows = format!(
            "30 ? SELECT id, product_id, warehouse_id, {column} FROM inv WHERE {condition}
             30 ? UPDATE inv SET {column}=$1 WHERE id=$2"
        );
        confidence(inv, &rows, "lost-update")
    };
    assert_eq!(of("product_id=$1 AND warehouse_id=$2", "stock"), [Confidence::Medium]);
    assert_eq!(of("sku=$1", "stock"), [Confidence::Medium]);
    for list in ["product_id=$1", "region=$1", "product_id=$1 AND warehouse_id=$2 ORDER BY id", "sku=$1 AND depth > $2"]
    {
        assert_eq!(of(list, "stock"), [], "{list}");
    }
    assert_eq!(of("product_id=$1 AND warehouse_id=$2", "depth"), []);
}

/// What an application locks by a number of its own is not seen, but that it does is.
#[test]
fn advisory_locks_are_heard() {
    let sql = "CREATE TABLE wallet (id bigint PRIMARY KEY, owner text, balance int NOT NULL);
        CREATE TABLE seat (id bigint PRIMARY KEY, show_id bigint NOT NULL, place text NOT NULL)";
    let rows = "30 ? SELECT id, owner, balance FROM wallet WHERE id=$1
        30 ? UPDATE wallet SET balance=$1 WHERE id=$2
        30 ? SELECT $1 AS a FROM seat WHERE show_id=$2 AND place=$3 LIMIT $4
        30 ? INSERT INTO seat (show_id, place) VALUES ($1, $2)";
    let locked = |n: u64| format!("{rows}\n{n} ? SELECT pg_advisory_xact_lock($1)\n99 ? SELECT pg_advisory_unlock($1)");
    let weight = |rows: &str, version: &str, rule: &str| {
        let audit = heard(&schema(sql, version), sent(rows));
        let reasons = audit.findings.iter().filter(|f| f.rule == rule).flat_map(|f| &f.evidence);
        reasons.filter(|e| e.text.contains("advisory")).map(|e| e.weight).sum::<f64>()
    };
    for rule in ["lost-update", "check-then-insert"] {
        assert!(weight(&locked(30), POSTGRES, rule) < 0.0, "{rule}");
        // migrations take a few; CockroachDB takes none
        assert!(weight(&locked(3), POSTGRES, rule) == 0.0, "{rule}");
        assert!(weight(&locked(30), COCKROACH, rule) == 0.0, "{rule}");
    }
    assert_eq!(confidence(sql, rows, "lost-update"), [Confidence::High]);
    assert_eq!(confidence(sql, &locked(30), "lost-update"), [Confidence::Medium]);
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

/// A number changes in the direction in which the application counts it, as far as it says.
#[test]
fn remedies_go_the_way_of_the_statements() {
    let catalog = schema(
        r#"CREATE TABLE "Coupon" ("couponId" bigint PRIMARY KEY, "usedCount" int NOT NULL, "limit" int NOT NULL)"#,
        POSTGRES,
    );
    let sql = |rows: &str, rule: &str| {
        let audit = heard(&catalog, sent(rows));
        let finding = audit.findings.iter().find(|f| f.rule == rule).unwrap_or_else(|| panic!("{rule} is not found"));
        finding.remedies.iter().find(|r| r.framework == "SQL").unwrap().text.clone()
    };
    let saved = r#"9 ? SELECT "couponId", "usedCount" FROM "Coupon" WHERE "couponId" = $1
        9 ? UPDATE "Coupon" SET "usedCount" = $1 WHERE "couponId" = $2"#;
    let up = r#"UPDATE public."Coupon" SET "usedCount" = "usedCount" + $1 WHERE "couponId" = $2"#;
    assert_eq!(sql(saved, "lost-update"), up, "what counts by its name counts up");
    let down =
        format!("{saved}\n{}", r#"9 ? UPDATE "Coupon" SET "usedCount" = "usedCount" - $1 WHERE "couponId" = $2"#);
    assert_eq!(
        sql(&down, "lost-update"),
        r#"UPDATE public."Coupon" SET "usedCount" = "usedCount" - $1 WHERE "couponId" = $2 AND "usedCount" >= $1"#,
        "the way of the statements, whatever the name"
    );
    let beneath = format!(
        "{saved}\n{}",
        r#"9 ? UPDATE "Coupon" SET "usedCount" = "usedCount" + $1 WHERE "couponId" = $2 AND "usedCount" < "limit""#
    );
    for rule in ["stated-condition", "lost-update"] {
        assert_eq!(sql(&beneath, rule), format!(r#"{up} AND "usedCount" + $1 <= "limit""#), "{rule}");
    }
}

/// A key over lower case or some of the rows is named as what it is.
#[test]
fn remedies_name_the_key_that_is_proposed() {
    let remedies = |sql: &str, rows: &str, version: &str| {
        let audit = heard(&schema(sql, version), sent(rows));
        let finding = audit.findings.into_iter().find(|f| f.rule == "check-then-insert").unwrap();
        finding.remedies.into_iter().map(|r| r.text).collect::<Vec<_>>()
    };
    let folded = "CREATE TABLE tag (id bigint PRIMARY KEY, name text NOT NULL)";
    let asked = "5 ? SELECT $1 AS one FROM tag WHERE LOWER(tag.name) = LOWER($2) LIMIT $3
        5 ? INSERT INTO tag (name) VALUES ($1)";
    let tag = remedies(folded, asked, POSTGRES);
    assert_eq!(tag[0], "INSERT INTO public.tag (…) VALUES (…) ON CONFLICT (lower(name)) DO NOTHING");
    assert!(tag[1].starts_with("Tag.objects.get_or_create(name__iexact=name, defaults={\"name\": name}),"), "{tag:#?}");
    assert!(tag[2].contains("Tag.find_by!(\"lower(name) = lower(:name)\", name: name)"), "{tag:#?}");
    assert!(tag[3].ends_with("on_conflict_do_nothing(index_elements=[func.lower(Tag.name)])"), "{tag:#?}");
    assert!(tag[4].contains("P2002") && !tag[4].starts_with("upsert"), "{tag:#?}");
    // it takes columns only
    assert!(remedies(folded, asked, COCKROACH)[0].ends_with("VALUES (…) ON CONFLICT DO NOTHING"));

    let page = remedies(
        "CREATE TABLE page (id bigint PRIMARY KEY, slug text NOT NULL, lang text NOT NULL, deleted_at timestamptz)",
        "5 ? SELECT $1 AS a FROM page WHERE slug = $2 AND lang = $3 AND deleted_at IS NULL LIMIT $4
         5 ? INSERT INTO page (slug, lang) VALUES ($1, $2)",
        POSTGRES,
    );
    assert!(page[0].ends_with("ON CONFLICT (slug, lang) WHERE deleted_at IS NULL DO NOTHING"), "{page:#?}");
    assert!(
        page[1].starts_with("Page.objects.get_or_create(slug=slug, lang=lang, deleted_at__isnull=True),"),
        "{page:#?}"
    );
    assert!(
        page[2].starts_with("Page.where(\"deleted_at IS NULL\").create_or_find_by(slug: slug, lang: lang)"),
        "{page:#?}"
    );
    assert!(
        page[3].ends_with("(index_elements=[Page.slug, Page.lang], index_where=text(\"deleted_at IS NULL\"))"),
        "{page:#?}"
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
        stale: Vec::new(),
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
