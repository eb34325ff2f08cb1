//! What the daemon serves: the page, metrics, its health, the runs.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;

use super::metrics;
use super::status::Statuses;
use crate::history::History;
use crate::report::html::{Page, html, policy};

/// What the job and the server share.
pub struct Shared {
    history: Mutex<History>,
    statuses: Mutex<Statuses>,
    /// The page, until a run is recorded.
    page: Mutex<Option<Arc<String>>>,
}

/// A thread that panicked while it held one of them has left plain data behind.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Shares a history.
    pub fn new(history: History) -> Shared {
        Shared { history: Mutex::new(history), statuses: Mutex::default(), page: Mutex::default() }
    }

    /// The history, while nobody else uses it.
    pub fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    /// What is known of the sources.
    pub fn statuses(&self) -> MutexGuard<'_, Statuses> {
        lock(&self.statuses)
    }

    /// What was recorded is to be on the page.
    pub fn changed(&self) {
        *lock(&self.page) = None;
    }

    fn page(&self) -> Result<Arc<String>> {
        let mut page = lock(&self.page);
        if let Some(known) = &*page {
            return Ok(known.clone());
        }
        let sources: Vec<String> = self.statuses().keys().cloned().collect();
        let text = Arc::new(html(&Page { live: true, ..Page::of_history(&mut self.history(), &sources)? }));
        *page = Some(text.clone());
        Ok(text)
    }
}

/// Where to listen, and who may ask.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// What who asks has to know; if there is none, everybody who reaches the address may ask.
    pub token: Option<String>,
}

#[derive(Clone)]
struct Served {
    shared: Arc<Shared>,
    listen: Arc<Listen>,
}

/// Begins to listen.
///
/// # Errors
/// If the address cannot be had.
pub async fn bind(listen: &Listen) -> Result<TcpListener> {
    TcpListener::bind(listen.address).await.with_context(|| format!("cannot listen on {}", listen.address))
}

/// Serves until `end`.
///
/// # Errors
/// If the socket fails.
pub async fn serve(
    listener: TcpListener,
    listen: Listen,
    shared: Arc<Shared>,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let served = Served { shared, listen: Arc::new(listen) };
    let guarded = Router::new()
        .route("/", get(page))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/runs", get(runs))
        .route_layer(middleware::from_fn_with_state(served.clone(), admit));
    let app = guarded
        // says nothing but that the program runs: a probe has no token
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(middleware::map_response(hardened))
        .with_state(served);
    axum::serve(listener, app).with_graceful_shutdown(end).await.context("the page's server failed")
}

/// Headers that every answer has.
async fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let set = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, nothing);
    }
    response
}

/// Lets in who knows the token: as a bearer, or, for browsers, as the password of any user. Without a token only requests
/// that name an address are let in, so that no web page can make a browser ask under a name of its own.
async fn admit(State(served): State<Served>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    match &served.listen.token {
        Some(token) if knows(headers, token) => next.run(request).await,
        Some(_) => {
            let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"dbaudit: any user, the token as password\"")];
            (StatusCode::UNAUTHORIZED, ask, "a token is needed: Authorization: Bearer …\n").into_response()
        }
        None if names_an_address(headers) => next.run(request).await,
        None => {
            let why = "without a token only an IP address or localhost is answered: start dbaudit with --token-file\n";
            (StatusCode::FORBIDDEN, why).into_response()
        }
    }
}

fn knows(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (scheme, rest) = given.split_once(' ').unwrap_or_default();
    let password = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => base64::engine::general_purpose::STANDARD
            .decode(rest.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.split_once(':').map(|(_, password)| password.to_owned())),
        _ => None,
    };
    // of hashes, so that neither the length nor a first difference shows in the time it takes
    password.is_some_and(|p| Sha256::digest(p).ct_eq(&Sha256::digest(token)).into())
}

fn names_an_address(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

/// Runs what waits for the history or works long, and says what went wrong without its details: they are in the log.
async fn work<T: Send + 'static>(
    served: Served,
    work: impl FnOnce(&Shared) -> Result<T> + Send + 'static,
) -> Result<T, Response> {
    let done = tokio::task::spawn_blocking(move || work(&served.shared)).await;
    match done {
        Ok(Ok(out)) => Ok(out),
        Ok(Err(error)) => {
            eprintln!("error: a request failed: {error:#}");
            Err((StatusCode::INTERNAL_SERVER_ERROR, "the history cannot be read; see the log\n").into_response())
        }
        Err(_) => Err((StatusCode::INTERNAL_SERVER_ERROR, "it failed; see the log\n").into_response()),
    }
}

async fn page(State(served): State<Served>) -> Response {
    match work(served, Shared::page).await {
        Ok(text) => {
            let policy = HeaderValue::from_str(&policy()).unwrap_or(HeaderValue::from_static("default-src 'none'"));
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CONTENT_SECURITY_POLICY, policy),
            ];
            (headers, text.as_str().to_owned()).into_response()
        }
        Err(response) => response,
    }
}

async fn metrics_text(State(served): State<Served>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    let text = metrics::text(&served.shared.statuses());
    (kind, text).into_response()
}

#[derive(Deserialize)]
struct Which {
    source: Option<String>,
    limit: Option<usize>,
}

async fn runs(State(served): State<Served>, Query(which): Query<Which>) -> Response {
    const MOST: usize = 10_000;
    let limit = which.limit.unwrap_or(100).min(MOST);
    let list = work(served, move |shared| shared.history().runs(which.source.as_deref(), limit)).await;
    match list {
        Ok(runs) => Json(serde_json::json!({ "version": 1, "runs": runs })).into_response(),
        Err(response) => response,
    }
}

/// How long requests that are under way may take when the server is to end.
pub const LEAVE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, HeaderValue::from_str(value).unwrap())].into_iter().collect()
    }

    #[test]
    fn who_knows_the_token() {
        let given = |value: &str| knows(&headers(header::AUTHORIZATION, value), "s3cret");
        assert!(given("Bearer s3cret") && given("bearer s3cret"));
        let basic = |text: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
        assert!(given(&basic("anybody:s3cret")));
        for wrong in ["Bearer s3cre", "Bearer s3cret2", "Bearer", "s3cret", "Basic !!!", &basic("s3cret:x"), ""] {
            assert!(!given(wrong), "{wrong}");
        }
        assert!(!knows(&HeaderMap::new(), "s3cret"));
    }

    #[test]
    fn who_names_an_address() {
        let host = |value: &str| names_an_address(&headers(header::HOST, value));
        for good in ["127.0.0.1:8787", "localhost:8787", "LOCALHOST", "[::1]:8787", "10.0.0.7"] {
            assert!(host(good), "{good}");
        }
        for bad in ["evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", ""] {
            assert!(!host(bad), "{bad}");
        }
    }
}
