//! Slack's incoming web hooks.

use serde_json::{Value, json};

use super::http::Doubles;
use super::text::{clean, clip};
use super::{Address, Channel, Http, Notice, SendError};
use crate::history::Found;

/// Characters that Slack takes in a header.
const HEADER: usize = 150;

/// Posts a message of blocks.
pub struct Slack {
    http: Http,
    to: Address,
}

impl Slack {
    /// The URL of the web hook is its secret.
    pub fn new(http: Http, to: Address) -> Slack {
        Slack { http, to }
    }
}

impl Channel for Slack {
    fn name(&self) -> &str {
        "slack"
    }

    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.http.post(&self.to, &[], message(notice).to_string(), Doubles::Shown)
    }
}

/// At most 25 blocks, of the 50 that Slack takes.
fn message(notice: &Notice) -> Value {
    let subject = notice.subject();
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": clip(&subject, HEADER), "emoji": false}}),
        json!({"type": "context", "elements": [mrkdwn(&escape(&notice.occasion()))]}),
    ];
    let listed = notice.listed();
    let reason = notice.reason().map(|r| escape(&r));
    let more = (listed.more > 0).then(|| format!("and {} more", listed.more));
    let page = notice.link().map(|p| format!("<{}|Open the page>", p.replace('&', "&amp;")));
    let texts = reason
        .into_iter()
        .chain(listed.new.iter().map(|f| item(f, "New")))
        .chain(listed.fixed.iter().map(|f| item(f, "Fixed")))
        .chain(more)
        .chain(page);
    blocks.extend(texts.map(|t| json!({"type": "section", "text": mrkdwn(&t)})));
    // what notifications and old clients show instead of the blocks
    json!({"text": escape(&subject), "blocks": blocks})
}

fn item(f: &Found, state: &str) -> String {
    let sentence = if state == "New" { format!("\n{}", escape(&f.sentence())) } else { String::new() };
    format!("*{state}* `{}`\n{}, {}{sentence}", escape(&f.object()), escape(&f.rule), f.weight())
}

/// `verbatim`: Slack makes no links and mentions of its own of what looks like one.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// The three characters that Slack has an escape for; a backtick has none and would end the code.
fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notification::notice::tests::hostile;

    #[test]
    fn hostile_text_stays_text_and_within_the_limits() {
        let message = message(&hostile(5000));
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50, "{}", blocks.len());
        for block in blocks {
            let text = block["text"]["text"].as_str().unwrap_or_default();
            assert!(text.chars().count() <= 3000, "{text}");
            assert!(!text.contains("<!channel>") && !text.contains("<script>"), "{text}");
        }
        let first = blocks[2]["text"]["text"].as_str().unwrap();
        assert!(first.starts_with("*New* `public.&lt;!channel&gt; '"), "{first}");
        assert_eq!(blocks[22]["text"]["text"], "and 4981 more");
        assert_eq!(blocks[23]["text"]["text"], "<https://audit.example/?a=1&amp;b=2|Open the page>");
    }
}
