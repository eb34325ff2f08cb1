//! Which statements are sent to which server.

use std::borrow::Cow;

use crate::catalog::Part;
use crate::engine::{Engine, Product, Version};

use super::LiveError;

/// One query of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Name of the query: that of its file, without version.
    pub name: &'static str,
    /// The SQL.
    pub sql: &'static str,
    /// Set if the catalog can do without: what is missing then.
    pub optional: Option<Part>,
}

impl Statement {
    /// The SQL that leaves the expressions of these tables alone.
    pub(super) fn sparing(&self, tables: &[u32]) -> Cow<'static, str> {
        if tables.is_empty() {
            return self.sql.into();
        }
        let list: Vec<String> = tables.iter().map(u32::to_string).collect();
        self.sql.replace("'{}'::oid[]", &format!("'{{{}}}'::oid[]", list.join(","))).into()
    }
}

macro_rules! statement {
    ($name:literal, $file:literal) => {
        Statement { name: $name, sql: include_str!(concat!("../../../queries/", $file, ".sql")), optional: None }
    };
    ($name:literal, $file:literal, $part:ident) => {
        Statement { optional: Some(Part::$part), ..statement!($name, $file) }
    };
}

/// Asks who the server is. The same on every product.
pub(super) const SERVER: Statement = statement!("server", "server");

/// The statements that read the catalog of that server: as many for three tables as for three thousand.
pub fn catalog_statements(version: &str) -> Result<Vec<Statement>, LiveError> {
    let engine = Engine::from_version_string(version);
    let unsupported = |reason| Err(LiveError::Unsupported { version: version.to_owned(), reason });
    match engine.product {
        Product::CockroachDb if engine.version.is_some() && !engine.at_least(21, 1) => {
            unsupported("it is older than CockroachDB 21.1")
        }
        Product::CockroachDb => Ok(cockroach(engine)),
        Product::PostgreSql if version.contains("Redshift") => {
            unsupported("Amazon Redshift does not enforce constraints")
        }
        Product::PostgreSql | Product::YugabyteDb => match postgres_version(version) {
            Some(v) if v >= Version::new(11, 0) => Ok(postgres(v)),
            Some(_) => unsupported("it is older than PostgreSQL 11"),
            None => unsupported("it does not say which version of PostgreSQL it is"),
        },
        Product::Unknown => unsupported("it is none of CockroachDB, PostgreSQL, YugabyteDB"),
    }
}

/// The version of PostgreSQL that a server is built on: 15.12 of `PostgreSQL 15.12-YB-2026.1.0.0-b0`.
pub(super) fn postgres_version(version: &str) -> Option<Version> {
    Version::find(version.strip_prefix("PostgreSQL")?)
}

fn cockroach(engine: Engine) -> Vec<Statement> {
    let row_estimates = if engine.version.is_none() || engine.at_least(25, 4) {
        statement!("row_estimates", "cockroach/row_estimates", RowEstimates)
    } else {
        statement!("row_estimates", "cockroach/row_estimates.v25_3", RowEstimates)
    };
    vec![
        statement!("schemas", "cockroach/schemas"),
        statement!("tables", "cockroach/tables"),
        statement!("columns", "cockroach/columns"),
        statement!("types", "cockroach/types"),
        statement!("enum_labels", "cockroach/enum_labels"),
        statement!("constraints", "cockroach/constraints"),
        statement!("indexes", "cockroach/indexes"),
        statement!("index_definitions", "cockroach/index_definitions"),
        statement!("comments", "cockroach/comments", Comments),
        row_estimates,
    ]
}

fn postgres(version: Version) -> Vec<Statement> {
    let since = |major| version >= Version::new(major, 0);
    vec![
        statement!("schemas", "postgres/schemas"),
        statement!("tables", "postgres/tables"),
        if since(12) {
            statement!("columns", "postgres/columns")
        } else {
            statement!("columns", "postgres/columns.v11")
        },
        statement!("types", "postgres/types"),
        statement!("enum_labels", "postgres/enum_labels"),
        if since(18) {
            statement!("constraints", "postgres/constraints")
        } else {
            statement!("constraints", "postgres/constraints.v17")
        },
        if since(15) {
            statement!("indexes", "postgres/indexes")
        } else {
            statement!("indexes", "postgres/indexes.v14")
        },
        statement!("extension_members", "postgres/extension_members", Extensions),
        statement!("comments", "postgres/comments", Comments),
        statement!("row_estimates", "postgres/row_estimates", RowEstimates),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(version: &str) -> String {
        catalog_statements(version).unwrap_err().to_string()
    }

    #[test]
    fn the_product_is_told_before_the_version() {
        let of = |version, name| {
            let all = catalog_statements(version).unwrap();
            all.iter().find(|s| s.name == name).unwrap().sql
        };
        let cockroach = "CockroachDB CCL v26.3.2 (x86_64-pc-linux-gnu, built 2026/09/16 12:26:01, go1.26.6)";
        assert!(of(cockroach, "row_estimates").contains("SHOW TABLES"));
        assert!(of("CockroachDB CCL v21.1.0-dev (linux)", "row_estimates").contains("table_row_statistics"));
        assert!(of("PostgreSQL 18.1 on x86_64", "constraints").contains("conenforced"));
        assert!(!of("PostgreSQL 15.12-YB-2026.1.0.0-b0 on x86_64", "constraints").contains("conenforced"));
        assert!(of("PostgreSQL 15.12-YB-2026.1.0.0-b0 on x86_64", "indexes").contains("indnullsnotdistinct"));
        assert!(!of("PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64", "columns").contains("attgenerated"));
    }

    #[test]
    fn what_cannot_be_audited_is_named() {
        assert!(refusal("PostgreSQL 8.0.2 on i686, Redshift 1.0.77").contains("Redshift"));
        assert!(refusal("PostgreSQL 10.23 on x86_64").contains("older than PostgreSQL 11"));
        assert!(refusal("CockroachDB CCL v20.2.19 (x86_64)").contains("21.1"));
        assert!(refusal("8.0.36 MySQL Community Server").contains("8.0.36 MySQL"));
    }

    #[test]
    fn every_query_is_one_plain_read() {
        for version in ["CockroachDB CCL v21.1.0", "CockroachDB CCL v26.3.2", "PostgreSQL 11.2", "PostgreSQL 18.0"] {
            for s in catalog_statements(version).unwrap() {
                let code: String = s.sql.lines().filter(|l| !l.starts_with("--")).collect::<Vec<_>>().join("\n");
                assert!(code.starts_with("SELECT "), "{}", s.name);
                assert!(code.contains("ORDER BY") && !code.contains(';') && !code.contains('*'), "{}", s.name);
                let per_row = ["pg_get_", "format_type", "regclass::text"];
                let cockroach = version.starts_with("Cockroach");
                assert!(!(cockroach && per_row.iter().any(|f| code.contains(f))), "{}", s.name);
            }
        }
    }
}
