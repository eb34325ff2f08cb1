//! Microsoft Teams, by a workflow "When a Teams webhook request is received".

use serde_json::{Value, json};

use super::http::Doubles;
use super::text::clean;
use super::{Address, Channel, Http, Notice, SendError};
use crate::history::Found;

/// Bytes of findings in a card: Teams takes 28 KB for all of a message.
const ROOM: usize = 20_000;

/// Posts an adaptive card.
pub struct Teams {
    http: Http,
    to: Address,
}

impl Teams {
    /// The URL of the workflow is its secret.
    pub fn new(http: Http, to: Address) -> Teams {
        Teams { http, to }
    }
}

impl Channel for Teams {
    fn name(&self) -> &str {
        "teams"
    }

    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        self.http.post(&self.to, &[], message(notice).to_string(), Doubles::Shown)
    }
}

fn message(notice: &Notice) -> Value {
    let mut body = vec![
        paragraph(vec![json!({"type": "TextRun", "text": notice.subject(), "size": "Large", "weight": "Bolder"})]),
        paragraph(vec![json!({"type": "TextRun", "text": notice.occasion(), "isSubtle": true})]),
    ];
    body.extend(notice.reason().map(|r| paragraph(vec![run(&r)])));
    let listed = notice.listed();
    let new = listed.new.iter().map(|f| item(f, "New"));
    let items: Vec<Value> = new.chain(listed.fixed.iter().map(|f| item(f, "Fixed"))).collect();
    let mut room = ROOM;
    let fits = |item: &&Value| {
        let size = item.to_string().len();
        room = room.saturating_sub(size);
        room > 0
    };
    let shown: Vec<Value> = items.iter().take_while(fits).cloned().collect();
    let more = listed.more + items.len() - shown.len();
    body.extend(shown);
    if more > 0 {
        body.push(paragraph(vec![run(&format!("and {more} more"))]));
    }
    let actions: Vec<Value> = notice
        .link()
        .map(|p| json!({"type": "Action.OpenUrl", "title": "Open the page", "url": p}))
        .into_iter()
        .collect();
    json!({"type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive",
        "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": body,
            "actions": actions,
        },
    }]})
}

fn item(f: &Found, state: &str) -> Value {
    let mut lines = vec![
        paragraph(vec![
            json!({"type": "TextRun", "text": format!("{state} "), "weight": "Bolder"}),
            json!({"type": "TextRun", "text": f.object(), "fontType": "Monospace"}),
        ]),
        paragraph(vec![run(&format!("{}, {}", clean(&f.rule), f.weight()))]),
    ];
    if state == "New" {
        lines.push(paragraph(vec![run(&f.sentence())]));
    }
    json!({"type": "Container", "separator": true, "items": lines})
}

/// Runs of text are no Markdown, which a `TextBlock` is: nothing has to be escaped.
fn run(text: &str) -> Value {
    json!({"type": "TextRun", "text": text})
}

fn paragraph(runs: Vec<Value>) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notification::notice::tests::hostile;

    #[test]
    fn hostile_text_stays_text_and_within_the_limits() {
        let message = message(&hostile(5000));
        assert!(message.to_string().len() < 28_000, "{}", message.to_string().len());
        assert!(!message.to_string().contains("\"TextBlock\""));
        let card = &message["attachments"][0]["content"];
        let body = card["body"].as_array().unwrap();
        let last = body.last().unwrap()["inlines"][0]["text"].as_str().unwrap();
        let shown = body.len() - 3;
        assert!(shown > 5, "{shown}");
        assert_eq!(last, format!("and {} more", 5001 - shown));
        assert_eq!(card["actions"][0]["url"], "https://audit.example/?a=1&b=2");
    }
}
