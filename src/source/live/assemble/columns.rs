//! Columns with their types, defaults and generation expressions.

use std::collections::HashMap;

use crate::catalog::{Column, Expression, UserType, canonical_type};
use crate::engine::is_engine_column;

use super::tables::Tables;
use super::types::Types;
use super::{LiveError, Reading};
use crate::source::live::Row;

pub fn read(reading: &Reading<'_>, tables: &mut Tables, types: &Types) -> Result<(), LiveError> {
    let rows = reading.recording.required("columns")?;
    let [oid, schema, table, number, name] =
        rows.positions(["table_oid", "table_schema", "table_name", "number", "name"])?;
    let [nullable, default, generated, identity, hidden] =
        rows.positions(["nullable", "default", "generated", "identity", "hidden"])?;
    let at_type = TypePositions(rows.positions([
        "type",
        "type_oid",
        "domain_schema",
        "domain_name",
        "udt_schema",
        "udt_name",
    ])?);
    // now(), false, gen_random_uuid(): a schema has few different defaults, and parsing is what takes time here
    let mut parsed: HashMap<&str, Expression> = HashMap::new();
    let mut parse = |text| parsed.entry(text).or_insert_with(|| Expression::parse(text)).clone();
    for row in rows.rows() {
        let at = match row.get(oid) {
            Some(_) => tables.listed(row.oid(oid)?),
            None => tables.named(row.text(schema), row.text(table)),
        };
        let Some(at) = at else { continue };
        let name = row.text(name);
        let (data_type, user_type) = at_type.read(row, types, reading.engine.is_cockroach())?;
        let is_hidden = row.flag(hidden)?;
        let is_identity = row.flag(identity)?;
        let generated = row.get(generated).filter(|g| !g.is_empty()).map(&mut parse);
        // an engine's own sequence is behind the default of an identity column
        let default = row.get(default).filter(|_| generated.is_none() && !is_identity);
        let listed = !(is_hidden && is_engine_column(name, &data_type, default));
        let column = listed.then(|| Column {
            name: name.to_owned(),
            data_type,
            user_type,
            nullable: row.flag(nullable).unwrap_or(true),
            default: default.map(&mut parse),
            generated,
            identity: is_identity,
            hidden: is_hidden,
            comment: None,
        });
        tables.add_column(at, row.number(number)?.unwrap_or(0), name, column);
    }
    Ok(())
}

/// Where the values stand that tell a column's type.
struct TypePositions([usize; 6]);

impl TypePositions {
    fn read(&self, row: Row<'_>, types: &Types, cockroach: bool) -> Result<(String, Option<UserType>), LiveError> {
        let TypePositions([name, oid, domain_schema, domain, udt_schema, udt]) = *self;
        // by number on PostgreSQL, by name on CockroachDB
        let user_type = match row.get(oid) {
            Some(_) => Some(row.oid(oid)?),
            None => {
                let named = |schema, name| types.named(row.text(schema), row.text(name));
                named(domain_schema, domain).or_else(|| named(udt_schema, udt))
            }
        };
        if let Some(oid) = user_type
            && let Some(label) = types.label(oid)
        {
            return Ok((label, types.user_type(oid)));
        }
        Ok((canonical_type(&without_collation(row.text(name)), cockroach), None))
    }
}

/// CockroachDB prints a collation as part of the type: `STRING(5) COLLATE en`, `STRING[] COLLATE en`.
fn without_collation(written: &str) -> String {
    match written.split_once(" COLLATE ") {
        Some((name, collation)) if collation.ends_with("[]") => format!("{name}[]"),
        Some((name, _)) => name.to_owned(),
        None => written.to_owned(),
    }
}
