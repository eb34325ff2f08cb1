//! The schema as data.
//!
//! A [`Catalog`] is what a source reads and what the rules look at. Engine quirks are already removed from it: hidden
//! shard and region columns are not part of a key, a key's columns are names and not attribute numbers, types carry
//! PostgreSQL's canonical names, and expressions are parsed. It serialises to the snapshot format.

mod changes;
mod data_type;
mod expression;
mod implied;

pub use changes::{Change, changes};
pub use data_type::{TypeFamily, canonical_type, family};
pub use expression::{Comparison, Expr, Expression};
pub use implied::{check_implied, expression_key_implied, foreign_key_implied, not_null_implied, unique_implied};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;

/// A database schema, complete enough for every rule. Tables are sorted by schema and name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The server product and version that the schema is for.
    pub engine: Engine,
    /// All ordinary and partitioned tables; no views, temporary or extension-owned tables, no partitions.
    pub tables: Vec<Table>,
    /// Relations that are none of the tables (views, sequences, partitions): PostgreSQL gives no index such a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_relations: Vec<Relation>,
    /// Schema and name of the tables whose expressions could not be read: nothing is found about them, and what
    /// references them is judged as ever.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub half_read: BTreeSet<(String, String)>,
    /// What the source could not read, and why. Rules that need it are skipped, never silently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

impl Catalog {
    /// The table of that schema and name.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables
            .binary_search_by(|t| (t.schema.as_str(), t.name.as_str()).cmp(&(schema, name)))
            .ok()
            .and_then(|i| self.tables.get(i))
    }

    /// Puts tables and their parts into the canonical form that [`Catalog::table`] and equality rely on: everything in
    /// order, and `DEFAULT NULL` (which PostgreSQL keeps for some types) is no default.
    pub fn sort(&mut self) {
        self.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        for t in &mut self.tables {
            t.drop_casts();
            t.unique_keys.sort_by(|a, b| a.name.cmp(&b.name));
            t.checks.sort_by(|a, b| a.name.cmp(&b.name));
            t.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
            t.indexes.sort_by(|a, b| a.name.cmp(&b.name));
            t.exclusions.sort_by(|a, b| a.name.cmp(&b.name));
            for c in &mut t.columns {
                // DEFAULT NULL says nothing; servers do not keep it
                c.default.take_if(|d| *d.tree() == Expr::Null);
                if let Some(UserType::Domain { checks, .. }) = &mut c.user_type {
                    checks.sort_by(|a, b| a.name.cmp(&b.name));
                }
            }
        }
        self.other_relations.sort();
        self.missing.sort();
    }
}

/// The name of a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relation {
    /// Schema name, unquoted.
    pub schema: String,
    /// Its own name, unquoted.
    pub name: String,
}

/// A part of the catalog that a source may be unable to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Comments on tables and columns.
    Comments,
    /// Estimated number of rows of each table.
    RowEstimates,
    /// Enum types with their labels, and domains with their checks.
    UserTypes,
    /// Which tables an extension owns.
    Extensions,
    /// The statements that were sent, if they were asked for.
    Statements,
    /// Something of the schema's definition itself: a statement of a schema file that was not understood.
    Definitions,
}

/// A part of the catalog that could not be read, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// What is missing.
    pub part: Part,
    /// The server's or the reader's words.
    pub reason: String,
}

/// A table with all its constraints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Schema name, unquoted.
    pub schema: String,
    /// Table name, unquoted.
    pub name: String,
    /// Comment on the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// The primary key; `None` where there is none, or only CockroachDB's hidden `rowid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<PrimaryKey>,
    /// Unique keys other than the primary key, from constraints and from indexes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique_keys: Vec<UniqueKey>,
    /// CHECK constraints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Foreign keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// Indexes that are not unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// EXCLUDE constraints (PostgreSQL).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Exclusion>,
    /// Partition key of a partitioned PostgreSQL table: a unique key has to contain it. Empty if not partitioned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition_key: Vec<KeyPart>,
    /// It inherits from another table (PostgreSQL): a column that the other gets, it gets too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherits: bool,
    /// CockroachDB's hidden `rowid` column stands in for a primary key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden_rowid: bool,
    /// The planner's estimate of the number of rows. An estimate, never proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_estimate: Option<u64>,
    /// Where a schema file creates the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Table {
    /// Drops the casts that do not change a column's value: to its own type, to its domain's, to a wider integer.
    fn drop_casts(&mut self) {
        let bases: std::collections::HashMap<String, String> = self
            .columns
            .iter()
            .map(|c| {
                let base = match &c.user_type {
                    Some(UserType::Domain { base, .. }) => base,
                    _ => &c.data_type,
                };
                (c.name.clone(), base.clone())
            })
            .collect();
        let settle = |e: &mut Expression| {
            *e = e.without_casts(&|column, to| bases.get(column).is_some_and(|base| is_kept_by(base, to)));
        };
        let part = |p: &mut KeyPart| {
            if let KeyPart::Expression(e) = p {
                settle(e);
            }
        };
        for c in &mut self.columns {
            c.generated.iter_mut().for_each(settle);
            if let Some(UserType::Domain { base, checks, .. }) = &mut c.user_type {
                for check in checks {
                    check.expression = check.expression.without_casts(&|_, to| is_kept_by(base, to));
                }
            }
        }
        self.checks.iter_mut().for_each(|c| settle(&mut c.expression));
        for k in &mut self.unique_keys {
            k.key.iter_mut().for_each(part);
            k.predicate.iter_mut().for_each(settle);
        }
        for i in &mut self.indexes {
            i.key.iter_mut().for_each(part);
            i.predicate.iter_mut().for_each(settle);
        }
        for x in &mut self.exclusions {
            x.elements.iter_mut().for_each(|(p, _)| part(p));
            x.predicate.iter_mut().for_each(settle);
        }
        self.partition_key.iter_mut().for_each(part);
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The foreign keys whose only column is `column`.
    pub fn references_of<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a ForeignKey> + 'a {
        self.foreign_keys.iter().filter(move |f| matches!(f.columns.as_slice(), [c] if c == column))
    }

    /// Whether `column` is part of the primary key.
    pub fn in_primary_key(&self, column: &str) -> bool {
        self.primary_key.as_ref().is_some_and(|k| k.columns.iter().any(|c| c == column))
    }

    /// A fingerprint of the definition. Row counts, places and comments are not of it.
    pub fn state(&self) -> String {
        let mut definition = Table { row_estimate: None, origin: None, comment: None, ..self.clone() };
        definition.columns.iter_mut().for_each(|c| c.comment = None);
        // a table is plain data, and serialising it cannot fail
        crate::guard::hex(&serde_json::to_string(&definition).unwrap_or_default(), 4)
    }

    /// `schema.table`, as a person would write it: without quotes, the schema left out if it is `public`.
    pub fn label(&self) -> String {
        label(&self.schema, &self.name)
    }

    /// Every name of a constraint or index of the table: a new guard must not take one of them.
    pub fn constraint_names(&self) -> impl Iterator<Item = &str> {
        let key = self.primary_key.iter().map(|k| k.name.as_str());
        key.chain(self.unique_keys.iter().map(|k| k.name.as_str()))
            .chain(self.checks.iter().map(|c| c.name.as_str()))
            .chain(self.foreign_keys.iter().map(|f| f.name.as_str()))
            .chain(self.indexes.iter().map(|i| i.name.as_str()))
            .chain(self.exclusions.iter().map(|x| x.name.as_str()))
    }
}

/// `schema.name`, as a person would write it: without quotes, the schema left out if it is `public`.
pub fn label(schema: &str, name: &str) -> String {
    if schema == "public" { name.to_owned() } else { format!("{schema}.{name}") }
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name, unquoted.
    pub name: String,
    /// PostgreSQL's canonical type name with its modifier, such as `bigint` or `character varying(50)`;
    /// a user's type with its schema.
    pub data_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// DEFAULT expression. None for generated and identity columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expression>,
    /// The expression of a generated (computed) column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Expression>,
    /// GENERATED … AS IDENTITY.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identity: bool,
    /// CockroachDB's NOT VISIBLE, declared by a user. Columns that the engine adds by itself are not listed at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// What is behind a user-defined type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
    /// Comment on the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Column {
    /// The family of the column's type; that of the base type for a domain.
    pub fn family(&self) -> TypeFamily {
        match &self.user_type {
            Some(UserType::Enum { .. }) => TypeFamily::Enum,
            Some(UserType::Domain { base, .. }) => family(base),
            None => family(&self.data_type),
        }
    }
}

/// A user-defined type that holds values to a rule by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum UserType {
    /// An enum with its labels in order.
    Enum {
        /// Labels in their order.
        labels: Vec<String>,
    },
    /// A domain.
    Domain {
        /// Canonical name of the type beneath (beneath all domains, if they are nested).
        base: String,
        /// The domain says NOT NULL.
        not_null: bool,
        /// Its checks, over the pseudo-column `value`; those of a domain beneath included.
        checks: Vec<Check>,
    },
}

/// A primary key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PrimaryKey {
    /// Constraint name.
    pub name: String,
    /// Key columns in order, without implicit shard or region columns.
    pub columns: Vec<String>,
}

/// One element of a key or index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// A column by name.
    Column(String),
    /// An expression over columns.
    Expression(Expression),
}

impl KeyPart {
    /// The columns that the element is made of.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            KeyPart::Column(c) => vec![c],
            KeyPart::Expression(e) => e.columns(),
        }
    }

    /// The column, unless the element is an expression.
    pub fn as_column(&self) -> Option<&str> {
        match self {
            KeyPart::Column(c) => Some(c),
            KeyPart::Expression(_) => None,
        }
    }
}

/// What a unique key is made with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A UNIQUE constraint. CockroachDB does not tell it from an index: there it is always [`KeyKind::Index`].
    Constraint,
    /// A unique index.
    #[default]
    Index,
    /// CockroachDB's `UNIQUE WITHOUT INDEX`.
    WithoutIndex,
}

/// A unique key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UniqueKey {
    /// Name of the constraint or index.
    pub name: String,
    /// Elements in order, without implicit shard or region columns, without INCLUDE / STORING columns.
    pub key: Vec<KeyPart>,
    /// The predicate of a partial key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Expression>,
    /// NULLS NOT DISTINCT (PostgreSQL 15 and later).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nulls_not_distinct: bool,
    /// What it is made with.
    pub kind: KeyKind,
    /// Every row obeys it: the index is valid, or the constraint was validated.
    pub valid: bool,
}

impl UniqueKey {
    /// The columns of the key if it is made of columns alone.
    pub fn plain_columns(&self) -> Option<Vec<&str>> {
        self.key.iter().map(KeyPart::as_column).collect()
    }
}

/// A CHECK constraint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Constraint name.
    pub name: String,
    /// The condition.
    pub expression: Expression,
    /// Every row obeys it. A check that is not validated holds for new rows only.
    pub validated: bool,
    /// PostgreSQL 18's NOT ENFORCED is false here.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enforced: bool,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Constraint name.
    pub name: String,
    /// Referencing columns.
    pub columns: Vec<String>,
    /// Schema of the referenced table.
    pub referenced_schema: String,
    /// The referenced table.
    pub referenced_table: String,
    /// The referenced columns, in the order of `columns`.
    pub referenced_columns: Vec<String>,
    /// ON DELETE action in SQL's words; `NO ACTION` is the default.
    pub on_delete: Action,
    /// Every row obeys it.
    pub validated: bool,
}

/// What a foreign key does when the referenced row goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// NO ACTION, the default.
    #[default]
    NoAction,
    /// RESTRICT.
    Restrict,
    /// CASCADE.
    Cascade,
    /// SET NULL.
    SetNull,
    /// SET DEFAULT.
    SetDefault,
}

/// An index that is not unique.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Index name.
    pub name: String,
    /// Elements in order, without INCLUDE / STORING columns.
    pub key: Vec<KeyPart>,
    /// The predicate of a partial index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Expression>,
    /// Access method: `btree`, `gin`, …
    pub method: String,
}

/// An EXCLUDE constraint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Constraint name.
    pub name: String,
    /// Elements with their operators.
    pub elements: Vec<(KeyPart, String)>,
    /// The predicate of a partial constraint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Expression>,
}

/// A place in a schema file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// File name as given by the user.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
}

/// Whether a value of type `from` is the same value as a `to`.
fn is_kept_by(from: &str, to: &str) -> bool {
    let width = |t: &str| ["smallint", "integer", "bigint"].iter().position(|i| *i == t);
    // without its modifier, which the value obeys already
    let plain = match (from.find('('), from.find(')')) {
        (Some(open), Some(close)) => from.get(..open).zip(from.get(close + 1..)).map(|(a, b)| format!("{a}{b}")),
        _ => None,
    };
    from == to || plain.is_some_and(|p| p == to) || matches!((width(from), width(to)), (Some(a), Some(b)) if a <= b)
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_yes(b: &bool) -> bool {
    *b
}
