//! CREATE TABLE and DROP TABLE.

use std::collections::BTreeMap;

use squawk_syntax::ast::{self, AstNode, NameLike};

use crate::catalog::{Column, Expr, Expression, KeyKind, KeyPart, Table};
use crate::sql::Extra;

use super::apply::{Applier, Outcome, offset_of, path_of, path_of_ref};
use super::constraint::Pending;
use super::names::{self, Kind};
use super::state::{Field, Qualified, TableState, TypeName, nextval, sequence_text};

/// What LIKE takes over beside names, types and NOT NULL.
#[derive(Default)]
struct Including {
    comments: bool,
    constraints: bool,
    defaults: bool,
    generated: bool,
    identity: bool,
    indexes: bool,
}

impl Applier<'_> {
    pub fn create_table(&mut self, create: &ast::CreateTable, extras: &[Extra]) -> Outcome {
        let path = create.table_name().and_then(|n| n.path()).ok_or("the table has no name")?;
        let name = self.state.place(&path_of(&path));
        self.lenient = create.if_not_exists().is_some();
        if matches!(create.persistence(), Some(ast::Persistence::Temp(_)))
            || matches!(name.schema.as_str(), "pg_temp" | "pg_catalog" | "information_schema")
        {
            self.state.others.insert(name);
            return Ok(());
        }
        if self.lenient && (self.state.tables.contains_key(&name) || self.state.others.contains(&name)) {
            return Ok(());
        }
        let before = self.state.tables.remove(&name);
        self.state.take(&name.schema, &name.name);
        self.new_table(&name, create, extras)?;
        // the second definition would be an error: the first one stands
        if let Some(before) = before {
            let after = self.state.tables.insert(name.clone(), before.clone());
            self.at = 0;
            let same = after.is_some_and(|mut t| {
                t.table.origin.clone_from(&before.table.origin);
                t.table.comment.clone_from(&before.table.comment);
                t == before
            });
            match same {
                true => self.ignored(format!("the table {} exists already", name.label())),
                false => self.unread(format!("the table {} exists already, and differs", name.label())),
            }
        }
        Ok(())
    }

    fn new_table(&mut self, name: &Qualified, create: &ast::CreateTable, extras: &[Extra]) -> Outcome {
        let mut parents = Vec::new();
        let mut state = TableState {
            table: Table {
                schema: name.schema.clone(),
                name: name.name.clone(),
                origin: Some(self.origin.clone()),
                ..Table::default()
            },
            ..TableState::default()
        };
        if let Some(parent) = create.partition_of().and_then(|p| p.table_name_ref()?.path_ref()) {
            let parent = self.state.table_named(&path_of_ref(&parent));
            state.partition = true;
            self.inherit(&mut state, &parent);
            parents.push(parent);
        }
        for parent in create.inherits().into_iter().flat_map(|i| i.table_name_refs()).filter_map(|t| t.path_ref()) {
            let parent = self.state.table_named(&path_of_ref(&parent));
            if !self.state.tables.contains_key(&parent) {
                self.unread(format!("the table {} that it inherits from is not known", parent.label()));
            }
            self.inherit(&mut state, &parent);
            parents.push(parent);
        }
        if create.of_type().is_some() {
            self.unread("its columns are those of a composite type");
        }
        self.state.tables.insert(name.clone(), state);
        parents.iter().for_each(|p| self.state.add_parent(name, p));
        let mut pending = Vec::new();
        for arg in create.table_arg_list().into_iter().flat_map(|l| l.args()) {
            self.at = offset_of(&arg);
            match arg {
                ast::TableArg::Column(c) => {
                    let constraints = c.clauses().filter_map(|clause| match clause {
                        ast::ColumnClause::ColumnConstraint(c) => ast::Constraint::cast(c.syntax().clone()),
                        _ => None,
                    });
                    let column = c.name().map(|n| n.text()).ok_or("a column has no name")?;
                    // a partition's columns are its parent's: only options are said of them
                    let constraints: Vec<_> = constraints.collect();
                    let field = self.column(name, &column, c.ty().as_ref(), &constraints, &mut pending);
                    self.add_field(name, field, c.ty().is_some());
                }
                ast::TableArg::TableConstraint(c) => {
                    if let Some(constraint) = ast::Constraint::cast(c.syntax().clone()) {
                        pending.push(Pending { constraint, column: None });
                    }
                }
                ast::TableArg::LikeClause(l) => self.like(name, &l)?,
            }
        }
        self.at = 0;
        if let Some(by) = create.partition_by().and_then(|p| p.partition_item_list()) {
            let key = self.key_parts(&by);
            if let Some(t) = self.state.tables.get_mut(name) {
                t.table.partition_key = key;
            }
        }
        // what a partition takes over counts once it is detached
        if let Some(parent) = parents.first().and_then(|p| self.state.tables.get(p)).cloned()
            && create.partition_of().is_some()
        {
            self.with(name, |t| t.table.foreign_keys.clone_from(&parent.table.foreign_keys));
            self.copy_indexes(name, parent.table, &parent.include);
        }
        let (late, early): (Vec<Extra>, Vec<Extra>) =
            extras.iter().cloned().partition(|e| matches!(e, Extra::Index { .. } | Extra::PrimaryKey { .. }));
        self.table_extras(name, &early);
        self.create_constraints(name, pending);
        self.table_extras(name, &late);
        self.state.take_all(name);
        Ok(())
    }

    /// A column as it is declared; constraints that are more than an attribute of it are put off.
    pub fn column(
        &mut self,
        table: &Qualified,
        name: &str,
        ty: Option<&ast::Type>,
        constraints: &[ast::Constraint],
        pending: &mut Vec<Pending>,
    ) -> Field {
        let mut column = Column { name: name.to_owned(), nullable: true, ..Column::default() };
        let written = ty.map(|t| self.state.type_name(t)).unwrap_or(TypeName::BuiltIn(String::new()));
        let ty = match serial(&written, ty) {
            Some(plain) => {
                column.nullable = false;
                column.default = Some(self.serial_default(table, name));
                TypeName::BuiltIn(if self.state.engine.is_cockroach() { "bigint" } else { plain }.to_owned())
            }
            None => written,
        };
        for constraint in constraints {
            match constraint {
                ast::Constraint::NotNullConstraint(_) => {
                    column.nullable = false;
                    if let Some(n) = constraint.constraint_name() {
                        self.name_not_null(table, &n.text(), name, true);
                    }
                }
                ast::Constraint::NullConstraint(_) => {}
                ast::Constraint::DefaultConstraint(d) => {
                    column.default = d.expr().map(|e| self.expression(&e));
                }
                ast::Constraint::GeneratedConstraint(g) => match g.generated_as() {
                    Some(ast::GeneratedAs::GeneratedIdentity(i)) => {
                        column.identity = true;
                        column.nullable = false;
                        self.take_identity(table, name, i.sequence_option_list());
                    }
                    Some(ast::GeneratedAs::GeneratedStored(s)) => {
                        column.generated = s.expr().map(|e| self.expression(&e));
                    }
                    None => {}
                },
                other => {
                    // at once: a key makes the column NOT NULL
                    if matches!(other, ast::Constraint::PrimaryKeyConstraint(_)) {
                        column.nullable = false;
                    }
                    pending.push(Pending { constraint: other.clone(), column: Some(name.to_owned()) });
                }
            }
        }
        Field { column, ty }
    }

    /// Adds a column; one that was inherited already is merged with what is said of it here.
    pub fn add_field(&mut self, table: &Qualified, field: Field, typed: bool) {
        let Some(t) = self.state.tables.get_mut(table) else { return };
        match t.field(&field.column.name) {
            Some(old) => {
                if typed {
                    old.ty = field.ty;
                }
                old.column.nullable &= field.column.nullable;
                if field.column.default.is_some() {
                    old.column.default = field.column.default;
                }
                if field.column.generated.is_some() {
                    old.column.generated = field.column.generated;
                }
                old.column.identity |= field.column.identity;
            }
            None => t.columns.push(field),
        }
    }

    /// A sequence belongs to an identity column, by the name that the options give it or the one that it gets.
    pub fn take_identity(&mut self, table: &Qualified, column: &str, options: Option<ast::SequenceOptionList>) {
        let given = options.into_iter().flat_map(|o| o.sequence_options()).find_map(|o| match o {
            ast::SequenceOption::OptionSequenceName(name) => Some(path_of(&name.sequence()?.path()?)),
            _ => None,
        });
        match given {
            Some(path) => {
                let sequence = self.state.place(&path);
                self.own_sequence(&sequence);
            }
            None => {
                self.take_sequence(table, column);
            }
        }
    }

    /// A sequence belongs to the column; returns its name.
    pub fn take_sequence(&mut self, table: &Qualified, column: &str) -> Qualified {
        let name = names::choose(self.state, table, &[column.to_owned()], Kind::Sequence);
        let sequence = Qualified::new(&table.schema, &name);
        self.own_sequence(&sequence);
        sequence
    }

    fn own_sequence(&mut self, sequence: &Qualified) {
        if !self.state.engine.is_cockroach() {
            self.state.take(&sequence.schema, &sequence.name);
            self.state.others.insert(sequence.clone());
        }
    }

    fn serial_default(&mut self, table: &Qualified, column: &str) -> Expression {
        if self.state.engine.is_cockroach() {
            return Expression::parse("unique_rowid()");
        }
        let sequence = self.take_sequence(table, column);
        Expression::new(nextval(&sequence_text(&sequence)))
    }

    /// Takes over a parent's columns and checks.
    pub fn inherit(&self, child: &mut TableState, parent: &Qualified) {
        let Some(p) = self.state.tables.get(parent) else { return };
        for f in &p.columns {
            if !child.has_column(&f.column.name) {
                let mut f = f.clone();
                f.column.identity &= child.partition;
                f.column.comment = None;
                child.columns.push(f);
            }
        }
        for c in p.table.checks.iter().filter(|c| !p.no_inherit.contains(&c.name)) {
            if child.table.checks.iter().all(|mine| mine.name != c.name) {
                child.table.checks.push(c.clone());
            }
        }
    }

    fn like(&mut self, table: &Qualified, like: &ast::LikeClause) -> Outcome {
        let path = like.relation_name_ref().and_then(|r| r.path_ref()).ok_or("LIKE names no table")?;
        let source = self.state.table_named(&path_of_ref(&path));
        let Some(source) = self.state.tables.get(&source).cloned() else {
            self.unread(format!("the table {} that it is like is not known", source.label()));
            return Ok(());
        };
        let mut including = Including::default();
        for option in like.like_options() {
            let (property, yes) = match option {
                ast::LikeOption::IncludingProperty(p) => (p.table_property(), true),
                ast::LikeOption::ExcludingProperty(p) => (p.table_property(), false),
            };
            match property {
                Some(ast::TableProperty::PropertyAll(_)) => {
                    including = Including {
                        comments: yes,
                        constraints: yes,
                        defaults: yes,
                        generated: yes,
                        identity: yes,
                        indexes: yes,
                    };
                }
                Some(ast::TableProperty::PropertyComments(_)) => including.comments = yes,
                Some(ast::TableProperty::PropertyConstraints(_)) => including.constraints = yes,
                Some(ast::TableProperty::PropertyDefaults(_)) => including.defaults = yes,
                Some(ast::TableProperty::PropertyGenerated(_)) => including.generated = yes,
                Some(ast::TableProperty::PropertyIdentity(_)) => including.identity = yes,
                Some(ast::TableProperty::PropertyIndexes(_)) => including.indexes = yes,
                _ => {}
            }
        }
        self.copy(table, source, &including);
        Ok(())
    }

    fn copy(&mut self, table: &Qualified, source: TableState, including: &Including) {
        for f in source.columns {
            let c = f.column;
            let identity = including.identity && c.identity;
            if identity {
                self.take_sequence(table, &c.name);
            }
            let column = Column {
                default: c.default.filter(|_| including.defaults),
                generated: c.generated.filter(|_| including.generated),
                identity,
                comment: c.comment.filter(|_| including.comments),
                ..c
            };
            self.add_field(table, Field { column, ty: f.ty }, true);
        }
        if including.constraints
            && let Some(t) = self.state.tables.get_mut(table)
        {
            t.table.checks.extend(source.table.checks.iter().cloned());
        }
        if including.indexes {
            self.copy_indexes(table, source.table, &source.include);
        }
    }

    /// Keys and indexes as another table has them, under names of their own.
    fn copy_indexes(&mut self, table: &Qualified, source: Table, include: &BTreeMap<String, Vec<String>>) {
        let named = |applier: &Self, name: &str, key: &[KeyPart]| {
            let include = include.get(name).cloned().unwrap_or_default();
            (applier.with_included(&element_names(key), &include), include)
        };
        if let Some(mut key) = source.primary_key {
            key.name = names::choose(self.state, table, &key.columns, Kind::PrimaryKey);
            self.with(table, |t| t.table.primary_key = Some(key));
        }
        for mut key in source.unique_keys {
            let constraint = key.kind != KeyKind::Index || self.state.engine.is_cockroach();
            let kind = if constraint { Kind::Unique } else { Kind::Index };
            let (columns, include) = named(self, &key.name, &key.key);
            key.name = names::choose(self.state, table, &columns, kind);
            self.state.take(&table.schema, &key.name);
            self.with(table, |t| {
                t.include.insert(key.name.clone(), include);
                t.table.unique_keys.push(key);
            });
        }
        for mut index in source.indexes {
            let (columns, include) = named(self, &index.name, &index.key);
            index.name = names::choose(self.state, table, &columns, Kind::Index);
            self.state.take(&table.schema, &index.name);
            self.with(table, |t| {
                t.include.insert(index.name.clone(), include);
                t.table.indexes.push(index);
            });
        }
        for mut exclusion in source.exclusions {
            let parts: Vec<KeyPart> = exclusion.elements.iter().map(|(p, _)| p.clone()).collect();
            exclusion.name = names::choose(self.state, table, &element_names(&parts), Kind::Exclusion);
            self.state.take(&table.schema, &exclusion.name);
            self.with(table, |t| t.table.exclusions.push(exclusion));
        }
    }

    pub fn with(&mut self, table: &Qualified, f: impl FnOnce(&mut TableState)) {
        if let Some(t) = self.state.tables.get_mut(table) {
            f(t);
        }
    }

    pub fn create_table_as(&mut self, create: &ast::CreateTableAs) -> Outcome {
        let path = create.table_name().and_then(|n| n.path()).ok_or("the table has no name")?;
        let name = self.state.place(&path_of(&path));
        let known = self.state.tables.contains_key(&name) || self.state.others.contains(&name);
        if known && create.if_not_exists().is_some() {
            return Ok(());
        }
        let temporary = matches!(create.persistence(), Some(ast::Persistence::Temp(_)));
        self.state.take(&name.schema, &name.name);
        self.state.others.insert(name);
        if temporary { Ok(()) } else { Err("the columns of a table made from a query are not known".into()) }
    }

    pub fn drop_table(&mut self, drop: &ast::DropTable) -> Outcome {
        for name in drop.table_name_refs() {
            self.at = offset_of(&name);
            let Some(path) = name.path_ref() else { continue };
            let name = self.state.table_named(&path_of_ref(&path));
            if !self.state.drop_table(&name) && drop.if_exists().is_none() {
                self.ignored(format!("there is no table {}", name.label()));
            }
        }
        Ok(())
    }
}

/// Names of a key's elements for making up an index's name, when there is no syntax to look at.
fn element_names(key: &[KeyPart]) -> Vec<String> {
    fn figure(e: &Expr) -> Option<&str> {
        match e {
            Expr::Column(c) => Some(c),
            Expr::Call(name, _) => name.rsplit('.').next(),
            Expr::Cast(e, to) => figure(e).or(to.split(['(', ' ']).next()),
            _ => None,
        }
    }
    let name = |p: &KeyPart| match p {
        KeyPart::Column(c) => c.clone(),
        KeyPart::Expression(e) => figure(e.tree()).unwrap_or("expr").to_owned(),
    };
    names::distinct(key.iter().map(name).collect())
}

/// The type behind a serial one.
fn serial(ty: &TypeName, written: Option<&ast::Type>) -> Option<&'static str> {
    let ast::Type::PathType(p) = written? else { return None };
    if matches!(ty, TypeName::User { .. }) {
        return None;
    }
    let segment = p.path_ref()?.segment()?;
    match segment.text().as_str() {
        "smallserial" | "serial2" => Some("smallint"),
        "serial" | "serial4" => Some("integer"),
        "bigserial" | "serial8" => Some("bigint"),
        _ => None,
    }
}
