//! `cockroach sql -e 'SHOW CREATE ALL TABLES'` prints a table of one column (or two) with its statements in quotes.

use std::borrow::Cow;

/// The statements out of such a table, each on the lines that it stood on; other text comes back as it is.
pub(super) fn statements(text: &str) -> Cow<'_, str> {
    if let Some(unwrapped) = aligned(text) {
        return Cow::Owned(unwrapped);
    }
    let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().trim();
    let separator = match header {
        "create_statement" => None,
        "table_name\tcreate_statement" => Some('\t'),
        "table_name,create_statement" => Some(','),
        _ => return Cow::Borrowed(text),
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    out.push('\n');
    while !rest.is_empty() {
        // the name of the table is of no use
        if let Some(separator) = separator {
            rest = match rest.strip_prefix('"') {
                Some(quoted) => field(quoted, None).strip_prefix(separator).unwrap_or_default(),
                None => rest.split_once([separator, '\n']).map_or("", |(_, rest)| rest),
            };
        }
        match rest.strip_prefix('"') {
            Some(quoted) => {
                let start = out.len();
                rest = field(quoted, Some(&mut out));
                if !out.get(start..).is_some_and(|s| s.trim_end().ends_with(';')) {
                    out.push(';');
                }
            }
            None => {
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                out.push_str(line);
                // a statement without quotes in it is one line
                if separator.is_some() && !line.trim().is_empty() {
                    out.push(';');
                }
                out.push('\n');
                rest = after;
                continue;
            }
        }
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        out.push_str(line.trim_end_matches('\r'));
        out.push('\n');
        rest = after;
    }
    Cow::Owned(out)
}

/// The statements out of a table drawn with `|` and `-`, as psql and `cockroach sql --format=table` print it.
fn aligned(text: &str) -> Option<String> {
    let mut ahead = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).skip_while(|l| l.trim().is_empty());
    if !(is_header(ahead.next()?) && is_rule(ahead.next()?)) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let (mut two, mut plus, mut open, mut inside) = (false, false, false, false);
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_end).peekable();
    while let Some(line) = lines.next() {
        let first = lines.peek().is_some_and(|l| is_rule(l)) && is_header(line);
        if first || is_row_count(line) || line.is_empty() {
            // the end of a row, and of the table
            out.push_str(if open && (two || plus) { ";\n" } else { "\n" });
            open = false;
            inside = first || (inside && !is_row_count(line));
            if first {
                lines.next();
                out.push('\n');
                two = line.contains('|');
                plus = lines.peek().is_some_and(|l| l.ends_with('+'));
            }
            continue;
        }
        if !inside {
            out.push_str(if line.starts_with("Time: ") { "" } else { line });
            out.push('\n');
            continue;
        }
        let (name, cell) = if two { line.split_once('|').unwrap_or(("", line)) } else { ("", line) };
        if open && !name.trim().is_empty() {
            // on the line of the row before, so that lines keep their numbers
            out.pop();
            out.push_str(";\n");
        }
        open = true;
        let continued = plus && cell.ends_with('+');
        out.push_str(if continued { cell.strip_suffix('+').unwrap_or(cell).trim_end() } else { cell });
        if plus && !continued {
            out.push(';');
            open = false;
        }
        out.push('\n');
    }
    if open && two {
        out.push(';');
    }
    Some(out)
}

fn is_header(line: &str) -> bool {
    let mut cells = line.split('|').map(str::trim).rev();
    cells.next() == Some("create_statement")
        && matches!(cells.next(), None | Some("table_name"))
        && cells.next().is_none()
}

fn is_rule(line: &str) -> bool {
    line.len() > 3 && line.chars().all(|c| matches!(c, '-' | '+'))
}

/// `(20 rows)`
fn is_row_count(line: &str) -> bool {
    let inner = line.trim().strip_prefix('(').and_then(|l| l.strip_suffix(')'));
    let count = inner.and_then(|l| l.strip_suffix(" rows").or(l.strip_suffix(" row")));
    count.is_some_and(|c| !c.is_empty() && c.bytes().all(|b| b.is_ascii_digit()))
}

/// Takes a field up to its closing quote, two quotes being one; returns what follows.
fn field<'a>(mut rest: &'a str, mut out: Option<&mut String>) -> &'a str {
    loop {
        let (text, after) = rest.split_once('"').unwrap_or((rest, ""));
        if let Some(out) = out.as_deref_mut() {
            out.push_str(text);
        }
        match after.strip_prefix('"') {
            Some(more) => {
                if let Some(out) = out.as_deref_mut() {
                    out.push('"');
                }
                rest = more;
            }
            None => return after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_statements_are_taken_out_on_their_lines() {
        assert_eq!(statements("CREATE TABLE t ()"), "CREATE TABLE t ()");
        assert_eq!(
            statements(
                "create_statement\n\"CREATE TABLE t (\n\ta INT8,\n\tCONSTRAINT \"\"primary\"\" …\n);\"\nALTER TABLE t;\n"
            ),
            "\nCREATE TABLE t (\n\ta INT8,\n\tCONSTRAINT \"primary\" …\n);\nALTER TABLE t;\n"
        );
        assert_eq!(
            statements("table_name\tcreate_statement\nt\t\"CREATE TABLE t (\n)\"\n\"u\tv\"\t\"CREATE TABLE u ()\"\n"),
            "\nCREATE TABLE t (\n);\nCREATE TABLE u ();\n"
        );
        assert_eq!(statements("create_statement\n\"CREATE"), "\nCREATE;\n");
    }

    #[test]
    fn drawn_tables_are_unwrapped_on_their_lines() {
        let folded = |text: &str| statements(text).lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>().join("\n");
        // cockroach sql --format=table
        assert_eq!(
            folded(
                "  table_name |   create_statement\n-------------+-----------------\n  t          | CREATE TABLE t (\n             \
                 |     a INT8 NULL\n             | )\n  u          | CREATE TABLE u ()\n(2 rows)\n\n\nTime: 1ms total\n"
            ),
            "\n\nCREATE TABLE t (\na INT8 NULL\n);\nCREATE TABLE u ()\n;\n\n\n"
        );
        // psql
        assert_eq!(
            folded(
                " table_name | create_statement  \n------------+-------------------\n t          | CREATE TABLE t ( +\n            \
                 |     a INT8       +\n            | )\n(1 row)\n\n"
            ),
            "\n\nCREATE TABLE t (\na INT8\n);\n\n"
        );
        assert_eq!(
            folded(
                " create_statement \n------------------\n CREATE TABLE t (+\n   a INT8        +\n );\n ALTER TABLE t\n(2 rows)\n"
            ),
            "\n\nCREATE TABLE t (\na INT8\n);;\nALTER TABLE t;\n"
        );
    }
}
