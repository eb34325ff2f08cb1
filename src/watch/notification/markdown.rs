//! Markdown as GitHub and GitLab read it, in which no text of a database is anything but text.

use std::fmt::Write;

use super::notice::Notice;
use super::text::clean;
use crate::history::Found;

/// Characters after which a mention, a reference or an address may begin.
const BEGINS: &str = "@#!%~$&";

/// One line of text in which nothing is markup, HTML, a link, a mention or a reference.
pub(super) fn escape(text: &str) -> String {
    let clean = clean(text);
    let mut out = String::with_capacity(clean.len() * 2);
    // spaces would make a block of code, or hide that a line begins
    let mut characters = clean.trim().chars().peekable();
    while let Some(c) = characters.next() {
        // within a line these three mean nothing
        if c.is_ascii_punctuation() && (out.is_empty() || !",;-".contains(c)) {
            out.push('\\');
        }
        out.push(c);
        // mentions are looked for after the markup was read, so that a backslash does not stop them
        if characters.peek().is_some_and(|next| {
            BEGINS.contains(c) && !next.is_whitespace() || c == ':' && (next.is_alphabetic() || *next == '/')
        }) {
            out.push('\u{200b}');
        }
    }
    out
}

/// One line as code: a longer fence than any in it.
fn code(text: &str) -> String {
    let clean = clean(text);
    let fence = "`".repeat(longest_fence(&clean) + 1);
    format!("{fence} {clean} {fence}")
}

fn longest_fence(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

impl Notice {
    /// The notice in Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("**{}** in {}\n\n{}\n", self.happened(), code(&self.place()), escape(&self.occasion()));
        if let Some(reason) = self.reason() {
            let _ = write!(out, "\n{}\n", escape(&reason));
        }
        let listed = self.listed();
        for (title, found) in [("New", listed.new), ("Fixed", listed.fixed)] {
            if !found.is_empty() {
                let _ = write!(out, "\n### {title}\n\n");
                found.iter().for_each(|f| item(&mut out, f, title == "New"));
            }
        }
        if listed.more > 0 {
            let _ = write!(out, "\nand {} more\n", listed.more);
        }
        if let Some(page) = self.link() {
            let _ = write!(out, "\n<{page}>\n");
        }
        out
    }
}

fn item(out: &mut String, f: &Found, new: bool) {
    let _ = writeln!(out, "- {} {}, {}", code(&f.object()), escape(&f.rule), f.weight());
    if new {
        let _ = writeln!(out, "  \n  {} ({})", escape(&f.sentence()), code(&f.fingerprint));
        let lines = f.statements();
        if !lines.is_empty() {
            let longest = lines.iter().map(|l| longest_fence(l)).max().unwrap_or(0);
            let fence = "`".repeat((longest + 1).max(3));
            let _ = write!(out, "\n  {fence}sql\n  {}\n  {fence}\n", lines.join("\n  "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(escape("a_b <script>"), r"a\_b \<script\>");
        assert_eq!(escape("[x](javascript:y)"), "\\[x\\]\\(javascript\\:\u{200b}y\\)");
        assert_eq!(escape("@all #12 !3 a@b"), "\\@\u{200b}all \\#\u{200b}12 \\!\u{200b}3 a\\@\u{200b}b");
        assert_eq!(escape("https://evil.example"), "https\\:\u{200b}\\/\\/evil\\.example");
        assert_eq!(escape("- a-b, 1."), r"\- a-b, 1\.");
        assert_eq!(escape("14:00 :tada:"), "14\\:00 \\:\u{200b}tada\\:");
        assert_eq!(escape("twice: nothing"), r"twice\: nothing", "words stay whole");
        assert_eq!(escape("x\n/close"), r"x \/close", "a command of GitLab begins a line");
    }

    #[test]
    fn code_ends_where_it_ends() {
        assert_eq!(code("a"), "` a `");
        assert_eq!(code("a``b`"), "``` a``b` ```");
    }

    /// What GitHub's dialect makes of it, with all that it and GitLab's add to CommonMark.
    fn rendered(markdown: &str) -> String {
        let mut options = comrak::Options::default();
        let e = &mut options.extension;
        (e.autolink, e.strikethrough, e.table, e.tasklist, e.footnotes) = (true, true, true, true, true);
        (e.math_dollars, e.math_code, e.alerts, e.description_lists) = (true, true, true, true);
        options.render.r#unsafe = true;
        comrak::markdown_to_html(markdown, &options)
    }

    fn unescaped(html: &str) -> String {
        let text = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        text.replace('\u{200b}', "").trim().to_owned()
    }

    const PARTS: [&str; 30] = [
        "@",
        "#1",
        "<b>",
        "&lt;",
        "`",
        "``",
        "*",
        "_",
        "~~",
        "[x](http://e.example)",
        "https://e.example",
        "www.e.example",
        "a@e.example",
        "- ",
        "1. ",
        "> ",
        "|",
        "---",
        "$$",
        "$`",
        "[ ]",
        "[^1]",
        "\\",
        "!",
        ":",
        "==",
        "\n",
        "\u{202e}",
        " ",
        "é",
    ];

    proptest::proptest! {
        #[test]
        fn a_reader_sees_the_text_and_no_more(parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 1..9)) {
            let text = parts.concat();
            let shown = clean(&text);
            let html = rendered(&escape(&text));
            let inner = html.trim_end().strip_prefix("<p>").and_then(|h| h.strip_suffix("</p>")).unwrap_or(&html);
            proptest::prop_assert!(!inner.contains('<'), "{html}");
            proptest::prop_assert_eq!(unescaped(inner), shown.trim());

            let html = rendered(&format!("- {} and\n", code(&text)));
            let inner = html.split_once("<code>").and_then(|h| h.1.split_once("</code> and")).map_or("", |h| h.0);
            proptest::prop_assert_eq!(unescaped(inner), shown.trim(), "{}", html);
        }
    }
}
