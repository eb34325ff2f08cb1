//! Expressions: CHECK conditions, index predicates, defaults, generated columns.
//!
//! They are compared by meaning and not by text, so `(a >= 0:::INT8)`, `((a)::numeric >= (0)::numeric)` and `a >= 0` are
//! one expression, and it can be asked whether one condition makes another unnecessary.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::engine::quote_ident;

/// An expression with one canonical text. Serialises as that text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expression {
    tree: Expr,
}

impl Expression {
    /// Wraps a tree, brought into canonical form.
    pub fn new(tree: Expr) -> Expression {
        Expression { tree: tree.normalise() }
    }

    /// Reads SQL text of any of the engines. Text that the parser does not understand is kept, opaque.
    pub fn parse(sql: &str) -> Expression {
        Expression::new(crate::sql::parse_expression(sql))
    }

    /// The tree.
    pub fn tree(&self) -> &Expr {
        &self.tree
    }

    /// The columns named, each once, in order of appearance.
    pub fn columns(&self) -> Vec<&str> {
        let mut out = Vec::new();
        self.tree.walk(&mut |e| {
            if let Expr::Column(c) = e
                && !out.contains(&c.as_str())
            {
                out.push(c.as_str());
            }
        });
        out
    }

    /// The same expression with a column renamed.
    pub fn rename(&self, from: &str, to: &str) -> Expression {
        Expression::new(self.tree.clone().map(&|e| match e {
            Expr::Column(c) if c == from => Expr::Column(to.to_owned()),
            other => other,
        }))
    }

    /// Without the casts of a column that `needless` (by column and type) says so of.
    pub(super) fn without_casts(&self, needless: &impl Fn(&str, &str) -> bool) -> Expression {
        let is_needless =
            |e: &Expr| matches!(e, Expr::Cast(c, to) if matches!(&**c, Expr::Column(c) if needless(c, to)));
        let mut any = false;
        self.tree.walk(&mut |e| any |= is_needless(e));
        if !any {
            return self.clone();
        }
        Expression::new(self.tree.clone().map(&|e| match e {
            Expr::Cast(inner, to) if matches!(&*inner, Expr::Column(c) if needless(c, &to)) => *inner,
            other => other,
        }))
    }

    /// As a CHECK: whatever `self` lets through, `other` lets through as well.
    pub fn implies(&self, other: &Expression) -> bool {
        self.tree.implies(&other.tree)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(f)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Expression, D::Error> {
        Ok(Expression::parse(&String::deserialize(d)?))
    }
}

/// Operators in words with those that are true where they are false.
const NEGATED: [(&str, &str); 5] = [
    ("LIKE", "NOT LIKE"),
    ("ILIKE", "NOT ILIKE"),
    ("~", "!~"),
    ("~*", "!~*"),
    ("IS DISTINCT FROM", "IS NOT DISTINCT FROM"),
];

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparison {
    fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// With the sides exchanged.
    pub fn flip(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            same => same,
        }
    }

    /// True exactly when `self` is false (for values that are not NULL).
    pub fn negate(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Ge => Self::Lt,
            Self::Gt => Self::Le,
            Self::Le => Self::Gt,
        }
    }
}

/// A scalar expression, as far as guards need it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expr {
    /// A column.
    Column(String),
    /// A number as written, signed.
    Number(String),
    /// A string constant.
    Text(String),
    /// TRUE or FALSE.
    Bool(bool),
    /// NULL.
    Null,
    /// A function call; the name is lower case, without `pg_catalog`.
    Call(String, Vec<Expr>),
    /// A cast that changes the value. Casts that only state a type are dropped on reading.
    Cast(Box<Expr>, String),
    /// A comparison.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// All of them.
    And(Vec<Expr>),
    /// Any of them.
    Or(Vec<Expr>),
    /// NOT.
    Not(Box<Expr>),
    /// `IS NULL`; `IS NOT NULL` if the flag is set.
    IsNull(Box<Expr>, bool),
    /// `IN (…)`; `NOT IN (…)` if the flag is set. Also `= ANY (ARRAY[…])` and `<> ALL (ARRAY[…])`.
    In(Box<Expr>, Vec<Expr>, bool),
    /// Any other operator between two operands.
    Binary(String, Box<Expr>, Box<Expr>),
    /// Any other prefix operator.
    Prefix(String, Box<Expr>),
    /// What is not modelled: its text with single spaces, and the columns that may be named in it.
    Opaque(String, Vec<Expr>),
}

impl Expr {
    /// A column.
    pub fn column(name: &str) -> Expr {
        Expr::Column(name.to_owned())
    }

    /// `left op right`.
    pub fn compare(op: Comparison, left: Expr, right: Expr) -> Expr {
        Expr::Compare(op, Box::new(left), Box::new(right))
    }

    /// `column >= 0`.
    pub fn non_negative(column: &str) -> Expr {
        Expr::compare(Comparison::Ge, Expr::column(column), Expr::Number("0".into()))
    }

    fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Call(_, list) | Expr::And(list) | Expr::Or(list) | Expr::Opaque(_, list) => list.iter().collect(),
            Expr::Cast(e, _) | Expr::Not(e) | Expr::IsNull(e, _) | Expr::Prefix(_, e) => vec![e],
            // a collation is no column
            Expr::Binary(op, a, _) if op == "COLLATE" => vec![a],
            Expr::Compare(_, a, b) | Expr::Binary(_, a, b) => vec![a, b],
            Expr::In(e, list, _) => std::iter::once(&**e).chain(list).collect(),
            Expr::Column(_) | Expr::Number(_) | Expr::Text(_) | Expr::Bool(_) | Expr::Null => Vec::new(),
        }
    }

    /// Visits the expression and all beneath it, in order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Rebuilds the tree from its leaves up.
    pub fn map(self, f: &impl Fn(Expr) -> Expr) -> Expr {
        let all = |list: Vec<Expr>| list.into_iter().map(|e| e.map(f)).collect::<Vec<_>>();
        let one = |e: Box<Expr>| Box::new(e.map(f));
        f(match self {
            Expr::Call(name, list) => Expr::Call(name, all(list)),
            Expr::And(list) => Expr::And(all(list)),
            Expr::Or(list) => Expr::Or(all(list)),
            // the text names columns as well: a renamed one has to be renamed there, too
            Expr::Opaque(text, list) => {
                let mapped = all(list.clone());
                let text = list.iter().zip(&mapped).fold(text, |t, (old, new)| match (old, new) {
                    (Expr::Column(a), Expr::Column(b)) if a != b => replace_word(&t, &quote_ident(a), &quote_ident(b)),
                    _ => t,
                });
                Expr::Opaque(text, mapped)
            }
            Expr::Cast(e, to) => Expr::Cast(one(e), to),
            Expr::Not(e) => Expr::Not(one(e)),
            Expr::IsNull(e, not) => Expr::IsNull(one(e), not),
            Expr::Prefix(op, e) => Expr::Prefix(op, one(e)),
            Expr::Compare(op, a, b) => Expr::Compare(op, one(a), one(b)),
            Expr::Binary(op, a, b) => Expr::Binary(op, one(a), one(b)),
            Expr::In(e, list, not) => Expr::In(one(e), all(list), not),
            leaf => leaf,
        })
    }

    fn is_constant(&self) -> bool {
        matches!(self, Expr::Number(_) | Expr::Text(_) | Expr::Bool(_) | Expr::Null)
    }

    fn number(&self) -> Option<f64> {
        match self {
            Expr::Number(n) => n.parse().ok(),
            _ => None,
        }
    }

    fn normalise(self) -> Expr {
        self.map(&Expr::normalise_node)
    }

    /// One step of normalisation, its children already done.
    fn normalise_node(self) -> Expr {
        match self {
            Expr::Prefix(op, e) if op == "-" && matches!(&*e, Expr::Number(n) if !n.starts_with('-')) => {
                Expr::Number(format!("-{e}"))
            }
            Expr::Prefix(op, e) if op == "+" => *e,
            Expr::Compare(op, a, b) => {
                // the column stands left of a constant; of two others, the operator points left to right
                let swap = (a.is_constant() && !b.is_constant())
                    || (a.is_constant() == b.is_constant()
                        && (matches!(op, Comparison::Gt | Comparison::Ge) && !b.is_constant()
                            || matches!(op, Comparison::Eq | Comparison::Ne) && a > b));
                if swap { Expr::Compare(op.flip(), b, a) } else { Expr::Compare(op, a, b) }
            }
            Expr::And(list) => Expr::flat(list, true),
            Expr::Or(list) => Expr::flat(list, false),
            // a || (b || c) and (a || b) || c are one text
            Expr::Binary(op, a, b) if op == "||" => match *b {
                Expr::Binary(inner, b, c) if inner == "||" => {
                    let left = Expr::Binary(op, a, b).normalise_node();
                    Expr::Binary(inner, Box::new(left), c)
                }
                other => Expr::Binary(op, a, Box::new(other)),
            },
            Expr::Not(e) => match *e {
                Expr::Not(inner) => *inner,
                Expr::IsNull(e, not) => Expr::IsNull(e, !not),
                Expr::Binary(op, a, b) => match NEGATED.iter().find(|(yes, no)| op == *yes || op == *no) {
                    Some((yes, no)) => Expr::Binary((if op == *yes { no } else { yes }).to_string(), a, b),
                    None => Expr::Not(Box::new(Expr::Binary(op, a, b))),
                },
                Expr::In(e, list, not) => Expr::In(e, list, !not),
                Expr::Compare(op, a, b) => Expr::Compare(op.negate(), a, b),
                Expr::And(list) => {
                    Expr::flat(list.into_iter().map(|e| Expr::Not(Box::new(e)).normalise_node()).collect(), false)
                }
                Expr::Or(list) => {
                    Expr::flat(list.into_iter().map(|e| Expr::Not(Box::new(e)).normalise_node()).collect(), true)
                }
                other => Expr::Not(Box::new(other)),
            },
            Expr::In(e, mut list, not) => {
                if list.iter().all(Expr::is_constant) {
                    list.sort();
                    list.dedup();
                }
                match (list.len(), list.first()) {
                    (1, Some(only)) => {
                        let op = if not { Comparison::Ne } else { Comparison::Eq };
                        Expr::Compare(op, e, Box::new(only.clone()))
                    }
                    _ => Expr::In(e, list, not),
                }
            }
            other => other,
        }
    }

    /// AND or OR of a list: flattened, repeated members dropped; `a = 1 OR a = 2` becomes `a IN (1, 2)`.
    fn flat(list: Vec<Expr>, and: bool) -> Expr {
        let mut out: Vec<Expr> = Vec::new();
        for e in list {
            let parts = match e {
                Expr::And(inner) if and => inner,
                Expr::Or(inner) if !and => inner,
                other => vec![other],
            };
            for e in parts {
                if !out.contains(&e) {
                    out.push(e);
                }
            }
        }
        if !and {
            let mut merged: Vec<Expr> = Vec::new();
            for e in out {
                let (subject, values) = match &e {
                    Expr::Compare(Comparison::Eq, a, b) if b.is_constant() => ((**a).clone(), vec![(**b).clone()]),
                    Expr::In(a, list, false) => ((**a).clone(), list.clone()),
                    _ => {
                        merged.push(e);
                        continue;
                    }
                };
                let place = merged.iter_mut().find_map(|m| match m {
                    Expr::In(s, list, false) if **s == subject => Some(list),
                    _ => None,
                });
                match place {
                    Some(list) => list.extend(values),
                    None => merged.push(Expr::In(Box::new(subject), values, false)),
                }
            }
            out = merged.into_iter().map(|e| if matches!(e, Expr::In(..)) { e.normalise_node() } else { e }).collect();
        }
        match out.len() {
            1 => out.remove(0),
            _ if and => Expr::And(out),
            _ => Expr::Or(out),
        }
    }

    /// As a CHECK (which NULL passes): every row that `self` accepts is accepted by `guard`.
    ///
    /// Sound and not complete: `false` means "not seen to".
    pub fn implies(&self, guard: &Expr) -> bool {
        if self == guard {
            return true;
        }
        match (self, guard) {
            (_, Expr::And(all)) => all.iter().all(|g| self.implies(g)),
            (Expr::Or(any), _) => any.iter().all(|p| p.implies(guard)),
            (Expr::And(all), _) => all.iter().any(|p| p.implies(guard)),
            (_, Expr::Or(any)) if any.iter().any(|g| self.implies(g)) => true,
            // a NULL operand makes a comparison NULL, and a CHECK lets NULL pass
            (Expr::IsNull(e, false), Expr::Compare(_, a, b)) => e == a || e == b,
            (Expr::IsNull(e, false), Expr::In(a, ..)) => e == a,
            (Expr::Compare(..), Expr::Compare(..)) => compare_implies(self, guard),
            (Expr::In(e, list, false), Expr::In(g, allowed, false)) => {
                e == g && list.iter().all(|v| allowed.contains(v))
            }
            (Expr::Compare(Comparison::Eq, e, v), Expr::In(g, allowed, false)) => e == g && allowed.contains(v),
            (Expr::In(e, list, false), Expr::Compare(_, a, _)) if e == a => {
                list.iter().all(|v| Expr::Compare(Comparison::Eq, e.clone(), Box::new(v.clone())).implies(guard))
            }
            _ => false,
        }
    }
}

/// `a op1 x` implies `a op2 y`, for constants x and y, or for the same right side.
fn compare_implies(premise: &Expr, guard: &Expr) -> bool {
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    let (Expr::Compare(p, a, x), Expr::Compare(g, b, y)) = (premise, guard) else {
        return false;
    };
    if a != b {
        return false;
    }
    if x == y {
        return matches!((p, g), (Eq, Le | Ge) | (Lt, Le | Ne) | (Gt, Ge | Ne));
    }
    let (Some(x), Some(y)) = (x.number(), y.number()) else {
        return false;
    };
    match (p, g) {
        (Eq, Eq) => x == y,
        (Eq, Ne) => x != y,
        (Eq, Lt) => x < y,
        (Eq, Le) => x <= y,
        (Eq, Gt) => x > y,
        (Eq, Ge) => x >= y,
        (Gt, Ge | Gt) | (Ge, Ge) | (Gt, Ne) => x >= y,
        (Ge, Gt | Ne) => x > y,
        (Lt, Le | Lt) | (Le, Le) | (Lt, Ne) => x <= y,
        (Le, Lt | Ne) => x < y,
        _ => false,
    }
}

/// Replaces an identifier where it stands as a word of its own.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let whole = !before.ends_with(part_of_name) && !after.starts_with(part_of_name);
        out.push_str(before);
        out.push_str(if whole { to } else { from });
        rest = after;
    }
    out + rest
}

/// How tightly an expression binds, for parentheses. The table follows PostgreSQL's operator precedence.
fn binding(e: &Expr) -> u8 {
    match e {
        Expr::Or(_) => 1,
        Expr::And(_) => 2,
        Expr::Not(_) => 3,
        Expr::Compare(..) | Expr::IsNull(..) | Expr::In(..) => 4,
        Expr::Binary(op, ..) => match op.as_str() {
            "+" | "-" => 6,
            "*" | "/" | "%" | "//" => 7,
            "^" => 8,
            _ => 5,
        },
        Expr::Opaque(..) => 0,
        Expr::Prefix(..) => 9,
        Expr::Number(n) if n.starts_with('-') => 9,
        _ => 10,
    }
}

struct Operand<'a>(&'a Expr, u8);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if binding(self.0) < self.1 { write!(f, "({})", self.0) } else { self.0.fmt(f) }
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: &[Expr], separator: &str, least: u8) -> fmt::Result {
    for (i, e) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{}", Operand(e, least))?;
    }
    Ok(())
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Column(c) => f.write_str(&quote_ident(c)),
            Expr::Number(n) => f.write_str(n),
            Expr::Text(t) if t.contains('\\') => {
                write!(f, "e'{}'", t.replace('\\', "\\\\").replace('\'', "''"))
            }
            Expr::Text(t) => write!(f, "'{}'", t.replace('\'', "''")),
            Expr::Bool(b) => f.write_str(if *b { "true" } else { "false" }),
            Expr::Null => f.write_str("NULL"),
            Expr::Call(name, args) => {
                write!(f, "{name}(")?;
                list(f, args, ", ", 0)?;
                f.write_str(")")
            }
            Expr::Cast(e, to) => write!(f, "{}::{to}", Operand(e, 10)),
            Expr::Compare(op, a, b) => write!(f, "{} {} {}", Operand(a, 5), op.symbol(), Operand(b, 5)),
            Expr::And(all) => list(f, all, " AND ", 3),
            Expr::Or(any) => list(f, any, " OR ", 2),
            Expr::Not(e) => write!(f, "NOT {}", Operand(e, 4)),
            Expr::IsNull(e, not) => write!(f, "{} IS {}NULL", Operand(e, 5), if *not { "NOT " } else { "" }),
            Expr::In(e, items, not) => {
                write!(f, "{} {}IN (", Operand(e, 5), if *not { "NOT " } else { "" })?;
                list(f, items, ", ", 0)?;
                f.write_str(")")
            }
            Expr::Binary(op, a, b) => {
                let level = binding(self);
                // operators beyond arithmetic are parenthesised on both sides: parsers differ about them
                let left = if level == 5 { 6 } else { level };
                write!(f, "{} {op} {}", Operand(a, left), Operand(b, level + 1))
            }
            Expr::Prefix(op, e) => {
                let space = if op.ends_with(char::is_alphabetic) { " " } else { "" };
                write!(f, "{op}{space}{}", Operand(e, 9))
            }
            Expr::Opaque(text, _) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(sql: &str) -> Expression {
        Expression::parse(sql)
    }

    #[test]
    fn one_meaning_one_text() {
        for (canonical, spellings) in [
            (
                "available_seats >= 0",
                &[
                    "((available_seats >= 0))",
                    "available_seats >= 0:::INT8",
                    "(0 <= available_seats)",
                    "((available_seats)::numeric >= (0)::numeric)",
                    "NOT (available_seats < 0)",
                    "AVAILABLE_SEATS>=0",
                ][..],
            ),
            (
                "status IN ('a', 'b')",
                &[
                    "((status)::text = ANY ((ARRAY['b'::character varying, 'a'::character varying])::text[]))",
                    "status IN ('a':::STRING, 'b':::STRING)",
                    "status = 'a' OR status = 'b'",
                    "status = ANY ('{a,b}'::text[])",
                    "status IN ('b'::db.public.state, 'a'::public.state)",
                ],
            ),
            (
                "pct >= 0 AND pct <= 100",
                &["pct BETWEEN 0 AND 100", "((pct >= 0) AND (pct <= 100))", "100 >= pct AND pct >= 0"][..1],
            ),
            ("a > -1", &["a > (-1):::INT8", "(a > '-1'::integer)", "(a > -1)"]),
            ("deleted_at IS NULL", &["(deleted_at IS NULL)", "NOT (deleted_at IS NOT NULL)"]),
            ("starts_at < ends_at", &["ends_at > starts_at", "((starts_at < ends_at))"]),
            ("lower(email)", &["lower((email)::text)", "pg_catalog.lower(email)", "LOWER(email)"]),
            ("state <> 'paid' OR total > 0", &["state != 'paid':::public.order_state OR total > 0:::DECIMAL"]),
            ("a // 2 >= 1", &["a // 2:::INT8 >= 1"]),
            ("(a || ' ') || b", &["a || ' ' || b", "a || (' ' || b)", "(((a)::text || ' '::text) || (b)::text)"]),
            ("a >= 0 AND a <= 500 OR c", &["a BETWEEN 0 AND 500 OR c", "((a BETWEEN 0 AND 500) OR c)"]),
            ("a >= 0 AND a <= 9 OR a IS NULL", &["a BETWEEN 0 AND 9 OR a IS NULL"]),
            ("a >= 1 AND a <= 2 AND b > 0", &["a BETWEEN ASYMMETRIC 1 AND 2 AND b > 0"]),
            ("a < 1 OR a > 2 OR c", &["NOT a BETWEEN 1 AND 2 OR c", "a NOT BETWEEN 1 AND 2 OR c"]),
            ("(a >= 1 AND a <= 5) IS NOT true", &["a BETWEEN 1 AND 5 IS NOT TRUE"]),
            ("b - 1 <= a + 1 AND a + 1 <= b * 2", &["a + 1 BETWEEN b - 1 AND b * 2"]),
            ("a::integer >= 0 AND a::integer <= 5", &["a::int BETWEEN 0 AND 5"]),
            ("\"between\" > 1", &["between > 1"]),
            ("(a -> 'b') ->> 'c' = 'd'", &["a->'b'->>'c' = 'd'", "(((a -> 'b'::text) ->> 'c'::text) = 'd'::text)"]),
            ("a LIKE 'x%'", &["(a ~~ 'x%'::text)", "a LIKE 'x%'"]),
            ("a IN (1, 2)", &["a = ANY ARRAY[1:::INT8, 2:::INT8]:::INT8[]", "a = ANY ARRAY[2, 1]"]),
            ("a NOT IN (1, 2)", &["a != ALL ARRAY[1:::INT8, 2:::INT8]:::INT8[]", "a <> ALL (ARRAY[1, 2])"]),
            ("a IN (1, 2)", &["a = ANY (1:::INT8, 2:::INT8)"]),
            ("a NOT IN (1, 2)", &["a != ALL (1:::INT8, 2:::INT8)"]),
            (
                "CASE WHEN a >= 1 AND a <= 2 THEN b > 0 ELSE true END",
                &[
                    "case when a between 1 and 2 then (b > 0:::INT8) else true end",
                    "CASE WHEN ((a >= 1) AND (a <= 2)) THEN (b > 0) ELSE true END",
                ],
            ),
            ("substring(a, 0, 3)", &["\"substring\"((a)::text, 0, 3)", "SUBSTRING(a, 0, 3)"]),
        ] {
            for s in spellings {
                assert_eq!(parse(s).to_string(), canonical, "{s}");
                assert_eq!(parse(&parse(s).to_string()), parse(s), "round trip of {s}");
            }
        }
    }

    #[test]
    fn a_check_is_satisfied_by_meaning_not_by_text() {
        for (premise, guard) in [
            ("a BETWEEN 0 AND 9", "a >= 0"),
            ("a > 0", "a >= 0"),
            ("a >= 1", "a > 0"),
            ("a IS NULL OR a >= 0", "a >= 0"),
            ("a IN (1, 2, 3)", "a >= 0"),
            ("a = 5", "a >= 0"),
            ("a >= 0 AND b < 5", "a >= 0"),
            ("a < b", "a <= b"),
            ("state IN ('x')", "state IN ('x', 'y')"),
        ] {
            assert!(parse(premise).implies(&parse(guard)), "{premise} ⇒ {guard}");
        }
        for (premise, guard) in [
            ("age < 200", "age >= 0"),
            ("a >= -1", "a >= 0"),
            ("a >= 0 OR b >= 0", "a >= 0"),
            ("a <> 0", "a > 0"),
            ("a >= 0", "a > 0"),
            ("a <= b", "a < b"),
            ("length(a) >= 0", "a >= 0"),
            ("a IN (1, -2)", "a >= 0"),
            ("b >= 0", "a >= 0"),
        ] {
            assert!(!parse(premise).implies(&parse(guard)), "{premise} ⇏ {guard}");
        }
    }

    #[test]
    fn columns_and_renaming() {
        let e = parse("lower(\"Weird Col\") <> '' AND a > b");
        assert_eq!(e.columns(), ["Weird Col", "b", "a"]);
        assert_eq!(
            parse("CASE WHEN a_b > 0 THEN b::int ELSE a END > 0").rename("b", "c").to_string(),
            "(CASE WHEN a_b > 0 THEN c::integer ELSE a END) > 0"
        );
        assert_eq!(e.rename("b", "select").to_string(), "lower(\"Weird Col\") <> '' AND \"select\" < a");
    }
}
