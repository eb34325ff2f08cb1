//! CREATE, ALTER and DROP INDEX.

use squawk_syntax::ast::{self, AstNode, NameLike};

use crate::catalog::{Expr, Expression, Index, KeyKind, KeyPart, UniqueKey};
use crate::sql::{Extra, convert};

use super::apply::{Applier, Outcome, offset_of, path_of, path_of_ref};
use super::names::{self, Kind};
use super::state::{Names, Qualified};
use super::types::text_of;

impl Applier<'_> {
    pub fn create_index(&mut self, create: &ast::CreateIndex, extras: &[Extra]) -> Outcome {
        let table = create.table_relation_name().and_then(|r| r.table_name_ref()?.path_ref());
        let table = self.state.table_named(&path_of_ref(&table.ok_or("the index is on no table")?));
        if self.state.others.contains(&table) {
            return Ok(());
        }
        self.lenient = create.if_not_exists().is_some();
        self.add_index(&table, create, extras, false, !extras.contains(&Extra::Unchecked))
    }

    pub fn add_index(
        &mut self,
        table: &Qualified,
        create: &ast::CreateIndex,
        extras: &[Extra],
        without_index: bool,
        valid: bool,
    ) -> Outcome {
        if !self.state.tables.contains_key(table) {
            return Err(format!("the table {} is not known", table.label()));
        }
        let cockroach = self.state.engine.is_cockroach();
        let items = create.partition_item_list().ok_or("the index is on no column")?;
        let key = self.key_parts(&items);
        let predicate = create.where_clause().and_then(|w| w.expr()).map(|e| self.expression(&e));
        let unique = create.unique_token().is_some();
        let given = create.index().and_then(|i| i.path()).and_then(|p| path_of(&p).pop());
        let include = create.index_include_clause().and_then(|i| i.partition_item_list());
        let include = include.into_iter().flat_map(|l| l.partition_items()).filter_map(|i| i.expr());
        let include: Vec<String> = include.filter_map(|e| self.key_part(&e).as_column().map(str::to_owned)).collect();
        let name = match given {
            Some(name) => {
                let taken = match cockroach {
                    true => self.state.tables.get(table).is_some_and(|t| t.has_index(&name) || t.has_constraint(&name)),
                    false => self.state.is_relation(&Qualified::new(&table.schema, &name)),
                };
                if taken {
                    if !self.lenient {
                        self.ignored(format!("the name {name} is taken already"));
                    }
                    return Ok(());
                }
                name
            }
            None => {
                let elements: Vec<ast::Expr> = items.partition_items().filter_map(|i| i.expr()).collect();
                let named = self.with_included(&element_names(&elements, cockroach), &include);
                match () {
                    () if without_index => names::without_index(self.state, table, &named),
                    () if unique && cockroach => names::choose(self.state, table, &named, Kind::Unique),
                    () => names::choose(self.state, table, &named, Kind::Index),
                }
            }
        };
        self.state.take(&table.schema, &name);
        let nulls_not_distinct =
            matches!(create.nulls_distinct_option(), Some(ast::NullsDistinctOption::NullsNotDistinct(_)));
        let method = method(create, extras, cockroach);
        self.with(table, |t| {
            t.include.insert(name.clone(), include);
            if unique {
                let kind = if without_index { KeyKind::WithoutIndex } else { KeyKind::Index };
                t.table.unique_keys.push(UniqueKey { name, key, predicate, nulls_not_distinct, kind, valid });
            } else {
                t.table.indexes.push(Index { name, key, predicate, method });
            }
        });
        Ok(())
    }

    pub fn key_parts(&self, items: &ast::PartitionItemList) -> Vec<KeyPart> {
        items.partition_items().filter_map(|i| i.expr()).map(|e| self.key_part(&e)).collect()
    }

    /// One element. Its collation does not matter here.
    pub fn key_part(&self, expr: &ast::Expr) -> KeyPart {
        let inner = match expr {
            ast::Expr::Collate(c) => c.expr(),
            ast::Expr::ParenExpr(p) => {
                p.expr().filter(|e| matches!(e, ast::Expr::Collate(_) | ast::Expr::ParenExpr(_)))
            }
            _ => None,
        };
        if let Some(inner) = inner {
            return self.key_part(&inner);
        }
        match convert(expr) {
            Expr::Column(c) => KeyPart::Column(c),
            other => KeyPart::Expression(Expression::new(other)),
        }
    }

    pub fn alter_index(&mut self, alter: &ast::AlterIndex, extras: &[Extra]) -> Outcome {
        let Some(ast::AlterIndexAction::IndexRenameTo(rename)) = alter.action() else { return Ok(()) };
        let index = alter.index_ref().ok_or("the index has no name")?;
        let to = rename.index().and_then(|i| i.path()).and_then(|p| path_of(&p).pop());
        let to = to.ok_or("the new name is missing")?;
        match self.find_index(&index, extras) {
            Some((table, name)) => {
                self.with(&table, |t| {
                    t.rename(&name, &to, Names::Index);
                });
                self.state.take(&table.schema, &to);
            }
            None if alter.if_exists().is_none() => self.ignored("there is no such index"),
            None => {}
        }
        Ok(())
    }

    pub fn drop_index(&mut self, drop: &ast::DropIndex, extras: &[Extra]) -> Outcome {
        for index in drop.index_refs() {
            self.at = offset_of(&index);
            match self.find_index(&index, extras) {
                Some((table, name)) => {
                    self.state.drop_named(&table, &name, Names::Index);
                }
                None if drop.if_exists().is_none() => self.ignored("there is no such index"),
                None => {}
            }
        }
        Ok(())
    }

    /// The table and name of an index: `schema.index`, or CockroachDB's `table@index`.
    fn find_index(&self, index: &ast::IndexRef, extras: &[Extra]) -> Option<(Qualified, String)> {
        let mut path = path_of_ref(&index.path_ref()?);
        let range = index.syntax().text_range();
        let range = usize::from(range.start())..usize::from(range.end());
        let at = extras.iter().any(|e| matches!(e, Extra::At(n) if range.contains(n)));
        if !at {
            return Some((self.state.table_of_index(&path)?, path.pop()?));
        }
        let name = path.pop()?;
        let table = self.state.table_named(&path);
        self.state.tables.get(&table)?.has_index(&name).then_some((table, name))
    }
}

fn method(create: &ast::CreateIndex, extras: &[Extra], cockroach: bool) -> String {
    let extra = extras.iter().find_map(|e| match e {
        Extra::Method(m) => Some((*m).to_owned()),
        _ => None,
    });
    let written = create.using_method().and_then(|u| u.access_method_ref()).map(|m| m.text());
    let method = extra.or(written).unwrap_or_else(|| "btree".to_owned());
    // CockroachDB's only other index is the inverted one
    if cockroach && method == "gist" { "gin".to_owned() } else { method }
}

/// Names of a key's elements for making up an index's name: PostgreSQL's `FigureIndexColname`.
pub(super) fn element_names(elements: &[ast::Expr], cockroach: bool) -> Vec<String> {
    let name = |e: &ast::Expr| match e {
        e if cockroach => match e {
            ast::Expr::NameRef(n) => n.text(),
            _ => "expr".to_owned(),
        },
        e => figure(e).unwrap_or_else(|| "expr".to_owned()),
    };
    names::distinct(elements.iter().map(name).collect())
}

fn figure(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::NameRef(n) => Some(n.text()),
        ast::Expr::FieldExpr(f) => Some(f.field()?.text()),
        ast::Expr::ParenExpr(p) => figure(&p.expr()?),
        ast::Expr::Collate(c) => figure(&c.expr()?),
        ast::Expr::CallExpr(c) => match c.expr() {
            Some(ast::Expr::NameRef(n)) => Some(n.text()),
            Some(ast::Expr::FieldExpr(f)) => Some(f.field()?.text()),
            // COALESCE and its like have a syntax of their own
            _ => c.syntax().first_token().map(|t| t.text().to_ascii_lowercase()),
        },
        ast::Expr::CastExpr(c) => c.expr().and_then(|e| figure(&e)).or_else(|| {
            let ty = text_of(&c.ty()?);
            Some(crate::catalog::canonical_type(&ty, false).split(['(', ' ']).next()?.to_owned())
        }),
        ast::Expr::IndexExpr(i) => figure(&i.base()?),
        ast::Expr::CaseExpr(_) => Some("case".to_owned()),
        ast::Expr::ArrayExpr(_) => Some("array".to_owned()),
        _ => None,
    }
}
