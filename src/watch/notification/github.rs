//! Issues on GitHub.

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::Doubles;
use super::tracker::{Issue, LABEL, Tracker};
use super::{Address, Http, SendError};
use crate::source::connection::Secret;

/// One open issue for each source in a repository.
pub struct GitHub {
    http: Http,
    repository: Address,
    authorization: Secret,
    name: String,
}

impl GitHub {
    /// `api` is `https://api.github.com` or that of a server of one's own, `repository` is `owner/name`.
    ///
    /// # Errors
    /// If `repository` is none.
    pub fn new(http: Http, api: &Address, repository: &str, token: &Secret) -> Result<GitHub, String> {
        let part = |p: &str| {
            !matches!(p, "" | "." | "..") && p.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        match repository.split_once('/') {
            Some((owner, name)) if part(owner) && part(name) => Ok(GitHub {
                http,
                repository: api.below(&format!("/repos/{owner}/{name}")),
                authorization: Secret::new(format!("Bearer {}", token.expose())),
                name: format!("github={repository}"),
            }),
            _ => Err(format!("'{repository}' is no owner/repository")),
        }
    }

    fn headers(&self) -> [(&str, &str); 3] {
        [
            ("Accept", "application/vnd.github+json"),
            ("Authorization", self.authorization.expose()),
            ("X-GitHub-Api-Version", "2022-11-28"),
        ]
    }
}

#[derive(Deserialize)]
struct Item {
    number: u64,
    body: Option<String>,
    /// Pull requests are listed among issues.
    pull_request: Option<Value>,
}

impl Tracker for GitHub {
    fn place(&self) -> &str {
        &self.name
    }

    fn post(&self, path: &str, body: &Value, fine: &[u16]) -> Result<(), SendError> {
        let to = self.repository.below(path);
        self.http.call(Method::POST, &to, &self.headers(), body.to_string(), Doubles::Recognised, fine).map(drop)
    }

    fn issues(&self) -> Result<Vec<Issue>, SendError> {
        let to = self.repository.below(&format!("/issues?state=open&labels={LABEL}"));
        let items = self.http.list(&to, &self.headers())?.into_iter().filter_map(|v| serde_json::from_value(v).ok());
        let issues = items.filter(|i: &Item| i.pull_request.is_none());
        Ok(issues.map(|i| Issue { number: i.number, body: i.body.unwrap_or_default() }).collect())
    }

    fn comments(&self, number: u64) -> Result<Vec<String>, SendError> {
        let to = self.repository.below(&format!("/issues/{number}/comments?sort=created"));
        let comments = self.http.list(&to, &self.headers())?;
        Ok(comments.iter().filter_map(|c| c["body"].as_str().map(str::to_owned)).collect())
    }

    fn label(&self) -> Result<(), SendError> {
        // 422: there is one
        self.post("/labels", &json!({"name": LABEL, "description": "What dbaudit found"}), &[422])
    }

    fn open(&self, title: &str, body: &str) -> Result<(), SendError> {
        self.post("/issues", &json!({"title": title, "body": body, "labels": [LABEL]}), &[])
    }

    fn comment(&self, number: u64, body: &str) -> Result<(), SendError> {
        self.post(&format!("/issues/{number}/comments"), &json!({"body": body}), &[])
    }
}
