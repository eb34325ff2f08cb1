//! From the parser's syntax tree to [`Expr`].

use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::catalog::{Comparison, Expr, Expression, TypeFamily, canonical_type, family};

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

/// Whether what looks like a column is a value of the session, such as `current_date`.
pub fn is_special_value(name: &ast::NameRef) -> bool {
    !name.is_quoted() && SPECIAL_VALUES.contains(&name.text().as_str())
}

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
            if is_special_value(n) {
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
                Box::new(Expr::Column(collation(&c.collation_ref()?.syntax().text().to_string()))),
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
        // each is rewritten before parsing, except the frames of windows
        ast::Expr::BetweenExpr(_) => return None,
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
        // the elements tell the type
        e @ Expr::Opaque(..) if kind == TypeFamily::Array && is_array_with_elements(&e) => e,
        e if to == "regclass" => e,
        e if matches!(kind, TypeFamily::Text | TypeFamily::Decimal | TypeFamily::Float) && !to.contains('(') => e,
        // a type annotation of CockroachDB on a function that has that type anyway
        e @ Expr::Opaque(..) if kind == TypeFamily::Timestamp => e,
        e @ Expr::Call(..) if kind == TypeFamily::Timestamp => e,
        e @ Expr::Prefix(..) if kind.is_number() => e,
        e => Expr::Cast(Box::new(e), to),
    }
}

fn is_array_with_elements(e: &Expr) -> bool {
    matches!(e, Expr::Opaque(text, _) if text.starts_with("ARRAY[") && text.ends_with(']') && text != "ARRAY[]")
}

/// The comparison that an operator is.
pub fn comparison(op: &BinOp) -> Option<Comparison> {
    Some(match op {
        BinOp::Eq(_) => Comparison::Eq,
        BinOp::Neq(_) | BinOp::Neqb(_) => Comparison::Ne,
        BinOp::LAngle(_) => Comparison::Lt,
        BinOp::Lteq(_) => Comparison::Le,
        BinOp::RAngle(_) => Comparison::Gt,
        BinOp::Gteq(_) => Comparison::Ge,
        _ => return None,
    })
}

fn binary(b: &ast::BinExpr) -> Option<Expr> {
    let op = b.op()?;
    let (left, right) = (b.lhs()?, b.rhs()?);
    if let Some(op) = comparison(&op) {
        if let ast::Expr::CallExpr(c) = &right {
            // x = ANY (ARRAY[…]), x <> ALL (ARRAY[…])
            let (array, negated) = match (op, c.any_fn(), c.all_fn()) {
                (Comparison::Eq, Some(f), _) => (f.expr(), false),
                (Comparison::Ne, _, Some(f)) => (f.expr(), true),
                (_, Some(_), _) | (_, _, Some(_)) => return None,
                _ => return Some(Expr::compare(op, convert(&left), convert(&right))),
            };
            let elements = elements(&array?)?;
            return Some(Expr::In(Box::new(convert(&left)), elements, negated));
        }
        return Some(Expr::compare(op, convert(&left), convert(&right)));
    }
    if let Some(between) = between(&op, &left, &right) {
        return Some(between);
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
            if let Some(compared) = is_then_comparison(&left, not, &right) {
                return Some(compared);
            }
            match convert(&right) {
                Expr::Null => Expr::IsNull(Box::new(convert(&left)), not),
                value => is_value(convert(&left), not, value),
            }
        }
        // what the server makes of LIKE … ESCAPE …
        BinOp::Escape(_) => Expr::Call("like_escape".into(), vec![convert(&left), convert(&right)]),
        BinOp::Overlaps(_) | BinOp::OperatorCall(_) | BinOp::FatArrow(_) | BinOp::ColonEq(_) | BinOp::ColonColon(_) => {
            return None;
        }
        _ => {
            let right = if is_custom(b) { chain(&right) } else { (Some(right), Vec::new()) };
            let first = (operator_text(b)?, right.0?);
            let rest = std::iter::once(first).chain(right.1);
            rest.fold(convert(&left), |done, (symbol, next)| operator(&symbol, done, convert(&next)))
        }
    })
}

/// `a -> b -> c` is `(a -> b) -> c`, and the parser reads it from the right: the first operand, and what follows it.
fn chain(expr: &ast::Expr) -> (Option<ast::Expr>, Vec<(String, ast::Expr)>) {
    let (mut first, mut rest) = (None, Vec::new());
    let (mut at, mut symbol) = (expr.clone(), None);
    loop {
        let (operand, next) = match &at {
            ast::Expr::BinExpr(b) if is_custom(b) => (b.lhs(), b.rhs().zip(operator_text(b))),
            _ => (Some(at.clone()), None),
        };
        match (symbol.take(), operand) {
            (None, operand) => first = operand,
            (Some(symbol), Some(operand)) => rest.push((symbol, operand)),
            (Some(_), None) => {}
        }
        let Some((next, of)) = next else { return (first, rest) };
        (at, symbol) = (next, Some(of));
    }
}

/// `a IS NULL = b`, which is `(a IS NULL) = b`, and which the parser takes for `a IS (NULL = b)`.
fn is_then_comparison(left: &ast::Expr, not: bool, right: &ast::Expr) -> Option<Expr> {
    let ast::Expr::BinExpr(b) = right else { return None };
    let (Some(op), ast::Expr::Literal(value)) = (comparison(&b.op()?), b.lhs()?) else { return None };
    let (value, rest) = (literal(&value)?, b.rhs()?);
    let is = match value {
        Expr::Null => Expr::IsNull(Box::new(convert(left)), not),
        value => is_value(convert(left), not, value),
    };
    Some(Expr::compare(op, is, convert(&rest)))
}

fn is_value(left: Expr, not: bool, value: Expr) -> Expr {
    Expr::Binary(if not { "IS NOT" } else { "IS" }.into(), Box::new(left), Box::new(value))
}

/// The name of a collation, without the schema of those of the server.
fn collation(written: &str) -> String {
    let tokens = super::Tokens::of(written);
    let mut path = tokens.path(0).0;
    if path.len() > 1 && path.first().is_some_and(|s| s == "pg_catalog") {
        path.remove(0);
    }
    path.join(".")
}

fn is_custom(b: &ast::BinExpr) -> bool {
    matches!(b.op(), Some(BinOp::CustomOp(_)))
}

/// What stands between the operands, its spaces folded.
fn operator_text(b: &ast::BinExpr) -> Option<String> {
    let all = b.syntax().text_range();
    let start = b.lhs()?.syntax().text_range().end() - all.start();
    let end = b.rhs()?.syntax().text_range().start() - all.start();
    let text = b.syntax().text().slice(start..end).to_string();
    Some(text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase())
}

/// An operator, in words where the server has a symbol for the words.
fn operator(symbol: &str, left: Expr, right: Expr) -> Expr {
    let pattern = |right| Expr::Call("similar_to_escape".into(), vec![right]);
    let (symbol, right) = match symbol {
        "~~" => ("LIKE", right),
        "!~~" => ("NOT LIKE", right),
        "~~*" => ("ILIKE", right),
        "!~~*" => ("NOT ILIKE", right),
        "SIMILAR TO" => ("~", pattern(right)),
        "NOT SIMILAR TO" => ("!~", pattern(right)),
        other => (other, right),
    };
    Expr::Binary(symbol.to_owned(), Box::new(left), Box::new(right))
}

/// BETWEEN, rewritten as `target LIKE low |&| high`.
fn between(op: &BinOp, target: &ast::Expr, ends: &ast::Expr) -> Option<Expr> {
    let (symmetric, negated) = match op {
        BinOp::Like(_) => (false, false),
        BinOp::NotLike(_) => (false, true),
        BinOp::Ilike(_) => (true, false),
        BinOp::NotIlike(_) => (true, true),
        _ => return None,
    };
    let (first, mut before) = chain(ends);
    let at = before.iter().position(|(symbol, _)| symbol == super::BETWEEN_AND)?;
    let mut after = before.split_off(at).into_iter();
    let fold = |done, (symbol, next): (String, ast::Expr)| operator(&symbol, done, convert(&next));
    let low = before.into_iter().fold(convert(&first?), fold);
    let high = convert(&after.next()?.1);
    let high = after.fold(high, fold);
    let target = convert(target);
    let within = |low: &Expr, high: &Expr| {
        let low = Expr::compare(Comparison::Ge, target.clone(), low.clone());
        Expr::And(vec![low, Expr::compare(Comparison::Le, target.clone(), high.clone())])
    };
    let both = if symmetric { Expr::Or(vec![within(&low, &high), within(&high, &low)]) } else { within(&low, &high) };
    Some(if negated { Expr::Not(Box::new(both)) } else { both })
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
    let args = list.args().map(|a| a.expr()).collect::<Option<Vec<_>>>()?;
    let args: Vec<Expr> = args.iter().map(convert).collect();
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

/// The text of what is not modelled, with the columns that stand in it. What is modelled in it is canonical there, too.
fn opaque(node: &SyntaxNode) -> Expr {
    let mut out = Opaque::default();
    out.children(node);
    Expr::Opaque(out.text.trim_end().to_owned(), out.columns)
}

#[derive(Default)]
struct Opaque {
    text: String,
    columns: Vec<Expr>,
}

impl Opaque {
    fn children(&mut self, node: &SyntaxNode) {
        if let Some(array) = ast::ArrayExpr::cast(node.clone())
            && node.first_token().is_some_and(|t| t.kind() == SyntaxKind::ARRAY_KW)
        {
            self.text += "ARRAY[";
            for (i, element) in array.exprs().enumerate() {
                self.text += if i > 0 { ", " } else { "" };
                self.expression(&element, false);
            }
            self.text += "]";
            return;
        }
        let keyword = matches!(
            node.kind(),
            SyntaxKind::CASE_EXPR | SyntaxKind::WHEN_CLAUSE | SyntaxKind::WHEN_CLAUSE_LIST | SyntaxKind::ELSE_CLAUSE
        );
        for child in node.children_with_tokens() {
            if let Some(token) = child.as_token() {
                if token.kind().is_trivia() {
                    self.space();
                } else if keyword {
                    self.text += &token.text().to_ascii_uppercase();
                } else {
                    self.text += token.text();
                }
                continue;
            }
            let Some(child) = child.into_node() else { continue };
            // ELSE NULL is what a CASE does anyway
            if child.kind() == SyntaxKind::ELSE_CLAUSE
                && child.children().find_map(ast::Expr::cast).is_some_and(|e| convert(&e) == Expr::Null)
            {
                self.space();
            } else if let Some(expr) = ast::Expr::cast(child.clone()) {
                self.expression(&expr, !keyword);
            } else {
                self.children(&child);
            }
        }
    }

    fn expression(&mut self, expr: &ast::Expr, bracket: bool) {
        let expr = Expression::new(convert(expr));
        let delimited = match expr.tree() {
            Expr::Column(_) | Expr::Number(_) | Expr::Text(_) | Expr::Bool(_) | Expr::Null | Expr::Call(..) => true,
            Expr::Opaque(text, _) => text.starts_with("ARRAY[") || text.ends_with(')') || text.ends_with(']'),
            _ => false,
        };
        let text = expr.to_string();
        self.text += &if bracket && !delimited { format!("({text})") } else { text };
        for name in expr.columns() {
            let column = Expr::column(name);
            if !self.columns.contains(&column) {
                self.columns.push(column);
            }
        }
    }

    fn space(&mut self) {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }
}
