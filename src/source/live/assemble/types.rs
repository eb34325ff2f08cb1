//! Enums and domains.

use std::collections::HashMap;

use crate::catalog::{Check, Expression, UserType, canonical_type};
use crate::engine::quote_ident;

use super::tables::Tables;
use super::{LiveError, Reading};

/// The types that hold values to a rule, and how columns find them.
#[derive(Default)]
pub struct Types {
    rows: HashMap<u32, TypeRow>,
    by_name: HashMap<String, HashMap<String, u32>>,
    labels: HashMap<u32, Vec<String>>,
    checks: HashMap<u32, Vec<Check>>,
}

struct TypeRow {
    /// None for a type of the system.
    schema: Option<String>,
    name: String,
    kind: String,
    element: u32,
    base: u32,
    modifier: i32,
    base_type: Option<String>,
    not_null: bool,
}

impl Types {
    pub fn read(reading: &mut Reading<'_>, tables: &Tables) -> Result<Types, LiveError> {
        let mut types = Types::default();
        let recording = reading.recording;
        let rows = recording.required("types")?;
        let [oid, schema, name, kind, element] = rows.positions(["oid", "schema", "name", "kind", "element"])?;
        let [base, modifier, base_type, not_null] = rows.positions(["base", "modifier", "base_type", "not_null"])?;
        for row in rows.rows() {
            let schema = tables.schemas.get(&row.oid(schema)?).cloned();
            if let Some(schema) = &schema {
                types.by_name.entry(schema.clone()).or_default().insert(row.text(name).to_owned(), row.oid(oid)?);
            }
            let of = TypeRow {
                schema,
                name: row.text(name).to_owned(),
                kind: row.text(kind).to_owned(),
                element: row.oid(element)?,
                base: row.oid(base)?,
                modifier: row.number(modifier)?.unwrap_or(-1),
                base_type: row.get(base_type).map(str::to_owned),
                not_null: row.flag(not_null)?,
            };
            types.rows.insert(row.oid(oid)?, of);
        }
        let rows = recording.required("enum_labels")?;
        let [oid, label] = rows.positions(["type", "label"])?;
        for row in rows.rows() {
            types.labels.entry(row.oid(oid)?).or_default().push(row.text(label).to_owned());
        }
        types.read_domain_checks(reading)?;
        Ok(types)
    }

    fn read_domain_checks(&mut self, reading: &mut Reading<'_>) -> Result<(), LiveError> {
        let rows = reading.recording.required("constraints")?;
        let [domain, name, kind, validated, enforced, expression] =
            rows.positions(["domain", "name", "type", "validated", "enforced", "expression"])?;
        for row in rows.rows() {
            let oid = row.oid(domain)?;
            if oid == 0 || row.get(kind) != Some("c") {
                continue;
            }
            let Some(condition) = row.get(expression) else {
                reading.not_understood(&format!("check {} of a domain", row.text(name)), false);
                continue;
            };
            let check = Check {
                name: row.text(name).to_owned(),
                expression: Expression::parse(condition),
                validated: row.flag(validated)?,
                enforced: row.get(enforced).is_none() || row.flag(enforced)?,
            };
            self.checks.entry(oid).or_default().push(check);
        }
        Ok(())
    }

    /// The type of that schema and name.
    pub fn named(&self, schema: &str, name: &str) -> Option<u32> {
        self.by_name.get(schema)?.get(name).copied()
    }

    /// The canonical name of a user's type, that of an array for its array type.
    pub fn label(&self, oid: u32) -> Option<String> {
        let row = self.rows.get(&oid)?;
        if row.element != 0 {
            let of = self.rows.get(&row.element).filter(|e| e.element == 0)?;
            return of.qualified().map(|name| name + "[]");
        }
        row.qualified()
    }

    /// What is behind an enum or a domain.
    pub fn user_type(&self, oid: u32) -> Option<UserType> {
        match &*self.rows.get(&oid)?.kind {
            "e" => Some(UserType::Enum { labels: self.labels.get(&oid).cloned().unwrap_or_default() }),
            "d" => Some(self.domain(oid)),
            _ => None,
        }
    }

    /// A domain together with the domains beneath it.
    fn domain(&self, oid: u32) -> UserType {
        let (mut base, mut not_null, mut checks) = (String::new(), false, Vec::new());
        let mut at = oid;
        // bounded: rows could name a domain as its own base
        for _ in 0..64 {
            let Some(row) = self.rows.get(&at).filter(|r| r.kind == "d") else { break };
            not_null |= row.not_null;
            checks.extend(self.checks.get(&at).cloned().unwrap_or_default());
            base = self.base_name(row);
            at = row.base;
        }
        UserType::Domain { base, not_null, checks }
    }

    fn base_name(&self, domain: &TypeRow) -> String {
        if let Some(label) = self.label(domain.base) {
            return label;
        }
        match (&domain.base_type, self.rows.get(&domain.base)) {
            (Some(name), _) => canonical_type(name, false),
            (None, Some(base)) => canonical_type(&with_modifier(&base.name, domain.modifier), true),
            (None, None) => String::new(),
        }
    }
}

impl TypeRow {
    fn qualified(&self) -> Option<String> {
        Some(format!("{}.{}", quote_ident(self.schema.as_ref()?), quote_ident(&self.name)))
    }
}

/// What format_type does, for the types of CockroachDB that have a modifier: `varchar`, 44 is `varchar(40)`.
fn with_modifier(name: &str, modifier: i32) -> String {
    let (name, array) = name.strip_prefix('_').map_or((name, ""), |element| (element, "[]"));
    let parameters = match name {
        _ if modifier < 0 => String::new(),
        "varchar" | "bpchar" | "char" | "text" if modifier >= 4 => format!("({})", modifier - 4),
        "numeric" if modifier >= 4 => format!("({},{})", (modifier - 4) >> 16, (modifier - 4) & 0xffff),
        "bit" | "varbit" => format!("({modifier})"),
        _ => String::new(),
    };
    let name = if name == "text" && !parameters.is_empty() { "varchar" } else { name };
    format!("{name}{parameters}{array}")
}

#[cfg(test)]
mod tests {
    use super::with_modifier;

    #[test]
    fn modifiers() {
        for (name, modifier, expected) in [
            ("varchar", 44, "varchar(40)"),
            ("text", 9, "varchar(5)"),
            ("text", -1, "text"),
            ("numeric", 786_438, "numeric(12,2)"),
            ("bpchar", 7, "bpchar(3)"),
            ("bit", 4, "bit(4)"),
            ("_varchar", 9, "varchar(5)[]"),
            ("int8", -1, "int8"),
            ("varchar", i32::MIN, "varchar"),
        ] {
            assert_eq!(with_modifier(name, modifier), expected);
        }
    }
}
