//! Reads the SQL that servers print for an index or a constraint: `… USING btree (lower(a) ASC, b DESC) WHERE (c > 0)`,
//! `FOREIGN KEY (a) REFERENCES s.t(b) NOT VALID`, `EXCLUDE USING gist (a WITH =)`, `RANGE (a)`. They share one shape:
//! words, a list in parentheses, more words. Only tokens are looked at, so names may hold anything.

use squawk_lexer::{TokenKind, tokenize};

use crate::catalog::{Expr, Expression, KeyPart};

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    start: usize,
    depth: usize,
    is_word: bool,
}

impl<'a> Token<'a> {
    fn is(&self, keyword: &str) -> bool {
        self.is_word && self.text.eq_ignore_ascii_case(keyword)
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens with their depth in parentheses; a parenthesis has the depth of what is around it.
fn tokens(sql: &str) -> Vec<Token<'_>> {
    let (mut at, mut depth) = (0, 0usize);
    let mut out = Vec::new();
    for token in tokenize(sql) {
        let start = at;
        at += token.len as usize;
        let Some(text) = sql.get(start..at) else { break };
        let is_word = matches!(token.kind, TokenKind::Ident | TokenKind::QuotedIdent { .. });
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } | TokenKind::Eof => {
                continue;
            }
            TokenKind::CloseParen | TokenKind::CloseBracket => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(Token { text, start, depth, is_word });
        if matches!(token.kind, TokenKind::OpenParen | TokenKind::OpenBracket) {
            depth += 1;
        }
    }
    out
}

/// A definition taken apart. Total: a text of another shape has no elements.
#[derive(Debug, Default)]
pub struct Definition<'a> {
    sql: &'a str,
    head: Vec<Token<'a>>,
    elements: Vec<Vec<Token<'a>>>,
    tail: Vec<Token<'a>>,
}

impl<'a> Definition<'a> {
    /// Reads a definition.
    pub fn parse(sql: &'a str) -> Definition<'a> {
        Definition::of_tokens(sql, tokens(sql))
    }

    fn of_tokens(sql: &'a str, mut head: Vec<Token<'a>>) -> Definition<'a> {
        let Some(open) = head.iter().position(|t| t.depth == 0 && t.text == "(") else {
            return Definition { sql, head, ..Definition::default() };
        };
        let mut list = head.split_off(open);
        let close = list.iter().position(|t| t.depth == 0 && t.text == ")").unwrap_or(list.len());
        let tail = list.split_off(close.saturating_add(1).min(list.len()));
        let inside = list.get(1..close).unwrap_or_default();
        let elements = inside.split(|t| t.depth == 1 && t.text == ",").filter(|e| !e.is_empty());
        Definition { sql, elements: elements.map(<[Token<'_>]>::to_vec).collect(), head, tail }
    }

    /// The word after that one, before the list: the method after `USING`, the column after `NULL`.
    pub fn word_after(&self, keyword: &str) -> Option<String> {
        let at = self.head.iter().rposition(|t| t.is(keyword))?;
        self.head.get(at + 1).map(|t| unquote(t.text))
    }

    /// The elements of the list: columns and expressions, without direction, collation and operator class.
    pub fn key(&self) -> Vec<KeyPart> {
        self.elements.iter().filter_map(|e| self.part(head_of(e))).collect()
    }

    /// The elements of an EXCLUDE constraint with their operators.
    pub fn key_with_operators(&self) -> Vec<(KeyPart, String)> {
        let operator = |element: &[Token<'a>]| {
            let with = element.iter().rposition(|t| t.depth == 1 && t.is("WITH"))?;
            self.text(element.get(with + 1..)?).map(str::to_owned)
        };
        let pair = |e: &Vec<Token<'a>>| Some((self.part(head_of(e))?, operator(e).unwrap_or_default()));
        self.elements.iter().filter_map(pair).collect()
    }

    /// The columns of the list, if it holds nothing else.
    pub fn columns(&self) -> Option<Vec<String>> {
        self.key().iter().map(|k| k.as_column().map(str::to_owned)).collect()
    }

    /// The schema, if written, the name and the columns after `REFERENCES`.
    pub fn references(&self) -> Option<(Option<String>, String, Vec<String>)> {
        let at = self.tail.iter().position(|t| t.depth == 0 && t.is("REFERENCES"))?;
        let target = Definition::of_tokens(self.sql, self.tail.get(at + 1..)?.to_vec());
        let mut names = target.head.iter().filter(|t| t.is_word).rev().map(|t| unquote(t.text));
        let name = names.next()?;
        Some((names.next(), name, target.columns()?))
    }

    /// The condition after `WHERE`.
    pub fn predicate(&self) -> Option<Expression> {
        let at = self.tail.iter().position(|t| t.depth == 0 && t.is("WHERE"))?;
        let rest = self.tail.get(at + 1..)?;
        // NOT VALID of a constraint; NOT VISIBLE, VISIBILITY 0.5 and WITH (…) of an index
        let ends = |i: usize, t: &Token<'_>| {
            let next = |word| rest.get(i + 1).is_some_and(|n| n.is(word));
            i > 0
                && t.depth == 0
                && (t.is("NOT") && (next("VISIBLE") || next("VALID")) || t.is("VISIBILITY") || t.is("WITH"))
        };
        let end = rest.iter().enumerate().position(|(i, t)| ends(i, t)).unwrap_or(rest.len());
        self.text(rest.get(..end)?).map(Expression::parse)
    }

    /// Whether the words after the list end in NOT VALID.
    pub fn is_not_valid(&self) -> bool {
        let words = if self.tail.is_empty() { &self.head } else { &self.tail };
        matches!(words.as_slice(), [.., not, valid] if not.is("NOT") && valid.is("VALID"))
    }

    /// Whether a storage parameter after the list is on.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.tail.windows(3).any(|w| {
            matches!(w, [n, eq, v] if n.is(name) && eq.text == "="
                && matches!(&*v.text.trim_matches('\'').to_ascii_lowercase(), "true" | "on" | "yes" | "1"))
        })
    }

    fn text(&self, tokens: &[Token<'a>]) -> Option<&'a str> {
        self.sql.get(tokens.first()?.start..tokens.last()?.end())
    }

    fn part(&self, element: &[Token<'a>]) -> Option<KeyPart> {
        match element {
            [only] if only.is_word => Some(KeyPart::Column(unquote(only.text))),
            _ => Some(key_part(Expression::parse(self.text(element)?))),
        }
    }
}

/// An element without what stands behind its column or expression (`DESC NULLS LAST`, `COLLATE "C" text_ops`, `WITH =`):
/// all of that begins with a word behind a word or behind a closing parenthesis.
fn head_of<'t, 'a>(element: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let ends = |pair: &[Token<'_>]| matches!(pair, [before, word] if word.depth == 1 && word.is_word && (before.is_word || before.text == ")"));
    let end = element.windows(2).position(ends).map_or(element.len(), |i| i + 1);
    element.get(..end).unwrap_or(element)
}

/// An expression that is nothing but a column is that column.
pub fn key_part(expression: Expression) -> KeyPart {
    match expression.tree() {
        Expr::Column(name) => KeyPart::Column(name.clone()),
        _ => KeyPart::Expression(expression),
    }
}

/// A name as written by a server, which has folded it already.
fn unquote(word: &str) -> String {
    match word.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sql: &str) -> Vec<String> {
        let show = |k: &KeyPart| match k {
            KeyPart::Column(c) => c.clone(),
            KeyPart::Expression(e) => format!("({e})"),
        };
        Definition::parse(sql).key().iter().map(show).collect()
    }

    fn predicate(sql: &str) -> Option<String> {
        Definition::parse(sql).predicate().map(|p| p.to_string())
    }

    #[test]
    fn keys_of_indexes() {
        for (sql, expected) in [
            ("CREATE UNIQUE INDEX k ON db.public.t USING btree (a ASC, b DESC) STORING (c)", &["a", "b"][..]),
            ("CREATE UNIQUE INDEX k ON public.t USING btree (a ASC) INCLUDE (c)", &["a"]),
            (
                r#"CREATE UNIQUE INDEX ",)(_key" ON db.public.",)(" USING btree ("a,(b" ASC, "x)""y" ASC)"#,
                &["a,(b", "x)\"y"],
            ),
            ("CREATE UNIQUE INDEX k ON d.public.t USING btree (lower(c) ASC, (a + b) ASC)", &["(lower(c))", "(a + b)"]),
            (
                "CREATE INDEX k ON t USING btree ((m = 'f)oo'::d.public.mytype) ASC) WHERE (m = 'foo')",
                &["(m = 'f)oo')"],
            ),
            ("CREATE INDEX v ON t USING cspann (v vector_l2_ops)", &["v"]),
            ("CREATE UNIQUE INDEX s ON t USING btree (a ASC) USING HASH WITH (bucket_count=10)", &["a"]),
            ("RANGE (created_at, lower(name) COLLATE \"C\" text_pattern_ops)", &["created_at", "(lower(name))"]),
            ("LIST (((a + 1)))", &["(a + 1)"]),
            ("UNIQUE WITHOUT INDEX (a, b)", &["a", "b"]),
            ("PRIMARY KEY (id ASC) USING HASH WITH BUCKET_COUNT = 8", &["id"]),
            ("no list", &[]),
            ("broken (a, (b", &["a", "((b)"]),
            (")(", &[]),
            ("", &[]),
        ] {
            assert_eq!(key(sql), expected, "{sql}");
        }
    }

    #[test]
    fn predicates_end_where_the_index_goes_on() {
        for (sql, expected) in [
            ("CREATE UNIQUE INDEX k ON t USING btree (a ASC) STORING (c) WHERE (b > 0)", Some("b > 0")),
            ("CREATE INDEX k ON t USING btree (a ASC) WHERE (b IS NOT NULL) NOT VISIBLE", Some("b IS NOT NULL")),
            ("CREATE INDEX k ON t USING btree (a ASC) WHERE (b > 0) VISIBILITY 0.50", Some("b > 0")),
            ("CREATE INDEX k ON t USING btree (a ASC) WHERE (b > 0) WITH (fillfactor=10)", Some("b > 0")),
            ("UNIQUE WITHOUT INDEX (b) WHERE (c = 'x WHERE y'::STRING) NOT VALID", Some("c = 'x WHERE y'")),
            ("UNIQUE WITHOUT INDEX (b) WHERE NOT c", Some("NOT c")),
            ("UNIQUE (a ASC)", None),
        ] {
            assert_eq!(predicate(sql).as_deref(), expected, "{sql}");
        }
    }

    #[test]
    fn foreign_keys() {
        let of = |sql| {
            let d = Definition::parse(sql);
            (d.columns().unwrap(), d.references().unwrap(), d.is_not_valid())
        };
        let (columns, (schema, table, referenced), not_valid) = of(
            r#"FOREIGN KEY (a, "B c") REFERENCES db.sales."order"(id, "X") MATCH FULL ON DELETE SET NULL NOT VALID"#,
        );
        assert_eq!((columns, referenced), (vec!["a".into(), "B c".into()], vec!["id".to_owned(), "X".into()]));
        assert_eq!((schema.as_deref(), &*table, not_valid), (Some("sales"), "order", true));
        let (_, (schema, table, _), not_valid) = of("FOREIGN KEY (a) REFERENCES t4(a) ON DELETE CASCADE");
        assert_eq!((schema, &*table, not_valid), (None, "t4", false));
    }

    #[test]
    fn exclusions() {
        let d = Definition::parse(
            "EXCLUDE USING gist (room_id WITH =, tsrange(a, b) WITH &&, c gist_ops WITH OPERATOR(public.=)) WHERE ((NOT x))",
        );
        let elements: Vec<String> =
            d.key_with_operators().iter().map(|(k, op)| format!("{:?} {op}", k.columns())).collect();
        assert_eq!(elements, [r#"["room_id"] ="#, r#"["a", "b"] &&"#, r#"["c"] OPERATOR(public.=)"#]);
        assert_eq!(d.predicate().unwrap().to_string(), "NOT x");
    }

    #[test]
    fn words() {
        assert!(Definition::parse("NOT NULL a NOT VALID").is_not_valid());
        assert_eq!(Definition::parse("NOT NULL \"A\" NOT VALID").word_after("NULL").as_deref(), Some("A"));
        assert!(!Definition::parse("CHECK ((a > 0))").is_not_valid());
        assert!(Definition::parse("CHECK ((a = e'b)\\'c\\\\'::STRING)) NOT VALID").is_not_valid());
        assert!(!Definition::parse("CHECK ((a = 'x NOT VALID'))").is_not_valid());
        let d =
            Definition::parse("CREATE UNIQUE INDEX \"USING\" ON t USING btree (a ASC) WITH (skip_unique_checks=true)");
        assert!(d.has_parameter("skip_unique_checks") && !d.has_parameter("fillfactor"));
        assert_eq!(d.word_after("USING").as_deref(), Some("btree"));
    }
}
