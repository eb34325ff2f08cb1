//! Constraints: those of CREATE TABLE, and ADD CONSTRAINT.

use squawk_syntax::ast::{self, AstNode, NameLike};

use crate::catalog::{Action, Check, Exclusion, ForeignKey, KeyKind, KeyPart, PrimaryKey, UniqueKey};

use super::apply::{Applier, Outcome, offset_of, path_of_ref};
use super::index::element_names;
use super::names::{self, Kind};
use super::state::{Names, Qualified, TableState};
use super::types::text_of;

/// A constraint that is applied once the columns are there.
#[derive(Debug)]
pub(super) struct Pending {
    pub constraint: ast::Constraint,
    /// The column that it was written with.
    pub column: Option<String>,
}

impl Pending {
    /// The order in which PostgreSQL makes, and so names, the constraints of one statement.
    fn rank(&self) -> u8 {
        match &self.constraint {
            ast::Constraint::CheckConstraint(_) | ast::Constraint::NotNullConstraint(_) => 0,
            ast::Constraint::PrimaryKeyConstraint(_) => 1,
            ast::Constraint::ForeignKeyConstraint(_) | ast::Constraint::ReferencesConstraint(_) => 3,
            _ => 2,
        }
    }
}

/// What a key of the same statement is made of, and whether it was given a name.
type Made = (Vec<String>, Vec<String>, bool, Option<String>);

impl Applier<'_> {
    /// The constraints of a new table (or column), in the server's order.
    pub fn create_constraints(&mut self, table: &Qualified, mut pending: Vec<Pending>) {
        pending.sort_by_key(Pending::rank);
        let mut made: Vec<Made> = Vec::new();
        for p in pending {
            self.at = offset_of(&p.constraint);
            if !self.state.engine.is_cockroach() && self.is_repeated(table, &p, &mut made) {
                continue;
            }
            if let Err(reason) = self.add_constraint(table, &p.constraint, p.column.as_deref(), true) {
                self.unread(reason);
            }
        }
        self.at = 0;
    }

    /// `UNIQUE PRIMARY KEY`: PostgreSQL makes one index of the two.
    fn is_repeated(&mut self, table: &Qualified, p: &Pending, made: &mut Vec<Made>) -> bool {
        let (parameters, primary) = match &p.constraint {
            ast::Constraint::PrimaryKeyConstraint(c) => (c.index_parameters(), true),
            ast::Constraint::UniqueConstraint(c) => (c.index_parameters(), false),
            _ => return false,
        };
        let (columns, include, nulls) = key_of(parameters.as_ref(), p.column.as_deref());
        let name = p.constraint.constraint_name().map(|n| n.text());
        let same = made.iter_mut().find(|(c, i, n, _)| *c == columns && *i == include && *n == nulls && !primary);
        let Some((_, _, _, first)) = same else {
            made.push((columns, include, nulls, name));
            return false;
        };
        if let (None, Some(name)) = (&first, name) {
            // the nameless one takes the name of the repetition
            *first = Some(name.clone());
            self.with(table, |t| {
                let key = t.table.primary_key.iter().filter(|k| k.columns == columns).map(|k| &k.name);
                let unique = t.table.unique_keys.iter().filter(|k| plain(&k.key) == columns).map(|k| &k.name);
                if let Some(old) = key.chain(unique).next().cloned() {
                    t.rename(&old, &name, Names::Constraint);
                }
            });
        }
        true
    }

    /// Adds one constraint. `creating`: with its table.
    pub fn add_constraint(
        &mut self,
        table: &Qualified,
        constraint: &ast::Constraint,
        column: Option<&str>,
        creating: bool,
    ) -> Outcome {
        let given = constraint.constraint_name().map(|n| n.text());
        if let Some(name) = &given {
            self.state.take(&table.schema, name);
            // ADD CONSTRAINT IF NOT EXISTS, or an error; an index may have the name of a constraint that has none
            let own_index = self.state.engine.is_cockroach()
                || !matches!(
                    constraint,
                    ast::Constraint::CheckConstraint(_)
                        | ast::Constraint::ForeignKeyConstraint(_)
                        | ast::Constraint::NotNullConstraint(_)
                );
            let taken = |t: &TableState| t.has_constraint(name) || own_index && t.has_index(name);
            if !creating && !uses_index(constraint) && self.state.tables.get(table).is_some_and(taken) {
                return Ok(());
            }
        }
        match constraint {
            ast::Constraint::PrimaryKeyConstraint(c) => {
                if let Some(index) = c.using_index().and_then(|u| u.index_ref()?.path_ref()) {
                    return self.use_index(table, &index, given, true);
                }
                let (columns, include, _) = key_of(c.index_parameters().as_ref(), column);
                self.add_primary_key(table, given, columns, include)
            }
            ast::Constraint::UniqueConstraint(c) => {
                if let Some(index) = c.using_index().and_then(|u| u.index_ref()?.path_ref()) {
                    return self.use_index(table, &index, given, false);
                }
                let (columns, include, nulls_not_distinct) = key_of(c.index_parameters().as_ref(), column);
                let named = self.with_included(&columns, &include);
                let name = given.unwrap_or_else(|| names::choose(self.state, table, &named, Kind::Unique));
                self.state.take(&table.schema, &name);
                let kind = if self.state.engine.is_cockroach() { KeyKind::Index } else { KeyKind::Constraint };
                self.with(table, |t| {
                    t.include.insert(name.clone(), include);
                    t.table.unique_keys.push(UniqueKey {
                        name,
                        key: columns.into_iter().map(KeyPart::Column).collect(),
                        predicate: None,
                        nulls_not_distinct,
                        kind,
                        valid: true,
                    });
                });
                Ok(())
            }
            ast::Constraint::CheckConstraint(c) => {
                let expr = c.expr().ok_or("the check has no condition")?;
                let expression = self.expression(&expr);
                let named = self.columns_named(table, &expr);
                let name = given.unwrap_or_else(|| names::choose(self.state, table, &named, Kind::Check));
                let (validated, enforced) = self.validity(constraint, creating);
                let no_inherit =
                    constraint.constraint_options().any(|o| matches!(o, ast::ConstraintOption::NoInherit(_)));
                let check = Check { name: name.clone(), expression, validated, enforced };
                let family = if no_inherit { vec![table.clone()] } else { self.state.family(table) };
                for member in family {
                    self.state.take(&member.schema, &name);
                    self.with(&member, |t| {
                        if no_inherit {
                            t.no_inherit.insert(name.clone());
                        }
                        if t.table.checks.iter().all(|c| c.name != name) {
                            t.table.checks.push(check.clone());
                        }
                    });
                }
                Ok(())
            }
            ast::Constraint::ForeignKeyConstraint(c) => {
                let target = c.table_name_ref().ok_or("the foreign key refers to no table")?;
                let columns = foreign_columns(c.from_columns());
                let referenced = foreign_columns(c.to_columns());
                let actions = c.referential_actions().collect();
                self.add_foreign_key(table, given, columns, &target, referenced, actions, constraint, creating)
            }
            ast::Constraint::ReferencesConstraint(c) => {
                let target = c.table().ok_or("the foreign key refers to no table")?;
                let columns = column.iter().map(|c| (*c).to_owned()).collect();
                let referenced = c.column().iter().map(|c| c.text()).collect();
                let actions = c.referential_actions().collect();
                self.add_foreign_key(table, given, columns, &target, referenced, actions, constraint, creating)
            }
            ast::Constraint::ExcludeConstraint(c) => self.add_exclusion(table, given, c),
            ast::Constraint::NotNullConstraint(c) => {
                let column = c.column_name_ref().map(|c| c.text()).or(column.map(str::to_owned));
                let column = column.ok_or("NOT NULL of no column")?;
                let valid = !constraint.is_not_valid();
                for member in self.state.family(table) {
                    if valid {
                        self.with(&member, |t| t.field(&column).into_iter().for_each(|f| f.column.nullable = false));
                    }
                }
                let name = given.unwrap_or_else(|| names::object_name(&table.name, Some(&column), "not_null"));
                self.name_not_null(table, &name, &column, valid);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The columns that make up a key's name: on PostgreSQL the INCLUDE columns, too.
    pub fn with_included(&self, key: &[String], include: &[String]) -> Vec<String> {
        let include = if self.state.engine.is_cockroach() { &[] } else { include };
        names::distinct(key.iter().chain(include).cloned().collect())
    }

    pub fn name_not_null(&mut self, table: &Qualified, name: &str, column: &str, valid: bool) {
        self.state.take(&table.schema, name);
        self.with(table, |t| {
            t.not_nulls.insert(name.to_owned(), (column.to_owned(), valid));
        });
    }

    /// Whether a check or foreign key is validated and enforced.
    fn validity(&self, constraint: &ast::Constraint, creating: bool) -> (bool, bool) {
        let enforced = !constraint.constraint_options().any(|o| matches!(o, ast::ConstraintOption::NotEnforced(_)));
        // in a new table there is nothing to validate; CockroachDB's SHOW CREATE TABLE says it nevertheless
        let trivially = creating && !self.state.engine.is_cockroach();
        (enforced && (trivially || !constraint.is_not_valid()), enforced)
    }

    /// The table's columns in an expression, each time that one is named.
    fn columns_named(&self, table: &Qualified, expr: &ast::Expr) -> Vec<String> {
        let Some(t) = self.state.tables.get(table) else { return Vec::new() };
        let names = expr.syntax().descendants().filter_map(ast::NameRef::cast).map(|n| n.text());
        names.filter(|n| t.has_column(n)).collect()
    }

    pub fn add_primary_key(
        &mut self,
        table: &Qualified,
        given: Option<String>,
        columns: Vec<String>,
        include: Vec<String>,
    ) -> Outcome {
        let name = given.unwrap_or_else(|| names::choose(self.state, table, &columns, Kind::PrimaryKey));
        self.state.take(&table.schema, &name);
        let t = self.state.tables.get_mut(table).ok_or_else(|| format!("the table {} is not known", table.label()))?;
        let rowid = t.table.primary_key.as_ref().is_some_and(|k| matches!(k.columns.as_slice(), [c] if c == "rowid"));
        if t.table.primary_key.is_some() && !rowid {
            self.ignored(format!("{} has a primary key already", table.label()));
            return Ok(());
        }
        t.include.insert(name.clone(), include);
        t.table.primary_key = Some(PrimaryKey { name, columns: columns.clone() });
        for member in self.state.family(table) {
            self.with(&member, |t| {
                for f in t.columns.iter_mut().filter(|f| columns.contains(&f.column.name)) {
                    f.column.nullable = false;
                }
            });
        }
        Ok(())
    }

    /// CockroachDB's ALTER PRIMARY KEY: the old key stays, as a unique index.
    pub fn alter_primary_key(&mut self, table: &Qualified, columns: &[String]) {
        let old = self.state.tables.get_mut(table).and_then(|t| t.table.primary_key.take());
        let name = old.as_ref().map(|k| k.name.clone());
        let known = |c: &String| self.state.tables.get(table).is_some_and(|t| t.has_column(c));
        // back to the hidden column that stands in for a key: there is none again
        let hidden = matches!(columns, [c] if c.starts_with("rowid") && !known(c));
        if !hidden && let Err(reason) = self.add_primary_key(table, name, columns.to_vec(), Vec::new()) {
            self.unread(reason);
        }
        let Some(old) = old.filter(|k| k.columns != columns && k.columns != ["rowid"]) else { return };
        let name = names::choose(self.state, table, &old.columns, Kind::Unique);
        self.with(table, |t| {
            t.table.unique_keys.push(UniqueKey {
                name,
                key: old.columns.into_iter().map(KeyPart::Column).collect(),
                valid: true,
                ..UniqueKey::default()
            });
        });
    }

    /// `ADD CONSTRAINT … USING INDEX`: a unique index becomes a constraint, and takes its name.
    fn use_index(&mut self, table: &Qualified, index: &ast::PathRef, given: Option<String>, primary: bool) -> Outcome {
        let index = path_of_ref(index).pop().unwrap_or_default();
        let t = self.state.tables.get_mut(table).ok_or_else(|| format!("the table {} is not known", table.label()))?;
        let Some(at) = t.table.unique_keys.iter().position(|k| k.name == index) else {
            return Err(format!("there is no unique index {index}"));
        };
        let name = given.unwrap_or_else(|| index.clone());
        if primary {
            let key = t.table.unique_keys.remove(at);
            let include = t.include.remove(&index).unwrap_or_default();
            return self.add_primary_key(table, Some(name), plain(&key.key), include);
        }
        t.rename(&index, &name, Names::Index);
        if let Some(key) = t.table.unique_keys.get_mut(at) {
            key.kind = KeyKind::Constraint;
        }
        self.state.take(&table.schema, &name);
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn add_foreign_key(
        &mut self,
        table: &Qualified,
        given: Option<String>,
        columns: Vec<String>,
        target: &ast::TableNameRef,
        mut referenced_columns: Vec<String>,
        actions: Vec<ast::ReferentialAction>,
        constraint: &ast::Constraint,
        creating: bool,
    ) -> Outcome {
        let path = target.path_ref().ok_or("the foreign key refers to no table")?;
        let target = self.state.table_named(&path_of_ref(&path));
        // without columns the primary key is meant; if the table comes later, it is asked at the end
        if referenced_columns.is_empty()
            && let Some(key) = self.state.tables.get(&target).and_then(|t| t.table.primary_key.as_ref())
        {
            referenced_columns.clone_from(&key.columns);
        }
        let on_delete = actions.into_iter().find_map(|a| match a {
            ast::ReferentialAction::OnDeleteAction(d) => d.ref_action(),
            ast::ReferentialAction::OnUpdateAction(_) => None,
        });
        let on_delete = match on_delete {
            Some(ast::RefAction::Cascade(_)) => Action::Cascade,
            Some(ast::RefAction::Restrict(_)) => Action::Restrict,
            Some(ast::RefAction::SetNullColumns(_)) => Action::SetNull,
            Some(ast::RefAction::SetDefaultColumns(_)) => Action::SetDefault,
            Some(ast::RefAction::NoAction(_)) | None => Action::NoAction,
        };
        let name = given.unwrap_or_else(|| names::foreign_key(self.state, table, &columns, &target.name));
        self.state.take(&table.schema, &name);
        let (validated, _) = self.validity(constraint, creating);
        self.with(table, |t| {
            t.table.foreign_keys.push(ForeignKey {
                name,
                columns,
                referenced_schema: target.schema,
                referenced_table: target.name,
                referenced_columns,
                on_delete,
                validated,
            });
        });
        Ok(())
    }

    fn add_exclusion(&mut self, table: &Qualified, given: Option<String>, c: &ast::ExcludeConstraint) -> Outcome {
        let list = c.constraint_exclusion_list().ok_or("EXCLUDE of nothing")?;
        let mut elements = Vec::new();
        let mut element = Vec::new();
        for e in list.constraint_exclusions() {
            let expr = e.expr().ok_or("EXCLUDE of nothing")?;
            let operator = e.op().map(|o| text_of(&o)).or(e.operator_call().map(|o| text_of(&o)));
            element.push(expr.clone());
            elements.push((self.key_part(&expr), operator.unwrap_or_default()));
        }
        let predicate = c.where_condition_clause().and_then(|w| w.expr()).map(|e| self.expression(&e));
        let named = element_names(&element, false);
        let name = given.unwrap_or_else(|| names::choose(self.state, table, &named, Kind::Exclusion));
        self.state.take(&table.schema, &name);
        self.with(table, |t| t.table.exclusions.push(Exclusion { name, elements, predicate }));
        Ok(())
    }
}

/// `USING INDEX`: the index may well have the constraint's name.
fn uses_index(constraint: &ast::Constraint) -> bool {
    match constraint {
        ast::Constraint::PrimaryKeyConstraint(c) => c.using_index().is_some(),
        ast::Constraint::UniqueConstraint(c) => c.using_index().is_some(),
        _ => false,
    }
}

/// Columns, INCLUDE columns, NULLS NOT DISTINCT.
fn key_of(parameters: Option<&ast::IndexParameters>, column: Option<&str>) -> (Vec<String>, Vec<String>, bool) {
    let listed = parameters.and_then(|p| p.column_list());
    let columns = match listed {
        Some(list) => list.column_name_refs().map(|c| c.text()).collect(),
        None => column.iter().map(|c| (*c).to_owned()).collect(),
    };
    let include = parameters.and_then(|p| p.constraint_include_clause()?.column_ref_list());
    let include = include.into_iter().flat_map(|l| l.column_name_refs()).map(|c| c.text()).collect();
    let nulls = parameters.and_then(|p| p.nulls_distinct_option());
    (columns, include, matches!(nulls, Some(ast::NullsDistinctOption::NullsNotDistinct(_))))
}

fn foreign_columns(list: Option<ast::ForeignKeyColumnList>) -> Vec<String> {
    list.into_iter().flat_map(|l| l.column_name_refs()).map(|c| c.text()).collect()
}

/// The columns of a key that is made of columns.
fn plain(key: &[KeyPart]) -> Vec<String> {
    key.iter().filter_map(KeyPart::as_column).map(str::to_owned).collect()
}
