//! What a server is and what it can do. Every difference between engines lives in this folder.

mod cockroach;
mod dialect;
mod postgres;
mod statement;

pub use cockroach::{
    advice_in_transaction, commits_before_ddl, is_engine_column, is_shard_column, weaker_isolation_since,
};
pub use dialect::{add_guard, advice, advice_back, quote_ident, quote_list, quote_table};
pub use statement::{Statement, Work, is_transactional};

use std::fmt;

use serde::{Deserialize, Serialize};

/// A server product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// CockroachDB.
    #[value(name = "cockroachdb", alias = "cockroach", alias = "crdb")]
    CockroachDb,
    /// PostgreSQL, and servers that are PostgreSQL underneath.
    #[value(name = "postgresql", alias = "postgres", alias = "pg")]
    PostgreSql,
    /// YugabyteDB.
    #[value(name = "yugabytedb", alias = "yugabyte")]
    YugabyteDb,
    /// Not known, as for a schema file that would load anywhere.
    #[default]
    #[value(skip)]
    Unknown,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Product::CockroachDb => "CockroachDB",
            Product::PostgreSql => "PostgreSQL",
            Product::YugabyteDb => "YugabyteDB",
            Product::Unknown => "unknown engine",
        })
    }
}

/// A release number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Version {
    /// Major (the year for CockroachDB).
    pub major: u16,
    /// Minor.
    pub minor: u16,
    /// Patch.
    pub patch: u16,
}

impl Version {
    /// The first `major[.minor[.patch]]` in `text`; what follows (`-alpha.1`, `devel`) is left out.
    pub fn find(text: &str) -> Option<Version> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut numbers = text[start..]
            .split('.')
            .map_while(|part| {
                let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                let number = digits.parse::<u16>().ok();
                Some((number?, digits.len() == part.len()))
            })
            .scan(true, |go_on, (n, whole)| std::mem::replace(go_on, whole).then_some(n));
        Some(Version { major: numbers.next()?, minor: numbers.next().unwrap_or(0), patch: numbers.next().unwrap_or(0) })
    }

    /// Major and minor alone.
    pub const fn new(major: u16, minor: u16) -> Version {
        Version { major, minor, patch: 0 }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

impl From<Version> for String {
    fn from(v: Version) -> String {
        v.to_string()
    }
}

impl TryFrom<String> for Version {
    type Error = String;
    fn try_from(s: String) -> Result<Version, String> {
        Version::find(&s).ok_or_else(|| format!("'{s}' is not a version number"))
    }
}

/// A product in a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// The product.
    pub product: Product,
    /// Its version, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
}

impl Engine {
    /// Reads the answer of `SELECT version()`: the product first, then its own version.
    ///
    /// `server_version_num` is of no use for this: CockroachDB 26.3 says 18.0 there.
    pub fn from_version_string(text: &str) -> Engine {
        let (product, rest) = if let Some(rest) = text.strip_prefix("CockroachDB") {
            // "CockroachDB CCL v26.3.2 (x86_64-pc-linux-gnu, built …)"; a word of the edition stands before the v
            (Product::CockroachDb, rest.split_once(" v").map_or("", |(_, v)| v))
        } else if let Some((_, yb)) = text.split_once("-YB-") {
            (Product::YugabyteDb, yb)
        } else if let Some(rest) = text.strip_prefix("PostgreSQL") {
            (Product::PostgreSql, rest)
        } else {
            (Product::Unknown, text)
        };
        Engine { product, version: Version::find(rest) }
    }

    /// True if the version is known and at least `major.minor`.
    pub fn at_least(&self, major: u16, minor: u16) -> bool {
        self.version.is_some_and(|v| v >= Version::new(major, minor))
    }

    /// Whether transactions that say nothing else are SERIALIZABLE.
    pub fn is_serializable_by_default(&self) -> bool {
        self.is_cockroach()
    }

    /// Whether one scan can group by several keys (GROUPING SETS).
    pub fn has_grouping_sets(&self) -> bool {
        !self.is_cockroach()
    }

    /// Whether some pages of a table can be read (TABLESAMPLE).
    pub fn has_tablesample(&self) -> bool {
        !self.is_cockroach()
    }

    /// Whether rows are stored in the order of their primary key, and cheap to read in it.
    pub fn stores_by_key(&self) -> bool {
        self.is_cockroach()
    }

    /// Whether ON CONFLICT can name the expressions of a key: `(lower(email))`. CockroachDB v21.1 takes columns only.
    pub fn infers_expression_keys(&self) -> bool {
        !self.is_cockroach()
    }

    /// Whether `pg_advisory_lock` and its like lock anything. CockroachDB v21.1 does not know them.
    pub fn has_advisory_locks(&self) -> bool {
        !self.is_cockroach()
    }

    /// True if the engine is CockroachDB.
    pub fn is_cockroach(&self) -> bool {
        self.product == Product::CockroachDb
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(v) => write!(f, "{} {v}", self.product),
            None => write!(f, "{}", self.product),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_first_then_version() {
        for (text, product, version) in [
            (
                "CockroachDB CCL v26.3.2 (x86_64-pc-linux-gnu, built 2026/09/16 12:26:01, go1.26.6)",
                Product::CockroachDb,
                "26.3.2",
            ),
            ("CockroachDB OSS v20.1.0-alpha.20191118-1842-g60d40b8 (x86_64)", Product::CockroachDb, "20.1"),
            ("CockroachDB CCL v26.1.0-alpha.2 (x86_64)", Product::CockroachDb, "26.1"),
            ("PostgreSQL 15.12-YB-2026.1.0.0-b0 on x86_64", Product::YugabyteDb, "2026.1"),
            ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64", Product::PostgreSql, "15.18"),
            ("PostgreSQL 18beta1 on x86_64", Product::PostgreSql, "18.0"),
        ] {
            let engine = Engine::from_version_string(text);
            assert_eq!(engine.product, product, "{text}");
            assert_eq!(engine.version.map(|v| v.to_string()).as_deref(), Some(version), "{text}");
        }
        assert_eq!(Engine::from_version_string("").version, None);
    }
}
