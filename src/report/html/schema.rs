//! As much of a catalog as a diagram shows.

use serde::Serialize;

use crate::catalog::{self, Catalog, Origin, UserType};

/// The tables of a database.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Schema {
    /// In the order of the catalog.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Table {
    /// Schema name.
    pub schema: String,
    /// Table name.
    pub name: String,
    /// The planner's estimate of its rows.
    pub rows: Option<u64>,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// Foreign keys.
    pub references: Vec<Reference>,
    /// Where a schema file creates it; the diagram does not show it.
    #[serde(skip)]
    pub origin: Option<Origin>,
}

/// A column.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type, as the catalog writes it.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// It is in the primary key.
    pub key: bool,
    /// It is in another unique key.
    pub unique: bool,
    /// A CHECK of the table or of its domain holds it.
    pub checked: bool,
}

/// A foreign key.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reference {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// Schema of the table that is referred to.
    pub schema: String,
    /// Its name.
    pub table: String,
}

impl Schema {
    /// The tables of a catalog.
    pub fn of(catalog: &Catalog) -> Schema {
        Schema { tables: catalog.tables.iter().map(table).collect() }
    }
}

fn table(t: &catalog::Table) -> Table {
    let references = t.foreign_keys.iter().map(|f| Reference {
        columns: f.columns.clone(),
        schema: f.referenced_schema.clone(),
        table: f.referenced_table.clone(),
    });
    Table {
        schema: t.schema.clone(),
        name: t.name.clone(),
        rows: t.row_estimate,
        columns: t.columns.iter().map(|c| column(t, c)).collect(),
        references: references.collect(),
        origin: t.origin.clone(),
    }
}

fn column(t: &catalog::Table, c: &catalog::Column) -> Column {
    let name = c.name.as_str();
    let by_domain = matches!(&c.user_type, Some(UserType::Domain { checks, .. }) if !checks.is_empty());
    let by_table = t.checks.iter().any(|k| k.enforced && k.expression.columns().contains(&name));
    Column {
        name: c.name.clone(),
        data_type: c.data_type.clone(),
        nullable: c.nullable,
        key: t.in_primary_key(name),
        unique: t.unique_keys.iter().any(|k| k.valid && k.key.iter().any(|p| p.columns().contains(&name))),
        checked: by_domain || by_table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ddl::{Options, SchemaFile, read};

    #[test]
    fn guards_of_a_column_are_told_apart() {
        let sql = "CREATE DOMAIN cents AS bigint CHECK (VALUE >= 0);
            CREATE TABLE a (id bigint PRIMARY KEY, email text UNIQUE, n int CHECK (n > 0), price cents NOT NULL);
            CREATE TABLE b (a_id bigint REFERENCES a (id));";
        let file = SchemaFile { name: "a.sql".to_owned(), text: sql.to_owned() };
        let schema = Schema::of(&read(&[file], &Options { engine: None }).catalog);
        let marks: Vec<_> =
            schema.tables[0].columns.iter().map(|c| (c.name.as_str(), c.key, c.unique, c.checked)).collect();
        assert_eq!(
            marks,
            [
                ("id", true, false, false),
                ("email", false, true, false),
                ("n", false, false, true),
                ("price", false, false, true)
            ]
        );
        assert_eq!(schema.tables[1].references[0].table, "a");
        assert!(schema.tables[1].columns[0].nullable);
    }
}
