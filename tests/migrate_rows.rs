//! `migrate --verify`: the rows of a real server are asked, and the plan says what they answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use support::binary::run;
use support::postgres::{Database, Postgres};

const SHOP: &str = "
    CREATE TABLE show (id bigint PRIMARY KEY, available_seats int NOT NULL DEFAULT 0);
    CREATE TABLE person (id bigint PRIMARY KEY, username varchar(80) NOT NULL);
    CREATE TABLE reservation (id bigint PRIMARY KEY, show_id bigint NOT NULL REFERENCES show,
        person_id bigint NOT NULL REFERENCES person, created_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO show VALUES (1, -1), (2, -3), (3, 9);
    INSERT INTO person VALUES (1, 'secret-ann'), (2, 'secret-bob');
    INSERT INTO reservation (id, show_id, person_id) VALUES (1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 2, 1), (5, 2, 2);";

fn shop() -> Database {
    let database = Postgres::shared().database();
    database.run(SHOP);
    database
}

/// The part of the plan that is about a rule.
fn part<'p>(plan: &'p str, rule: &str) -> &'p str {
    plan.split("\n\n").find(|p| p.contains(rule)).unwrap_or_else(|| panic!("{rule} is not in\n{plan}"))
}

#[test]
fn rows_in_the_way_are_counted_and_grade_the_steps() {
    let database = shop();
    let plan = run(&["migrate", &database.url, "--verify", "--dry-run"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let pair = part(&plan.stdout, "missing-unique-pair");
    // rows 2 and 3 repeat row 1
    assert!(pair.contains("rows in the way: 2") && pair.contains("needs its data cleaned"), "{pair}");
    let seats = part(&plan.stdout, "negative-counter");
    assert!(seats.contains("rows in the way: 2"), "{seats}");
    let name = part(&plan.stdout, "missing-unique-key");
    assert!(name.contains("no row was in the way") && !name.contains("cleaned"), "{name}");
}

#[test]
fn values_are_shown_only_where_they_are_asked_for() {
    let database = shop();
    database.run("INSERT INTO person VALUES (3, 'secret-ann')");
    let quiet = run(&["migrate", &database.url, "--verify"]);
    assert!(quiet.stdout.contains("rows in the way: 1") && !quiet.stdout.contains("secret-ann"), "{}", quiet.stdout);
    let loud = run(&["migrate", &database.url, "--verify", "--show-values"]);
    assert!(loud.stdout.contains("username = secret-ann, rows = 2"), "{}", loud.stdout);
    let unasked = run(&["migrate", &database.url, "--show-values"]);
    assert!(unasked.code == 2 && unasked.stderr.contains("--verify"), "{}", unasked.stderr);
}

#[test]
fn a_proposal_cleans_what_it_says_and_keeps_the_first() {
    let database = shop();
    let text = run(&["migrate", &database.url, "--rule", "missing-unique-pair"]).stdout;
    let mut lines = text.lines().map(|l| l.trim_start_matches(['-', ' ']));
    lines.find(|l| *l == "keep the first:").expect("a proposal");
    let statement = lines.next().expect("its statement");
    assert!(!text.lines().any(|l| l.starts_with("DELETE")), "no proposal is active:\n{text}");
    database.run(statement);
    database
        .run("DO $$ BEGIN ASSERT (SELECT string_agg(id::text, ' ' ORDER BY id) FROM reservation) = '1 4 5'; END $$");
    let plan = run(&["migrate", &database.url, "--verify", "--dry-run", "--rule", "missing-unique-pair"]).stdout;
    assert!(plan.contains("no row was in the way") && !plan.contains("cleaned"), "{plan}");
}

/// NULLs are no duplicates of each other, and what references a row that goes is not lost with it.
#[test]
fn a_proposal_touches_no_other_row_and_loses_no_reference() {
    for (way, kept) in [("keep the first:", "1 3 4"), ("or keep the latest:", "2 3 4")] {
        let database = Postgres::shared().database();
        database.run(
            "CREATE TABLE account (id bigint PRIMARY KEY, email varchar(254), bio text);
            CREATE TABLE purchase (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
                total numeric(10, 2) NOT NULL);
            INSERT INTO account VALUES (1, 'a'), (2, 'a'), (3, NULL), (4, NULL);
            INSERT INTO purchase VALUES (1, 1, 5), (2, 2, 5), (3, 3, 5), (4, 4, 5);",
        );
        let rule = ["--rule", "missing-unique-key", "--min-confidence", "low"];
        let text = run(&[&["migrate", &database.url], &rule[..]].concat()).stdout;
        let of_email = text.split("-- file:").find(|f| f.contains("(email)")).expect("a key on email");
        let lines = of_email.lines().map(|l| l.trim_start_matches(['-', ' ']));
        let proposal: Vec<&str> =
            lines.skip_while(|l| *l != way).skip(1).take_while(|l| !l.starts_with("or ")).collect();
        assert!(proposal.iter().any(|l| l.ends_with("(ON DELETE CASCADE would delete it):")), "{proposal:?}");
        let statements: Vec<&str> = proposal.iter().copied().filter(|l| l.ends_with(';')).collect();
        let transaction = statements.split_inclusive(|s| *s == "COMMIT;").next().expect("a transaction");
        assert_eq!((transaction[0], transaction.len()), ("BEGIN;", 4), "{transaction:?}");
        database.run(&transaction.join("\n"));
        database.run(&format!(
            "DO $$ BEGIN
                ASSERT (SELECT string_agg(id::text, ' ' ORDER BY id) FROM account) = '{kept}';
                ASSERT (SELECT string_agg(account_id::text, ' ' ORDER BY id) FROM purchase) = '{0} {0} 3 4';
            END $$",
            &kept[..1]
        ));
    }
}

/// Of two rows that both have a row of their own elsewhere neither goes; without a primary key one row stays.
#[test]
fn a_proposal_loses_nothing_that_it_cannot_merge() {
    let database = Postgres::shared().database();
    database.run(
        "CREATE TABLE account (id bigint PRIMARY KEY, email varchar(254) NOT NULL, name text);
        CREATE TABLE profile (account_id bigint PRIMARY KEY REFERENCES account ON DELETE CASCADE, bio text);
        CREATE TABLE show (id bigint PRIMARY KEY); CREATE TABLE tag (id bigint PRIMARY KEY);
        CREATE TABLE show_tag (show_id bigint NOT NULL REFERENCES show, tag_id bigint NOT NULL REFERENCES tag);
        INSERT INTO account VALUES (1, 'a'), (2, 'a'), (3, 'a'); INSERT INTO profile VALUES (1, 'x'), (2, 'y');
        INSERT INTO show VALUES (1); INSERT INTO tag VALUES (1), (2); INSERT INTO show_tag VALUES (1, 1), (1, 1), (1, 2);",
    );
    let clean = |rule: &str, table: &str, way: &str| {
        let args = ["migrate", &database.url, "--rule", rule, "--table", table, "--min-confidence", "low"];
        let text = run(&args).stdout;
        let mut lines = text.lines().map(|l| l.trim_start_matches(['-', ' '])).skip_while(|l| !l.starts_with(way));
        let delete = lines.find(|l| l.starts_with("DELETE")).unwrap_or_else(|| panic!("{way} is not in\n{text}"));
        database.run(delete);
    };
    clean("missing-unique-key", "account", "keep the first:");
    clean("missing-unique-pair", "show_tag", "keep one of them");
    database.run(
        "DO $$ BEGIN
            ASSERT (SELECT string_agg(id::text, ' ' ORDER BY id) FROM account) = '1 2';
            ASSERT (SELECT count(*) FROM profile) = 2;
            ASSERT (SELECT string_agg(tag_id::text, ' ' ORDER BY tag_id) FROM show_tag) = '1 2';
        END $$",
    );
}

#[test]
fn what_may_not_be_read_is_said_and_is_not_clean() {
    let database = shop();
    database.run(&format!(
        "CREATE ROLE {0} LOGIN; GRANT SELECT ON show TO {0}; GRANT SELECT ON person TO {0}",
        database.name
    ));
    let url = database.url.replace("postgres@", &format!("{}@", database.name));
    let plan = run(&["migrate", &url, "--verify", "--dry-run"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let pair = part(&plan.stdout, "missing-unique-pair");
    assert!(pair.contains("could not be asked: permission denied") && pair.contains("cleaned"), "{pair}");
    assert!(part(&plan.stdout, "negative-counter").contains("rows in the way: 2"), "{}", plan.stdout);
    database.run(&format!("DROP OWNED BY {0}; DROP ROLE {0}", database.name));
}

#[test]
fn only_a_server_has_rows() {
    let run = run(&["migrate", "examples/booking.sql", "--verify"]);
    assert!(run.code == 2 && run.stderr.contains("only a live server has rows"), "{}", run.stderr);
}
