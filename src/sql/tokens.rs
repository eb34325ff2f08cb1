//! A statement as its significant tokens: what is looked at before, or instead of, parsing.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// A token that is neither space nor comment, by its place in the text.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Byte offset of its first character.
    pub start: usize,
    /// Byte offset after its last character.
    pub end: usize,
}

/// The significant tokens of a text. Every access beyond the end finds nothing, and never panics.
#[derive(Debug, Clone, Default)]
pub struct Tokens<'a> {
    text: &'a str,
    list: Vec<Token>,
}

impl<'a> Tokens<'a> {
    /// Lexes `text`.
    pub fn of(text: &'a str) -> Tokens<'a> {
        let mut at = 0;
        let all = tokenize(text).map(|t| {
            let start = at;
            at += t.len as usize;
            Token { kind: t.kind, start, end: at }
        });
        Tokens { text, list: all.filter(|t| !is_trivia(t.kind)).collect() }
    }

    /// Tokens that were lexed already; their offsets are those in `text`.
    pub fn from_list(text: &'a str, list: Vec<Token>) -> Tokens<'a> {
        Tokens { text, list }
    }

    /// The tokens alone.
    pub fn into_list(self) -> Vec<Token> {
        self.list
    }

    /// The text that was lexed.
    pub fn source(&self) -> &'a str {
        self.text
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The token at `i`.
    pub fn get(&self, i: usize) -> Option<Token> {
        self.list.get(i).copied()
    }

    /// The kind of the token at `i`.
    pub fn kind(&self, i: usize) -> Option<TokenKind> {
        self.get(i).map(|t| t.kind)
    }

    /// The text of the token at `i`; empty beyond the end.
    pub fn text(&self, i: usize) -> &'a str {
        self.get(i).and_then(|t| self.text.get(t.start..t.end)).unwrap_or_default()
    }

    /// The text from token `from` up to, and without, token `to`.
    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        match (self.get(from), to.checked_sub(1).and_then(|last| self.get(last))) {
            (Some(a), Some(b)) => self.text.get(a.start..b.end).unwrap_or_default(),
            _ => "",
        }
    }

    /// The tokens `from..to` as a text of their own.
    pub fn part(&self, from: usize, to: usize) -> Tokens<'a> {
        let start = self.get(from).map_or(0, |t| t.start);
        let list = self.list.get(from..to).unwrap_or_default();
        let shift = |t: &Token| Token { start: t.start - start, end: t.end - start, ..*t };
        Tokens { text: self.slice(from, to), list: list.iter().map(shift).collect() }
    }

    /// Whether the token at `i` is this word, unquoted, in any case.
    pub fn is(&self, i: usize, word: &str) -> bool {
        self.kind(i) == Some(TokenKind::Ident) && self.text(i).eq_ignore_ascii_case(word)
    }

    /// Whether these words, unquoted, stand at `i` one after another.
    pub fn are(&self, i: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(n, w)| self.is(i + n, w))
    }

    /// Whether the token at `i` is one of these words.
    pub fn is_any(&self, i: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(i, w))
    }

    /// Whether the token at `i` is a name, quoted or not.
    pub fn is_name(&self, i: usize) -> bool {
        matches!(self.kind(i), Some(TokenKind::Ident | TokenKind::QuotedIdent { .. }))
    }

    /// The name at `i` as the server stores it.
    pub fn name(&self, i: usize) -> Option<String> {
        let text = self.text(i);
        match self.kind(i)? {
            TokenKind::Ident => Some(text.to_ascii_lowercase()),
            TokenKind::QuotedIdent { uescape: false, .. } => {
                let inner = text.strip_prefix('"')?;
                Some(inner.strip_suffix('"').unwrap_or(inner).replace("\"\"", "\""))
            }
            _ => None,
        }
    }

    /// The dotted name that starts at `i`, and the index of the token after it.
    pub fn path(&self, mut i: usize) -> (Vec<String>, usize) {
        let mut parts = Vec::new();
        while let Some(part) = self.name(i) {
            parts.push(part);
            i += 1;
            if self.kind(i) != Some(TokenKind::Dot) {
                break;
            }
            i += 1;
        }
        (parts, i)
    }

    /// The value of the plain string constant at `i`.
    pub fn string(&self, i: usize) -> Option<String> {
        match self.kind(i)? {
            TokenKind::Literal { kind: LiteralKind::Str { .. } } => {
                let inner = self.text(i).strip_prefix('\'')?;
                Some(inner.strip_suffix('\'').unwrap_or(inner).replace("''", "'"))
            }
            _ => None,
        }
    }

    /// The index after the bracket that closes the one at `open`; `end` if it is not closed before.
    pub fn after_group(&self, open: usize, end: usize) -> usize {
        let mut depth = 0usize;
        for i in open..end {
            match self.kind(i) {
                Some(TokenKind::OpenParen | TokenKind::OpenBracket) => depth += 1,
                Some(TokenKind::CloseParen | TokenKind::CloseBracket) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return i + 1;
                    }
                }
                _ => {}
            }
        }
        end
    }

    /// The parts between commas of `from..to` that are not inside brackets.
    pub fn segments(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let (mut out, mut start, mut i) = (Vec::new(), from, from);
        while i < to {
            match self.kind(i) {
                Some(TokenKind::OpenParen | TokenKind::OpenBracket) => {
                    i = self.after_group(i, to);
                    continue;
                }
                Some(TokenKind::Comma) => {
                    out.push((start, i));
                    start = i + 1;
                }
                _ => {}
            }
            i += 1;
        }
        if start < to || !out.is_empty() {
            out.push((start, to));
        }
        out
    }

    /// Whether a recursive parser, or what walks over its tree, could run out of stack.
    pub fn too_deep(&self) -> bool {
        self.depth() > super::MAX_DEPTH
    }

    /// A bound for the depth of the syntax tree: tokens that follow one another without a comma may be a chain of
    /// operators, which is as deep as it is long, and on top of the deepest of its operands.
    fn depth(&self) -> usize {
        #[derive(Default)]
        struct Level {
            run: usize,
            inner: usize,
            deepest: usize,
        }
        impl Level {
            fn total(&self) -> usize {
                self.deepest.max(self.run + self.inner)
            }
        }
        let mut levels = vec![Level::default()];
        for t in &self.list {
            match t.kind {
                TokenKind::OpenParen | TokenKind::OpenBracket => levels.push(Level::default()),
                TokenKind::CloseParen | TokenKind::CloseBracket => {
                    let inner = levels.pop().map_or(0, |l| l.total());
                    if levels.is_empty() {
                        levels.push(Level::default());
                    }
                    if let Some(l) = levels.last_mut() {
                        l.inner = l.inner.max(inner);
                    }
                }
                TokenKind::Comma => {
                    if let Some(l) = levels.last_mut() {
                        *l = Level { deepest: l.total(), ..Level::default() };
                    }
                    continue;
                }
                _ => {}
            }
            if let Some(l) = levels.last_mut() {
                l.run += 1;
            }
        }
        // what is still open lies one in the other
        let mut depth = 0;
        for l in levels.iter().rev() {
            depth = l.deepest.max(l.run + l.inner.max(depth));
        }
        depth
    }
}

/// Spaces and comments.
pub fn is_trivia(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } | TokenKind::Eof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_groups() {
        let t = Tokens::of("CREATE TABLE db.\"S x\".t (a int, b numeric(1, 2)) -- c");
        assert!(t.are(0, &["create", "TABLE"]));
        let (path, next) = t.path(2);
        assert_eq!(path, ["db", "S x", "t"]);
        let end = t.after_group(next, t.len());
        assert_eq!(end, t.len());
        let parts = t.segments(next + 1, end - 1);
        assert_eq!(parts.iter().map(|&(a, b)| t.slice(a, b)).collect::<Vec<_>>(), ["a int", "b numeric(1, 2)"]);
    }

    #[test]
    fn depth() {
        assert!(!Tokens::of("CHECK (((a)))").too_deep());
        assert!(Tokens::of(&"(".repeat(5000)).too_deep());
        assert!(Tokens::of(&"NOT ".repeat(5_000)).too_deep());
        assert!(Tokens::of(&format!("{}a", "(a OR a OR ".repeat(1_000))).too_deep());
        assert!(!Tokens::of(&format!("VALUES {}(1)", "(1 + 1), (a OR b), ".repeat(5_000))).too_deep());
        assert_eq!(Tokens::of("a, (b, c OR d), e").depth(), 4);
    }
}
