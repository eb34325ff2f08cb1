//! SQL text: parsing with squawk-syntax (a lossless, error-tolerant PostgreSQL parser), CockroachDB's grammar rewritten
//! on the token stream first.

mod cockroach;
mod expression;
mod tokens;

pub use cockroach::{BETWEEN_AND, Extra, Rewritten, rewrite, rewrite_operators, rewrite_statement};
pub use expression::{comparison, convert, is_special_value, parse_expression, parse_expressions};
pub use tokens::{Token, Tokens, is_trivia};

use squawk_syntax::{Parse, SourceFile};

/// Depth (of brackets, and of chains of operators in them) beyond which text is not given to the recursive parser.
pub const MAX_DEPTH: usize = 500;

/// Whether brackets nest, or operators chain, too deep for a recursive parser.
pub fn nests_too_deep(sql: &str) -> bool {
    Tokens::of(sql).too_deep()
}

/// Parses, and gives up on text on which the parser itself gives up: it asserts that it moves on.
pub fn parse(sql: &str) -> Option<Parse<SourceFile>> {
    std::panic::catch_unwind(|| SourceFile::parse(sql)).ok()
}
