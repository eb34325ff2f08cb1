//! ALTER TABLE.

use squawk_syntax::ast::{self, NameLike};

use crate::sql::Extra;

use super::apply::{Applier, Outcome, offset_of, path_of, path_of_ref};
use super::state::{Field, Names, Qualified, TypeName};

/// PostgreSQL's order among the actions of one statement: what is dropped makes room, columns come before what needs
/// them.
fn rank(action: &ast::AlterTableAction) -> u8 {
    match action {
        // CockroachDB may rename a column to make room for another
        ast::AlterTableAction::DropColumn(_)
        | ast::AlterTableAction::DropConstraint(_)
        | ast::AlterTableAction::RenameColumn(_) => 0,
        ast::AlterTableAction::AlterColumn(_) => 1,
        ast::AlterTableAction::AddColumn(_) => 2,
        _ => 3,
    }
}

impl Applier<'_> {
    pub fn alter_table(&mut self, alter: &ast::AlterTable, extras: &[Extra]) -> Outcome {
        let Some(relation) = alter.table_relation_name() else { return Ok(()) };
        let path = relation.table_name_ref().and_then(|t| t.path_ref()).ok_or("the table has no name")?;
        let path = path_of_ref(&path);
        let table = self.state.table_named(&path);
        self.lenient = alter.if_exists().is_some();
        let mut actions: Vec<ast::AlterTableAction> = alter.actions().collect();
        if !self.state.tables.contains_key(&table) {
            return self.alter_other(&table, &path, &actions);
        }
        let only = relation.only_token().is_some();
        if actions.len() > 1 {
            actions.sort_by_key(rank);
        }
        // a column's CockroachDB clauses count before the constraints, which may be on it
        let (late, early): (Vec<Extra>, Vec<Extra>) =
            extras.iter().cloned().partition(|e| matches!(e, Extra::Index { .. } | Extra::PrimaryKey { .. }));
        let (mut table, mut applied) = (table, false);
        for action in &actions {
            self.at = offset_of(action);
            if rank(action) > 2 && !applied {
                self.table_extras(&table, &early);
                applied = true;
                self.at = offset_of(action);
            }
            match self.alter_action(&table, action, only) {
                Ok(Some(renamed)) => table = renamed,
                Ok(None) => {}
                Err(reason) => self.unread(reason),
            }
        }
        if !applied {
            self.table_extras(&table, &early);
        }
        self.table_extras(&table, &late);
        self.at = 0;
        Ok(())
    }

    /// ALTER TABLE of what is no table: a view, a sequence or an index may be renamed by it.
    fn alter_other(&mut self, name: &Qualified, path: &[String], actions: &[ast::AlterTableAction]) -> Outcome {
        let to = actions.iter().find_map(|a| match a {
            ast::AlterTableAction::TableRenameTo(r) => {
                Some(Qualified::new(&name.schema, &path_of(&r.table_name()?.path()?).pop()?))
            }
            ast::AlterTableAction::SetSchema(s) => Some(Qualified::new(&s.schema_ref()?.text(), &name.name)),
            _ => None,
        });
        if self.state.others.contains(name) {
            if let Some(to) = to {
                self.state.rename_sequence(name, &to);
                self.state.rename_table(name, to);
            }
            return Ok(());
        }
        if let (Some(table), Some(to)) = (self.state.table_of_index(path), &to) {
            self.with(&table, |t| {
                t.rename(&name.name, &to.name, Names::Index);
            });
            self.state.take(&to.schema, &to.name);
            return Ok(());
        }
        let harmless = actions.iter().all(|a| {
            !matches!(
                a,
                ast::AlterTableAction::AddColumn(_)
                    | ast::AlterTableAction::AddConstraint(_)
                    | ast::AlterTableAction::AlterColumn(_)
                    | ast::AlterTableAction::DropColumn(_)
                    | ast::AlterTableAction::DropConstraint(_)
                    | ast::AlterTableAction::TableRenameTo(_)
                    | ast::AlterTableAction::RenameColumn(_)
            )
        });
        if self.lenient || harmless {
            return Ok(());
        }
        Err(format!("the table {} is not known", name.label()))
    }

    /// One action; the table's new name if it has one now.
    fn alter_action(
        &mut self,
        table: &Qualified,
        action: &ast::AlterTableAction,
        only: bool,
    ) -> Result<Option<Qualified>, String> {
        let family = if only { vec![table.clone()] } else { self.state.family(table) };
        match action {
            ast::AlterTableAction::AddColumn(a) => self.add_column(&family, a)?,
            ast::AlterTableAction::DropColumn(d) => {
                let column = d.column_name_ref().ok_or("the column has no name")?.text();
                let mut found = false;
                for member in &family {
                    found |= self.state.drop_column(member, &column);
                }
                if !found && d.if_exists().is_none() {
                    self.ignored(format!("{} has no column {column}", table.label()));
                }
            }
            ast::AlterTableAction::AlterColumn(a) => {
                let column = a.column_name_ref().ok_or("the column has no name")?.text();
                let option = a.option().ok_or("nothing is said to be altered")?;
                for member in &family {
                    self.alter_column(member, &column, &option);
                }
            }
            ast::AlterTableAction::AddConstraint(a) => {
                let constraint = a.constraint().ok_or("the constraint is missing")?;
                self.add_constraint(table, &constraint, None, false)?;
            }
            ast::AlterTableAction::DropConstraint(d) => {
                let name = d.constraint_name_ref().and_then(|c| c.path_ref()?.segment());
                let name = name.ok_or("the constraint has no name")?.text();
                self.drop_constraint(table, &family, &name, d.if_exists().is_some());
            }
            ast::AlterTableAction::ValidateConstraint(v) => {
                let name = v.constraint_name_ref().and_then(|c| c.path_ref()?.segment());
                let name = name.ok_or("the constraint has no name")?.text();
                for member in &family {
                    self.validate(member, &name);
                }
            }
            ast::AlterTableAction::RenameConstraint(r) => {
                let from = r.constraint_name_ref().and_then(|c| c.path_ref()?.segment());
                let from = from.ok_or("the constraint has no name")?.text();
                let to = r.constraint_name().ok_or("the new name is missing")?.text();
                let names = Names::of_constraints(self.state.engine);
                for member in &family {
                    self.with(member, |t| {
                        t.rename(&from, &to, names);
                    });
                    self.state.take(&member.schema, &to);
                }
            }
            ast::AlterTableAction::RenameColumn(r) => {
                let from = r.column_name_ref().ok_or("the column has no name")?.text();
                let to = r.column_name().ok_or("the new name is missing")?.text();
                if !self.state.tables.get(table).is_some_and(|t| t.has_column(&from)) {
                    return Err(format!("{} has no column {from}", table.label()));
                }
                for member in &family {
                    self.state.rename_column(member, &from, &to);
                }
            }
            ast::AlterTableAction::TableRenameTo(r) => {
                let path = r.table_name().and_then(|n| n.path()).ok_or("the new name is missing")?;
                let to = Qualified::new(&table.schema, &path_of(&path).pop().unwrap_or_default());
                self.state.rename_table(table, to.clone());
                return Ok(Some(to));
            }
            ast::AlterTableAction::SetSchema(s) => {
                let to = Qualified::new(&s.schema_ref().ok_or("the schema is missing")?.text(), &table.name);
                self.move_sequences(table, &to);
                self.state.rename_table(table, to.clone());
                return Ok(Some(to));
            }
            ast::AlterTableAction::AttachPartition(a) => {
                let child = a.table_name_ref().and_then(|t| t.path_ref()).ok_or("the partition has no name")?;
                let child = self.state.table_named(&path_of_ref(&child));
                self.with(&child, |t| {
                    t.partition = true;
                    t.parents.clear();
                });
                self.state.add_parent(&child, table);
            }
            ast::AlterTableAction::DetachPartition(d) => {
                let child = d.table_name_ref().and_then(|t| t.path_ref()).ok_or("the partition has no name")?;
                let child = self.state.table_named(&path_of_ref(&child));
                self.with(&child, |t| {
                    t.partition = false;
                    t.parents.clear();
                });
            }
            ast::AlterTableAction::InheritTable(i) => {
                let parent = i.table_name_ref().and_then(|t| t.path_ref()).ok_or("the parent has no name")?;
                let parent = self.state.table_named(&path_of_ref(&parent));
                self.state.add_parent(table, &parent);
            }
            ast::AlterTableAction::NoInheritTable(i) => {
                let parent = i.table_name_ref().and_then(|t| t.path_ref()).ok_or("the parent has no name")?;
                let parent = self.state.table_named(&path_of_ref(&parent));
                self.with(table, |t| t.parents.retain(|p| *p != parent));
            }
            ast::AlterTableAction::AlterConstraint(a) => {
                let name = a.constraint_name_ref().and_then(|c| c.path_ref()?.segment());
                let name = name.ok_or("the constraint has no name")?.text();
                self.enforce(table, &name, a);
            }
            ast::AlterTableAction::OfType(_) => self.unread("its columns are those of a composite type"),
            // storage, privileges, triggers, replication: no part of what is read
            _ => {}
        }
        Ok(None)
    }

    fn add_column(&mut self, family: &[Qualified], add: &ast::AddColumn) -> Outcome {
        let column = add.column_name().ok_or("the column has no name")?.text();
        let constraints: Vec<ast::Constraint> = add.constraints().collect();
        for (i, member) in family.iter().enumerate() {
            if self.state.tables.get(member).is_some_and(|t| t.has_column(&column)) {
                if add.if_not_exists().is_none() && i == 0 {
                    self.ignored(format!("{} has a column {column} already", member.label()));
                }
                continue;
            }
            let mut pending = Vec::new();
            let field = self.column(member, &column, add.ty().as_ref(), &constraints, &mut pending);
            self.add_field(member, field, true);
            // keys are not inherited, and checks are passed on from the first
            if i == 0 {
                self.create_constraints(member, pending);
            }
        }
        Ok(())
    }

    fn alter_column(&mut self, table: &Qualified, column: &str, option: &ast::AlterColumnOption) {
        let ty = match option {
            ast::AlterColumnOption::SetType(s) => s.ty().map(|t| self.state.type_name(&t)),
            _ => None,
        };
        let expression = match option {
            ast::AlterColumnOption::SetDefault(d) => d.expr().map(|e| self.expression(&e)),
            ast::AlterColumnOption::SetExpression(s) => s.expr().map(|e| self.expression(&e)),
            _ => None,
        };
        if let ast::AlterColumnOption::AddGenerated(identity) = option {
            self.take_identity(table, column, identity.sequence_option_list());
        }
        let Some(f) = self.state.tables.get_mut(table).and_then(|t| t.field(column)) else {
            self.ignored(format!("{} has no column {column}", table.label()));
            return;
        };
        match option {
            ast::AlterColumnOption::SetType(_) => set_type(f, ty),
            ast::AlterColumnOption::SetDefault(_) => f.column.default = expression,
            ast::AlterColumnOption::DropDefault(_) => f.column.default = None,
            ast::AlterColumnOption::SetNotNull(_) => f.column.nullable = false,
            ast::AlterColumnOption::DropNotNull(_) => f.column.nullable = true,
            ast::AlterColumnOption::SetExpression(_) => f.column.generated = expression,
            ast::AlterColumnOption::DropExpression(_) => f.column.generated = None,
            ast::AlterColumnOption::AddGenerated(_) => {
                f.column.identity = true;
                f.column.nullable = false;
                f.column.default = None;
            }
            ast::AlterColumnOption::DropIdentity(_) => f.column.identity = false,
            _ => {}
        }
    }

    fn drop_constraint(&mut self, table: &Qualified, family: &[Qualified], name: &str, lenient: bool) {
        let names = Names::of_constraints(self.state.engine);
        let inherited = self.state.tables.get(table).is_some_and(|t| t.table.checks.iter().any(|c| c.name == name));
        if !self.state.drop_named(table, name, names) {
            if !lenient {
                self.ignored(format!("{} has no constraint {name}", table.label()));
            }
        } else if inherited {
            for member in family.iter().filter(|m| *m != table) {
                self.state.drop_named(member, name, names);
            }
        }
    }

    fn validate(&mut self, table: &Qualified, name: &str) {
        self.with(table, |t| {
            t.table.checks.iter_mut().filter(|c| c.name == name).for_each(|c| c.validated = true);
            t.table.foreign_keys.iter_mut().filter(|f| f.name == name).for_each(|f| f.validated = true);
            t.table.unique_keys.iter_mut().filter(|k| k.name == name).for_each(|k| k.valid = true);
            let column = t.not_nulls.get_mut(name).map(|(column, valid)| {
                *valid = true;
                column.clone()
            });
            if let Some(f) = column.and_then(|c| t.field(&c)) {
                f.column.nullable = false;
            }
        });
    }

    /// PostgreSQL 18: ALTER CONSTRAINT … [NOT] ENFORCED.
    fn enforce(&mut self, table: &Qualified, name: &str, alter: &ast::AlterConstraint) {
        let enforced = alter.constraint_options().find_map(|o| match o {
            ast::ConstraintOption::Enforced(_) => Some(true),
            ast::ConstraintOption::NotEnforced(_) => Some(false),
            _ => None,
        });
        let Some(enforced) = enforced else { return };
        self.with(table, |t| {
            for c in t.table.checks.iter_mut().filter(|c| c.name == name) {
                (c.enforced, c.validated) = (enforced, enforced);
            }
            for f in t.table.foreign_keys.iter_mut().filter(|f| f.name == name) {
                f.validated = enforced;
            }
        });
    }

    /// Sequences of serial columns go with their table.
    fn move_sequences(&mut self, from: &Qualified, to: &Qualified) {
        let Some(t) = self.state.tables.get(from) else { return };
        let owned: Vec<Qualified> = t
            .columns
            .iter()
            .map(|f| super::names::object_name(&from.name, Some(&f.column.name), "seq"))
            .map(|name| Qualified::new(&from.schema, &name))
            .filter(|q| self.state.others.contains(q))
            .collect();
        for sequence in owned {
            let moved = Qualified::new(&to.schema, &sequence.name);
            self.state.rename_sequence(&sequence, &moved);
            self.state.rename_table(&sequence, moved);
        }
    }
}

fn set_type(f: &mut Field, ty: Option<TypeName>) {
    if let Some(ty) = ty {
        f.ty = ty;
    }
}
