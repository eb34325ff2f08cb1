//! Names that the server makes up where a schema file gives none.

use std::collections::BTreeMap;

use crate::engine::{Engine, Version};

use super::state::{Qualified, State};

/// The longest name, in bytes, of PostgreSQL.
const LONGEST: usize = 63;

/// What a name is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    PrimaryKey,
    /// A UNIQUE constraint; on CockroachDB any unique index.
    Unique,
    Index,
    Check,
    ForeignKey,
    Exclusion,
    Sequence,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Kind::PrimaryKey => "pkey",
            Kind::Unique => "key",
            Kind::Index => "idx",
            Kind::Check => "check",
            Kind::ForeignKey => "fkey",
            Kind::Exclusion => "excl",
            Kind::Sequence => "seq",
        }
    }

    fn is_relation(self) -> bool {
        !matches!(self, Kind::Check | Kind::ForeignKey)
    }
}

/// PostgreSQL's `makeObjectName`: `first_second_label`, the longer of the two shortened until it all fits.
pub(super) fn object_name(first: &str, second: Option<&str>, label: &str) -> String {
    let second = second.unwrap_or_default();
    let overhead = label.len() + usize::from(!label.is_empty()) + usize::from(!second.is_empty());
    let room = LONGEST.saturating_sub(overhead);
    let (mut a, mut b) = (first.len(), second.len());
    while a + b > room {
        if a > b { a -= 1 } else { b -= 1 }
    }
    let parts = [clip(first, a), clip(second, b), label];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("_")
}

/// At most `bytes` of the text, whole characters.
pub(super) fn clip(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|&n| text.is_char_boundary(n)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// What stands for a key's elements in PostgreSQL's names: joined until there is more than fits anyway.
fn addition(columns: &[String]) -> String {
    let mut out = String::new();
    for c in columns {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(c);
        if out.len() > LONGEST {
            break;
        }
    }
    out
}

/// Names of an index's elements, told apart by a number: `lower`, `lower1`.
pub(super) fn distinct(names: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in names {
        let mut free = name.clone();
        let mut n = 0;
        while out.contains(&free) {
            n += 1;
            let number = n.to_string();
            free = format!("{}{number}", clip(&name, LONGEST - number.len()));
        }
        out.push(free);
    }
    out
}

/// A name for a new object of `table`, as the engine would choose it. `columns` are the key's elements; for a check
/// the columns named in it, each time that one is named.
pub(super) fn choose(state: &State, table: &Qualified, columns: &[String], kind: Kind) -> String {
    if state.engine.is_cockroach() {
        return cockroach(state, table, columns, kind);
    }
    let second = match kind {
        Kind::PrimaryKey => None,
        Kind::Check => match columns {
            [first, rest @ ..] if rest.iter().all(|c| c == first) => Some(first.clone()),
            _ => None,
        },
        _ => Some(addition(columns)),
    };
    let mut pass = 0usize;
    loop {
        let label = if pass == 0 { kind.label().to_owned() } else { format!("{}{pass}", kind.label()) };
        let name = object_name(&table.name, second.as_deref(), &label);
        let place = Qualified { schema: table.schema.clone(), name };
        let taken = match kind {
            Kind::Index | Kind::Sequence => state.is_relation(&place),
            kind if kind.is_relation() => state.is_relation(&place) || state.is_constraint(&place),
            _ => state.is_constraint(&place),
        };
        if !taken || pass > 100_000 {
            return place.name;
        }
        pass += 1;
    }
}

/// CockroachDB: one name space per table, no limit to the length.
fn cockroach(state: &State, table: &Qualified, columns: &[String], kind: Kind) -> String {
    let joined = columns.join("_");
    let before_22 = state.engine.version.is_some_and(|v: Version| v < Version::new(22, 1));
    let base = match kind {
        Kind::PrimaryKey if before_22 => return "primary".to_owned(),
        Kind::PrimaryKey => return format!("{}_pkey", table.name),
        Kind::Check if joined.is_empty() => "check".to_owned(),
        Kind::Check => format!("check_{joined}"),
        kind => format!("{}_{joined}_{}", table.name, kind.label()),
    };
    free_in_table(state, table, &base)
}

/// CockroachDB's name of a foreign key, which up to 21.2 said where it leads.
pub(super) fn foreign_key(state: &State, table: &Qualified, columns: &[String], target: &str) -> String {
    let Engine { version, .. } = state.engine;
    if state.engine.is_cockroach() && version.is_some_and(|v| v < Version::new(22, 1)) {
        return free_in_table(state, table, &format!("fk_{}_ref_{target}", columns.join("_")));
    }
    choose(state, table, columns, Kind::ForeignKey)
}

/// CockroachDB's name of a UNIQUE WITHOUT INDEX.
pub(super) fn without_index(state: &State, table: &Qualified, columns: &[String]) -> String {
    free_in_table(state, table, &format!("unique_{}", columns.join("_")))
}

fn free_in_table(state: &State, table: &Qualified, base: &str) -> String {
    let taken: BTreeMap<&str, ()> =
        state.tables.get(table).into_iter().flat_map(|t| t.table.constraint_names()).map(|n| (n, ())).collect();
    let mut name = base.to_owned();
    let mut n = 0usize;
    while taken.contains_key(name.as_str()) {
        n += 1;
        name = format!("{base}{n}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_as_postgresql_does() {
        assert_eq!(object_name("t", Some("a"), "key"), "t_a_key");
        assert_eq!(object_name("t", None, "pkey"), "t_pkey");
        let long = object_name(&"t".repeat(60), Some(&"c".repeat(40)), "idx");
        assert_eq!(long.len(), 63);
        assert_eq!(long, format!("{}_{}_idx", "t".repeat(29), "c".repeat(29)));
        assert_eq!(object_name(&"é".repeat(40), Some("a"), "check"), format!("{}_a_check", "é".repeat(27)));
        assert_eq!(distinct(vec!["lower".into(), "lower".into(), "a".into()]), ["lower", "lower1", "a"]);
    }
}
