//! A guard: a rule that the database itself enforces, proposed independently of any engine.

use std::collections::BTreeSet;

use crate::catalog::{
    Catalog, Expr, Expression, KeyPart, Table, check_implied, expression_key_implied, foreign_key_implied,
    not_null_implied, unique_implied,
};

/// A proposal for one table.
#[derive(Debug, Clone, PartialEq)]
pub enum Guard {
    /// No two rows agree on the key.
    Unique {
        /// The key's elements in order.
        key: Vec<KeyPart>,
        /// Only rows for which this holds.
        predicate: Option<Expression>,
        /// Two NULLs count as equal.
        nulls_not_distinct: bool,
    },
    /// A unique key that is too strict gives way to one for fewer rows.
    Rekey {
        /// The key's elements in order.
        key: Vec<KeyPart>,
        /// Only rows for which this holds.
        predicate: Expression,
        /// Name of the key that goes.
        replaced: String,
        /// It is a constraint, and not an index alone.
        constraint: bool,
    },
    /// Rows can be told apart: a primary key on columns that exist, or on a new column if the list is empty.
    PrimaryKey {
        /// The columns; empty for a new surrogate.
        columns: Vec<String>,
    },
    /// Every row obeys a condition.
    Check {
        /// The condition.
        condition: Expression,
    },
    /// A column is never NULL.
    NotNull {
        /// The column.
        column: String,
    },
    /// A value exists in another table.
    ForeignKey {
        /// Referencing columns.
        columns: Vec<String>,
        /// Schema of the referenced table.
        schema: String,
        /// The referenced table.
        table: String,
        /// Referenced columns.
        referenced: Vec<String>,
    },
    /// A column gets a type in which comparisons hold. CHECKs that name it are made anew: an engine may keep them in
    /// the old type.
    Retype {
        /// The column.
        column: String,
        /// The new type, by the name that all engines know.
        data_type: &'static str,
        /// Names and conditions of the CHECKs that name the column.
        checks: Vec<(String, Expression)>,
    },
    /// Nothing that a schema could hold: the application's code has to change.
    Code {
        /// The columns that it is about; none if it is about whole rows.
        columns: Vec<String>,
    },
    /// A constraint that exists is made to hold for all rows.
    Validate {
        /// What it is.
        what: Unvalidated,
        /// Its name.
        constraint: String,
        /// The columns that it is about.
        columns: Vec<String>,
        /// The condition of a check, for the fingerprint: a name may change, the rule stays.
        condition: Option<Expression>,
        /// What a foreign key references: one column may be held to several tables.
        references: Option<String>,
    },
}

/// What kind of constraint is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unvalidated {
    /// A CHECK or FOREIGN KEY that was added NOT VALID, or CockroachDB's UNIQUE WITHOUT INDEX.
    Constraint,
    /// A unique index whose build failed.
    Index,
}

impl Guard {
    /// A unique key on columns.
    pub fn unique(columns: &[&str]) -> Guard {
        let key = columns.iter().map(|c| KeyPart::Column((*c).to_owned())).collect();
        Guard::Unique { key, predicate: None, nulls_not_distinct: false }
    }

    /// A check.
    pub fn check(condition: Expr) -> Guard {
        Guard::Check { condition: Expression::new(condition) }
    }

    /// Whether it refuses what two sessions can bring about that each did right by what it saw.
    pub fn stops_a_race(&self) -> bool {
        matches!(self.kind(), "unique" | "primary_key" | "check" | "foreign_key")
    }

    /// The word for it in the JSON contract.
    pub fn kind(&self) -> &'static str {
        match self {
            Guard::Unique { .. } | Guard::Rekey { .. } => "unique",
            Guard::PrimaryKey { .. } => "primary_key",
            Guard::Check { .. } => "check",
            Guard::NotNull { .. } => "not_null",
            Guard::ForeignKey { .. } => "foreign_key",
            Guard::Retype { .. } => "setting",
            Guard::Code { .. } => "code",
            Guard::Validate { .. } => "validate",
        }
    }

    /// The columns that the guard is about, in its own order, each once.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Guard::Unique { key, .. } | Guard::Rekey { key, .. } => {
                let mut seen = BTreeSet::new();
                key.iter().flat_map(KeyPart::columns).filter(|c| seen.insert(*c)).collect()
            }
            Guard::Check { condition } => condition.columns(),
            Guard::NotNull { column } | Guard::Retype { column, .. } => vec![column],
            Guard::PrimaryKey { columns }
            | Guard::ForeignKey { columns, .. }
            | Guard::Code { columns }
            | Guard::Validate { columns, .. } => columns.iter().map(String::as_str).collect(),
        }
    }

    /// The rows that a partial key is about.
    pub fn predicate(&self) -> Option<&Expression> {
        match self {
            Guard::Unique { predicate, .. } => predicate.as_ref(),
            Guard::Rekey { predicate, .. } => Some(predicate),
            _ => None,
        }
    }

    /// The condition of a check, or the expressions of a key; `None` if the columns say it all.
    pub fn expression(&self) -> Option<String> {
        match self {
            Guard::Check { condition } => Some(condition.to_string()),
            Guard::Validate { condition, .. } => condition.as_ref().map(ToString::to_string),
            Guard::Unique { key, .. } | Guard::Rekey { key, .. } if key.iter().any(|k| k.as_column().is_none()) => {
                Some(key_text(key))
            }
            _ => None,
        }
    }

    /// What makes the guard itself, beside its columns: for the fingerprint.
    pub fn condition_text(&self) -> String {
        let predicate = self.predicate().map(|p| format!(" WHERE {p}")).unwrap_or_default();
        let nulls = matches!(self, Guard::Unique { nulls_not_distinct: true, .. });
        let target = match self {
            Guard::ForeignKey { schema, table, referenced, .. } => {
                format!("{schema}.{table}({})", referenced.join(","))
            }
            Guard::Validate { references: Some(target), .. } => target.clone(),
            _ => String::new(),
        };
        let nulls = if nulls { " NULLS NOT DISTINCT" } else { "" };
        format!("{} {}{target}{predicate}{nulls}", self.kind(), self.expression().unwrap_or_default())
    }

    /// What makes it the same guard on a table, whatever the order of a key's columns.
    pub fn identity(&self) -> String {
        let mut columns = self.columns();
        columns.sort_unstable();
        format!("{}\u{1f}{}", columns.join(","), self.condition_text())
    }

    /// The catalog already has it, or has something stricter.
    pub fn is_implied(&self, catalog: &Catalog, table: &Table) -> bool {
        match self {
            Guard::Unique { key, predicate, .. } if key.iter().any(|k| k.as_column().is_none()) => {
                expression_key_implied(table, key, predicate.as_ref())
            }
            Guard::Unique { predicate, nulls_not_distinct, .. } => {
                unique_implied(table, &self.columns(), predicate.as_ref(), *nulls_not_distinct)
            }
            Guard::PrimaryKey { .. } => table.primary_key.is_some(),
            Guard::Check { condition } => check_implied(catalog, table, condition),
            Guard::NotNull { column } => not_null_implied(table, column),
            Guard::ForeignKey { .. } => foreign_key_implied(table, &self.columns()),
            Guard::Validate { .. } | Guard::Rekey { .. } | Guard::Retype { .. } | Guard::Code { .. } => false,
        }
    }

    /// Whether the table can have it: a key of a partitioned table has to contain the partition key.
    pub fn is_possible(&self, table: &Table) -> bool {
        let columns = self.columns();
        let contains = |p: &KeyPart| p.as_column().is_some_and(|c| columns.contains(&c));
        match self {
            // a new column is joined to the partition key
            Guard::PrimaryKey { columns } if columns.is_empty() => {
                table.partition_key.iter().all(|p| p.as_column().is_some())
            }
            Guard::Unique { .. } | Guard::Rekey { .. } | Guard::PrimaryKey { .. } => {
                table.partition_key.iter().all(contains)
            }
            _ => true,
        }
    }

    /// A readable name for the constraint or index, at most 63 bytes, in the manner of the server's own
    /// (`reservation_show_id_user_id_key`). The same guard always gets the same name. Empty where there is nothing to
    /// name.
    pub fn name(&self, table: &str) -> String {
        let columns = self.columns().join("_");
        let suffix = match self {
            Guard::Unique { predicate: Some(_), .. } | Guard::Rekey { .. } => "partial_key",
            Guard::Unique { .. } => "key",
            Guard::PrimaryKey { .. } => return fit(&format!("{table}_pkey"), ""),
            Guard::Check { .. } => "check",
            Guard::NotNull { .. } => "not_null",
            Guard::Retype { .. } => "type",
            Guard::ForeignKey { .. } => "fkey",
            Guard::Validate { constraint, .. } => return constraint.clone(),
            Guard::Code { .. } => return String::new(),
        };
        fit(&format!("{table}_{columns}"), &format!("_{suffix}"))
    }
}

/// The elements of a key as SQL, expressions in parentheses.
pub fn key_text(key: &[KeyPart]) -> String {
    key_parts(key).join(", ")
}

/// The rows that a key of these elements holds apart, as a condition; `None` if it is all of them.
pub fn held(parts: &[String], predicate: Option<&str>, nulls_distinct: bool) -> Option<String> {
    let mut conditions: Vec<String> = predicate.into_iter().map(|p| format!("({p})")).collect();
    if nulls_distinct {
        // NULLs never equal each other in such a key
        conditions.extend(parts.iter().map(|p| format!("{p} IS NOT NULL")));
    }
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}

/// The same elements one by one.
pub fn key_parts(key: &[KeyPart]) -> Vec<String> {
    let part = |p: &KeyPart| match p {
        KeyPart::Column(c) => crate::engine::quote_ident(c),
        KeyPart::Expression(e) => match e.tree() {
            Expr::Call(..) => e.to_string(),
            _ => format!("({e})"),
        },
    };
    key.iter().map(part).collect()
}

/// PostgreSQL's NAMEDATALEN less one; CockroachDB has no limit, but its tools have.
const MAX_NAME: usize = 63;

/// `stem` and `suffix` together in 63 bytes: what does not fit makes room for a hash of the whole.
pub fn fit(stem: &str, suffix: &str) -> String {
    let whole = format!("{stem}{suffix}");
    if whole.len() <= MAX_NAME {
        return whole;
    }
    let hash = hex(&whole, 4);
    let mut room = MAX_NAME.saturating_sub(suffix.len() + hash.len() + 1);
    while !stem.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}_{hash}{suffix}", &stem[..room])
}

/// The first `bytes` bytes of the text's SHA-256, in hexadecimal.
pub fn hex(text: &str, bytes: usize) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes()).iter().take(bytes).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_fit() {
        assert_eq!(Guard::unique(&["show_id", "user_id"]).name("reservation"), "reservation_show_id_user_id_key");
        let long = Guard::unique(&["a_rather_long_column_name_for_once", "ünïcödé_which_takes_two_bytes_each"]);
        let name = long.name("a_table_with_a_long_name");
        assert!(name.len() <= 63 && name.ends_with("_key"), "{name}");
        assert_eq!(name, long.name("a_table_with_a_long_name"));
    }
}
