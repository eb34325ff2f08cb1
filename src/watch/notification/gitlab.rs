//! Issues on GitLab.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::Doubles;
use super::tracker::{Issue, LABEL, Tracker};
use super::{Address, Http, SendError};
use crate::source::connection::Secret;

/// One open issue for each source in a project.
pub struct GitLab {
    http: Http,
    project: Address,
    token: Secret,
    name: String,
}

impl GitLab {
    /// `api` is `https://gitlab.com/api/v4` or that of a server of one's own, `project` is `group/project`, with groups
    /// within groups, too.
    ///
    /// # Errors
    /// If `project` is none.
    pub fn new(http: Http, api: &Address, project: &str, token: &Secret) -> Result<GitLab, String> {
        if !project.contains('/')
            || project.split('/').any(|p| matches!(p, "" | "." | ".."))
            || project.contains(char::is_whitespace)
        {
            return Err(format!("'{project}' is no group/project"));
        }
        let id = utf8_percent_encode(project, NON_ALPHANUMERIC);
        Ok(GitLab {
            http,
            project: api.below(&format!("/projects/{id}")),
            token: token.clone(),
            name: format!("gitlab={project}"),
        })
    }

    fn headers(&self) -> [(&str, &str); 1] {
        [("PRIVATE-TOKEN", self.token.expose())]
    }
}

#[derive(Deserialize)]
struct Item {
    iid: u64,
    description: Option<String>,
}

impl Tracker for GitLab {
    fn place(&self) -> &str {
        &self.name
    }

    fn post(&self, path: &str, body: &Value, fine: &[u16]) -> Result<(), SendError> {
        let to = self.project.below(path);
        self.http.call(Method::POST, &to, &self.headers(), body.to_string(), Doubles::Recognised, fine).map(drop)
    }

    fn issues(&self) -> Result<Vec<Issue>, SendError> {
        let to = self.project.below(&format!("/issues?state=opened&labels={LABEL}"));
        let items = self.http.list(&to, &self.headers())?.into_iter().filter_map(|v| serde_json::from_value(v).ok());
        Ok(items.map(|i: Item| Issue { number: i.iid, body: i.description.unwrap_or_default() }).collect())
    }

    fn comments(&self, number: u64) -> Result<Vec<String>, SendError> {
        let to = self.project.below(&format!("/issues/{number}/notes?order_by=created_at"));
        let notes = self.http.list(&to, &self.headers())?;
        Ok(notes.iter().filter_map(|n| n["body"].as_str().map(str::to_owned)).collect())
    }

    fn label(&self) -> Result<(), SendError> {
        // 409: there is one
        self.post("/labels", &json!({"name": LABEL, "color": "#6699cc", "description": "What dbaudit found"}), &[409])
    }

    fn open(&self, title: &str, body: &str) -> Result<(), SendError> {
        self.post("/issues", &json!({"title": title, "description": body, "labels": LABEL}), &[])
    }

    fn comment(&self, number: u64, body: &str) -> Result<(), SendError> {
        self.post(&format!("/issues/{number}/notes"), &json!({"body": body}), &[])
    }
}
