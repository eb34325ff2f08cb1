//! SQL text: parsing with squawk-syntax (a lossless, error-tolerant PostgreSQL parser), CockroachDB's grammar rewritten
//! on the token stream first.

mod cockroach;
mod expression;

pub use cockroach::rewrite;
pub use expression::{convert, parse_expression, parse_expressions};

/// Nesting of brackets beyond which text is not given to the recursive parser. PostgreSQL itself gives up near
/// `max_stack_depth`; no schema of the 39 that were looked at nests deeper than 30.
pub const MAX_NESTING: usize = 400;

/// Whether brackets nest too deep for a recursive parser.
pub fn nests_too_deep(sql: &str) -> bool {
    let (mut depth, mut deepest) = (0usize, 0);
    for token in squawk_lexer::tokenize(sql) {
        use squawk_lexer::TokenKind::{CloseBracket, CloseParen, OpenBracket, OpenParen};
        match token.kind {
            OpenParen | OpenBracket => depth += 1,
            CloseParen | CloseBracket => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > MAX_NESTING
}
