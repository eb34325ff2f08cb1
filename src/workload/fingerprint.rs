//! The text of a fingerprint: made safe to show, and made SQL that PostgreSQL's grammar takes.
//!
//! CockroachDB masks constants as `_` and `'_'`, up to 23.2 placeholders as `$1` and what it leaves out of lists as
//! `__more1_10__`, later both as `_` and `__more__`. PostgreSQL numbers both, and writes `$1 /*, ... */` from 18 on.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

use crate::sql::{Tokens, is_trivia, rewrite_statement};

/// A fingerprint, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The text without literals and comments, on one line.
    pub shown: String,
    /// What kind of statement it is.
    pub kind: Kind,
}

/// What a fingerprint is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It reads or writes rows.
    Rows {
        /// As SQL of PostgreSQL's grammar: values from outside are `$1`, those of the statement itself constants.
        sql: String,
        /// It was an UPSERT.
        upsert: bool,
    },
    /// It reads and writes no rows of the application's own will: transaction control, DDL, what the engine asks for
    /// its constraints.
    Other,
    /// The server kept only the beginning.
    CutOff,
}

/// First words of statements about rows.
const ROWS: [&str; 8] = ["select", "insert", "update", "delete", "upsert", "with", "merge", "table"];

/// Reads the text of a fingerprint. That its length is one at which servers cut off says nothing where it is kept `whole`.
pub fn read(text: &str, whole: bool) -> Fingerprint {
    let pieces = pieces(text);
    let shown = shown(&pieces);
    let cut_off = || Fingerprint { shown: shown.clone(), kind: Kind::CutOff };
    if !whole && is_length_limit(text.len()) || pieces.iter().any(|p| p.value == Some(Value::Unended)) {
        return cut_off();
    }
    let start = after_prepare(&pieces);
    let pieces = pieces.get(start..).unwrap_or_default();
    let first = pieces.iter().find(|p| p.text != "(").map_or("", |p| p.text);
    if !ROWS.iter().any(|w| first.eq_ignore_ascii_case(w)) || is_of_a_foreign_key(pieces) || is_of_no_name(pieces) {
        return Fingerprint { shown, kind: Kind::Other };
    }
    let depth = |open: char, close: char| {
        let count = |c: char| pieces.iter().filter(|p| p.text.starts_with(c) && p.text.len() == 1).count();
        count(open) > count(close)
    };
    if depth('(', ')') || depth('[', ']') || text.trim_end().ends_with("...") {
        return cut_off();
    }
    let mut out = Writer::default();
    out.statement(pieces);
    let sql = rewrite_statement(&Tokens::of(&out.text())).text.into_owned();
    Fingerprint { shown, kind: Kind::Rows { sql, upsert: out.upsert } }
}

/// Lengths at which servers cut texts off: powers of two, with or without the byte that ends a text.
fn is_length_limit(length: usize) -> bool {
    length >= 1023 && (length.is_power_of_two() || (length + 1).is_power_of_two())
}

/// A token of the text.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    kind: TokenKind,
    /// It stands for a value.
    value: Option<Value>,
    /// It follows the one before without a space.
    adjacent: bool,
}

impl Piece<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Ident && self.text.eq_ignore_ascii_case(word)
    }

    fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Ident | TokenKind::QuotedIdent { .. })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// `$1`
    Placeholder,
    /// `_`, `'_'`
    Mask,
    /// A string that the engine left in the text.
    Text,
    /// A number that it left.
    Number,
    /// More of a list: `__more1_10__`, `/*, ... */`.
    More,
    /// A string or name that does not end: all that follows may be of it.
    Unended,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out: Vec<Piece<'_>> = Vec::new();
    let (mut at, mut adjacent) = (0, false);
    for token in tokenize(text) {
        let start = at;
        at += token.len as usize;
        let Some(text) = text.get(start..at) else { break };
        if is_trivia(token.kind) {
            if token.kind == (TokenKind::BlockComment { terminated: false }) {
                out.push(Piece { text: "", kind: TokenKind::Unknown, value: Some(Value::Unended), adjacent });
            } else if text == "/*, ... */" {
                out.push(Piece { text, kind: token.kind, value: Some(Value::More), adjacent });
            }
            adjacent = false;
            continue;
        }
        let value = value(text, token.kind);
        out.push(Piece { text, kind: token.kind, value, adjacent });
        adjacent = true;
        if value == Some(Value::Unended) {
            break;
        }
    }
    out
}

fn value(text: &str, kind: TokenKind) -> Option<Value> {
    Some(match kind {
        TokenKind::PositionalParam { .. } => Value::Placeholder,
        TokenKind::Ident if text == "_" => Value::Mask,
        TokenKind::Ident if text.starts_with("__more") && text.ends_with("__") => Value::More,
        TokenKind::QuotedIdent { terminated: false, .. } => Value::Unended,
        TokenKind::Literal { kind: LiteralKind::Int { .. } | LiteralKind::Numeric { .. } } => Value::Number,
        TokenKind::Literal { .. } if text == "'_'" => Value::Mask,
        TokenKind::Literal { kind } if is_ended(text, kind) => Value::Text,
        TokenKind::Literal { .. } => Value::Unended,
        _ => return None,
    })
}

/// Whether a string certainly ends where it seems to: with `standard_conforming_strings` off, a backslash before the
/// last quote lets it go on.
fn is_ended(text: &str, kind: LiteralKind) -> bool {
    match kind {
        LiteralKind::Str { terminated } => {
            let inner = text.trim_end_matches('\'');
            terminated && (inner.len() - inner.trim_end_matches('\\').len()).is_multiple_of(2)
        }
        LiteralKind::ByteStr { terminated }
        | LiteralKind::NationalStr { terminated }
        | LiteralKind::BitStr { terminated }
        | LiteralKind::DollarQuotedString { terminated }
        | LiteralKind::UnicodeEscStr { terminated }
        | LiteralKind::EscStr { terminated } => terminated,
        LiteralKind::Int { .. } | LiteralKind::Numeric { .. } => true,
    }
}

/// The text as it may be shown: values masked, comments gone.
fn shown(pieces: &[Piece<'_>]) -> String {
    let mut out = String::new();
    for (i, p) in pieces.iter().enumerate() {
        if i > 0 && !p.adjacent {
            out.push(' ');
        }
        match p.value {
            Some(Value::Text | Value::Number) => out.push('_'),
            Some(Value::Unended) => out.push('…'),
            // junk that a lexer takes for a part of it
            Some(Value::Placeholder) => out.extend(p.text.chars().take_while(|c| *c == '$' || c.is_ascii_digit())),
            _ => out.push_str(p.text),
        }
    }
    out
}

/// The place of the statement behind `PREPARE name (…) AS`.
fn after_prepare(pieces: &[Piece<'_>]) -> usize {
    if !pieces.first().is_some_and(|p| p.is("prepare")) {
        return 0;
    }
    let place = pieces.iter().take(40).position(|p| p.is("as"));
    place.map_or(0, |i| i + 1)
}

/// PostgreSQL's own look-ups and cascades for foreign keys: `SELECT $2 FROM ONLY t x WHERE id OPERATOR(pg_catalog.=) $1
/// FOR KEY SHARE OF x`.
fn is_of_a_foreign_key(pieces: &[Piece<'_>]) -> bool {
    let operator = pieces
        .windows(4)
        .any(|w| matches!(w, [a, b, c, d] if a.is("operator") && b.text == "(" && c.is("pg_catalog") && d.text == "."));
    operator && pieces.iter().any(|p| p.is("only"))
}

/// CockroachDB's `FROM [SHOW …]` and, where it validates a constraint itself, `FROM [53 AS t]`: tables without a name.
fn is_of_no_name(pieces: &[Piece<'_>]) -> bool {
    pieces.windows(2).any(|w| matches!(w, [a, b] if b.text == "[" && (a.is("from") || a.is("join"))))
}

/// Writes the statement anew.
#[derive(Default)]
struct Writer {
    out: Vec<String>,
    upsert: bool,
}

impl Writer {
    fn text(&self) -> String {
        let mut text = String::new();
        for (i, part) in self.out.iter().enumerate() {
            // operators of several signs are several tokens
            let (part, glued) = part.strip_prefix('\u{1}').map_or((part.as_str(), false), |p| (p, true));
            if i > 0 && !glued {
                text.push(' ');
            }
            text.push_str(part);
        }
        text
    }

    fn statement(&mut self, pieces: &[Piece<'_>]) {
        // beside placeholders a mask is a constant of the statement; without any it may be either
        let placeholders = pieces.iter().any(|p| p.value == Some(Value::Placeholder));
        let changes = pieces.first().is_some_and(|p| p.is("update") || p.is("delete"));
        let mut depth = 0usize;
        let mut i = 0;
        while let Some(p) = pieces.get(i) {
            let rest = pieces.get(i..).unwrap_or_default();
            let next = rest.get(1);
            let are = |words: &[&str]| words.iter().enumerate().all(|(n, w)| rest.get(n).is_some_and(|p| p.is(w)));
            match p.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if p.value == Some(Value::More) {
                i += 1;
                if self.more(next.is_some_and(|p| p.text == ")")) {
                    i += 1;
                    depth = depth.saturating_sub(1);
                }
                continue;
            }
            // CockroachDB's list of one: (_,)
            if p.text == "," && next.is_some_and(|n| n.text == ")") {
                i += 1;
                continue;
            }
            if are(&["upsert", "into"]) {
                self.upsert = true;
                self.out.push("INSERT".to_owned());
                i += 1;
                continue;
            }
            if are(&["returning", "nothing"]) {
                i += 2;
                continue;
            }
            if are(&["as", "of", "system", "time"]) {
                i = after_operand(pieces, i + 4);
                continue;
            }
            // a hint: t@index, t@{FORCE_INDEX=index}
            if p.text == "@" && p.adjacent && i > 0 && next.is_some_and(|n| n.is_name() || n.text == "{") {
                i = after_hint(pieces, i + 1);
                continue;
            }
            if ["hash", "merge", "lookup", "inverted"].iter().any(|w| are(&[w, "join"])) {
                i += 1;
                continue;
            }
            // CockroachDB's UPDATE … ORDER BY … LIMIT …
            if changes && depth == 0 && (are(&["order", "by"]) || are(&["limit"])) {
                i = pieces.iter().skip(i).position(|p| p.is("returning")).map_or(pieces.len(), |n| i + n);
                continue;
            }
            let text = match p.value {
                Some(Value::Placeholder) => "$1".to_owned(),
                Some(Value::Mask) if !placeholders => "$1".to_owned(),
                Some(Value::Mask) if p.text == "_" => "0".to_owned(),
                Some(Value::Mask | Value::Text) => "''".to_owned(),
                Some(Value::Number) => "0".to_owned(),
                _ => p.text.to_owned(),
            };
            self.out.push(if p.adjacent && i > 0 && p.value.is_none() { format!("\u{1}{text}") } else { text });
            i += 1;
        }
    }

    /// One more value for a place that stands for more of a list. If it is all that stands in brackets, they stand for
    /// more of what is before them, and go; then the one that closes is left to the caller.
    fn more(&mut self, closes: bool) -> bool {
        let last = |w: &Writer, sign: &str| w.out.last().is_some_and(|t| t.trim_start_matches('\u{1}') == sign);
        if closes && last(self, "(") {
            self.out.pop();
            if last(self, ",") {
                self.out.pop();
            }
            return true;
        }
        if !last(self, ",") {
            self.out.push(",".to_owned());
        }
        self.out.push("$1".to_owned());
        false
    }
}

/// The place after a value, a call or a group in brackets.
fn after_operand(pieces: &[Piece<'_>], mut i: usize) -> usize {
    if pieces.get(i).is_some_and(|p| p.text != "(") {
        i += 1;
    }
    if pieces.get(i).is_none_or(|p| p.text != "(") {
        return i;
    }
    let mut depth = 0usize;
    for (n, p) in pieces.iter().enumerate().skip(i) {
        match p.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return n + 1;
        }
    }
    pieces.len()
}

fn after_hint(pieces: &[Piece<'_>], i: usize) -> usize {
    if pieces.get(i).is_none_or(|p| p.text != "{") {
        return i + 1;
    }
    pieces.iter().skip(i).position(|p| p.text == "}").map_or(pieces.len(), |n| i + n + 1)
}
