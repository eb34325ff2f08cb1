//! CockroachDB.

use super::dialect::{
    PartialKey, common, in_comment, key_of, null_closing_keys, one_line, quote_ident, quote_list, quote_table, require,
    require_one, surrogate,
};
use super::{Engine, Statement, Work};
use crate::catalog::{Expression, KeyPart, Table};
use crate::guard::{Guard, Unvalidated, fit, key_text};

/// One schema change a statement. Unique keys are made as indexes: they can be partial or over expressions, and dropped
/// again in every version.
pub fn add_guard(engine: &Engine, table: &Table, guard: &Guard, name: &str) -> Vec<Statement> {
    let (t, n) = (quote_table(table), quote_ident(name));
    let index = |name: &str, key: &str, tail: &str| {
        let create = format!("CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {t} ({key}){tail};");
        Statement::new(Work::Build, create).undo(format!("DROP INDEX IF EXISTS {t}@{name} CASCADE;"))
    };
    let filter = |predicate: &Option<Expression>| predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
    match guard {
        Guard::Unique { nulls_not_distinct: true, .. } => {
            let keys = null_closing_keys(table, &guard.columns(), name).into_iter();
            keys.map(|PartialKey { name, columns, predicate }| index(&name, &columns, &format!(" WHERE {predicate}")))
                .collect()
        }
        Guard::Rekey { key, predicate, replaced, .. } => {
            // a constraint is an index here, and goes as one
            let drop = format!("DROP INDEX IF EXISTS {t}@{} CASCADE;", quote_ident(replaced));
            let back = key_of(table, replaced).map(|k| format!("CREATE UNIQUE INDEX IF NOT EXISTS {k};"));
            let undo = back.into_iter().collect();
            vec![
                index(&n, &key_text(key), &format!(" WHERE {predicate}")),
                Statement { undo, ..Statement::new(Work::Catalog, drop) },
            ]
        }
        Guard::Unique { key, predicate, .. } if engine.version.is_some() && !engine.at_least(21, 2) => {
            // before 21.2 a key has no expressions: a computed column stands for each
            let mut out = Vec::new();
            let mut parts = Vec::new();
            for part in key {
                parts.push(match part {
                    KeyPart::Column(c) => quote_ident(c),
                    KeyPart::Expression(e) => {
                        let column = quote_ident(&fit(&part.columns().join("_"), "_as_key"));
                        let add = format!("ALTER TABLE {t} ADD COLUMN IF NOT EXISTS {column} STRING AS ({e}) STORED;");
                        let drop = format!("ALTER TABLE {t} DROP COLUMN IF EXISTS {column};");
                        out.push(Statement::new(Work::Rewrite, add).undo(drop));
                        column
                    }
                });
            }
            out.push(index(&n, &parts.join(", "), &filter(predicate)));
            out
        }
        Guard::Unique { key, predicate, .. } => vec![index(&n, &key_text(key), &filter(predicate))],
        Guard::PrimaryKey { columns } if columns.is_empty() => {
            let name = surrogate(table);
            let id = quote_ident(&name);
            let add = format!("ALTER TABLE {t} ADD COLUMN IF NOT EXISTS {id} UUID NOT NULL DEFAULT gen_random_uuid();");
            vec![
                Statement::new(Work::Rewrite, add).undo(format!("ALTER TABLE {t} DROP COLUMN IF EXISTS {id};")),
                primary_key(table, &[name]),
            ]
        }
        Guard::PrimaryKey { columns } => {
            let mut out = require(table, columns);
            out.push(primary_key(table, columns));
            out
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            // a failed build leaves nothing behind here; an index that is not valid is still being built
            vec![Statement::new(Work::Verify, format!("SHOW JOBS; -- {} is being built", in_comment(constraint)))]
        }
        Guard::Retype { column, .. } => retype(engine, table, column, common(table, guard, name)),
        // a job that validates while writers go on
        Guard::NotNull { column } => vec![require_one(table, column, Work::Scan)],
        Guard::Check { .. } | Guard::ForeignKey { .. } | Guard::Validate { .. } | Guard::Code { .. } => {
            common(table, guard, name)
        }
    }
}

/// What refuses a schema change here: a locked table (23.1 and later, the default for new tables from 26.1), which the
/// server unlocks by itself only for a change that runs alone.
pub fn advice(engine: &Engine, table: &Table, statement: &Statement) -> Vec<String> {
    let may_be_locked = engine.version.is_none() || engine.at_least(23, 1);
    if !may_be_locked || statement.work == Work::Verify {
        return Vec::new();
    }
    let t = quote_table(table);
    vec![
        "If it is refused with 57000 (schema_locked), run this alone before it, and the same with true after it:"
            .to_owned(),
        format!("  ALTER TABLE {t} SET (schema_locked = false);"),
    ]
}

/// What goes with an index.
pub fn advice_back(sql: &str) -> Vec<String> {
    let note = "CASCADE also drops foreign keys that were made to reference the key since";
    if sql.ends_with(" CASCADE;") { vec![note.to_owned()] } else { Vec::new() }
}

/// Whether `autocommit_before_ddl` is on by default.
pub fn commits_before_ddl(engine: &Engine) -> bool {
    engine.at_least(25, 2)
}

/// From when on, and where, a level weaker than SERIALIZABLE is given to those who ask for it.
pub fn weaker_isolation_since(read_committed: bool) -> &'static str {
    match read_committed {
        true => "from 23.2 on, where sql.txn.read_committed_isolation.enabled is true (the default from 24.1)",
        false => "from 24.3 on, where sql.txn.repeatable_read_isolation.enabled is true",
    }
}

/// What to know where a tool wraps a schema change in a transaction: it is done only after the COMMIT then, unless the
/// server commits before it (`autocommit_before_ddl`, from 24.1; on by default from 25.2).
pub fn advice_in_transaction(engine: &Engine) -> Vec<String> {
    if commits_before_ddl(engine) {
        return Vec::new();
    }
    let fails =
        "This tool runs everything in a transaction: the change is made after its COMMIT, and fails there as XXA00";
    let mut out = vec![fails.to_owned()];
    if engine.version.is_none() || engine.at_least(24, 1) {
        out.push("unless the session has SET autocommit_before_ddl = on (the default from 25.2)".to_owned());
    }
    out
}

/// Another primary key. The old one stays as a unique index, unless it was the hidden `rowid`; so does this one on the way
/// back.
fn primary_key(table: &Table, columns: &[String]) -> Statement {
    let t = quote_table(table);
    let alter = |columns: &str| format!("ALTER TABLE {t} ALTER PRIMARY KEY USING COLUMNS ({columns});");
    let numbered = |stem: String, sign: &'static str| (1..).map(move |i| format!("{stem}{sign}{i}"));
    let first_of = |stem: &str, sign, taken: &dyn Fn(&str) -> bool| {
        let mut names = std::iter::once(stem.to_owned()).chain(numbered(stem.to_owned(), sign));
        names.find(|n| !taken(n)).unwrap_or_default()
    };
    let rowid = first_of("rowid", "_", &|n| table.column(n).is_some());
    let left = fit(&format!("{}_{}", table.name, columns.join("_")), "_key");
    let left = first_of(&left, "", &|n| table.constraint_names().any(|taken| taken == n));
    let mut out = Statement::new(Work::Build, alter(&quote_list(columns))).undo(alter(&quote_ident(&rowid)));
    out.undo.push(format!("DROP INDEX IF EXISTS {t}@{} CASCADE;", quote_ident(&left)));
    out
}

/// A column's type changes only while it has no CHECK (`steps` see to that), no default and no index, and before 25.1 only
/// where the session asks for it. An index may store more than the catalog says of it, so none is dropped here: nothing is
/// done then but to name it.
fn retype(engine: &Engine, table: &Table, column: &str, mut steps: Vec<Statement>) -> Vec<Statement> {
    let (t, c) = (quote_table(table), quote_ident(column));
    let named = |key: &[KeyPart]| key.iter().any(|p| p.columns().contains(&column));
    let indexes = table.indexes.iter().filter(|i| named(&i.key)).map(|i| &i.name);
    let indexes = indexes.chain(table.unique_keys.iter().filter(|k| named(&k.key)).map(|k| &k.name));
    let computed = table.columns.iter().filter(|c| c.generated.as_ref().is_some_and(|e| e.columns().contains(&column)));
    let users: Vec<String> = indexes.chain(computed.map(|c| &c.name)).map(|i| in_comment(i)).collect();
    if !users.is_empty() {
        let by_hand: Vec<&str> = steps.iter().map(|s| s.sql.as_str()).collect();
        let sql = format!(
            "SHOW COLUMNS FROM {t}; -- no type changes under an index or a computed column: drop {}, run this, and make \
             it again: {}{}",
            users.join(", "),
            if engine.at_least(25, 1) { "" } else { "SET enable_experimental_alter_column_type_general = true; " },
            one_line(&by_hand.join(" "))
        );
        return vec![Statement::new(Work::Verify, sql)];
    }
    if !engine.at_least(25, 1) {
        let together = |sql: &str| format!("SET enable_experimental_alter_column_type_general = true;\n{sql}");
        for step in steps.iter_mut().filter(|s| s.work == Work::Rewrite) {
            step.sql = together(&step.sql);
            step.undo = step.undo.iter().map(|sql| together(sql)).collect();
        }
    }
    if let Some(value) = table.column(column).and_then(|c| c.default.as_ref()) {
        let drop = format!("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT;");
        let set = format!("ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {value};");
        steps.insert(0, Statement::new(Work::Catalog, drop.clone()).undo(set.clone()));
        steps.push(Statement::new(Work::Catalog, set).undo(drop));
    }
    if let Some(first) = steps.first_mut() {
        first.sql = format!(
            "-- a view that uses the column has to be dropped before, and made again at the end\n{}",
            first.sql
        );
    }
    steps
}

/// Whether a column that is NOT VISIBLE was made by CockroachDB and not by a user: the `rowid` that stands in for a
/// primary key, the shard of a hash-sharded index, the column behind an expression in an index, the expiry of a row,
/// the region of a row.
pub fn is_engine_column(name: &str, data_type: &str, default: Option<&str>) -> bool {
    let is_rowid = || {
        // rowid_1 if the user has a rowid
        let number = name.strip_prefix("rowid").map(|n| n.strip_prefix('_').unwrap_or(n));
        number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) && default == Some("unique_rowid()")
    };
    name.starts_with("crdb_internal_") || data_type.ends_with("crdb_internal_region") || is_rowid()
}

/// Whether a column is the hidden shard of a hash-sharded index, such as `crdb_internal_a_b_shard_8`.
pub fn is_shard_column(name: &str) -> bool {
    let shard = name.strip_prefix("crdb_internal_").and_then(|n| n.rsplit_once("_shard_"));
    shard.is_some_and(|(_, count)| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Column, Index};
    use crate::engine::{Product, Version};

    #[test]
    fn nothing_is_dropped_for_a_type_that_cannot_change() {
        let column =
            Column { name: "balance".to_owned(), data_type: "double precision".to_owned(), ..Column::default() };
        let check = ("c".to_owned(), Expression::parse("balance >= 0"));
        let guard = Guard::Retype { column: column.name.clone(), data_type: "numeric", checks: vec![check] };
        let key = vec![KeyPart::Column(column.name.clone())];
        let index = Index { name: "i".to_owned(), key, ..Index::default() };
        let mut table = Table { name: "acc".to_owned(), columns: vec![column], ..Table::default() };
        let engine = Engine { product: Product::CockroachDb, version: None };
        assert!(add_guard(&engine, &table, &guard, "n").iter().any(|s| s.sql.contains("DROP CONSTRAINT")));
        table.indexes.push(index);
        let steps = add_guard(&engine, &table, &guard, "n");
        assert!(steps.len() == 1 && steps[0].sql.starts_with("SHOW COLUMNS"), "{steps:?}");
    }

    #[test]
    fn what_refuses_a_schema_change_is_told_by_version() {
        let table = Table { schema: "public".to_owned(), name: "Order".to_owned(), ..Table::default() };
        let engine = |version| Engine { product: Product::CockroachDb, version };
        let change = Statement::new(Work::Catalog, String::new());
        let locked = |version| advice(&engine(version), &table, &change).join(" ");
        assert!(locked(None).contains("ALTER TABLE public.\"Order\" SET (schema_locked = false);"));
        assert!(locked(Some(Version::new(26, 1))).contains("57000"));
        assert_eq!(locked(Some(Version::new(22, 2))), "");
        let wrapped = |major, minor| advice_in_transaction(&engine(Some(Version::new(major, minor)))).join(" ");
        assert!(wrapped(23, 2).contains("XXA00") && !wrapped(23, 2).contains("autocommit"));
        assert!(wrapped(24, 1).contains("SET autocommit_before_ddl = on"));
        assert_eq!(wrapped(25, 2), "");
    }

    #[test]
    fn columns_made_by_the_engine() {
        for (name, data_type, default) in [
            ("rowid", "bigint", Some("unique_rowid()")),
            ("rowid_1", "bigint", Some("unique_rowid()")),
            ("crdb_internal_a_shard_16", "integer", None),
            ("crdb_internal_idx_expr_1", "text", None),
            ("crdb_internal_expiration", "timestamp with time zone", None),
            ("crdb_region", "public.crdb_internal_region", None),
        ] {
            assert!(is_engine_column(name, data_type, default), "{name}");
        }
        for (name, data_type, default) in
            [("rowid", "bigint", None), ("row_id", "bigint", Some("unique_rowid()")), ("crdb_region", "text", None)]
        {
            assert!(!is_engine_column(name, data_type, default), "{name}");
        }
        assert!(is_shard_column("crdb_internal_a_b_shard_8"));
        assert!(!is_shard_column("crdb_internal_a_shard_") && !is_shard_column("my_shard_8"));
    }
}
