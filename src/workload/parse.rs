//! From a fingerprint's SQL to what it does to each table.

use squawk_syntax::ast::{self, AstNode, BinOp};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::access::{
    Access, Columns, Conflict, Deed, Form, How, Insert, Lock, Lookup, Order, Read, Set, Sign, Target, Update,
};
use super::conditions::{Conditions, Operand, operand};
use super::scope::{ColumnRef, Ctes, Scope, column_of, columns_in, is_query, name_of, path_of};
use crate::sql;

/// Functions that make one value of many rows, beside `count`.
const AGGREGATES: [&str; 14] = [
    "sum",
    "avg",
    "min",
    "max",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "bool_and",
    "bool_or",
    "every",
    "stddev",
    "variance",
    "jsonb_object_agg",
];

/// What the statement does to each table that it names, in order. `None` if it is not understood.
pub fn parse(sql: &str, upsert: bool) -> Option<Vec<Access>> {
    if sql::nests_too_deep(sql) {
        return None;
    }
    let parse = sql::parse(sql)?;
    if !parse.errors().is_empty() {
        return None;
    }
    let mut statements = parse.tree().stmts();
    let statement = statements.next()?.syntax().clone();
    if statements.next().is_some() {
        return None;
    }
    let ctes = Ctes::of(&statement);
    let mut out = Vec::new();
    for node in statement.descendants() {
        match node.kind() {
            SyntaxKind::MERGE | SyntaxKind::SELECT_INTO => return None,
            SyntaxKind::SELECT => select(&ast::Select::cast(node)?, &ctes, &mut out),
            SyntaxKind::TABLE => {
                let name = ast::Table::cast(node)?.relation_name()?.relation_name_ref()?;
                let read = Read { columns: Columns::All, ..Read::default() };
                out.push(Access { table: path_of(name.syntax())?, deed: Deed::Read(read) });
            }
            SyntaxKind::INSERT => {
                let insert = ast::Insert::cast(node)?;
                let table = path_of(insert.relation_name_ref()?.syntax())?;
                let deed = self::insert(&insert, upsert)?;
                if let Some(ast::ConflictAction::ConflictDoUpdateSet(action)) =
                    insert.on_conflict_clause().and_then(|c| c.conflict_action())
                {
                    let update = replacement(&insert, &action, &deed.conflict)?;
                    out.push(Access { table: table.clone(), deed: Deed::Update(update) });
                }
                out.push(Access { table, deed: Deed::Insert(deed) });
            }
            SyntaxKind::UPDATE => out.push(update(&ast::Update::cast(node)?, &ctes)?),
            SyntaxKind::DELETE => out.push(delete(&ast::Delete::cast(node)?, &ctes)?),
            _ => {}
        }
    }
    Some(out)
}

fn select(select: &ast::Select, ctes: &Ctes, out: &mut Vec<Access>) {
    let mut scope = Scope::default();
    if let Some(from) = select.from_clause() {
        scope.add(from.syntax(), ctes);
    }
    let mut conditions = Conditions::new(&scope);
    conditions.joins(select.from_clause().as_ref().map(AstNode::syntax));
    if let Some(e) = select.where_clause().and_then(|w| w.expr()) {
        conditions.all(&e);
    }
    let filters = conditions.filters;
    let targets: Vec<ast::Target> =
        select.select_clause().and_then(|c| c.target_list()).map(|l| l.targets().collect()).unwrap_or_default();
    let tails: Vec<ast::SelectTailClause> = select.tail_clauses().collect();
    let limited = tails
        .iter()
        .any(|t| matches!(t, ast::SelectTailClause::LimitClause(_) | ast::SelectTailClause::FetchClause(_)));
    let form = form(select, &targets, limited);
    let mut columns: Vec<Columns> = scope.relations.iter().map(|_| Columns::default()).collect();
    for target in &targets {
        if target.star_token().is_some() {
            columns.fill(Columns::All);
        }
        for column in target.expr().iter().flat_map(|e| columns_in(e.syntax())) {
            let Some(place) = scope.find(&column).and_then(|i| columns.get_mut(i)) else { continue };
            match (&column.name, &mut *place) {
                (None, place) => *place = Columns::All,
                (Some(name), Columns::Some(list)) if !list.contains(name) => list.push(name.clone()),
                _ => {}
            }
        }
    }
    let sorted: Vec<ast::SortBy> = tails.iter().flat_map(sort_bys).collect();
    for (i, ((relation, filter), columns)) in scope.relations.iter().zip(filters).zip(columns).enumerate() {
        let Some(table) = relation.table.clone() else { continue };
        let lock = tails.iter().filter_map(|t| lock(t, &relation.alias)).max();
        let order = order(&sorted, |c| scope.find(c) == Some(i));
        let skips = tails.iter().any(|t| matches!(t, ast::SelectTailClause::OffsetClause(_)));
        let offset = skips && order != Order::None;
        out.push(Access { table, deed: Deed::Read(Read { filter, columns, form, order, offset, lock }) });
    }
}

fn sort_bys(tail: &ast::SelectTailClause) -> Vec<ast::SortBy> {
    match tail {
        ast::SelectTailClause::OrderByClause(o) => o.sort_by_list().into_iter().flat_map(|l| l.sort_bys()).collect(),
        _ => Vec::new(),
    }
}

/// An ORDER BY, as one relation sees it.
fn order(sorted: &[ast::SortBy], is_own: impl Fn(&ColumnRef) -> bool) -> Order {
    if sorted.is_empty() {
        return Order::None;
    }
    let ascending = |s: &ast::SortBy| {
        let upwards = matches!(s.sort_order(), None | Some(ast::SortOrder::SortAsc(_)));
        let column = column_of(&s.expr()?).filter(|c| upwards && is_own(c))?;
        column.name
    };
    sorted.iter().map(ascending).collect::<Option<Vec<_>>>().map_or(Order::Other, Order::Ascending)
}

fn form(select: &ast::Select, targets: &[ast::Target], limited: bool) -> Form {
    let calls: Vec<String> = targets
        .iter()
        .filter_map(|t| t.expr())
        .flat_map(|e| outer(e.syntax()))
        .filter(|n| n.kind() == SyntaxKind::CALL_EXPR)
        .filter_map(|n| name_of(&n.first_child()?))
        .collect();
    let exists = std::iter::successors(select.syntax().parent(), SyntaxNode::parent)
        .find(|n| n.kind() != SyntaxKind::PAREN_SELECT)
        .is_some_and(|n| n.kind() == SyntaxKind::EXISTS_FN);
    let constant = !targets.is_empty()
        && calls.is_empty()
        && targets
            .iter()
            .all(|t| t.star_token().is_none() && t.expr().is_some_and(|e| columns_in(e.syntax()).is_empty()));
    // count(…) > _
    let compares =
        |e: &ast::Expr| matches!(bare(e), ast::Expr::BinExpr(b) if b.op().as_ref().and_then(sql::comparison).is_some());
    let any = calls == ["count"] && targets.iter().all(|t| t.expr().is_some_and(|e| compares(&e)));
    if exists || any || constant && select.from_clause().is_some() {
        Form::Exists
    } else if select.group_by_clause().is_some()
        || select.having_clause().is_some()
        || calls.iter().any(|c| AGGREGATES.contains(&c.as_str()))
    {
        Form::Aggregate
    } else if calls.iter().any(|c| c == "count") {
        Form::Count
    } else if limited {
        Form::Limited
    } else {
        Form::List
    }
}

/// A node and all beneath it, without the queries in it.
fn outer(node: &SyntaxNode) -> Vec<SyntaxNode> {
    let mut out = vec![node.clone()];
    for child in node.children().filter(|c| !is_query(c.kind())) {
        out.extend(outer(&child));
    }
    out
}

/// How a tail clause locks rows of the relation.
fn lock(tail: &ast::SelectTailClause, alias: &str) -> Option<Lock> {
    let ast::SelectTailClause::LockingClause(clause) = tail else { return None };
    if let Some(of) = clause.locking_of()
        && !of.exprs().any(|e| name_of(e.syntax()).is_some_and(|n| n == alias))
    {
        return None;
    }
    Some(match clause.lock_strength()? {
        ast::LockStrength::ForUpdate(_) => Lock::Update,
        ast::LockStrength::ForNoKeyUpdate(_) => Lock::NoKeyUpdate,
        ast::LockStrength::ForShare(_) => Lock::Share,
        ast::LockStrength::ForKeyShare(_) => Lock::KeyShare,
    })
}

fn insert(insert: &ast::Insert, upsert: bool) -> Option<Insert> {
    let columns = insert
        .column_target_list()
        .map(|list| list.column_targets().filter_map(|t| name_of(t.name()?.syntax())).collect::<Vec<_>>());
    // without a source of rows it was not understood
    insert.insert_source()?;
    let conflict = match insert.on_conflict_clause() {
        None if upsert => Conflict::Upsert,
        None => Conflict::Fails,
        Some(clause) => {
            let target = match clause.conflict_target() {
                Some(t) => Some(target(&t)?),
                None => None,
            };
            match clause.conflict_action()? {
                ast::ConflictAction::ConflictDoNothing(_) => Conflict::Nothing(target),
                _ => Conflict::Update(target),
            }
        }
    };
    Some(Insert { columns, conflict })
}

/// What an INSERT does with a row that is there: the UPDATE of the one with its key.
fn replacement(insert: &ast::Insert, action: &ast::ConflictDoUpdateSet, conflict: &Conflict) -> Option<Update> {
    let mut scope = Scope::default();
    let alias = insert.alias().and_then(|a| name_of(a.name()?.syntax()));
    scope.table(insert.relation_name_ref()?.syntax(), alias, &Ctes::default());
    scope.excluded();
    let mut conditions = Conditions::new(&scope);
    if let Some(e) = action.where_clause().and_then(|w| w.expr()) {
        conditions.all(&e);
    }
    let mut filter = conditions.filters.into_iter().next().unwrap_or_default();
    if let Conflict::Update(Some(Target::Key { columns, .. })) = conflict {
        let more: Vec<Lookup> = columns.iter().filter(|l| !filter.has_equal(&l.column)).cloned().collect();
        filter.equal.extend(more);
    }
    // its values may be of many rows, but each finds its row by the key
    let sets = sets(&action.set_clause()?, &scope, &mut false)?;
    Some(Update { filter, sets, bulk: false, upsert: true })
}

fn target(target: &ast::ConflictTarget) -> Option<Target> {
    match target {
        ast::ConflictTarget::ConflictOnConstraint(c) => {
            Some(Target::Constraint(name_of(c.constraint_name_ref()?.syntax())?))
        }
        ast::ConflictTarget::ConflictOnIndex(index) => {
            let items = index.conflict_index_item_list()?.conflict_index_items();
            let lookup = |i: ast::ConflictIndexItem| match operand(&i.expr()?) {
                Operand::Column(c) => Some(Lookup { column: c.name?, folded: false, literal: false }),
                Operand::Folded(c) => Some(Lookup { column: c.name?, folded: true, literal: false }),
                _ => None,
            };
            let columns = items.map(lookup).collect::<Option<Vec<_>>>()?;
            Some(Target::Key { columns, partial: index.where_clause().is_some() })
        }
    }
}

fn update(update: &ast::Update, ctes: &Ctes) -> Option<Access> {
    let path = update.relation_name()?.relation_name_ref()?;
    let alias = update.alias().and_then(|a| name_of(a.name()?.syntax()));
    let mut scope = Scope::default();
    // the target of an UPDATE is a table whatever a WITH calls itself
    scope.table(path.syntax(), alias, &Ctes::default());
    if let Some(from) = update.from_clause() {
        scope.add(from.syntax(), ctes);
    }
    let mut conditions = Conditions::new(&scope);
    conditions.joins(update.from_clause().as_ref().map(AstNode::syntax));
    match update.where_clause_or_current_of() {
        Some(ast::WhereClauseOrCurrentOf::WhereClause(w)) => conditions.all(&w.expr()?),
        Some(ast::WhereClauseOrCurrentOf::WhereCurrentOf(_)) => conditions.unknown(),
        None => {}
    }
    let filter = conditions.filters.into_iter().next().unwrap_or_default();
    let mut bulk = false;
    let sets = sets(&update.set_clause()?, &scope, &mut bulk)?;
    let table = path_of(path.syntax())?;
    Some(Access { table, deed: Deed::Update(Update { filter, sets, bulk, upsert: false }) })
}

/// What a SET clause sets of the first relation.
fn sets(clause: &ast::SetClause, scope: &Scope, bulk: &mut bool) -> Option<Vec<Set>> {
    let mut sets = Vec::new();
    for column in clause.set_column_list()?.set_columns() {
        match column {
            ast::SetColumn::SetSingleColumn(one) => {
                let place = one.column_target()?;
                let column = name_of(place.name()?.syntax())?;
                let part_of_it = place.accessors().next().is_some();
                let how =
                    if part_of_it { How::Relative(Sign::Other) } else { how(&one.set_expr()?, &column, scope, bulk) };
                sets.push(Set { column, how });
            }
            ast::SetColumn::SetMultipleColumns(many) => {
                let places: Vec<ast::ColumnTarget> = many.column_target_list()?.column_targets().collect();
                let values: Vec<ast::SetExpr> =
                    many.set_expr_list().map(|l| l.set_exprs().collect()).unwrap_or_default();
                for (i, place) in places.iter().enumerate() {
                    let column = name_of(place.name()?.syntax())?;
                    let how = values.get(i).map_or(How::Computed, |v| how(v, &column, scope, bulk));
                    sets.push(Set { column, how });
                }
            }
        }
    }
    Some(sets)
}

fn delete(delete: &ast::Delete, ctes: &Ctes) -> Option<Access> {
    let path = delete.relation_name()?.relation_name_ref()?;
    let mut scope = Scope::default();
    let alias = delete.alias().and_then(|a| name_of(a.name()?.syntax()));
    scope.table(path.syntax(), alias, &Ctes::default());
    if let Some(using) = delete.using_clause() {
        scope.add(using.syntax(), ctes);
    }
    let mut conditions = Conditions::new(&scope);
    match delete.where_clause_or_current_of() {
        Some(ast::WhereClauseOrCurrentOf::WhereClause(w)) => conditions.all(&w.expr()?),
        Some(ast::WhereClauseOrCurrentOf::WhereCurrentOf(_)) => conditions.unknown(),
        None => {}
    }
    let filter = conditions.filters.into_iter().next().unwrap_or_default();
    Some(Access { table: path_of(path.syntax())?, deed: Deed::Delete(filter) })
}

/// To what a column of the first relation is set.
fn how(value: &ast::SetExpr, column: &str, scope: &Scope, bulk: &mut bool) -> How {
    match value.expr() {
        Some(e) => how_of(&e, column, scope, bulk),
        None => How::Constant,
    }
}

fn how_of(expr: &ast::Expr, column: &str, scope: &Scope, bulk: &mut bool) -> How {
    let is_own =
        |c: &ColumnRef| c.name.as_deref() == Some(column) && (scope.find(c) == Some(0) || c.qualifier.is_none());
    let from_outside = |c: &ColumnRef| scope.find(c).and_then(|i| scope.relations.get(i)).is_some_and(|r| r.values);
    let bare = bare(expr);
    if let ast::Expr::CaseExpr(case) = &bare {
        return how_of_case(case, column, scope, bulk);
    }
    match operand(&bare) {
        Operand::Value { literal: true } | Operand::Null | Operand::Bool(_) => return How::Constant,
        Operand::Value { literal: false } => return How::Absolute,
        Operand::Shift(c, sign) if is_own(&c) => return How::Relative(sign),
        _ => {}
    }
    match &bare {
        // c = c + excluded.c
        ast::Expr::BinExpr(b) => {
            let own = |e: Option<ast::Expr>| e.and_then(|e| column_of(&self::bare(&e))).is_some_and(|c| is_own(&c));
            match b.op() {
                Some(BinOp::Plus(_)) if own(b.lhs()) != own(b.rhs()) => return How::Relative(Sign::Plus),
                Some(BinOp::Minus(_)) if own(b.lhs()) && !own(b.rhs()) => return How::Relative(Sign::Minus),
                _ => {}
            }
        }
        // GREATEST(_, c - _): changed in place, as far as it goes
        ast::Expr::CallExpr(c) if is_bounding(c) => {
            let args = c.arg_list().into_iter().flat_map(|l| l.args()).filter_map(|a| a.expr());
            let signed = |h: &How| matches!(h, How::Relative(Sign::Plus | Sign::Minus));
            if let Some(how) = args.map(|e| how_of(&e, column, scope, bulk)).find(signed) {
                return how;
            }
        }
        _ => {}
    }
    let queries = bare.syntax().descendants().any(|n| is_query(n.kind()));
    let columns = columns_in(bare.syntax());
    if columns.iter().any(is_own) {
        // SET c = c changes nothing
        return if column_of(&bare).is_some() { How::Computed } else { How::Relative(Sign::Other) };
    }
    if queries {
        return How::Computed;
    }
    if columns.is_empty() {
        let from_outside = bare.syntax().descendants_with_tokens().any(|t| t.kind() == SyntaxKind::POSITIONAL_PARAM);
        return if from_outside { How::Absolute } else { How::Constant };
    }
    if columns.iter().all(from_outside) {
        *bulk = true;
        return How::Absolute;
    }
    How::Computed
}

fn is_bounding(c: &ast::CallExpr) -> bool {
    let name = c.expr().and_then(|e| name_of(e.syntax()));
    name.is_some_and(|n| matches!(n.as_str(), "greatest" | "least"))
}

/// Without brackets and casts around it.
fn bare(expr: &ast::Expr) -> ast::Expr {
    let inner = match expr {
        ast::Expr::ParenExpr(p) => p.expr(),
        ast::Expr::CastExpr(c) => c.expr(),
        _ => None,
    };
    inner.map_or_else(|| expr.clone(), |e| bare(&e))
}

/// `CASE WHEN id = _ THEN _ … END`: many rows in one UPDATE, each with its own value.
fn how_of_case(case: &ast::CaseExpr, column: &str, scope: &Scope, bulk: &mut bool) -> How {
    let whens = case.when_clause_list().into_iter().flat_map(|l| l.when_clauses());
    let mut results: Vec<How> = whens.filter_map(|w| w.then()).map(|e| how_of(&e, column, scope, bulk)).collect();
    // ELSE c leaves the row as it is
    let other = case.else_clause().and_then(|c| c.expr());
    let keeps = |e: &ast::Expr| column_of(&bare(e)).is_some_and(|c| c.name.as_deref() == Some(column));
    results.extend(other.filter(|e| !keeps(e)).map(|e| how_of(&e, column, scope, bulk)));
    let relative = results.iter().copied().find(|h| matches!(h, How::Relative(_)));
    if let Some(how) = relative {
        return how;
    }
    if results.contains(&How::Absolute) {
        *bulk = true;
        return How::Absolute;
    }
    if results.iter().all(|h| *h == How::Constant) { How::Constant } else { How::Computed }
}
