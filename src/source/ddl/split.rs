//! A file's text cut into statements, without a syntax tree: data of COPY is stepped over, and of a statement that
//! cannot matter only the first words are kept.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

use crate::sql::{Token, Tokens, is_trivia};

use super::class::{Class, classify};

/// How many tokens are looked at to tell what a statement is.
const FIRST_WORDS: usize = 10;

/// A statement.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    /// Byte offset of its first token in the file.
    pub offset: usize,
    /// What kind of statement it is.
    pub class: Class,
    /// Its tokens; of a statement that is skipped, the first ones.
    pub tokens: Tokens<'a>,
    /// A quote or comment in it is never closed.
    pub unterminated: bool,
}

/// Calls `sink` for every statement that may matter.
pub(super) fn split<'a>(text: &'a str, sink: &mut impl FnMut(Statement<'a>)) {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut rolled_back = false;
    // COPY's data and psql's own commands are no SQL: the lexer starts anew after them
    while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
        let splitter = Splitter { text, at, list: Vec::new(), class: None, open: Open::default(), rolled_back };
        (at, rolled_back) = splitter.run(rest, sink);
    }
}

/// What keeps a `;` from ending the statement.
#[derive(Default)]
struct Open {
    unterminated: bool,
    /// Depth of `BEGIN ATOMIC … END` in a function's body.
    atomic: usize,
    /// Depth of brackets in CREATE RULE.
    brackets: usize,
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    list: Vec<Token>,
    class: Option<Class>,
    open: Open,
    /// Inside the part of a migration file that takes it back.
    rolled_back: bool,
}

impl<'a> Splitter<'a> {
    /// Goes on to the end, or to what is no SQL; returns where it ends, and whether what follows is the way back.
    fn run(mut self, rest: &'a str, sink: &mut impl FnMut(Statement<'a>)) -> (usize, bool) {
        for token in tokenize(rest) {
            let start = self.at;
            self.at += token.len as usize;
            let token = Token { kind: token.kind, start, end: self.at };
            match token.kind {
                TokenKind::LineComment => self.comment(token),
                TokenKind::BlockComment { terminated: false } => self.open.unterminated = true,
                kind if is_trivia(kind) => {}
                TokenKind::Semi if self.open.atomic == 0 && self.open.brackets == 0 => {
                    let class = self.end(sink);
                    if class == Some(Class::Copy) {
                        return (self.after_copy_data(), self.rolled_back);
                    }
                }
                // psql's own commands end a statement, and are a line
                TokenKind::Unknown if self.text.get(start..self.at) == Some("\\") => {
                    let line_end = self.line_end(start);
                    let include = self.text.get(start + 1..line_end).unwrap_or_default().split_whitespace().next();
                    let include = matches!(include, Some("i" | "ir" | "include" | "include_relative"));
                    self.end(sink);
                    if include && !self.rolled_back {
                        self.push(token);
                        self.class = Some(Class::Include);
                        self.end(sink);
                    }
                    return (line_end, self.rolled_back);
                }
                _ => self.push(token),
            }
        }
        self.end(sink);
        (self.text.len(), self.rolled_back)
    }

    fn push(&mut self, token: Token) {
        let skip = self.class == Some(Class::Skip);
        if !skip {
            self.list.push(token);
            self.open.unterminated |= matches!(
                token.kind,
                TokenKind::QuotedIdent { terminated: false, .. }
                    | TokenKind::Literal {
                        kind: LiteralKind::Str { terminated: false }
                            | LiteralKind::EscStr { terminated: false }
                            | LiteralKind::DollarQuotedString { terminated: false }
                            | LiteralKind::NationalStr { terminated: false }
                            | LiteralKind::UnicodeEscStr { terminated: false }
                    }
            );
        }
        if self.class.is_none() && self.list.len() >= FIRST_WORDS {
            self.class = Some(classify(&self.tokens(FIRST_WORDS)));
        }
        self.track(token);
    }

    /// Follows what keeps a `;` from ending the statement.
    fn track(&mut self, token: Token) {
        let Some(first) = self.list.first() else { return };
        let text = self.text;
        let word = |t: &Token| text.get(t.start..t.end).unwrap_or_default();
        if !word(first).eq_ignore_ascii_case("create") {
            return;
        }
        let is = |n: usize, w: &str| self.list.get(n).is_some_and(|t| word(t).eq_ignore_ascii_case(w));
        let object = if is(1, "or") && is(2, "replace") { 3 } else { 1 };
        if is(object, "rule") {
            match token.kind {
                TokenKind::OpenParen => self.open.brackets += 1,
                TokenKind::CloseParen => self.open.brackets = self.open.brackets.saturating_sub(1),
                _ => {}
            }
        } else if (is(object, "function") || is(object, "procedure")) && token.kind == TokenKind::Ident {
            let word = word(&token);
            let inside = self.open.atomic > 0;
            if word.eq_ignore_ascii_case("atomic") || inside && word.eq_ignore_ascii_case("case") {
                self.open.atomic += 1;
            } else if inside && word.eq_ignore_ascii_case("end") {
                self.open.atomic -= 1;
            }
        }
    }

    fn tokens(&self, first: usize) -> Tokens<'a> {
        Tokens::from_list(self.text, self.list.iter().take(first).copied().collect())
    }

    /// Hands the statement on, with offsets counted from its start; returns what it was.
    fn end(&mut self, sink: &mut impl FnMut(Statement<'a>)) -> Option<Class> {
        let open = std::mem::take(&mut self.open);
        let (class, list) = (self.class.take(), std::mem::take(&mut self.list));
        let (first, last) = (*list.first()?, *list.last()?);
        let class = match class {
            Some(class) => class,
            None => classify(&Tokens::from_list(self.text, list.iter().take(FIRST_WORDS).copied().collect())),
        };
        let all = Tokens::from_list(self.text, list);
        let class = match class {
            Class::Copy if !(1..all.len()).any(|i| all.are(i, &["from", "stdin"])) => Class::Skip,
            class => class,
        };
        if self.rolled_back || (matches!(class, Class::Skip | Class::Copy) && !open.unterminated) {
            return Some(class);
        }
        let offset = first.start;
        let shift = |t: Token| Token { start: t.start - offset, end: t.end - offset, ..t };
        let text = self.text.get(offset..last.end).unwrap_or_default();
        let tokens = Tokens::from_list(text, all.into_list().into_iter().map(shift).collect());
        sink(Statement { offset, class, tokens, unterminated: open.unterminated });
        Some(class)
    }

    /// Some tools keep the way back in the same file, under a marker.
    fn comment(&mut self, token: Token) {
        let text = self.text.get(token.start..token.end).unwrap_or_default();
        let marker = text.trim_start_matches('-').trim_start();
        if !marker.starts_with(['+', 'm', '/', '@', 'c']) {
            return;
        }
        let marker = marker.to_ascii_lowercase();
        let is = |list: &[&str]| list.iter().any(|m| marker.starts_with(m));
        if is(&["+goose down", "+migrate down", "migrate:down", "//@undo", "@undo", "create above / drop below"]) {
            self.rolled_back = true;
        } else if is(&["+goose up", "+migrate up", "migrate:up"]) {
            self.rolled_back = false;
        }
    }

    fn line_end(&self, from: usize) -> usize {
        self.text.get(from..).and_then(|t| t.find('\n')).map_or(self.text.len(), |n| from + n)
    }

    /// Where the line `\.` ends that closes the data of a COPY, of which the statement ends here.
    fn after_copy_data(&self) -> usize {
        let mut at = self.line_end(self.at);
        while let Some(n) = self.text.get(at..).and_then(|t| t.find("\n\\.")) {
            at += n + 3;
            let end = self.line_end(at);
            if self.text.get(at..end).is_some_and(|rest| rest.trim().is_empty()) {
                return end;
            }
        }
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<(Class, String)> {
        let mut out = Vec::new();
        split(text, &mut |s| out.push((s.class, s.tokens.source().to_owned())));
        out
    }

    fn texts(text: &str) -> Vec<String> {
        statements(text).into_iter().map(|(_, t)| t).collect()
    }

    #[test]
    fn cuts_at_semicolons_that_end_a_statement() {
        for (file, expected) in [
            (
                "CREATE TABLE a (x text DEFAULT ';');CREATE TABLE b ()",
                &["CREATE TABLE a (x text DEFAULT ';')", "CREATE TABLE b ()"][..],
            ),
            ("/* ; */ CREATE TABLE a (); -- ;\nCREATE TABLE b ();", &["CREATE TABLE a ()", "CREATE TABLE b ()"]),
            ("CREATE FUNCTION f() AS $$ ; $$; CREATE TABLE b ();", &["CREATE TABLE b ()"]),
            (
                "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END; CREATE TABLE b ();",
                &["CREATE TABLE b ()"],
            ),
            ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); CREATE TABLE b ();", &["CREATE TABLE b ()"]),
            ("\\restrict abc'def\n\\connect x\nCREATE TABLE b ();\n\\unrestrict abc\n", &["CREATE TABLE b ()"]),
            ("COPY t (a) FROM stdin;\n'unclosed\t\\.x\n\\.x\n;;\n\\.\nCREATE TABLE b ();", &["CREATE TABLE b ()"]),
            ("COPY t (a) FROM stdin;\n\\.\n\nCREATE TABLE b ();", &["CREATE TABLE b ()"]),
            ("COPY t FROM stdin;\r\n1\r\n\\.\r\nCREATE TABLE b ();", &["CREATE TABLE b ()"]),
            ("INSERT INTO t VALUES (1); UPDATE t SET a = ';'; CREATE TABLE b ();", &["CREATE TABLE b ()"]),
            (
                "-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n-- +goose Up\nCREATE TABLE b ();",
                &["CREATE TABLE a ()", "CREATE TABLE b ()"],
            ),
            ("\u{feff}CREATE TABLE ü (\"x;\" text)", &["CREATE TABLE ü (\"x;\" text)"]),
            ("", &[]),
            (";;; -- nothing", &[]),
            ("CREATE TABLE a (x text)\\gexec\nCREATE TABLE b ();", &["CREATE TABLE a (x text)", "CREATE TABLE b ()"]),
        ] {
            assert_eq!(texts(file), expected, "{file}");
        }
    }

    #[test]
    fn copy_without_an_end_takes_the_rest() {
        assert_eq!(texts("COPY t FROM stdin;\n1\nCREATE TABLE b ();").len(), 0);
    }
}
