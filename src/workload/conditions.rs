//! WHERE and ON: the conditions that all have to hold, put to the table that each is about.

use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::access::{Compared, Filter, Is, Lookup, Mark, Sign};
use super::scope::{ColumnRef, Scope, column_of, columns_in, is_query, name_of};
use crate::catalog::Comparison;
use crate::sql::{BETWEEN_AND, comparison};

/// A side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A column.
    Column(ColumnRef),
    /// `lower(c)`
    Folded(ColumnRef),
    /// `c - _`
    Shift(ColumnRef, Sign),
    /// `c - d`
    Difference(ColumnRef, ColumnRef),
    /// A value, from outside or written in the statement.
    Value {
        /// It is written in the statement.
        literal: bool,
    },
    /// TRUE or FALSE.
    Bool(bool),
    /// NULL.
    Null,
    /// Anything else.
    Other,
}

/// What an expression is, as a side of a comparison.
pub fn operand(expr: &ast::Expr) -> Operand {
    if let Some(column) = column_of(expr).filter(|c| c.name.is_some()) {
        return Operand::Column(column);
    }
    match expr {
        ast::Expr::ParenExpr(p) => match p.expr() {
            Some(e) => operand(&e),
            None => Operand::Other,
        },
        ast::Expr::CastExpr(c) => match (c.expr(), c.literal()) {
            (Some(e), _) => operand(&e),
            (None, Some(_)) => Operand::Value { literal: true },
            (None, None) => Operand::Other,
        },
        ast::Expr::Literal(l) => match l.kind() {
            Some(LitKind::Null(_)) => Operand::Null,
            Some(LitKind::True(_)) => Operand::Bool(true),
            Some(LitKind::False(_)) => Operand::Bool(false),
            Some(LitKind::PositionalParam(_)) => Operand::Value { literal: false },
            _ => Operand::Value { literal: true },
        },
        ast::Expr::BinExpr(b) => arithmetic(b),
        ast::Expr::CallExpr(c) => call(c),
        other => value_of(other.syntax()),
    }
}

/// Whatever names no column and asks no query is a value.
fn value_of(node: &SyntaxNode) -> Operand {
    if !columns_in(node).is_empty() || node.descendants().any(|n| is_query(n.kind())) {
        return Operand::Other;
    }
    let outside = node.descendants_with_tokens().any(|t| t.kind() == SyntaxKind::POSITIONAL_PARAM);
    Operand::Value { literal: !outside }
}

fn arithmetic(b: &ast::BinExpr) -> Operand {
    let sign = match b.op() {
        Some(BinOp::Plus(_)) => Sign::Plus,
        Some(BinOp::Minus(_)) => Sign::Minus,
        _ => return value_of(b.syntax()),
    };
    match (b.lhs().map(|e| operand(&e)), b.rhs().map(|e| operand(&e))) {
        (Some(Operand::Column(c)), Some(Operand::Value { .. })) => Operand::Shift(c, sign),
        (Some(Operand::Value { .. }), Some(Operand::Column(c))) if sign == Sign::Plus => Operand::Shift(c, sign),
        (Some(Operand::Column(c)), Some(Operand::Column(d))) if sign == Sign::Minus => Operand::Difference(c, d),
        _ => value_of(b.syntax()),
    }
}

fn call(c: &ast::CallExpr) -> Operand {
    let name = c.expr().and_then(|e| name_of(e.syntax()));
    let args: Vec<ast::Expr> = c.arg_list().into_iter().flat_map(|l| l.args()).filter_map(|a| a.expr()).collect();
    match (name.as_deref(), args.as_slice()) {
        (Some("lower" | "upper"), [one]) => match operand(one) {
            Operand::Column(c) => Operand::Folded(c),
            Operand::Value { .. } => Operand::Value { literal: false },
            _ => Operand::Other,
        },
        (Some("coalesce"), [first, rest @ ..]) if rest.iter().all(|e| matches!(operand(e), Operand::Value { .. })) => {
            match operand(first) {
                Operand::Column(c) => Operand::Column(c),
                _ => value_of(c.syntax()),
            }
        }
        _ => value_of(c.syntax()),
    }
}

/// The conditions of one query, by relation.
pub struct Conditions<'s> {
    scope: &'s Scope,
    /// One for each relation.
    pub filters: Vec<Filter>,
}

impl<'s> Conditions<'s> {
    /// None yet.
    pub fn new(scope: &'s Scope) -> Conditions<'s> {
        Conditions { scope, filters: scope.relations.iter().map(|_| Filter::default()).collect() }
    }

    /// Those of ON and USING in a FROM.
    pub fn joins(&mut self, from: Option<&SyntaxNode>) {
        let Some(from) = from else { return };
        for node in from.children().filter(|n| !is_query(n.kind())) {
            if let Some(on) = ast::OnClause::cast(node.clone()) {
                on.expr().iter().for_each(|e| self.all(e));
            } else if node.kind() == SyntaxKind::JOIN_USING_CLAUSE {
                self.unknown();
            } else {
                self.joins(Some(&node));
            }
        }
    }

    /// A condition that all rows obey.
    pub fn all(&mut self, expr: &ast::Expr) {
        match expr {
            ast::Expr::ParenExpr(p) => match p.expr() {
                Some(e) => self.all(&e),
                None => self.other(expr),
            },
            ast::Expr::BinExpr(b) => self.binary(b, expr),
            ast::Expr::PostfixExpr(p) => {
                let is = match p.op() {
                    Some(PostfixOp::IsNull(_)) => Is::Null,
                    Some(PostfixOp::NotNull(_)) => Is::NotNull,
                    _ => return self.other(expr),
                };
                self.mark(p.expr(), is, expr);
            }
            ast::Expr::PrefixExpr(p) if matches!(p.op(), Some(PrefixOp::Not(_))) => self.not(p.expr(), expr),
            _ => match operand(expr) {
                Operand::Column(c) => self.put_mark(&c, Is::True),
                Operand::Value { .. } | Operand::Bool(true) => {}
                _ => self.other(expr),
            },
        }
    }

    /// A condition that cannot be told.
    pub fn unknown(&mut self) {
        self.filters.iter_mut().for_each(|f| f.other = true);
    }

    /// A condition of another kind: it stays with the relations whose columns it names, or with all.
    fn other(&mut self, expr: &ast::Expr) {
        let columns = columns_in(expr.syntax());
        let places: Option<Vec<usize>> = columns.iter().map(|c| self.scope.find(c)).collect();
        match places {
            Some(places) if !places.is_empty() => {
                places.into_iter().filter_map(|i| self.filters.get_mut(i).map(|f| f.other = true)).for_each(drop);
            }
            _ => self.unknown(),
        }
    }

    fn not(&mut self, inner: Option<ast::Expr>, whole: &ast::Expr) {
        match inner {
            Some(ast::Expr::ParenExpr(p)) if p.expr().is_some() => self.not(p.expr(), whole),
            Some(ast::Expr::BinExpr(b)) => match (b.op().as_ref().and_then(comparison), b.lhs(), b.rhs()) {
                (Some(op), Some(l), Some(r)) => self.compare(op.negate(), &l, &r, whole),
                _ => match (b.op(), b.rhs().map(|e| operand(&e))) {
                    (Some(BinOp::Is(_)), Some(Operand::Null)) => self.mark(b.lhs(), Is::NotNull, whole),
                    (Some(BinOp::IsNot(_)), Some(Operand::Null)) => self.mark(b.lhs(), Is::Null, whole),
                    _ => self.other(whole),
                },
            },
            Some(e) => match operand(&e) {
                Operand::Column(c) => self.put_mark(&c, Is::False),
                _ => self.other(whole),
            },
            None => self.other(whole),
        }
    }

    fn binary(&mut self, b: &ast::BinExpr, whole: &ast::Expr) {
        let (Some(op), Some(left), Some(right)) = (b.op(), b.lhs(), b.rhs()) else { return self.other(whole) };
        if let Some(op) = comparison(&op) {
            return self.compare(op, &left, &right, whole);
        }
        match op {
            BinOp::And(_) => {
                self.all(&left);
                self.all(&right);
            }
            BinOp::In(_) => self.among(&left, &right, whole),
            BinOp::Is(_) | BinOp::IsNot(_) => {
                let not = matches!(op, BinOp::IsNot(_));
                let is = match (operand(&right), not) {
                    (Operand::Null, false) => Is::Null,
                    (Operand::Null, true) => Is::NotNull,
                    (Operand::Bool(true), false) => Is::True,
                    (Operand::Bool(false), false) => Is::False,
                    _ => return self.other(whole),
                };
                self.mark(Some(left), is, whole);
            }
            // BETWEEN, as it is rewritten
            BinOp::Like(_) if right.syntax().text().to_string().contains(BETWEEN_AND) => match operand(&left) {
                Operand::Column(c) => {
                    for op in [Comparison::Ge, Comparison::Le] {
                        self.compared(&c, None, op, None);
                    }
                }
                _ => self.other(whole),
            },
            _ => self.other(whole),
        }
    }

    fn among(&mut self, left: &ast::Expr, right: &ast::Expr, whole: &ast::Expr) {
        let values = match right {
            ast::Expr::TupleExpr(t) => t.exprs().count(),
            ast::Expr::ParenExpr(p) if p.expr().is_some() => 1,
            _ => return self.other(whole),
        };
        if value_of(right.syntax()) == Operand::Other {
            return self.other(whole);
        }
        match (left, operand(left)) {
            (_, Operand::Column(c)) if values == 1 => self.put(&c, |column, f| equal(f, column, false, false)),
            (_, Operand::Column(c)) => self.put(&c, |column, f| f.among.push(column)),
            (ast::Expr::TupleExpr(t), _) => {
                for e in t.exprs() {
                    match operand(&e) {
                        Operand::Column(c) => self.put(&c, |column, f| f.among.push(column)),
                        _ => self.other(whole),
                    }
                }
            }
            _ => self.other(whole),
        }
    }

    fn compare(&mut self, op: Comparison, left: &ast::Expr, right: &ast::Expr, whole: &ast::Expr) {
        // (a, b) = (_, _)
        if let (Comparison::Eq, ast::Expr::TupleExpr(l), ast::Expr::TupleExpr(r)) = (op, left, right) {
            return l.exprs().zip(r.exprs()).for_each(|(l, r)| self.compare(op, &l, &r, whole));
        }
        if let ast::Expr::CallExpr(c) = right
            && (c.any_fn().is_some() || c.some_fn().is_some() || c.all_fn().is_some())
        {
            return match operand(left) {
                Operand::Column(column) if op == Comparison::Eq && c.all_fn().is_none() && is_list(c) => {
                    self.put(&column, |column, f| f.among.push(column));
                }
                _ => self.other(whole),
            };
        }
        let (left, right) = (operand(left), operand(right));
        if !self.put_comparison(op, &left, &right) && !self.put_comparison(op.flip(), &right, &left) {
            self.other(whole);
        }
    }

    fn put_comparison(&mut self, op: Comparison, left: &Operand, right: &Operand) -> bool {
        match (left, right) {
            (Operand::Value { .. } | Operand::Bool(_), Operand::Value { .. } | Operand::Bool(_)) => {}
            (Operand::Column(c), Operand::Value { literal }) if op == Comparison::Eq => {
                self.put(c, |column, f| equal(f, column, false, *literal));
            }
            (Operand::Folded(c), Operand::Value { literal }) if op == Comparison::Eq => {
                self.put(c, |column, f| equal(f, column, true, *literal));
            }
            (Operand::Column(c), Operand::Bool(is)) if op == Comparison::Eq => {
                self.put_mark(c, if *is { Is::True } else { Is::False });
            }
            (Operand::Column(c), Operand::Value { .. }) => self.compared(c, None, op, None),
            (Operand::Shift(c, sign), Operand::Value { .. }) => self.compared(c, Some(*sign), op, None),
            // d - c >= _ is c + _ <= d
            (Operand::Difference(d, c), Operand::Value { .. })
                if matches!(op, Comparison::Ge | Comparison::Gt) && self.same(c, d) =>
            {
                self.compared(c, Some(Sign::Plus), op.flip(), d.name.clone());
            }
            (Operand::Column(c), Operand::Column(d)) => return self.columns(op, c, d),
            (Operand::Shift(c, sign), Operand::Column(d)) if self.same(c, d) => {
                self.compared(c, Some(*sign), op, d.name.clone());
            }
            // c <= d - _ is c + _ <= d
            (Operand::Column(c), Operand::Shift(d, sign)) if self.same(c, d) => {
                let other = if *sign == Sign::Plus { Sign::Minus } else { Sign::Plus };
                self.compared(c, Some(other), op, d.name.clone());
            }
            _ => return false,
        }
        true
    }

    fn compared(&mut self, column: &ColumnRef, change: Option<Sign>, op: Comparison, with: Option<String>) {
        self.put(column, |column, f| f.compared.push(Compared { column, change, op, with }));
    }

    fn same(&self, c: &ColumnRef, d: &ColumnRef) -> bool {
        self.scope.find(c).is_some_and(|i| self.scope.find(d) == Some(i))
    }

    /// A column held to a column: of the same row, of another table, or of values from outside.
    fn columns(&mut self, op: Comparison, c: &ColumnRef, d: &ColumnRef) -> bool {
        let (Some(i), Some(j)) = (self.scope.find(c), self.scope.find(d)) else { return false };
        if i == j {
            self.compared(c, None, op, d.name.clone());
            return true;
        }
        if op != Comparison::Eq {
            return false;
        }
        let from_outside = |i: usize| self.scope.relations.get(i).is_some_and(|r| r.values);
        let (here, there) = (from_outside(i), from_outside(j));
        for (column, values) in [(c, there), (d, here)] {
            self.put(column, |column, f| if values { f.among.push(column) } else { f.joined.push(column) });
        }
        true
    }

    fn mark(&mut self, expr: Option<ast::Expr>, is: Is, whole: &ast::Expr) {
        match expr.map(|e| operand(&e)) {
            Some(Operand::Column(c)) => self.put_mark(&c, is),
            _ => self.other(whole),
        }
    }

    fn put_mark(&mut self, column: &ColumnRef, is: Is) {
        self.put(column, |column, f| f.marks.push(Mark { column, is }));
    }

    /// Puts something to the table of a column; if that is not known, no table's conditions are.
    fn put(&mut self, column: &ColumnRef, change: impl FnOnce(String, &mut Filter)) {
        let place = self.scope.find(column).and_then(|i| self.filters.get_mut(i));
        match (place, &column.name) {
            (Some(filter), Some(name)) => change(name.clone(), filter),
            _ => self.unknown(),
        }
    }
}

fn equal(filter: &mut Filter, column: String, folded: bool, literal: bool) {
    if !filter.has_equal(&column) {
        filter.equal.push(Lookup { column, folded, literal });
    }
}

/// Whether an ANY is over a list of values, and no query.
fn is_list(c: &ast::CallExpr) -> bool {
    value_of(c.syntax()) != Operand::Other
}
