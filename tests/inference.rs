//! Inferred keys and bounds: what is found on a schema with the fault, and that it is gone with the guard.

use dbaudit::catalog::Catalog;
use dbaudit::evidence::{Confidence, Observed};
use dbaudit::inference::{Inference, base_scores, facts::Facts};
use dbaudit::rules::{self, Finding};
use dbaudit::source::ddl::{Options, SchemaFile, read};

fn catalog(sql: &str) -> Catalog {
    let file = SchemaFile { name: "test.sql".into(), text: sql.into() };
    read(&[file], &Options { engine: None }).catalog
}

fn findings(sql: &str) -> Vec<Finding> {
    rules::audit(&catalog(sql), &Observed::default(), rules::RULES).findings
}

const PARENTS: &str = "
    CREATE TABLE organization (id bigint PRIMARY KEY, slug varchar(80) NOT NULL);
    CREATE TABLE users (id bigint PRIMARY KEY, email varchar(254) NOT NULL);
    CREATE TABLE product (id bigint PRIMARY KEY, sku varchar(40) NOT NULL);";

/// Rule, table with the fault, the columns of the key, and the guard.
const KEYS: &[(&str, &str, &[&str], &str)] = &[
    (
        "missing-unique-key",
        "CREATE TABLE article (id bigint PRIMARY KEY, slug varchar(80) NOT NULL, body text)",
        &["slug"],
        "CREATE UNIQUE INDEX ON article (slug)",
    ),
    (
        "missing-scoped-key",
        "CREATE TABLE organization_team (id bigint PRIMARY KEY,
           organization_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE, name varchar(50) NOT NULL,
           description text NOT NULL, color text, is_active boolean NOT NULL);
         CREATE TABLE users_team (id bigint PRIMARY KEY, team_id bigint NOT NULL REFERENCES organization_team)",
        &["name", "organization_id"],
        "CREATE UNIQUE INDEX ON organization_team (organization_id, name)",
    ),
    (
        "missing-unique-pair",
        "CREATE TABLE organization_users (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization,
           users_id bigint NOT NULL REFERENCES users)",
        &["organization_id", "users_id"],
        "ALTER TABLE organization_users ADD UNIQUE (users_id, organization_id)",
    ),
    (
        "missing-one-to-one",
        "CREATE TABLE users_settings (id bigint PRIMARY KEY, users_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
           theme boolean NOT NULL)",
        &["users_id"],
        "CREATE UNIQUE INDEX ON users_settings (users_id)",
    ),
    (
        "missing-position-key",
        "CREATE TABLE product_version (id bigint PRIMARY KEY, product_id bigint NOT NULL REFERENCES product ON DELETE
           CASCADE, version int NOT NULL)",
        &["product_id", "version"],
        "CREATE UNIQUE INDEX ON product_version (product_id, version)",
    ),
    (
        "missing-idempotency-key",
        "CREATE TABLE charge (id bigint PRIMARY KEY, idempotency_key uuid NOT NULL, amount int NOT NULL)",
        &["idempotency_key"],
        "CREATE UNIQUE INDEX ON charge (idempotency_key)",
    ),
    (
        "missing-external-id",
        "CREATE TABLE buyer (id bigint PRIMARY KEY, stripe_customer_id varchar(255) NOT NULL, note text)",
        &["stripe_customer_id"],
        "CREATE UNIQUE INDEX ON buyer (stripe_customer_id)",
    ),
    (
        "missing-translation-key",
        "CREATE TABLE product_translation (product_id bigint NOT NULL REFERENCES product ON DELETE
           CASCADE, language varchar(15) NOT NULL, name text NOT NULL)",
        &["language", "product_id"],
        "CREATE UNIQUE INDEX ON product_translation (product_id, language)",
    ),
    (
        "missing-polymorphic-key",
        "CREATE TABLE likes (likeable_type varchar(40) NOT NULL, likeable_id bigint NOT NULL)",
        &["likeable_id", "likeable_type"],
        "CREATE UNIQUE INDEX ON likes (likeable_type, likeable_id)",
    ),
    (
        "missing-composite-key",
        "CREATE TABLE setting (namespace varchar(40) NOT NULL, name varchar(40) NOT NULL)",
        &["name", "namespace"],
        "CREATE UNIQUE INDEX ON setting (namespace, name)",
    ),
];

#[test]
fn each_shape_is_found_and_is_gone_with_its_guard() {
    for (rule, table, columns, guard) in KEYS {
        let hit = |f: &Finding| {
            let mut found = f.guard.columns();
            found.sort_unstable();
            let here = table.starts_with(&format!("CREATE TABLE {} ", f.table));
            here && f.rule == *rule && found == *columns
        };
        let red = findings(&format!("{PARENTS} {table};"));
        assert!(red.iter().any(hit), "{rule} is not among {:#?}", red.iter().map(summary).collect::<Vec<_>>());
        let green = findings(&format!("{PARENTS} {table}; {guard};"));
        assert!(!green.iter().any(hit), "{rule} is found in spite of its guard");
    }
}

fn summary(f: &Finding) -> String {
    format!("{} {} {:?} {}", f.rule, f.table, f.guard.columns(), f.confidence)
}

#[test]
fn every_finding_says_why() {
    let tables: String = KEYS.iter().map(|(_, table, ..)| format!("{table};")).collect();
    for f in findings(&format!("{PARENTS} {tables}")) {
        assert!(f.evidence.iter().any(|e| e.weight >= 0.0), "nothing speaks for {}", summary(&f));
        for e in &f.evidence {
            let feature = [':', '+', '<', '>'].iter().any(|c| e.text.contains(*c)) && !e.text.contains(">= ");
            assert!(!feature, "a feature's name in: {}", e.text);
        }
    }
}

/// Prior and evidence of a proposal are its score, whatever was too small to tell.
#[test]
fn evidence_adds_up_to_the_score() {
    let tables: String = KEYS.iter().map(|(_, table, ..)| format!("{table};")).collect();
    let catalog = catalog(&tables);
    let facts = Facts::of(&catalog);
    assert!(!facts.guarded, "scores are base scores");
    let scores = base_scores(&facts);
    let inference = Inference::of(&catalog, &Observed::default());
    assert!(!inference.keys.is_empty());
    let mut last = "";
    for key in &inference.keys {
        let first = key.table.name != last;
        last = &key.table.name;
        let sum = key.belief.prior + key.belief.evidence.iter().map(|e| e.weight).sum::<f64>();
        let score = scores.iter().find(|(table, candidate, _)| {
            let table = &facts.tables[*table];
            let columns: Vec<&str> = table.each(&candidate.columns).map(|c| c.name()).collect();
            table.name() == last
                && columns.len() == key.columns.len()
                && columns.iter().all(|c| key.columns.contains(c))
        });
        let score = score.expect("a candidate").2;
        // the first proposal of a table pays no penalty
        assert!(if first { (sum - score).abs() < 1e-6 } else { sum < score }, "{last} {:?}", key.columns);
    }
}

#[test]
fn the_same_again() {
    let tables: String = KEYS.iter().map(|(_, table, ..)| format!("{table};")).collect();
    let schema = format!("{PARENTS} {tables}");
    let tell = || findings(&schema).iter().map(|f| format!("{f:?}")).collect::<Vec<_>>();
    assert_eq!(tell(), tell());
}

/// Where the schema deletes softly, a key is for the living.
#[test]
fn a_soft_delete_makes_the_key_partial() {
    let found = |sql: &str| {
        let all = findings(sql);
        let f = all.into_iter().find(|f| f.table == "article" && f.guard.columns() == ["slug"]).expect("the slug");
        f.guard.predicate().map(ToString::to_string)
    };
    let article = "CREATE TABLE article (id bigint PRIMARY KEY, slug varchar(80) NOT NULL";
    assert_eq!(found(&format!("{article});")), None);
    assert_eq!(found(&format!("{article}, deleted_at timestamptz);")), Some("deleted_at IS NULL".into()));
    assert_eq!(found(&format!("{article}, is_deleted boolean NOT NULL);")), Some("NOT is_deleted".into()));
    let page = "CREATE TABLE page (id bigint PRIMARY KEY, path text NOT NULL, removed_at timestamptz);
        CREATE UNIQUE INDEX ON page (path) WHERE removed_at IS NULL;";
    assert_eq!(found(&format!("{page} {article}, removed_at timestamptz);")), Some("removed_at IS NULL".into()));
}

/// Where the schema's own logins ignore case, a new key does, too.
#[test]
fn case_is_ignored_where_the_schema_ignores_it() {
    let member = "CREATE TABLE member (id bigint PRIMARY KEY, email varchar(254) NOT NULL);";
    let found = |sql: &str| {
        let all = findings(sql);
        let f = all.into_iter().find(|f| f.table == "member" && f.guard.columns() == ["email"]).expect("the e-mail");
        f.guard.expression()
    };
    assert_eq!(found(member), None);
    let account = "CREATE TABLE account (id bigint PRIMARY KEY, email text NOT NULL);
        CREATE UNIQUE INDEX ON account (lower(email));";
    assert_eq!(found(&format!("{account} {member}")).as_deref(), Some("lower(email)"));
}

/// A framework's own books are nobody's to change.
#[test]
fn frameworks_are_left_alone() {
    let found = findings(
        "CREATE TABLE schema_migrations (version varchar(80) NOT NULL, slug varchar(80) NOT NULL, PRIMARY KEY (version));
         CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, uuid uuid NOT NULL);",
    );
    assert!(found.is_empty(), "{:?}", found.iter().map(summary).collect::<Vec<_>>());
}

/// A schema whose authors write UNIQUE.
const GUARDED: &str = "
    CREATE TABLE organization (id bigint PRIMARY KEY, slug varchar(80) NOT NULL UNIQUE);
    CREATE TABLE users (id bigint PRIMARY KEY, email varchar(254) NOT NULL UNIQUE);
    CREATE TABLE team (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
      slug varchar(50) NOT NULL, UNIQUE (organization_id, slug));
    CREATE TABLE label (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization ON DELETE CASCADE,
      slug varchar(50) NOT NULL, UNIQUE (organization_id, slug));";

/// The missing key on these columns of a table: how sure, and the reasons against it.
fn key(sql: &str, table: &str, columns: &[&str]) -> Option<(Confidence, Vec<String>)> {
    let f = findings(sql)
        .into_iter()
        .find(|f| f.rule.starts_with("missing-") && f.table == table && f.guard.columns() == columns)?;
    let against = f.evidence.iter().filter(|e| e.weight < 0.0).map(|e| e.text.clone());
    Some((f.confidence, against.collect()))
}

/// Whoever made a name unique within one thing seldom forgot to make it unique within another.
#[test]
fn a_name_that_is_unique_within_something_else_is_doubted() {
    let project = "CREATE TABLE project (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization
        ON DELETE CASCADE, region text NOT NULL, slug varchar(50) NOT NULL, name text NOT NULL);";
    let doubt = "slug is unique within something else already: (region, slug)";
    let found = |guard: &str| {
        key(&format!("{GUARDED} {project} {guard}"), "project", &["organization_id", "slug"]).expect("the slug")
    };
    let doubts = |against: &[String]| against.iter().any(|text| text.contains("unique within something else"));
    for believed in ["", "CREATE UNIQUE INDEX ON project (organization_id, region);"] {
        let (confidence, against) = found(believed);
        assert!(confidence >= Confidence::Medium && !doubts(&against), "{believed}: {confidence} {against:?}");
    }
    let (confidence, against) = found("CREATE UNIQUE INDEX ON project (region, slug);");
    assert!(confidence == Confidence::Low && against.iter().any(|text| text == doubt), "{confidence} {against:?}");
}

/// An index without UNIQUE was written so, where others are written with it.
#[test]
fn a_plain_index_among_unique_keys_is_a_doubt() {
    let article = "CREATE TABLE article (id bigint PRIMARY KEY, slug varchar(80) NOT NULL, body text);";
    let index = "CREATE INDEX ON article (slug);";
    let doubt = "an index on slug is there, and its authors did not make it unique";
    let found = |sql: &str| key(sql, "article", &["slug"]).expect("the slug");
    let (confidence, against) = found(&format!("{GUARDED} {article}"));
    assert!(confidence >= Confidence::Medium && !against.iter().any(|text| text == doubt), "{confidence} {against:?}");
    let (confidence, against) = found(&format!("{GUARDED} {article} {index}"));
    assert!(confidence == Confidence::Low && against.iter().any(|text| text == doubt), "{confidence} {against:?}");
    // where nobody writes UNIQUE, an index without it says nothing of the kind
    let (_, against) = found(&format!("{article} {index}"));
    assert!(!against.iter().any(|text| text == doubt), "{against:?}");
}

/// A package gave its tables the keys that it wants. Where they are gone, that is worth knowing.
#[test]
fn a_table_of_a_package_that_has_a_key_lacks_no_other() {
    let table = |name: &str| {
        format!(
            "{GUARDED} CREATE TABLE {name} (id bigint PRIMARY KEY, username varchar(150) NOT NULL,
               email varchar(254) NOT NULL, available_seats int NOT NULL);"
        )
    };
    let asked = |sql: &str, name: &str| {
        let asked = |f: &Finding| f.rule.starts_with("missing-") || f.rule == "negative-counter";
        findings(sql).iter().filter(|f| f.table == name && asked(f)).map(summary).collect::<Vec<_>>()
    };
    let guard = |name: &str| format!("CREATE UNIQUE INDEX ON {name} (username);");
    let without = table("auth_user");
    assert!(key(&without, "auth_user", &["username"]).is_some(), "its own key is gone");
    assert!(key(&without, "auth_user", &["email"]).is_some());
    let left_out = asked(&format!("{without} {}", guard("auth_user")), "auth_user");
    assert!(left_out.is_empty(), "{left_out:?}");
    // a table of one's own is asked in spite of its key
    let own = asked(&format!("{} {}", table("player"), guard("player")), "player");
    assert!(own.iter().any(|f| f.contains("[\"email\"]")), "{own:?}");
}

/// Ten thousand tables take about ten times as long as one thousand.
#[test]
fn time_grows_with_the_schema_and_no_faster() {
    let schema = |n: usize| {
        let table = |i: usize| {
            format!(
                "CREATE TABLE thing_{i} (id bigint PRIMARY KEY, name text NOT NULL, slug text NOT NULL, parent_id bigint
                   REFERENCES thing_{}, owner_id bigint NOT NULL, position int NOT NULL, deleted_at timestamptz,
                   UNIQUE (parent_id, {}));",
                i / 2,
                if i.is_multiple_of(3) { "slug" } else { "name" }
            )
        };
        catalog(&(0..n).map(table).collect::<String>())
    };
    let time = |catalog: &Catalog| {
        let began = std::time::Instant::now();
        assert!(!Inference::of(catalog, &Observed::default()).keys.is_empty());
        began.elapsed().as_secs_f64()
    };
    let (small, large) = (schema(400), schema(4000));
    let (short, long) = (time(&small).max(0.01), time(&large));
    assert!(long < 40.0 * short, "{short} s for 400 tables, {long} s for 4000");
}
