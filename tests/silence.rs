//! What must not be reported: each case is a schema in which the rule stays silent, with the reason why.

use dbaudit::engine::{Engine, Product, Version};
use dbaudit::evidence::{Confidence, Observed};
use dbaudit::rules::{RULES, audit, find};
use dbaudit::source::ddl::{Options, SchemaFile, read};

/// Rule, why it is silent, schema.
const SILENT: &[(&str, &str, &str)] = &[
    (
        "not-positive",
        "zero is its default",
        "CREATE TABLE o (id int PRIMARY KEY);
         CREATE TABLE order_item (id int PRIMARY KEY, o_id int REFERENCES o, quantity int NOT NULL DEFAULT 0);",
    ),
    (
        "not-positive",
        "stock runs out",
        "CREATE TABLE o (id int PRIMARY KEY);
         CREATE TABLE stock_item (id int PRIMARY KEY, o_id int REFERENCES o, quantity int NOT NULL);",
    ),
    (
        "not-positive",
        "a return is booked with a sign",
        "CREATE TABLE o (id int PRIMARY KEY);
         CREATE TABLE return_line (id int PRIMARY KEY, o_id int REFERENCES o, quantity int NOT NULL);",
    ),
    (
        "not-positive",
        "at least one already",
        "CREATE TABLE o (id int PRIMARY KEY);
         CREATE TABLE order_item (id int PRIMARY KEY, o_id int REFERENCES o, quantity int CHECK (quantity >= 1));",
    ),
    ("unbounded-share", "growth passes its whole", "CREATE TABLE t (growth_percent int);"),
    ("unbounded-share", "counts and rates", "CREATE TABLE t (port_count int, months int, price_per_month int);"),
    ("unbounded-share", "names and other words", "CREATE TABLE t (port text, support int, export int);"),
    ("unbounded-share", "a rating in chess", "CREATE TABLE player (elo_rating int);"),
    ("unbounded-share", "held by BETWEEN", "CREATE TABLE t (port int CHECK (port BETWEEN 1 AND 65535));"),
    ("unbounded-share", "held, or NULL", "CREATE TABLE t (port int CHECK (port IS NULL OR (port > 0 AND port < 65536)));"),
    ("unbounded-share", "a smallint ends before a port does", "CREATE TABLE t (port smallint);"),
    ("over-capacity", "different things", "CREATE TABLE t (available_seats int, total_price int);"),
    ("over-capacity", "a rate is no capacity", "CREATE TABLE t (used int, limit_per_hour int);"),
    ("over-capacity", "-1 stands for no limit", "CREATE TABLE t (used int, quota int DEFAULT -1);"),
    (
        "over-capacity",
        "there already, turned round",
        "CREATE TABLE t (available_seats int, total_seats int, CHECK (total_seats >= available_seats));",
    ),
    ("unordered-bounds", "a night shift", "CREATE TABLE t (start_time time NOT NULL, end_time time NOT NULL);"),
    ("unordered-bounds", "people", "CREATE TABLE t (first_name text NOT NULL, last_name text NOT NULL);"),
    (
        "unordered-bounds",
        "references",
        "CREATE TABLE t (from_id int NOT NULL, to_id int NOT NULL, start_page_id int, end_page_id int);",
    ),
    ("unordered-bounds", "a move", "CREATE TABLE t (from_version int NOT NULL, to_version int NOT NULL);"),
    (
        "unordered-bounds",
        "stamps of the row",
        "CREATE TABLE t (created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, expires_at timestamptz NOT NULL);",
    ),
    ("unordered-bounds", "beside a year", "CREATE TABLE t (begin_month int NOT NULL, end_month int NOT NULL);"),
    (
        "unordered-bounds",
        "there already, with NULL spelt out",
        "CREATE TABLE t (starts_at timestamptz NOT NULL, ends_at timestamptz, CHECK (ends_at IS NULL OR ends_at > starts_at));",
    ),
    ("unordered-bounds", "two types", "CREATE TABLE t (starts_at timestamptz NOT NULL, ends_at text NOT NULL);"),
    (
        "exclusive-references",
        "addresses of one table",
        "CREATE TABLE address (id int PRIMARY KEY);
         CREATE TABLE orders (billing_address_id int REFERENCES address, shipping_address_id int REFERENCES address);",
    ),
    (
        "exclusive-references",
        "who did it",
        "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE g (id int PRIMARY KEY);
         CREATE TABLE t (approved_by_id int REFERENCES u, created_by_id int REFERENCES g);",
    ),
    (
        "exclusive-references",
        "one is required",
        "CREATE TABLE a_card (id int PRIMARY KEY); CREATE TABLE b_card (id int PRIMARY KEY);
         CREATE TABLE t (a_card_id int NOT NULL REFERENCES a_card, b_card_id int REFERENCES b_card);",
    ),
    (
        "exclusive-references",
        "checked in other words",
        "CREATE TABLE a_card (id int PRIMARY KEY); CREATE TABLE b_card (id int PRIMARY KEY);
         CREATE TABLE t (a_card_id int REFERENCES a_card, b_card_id int REFERENCES b_card,
           CHECK (num_nonnulls(a_card_id, b_card_id) = 1));",
    ),
    (
        "exclusive-references",
        "emptied when the parent goes",
        "CREATE TABLE red_cat (id int PRIMARY KEY); CREATE TABLE big_cat (id int PRIMARY KEY);
         CREATE TABLE t (red_cat_id int REFERENCES red_cat ON DELETE SET NULL,
           big_cat_id int REFERENCES big_cat ON DELETE SET NULL);",
    ),
    ("free-state", "nobody says which values", "CREATE TABLE t (status text NOT NULL DEFAULT 'draft');"),
    (
        "free-state",
        "an enum",
        "CREATE TYPE s AS ENUM ('a', 'b'); CREATE TABLE t (status s NOT NULL); COMMENT ON COLUMN t.status IS '''a'', ''b''';",
    ),
    (
        "free-state",
        "the sibling's values are other ones",
        "CREATE TABLE u (status text CHECK (status IN ('x', 'y'))); CREATE TABLE t (status text DEFAULT 'draft');",
    ),
    (
        "self-link",
        "there already, said otherwise",
        "CREATE TABLE u (id int PRIMARY KEY);
         CREATE TABLE follow (from_id int NOT NULL REFERENCES u, to_id int NOT NULL REFERENCES u, CHECK (NOT to_id = from_id));",
    ),
    (
        "self-link",
        "one person has both parts",
        "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE tag (id int PRIMARY KEY);
         CREATE TABLE page (author_id int NOT NULL REFERENCES u, editor_id int NOT NULL REFERENCES u,
           tag_id int NOT NULL REFERENCES tag);",
    ),
    (
        "self-link",
        "a row that extends another and points elsewhere",
        "CREATE TABLE page (id int PRIMARY KEY);
         CREATE TABLE alias (page_id int PRIMARY KEY REFERENCES page, target_id int NOT NULL REFERENCES page);",
    ),
    (
        "missing-check",
        "one table is no custom",
        "CREATE TABLE a (name text CHECK (name <> '')); CREATE TABLE b (name text);",
    ),
    (
        "missing-check",
        "it has its own list",
        "CREATE TABLE a (state text CHECK (state IN ('x', 'y'))); CREATE TABLE b (state text CHECK (state IN ('x', 'y')));
         CREATE TABLE c (state text CHECK (state IN ('x', 'y'))); CREATE TABLE d (state text CHECK (state IN ('v', 'w')));",
    ),
    (
        "missing-check",
        "another type",
        "CREATE TABLE a (size int CHECK (size <> 7)); CREATE TABLE b (size int CHECK (size <> 7));
         CREATE TABLE c (size int CHECK (size <> 7)); CREATE TABLE d (size text);",
    ),
    (
        "missing-check",
        "most tables do without",
        "CREATE TABLE a (name text CHECK (name <> '')); CREATE TABLE b (name text CHECK (name <> ''));
         CREATE TABLE c (name text); CREATE TABLE d (name text); CREATE TABLE e (name text); CREATE TABLE f (name text);
         CREATE TABLE g (name text); CREATE TABLE h (name text); CREATE TABLE i (name text); CREATE TABLE j (name text);",
    ),
    ("float-money", "a share", "CREATE TABLE t (discount float8 CHECK (discount BETWEEN 0 AND 1), price numeric);"),
    ("float-money", "a rate", "CREATE TABLE t (price_change_rate float8 CHECK (price_change_rate > 0), price numeric);"),
    ("float-money", "nothing is compared", "CREATE TABLE t (price float8, weight float8 CHECK (weight > 0));"),
    ("float-money", "exact already", "CREATE TABLE t (price numeric CHECK (price > 0), fee bigint CHECK (fee < price));"),
    ("empty-key-text", "length is checked", "CREATE TABLE t (slug text NOT NULL UNIQUE CHECK (length(slug) > 0));"),
    ("empty-key-text", "no key", "CREATE TABLE t (slug text NOT NULL);"),
    (
        "soft-delete-key",
        "nobody here keys live rows alone",
        "CREATE TABLE t (number int NOT NULL UNIQUE, deleted_at timestamptz);",
    ),
    (
        "soft-delete-key",
        "an identity is given out once",
        "CREATE TABLE a (name text, slug text, deleted_at timestamptz);
         CREATE UNIQUE INDEX a_name ON a (name) WHERE deleted_at IS NULL;
         CREATE UNIQUE INDEX a_slug ON a (slug) WHERE deleted_at IS NULL;
         CREATE TABLE t (token text NOT NULL UNIQUE, deleted_at timestamptz);",
    ),
    (
        "soft-delete-key",
        "a foreign key needs it",
        "CREATE TABLE a (name text, slug text, deleted_at timestamptz);
         CREATE UNIQUE INDEX a_name ON a (name) WHERE deleted_at IS NULL;
         CREATE UNIQUE INDEX a_slug ON a (slug) WHERE deleted_at IS NULL;
         CREATE TABLE t (email text NOT NULL UNIQUE, deleted_at timestamptz); CREATE TABLE r (email text REFERENCES t (email));",
    ),
    (
        "soft-delete-key",
        "who deleted it is no marker",
        "CREATE TABLE a (name text, slug text, deleted_at timestamptz);
         CREATE UNIQUE INDEX a_name ON a (name) WHERE deleted_at IS NULL;
         CREATE UNIQUE INDEX a_slug ON a (slug) WHERE deleted_at IS NULL;
         CREATE TABLE t (email text NOT NULL UNIQUE, deleted_by_id int);",
    ),
    (
        "soft-delete-key",
        "how many were deleted is no marker",
        "CREATE TABLE a (name text, slug text, deleted_at timestamptz);
         CREATE UNIQUE INDEX a_name ON a (name) WHERE deleted_at IS NULL;
         CREATE UNIQUE INDEX a_slug ON a (slug) WHERE deleted_at IS NULL;
         CREATE TABLE t (email text NOT NULL UNIQUE, deleted_count int);",
    ),
    ("case-sensitive-key", "codes", "CREATE TABLE t (code text NOT NULL UNIQUE, token text NOT NULL UNIQUE);"),
    ("case-sensitive-key", "citext", "CREATE EXTENSION citext; CREATE TABLE t (email citext NOT NULL UNIQUE);"),
    (
        "case-sensitive-key",
        "another key closes it",
        "CREATE TABLE t (email text NOT NULL UNIQUE); CREATE UNIQUE INDEX t_email ON t (lower(email));",
    ),
    (
        "case-sensitive-key",
        "held to lower case",
        "CREATE TABLE t (email text NOT NULL UNIQUE CHECK (email = lower(email))); CREATE INDEX t_email ON t (lower(email));",
    ),
    (
        "case-sensitive-key",
        "the key of a code that was sent",
        "CREATE TABLE t (email text NOT NULL, code text NOT NULL, UNIQUE (email, code));",
    ),
    (
        "null-passes-check",
        "an end that stays open",
        "CREATE TABLE t (starts_at timestamptz NOT NULL, ends_at timestamptz, CHECK (starts_at < ends_at));",
    ),
    (
        "null-passes-check",
        "NULL is spoken of",
        "CREATE TABLE t (starts_at date, ends_at date NOT NULL, CHECK (starts_at IS NULL OR starts_at < ends_at));",
    ),
    ("null-passes-check", "an optional number", "CREATE TABLE t (weight int CHECK (weight > 0));"),
    (
        "nullable-by-neglect",
        "four are no custom",
        "CREATE TABLE a (x int NOT NULL); CREATE TABLE b (x int NOT NULL); CREATE TABLE c (x int NOT NULL);
         CREATE TABLE d (x int NOT NULL); CREATE TABLE t (x int DEFAULT 1);",
    ),
    (
        "nullable-by-neglect",
        "another type",
        "CREATE TABLE a (x int NOT NULL); CREATE TABLE b (x int NOT NULL); CREATE TABLE c (x int NOT NULL);
         CREATE TABLE d (x int NOT NULL); CREATE TABLE e (x int NOT NULL); CREATE TABLE t (x text DEFAULT 'a');",
    ),
    (
        "nullable-by-neglect",
        "a reference may be absent",
        "CREATE TABLE a (x_id int NOT NULL); CREATE TABLE b (x_id int NOT NULL); CREATE TABLE c (x_id int NOT NULL);
         CREATE TABLE d (x_id int NOT NULL); CREATE TABLE e (x_id int NOT NULL); CREATE TABLE t (x_id int);",
    ),
    ("missing-foreign-key", "no custom", "CREATE TABLE shows (id int PRIMARY KEY); CREATE TABLE t (show_id int);"),
    ("nullable-unique", "NULL means has none", "CREATE TABLE t (email text UNIQUE);"),
    (
        "nullable-unique",
        "many members of a tenant may have no address",
        "CREATE TABLE tenant (id int PRIMARY KEY);
         CREATE TABLE t (tenant_id int NOT NULL REFERENCES tenant, email text, UNIQUE (tenant_id, email));",
    ),
    (
        "nullable-unique",
        "what would be left of the key names nothing",
        "CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY);
         CREATE TABLE t (o_id int NOT NULL REFERENCES o, p_id int REFERENCES p, UNIQUE (o_id, p_id));",
    ),
    (
        "nullable-unique",
        "NULL means that the row is within something else, which has its key",
        "CREATE TABLE d (id int PRIMARY KEY); CREATE TABLE m (id int PRIMARY KEY);
         CREATE TABLE port (d_id int REFERENCES d, m_id int REFERENCES m, name text NOT NULL, UNIQUE (d_id, name), UNIQUE (m_id, name));",
    ),
    ("nullable-unique", "all of it is optional", "CREATE TABLE t (provider text, uid text, UNIQUE (provider, uid));"),
];

/// Five declared references to `shows`, so that a sixth would be missed.
const CUSTOM: &str = "CREATE TABLE shows (id int PRIMARY KEY);
    CREATE TABLE a (show_id int REFERENCES shows); CREATE TABLE b (show_id int REFERENCES shows);
    CREATE TABLE c (show_id int REFERENCES shows); CREATE TABLE d (show_id int REFERENCES shows);
    CREATE TABLE e (show_id int REFERENCES shows);";

/// With that custom: why no reference is missed, and a table.
const NO_REFERENCE: &[(&str, &str)] = &[
    ("polymorphic", "CREATE TABLE t (show_id int, show_type text);"),
    ("another type", "CREATE TABLE t (show_id text);"),
    ("an id of another system", "CREATE TABLE t (external_show_id int);"),
    (
        "part of a wider reference",
        "CREATE TABLE w (show_id int REFERENCES shows, n int, PRIMARY KEY (show_id, n));
         CREATE TABLE t (show_id int, n int, FOREIGN KEY (show_id, n) REFERENCES w);",
    ),
    ("what is gone is kept", "CREATE TABLE deleted_row_log (show_id int);"),
    ("what is gone is kept, in one word", "CREATE TABLE core_deletedrow (show_id int);"),
];

fn found(rule: &str, sql: &str) -> Vec<String> {
    let file = SchemaFile { name: "schema.sql".into(), text: sql.into() };
    let reading = read(&[file], &Options { engine: None });
    let told: Vec<String> = reading.problems.iter().map(ToString::to_string).collect();
    assert!(!reading.catalog.tables.is_empty(), "{sql}: {told:?}");
    let rules: Vec<_> = find(rule).into_iter().collect();
    assert_eq!(rules.len(), 1, "no rule is called {rule}");
    let findings = audit(&reading.catalog, &Observed::default(), &rules).findings;
    findings.iter().map(|f| format!("{} ({}) {:#?}", f.message, f.confidence, f.evidence)).collect()
}

#[test]
fn rules_are_silent_where_breaking_them_is_normal() {
    let with_custom = NO_REFERENCE.iter().map(|(why, sql)| ("missing-foreign-key", *why, format!("{CUSTOM}{sql}")));
    let all = SILENT.iter().map(|(rule, why, sql)| (*rule, *why, (*sql).to_owned())).chain(with_custom);
    let wrong: Vec<String> = all
        .filter_map(|(rule, why, sql)| {
            let found = found(rule, &sql);
            (!found.is_empty()).then(|| format!("{rule}, though {why}: {}", found.join("\n")))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The custom itself is no reason for silence: without an exception the reference is missed.
#[test]
fn a_missing_reference_is_seen_against_the_custom() {
    assert_eq!(found("missing-foreign-key", &format!("{CUSTOM} CREATE TABLE t (show_id int);")).len(), 1);
}

/// Money in floating point: the type has to change before a guard is of use, and the evidence says so.
#[test]
fn floating_point_money_is_explained() {
    let found = found("over-capacity", "CREATE TABLE t (spent_amount float8, max_amount float8);");
    assert!(
        found.len() == 1 && found.iter().all(|f| f.contains("(low)") && f.contains("make it numeric")),
        "{found:?}"
    );
}

/// What people choose is medium by itself, high by custom; what is given out once is low at most.
#[test]
fn soft_delete_weighs_by_what_the_key_is() {
    let custom = "CREATE TABLE a (name text, slug text, code text, label text, deleted_at timestamptz);
        CREATE UNIQUE INDEX a1 ON a (name) WHERE deleted_at IS NULL; CREATE UNIQUE INDEX a2 ON a (slug) WHERE deleted_at IS NULL;
        CREATE UNIQUE INDEX a3 ON a (code) WHERE deleted_at IS NULL; CREATE UNIQUE INDEX a4 ON a (label) WHERE deleted_at IS NULL;
        CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE q (id int PRIMARY KEY);";
    for (before, columns, confidence) in [
        ("", "email text UNIQUE", Some("medium")),
        (custom, "email text UNIQUE", Some("high")),
        ("", "token text UNIQUE", None),
        (custom, "number int UNIQUE", None),
        (custom, "p_id int REFERENCES p, q_id int REFERENCES q, UNIQUE (p_id, q_id)", Some("medium")),
        // three keys and not one for live rows: they are revived, or never come back
        ("", "email text UNIQUE, slug text UNIQUE, name text UNIQUE, login text UNIQUE", Some("low")),
    ] {
        let found = found("soft-delete-key", &format!("{before} CREATE TABLE t ({columns}, deleted_at timestamptz);"));
        match confidence {
            None => assert!(found.is_empty(), "{columns}: {found:?}"),
            Some(c) => assert!(!found.is_empty() && found.iter().all(|f| f.contains(&format!("({c})"))), "{found:#?}"),
        }
    }
}

/// A type is changed in one statement on PostgreSQL; CockroachDB wants the column free of CHECKs, defaults and indexes.
#[test]
fn money_changes_its_type_as_the_engine_allows() {
    let sql =
        "CREATE TABLE t (id int PRIMARY KEY, price float8 NOT NULL DEFAULT 0, CONSTRAINT positive CHECK (price > 0));";
    for (product, version, wanted) in [
        (
            Product::PostgreSql,
            "15.4",
            "ALTER TABLE public.t DROP CONSTRAINT positive, ALTER COLUMN price TYPE numeric, ADD CONSTRAINT positive CHECK (price > 0);",
        ),
        (
            Product::CockroachDb,
            "24.1",
            "-- a view that uses the column has to be dropped before, and made again at the end
ALTER TABLE public.t ALTER COLUMN price DROP DEFAULT;
ALTER TABLE public.t DROP CONSTRAINT IF EXISTS positive;
SET enable_experimental_alter_column_type_general = true;
ALTER TABLE public.t ALTER COLUMN price TYPE numeric;
ALTER TABLE public.t ADD CONSTRAINT positive CHECK (price > 0) NOT VALID;
ALTER TABLE public.t VALIDATE CONSTRAINT positive;
ALTER TABLE public.t ALTER COLUMN price SET DEFAULT 0;",
        ),
    ] {
        let file = SchemaFile { name: "schema.sql".into(), text: sql.into() };
        let mut catalog = read(&[file], &Options { engine: None }).catalog;
        catalog.engine = Engine { product, version: Version::find(version) };
        let rules: Vec<_> = find("float-money").into_iter().collect();
        let findings = audit(&catalog, &Observed::default(), &rules).findings;
        assert_eq!(findings.iter().map(|f| f.sql().join("\n")).collect::<Vec<_>>(), [wanted]);
        catalog.engine.version = Version::find("25.2");
        let findings = audit(&catalog, &Observed::default(), &rules).findings;
        assert!(findings.iter().all(|f| f.sql().iter().all(|s| !s.starts_with("SET"))), "{findings:#?}");
    }
}

/// A nullable name beside the mark of deletion: the one key that is asked for is that of the living.
#[test]
fn only_the_mark_of_deletion_is_a_hole() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, email text, deleted_at timestamptz, UNIQUE (email, deleted_at));";
    let file = SchemaFile { name: "schema.sql".into(), text: sql.into() };
    let findings = audit(&read(&[file], &Options { engine: None }).catalog, &Observed::default(), RULES).findings;
    let keys: Vec<_> = findings.iter().filter(|f| f.guard.kind() == "unique").collect();
    assert!(keys.len() == 1 && keys.iter().all(|f| f.sql().len() == 1), "{keys:#?}");
    let sql = &keys[0].steps[0].sql;
    assert!(sql.contains("(email) WHERE deleted_at IS NULL") && sql.contains(&keys[0].guard_name), "{sql}");
}

/// Two references of one column that are not validated are two faults.
#[test]
fn references_differ_by_their_target() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE r (x int);
        ALTER TABLE r ADD CONSTRAINT f1 FOREIGN KEY (x) REFERENCES t NOT VALID;
        ALTER TABLE r ADD CONSTRAINT f2 FOREIGN KEY (x) REFERENCES u NOT VALID;";
    let file = SchemaFile { name: "schema.sql".into(), text: sql.into() };
    let rules: Vec<_> = find("unvalidated-constraint").into_iter().collect();
    let findings = audit(&read(&[file], &Options { engine: None }).catalog, &Observed::default(), &rules).findings;
    let names: Vec<&str> = findings.iter().map(|f| f.guard_name.as_str()).collect();
    let prints: std::collections::BTreeSet<&str> = findings.iter().map(|f| f.fingerprint.as_str()).collect();
    assert!(names.len() == 2 && prints.len() == 2, "{names:?} {prints:?}");
}

/// Of two checks of which one implies the other, one is proposed.
#[test]
fn the_stricter_check_speaks_for_both() {
    let sql = "CREATE TABLE o (id int PRIMARY KEY);
        CREATE TABLE order_item (id int PRIMARY KEY, o_id int NOT NULL REFERENCES o, quantity int NOT NULL);";
    let file = SchemaFile { name: "schema.sql".into(), text: sql.into() };
    let findings = audit(&read(&[file], &Options { engine: None }).catalog, &Observed::default(), RULES).findings;
    let believed = findings.iter().filter(|f| f.confidence >= Confidence::Medium);
    assert_eq!(believed.filter(|f| f.guard.kind() == "check").count(), 1, "{findings:#?}");
}

/// Values that rows keep without owning them, and what authors have keyed otherwise: low confidence at most, and said so.
#[test]
fn what_is_kept_is_not_a_key() {
    let things = "CREATE TABLE users (id bigint PRIMARY KEY, name text); CREATE TABLE product (id bigint PRIMARY KEY);";
    for table in [
        "address (id bigint PRIMARY KEY, zip_code varchar(10) NOT NULL, city text)",
        "payment (id bigint PRIMARY KEY, currency_code char(3) NOT NULL, amount numeric NOT NULL)",
        "payment (id bigint PRIMARY KEY, customer_email text NOT NULL, amount numeric NOT NULL)",
        "response (id bigint PRIMARY KEY, status_code text NOT NULL)",
        "transfer (id bigint PRIMARY KEY, from_user_id bigint NOT NULL REFERENCES users, to_user_id bigint NOT NULL
           REFERENCES users, amount numeric)",
        "purchase (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, product_id bigint NOT NULL REFERENCES
           product, created_at timestamptz)",
        "issue (id bigint PRIMARY KEY, created_by_id bigint NOT NULL REFERENCES users, updated_by_id bigint NOT NULL
           REFERENCES users)",
        "person (id bigint PRIMARY KEY, users_id bigint NOT NULL REFERENCES users, email text NOT NULL, UNIQUE (users_id,
           email))",
    ] {
        let sql = format!("{things} CREATE TABLE {table};");
        let file = SchemaFile { name: "schema.sql".into(), text: sql };
        let findings = audit(&read(&[file], &Options { engine: None }).catalog, &Observed::default(), RULES).findings;
        let asked = findings.iter().filter(|f| f.guard.kind() == "unique" && f.confidence >= Confidence::Medium);
        assert_eq!(asked.count(), 0, "{table}: {findings:#?}");
    }
}

/// A table that is a pair and has no key at all has one hole: the pair's rule asks for the primary key.
#[test]
fn a_pair_without_a_key_is_one_finding() {
    let sql = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);
        CREATE TABLE a_b (a_id int NOT NULL REFERENCES a, b_id int NOT NULL REFERENCES b);";
    let file = SchemaFile { name: "schema.sql".into(), text: sql.into() };
    let findings = audit(&read(&[file], &Options { engine: None }).catalog, &Observed::default(), RULES).findings;
    let rules: Vec<&str> = findings.iter().map(|f| f.rule).collect();
    assert_eq!(rules, ["missing-unique-pair"], "{findings:#?}");
    assert!(findings[0].sql().iter().any(|s| s.contains("PRIMARY KEY (a_id, b_id)")), "{findings:#?}");
}
