//! CockroachDB's own grammar, rewritten into PostgreSQL's on the token stream. Offsets stay as they are, so that a
//! position in the rewritten text is one in the user's text.

use std::borrow::Cow;

use squawk_lexer::{TokenKind, tokenize};

/// The text with CockroachDB-only grammar replaced, byte for byte as long as before.
pub fn rewrite(sql: &str) -> Cow<'_, str> {
    if !sql.contains(":::") {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    let (mut at, mut colons) = (0, 0);
    for token in tokenize(sql) {
        let text = &sql[at..at + token.len as usize];
        at += text.len();
        colons = if token.kind == TokenKind::Colon { colons + 1 } else { 0 };
        out.push_str(if colons == 3 { " " } else { text });
    }
    Cow::Owned(out)
}
