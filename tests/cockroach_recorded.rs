//! The catalog of rows that a real CockroachDB v21.1 returned, and of what later versions make of the same schema.
//!
//! Later servers could not be recorded. Their answers are derived from the recorded rows by the differences that are
//! documented: each function below states the one it applies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

#[path = "support/replay.rs"]
#[allow(dead_code)]
mod replay;

use dbaudit::catalog::*;
use dbaudit::source::live::{Failure, Recording, ResultSet, assemble};
use replay::{Relation, Server};
use serde_json::{Value, json};

fn catalog(server: &Server) -> Catalog {
    assemble(&server.recording()).unwrap()
}

fn zoo() -> Catalog {
    catalog(&Server::recorded("zoo"))
}

fn keys(table: &Table) -> Vec<String> {
    let show = |k: &UniqueKey| {
        let parts: Vec<String> = k.key.iter().flat_map(KeyPart::columns).map(str::to_owned).collect();
        let predicate = k.predicate.as_ref().map(|p| format!(" where {p}")).unwrap_or_default();
        format!("{} ({}){predicate}{}", k.name, parts.join(", "), if k.valid { "" } else { " invalid" })
    };
    table.unique_keys.iter().map(show).collect()
}

#[test]
fn the_whole_catalog() {
    insta::assert_json_snapshot!("zoo", zoo());
    insta::assert_json_snapshot!("booking", catalog(&Server::recorded("booking")));
}

#[test]
fn only_tables_of_the_user_are_listed() {
    let catalog = zoo();
    let names: Vec<String> = catalog.tables.iter().map(|t| format!("{}.{}", t.schema, t.name)).collect();
    assert_eq!(
        names,
        [
            "public.Odd Names",
            "public.customer",
            "public.no_pk",
            "public.seat_hold",
            "public.sharded",
            "public.show",
            "public.types",
            "sales.order",
            "sales.order_line"
        ],
        "no view, no sequence, no index, no virtual table"
    );
    assert_eq!(catalog.missing, []);
}

#[test]
fn hidden_columns_of_the_engine_are_gone_and_its_rowid_is_no_primary_key() {
    let catalog = zoo();
    let no_pk = catalog.table("public", "no_pk").unwrap();
    assert_eq!((no_pk.primary_key.as_ref(), no_pk.hidden_rowid), (None, true));
    assert!(no_pk.column("rowid").is_none());
    let sharded = catalog.table("public", "sharded").unwrap();
    let columns: Vec<&str> = sharded.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(columns, ["id", "ts", "code"]);
    assert_eq!(sharded.primary_key.as_ref().unwrap().columns, ["id"]);
    assert!(!sharded.hidden_rowid);
}

#[test]
fn shards_are_neither_part_of_a_key_nor_a_check() {
    let catalog = zoo();
    let sharded = catalog.table("public", "sharded").unwrap();
    assert_eq!(keys(sharded), ["sharded_code (code)"]);
    assert_eq!(sharded.checks, []);
}

#[test]
fn keys_without_an_index_and_partial_keys() {
    let catalog = zoo();
    let no_pk = catalog.table("public", "no_pk").unwrap();
    assert_eq!(keys(no_pk), ["no_pk_b_key (b)", "unique_a_b (a, b)"]);
    assert_eq!(no_pk.unique_keys[1].kind, KeyKind::WithoutIndex);
    // indpred is NULL in this version: only the SQL of the index has the predicate, and it has STORING
    let customer = catalog.table("public", "customer").unwrap();
    assert_eq!(keys(customer), ["customer_tenant_email_live (tenant_id, email) where deleted_at IS NULL"]);
}

#[test]
fn a_check_that_was_never_validated_says_so() {
    let catalog = zoo();
    let check = &catalog.table("public", "show").unwrap().checks[0];
    assert_eq!((check.name.as_str(), check.validated, check.enforced), ("seats_not_valid", false, true));
    assert_eq!(check.expression, Expression::parse("available_seats >= 0"));
}

#[test]
fn foreign_keys_name_the_table_in_its_schema() {
    let catalog = zoo();
    let order = &catalog.table("sales", "order").unwrap().foreign_keys[0];
    assert_eq!((&*order.referenced_schema, &*order.referenced_table), ("public", "customer"));
    assert_eq!(order.on_delete, Action::Restrict);
    let line = &catalog.table("sales", "order_line").unwrap().foreign_keys[0];
    assert_eq!(
        (&*line.referenced_schema, &*line.referenced_table, line.on_delete),
        ("sales", "order", Action::Cascade)
    );
}

#[test]
fn other_indexes_have_the_method_that_sql_writes() {
    let catalog = zoo();
    let methods = |schema, table| -> Vec<String> {
        let table = catalog.table(schema, table).unwrap();
        table.indexes.iter().map(|i| format!("{} {}", i.name, i.method)).collect()
    };
    assert_eq!(methods("sales", "order"), ["order_payload_idx gin"]);
    assert_eq!(methods("public", "customer"), ["customer_phone_idx btree"]);
}

#[test]
fn comments_types_and_generation() {
    let catalog = zoo();
    let customer = catalog.table("public", "customer").unwrap();
    assert_eq!(customer.comment.as_deref(), Some("people who buy"));
    assert_eq!(customer.column("email").unwrap().comment.as_deref(), Some("login name"));
    let computed = customer.column("email_lower").unwrap();
    assert_eq!(computed.generated.as_ref().unwrap().to_string(), "lower(email)");
    assert_eq!(computed.default, None);
    let state = catalog.table("sales", "order").unwrap().column("state").unwrap();
    assert_eq!(state.data_type, "public.order_state");
    let labels = ["new", "paid", "shipped"].map(String::from).to_vec();
    assert_eq!(state.user_type, Some(UserType::Enum { labels }));
    // after a dropped column the attribute number is 5 and the place is not
    assert_eq!(catalog.table("public", "seat_hold").unwrap().column("self_id").unwrap().data_type, "bigint");
    // COLLATE is no part of the type
    assert_eq!(catalog.table("public", "Odd Names").unwrap().column("Ünï").unwrap().data_type, "text");
}

// ---- later versions -------------------------------------------------------------------------------------------------

fn rewrite(relation: &mut Relation, columns: &[&str], change: impl Fn(&str) -> String) {
    for column in columns {
        relation.each(column, |value, _| {
            if let Value::String(text) = value {
                *text = change(text);
            }
        });
    }
}

/// Tables without a primary key: from 22.1 the key on the hidden rowid is in pg_constraint.
fn rowid_keys_are_listed(server: &mut Server) {
    let rows = server.relation("pg_constraint");
    let mut row = rows.rows.iter().find(|r| r[rows.at("contype")] == "p").unwrap().clone();
    for (column, value) in [("conrelid", json!(2068)), ("conindid", json!(2_507_380_816u32))] {
        row[rows.at(column)] = value;
    }
    row[rows.at("condef")] = json!("PRIMARY KEY (rowid ASC)");
    rows.rows.push(row);
}

/// Hash-sharded indexes: from 22.1 their SQL says USING HASH WITH (bucket_count=n), in condef and indexdef.
fn buckets_are_a_storage_parameter(server: &mut Server) {
    rewrite(server.relation("pg_constraint"), &["condef"], |d| {
        d.replace("USING HASH WITH BUCKET_COUNT = 8", "USING HASH WITH (bucket_count=8)")
    });
    rewrite(server.relation("pg_indexes"), &["indexdef"], |d| match d.contains(".sharded USING") {
        true => format!("{d} USING HASH WITH (bucket_count=8)"),
        false => d.to_owned(),
    });
}

/// Indexes: from 24.2 indkey, indnatts and indnkeyatts count the implicit shard column; indpred is set for partial ones.
fn implicit_columns_are_in_indkey(server: &mut Server) {
    let rows = server.relation("pg_index");
    let (name, key, count) = (rows.at("indexrelid"), rows.at("indkey"), rows.at("indnkeyatts"));
    let predicate = rows.at("indpred");
    for row in &mut rows.rows {
        match row[name].as_u64() {
            Some(1_162_303_809) => (row[key], row[count]) = (json!("1 2"), json!(2)),
            Some(1_162_303_810) => (row[key], row[count]) = (json!("5 4"), json!(2)),
            Some(3_592_721_559) => row[predicate] = json!("deleted_at IS NULL"),
            _ => {}
        }
    }
}

/// Columns: computed columns read ALWAYS, others NEVER in is_generated; identity columns have their own columns filled.
fn is_generated_has_other_words(server: &mut Server) {
    server.relation("information_schema.columns").each("is_generated", |value, _| {
        *value = json!(if *value == "YES" { "ALWAYS" } else { "NEVER" });
    });
}

/// Composite types have pg_class rows of kind c from 24.1.
fn composite_types_are_relations(server: &mut Server) {
    let rows = server.relation("pg_class");
    let mut row = rows.rows[0].clone();
    row[rows.at("oid")] = json!(2090);
    row[rows.at("relname")] = json!("address");
    row[rows.at("relkind")] = json!("c");
    rows.rows.push(row);
}

/// Enum constants in catalog text carried the database as well in 23.x.
fn enum_constants_have_three_parts(server: &mut Server) {
    rewrite(server.relation("pg_constraint"), &["conbin", "consrc", "condef"], |d| {
        d.replace("::public.order_state", "::zoo.public.order_state")
    });
}

fn as_of_24_2() -> Server {
    let mut server = Server::recorded("zoo");
    server.version = "CockroachDB CCL v24.2.4 (x86_64-pc-linux-gnu, built 2024/10/01 12:00:00, go1.22.5)".into();
    rowid_keys_are_listed(&mut server);
    buckets_are_a_storage_parameter(&mut server);
    implicit_columns_are_in_indkey(&mut server);
    is_generated_has_other_words(&mut server);
    composite_types_are_relations(&mut server);
    enum_constants_have_three_parts(&mut server);
    server
}

/// 26.3 has a row of type n for every column that is NOT NULL.
fn not_null_is_a_constraint(server: &mut Server) {
    let attributes = server.relation("pg_attribute").clone();
    let rows = server.relation("pg_constraint");
    for column in attributes.rows.iter().filter(|c| c[attributes.at("attnotnull")] == true) {
        let mut row = vec![Value::Null; rows.columns.len()];
        let name = column[attributes.at("attname")].as_str().unwrap();
        for (at, value) in [
            ("conname", json!(format!("t_{name}_not_null"))),
            ("contype", json!("n")),
            ("convalidated", json!(true)),
            ("conrelid", column[attributes.at("attrelid")].clone()),
            ("contypid", json!(0)),
            ("conindid", json!(0)),
            ("conkey", json!([column[attributes.at("attnum")]])),
            ("condef", json!(format!("NOT NULL {name}"))),
        ] {
            row[rows.at(at)] = value;
        }
        rows.rows.push(row);
    }
}

/// 26.3 prints PostgreSQL's type names in catalog text, and two-part enum constants.
fn casts_have_postgres_names(server: &mut Server) {
    rewrite(server.relation("pg_constraint"), &["conbin", "consrc", "condef"], |d| {
        d.replace("::STRING", "::text").replace("::zoo.public.", "::public.")
    });
}

/// 26.3 writes ON public.t without the database, and INCLUDE for STORING.
fn index_definitions_are_postgres_like(server: &mut Server) {
    rewrite(server.relation("pg_indexes"), &["indexdef"], |d| {
        d.replace(" ON zoo.", " ON ").replace("STORING (", "INCLUDE (")
    });
}

/// 26.3 reports finished indexes as ready.
fn indexes_are_ready(server: &mut Server) {
    server.relation("pg_index").each("indisready", |value, _| *value = json!(true));
}

/// 26.3 lists an index that is being built, with its temporary companion, neither valid.
fn an_index_is_being_built(server: &mut Server) {
    for (oid, name, key) in [(77, "crdb_internal_index_5_name_placeholder", "ts"), (78, "sharded_ts_key", "ts")] {
        let rows = server.relation("pg_index");
        let mut row = rows.rows.iter().find(|r| r[0] == 1_162_303_810u32).unwrap().clone();
        (row[rows.at("indexrelid")], row[rows.at("indisvalid")]) = (json!(oid), json!(false));
        rows.rows.push(row);
        let rows = server.relation("pg_indexes");
        let mut row = rows.rows[0].clone();
        row[rows.at("crdb_oid")] = json!(oid);
        row[rows.at("indexname")] = json!(name);
        row[rows.at("indexdef")] =
            json!(format!("CREATE UNIQUE INDEX {name} ON public.sharded USING btree ({key} ASC)"));
        rows.rows.push(row);
    }
}

/// From 25.4 the estimates come from SHOW TABLES, so that nothing needs allow_unsafe_internals.
fn show_tables(server: &mut Server, count: i64) {
    let columns = ["schema_name", "table_name", "type", "owner", "estimated_row_count", "locality"];
    let row = |schema: &str, name: &str| vec![json!(schema), json!(name), json!("table"), json!("root"), json!(count)];
    let rows = vec![row("public", "show"), row("sales", "order"), row("public", "no such table")];
    let rows = rows.into_iter().map(|mut r| (r.push(Value::Null), r).1).collect();
    server.add("[SHOW", Relation { columns: columns.map(String::from).to_vec(), rows });
}

fn as_of_26_3() -> Server {
    let mut server = as_of_24_2();
    server.version = "CockroachDB CCL v26.3.2 (x86_64-pc-linux-gnu, built 2026/09/16 12:26:01, go1.26.6)".into();
    not_null_is_a_constraint(&mut server);
    casts_have_postgres_names(&mut server);
    index_definitions_are_postgres_like(&mut server);
    indexes_are_ready(&mut server);
    show_tables(&mut server, 0);
    server
}

#[test]
fn the_same_schema_on_later_versions_gives_the_same_catalog() {
    let expected = zoo().tables;
    for server in [as_of_24_2(), as_of_26_3()] {
        let catalog = catalog(&server);
        assert_eq!(catalog.tables, expected, "{}", server.version);
        assert_eq!(catalog.missing, [], "{}", server.version);
    }
}

#[test]
fn an_index_that_is_being_built_is_not_valid_yet() {
    let mut server = as_of_26_3();
    an_index_is_being_built(&mut server);
    assert_eq!(
        keys(catalog(&server).table("public", "sharded").unwrap()),
        ["sharded_code (code)", "sharded_ts_key (ts) invalid"]
    );
}

#[test]
fn a_constraint_that_is_being_validated_is_not_valid_yet() {
    // convalidated is true from the moment the job runs; the text keeps NOT VALID until it has ended
    let mut server = Server::recorded("zoo");
    let rows = server.relation("pg_constraint");
    let (name, definition) = (rows.at("conname"), rows.at("condef"));
    for row in &mut rows.rows {
        if row[name] == "pct" || row[name] == "fk_order_id_ref_order" || row[name] == "unique_a_b" {
            row[definition] = json!(format!("{} NOT VALID", row[definition].as_str().unwrap()));
        }
    }
    let catalog = catalog(&server);
    let order = catalog.table("sales", "order").unwrap();
    let validated: Vec<(&str, bool)> = order.checks.iter().map(|c| (c.name.as_str(), c.validated)).collect();
    assert_eq!(validated, [("check_total", true), ("paid_has_total", true), ("pct", false)]);
    assert!(!catalog.table("sales", "order_line").unwrap().foreign_keys[0].validated);
    assert_eq!(keys(catalog.table("public", "no_pk").unwrap())[1], "unique_a_b (a, b) invalid");
}

#[test]
fn regions_are_implicit_unless_an_index_names_them() {
    let mut server = as_of_24_2();
    // REGIONAL BY ROW: a hidden column of the type crdb_internal_region leads every index
    let types = server.relation("pg_type");
    let mut row = types.rows.iter().find(|r| r[types.at("typname")] == "order_state").unwrap().clone();
    (row[types.at("oid")], row[types.at("typname")]) = (json!(102_900), json!("crdb_internal_region"));
    types.rows.push(row);
    let columns = server.relation("information_schema.columns");
    let mut row = columns.rows.iter().find(|r| r[columns.at("table_name")] == "show").unwrap().clone();
    for (at, value) in [
        ("column_name", "crdb_region"),
        ("is_hidden", "YES"),
        ("crdb_sql_type", "public.crdb_internal_region"),
        ("udt_schema", "public"),
        ("udt_name", "crdb_internal_region"),
        ("column_default", "default_to_database_primary_region(gateway_region())::public.crdb_internal_region"),
    ] {
        row[columns.at(at)] = json!(value);
    }
    row[columns.at("ordinal_position")] = json!(4);
    columns.rows.push(row);
    for (oid, list, tail) in [
        (90, "total_seats ASC", ""),
        (91, "crdb_region ASC, available_seats ASC", ""),
        (92, "id ASC, total_seats ASC", " WITH (skip_unique_checks=true)"),
        (93, "id ASC", " WHERE (total_seats > 0) NOT VISIBLE"),
    ] {
        let rows = server.relation("pg_index");
        let mut row = rows.rows.iter().find(|r| r[0] == 1_162_303_810u32).unwrap().clone();
        row[rows.at("indexrelid")] = json!(oid);
        row[rows.at("indrelid")] = json!(2070);
        row[rows.at("indkey")] = json!("4 2");
        rows.rows.push(row);
        let rows = server.relation("pg_indexes");
        let mut row = rows.rows[0].clone();
        row[rows.at("crdb_oid")] = json!(oid);
        row[rows.at("indexname")] = json!(format!("k{oid}"));
        row[rows.at("indexdef")] =
            json!(format!("CREATE UNIQUE INDEX k{oid} ON zoo.public.show USING btree ({list}){tail}"));
        rows.rows.push(row);
    }
    let catalog = catalog(&server);
    let show = catalog.table("public", "show").unwrap();
    assert!(show.column("crdb_region").is_none());
    assert_eq!(
        keys(show),
        [
            "k90 (total_seats)",
            "k91 (crdb_region, available_seats)",
            "k92 (id, total_seats) invalid",
            "k93 (id) where total_seats > 0"
        ]
    );
}

#[test]
fn a_column_that_a_user_hid_is_listed() {
    let mut server = Server::recorded("zoo");
    server.relation("information_schema.columns").each("is_hidden", |value, row| {
        if row.contains(&json!("seat_no")) {
            *value = json!("YES");
        }
    });
    let catalog = catalog(&server);
    let hold = catalog.table("public", "seat_hold").unwrap();
    assert!(hold.column("seat_no").unwrap().hidden);
    assert_eq!(hold.columns.iter().filter(|c| c.hidden).count(), 1);
}

#[test]
fn domains_of_26_3() {
    let mut server = as_of_26_3();
    let types = server.relation("pg_type");
    let template = types.rows.iter().find(|r| r[types.at("typname")] == "order_state").unwrap().clone();
    for (oid, name, base, modifier, not_null) in
        [(102_100, "sku", 1043, 44, false), (102_102, "good sku", 102_100, -1, true)]
    {
        let mut row = template.clone();
        for (at, value) in [
            ("oid", json!(oid)),
            ("typname", json!(name)),
            ("typtype", json!("d")),
            ("typbasetype", json!(base)),
            ("typtypmod", json!(modifier)),
            ("typnotnull", json!(not_null)),
        ] {
            row[types.at(at)] = value;
        }
        types.rows.push(row);
    }
    let rows = server.relation("pg_constraint");
    for (name, domain, expression) in
        [("sku_check", 102_100, "(length(VALUE) > 3)"), ("good_check", 102_102, "(VALUE != ''::text)")]
    {
        let mut row = rows.rows.iter().find(|r| r[rows.at("conname")] == "pct").unwrap().clone();
        for (at, value) in [
            ("conname", json!(name)),
            ("conrelid", json!(0)),
            ("contypid", json!(domain)),
            ("conbin", json!(expression)),
            ("condef", json!(format!("CHECK ({expression})"))),
        ] {
            row[rows.at(at)] = value;
        }
        rows.rows.push(row);
    }
    // whether the column tells its domain in domain_* or in udt_* is not known: both
    for (schema, name) in [("domain_schema", "domain_name"), ("udt_schema", "udt_name")] {
        let columns = server.relation("information_schema.columns");
        let (at, at_schema, at_name) = (columns.at("column_name"), columns.at(schema), columns.at(name));
        for row in columns.rows.iter_mut().filter(|r| r[at] == "sku") {
            (row[at_schema], row[at_name]) = (json!("public"), json!("good sku"));
        }
        let catalog = catalog(&server);
        let sku = catalog.table("sales", "order_line").unwrap().column("sku").unwrap();
        assert_eq!(sku.data_type, "public.\"good sku\"");
        let Some(UserType::Domain { base, not_null, checks }) = &sku.user_type else { panic!("{sku:?}") };
        assert_eq!((base.as_str(), not_null), ("character varying(40)", &true));
        let checks: Vec<String> = checks.iter().map(|c| format!("{} {}", c.name, c.expression)).collect();
        assert_eq!(checks, ["good_check value <> ''", "sku_check length(value) > 3"]);
    }
}

#[test]
fn estimates_by_number_and_by_name() {
    let mut old = Server::recorded("zoo");
    old.relation("crdb_internal.table_row_statistics").each("estimated_row_count", |value, row| {
        *value = if row[0] == 2070 { json!(1200) } else { json!(0) };
    });
    let mut new = as_of_26_3();
    show_tables(&mut new, 1200);
    for server in [old, new] {
        let catalog = catalog(&server);
        assert_eq!(catalog.table("public", "show").unwrap().row_estimate, Some(1200));
        // a table that was never counted has 0, so 0 says nothing
        assert_eq!(catalog.table("public", "customer").unwrap().row_estimate, None);
    }
}

#[test]
fn what_could_not_be_read_is_said() {
    let mut recording = Server::recorded("zoo").recording();
    recording.results.remove("row_estimates");
    let failure = Failure { code: "42501".into(), message: "Access to crdb_internal and system is restricted.".into() };
    recording.failures.insert("row_estimates".into(), failure);
    recording.results.remove("comments");
    let catalog = assemble(&recording).unwrap();
    let missing: Vec<(Part, &str)> = catalog.missing.iter().map(|m| (m.part, m.reason.as_str())).collect();
    assert_eq!(
        missing,
        [
            (Part::Comments, "the recording has no answer to the query"),
            (Part::RowEstimates, "Access to crdb_internal and system is restricted. (SQLSTATE 42501)")
        ]
    );
    recording.results.remove("columns");
    assert!(assemble(&recording).unwrap_err().to_string().contains("columns"));
}

#[test]
fn the_databases_of_the_system_have_no_tables_and_say_why() {
    let mut recording = Server::recorded("zoo").recording();
    recording.database = "system".into();
    assert_eq!(assemble(&recording).unwrap().tables, []);
    assert!(recording.why_empty().contains("only tables on which the user has a privilege"));
}

#[test]
fn a_recording_is_the_same_after_it_was_written() {
    let recording = Server::recorded("zoo").recording();
    let folder = tempfile::tempdir().unwrap();
    for name in ["recorded", "recorded.json"] {
        let path = folder.path().join(name);
        recording.write(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap(), recording, "{name}");
    }
    let lines = std::fs::read_to_string(folder.path().join("recorded/enum_labels.json")).unwrap();
    assert_eq!(lines.lines().filter(|l| l.contains("102062")).count(), 3, "one line a row:\n{lines}");
    std::fs::write(folder.path().join("recorded/columns.json"), "{").unwrap();
    let error = Recording::read(&folder.path().join("recorded")).unwrap_err().to_string();
    assert!(error.contains("columns.json"), "{error}");
    assert!(Recording::read(&folder.path().join("nowhere.json")).is_err());
}

/// Every value of every row in turn replaced by nonsense: a catalog or an error, never a panic.
#[test]
fn no_content_of_a_row_brings_the_assembler_down() {
    let nonsense = [None, Some(""), Some("-1"), Some("99999999999"), Some("{(\"',;"), Some("2068"), Some("u")];
    let recording = Server::recorded("booking").recording();
    let mut outcomes = (0, 0);
    for (query, rows) in &recording.results {
        // rows of one shape behave alike: every seventh of many is enough
        for at in (0..rows.len()).filter(|at| rows.len() < 8 || at % 7 == 0) {
            for column in 0..rows.columns().len() {
                for value in nonsense {
                    let mut changed = ResultSet::new(query.clone(), rows.columns().to_vec());
                    for (i, row) in rows.rows().enumerate() {
                        let put = |c| if i == at && c == column { value } else { row.get(c) };
                        changed.push((0..rows.columns().len()).map(put));
                    }
                    let mut broken = recording.clone();
                    broken.results.insert(query.clone(), changed);
                    match assemble(&broken) {
                        Ok(_) => outcomes.0 += 1,
                        Err(e) => {
                            assert!(e.to_string().contains(query.as_str()), "{e}");
                            outcomes.1 += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(outcomes.0 > 100 && outcomes.1 > 100, "{outcomes:?}");
}
