//! Checks, foreign keys, exclusions and keys without an index.

use crate::catalog::{Action, Check, Exclusion, Expr, Expression, ForeignKey, KeyKind, UniqueKey};
use crate::engine::is_shard_column;

use super::definition::Definition;
use super::tables::Tables;
use super::{LiveError, Reading};

pub fn read(reading: &mut Reading<'_>, tables: &mut Tables) -> Result<(), LiveError> {
    let rows = reading.recording.required("constraints")?;
    let [oid, name, kind, index, referenced, on_delete] =
        rows.positions(["table_oid", "name", "type", "index", "referenced", "on_delete"])?;
    let [validated, enforced, expression, definition] =
        rows.positions(["validated", "enforced", "expression", "definition"])?;
    for row in rows.rows() {
        let Some(at) = tables.listed(row.oid(oid)?) else { continue };
        let parsed = Definition::parse(row.text(definition));
        let constraint = Constraint {
            name: row.text(name),
            // CockroachDB says that a constraint is valid while it still checks the rows; only the text tells
            validated: row.flag(validated)? && !parsed.is_not_valid(),
            enforced: row.get(enforced).is_none() || row.flag(enforced)?,
            expression: row.get(expression),
            definition: parsed,
        };
        let understood = match row.text(kind) {
            "c" => constraint.check(tables, at),
            "n" => constraint.not_null(tables, at),
            "f" => constraint.foreign_key(tables, at, row.oid(referenced)?, action(row.text(on_delete))),
            "x" => constraint.exclusion(tables, at),
            "u" if row.oid(index)? == 0 => constraint.unique_without_index(tables, at),
            // the others have an index, which tells more
            _ => Some(()),
        };
        if understood.is_none() && !reading.locked.contains(&row.oid(oid)?) {
            let table = tables.list.get(at).map(crate::catalog::Table::label).unwrap_or_default();
            let text = if row.text(kind) == "c" { expression } else { definition };
            reading.not_understood(&format!("constraint {} of table {table}", row.text(name)), row.get(text).is_some());
        }
    }
    Ok(())
}

/// A row, read. Its methods add it to the table; `None` if its definition makes no sense.
struct Constraint<'a> {
    name: &'a str,
    validated: bool,
    enforced: bool,
    expression: Option<&'a str>,
    definition: Definition<'a>,
}

impl Constraint<'_> {
    fn check(&self, tables: &mut Tables, at: usize) -> Option<()> {
        let expression = Expression::parse(self.expression?);
        let columns = expression.columns();
        // the check that CockroachDB adds for the shards of a hash-sharded index
        if !columns.is_empty() && columns.iter().all(|c| is_shard_column(c)) {
            return Some(());
        }
        self.add_check(tables, at, expression)
    }

    fn add_check(&self, tables: &mut Tables, at: usize, expression: Expression) -> Option<()> {
        let Constraint { validated, enforced, .. } = *self;
        tables.list.get_mut(at)?.checks.push(Check { name: self.name.to_owned(), expression, validated, enforced });
        Some(())
    }

    /// NOT NULL is a matter of the column, but for PostgreSQL 18's NOT NULL … NOT VALID: rows may still hold NULL.
    fn not_null(&self, tables: &mut Tables, at: usize) -> Option<()> {
        if self.validated {
            return Some(());
        }
        let name = self.definition.word_after("NULL")?;
        tables.list.get_mut(at)?.columns.iter_mut().find(|c| c.name == name)?.nullable = true;
        self.add_check(tables, at, Expression::new(Expr::IsNull(Box::new(Expr::Column(name)), true)))
    }

    fn foreign_key(&self, tables: &mut Tables, at: usize, referenced: u32, on_delete: Action) -> Option<()> {
        let columns = self.definition.columns()?;
        let (written_schema, written_name, referenced_columns) = self.definition.references()?;
        let (referenced_schema, referenced_table) = match tables.names.get(&referenced) {
            Some((schema, name)) => (schema.clone(), name.clone()),
            // a table that this user cannot see
            None => (written_schema.unwrap_or_else(|| "public".to_owned()), written_name),
        };
        if columns.is_empty() || columns.len() != referenced_columns.len() {
            return None;
        }
        tables.list.get_mut(at)?.foreign_keys.push(ForeignKey {
            name: self.name.to_owned(),
            columns,
            referenced_schema,
            referenced_table,
            referenced_columns,
            on_delete,
            validated: self.validated && self.enforced,
        });
        Some(())
    }

    fn exclusion(&self, tables: &mut Tables, at: usize) -> Option<()> {
        let elements = self.definition.key_with_operators();
        let predicate = self.definition.predicate();
        let exclusion = Exclusion { name: self.name.to_owned(), elements, predicate };
        tables.list.get_mut(at)?.exclusions.push(exclusion);
        Some(())
    }

    /// CockroachDB's UNIQUE WITHOUT INDEX, which has its columns in the text only.
    fn unique_without_index(&self, tables: &mut Tables, at: usize) -> Option<()> {
        let key = Some(self.definition.key()).filter(|k| !k.is_empty())?;
        tables.list.get_mut(at)?.unique_keys.push(UniqueKey {
            name: self.name.to_owned(),
            key,
            predicate: self.definition.predicate(),
            nulls_not_distinct: false,
            kind: KeyKind::WithoutIndex,
            valid: self.validated,
        });
        Some(())
    }
}

fn action(code: &str) -> Action {
    match code {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}
