//! From the parser's syntax tree to [`Expr`].

use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::catalog::{Comparison, Expr, TypeFamily, canonical_type, family};

/// Names that are a value without parentheses.
const SPECIAL_VALUES: [&str; 9] = [
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "current_role",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
];

/// Parses one expression. Text that is not understood comes back whole, as [`Expr::Opaque`].
pub fn parse_expression(sql: &str) -> Expr {
    match parse_expressions(sql).as_deref() {
        Some([only]) => only.clone(),
        _ => Expr::Opaque(sql.split_whitespace().collect::<Vec<_>>().join(" "), Vec::new()),
    }
}

/// Parses a list of expressions separated by commas; `None` if it is not one.
pub fn parse_expressions(sql: &str) -> Option<Vec<Expr>> {
    if super::nests_too_deep(sql) {
        return None;
    }
    let text = format!("SELECT {}", super::rewrite(sql));
    let parse = super::parse(&text)?;
    if !parse.errors().is_empty() {
        return None;
    }
    let mut statements = parse.tree().stmts();
    let Some(ast::Stmt::Select(select)) = statements.next() else {
        return None;
    };
    // one statement, and nothing but the list of expressions in it
    if statements.next().is_some() || select.syntax().children().count() != 1 {
        return None;
    }
    select
        .select_clause()?
        .target_list()?
        .targets()
        .map(|t| Some(convert(&t.expr()?)).filter(|_| t.as_name().is_none()))
        .collect()
}

/// Converts a parsed expression.
pub fn convert(expr: &ast::Expr) -> Expr {
    known(expr).unwrap_or_else(|| opaque(expr.syntax()))
}

fn boxed(expr: Option<ast::Expr>) -> Option<Box<Expr>> {
    Some(Box::new(convert(&expr?)))
}

fn known(expr: &ast::Expr) -> Option<Expr> {
    Some(match expr {
        ast::Expr::Literal(l) => literal(l)?,
        ast::Expr::NameRef(n) => {
            let name = n.text();
            if !n.is_quoted() && SPECIAL_VALUES.contains(&name.as_str()) {
                return Some(Expr::Opaque(name.to_ascii_uppercase(), Vec::new()));
            }
            Expr::Column(name)
        }
        // table.column
        ast::Expr::FieldExpr(f) => Expr::Column(f.field()?.text()),
        ast::Expr::ParenExpr(p) => convert(&p.expr()?),
        ast::Expr::CastExpr(c) => {
            let to = c.ty()?.syntax().text().to_string();
            let inner = match (c.expr(), c.literal()) {
                (Some(e), _) => convert(&e),
                (None, Some(l)) => literal(&l)?,
                (None, None) => return None,
            };
            cast(inner, &to)
        }
        ast::Expr::Collate(c) => match c.expr() {
            Some(e) => Expr::Binary(
                "COLLATE".into(),
                Box::new(convert(&e)),
                Box::new(Expr::column(&c.collation_ref()?.syntax().text().to_string())),
            ),
            None => return None,
        },
        ast::Expr::BinExpr(b) => binary(b)?,
        ast::Expr::PrefixExpr(p) => match p.op()? {
            PrefixOp::Not(_) => Expr::Not(boxed(p.expr())?),
            PrefixOp::Minus(_) => Expr::Prefix("-".into(), boxed(p.expr())?),
            PrefixOp::Plus(_) => Expr::Prefix("+".into(), boxed(p.expr())?),
            PrefixOp::CustomOp(op) => Expr::Prefix(op.syntax().text().to_string(), boxed(p.expr())?),
            PrefixOp::OperatorCall(_) => return None,
        },
        ast::Expr::PostfixExpr(p) => match p.op()? {
            PostfixOp::IsNull(_) => Expr::IsNull(boxed(p.expr())?, false),
            PostfixOp::NotNull(_) => Expr::IsNull(boxed(p.expr())?, true),
            _ => return None,
        },
        ast::Expr::BetweenExpr(b) => {
            let target = convert(&b.target()?);
            if b.between_symmetry().is_some_and(|s| matches!(s, ast::BetweenSymmetry::Symmetric(_))) {
                return None;
            }
            let low = Expr::compare(Comparison::Ge, target.clone(), convert(&b.start()?));
            let high = Expr::compare(Comparison::Le, target, convert(&b.end()?));
            let both = Expr::And(vec![low, high]);
            if b.not_token().is_some() { Expr::Not(Box::new(both)) } else { both }
        }
        ast::Expr::CallExpr(c) => call(c)?,
        ast::Expr::TupleExpr(_)
        | ast::Expr::ArrayExpr(_)
        | ast::Expr::CaseExpr(_)
        | ast::Expr::IndexExpr(_)
        | ast::Expr::SliceExpr(_) => return None,
    })
}

fn literal(l: &ast::Literal) -> Option<Expr> {
    Some(match l.kind()? {
        LitKind::IntNumber(_) => Expr::Number(l.integer_value()?.to_string()),
        LitKind::NumericNumber(t) => Expr::Number(t.text().replace('_', "")),
        LitKind::True(_) => Expr::Bool(true),
        LitKind::False(_) => Expr::Bool(false),
        LitKind::Null(_) => Expr::Null,
        LitKind::String(_)
        | LitKind::EscString(_)
        | LitKind::DollarQuotedString(_)
        | LitKind::UnicodeEscString(_)
        | LitKind::NationalString(_) => Expr::Text(l.string_value()?),
        _ => return None,
    })
}

/// A cast that states what the value already is, is dropped: those of constants, to text, to a wider number.
fn cast(inner: Expr, to: &str) -> Expr {
    let to = canonical_type(to, false);
    let kind = family(&to);
    match inner {
        Expr::Text(t) if kind.is_number() && t.trim().parse::<f64>().is_ok() => Expr::Number(t.trim().to_owned()),
        Expr::Text(t) if kind == TypeFamily::Boolean => match t.as_str() {
            "t" | "true" => Expr::Bool(true),
            "f" | "false" => Expr::Bool(false),
            _ => Expr::Text(t),
        },
        e @ (Expr::Text(_) | Expr::Number(_) | Expr::Bool(_) | Expr::Null) => e,
        e if to == "regclass" => e,
        e if matches!(kind, TypeFamily::Text | TypeFamily::Decimal | TypeFamily::Float) && !to.contains('(') => e,
        // a type annotation of CockroachDB on a function that has that type anyway
        e @ Expr::Opaque(..) if kind == TypeFamily::Timestamp => e,
        e @ Expr::Call(..) if kind == TypeFamily::Timestamp => e,
        e @ Expr::Prefix(..) if kind.is_number() => e,
        e => Expr::Cast(Box::new(e), to),
    }
}

fn binary(b: &ast::BinExpr) -> Option<Expr> {
    let op = b.op()?;
    let (left, right) = (b.lhs()?, b.rhs()?);
    let comparison = match &op {
        BinOp::Eq(_) => Some(Comparison::Eq),
        BinOp::Neq(_) | BinOp::Neqb(_) => Some(Comparison::Ne),
        BinOp::LAngle(_) => Some(Comparison::Lt),
        BinOp::Lteq(_) => Some(Comparison::Le),
        BinOp::RAngle(_) => Some(Comparison::Gt),
        BinOp::Gteq(_) => Some(Comparison::Ge),
        _ => None,
    };
    if let Some(op) = comparison {
        if let ast::Expr::CallExpr(c) = &right {
            // x = ANY (ARRAY[…]), x <> ALL (ARRAY[…])
            let (array, negated) = match (op, c.any_fn(), c.all_fn()) {
                (Comparison::Eq, Some(f), _) => (f.expr(), false),
                (Comparison::Ne, _, Some(f)) => (f.expr(), true),
                (_, Some(_), _) | (_, _, Some(_)) => return None,
                _ => return Some(Expr::compare(op, convert(&left), convert(&right))),
            };
            return Some(Expr::In(Box::new(convert(&left)), elements(&array?)?, negated));
        }
        return Some(Expr::compare(op, convert(&left), convert(&right)));
    }
    let and_or = |e: Expr, f: Expr| vec![e, f];
    Some(match &op {
        BinOp::And(_) => Expr::And(and_or(convert(&left), convert(&right))),
        BinOp::Or(_) => Expr::Or(and_or(convert(&left), convert(&right))),
        BinOp::In(_) | BinOp::NotIn(_) => {
            let list = match &right {
                ast::Expr::TupleExpr(t) => t.exprs().map(|e| convert(&e)).collect(),
                ast::Expr::ParenExpr(p) => vec![convert(&p.expr()?)],
                _ => return None,
            };
            Expr::In(Box::new(convert(&left)), list, matches!(op, BinOp::NotIn(_)))
        }
        BinOp::Is(_) | BinOp::IsNot(_) => {
            let not = matches!(op, BinOp::IsNot(_));
            match convert(&right) {
                Expr::Null => Expr::IsNull(Box::new(convert(&left)), not),
                value => {
                    Expr::Binary(if not { "IS NOT" } else { "IS" }.into(), Box::new(convert(&left)), Box::new(value))
                }
            }
        }
        BinOp::Escape(_)
        | BinOp::Overlaps(_)
        | BinOp::OperatorCall(_)
        | BinOp::FatArrow(_)
        | BinOp::ColonEq(_)
        | BinOp::ColonColon(_) => return None,
        other => {
            let between = b.syntax().text_range();
            let start = left.syntax().text_range().end() - between.start();
            let end = right.syntax().text_range().start() - between.start();
            let text = b.syntax().text().slice(start..end).to_string();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
            let _ = other;
            Expr::Binary(text, Box::new(convert(&left)), Box::new(convert(&right)))
        }
    })
}

/// The elements of `ARRAY[…]` or of a constant such as `'{a,b}'`, behind any casts.
fn elements(array: &ast::Expr) -> Option<Vec<Expr>> {
    match array {
        ast::Expr::ParenExpr(p) => elements(&p.expr()?),
        ast::Expr::CastExpr(c) => elements(&c.expr()?),
        ast::Expr::ArrayExpr(a) => Some(a.exprs().map(|e| convert(&e)).collect()),
        ast::Expr::Literal(l) => {
            let text = l.string_value()?;
            let inner = text.strip_prefix('{')?.strip_suffix('}')?;
            // quoted elements would need PostgreSQL's array grammar
            if inner.contains(['"', '\\', '{']) {
                return None;
            }
            let element =
                |t: &str| if t.parse::<f64>().is_ok() { Expr::Number(t.into()) } else { Expr::Text(t.into()) };
            Some(inner.split(',').map(element).collect())
        }
        _ => None,
    }
}

fn call(c: &ast::CallExpr) -> Option<Expr> {
    if c.over_clause().is_some() || c.filter_clause().is_some() || c.within_clause().is_some() {
        return None;
    }
    let Some(function) = c.expr() else {
        return keyword_call(c);
    };
    let name = match function {
        ast::Expr::NameRef(n) => n.text(),
        ast::Expr::FieldExpr(f) => {
            let schema = f.base()?.syntax().text().to_string();
            let name = f.field()?.text();
            if schema == "pg_catalog" { name } else { format!("{schema}.{name}") }
        }
        _ => return None,
    };
    let list = c.arg_list()?;
    if list.all_or_distinct().is_some() || list.star_token().is_some() {
        return None;
    }
    let args = list.args().map(|a| Some(convert(&a.expr()?))).collect::<Option<Vec<_>>>()?;
    if args.is_empty() && SPECIAL_VALUES.contains(&name.as_str()) {
        return Some(Expr::Opaque(name.to_ascii_uppercase(), args));
    }
    Some(Expr::Call(name, args))
}

/// `substring(a, 0, 3)`: a function with a grammar of its own, called like any other.
fn keyword_call(c: &ast::CallExpr) -> Option<Expr> {
    let node = c.syntax().first_child()?;
    let name = node.first_token()?.text().to_ascii_lowercase();
    // the arguments stand in the function's node or in one beneath it, with nothing but commas between them
    let list = node.children().find(|n| !ast::Expr::can_cast(n.kind())).unwrap_or(node.clone());
    let own = [&node, &list].into_iter().flat_map(|n| n.children_with_tokens().filter_map(|e| e.into_token()));
    let plain = |kind| matches!(kind, SyntaxKind::L_PAREN | SyntaxKind::R_PAREN | SyntaxKind::COMMA);
    if !own.filter(|t| !t.kind().is_trivia() && Some(t) != node.first_token().as_ref()).all(|t| plain(t.kind())) {
        return None;
    }
    list.children()
        .map(|n| Some(convert(&ast::Expr::cast(n)?)))
        .collect::<Option<Vec<_>>>()
        .map(|a| Expr::Call(name, a))
}

/// The text of what is not modelled, its white space folded, with the columns that stand in it.
fn opaque(node: &SyntaxNode) -> Expr {
    let mut text = String::new();
    for token in node.descendants_with_tokens().filter_map(|e| e.into_token()) {
        if !token.kind().is_trivia() {
            text.push_str(token.text());
        } else if !text.ends_with(' ') {
            text.push(' ');
        }
    }
    let mut columns: Vec<Expr> = Vec::new();
    for name in node.descendants().filter_map(ast::NameRef::cast) {
        let is_function = name.syntax().parent().is_some_and(|p| p.kind() == SyntaxKind::CALL_EXPR);
        let column = Expr::Column(name.text());
        if !is_function && !columns.contains(&column) {
            columns.push(column);
        }
    }
    Expr::Opaque(text.trim_end().to_owned(), columns)
}
