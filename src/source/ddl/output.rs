//! `cockroach sql -e 'SHOW CREATE ALL TABLES'` prints a table of one column (or two) with its statements in quotes.

use std::borrow::Cow;

/// The statements out of such a table, each on the lines that it stood on; other text comes back as it is.
pub(super) fn statements(text: &str) -> Cow<'_, str> {
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
}
