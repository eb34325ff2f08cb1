//! `--format html`: the report as one page that needs nothing else, neither a server nor a network.
//!
//! The page is written by hand (`page.html`, `page.css`, `script/`) and put together here. What came from a database
//! goes into it as data alone, and reaches the reader as text alone: no name in it can become markup.

mod data;
mod history;
mod policy;
mod schema;

pub use data::{Database, Page, Run};
pub use policy::policy;
pub use schema::{Column, Reference, Schema, Table};

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(
    include_str!("script/dom.js"),
    include_str!("script/data.js"),
    include_str!("script/filter.js"),
    include_str!("script/copy.js"),
    include_str!("script/finding.js"),
    include_str!("script/list.js"),
    include_str!("script/toolbar.js"),
    include_str!("script/overview.js"),
    include_str!("script/plot.js"),
    include_str!("script/layout.js"),
    include_str!("script/table.js"),
    include_str!("script/view.js"),
    include_str!("script/diagram.js"),
    include_str!("script/theme.js"),
    include_str!("script/print.js"),
    include_str!("script/live.js"),
    include_str!("script/main.js"),
);

/// The page as HTML.
pub fn html(page: &Page) -> String {
    let data = escape(&serde_json::to_string(page).unwrap_or_default()); // plain data cannot fail
    let policy = policy::meta(page.live);
    let parts = [("{{policy}}", policy.as_str()), ("{{style}}", STYLE), ("{{data}}", &data), ("{{script}}", SCRIPT)];
    let mut out = String::with_capacity(FRAME.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = FRAME;
    // one pass, so that nothing in the data is taken for a place to fill
    for (place, text) in parts {
        if let Some((before, after)) = rest.split_once(place) {
            out.push_str(before);
            out.push_str(text);
            rest = after;
        }
    }
    out + rest
}

/// JSON that means the same and holds nothing that HTML or JavaScript could read otherwise.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str) -> Page {
        let database = Database { name: name.to_owned(), ..Database::default() };
        Page { databases: vec![database], ..Page::default() }
    }

    #[test]
    fn data_stays_data() {
        let hostile = "</script><script>alert(1)</script><!-- & \u{2028}\u{2029}\u{202e} ' \" {{script}} \\u003c";
        let html = html(&page(hostile));
        let calm = super::html(&page("calm"));
        for part in ["<script", "</script", "<!--", "<style", "\u{2028}", "\u{2029}", "{{data}}"] {
            assert_eq!(html.matches(part).count(), calm.matches(part).count(), "{part}");
        }
        let (_, data) = html.split_once(r#"type="application/json">"#).expect("the data");
        let (data, _) = data.split_once("</script>").expect("its end");
        let read: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(read["databases"][0]["name"], hostile, "and means the same");
    }

    #[test]
    fn every_place_of_the_frame_is_filled_in_its_order() {
        let html = html(&page("calm"));
        assert!(!html.contains("{{"), "a place was left, or comes in another order");
        assert!(html.contains(STYLE) && html.contains(SCRIPT));
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        for text in [FRAME, STYLE, SCRIPT] {
            // the name of SVG's vocabulary is no address that anything is fetched from
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for part in ["http:", "https:", "//cdn", "url(", "@import", " style=", "innerHTML", "eval("] {
                assert!(!text.contains(part), "{part}");
            }
        }
    }
}
