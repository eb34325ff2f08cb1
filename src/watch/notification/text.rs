//! Plain text, and what makes text of a database fit to be shown.

use std::fmt::Write;

use super::notice::Notice;
use crate::history::Found;

/// The text on one line: line breaks and tabs become spaces, other control characters and those that turn the direction
/// of writing or are invisible are left out.
pub(super) fn clean(text: &str) -> String {
    let seen = |c: char| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        // soft hyphen, zero width space, byte order mark; direction marks, embeddings, overrides and isolates; tags
        '\u{ad}' | '\u{200b}' | '\u{feff}' => None,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => None,
        '\u{e0000}'..='\u{e007f}' => None,
        c if c.is_control() => None,
        c => Some(c),
    };
    text.chars().filter_map(seen).collect()
}

/// The first `most` characters, with an ellipsis for the others.
pub(super) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

impl Notice {
    /// The notice as plain text.
    pub fn text(&self) -> String {
        let mut out = format!("{} in {}\n{}\n", self.happened(), self.place(), self.occasion());
        if let Some(reason) = self.reason() {
            let _ = write!(out, "\n{reason}\n");
        }
        let listed = self.listed();
        for (title, found) in [("New", listed.new), ("Fixed", listed.fixed)] {
            if !found.is_empty() {
                let _ = write!(out, "\n{title}\n");
                found.iter().for_each(|f| item(&mut out, f, title == "New"));
            }
        }
        if listed.more > 0 {
            let _ = write!(out, "\nand {} more\n", listed.more);
        }
        if let Some(page) = self.link() {
            let _ = write!(out, "\n{page}\n");
        }
        out
    }
}

fn item(out: &mut String, f: &Found, new: bool) {
    let _ = write!(out, "\n- {}: {}, {}\n", f.object(), clean(&f.rule), f.weight());
    if new {
        let _ = writeln!(out, "  {} [{}]", f.sentence(), clean(&f.fingerprint));
        for line in f.statements() {
            let _ = writeln!(out, "      {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_line_and_shows_what_it_is() {
        assert_eq!(clean("a\r\nBcc: x\tb\0\u{1b}[31m"), "a  Bcc: x b[31m");
        assert_eq!(clean("ad\u{202e}nim\u{2066}\u{200f}\u{e0041}"), "adnim");
        // what scripts need to be written stays
        assert_eq!(clean("می\u{200c}خواهم 👩\u{200d}💻 ünï"), "می\u{200c}خواهم 👩\u{200d}💻 ünï");
    }

    #[test]
    fn a_clip_counts_characters() {
        assert_eq!(clip("äöü", 3), "äöü");
        assert_eq!(clip("äöüß", 3), "äö…");
    }
}
