//! What there is to tell.

use serde::{Deserialize, Serialize};

use super::text::{clean, clip};
use crate::history::Found;

/// How many findings a message lists; the others are counted.
const LISTED: usize = 20;

/// One event of a source: findings came or went, or it could not be audited, or can be again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Idempotency key: the same for the same event, however often it is sent.
    pub id: String,
    /// The source's name, without secrets.
    pub source: String,
    /// The run that saw it.
    pub run: String,
    /// When, as RFC 3339 in UTC.
    pub at: String,
    /// Findings that were not there before.
    pub new: Vec<Found>,
    /// Findings that are there no more.
    pub fixed: Vec<Found>,
    /// Why the source could not be audited; told once, when that begins.
    pub failed: Option<String>,
    /// The source can be audited again.
    pub recovered: bool,
    /// URL of the page that shows it, if there is one.
    pub page: Option<String>,
}

impl Found {
    /// What it is about on one line: `public.show (user_id, slot)`. Control characters are gone, markup is not.
    pub(super) fn object(&self) -> String {
        let columns = if self.columns.is_empty() { String::new() } else { format!(" ({})", self.columns.join(", ")) };
        clip(&clean(&format!("{}.{}{columns}", self.schema, self.table)), 150)
    }

    /// The message on one line, likewise.
    pub(super) fn sentence(&self) -> String {
        clip(&clean(&self.message), 300)
    }

    /// The lines of the SQL, likewise.
    pub(super) fn statements(&self) -> Vec<String> {
        clip(&self.sql, 1000).lines().map(clean).collect()
    }

    /// How bad and how sure.
    pub(super) fn weight(&self) -> String {
        format!("{} severity, {} confidence", self.severity, self.confidence)
    }
}

/// The findings that a message lists.
pub(super) struct Listed<'a> {
    pub new: &'a [Found],
    pub fixed: &'a [Found],
    /// How many are left out.
    pub more: usize,
}

impl Notice {
    /// One line of plain text: what happened, how often, where.
    pub fn subject(&self) -> String {
        format!("dbaudit: {} in {}", self.happened(), self.place())
    }

    /// What happened, without the place.
    pub(super) fn happened(&self) -> String {
        let counted = |n: usize, what: &str, state: &str| match n {
            0 => None,
            1 => Some(format!("1 {what}finding{state}")),
            n => Some(format!("{n} {what}findings{state}")),
        };
        let said = [
            self.failed.as_ref().map(|_| "the audit failed".to_owned()),
            self.recovered.then(|| "the audit works again".to_owned()),
            counted(self.new.len(), "new ", ""),
            counted(self.fixed.len(), "", " fixed"),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        if said.is_empty() { "nothing new".to_owned() } else { said.join(", ") }
    }

    /// The source on one line. Control characters are gone, markup is not.
    pub(super) fn place(&self) -> String {
        clip(&clean(&self.source), 200)
    }

    /// Why it failed, likewise.
    pub(super) fn reason(&self) -> Option<String> {
        self.failed.as_ref().map(|f| clip(&clean(f), 1000))
    }

    /// When and in which run, likewise.
    pub(super) fn occasion(&self) -> String {
        clip(&clean(&format!("{}, run {}", self.at, self.run)), 200)
    }

    /// The page, if its URL is one that can be put anywhere.
    pub(super) fn link(&self) -> Option<&str> {
        let plain = |c: char| c.is_ascii_graphic() && !"<>\"'`()[]\\|*".contains(c);
        let web = |p: &&str| p.starts_with("https://") || p.starts_with("http://");
        self.page.as_deref().filter(|p| p.chars().all(plain)).filter(web)
    }

    /// At most `LISTED` findings, the new ones first.
    pub(super) fn listed(&self) -> Listed<'_> {
        let new = self.new.len().min(LISTED);
        let fixed = self.fixed.len().min(LISTED - new);
        let more = self.new.len() + self.fixed.len() - new - fixed;
        Listed { new: &self.new[..new], fixed: &self.fixed[..fixed], more }
    }

    /// Everything as JSON, for programs: nothing is cut or escaped. Version 1; see docs/notification.md.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Payload<'a> {
            version: u32,
            dbaudit: &'static str,
            subject: String,
            #[serde(flatten)]
            notice: &'a Notice,
        }
        let payload = Payload { version: 1, dbaudit: env!("CARGO_PKG_VERSION"), subject: self.subject(), notice: self };
        // serialising plain structs with string keys cannot fail
        serde_json::to_string(&payload).unwrap_or_default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::evidence::{Confidence, Severity};

    /// A notice of so many new findings and a fixed one, with names that want to be more than names.
    pub fn hostile(new: usize) -> Notice {
        let found = Found {
            rule: "missing-unique-pair".to_owned(),
            severity: Severity::High,
            confidence: Confidence::Medium,
            schema: "public".to_owned(),
            table: "<!channel> `<script>` @everyone\r\n/close \u{202e}live".to_owned(),
            columns: vec!["a*b*".to_owned(), "[x](http://evil.example)".to_owned()],
            state: "41e95493".to_owned(),
            guard: "unique".to_owned(),
            message: format!("{} can hold the same twice & #12 <b>\0", "ü<&>".repeat(200)),
            fingerprint: "26811e480358f228".to_owned(),
            sql: "CREATE UNIQUE INDEX \"```\" ON t (a);\nANALYZE t;".to_owned(),
        };
        Notice {
            id: "7/42".to_owned(),
            source: "postgresql://auditor@db.example.com/shop <!here>".to_owned(),
            run: "42".to_owned(),
            at: "2026-11-25T14:00:00Z".to_owned(),
            new: vec![found.clone(); new],
            fixed: vec![found],
            failed: None,
            recovered: false,
            page: Some("https://audit.example/?a=1&b=2".to_owned()),
        }
    }

    #[test]
    fn a_subject_counts() {
        let mut notice = Notice { source: "shop\nBcc: x".to_owned(), ..hostile(1) };
        assert_eq!(notice.subject(), "dbaudit: 1 new finding, 1 finding fixed in shop Bcc: x");
        notice.new.push(notice.new[0].clone());
        notice.fixed.push(notice.new[0].clone());
        notice.recovered = true;
        assert_eq!(notice.happened(), "the audit works again, 2 new findings, 2 findings fixed");
        let failed = Notice { failed: Some("no route".to_owned()), fixed: vec![], ..hostile(0) };
        assert_eq!(failed.happened(), "the audit failed");
    }

    #[test]
    fn a_message_lists_twenty() {
        let notice = hostile(30);
        let listed = notice.listed();
        assert_eq!((listed.new.len(), listed.fixed.len(), listed.more), (20, 0, 11));
        assert!(notice.text().contains("\nand 11 more\n") && notice.markdown().contains("\nand 11 more\n"));
        assert!(notice.markdown().len() < 65_536, "what GitHub takes: {}", notice.markdown().len());
        let listed = hostile(5).listed().fixed.len();
        assert_eq!(listed, 1);
    }

    #[test]
    fn json_holds_everything_as_it_is() {
        let notice = hostile(30);
        let json: serde_json::Value = serde_json::from_str(&notice.json()).unwrap();
        assert_eq!((&json["version"], &json["new"][29]["severity"]), (&1.into(), &"high".into()));
        assert_eq!(json["new"][0]["table"], notice.new[0].table);
        assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice);
    }

    #[test]
    fn a_page_is_linked_if_it_is_one() {
        for page in ["javascript:alert(1)", "https://a b", "https://a>b", "https://a\u{202e}b"] {
            assert_eq!(Notice { page: Some(page.to_owned()), ..hostile(0) }.link(), None, "{page}");
        }
        assert!(hostile(0).link().is_some());
    }
}
