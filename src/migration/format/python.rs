//! Python source, as the formats of Python tools write and read it.

use std::fmt::Write as _;

use super::{patience, timeouts};
use crate::engine::Product;
use crate::migration::Change;

/// A string literal that says `text`, whatever is in it.
pub(super) fn literal(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// The first line of a file. It is no comment, which could name another encoding.
pub(super) fn docstring(text: &str) -> String {
    format!("\"\"\"{}\"\"\"\n", escaped(text))
}

/// What a reader should know of a change beyond its first line, which is the docstring.
pub(super) fn comment(change: &Change) -> String {
    let lines = change.comment.iter().skip(1);
    lines.map(|l| if l.is_empty() { "#\n".to_owned() } else { format!("# {l}\n") }).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // all of them are below 256; writing to a string cannot fail
            c if c.is_control() => drop(write!(out, "\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// The statements of a step, one by one and without semicolons: settings of the session may stand before the last.
pub(super) fn each(sql: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = sql;
    while let Some((first, tail)) = rest.split_once(";\n")
        && setting(first).is_some()
    {
        out.push(first);
        rest = tail;
    }
    out.push(rest.strip_suffix(';').unwrap_or(rest));
    out
}

/// The name of what a statement sets; `None` for another statement.
pub(super) fn setting(sql: &str) -> Option<&str> {
    // a line of a name may look the same, but no statement begins with a name
    let first = sql.lines().find(|line| !line.starts_with("--"))?;
    first.strip_prefix("SET ")?.split_once(" = ").map(|(name, _)| name)
}

/// The limits on waiting for locks as `SET` or `SET LOCAL` sets them, and as `RESET` takes them back; none where the
/// server has no such limits.
pub(super) fn limits(product: Product, set: &str) -> Vec<String> {
    if matches!(product, Product::CockroachDb | Product::Unknown) {
        return Vec::new();
    }
    let plain = timeouts(set);
    let statements = plain.lines().map(|l| l.strip_suffix(';').unwrap_or(l));
    let reset = |l: &str| l.split(" = ").next().unwrap_or(l).to_owned();
    statements.map(|l| if set == "RESET" { reset(l) } else { l.to_owned() }).collect()
}

/// The limits for what is built beside the writers: none, as [`patience`] says.
pub(super) fn patient(product: Product) -> Vec<String> {
    let wanted = !limits(product, "SET").is_empty();
    let lines = patience();
    lines.lines().filter(|_| wanted).map(|l| l.strip_suffix(';').unwrap_or(l).to_owned()).collect()
}

/// The strings in what `name` is first set to, in order: `name = "a"`, `name: str = "a"`, `name = [("a", "b")]`.
pub(super) fn assigned(text: &str, name: &str) -> Option<Vec<String>> {
    let mut end = 0;
    text.split_inclusive('\n').find_map(|line| {
        end += line.len();
        let after = line.trim_start().strip_prefix(name)?.trim_start();
        let (annotation, value) = after.split_once('=')?;
        let is_target = annotation.is_empty() || annotation.starts_with(':');
        is_target.then(|| strings(&text[end - value.len()..], 0))
    })
}

/// The string literals up to the end of a statement, of which `open` brackets are open already.
pub(super) fn strings(text: &str, mut open: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            '\n' | '#' if open == 0 => break,
            '#' => drop(chars.by_ref().find(|c| *c == '\n')),
            '"' | '\'' => {
                let mut literal = String::new();
                while let Some(next) = chars.next().filter(|n| *n != c) {
                    literal.extend(if next == '\\' { chars.next() } else { Some(next) });
                }
                out.push(literal);
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_literal() {
        assert_eq!(literal("a \"b\" 'c' %s \\ :d\n\r\0é"), r#""a \"b\" 'c' %s \\ :d\n\x0d\x00é""#);
        assert_eq!(docstring("ends with \""), "\"\"\"ends with \\\"\"\"\"\n");
        let hostile = "\\\" # ) ' ]";
        assert_eq!(strings(&literal(hostile), 0), [hostile], "what is written is read back");
    }

    #[test]
    fn settings_are_statements_of_their_own() {
        assert_eq!(each("-- note\nSET a = true;\nALTER TABLE t;"), ["-- note\nSET a = true", "ALTER TABLE t"]);
        assert_eq!(each("ALTER TABLE \"a\nSET b = 1;\nc\" DROP d;"), ["ALTER TABLE \"a\nSET b = 1;\nc\" DROP d"]);
        assert_eq!(limits(Product::PostgreSql, "RESET"), ["RESET lock_timeout", "RESET statement_timeout"]);
    }

    #[test]
    fn assignments_are_read() {
        let text = "\"\"\"revision\"\"\"\nrevision: str = 'a1'  # it's\ndown_revision: Union[str, None] = (\n    \"b\", # no\n    'c',\n)\n\
                    x = None\n";
        assert_eq!(assigned(text, "revision"), Some(vec!["a1".to_owned()]));
        assert_eq!(assigned(text, "down_revision"), Some(vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(assigned(text, "x"), Some(Vec::new()));
        assert_eq!(assigned(text, "y"), None);
    }
}
