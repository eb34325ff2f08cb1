//! The SQL that adds a guard, by engine.

/// An identifier as SQL text: quoted where any of the engines needs it.
pub fn quote_ident(name: &str) -> String {
    // CockroachDB reserves two words more than PostgreSQL, and folds letters beyond ASCII
    if !name.is_ascii() || matches!(name, "index" | "nothing") {
        return squawk_syntax::quote::quote_ident_always(name);
    }
    squawk_syntax::quote::quote_quoted_ident(name)
}
