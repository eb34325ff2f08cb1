//! The schema while statement after statement is applied to it: the catalog's tables, with what only later statements
//! need to know.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::catalog::{Check, Column, Expr, Expression, ForeignKey, KeyKind, KeyPart, Table, UniqueKey};
use crate::engine::Engine;

/// A name with its schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Qualified {
    pub schema: String,
    pub name: String,
}

/// A column's type, so that a user's type can still be renamed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TypeName {
    /// Canonical name.
    BuiltIn(String),
    /// Anything else: an enum, a domain, an extension's type.
    User { name: Qualified, modifier: String, array: bool },
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub column: Column,
    pub ty: TypeName,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TableState {
    /// All but the columns.
    pub table: Table,
    pub columns: Vec<Field>,
    /// The tables that it inherits from, or is a partition of.
    pub parents: Vec<Qualified>,
    /// It is a partition, and so no table of its own.
    pub partition: bool,
    /// INCLUDE columns by index: dropping one of them drops the index.
    pub include: BTreeMap<String, Vec<String>>,
    /// Named NOT NULL constraints: the column, and whether it is validated.
    pub not_nulls: BTreeMap<String, (String, bool)>,
    /// Checks that are not passed on to children.
    pub no_inherit: BTreeSet<String>,
}

/// What a name is looked for among. PostgreSQL's indexes and constraints do not share their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Constraint,
    Index,
    /// CockroachDB does not tell them apart.
    Any,
}

impl Names {
    pub fn of_constraints(engine: Engine) -> Names {
        if engine.is_cockroach() { Names::Any } else { Names::Constraint }
    }

    fn mean(self, key: &UniqueKey) -> bool {
        self != Names::Constraint || key.kind != KeyKind::Index
    }
}

/// A user-defined type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TypeDef {
    Enum(Vec<String>),
    Domain {
        base: TypeName,
        not_null: bool,
        checks: Vec<Check>,
    },
    /// Composite, range, base: nothing to know about it.
    Other,
}

/// Everything that was made so far.
#[derive(Debug)]
pub(super) struct State {
    pub engine: Engine,
    pub tables: BTreeMap<Qualified, TableState>,
    pub types: BTreeMap<Qualified, TypeDef>,
    /// Views, sequences, temporary and foreign tables: names that are taken and mean no table.
    pub others: BTreeSet<Qualified>,
    pub schemas: BTreeSet<String>,
    pub databases: BTreeSet<String>,
    pub search_path: Vec<String>,
    /// In a transaction that the file began: whether something was defined in it.
    pub transaction: Option<bool>,
    /// Names that a relation or constraint had at some time: a name not among them is free, without a search.
    used: HashSet<Qualified>,
    /// Tables that had a child or partition at some time.
    has_had_children: HashSet<Qualified>,
}

impl Qualified {
    pub fn new(schema: &str, name: &str) -> Qualified {
        Qualified { schema: schema.to_owned(), name: name.to_owned() }
    }

    /// For messages.
    pub fn label(&self) -> String {
        crate::catalog::label(&self.schema, &self.name)
    }
}

impl State {
    pub fn new(engine: Engine) -> State {
        State {
            engine,
            tables: BTreeMap::new(),
            types: BTreeMap::new(),
            others: BTreeSet::new(),
            schemas: BTreeSet::from(["public".to_owned()]),
            databases: BTreeSet::new(),
            search_path: vec!["public".to_owned()],
            transaction: None,
            used: HashSet::new(),
            has_had_children: HashSet::new(),
        }
    }

    pub fn forget_search_path(&mut self) {
        self.search_path = vec!["public".to_owned()];
    }

    /// The schema that a new object without a schema is made in.
    pub fn current_schema(&self) -> &str {
        self.search_path.first().map_or("public", String::as_str)
    }

    /// `[[db.]schema.]name` as schema and name; the schema is None if the text does not say.
    fn split<'p>(&self, path: &'p [String]) -> (Option<&'p str>, &'p str) {
        match path {
            [] => (None, ""),
            [name] => (None, name),
            // CockroachDB also takes db.table for db.public.table
            [db, name] if self.databases.contains(db) && !self.schemas.contains(db) => (Some("public"), name),
            [.., schema, name] => (Some(schema), name),
        }
    }

    /// The name of an object that is about to be made.
    pub fn place(&self, path: &[String]) -> Qualified {
        let (schema, name) = self.split(path);
        Qualified::new(schema.unwrap_or(self.current_schema()), name)
    }

    /// Finds what exists, along the search path; what does not exist is looked for where it would be made.
    pub fn resolve(&self, path: &[String], exists: impl Fn(&Qualified) -> bool) -> Qualified {
        let (schema, name) = self.split(path);
        match schema {
            Some(schema) => Qualified::new(schema, name),
            None => self
                .search_path
                .iter()
                .map(|s| Qualified::new(s, name))
                .find(|q| exists(q))
                .unwrap_or_else(|| Qualified::new(self.current_schema(), name)),
        }
    }

    pub fn table_named(&self, path: &[String]) -> Qualified {
        self.resolve(path, |q| self.tables.contains_key(q) || self.others.contains(q))
    }

    pub fn type_named(&self, path: &[String]) -> Qualified {
        self.resolve(path, |q| self.types.contains_key(q))
    }

    /// Notes that a name is taken.
    pub fn take(&mut self, schema: &str, name: &str) {
        self.used.insert(Qualified::new(schema, name));
    }

    /// Notes the names of a table, of its indexes and constraints as taken.
    pub fn take_all(&mut self, table: &Qualified) {
        let Some(t) = self.tables.get(table) else { return };
        let names: Vec<String> = t.table.constraint_names().map(str::to_owned).collect();
        for name in names.iter().chain([&table.name]) {
            self.used.insert(Qualified::new(&table.schema, name));
        }
    }

    fn tables_in<'s>(&'s self, schema: &'s str) -> impl Iterator<Item = (&'s Qualified, &'s TableState)> + 's {
        self.tables.range(Qualified::new(schema, "")..).take_while(move |(q, _)| q.schema == schema)
    }

    /// Whether a table, an index, a sequence or a view has that name.
    pub fn is_relation(&self, name: &Qualified) -> bool {
        self.used.contains(name)
            && (self.tables.contains_key(name)
                || self.others.contains(name)
                || self.tables_in(&name.schema).any(|(_, t)| t.has_index(&name.name)))
    }

    /// Whether a constraint of a table of that schema has that name.
    pub fn is_constraint(&self, name: &Qualified) -> bool {
        self.used.contains(name) && self.tables_in(&name.schema).any(|(_, t)| t.has_constraint(&name.name))
    }

    /// The table that has the index of that name.
    pub fn table_of_index(&self, path: &[String]) -> Option<Qualified> {
        let (schema, name) = self.split(path);
        let schemas: Vec<&str> = match schema {
            Some(s) => vec![s],
            None => self.search_path.iter().map(String::as_str).collect(),
        };
        schemas.into_iter().find_map(|s| self.tables_in(s).find(|(_, t)| t.has_index(name)).map(|(q, _)| q.clone()))
    }

    /// Notes that a table inherits from another, or is a partition of it.
    pub fn add_parent(&mut self, child: &Qualified, parent: &Qualified) {
        self.has_had_children.insert(parent.clone());
        if let Some(t) = self.tables.get_mut(child) {
            t.parents.push(parent.clone());
        }
    }

    /// The table and all that inherit from it.
    pub fn family(&self, table: &Qualified) -> Vec<Qualified> {
        let mut all = vec![table.clone()];
        // without children, which is the rule, there is no search
        if !self.has_had_children.contains(table) {
            return all;
        }
        let mut next = 0;
        while let Some(parent) = all.get(next).cloned() {
            let children = self.tables.iter().filter(|(q, t)| t.parents.contains(&parent) && !all.contains(q));
            let children: Vec<Qualified> = children.map(|(q, _)| q.clone()).collect();
            all.extend(children);
            next += 1;
        }
        all
    }

    /// Moves a table to another name or schema, with every reference to it.
    pub fn rename_table(&mut self, from: &Qualified, to: Qualified) {
        let Some(mut moved) = self.tables.remove(from) else {
            if self.others.remove(from) {
                self.take(&to.schema, &to.name);
                self.others.insert(to);
            }
            return;
        };
        moved.table.schema.clone_from(&to.schema);
        moved.table.name.clone_from(&to.name);
        self.tables.insert(to.clone(), moved);
        self.take_all(&to);
        if self.has_had_children.contains(from) {
            self.has_had_children.insert(to.clone());
        }
        for t in self.tables.values_mut() {
            for f in &mut t.table.foreign_keys {
                if f.referenced_schema == from.schema && f.referenced_table == from.name {
                    f.referenced_schema.clone_from(&to.schema);
                    f.referenced_table.clone_from(&to.name);
                }
            }
            for p in t.parents.iter_mut().filter(|p| *p == from) {
                *p = to.clone();
            }
        }
    }

    /// Renames a column, with every key, predicate, check and foreign key that names it.
    pub fn rename_column(&mut self, table: &Qualified, from: &str, to: &str) {
        if let Some(t) = self.tables.get_mut(table) {
            t.rename_column(from, to);
        }
        for f in self.foreign_keys_to(table) {
            for c in f.referenced_columns.iter_mut().filter(|c| *c == from) {
                to.clone_into(c);
            }
        }
    }

    fn foreign_keys_to<'s>(&'s mut self, table: &'s Qualified) -> impl Iterator<Item = &'s mut ForeignKey> + 's {
        self.tables
            .values_mut()
            .flat_map(|t| &mut t.table.foreign_keys)
            .filter(|f| f.referenced_schema == table.schema && f.referenced_table == table.name)
    }

    /// Drops the foreign keys of other tables that need the columns.
    pub fn drop_references(&mut self, table: &Qualified, needs: impl Fn(&ForeignKey) -> bool) {
        for t in self.tables.values_mut() {
            t.table
                .foreign_keys
                .retain(|f| !(f.referenced_schema == table.schema && f.referenced_table == table.name && needs(f)));
        }
    }

    /// Drops a constraint or index. Foreign keys to a key go with it, unless another key of the same columns is left.
    pub fn drop_named(&mut self, table: &Qualified, name: &str, names: Names) -> bool {
        let Some(t) = self.tables.get_mut(table) else { return false };
        // a file for CockroachDB does not say of which version: up to 21.2 the key was called so
        let name = match &t.table.primary_key {
            Some(k) if name == "primary" && self.engine.is_cockroach() => &k.name.clone(),
            _ => name,
        };
        let key = t.keys().find(|(n, _)| *n == name).map(|(_, columns)| columns);
        let found = t.drop_named(name, names);
        if let Some(columns) = key
            && !t.keys().any(|(_, left)| left == columns)
        {
            self.drop_references(table, |f| f.referenced_columns == columns);
        }
        found
    }

    /// Drops a table, its partitions, and what refers to it.
    pub fn drop_table(&mut self, table: &Qualified) -> bool {
        if self.others.remove(table) {
            return true;
        }
        if self.tables.remove(table).is_none() {
            return false;
        }
        self.drop_references(table, |_| true);
        for child in self.family(table).iter().skip(1) {
            self.drop_table(child);
        }
        true
    }

    /// Gives a type another name or schema.
    pub fn rename_type(&mut self, from: &Qualified, to: &Qualified) {
        if let Some(def) = self.types.remove(from) {
            self.types.insert(to.clone(), def);
        }
        let columns = self.tables.values_mut().flat_map(|t| &mut t.columns).map(|f| &mut f.ty);
        let domains = self.types.values_mut().filter_map(|d| match d {
            TypeDef::Domain { base, .. } => Some(base),
            _ => None,
        });
        for ty in columns.chain(domains) {
            if let TypeName::User { name, .. } = ty
                && name == from
            {
                name.clone_from(to);
            }
        }
    }

    /// Drops a type with the columns that are of it.
    pub fn drop_type(&mut self, ty: &Qualified) -> bool {
        if self.types.remove(ty).is_none() {
            return false;
        }
        let of_type = |f: &Field| matches!(&f.ty, TypeName::User { name, .. } if name == ty);
        let columns: Vec<(Qualified, String)> = self
            .tables
            .iter()
            .flat_map(|(q, t)| t.columns.iter().filter(|f| of_type(f)).map(|f| (q.clone(), f.column.name.clone())))
            .collect();
        for (table, column) in columns {
            self.drop_column(&table, &column);
        }
        true
    }

    /// Drops a column with all that is made of it, as the server does.
    pub fn drop_column(&mut self, table: &Qualified, column: &str) -> bool {
        let Some(t) = self.tables.get_mut(table) else { return false };
        let found = t.drop_column(column);
        if found {
            self.drop_references(table, |f| f.referenced_columns.iter().any(|c| c == column));
        }
        found
    }

    /// A sequence has another name or schema: defaults name it by its OID.
    pub fn rename_sequence(&mut self, from: &Qualified, to: &Qualified) {
        let (from, to) = (sequence_text(from), sequence_text(to));
        for f in self.tables.values_mut().flat_map(|t| &mut t.columns) {
            if let Some(default) = &f.column.default
                && default.tree().clone() == nextval(&from)
            {
                f.column.default = Some(Expression::new(nextval(&to)));
            }
        }
    }
}

/// `nextval('…')`
pub(super) fn nextval(sequence: &str) -> Expr {
    Expr::Call("nextval".into(), vec![Expr::Text(sequence.to_owned())])
}

/// A sequence's name as a constant of type regclass prints it.
pub(super) fn sequence_text(name: &Qualified) -> String {
    use crate::engine::quote_ident;
    format!("{}.{}", quote_ident(&name.schema), quote_ident(&name.name))
}

impl TableState {
    pub fn field(&mut self, name: &str) -> Option<&mut Field> {
        self.columns.iter_mut().find(|f| f.column.name == name)
    }

    pub fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|f| f.column.name == name)
    }

    /// Name and columns of the keys that a foreign key may refer to.
    fn keys(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        let owned = |k: Vec<&str>| k.into_iter().map(str::to_owned).collect();
        let primary = self.table.primary_key.iter().map(|k| (k.name.as_str(), k.columns.clone()));
        let unique = self.table.unique_keys.iter().filter(|k| k.predicate.is_none());
        primary.chain(unique.filter_map(move |k| Some((k.name.as_str(), k.plain_columns().map(owned)?))))
    }

    /// Whether an index has that name: those of keys and EXCLUDE constraints among them.
    pub fn has_index(&self, name: &str) -> bool {
        let t = &self.table;
        t.primary_key.iter().any(|k| k.name == name)
            || t.unique_keys.iter().any(|k| k.name == name)
            || t.indexes.iter().any(|i| i.name == name)
            || t.exclusions.iter().any(|x| x.name == name)
    }

    /// Whether a constraint has that name. (An index is none, but its name is not free for a key either.)
    pub fn has_constraint(&self, name: &str) -> bool {
        let t = &self.table;
        t.primary_key.iter().any(|k| k.name == name)
            || t.unique_keys.iter().any(|k| k.name == name && k.kind != KeyKind::Index)
            || t.exclusions.iter().any(|x| x.name == name)
            || t.checks.iter().any(|c| c.name == name)
            || t.foreign_keys.iter().any(|f| f.name == name)
            || self.not_nulls.contains_key(name)
    }

    /// Renames what has that name; false if nothing has.
    pub fn rename(&mut self, from: &str, to: &str, names: Names) -> bool {
        let t = &mut self.table;
        let mut found = false;
        let mut rename = |name: &mut String| {
            if name == from {
                to.clone_into(name);
                found = true;
            }
        };
        t.primary_key.iter_mut().for_each(|k| rename(&mut k.name));
        t.exclusions.iter_mut().for_each(|x| rename(&mut x.name));
        t.unique_keys.iter_mut().filter(|k| names.mean(k)).for_each(|k| rename(&mut k.name));
        if names != Names::Constraint {
            t.indexes.iter_mut().for_each(|i| rename(&mut i.name));
        }
        if names != Names::Index {
            t.checks.iter_mut().for_each(|c| rename(&mut c.name));
            t.foreign_keys.iter_mut().for_each(|f| rename(&mut f.name));
            if let Some(column) = self.not_nulls.remove(from) {
                self.not_nulls.insert(to.to_owned(), column);
                found = true;
            }
            if self.no_inherit.remove(from) {
                self.no_inherit.insert(to.to_owned());
            }
        }
        if let Some(columns) = self.include.remove(from) {
            self.include.insert(to.to_owned(), columns);
        }
        found
    }

    /// Drops what has that name; false if nothing has.
    fn drop_named(&mut self, name: &str, names: Names) -> bool {
        let t = &mut self.table;
        let mut found = t.primary_key.take_if(|k| k.name == name).is_some();
        let mut stays = |other: &str| {
            found |= other == name;
            other != name
        };
        t.exclusions.retain(|x| stays(&x.name));
        t.unique_keys.retain(|k| !names.mean(k) || stays(&k.name));
        if names != Names::Constraint {
            t.indexes.retain(|i| stays(&i.name));
        }
        if names != Names::Index {
            t.checks.retain(|c| stays(&c.name));
            t.foreign_keys.retain(|f| stays(&f.name));
            self.no_inherit.remove(name);
            if let Some((column, _)) = self.not_nulls.remove(name) {
                self.field(&column).into_iter().for_each(|f| f.column.nullable = true);
                found = true;
            }
        }
        if found {
            self.include.remove(name);
        }
        found
    }

    fn rename_column(&mut self, from: &str, to: &str) {
        let rename = |list: &mut Vec<String>| {
            for c in list.iter_mut().filter(|c| *c == from) {
                to.clone_into(c);
            }
        };
        let expression = |e: &mut Expression| {
            if e.columns().contains(&from) {
                *e = e.rename(from, to);
            }
        };
        let parts = |key: &mut Vec<KeyPart>| {
            for part in key {
                match part {
                    KeyPart::Column(c) if c == from => to.clone_into(c),
                    KeyPart::Column(_) => {}
                    KeyPart::Expression(e) => expression(e),
                }
            }
        };
        let t = &mut self.table;
        for f in &mut self.columns {
            if f.column.name == from {
                to.clone_into(&mut f.column.name);
            }
            f.column.generated.iter_mut().for_each(expression);
        }
        if let Some(k) = &mut t.primary_key {
            rename(&mut k.columns);
        }
        for k in &mut t.unique_keys {
            parts(&mut k.key);
            k.predicate.iter_mut().for_each(expression);
        }
        for i in &mut t.indexes {
            parts(&mut i.key);
            i.predicate.iter_mut().for_each(expression);
        }
        for x in &mut t.exclusions {
            for (part, _) in &mut x.elements {
                let mut one = vec![part.clone()];
                parts(&mut one);
                if let Some(renamed) = one.pop() {
                    *part = renamed;
                }
            }
            x.predicate.iter_mut().for_each(expression);
        }
        t.checks.iter_mut().for_each(|c| expression(&mut c.expression));
        t.foreign_keys.iter_mut().for_each(|f| rename(&mut f.columns));
        parts(&mut t.partition_key);
        self.include.values_mut().for_each(rename);
        for (column, _) in self.not_nulls.values_mut().filter(|(c, _)| c == from) {
            to.clone_into(column);
        }
    }

    fn drop_column(&mut self, column: &str) -> bool {
        let before = self.columns.len();
        self.columns.retain(|f| f.column.name != column);
        if self.columns.len() == before {
            return false;
        }
        let names = |e: &Expression| e.columns().contains(&column);
        let include = std::mem::take(&mut self.include);
        let needs = |name: &str, key: &[KeyPart], predicate: &Option<Expression>| {
            key.iter().any(|p| p.columns().contains(&column))
                || predicate.as_ref().is_some_and(names)
                || include.get(name).is_some_and(|list| list.iter().any(|c| c == column))
        };
        let t = &mut self.table;
        t.primary_key.take_if(|k| k.columns.iter().any(|c| c == column) || needs(&k.name, &[], &None));
        t.unique_keys.retain(|k| !needs(&k.name, &k.key, &k.predicate));
        t.indexes.retain(|i| !needs(&i.name, &i.key, &i.predicate));
        t.exclusions.retain(|x| {
            let key: Vec<KeyPart> = x.elements.iter().map(|(p, _)| p.clone()).collect();
            !needs(&x.name, &key, &x.predicate)
        });
        t.checks.retain(|c| !names(&c.expression));
        t.foreign_keys.retain(|f| !f.columns.iter().any(|c| c == column));
        self.include = include;
        self.not_nulls.retain(|_, (c, _)| c != column);
        // a generated column goes with the one that it is made of
        let generated: Vec<String> = self
            .columns
            .iter()
            .filter(|f| f.column.generated.as_ref().is_some_and(names))
            .map(|f| f.column.name.clone())
            .collect();
        for c in generated {
            self.drop_column(&c);
        }
        true
    }
}
