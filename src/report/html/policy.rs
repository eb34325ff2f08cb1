//! What the page may do: run its own script, wear its own style, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{SCRIPT, STYLE};

/// The Content-Security-Policy for the header of a page that is served.
pub fn policy() -> String {
    // a page cannot ask this for itself, a header can
    format!("{}; frame-ancestors 'none'", meta(true))
}

/// The policy that the page carries itself; one that is live asks its own server for news.
pub(super) fn meta(live: bool) -> String {
    let connect = if live { "; connect-src 'self'" } else { "" };
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'{connect}",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::super::{Page, html};
    use super::*;

    #[test]
    fn hashes_are_those_of_what_stands_between_the_tags() {
        let html = html(&Page::default());
        for (open, close, directive) in [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
        {
            let inner = html.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map(|(inner, _)| inner);
            let expected = hash(inner.unwrap_or_default());
            assert!(html.contains(&format!("{directive} '{expected}'")), "{directive}");
        }
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn only_a_live_page_may_ask_its_server() {
        assert!(!meta(false).contains("connect-src"));
        assert!(policy().contains("connect-src 'self'") && policy().contains("frame-ancestors 'none'"));
        assert!(!policy().contains("unsafe"));
    }
}
