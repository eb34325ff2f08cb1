//! What is asked of a table's rows about a guard.

use crate::catalog::{Catalog, Comparison, Expr, Expression, KeyPart, Table, TypeFamily};
use crate::engine::quote_ident;
use crate::guard::{Guard, Unvalidated};

/// What is asked of the rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// How many make this condition true: SQL text over the table's columns.
    Broken(String),
    /// How many repeat what another has.
    Repeated {
        /// The key's elements.
        key: Vec<KeyPart>,
        /// Only rows for which this holds.
        predicate: Option<Expression>,
        /// A row with a NULL in the key repeats nothing.
        nulls_distinct: bool,
    },
    /// How many reference a row that is not there.
    Orphaned {
        /// Referencing columns.
        columns: Vec<String>,
        /// Schema and name of the referenced table.
        target: (String, String),
        /// Referenced columns.
        referenced: Vec<String>,
    },
}

impl Ask {
    /// What to ask about a guard; `None` if no row can be in its way.
    pub fn of(catalog: &Catalog, table: &Table, guard: &Guard) -> Option<Ask> {
        match guard {
            Guard::Unique { key, predicate, nulls_not_distinct } => Some(Ask::Repeated {
                key: key.clone(),
                predicate: predicate.clone(),
                nulls_distinct: !nulls_not_distinct,
            }),
            Guard::PrimaryKey { columns } if columns.is_empty() => None,
            Guard::PrimaryKey { columns } => {
                let key = columns.iter().cloned().map(KeyPart::Column).collect();
                Some(Ask::Repeated { key, predicate: None, nulls_distinct: false })
            }
            Guard::Check { condition } => Some(Ask::Broken(format!("NOT ({condition})"))),
            Guard::NotNull { column } => Some(Ask::Broken(format!("{} IS NULL", quote_ident(column)))),
            Guard::ForeignKey { columns, schema, table: target, referenced } => Some(Ask::Orphaned {
                columns: columns.clone(),
                target: (schema.clone(), target.clone()),
                referenced: referenced.clone(),
            }),
            Guard::Validate { what: Unvalidated::Constraint, constraint, .. }
                if let Some(check) = table.checks.iter().find(|c| c.name == *constraint) =>
            {
                Some(Ask::Broken(format!("NOT ({})", check.expression)))
            }
            // the condition of a key says which rows it is about, and not what they are held to
            Guard::Validate { constraint, .. }
                if let Some(key) = table.unique_keys.iter().find(|k| k.name == *constraint) =>
            {
                Some(Ask::Repeated {
                    key: key.key.clone(),
                    predicate: key.predicate.clone(),
                    nulls_distinct: !key.nulls_not_distinct,
                })
            }
            Guard::Validate { what: Unvalidated::Constraint, constraint, .. } => {
                let key = table.foreign_keys.iter().find(|f| f.name == *constraint)?;
                catalog.table(&key.referenced_schema, &key.referenced_table)?;
                Some(Ask::Orphaned {
                    columns: key.columns.clone(),
                    target: (key.referenced_schema.clone(), key.referenced_table.clone()),
                    referenced: key.referenced_columns.clone(),
                })
            }
            Guard::Validate { what: Unvalidated::Index, .. } => None,
            // fewer rows are held to the new key than to the old, any number fits the new type, and code is no row
            Guard::Rekey { .. } | Guard::Retype { .. } | Guard::Code { .. } => None,
        }
    }
}

/// A question about a guard.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The guard.
    pub guard: Guard,
    /// What is asked.
    pub ask: Ask,
    /// Log-odds that are missing for the guard to be proposed at all. At or below 0 it is proposed already, and how
    /// many rows are in its way is asked whatever comes of it.
    pub need: f64,
    /// A query that shows some of the rows in the way, if values are to be seen.
    pub look: Option<String>,
}

impl Question {
    /// The question about a guard; `None` if no row can be in its way.
    pub fn of(catalog: &Catalog, table: &Table, guard: &Guard, need: f64) -> Option<Question> {
        let ask = Ask::of(catalog, table, guard)?;
        let (schema, name) = (table.schema.clone(), table.name.clone());
        Some(Question { schema, table: name, guard: guard.clone(), ask, need, look: None })
    }

    /// Whether the guard is proposed without the rows' help.
    pub fn is_proposed(&self) -> bool {
        self.need <= 0.0
    }
}

/// How far a row is from breaking the condition, as a numeric SQL expression: 0 on the bound, negative beyond it.
/// `None` for conditions that are no comparison of numbers.
pub fn slack(table: &Table, guard: &Guard) -> Option<String> {
    let Guard::Check { condition } = guard else { return None };
    let number = |e: &Expr| match e {
        Expr::Column(c) => table.column(c).is_some_and(|c| c.family().is_number()),
        Expr::Number(_) => true,
        _ => false,
    };
    let whole = |e: &Expr| match e {
        Expr::Column(c) => table.column(c).is_some_and(|c| c.family() == TypeFamily::Integer),
        Expr::Number(n) => n.parse::<i64>().is_ok(),
        _ => false,
    };
    let one = |e: &Expr| {
        let Expr::Compare(op, a, b) = e else { return None };
        let (large, small, strict) = match op {
            Comparison::Ge => (a, b, false),
            Comparison::Gt => (a, b, true),
            Comparison::Le => (b, a, false),
            Comparison::Lt => (b, a, true),
            Comparison::Eq | Comparison::Ne => return None,
        };
        let value = |e: &Expr| format!("({})::float8", Expression::new(e.clone()));
        // the last whole number before a strict bound stands on it
        let step = if strict && whole(a) && whole(b) { " - 1" } else { "" };
        (number(a) && number(b)).then(|| format!("{} - {}{step}", value(large), value(small)))
    };
    let all = match condition.tree() {
        Expr::And(all) => all.iter().map(one).collect::<Option<Vec<_>>>()?,
        single => vec![one(single)?],
    };
    Some(match all.as_slice() {
        [only] => only.clone(),
        several => format!("least({})", several.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Column;

    #[test]
    fn how_far_a_row_is_from_a_bound() {
        let column = |name: &str, data_type: &str| Column {
            name: name.into(),
            data_type: data_type.into(),
            ..Column::default()
        };
        let table = Table {
            columns: vec![column("a", "bigint"), column("b", "numeric"), column("at", "date")],
            ..Table::default()
        };
        let of = |sql: &str| slack(&table, &Guard::Check { condition: Expression::parse(sql) });
        assert_eq!(of("a >= 0").as_deref(), Some("(a)::float8 - (0)::float8"));
        assert_eq!(of("a > 0").as_deref(), Some("(a)::float8 - (0)::float8 - 1"));
        assert_eq!(of("b > 0").as_deref(), Some("(b)::float8 - (0)::float8"));
        assert_eq!(of("a <= b").as_deref(), Some("(b)::float8 - (a)::float8"));
        assert!(of("a >= 0 AND a <= 100").is_some_and(|s| s.starts_with("least(")));
        assert_eq!(of("at > '2020-01-01'"), None);
        assert_eq!(of("a <> 0"), None);
    }
}
