//! Which table a column in a statement is of.

use std::collections::HashMap;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::access::Name;
use crate::sql::{Tokens, is_special_value};

/// A column as an expression names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// What stands before the dot.
    pub qualifier: Option<String>,
    /// The column; `None` for `*`.
    pub name: Option<String>,
}

/// Something in a FROM.
pub struct Relation {
    /// The table, unless it is derived.
    pub table: Option<Name>,
    /// What columns are qualified by.
    pub alias: String,
    /// It is made of values from outside, and of no table.
    pub values: bool,
}

/// What columns of one query may be of.
#[derive(Default)]
pub struct Scope {
    /// In the order in which they are named.
    pub relations: Vec<Relation>,
}

/// The names of a WITH, and whether each is made of values alone.
#[derive(Default)]
pub struct Ctes(HashMap<String, bool>);

impl Ctes {
    /// Those of a whole statement.
    pub fn of(statement: &SyntaxNode) -> Ctes {
        let tables = statement.descendants().filter_map(ast::WithTable::cast);
        let name = |t: &ast::WithTable| Some((name_of(t.name()?.syntax())?, is_values(t.query()?.syntax())));
        Ctes(tables.filter_map(|t| name(&t)).collect())
    }
}

impl Scope {
    /// The relations of FROM items, joins taken apart.
    pub fn add(&mut self, items: &SyntaxNode, ctes: &Ctes) {
        for node in items.children() {
            if let Some(item) = ast::FromItem::cast(node.clone()) {
                self.item(&item, ctes);
            } else if is_query(node.kind()) {
                continue;
            } else {
                self.add(&node, ctes);
            }
        }
    }

    fn item(&mut self, item: &ast::FromItem, ctes: &Ctes) {
        let alias = item.alias().and_then(|a| name_of(a.name()?.syntax()));
        match item {
            ast::FromItem::RelationFromItem(r) => {
                if let Some(path) = r.relation_name_ref() {
                    self.table(path.syntax(), alias, ctes);
                }
            }
            // a join in brackets
            ast::FromItem::ParenFromItem(p) if p.paren_expr().is_some_and(|e| e.from_list_item().is_some()) => {
                self.add(p.syntax(), ctes);
            }
            other => {
                let values = is_values(other.syntax());
                self.relations.push(Relation { table: None, alias: alias.unwrap_or_default(), values });
            }
        }
    }

    /// A table by its path.
    pub fn table(&mut self, path: &SyntaxNode, alias: Option<String>, ctes: &Ctes) {
        let Some(name) = path_of(path) else { return };
        let alias = alias.unwrap_or_else(|| name.table.clone());
        let cte = ctes.0.get(&name.table).filter(|_| name.schema.is_none());
        self.relations.push(match cte {
            Some(values) => Relation { table: None, alias, values: *values },
            None => Relation { table: Some(name), alias, values: false },
        });
    }

    /// The row that an INSERT would have made.
    pub fn excluded(&mut self) {
        self.relations.push(Relation { table: None, alias: "excluded".to_owned(), values: true });
    }

    /// The relation of a column, where it is certain.
    pub fn find(&self, column: &ColumnRef) -> Option<usize> {
        match &column.qualifier {
            Some(q) => self.relations.iter().position(|r| r.alias == *q),
            None => (self.relations.len() == 1).then_some(0),
        }
    }
}

/// The table of a dotted name; what stands before the schema is its database.
pub fn path_of(node: &SyntaxNode) -> Option<Name> {
    let text = node.text().to_string();
    let mut parts = Tokens::of(&text).path(0).0;
    let table = parts.pop()?;
    Some(Name { schema: parts.pop(), table })
}

/// A name as the server stores it.
pub fn name_of(node: &SyntaxNode) -> Option<String> {
    let text = node.text().to_string();
    Tokens::of(&text).name(0)
}

/// Whether a part of a statement reads no table.
fn is_values(node: &SyntaxNode) -> bool {
    !node.descendants().any(|n| matches!(n.kind(), SyntaxKind::RELATION_NAME | SyntaxKind::RELATION_NAME_REF))
}

/// Whether a node is a query of its own, in which other names hold.
pub fn is_query(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::SELECT
            | SyntaxKind::INSERT
            | SyntaxKind::UPDATE
            | SyntaxKind::DELETE
            | SyntaxKind::COMPOUND_SELECT
            | SyntaxKind::PAREN_SELECT
            | SyntaxKind::VALUES
            | SyntaxKind::TABLE
            | SyntaxKind::WITH_CLAUSE
    )
}

/// The column that an expression is, if it is one.
pub fn column_of(expr: &ast::Expr) -> Option<ColumnRef> {
    match expr {
        ast::Expr::NameRef(n) if is_special_value(n) => None,
        ast::Expr::NameRef(n) => Some(ColumnRef { qualifier: None, name: Some(name_of(n.syntax())?) }),
        ast::Expr::FieldExpr(f) => {
            let qualifier = match f.base()? {
                ast::Expr::NameRef(n) => name_of(n.syntax())?,
                // schema.table.column
                ast::Expr::FieldExpr(inner) => name_of(inner.field()?.syntax())?,
                _ => return None,
            };
            let name = match f.star_token() {
                Some(_) => None,
                None => Some(name_of(f.field()?.syntax())?),
            };
            Some(ColumnRef { qualifier: Some(qualifier), name })
        }
        _ => None,
    }
}

/// The columns that an expression names, those of queries in it left out.
pub fn columns_in(node: &SyntaxNode) -> Vec<ColumnRef> {
    let mut out = Vec::new();
    collect(node, &mut out);
    out
}

fn collect(node: &SyntaxNode, out: &mut Vec<ColumnRef>) {
    if is_query(node.kind()) {
        return;
    }
    if let Some(expr) = ast::Expr::cast(node.clone())
        && let Some(column) = column_of(&expr)
    {
        out.push(column);
        return;
    }
    // what is called stands where an argument could
    let called = (node.kind() == SyntaxKind::CALL_EXPR).then(|| node.first_child()).flatten();
    let called = called.filter(|c| matches!(c.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR));
    for child in node.children().filter(|c| called.as_ref() != Some(c)) {
        collect(&child, out);
    }
}
