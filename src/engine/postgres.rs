//! PostgreSQL, and what is PostgreSQL underneath.

use squawk_syntax::ast::{self, AstNode};

use super::dialect::{
    PartialKey, common, in_comment, key_of, null_closing_keys, quote_ident, quote_list, quote_table, require, surrogate,
};
use super::{Engine, Product, Statement, Work, is_transactional};
use crate::catalog::{KeyKind, KeyPart, Table};
use crate::guard::{Guard, Unvalidated, fit, key_text};

/// Long work is done without locking writers out: indexes concurrently, checks NOT VALID first.
pub fn add_guard(engine: &Engine, table: &Table, guard: &Guard, name: &str) -> Vec<Statement> {
    let (t, n) = (quote_table(table), quote_ident(name));
    let is_postgres = engine.product == Product::PostgreSql;
    // CockroachDB accepts the word too; a partitioned table's index cannot be built so
    let concurrently = if table.partition_key.is_empty() { "CONCURRENTLY " } else { "" };
    let build = if table.partition_key.is_empty() { Work::Build } else { Work::Rewrite };
    let index = |name: &str, key: &str, tail: &str| {
        let create = format!("CREATE UNIQUE INDEX {concurrently}IF NOT EXISTS {name} ON {t} ({key}){tail};");
        let drop = format!("DROP INDEX {concurrently}IF EXISTS {}.{name};", quote_ident(&table.schema));
        Statement::new(build, create).undo(drop)
    };
    // an index that stays an index is looked at: a build that failed leaves one that holds for nothing, and IF NOT EXISTS
    // would take it for the real one
    let watched = |made: Statement, name: &str| {
        let verify = (is_postgres && !made.is_transactional()).then(|| is_valid(table, name));
        std::iter::once(made).chain(verify).collect::<Vec<_>>()
    };
    let drop_constraint = format!("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {n};");
    match guard {
        Guard::Unique { key, nulls_not_distinct: true, .. } => {
            if is_postgres && engine.at_least(15, 0) {
                return watched(index(&n, &key_text(key), " NULLS NOT DISTINCT"), &n);
            }
            let keys = null_closing_keys(table, &guard.columns(), name).into_iter();
            keys.flat_map(|PartialKey { name, columns, predicate }| {
                watched(index(&name, &columns, &format!(" WHERE {predicate}")), &name)
            })
            .collect()
        }
        Guard::Unique { key, predicate, .. } => {
            let tail = predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
            let made = index(&n, &key_text(key), &tail);
            // a constraint documents itself and can be a foreign key's target, but takes neither expressions nor a
            // predicate; CockroachDB does not know USING INDEX, so not for an engine that is not known
            let plain = predicate.is_none() && key.iter().all(|k| matches!(k, KeyPart::Column(_)));
            if plain && is_postgres && table.partition_key.is_empty() {
                let add = format!("ALTER TABLE {t} ADD CONSTRAINT {n} UNIQUE USING INDEX {n};");
                return vec![made, Statement::new(Work::Catalog, add).undo(drop_constraint)];
            }
            watched(made, &n)
        }
        Guard::Rekey { key, predicate, replaced, constraint } => {
            let old = quote_ident(replaced);
            let (drop, work) = if *constraint {
                (format!("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {old};"), Work::Catalog)
            } else {
                (format!("DROP INDEX {concurrently}IF EXISTS {}.{old};", quote_ident(&table.schema)), Work::Catalog)
            };
            let again =
                key_of(table, replaced).map(|k| format!("CREATE UNIQUE INDEX {concurrently}IF NOT EXISTS {k};"));
            let mut undo: Vec<String> = again.into_iter().collect();
            if *constraint && table.partition_key.is_empty() && !undo.is_empty() {
                undo.push(format!("ALTER TABLE {t} ADD CONSTRAINT {old} UNIQUE USING INDEX {old};"));
            } else if undo.iter().any(|sql| !is_transactional(sql)) {
                undo.push(is_valid(table, &old).sql);
            }
            let mut out = watched(index(&n, &key_text(key), &format!(" WHERE {predicate}")), &n);
            out.push(Statement { undo, ..Statement::new(work, drop) });
            out
        }
        Guard::PrimaryKey { columns } if columns.is_empty() && !table.partition_key.is_empty() => {
            let id = surrogate(table);
            let new = quote_ident(&id);
            let uuid = new_uuid(engine);
            let add = format!("ALTER TABLE {t} ADD COLUMN IF NOT EXISTS {new} uuid NOT NULL DEFAULT {uuid};");
            let partition = table.partition_key.iter().filter_map(KeyPart::as_column).map(str::to_owned);
            let key = Guard::PrimaryKey { columns: std::iter::once(id).chain(partition).collect() };
            let drop = format!("ALTER TABLE {t} DROP COLUMN IF EXISTS {new};");
            let mut out = vec![Statement::new(Work::Rewrite, add).undo(drop)];
            out.extend(add_guard(engine, table, &key, name));
            out
        }
        Guard::PrimaryKey { columns } if columns.is_empty() => {
            let (id, uuid) = (quote_ident(&surrogate(table)), new_uuid(engine));
            let add =
                format!("ALTER TABLE {t} ADD COLUMN IF NOT EXISTS {id} uuid NOT NULL DEFAULT {uuid} PRIMARY KEY;");
            vec![Statement::new(Work::Rewrite, add).undo(format!("ALTER TABLE {t} DROP COLUMN IF EXISTS {id};"))]
        }
        Guard::PrimaryKey { columns } => {
            if !is_postgres || !table.partition_key.is_empty() {
                let mut out = require(table, columns);
                let add = format!("ALTER TABLE {t} ADD CONSTRAINT {n} PRIMARY KEY ({});", quote_list(columns));
                out.push(Statement::new(Work::Rewrite, add).undo(drop_constraint));
                return out;
            }
            let mut out = vec![index(&n, &quote_list(columns), "")];
            let nullable = columns.iter().filter(|c| table.column(c).is_some_and(|c| c.nullable));
            out.extend(nullable.flat_map(|c| not_null(table, c, &fit(&format!("{}_{c}", table.name), "_not_null"))));
            let add = format!("ALTER TABLE {t} ADD CONSTRAINT {n} PRIMARY KEY USING INDEX {n};");
            out.push(Statement::new(Work::Catalog, add).undo(drop_constraint));
            out
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } if !table.partition_key.is_empty() => {
            complete(table, constraint)
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            let index = format!("{}.{}", quote_ident(&table.schema), quote_ident(constraint));
            vec![Statement::new(Work::Build, format!("REINDEX INDEX CONCURRENTLY {index};"))]
        }
        Guard::NotNull { column } if is_postgres => not_null(table, column, name),
        Guard::Retype { column, data_type, checks } if engine.product != Product::Unknown => {
            // at once, for no moment to be without the CHECKs and for one rewrite to do
            let alter = |data_type: &str| {
                let dropped = checks.iter().map(|(c, _)| format!("DROP CONSTRAINT {}", quote_ident(c)));
                let retyped = format!("ALTER COLUMN {} TYPE {data_type}", quote_ident(column));
                let added = checks.iter().map(|(c, e)| format!("ADD CONSTRAINT {} CHECK ({e})", quote_ident(c)));
                let steps: Vec<String> = dropped.chain([retyped]).chain(added).collect();
                format!("ALTER TABLE {t} {};", steps.join(", "))
            };
            let old = table.column(column).map_or("double precision", |c| c.data_type.as_str());
            vec![Statement::new(Work::Rewrite, alter(data_type)).undo(alter(old))]
        }
        Guard::Check { .. }
        | Guard::NotNull { .. }
        | Guard::ForeignKey { .. }
        | Guard::Retype { .. }
        | Guard::Code { .. }
        | Guard::Validate { .. } => common(table, guard, name),
    }
}

/// A new UUID for each row: the server's own function, or before PostgreSQL 13, which has none without an extension, as
/// random as a row's number needs to be.
fn new_uuid(engine: &Engine) -> &'static str {
    if engine.product == Product::PostgreSql && engine.version.is_some() && !engine.at_least(13, 0) {
        "md5(random()::text || clock_timestamp()::text)::uuid"
    } else {
        "gen_random_uuid()"
    }
}

/// What a build beside the writers leaves behind when it fails, and what else fails.
pub fn advice(table: &Table, statement: &Statement, before: Option<&Statement>, name: &str) -> Vec<String> {
    let mut out = after_failure(table, &statement.sql);
    if let Some(build) = before.filter(|b| !b.is_transactional() && b.work == Work::Build) {
        out.push(
            "If the index is not valid or not there, the step before failed and was not made good. Clean the"
                .to_owned(),
        );
        out.push("rows, build it by hand, and run this again:".to_owned());
        out.push(drop_index(table, &quote_ident(name)));
        out.push(format!("  {}", build.sql));
    }
    if statement.work == Work::Rewrite && statement.sql.contains(" TYPE ") {
        out.push(
            "It fails, and changes nothing, where a view, a generated column or a trigger uses the column, or where"
                .to_owned(),
        );
        out.push("the column is inherited".to_owned());
    }
    out
}

/// What is to be done after a statement without a transaction has failed.
pub fn after_failure(table: &Table, sql: &str) -> Vec<String> {
    let left =
        "If it fails it leaves an invalid index behind. Drop that, clean the rows, and run this again:".to_owned();
    match sql.split_whitespace().next() {
        _ if is_transactional(sql) => Vec::new(),
        Some("CREATE") => std::iter::once(left).chain(built_index(sql).map(|i| drop_index(table, &i))).collect(),
        Some("REINDEX") => {
            let t = quote_table(table).replace('\'', "''");
            let all = format!(
                "  SELECT indexrelid::regclass FROM pg_catalog.pg_index WHERE NOT indisvalid AND indrelid = '{t}'::regclass;"
            );
            vec![
                left,
                "  DROP INDEX CONCURRENTLY …_ccnew; for each that this shows, but the one that is rebuilt:".to_owned(),
                all,
            ]
        }
        _ => vec!["If it fails, run it again: until then the index is there and not valid".to_owned()],
    }
}

/// `name` is SQL text.
fn drop_index(table: &Table, name: &str) -> String {
    format!("  DROP INDEX CONCURRENTLY IF EXISTS {}.{name};", quote_ident(&table.schema))
}

/// The name of the index that a statement builds, as it is written there.
fn built_index(sql: &str) -> Option<String> {
    crate::sql::parse(sql)?.tree().stmts().find_map(|s| match s {
        ast::Stmt::CreateIndex(create) => Some(create.index()?.path()?.syntax().text().to_string()),
        _ => None,
    })
}

/// A validated check lets SET NOT NULL skip its scan under an exclusive lock (PostgreSQL 12 and later).
fn not_null(table: &Table, column: &str, name: &str) -> Vec<Statement> {
    let (t, c, check) = (quote_table(table), quote_ident(column), quote_ident(name));
    let drop = format!("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {check};");
    let add = format!("ALTER TABLE {t} ADD CONSTRAINT {check} CHECK ({c} IS NOT NULL) NOT VALID;");
    let set = format!("ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL;");
    vec![
        Statement::new(Work::Catalog, add).undo(drop.clone()),
        Statement::new(Work::Scan, format!("ALTER TABLE {t} VALIDATE CONSTRAINT {check};")),
        Statement::new(Work::Catalog, set).undo(format!("ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL;")),
        Statement::new(Work::Catalog, drop),
    ]
}

/// Fails if an index was not built whole, or not at all because something else has its name.
fn is_valid(table: &Table, name: &str) -> Statement {
    let text = |name: &str| format!("'{}'", name.replace('\'', "''"));
    let (t, index) = (text(&quote_table(table)), text(&format!("{}.{name}", quote_ident(&table.schema))));
    let body = format!(
        "BEGIN IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE indexrelid = {index}::regclass AND indrelid = \
         {t}::regclass AND indisvalid) THEN RAISE EXCEPTION 'index % is not valid, its build failed: DROP INDEX \
         CONCURRENTLY it, clean the rows and build it again', {index}; END IF; END"
    );
    let mut tag = "$check$".to_owned();
    while body.contains(&tag) {
        // a name that ends the text
        tag.insert(1, '_');
    }
    Statement::new(Work::Verify, format!("DO {tag} {body} {tag};"))
}

/// What makes the key of a partitioned table hold that lacks indexes of partitions (`ON ONLY`), which no REINDEX adds:
/// a whole one takes its place. Partitions' own indexes that match become part of it.
fn complete(table: &Table, name: &str) -> Vec<Statement> {
    let Some(key) = table.unique_keys.iter().find(|k| k.name == name) else { return Vec::new() };
    let (t, n, whole) = (quote_table(table), quote_ident(name), quote_ident(&fit(name, "_whole")));
    let (schema, parts) = (quote_ident(&table.schema), key_text(&key.key));
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let note = format!(
        "-- {} lacks indexes of partitions. If writers must not wait: on each partition CREATE UNIQUE INDEX \
         CONCURRENTLY, then ALTER INDEX … ATTACH PARTITION, instead of the following.",
        in_comment(name)
    );
    // the way back leads to a key that holds for nothing: there is none
    let change = |sql: String| Statement::new(Work::Catalog, sql);
    if key.kind == KeyKind::Constraint {
        let add = format!("{note}\nALTER TABLE {t} ADD CONSTRAINT {whole} UNIQUE{nulls} ({parts});");
        return vec![
            Statement::new(Work::Rewrite, add),
            change(format!("ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {n};")),
            change(format!("ALTER TABLE {t} RENAME CONSTRAINT {whole} TO {n};")),
        ];
    }
    let predicate = key.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
    let create = format!("{note}\nCREATE UNIQUE INDEX IF NOT EXISTS {whole} ON {t} ({parts}){nulls}{predicate};");
    vec![
        Statement::new(Work::Rewrite, create),
        change(format!("DROP INDEX IF EXISTS {schema}.{n};")),
        change(format!("ALTER INDEX {schema}.{whole} RENAME TO {n};")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_build_has_the_name_that_it_has() {
        let table = Table { schema: "public".to_owned(), name: "t".to_owned(), ..Table::default() };
        let sql = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"a ON b\" ON public.t (c);";
        let told = after_failure(&table, sql);
        assert_eq!(told.last().map(String::as_str), Some("  DROP INDEX CONCURRENTLY IF EXISTS public.\"a ON b\";"));
        assert_eq!(after_failure(&table, "ALTER TABLE public.t DROP CONSTRAINT d;"), Vec::<String>::new());
    }
}
