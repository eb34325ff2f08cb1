//! SQL text: parsing with squawk-syntax (a lossless, error-tolerant PostgreSQL parser), CockroachDB's grammar rewritten
//! on the token stream first.

mod cockroach;
mod expression;
mod tokens;

pub use cockroach::{Extra, Rewritten, rewrite, rewrite_statement};
pub use expression::{convert, parse_expression, parse_expressions};
pub use tokens::{Token, Tokens, is_trivia};

use squawk_syntax::{Parse, SourceFile};

/// Nesting of brackets beyond which text is not given to the recursive parser. PostgreSQL itself gives up near
/// `max_stack_depth`; no schema of the 39 that were looked at nests deeper than 30.
pub const MAX_NESTING: usize = 400;

/// Tokens in a row, without a comma or a bracket between them, beyond which text is not given to the parser: its tree,
/// and all that walks over it, may become as deep as a chain of operators is long.
pub const MAX_RUN: usize = 2_000;

/// Whether brackets nest, or operators chain, too deep for a recursive parser.
pub fn nests_too_deep(sql: &str) -> bool {
    Tokens::of(sql).too_deep()
}

/// Parses, and gives up on text on which the parser itself gives up: it asserts that it moves on.
pub fn parse(sql: &str) -> Option<Parse<SourceFile>> {
    std::panic::catch_unwind(|| SourceFile::parse(sql)).ok()
}
