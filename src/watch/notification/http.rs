//! HTTP as the channels need it: one request, one answer, in bounded time, nothing followed, nothing kept.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use serde_json::Value;
use ureq::http::{Method, Request, StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Error, Timeout};

use super::SendError;
use crate::source::connection::Secret;

/// More than a hundred issues with the longest bodies that there are.
const LARGEST_ANSWER: u64 = 32 << 20;
/// Items on a page of a list, and pages that are read: of more than 10,000 the last are not seen.
const PAGE: usize = 100;
const PAGES: usize = 100;

/// How long a receiver may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To be connected to, TLS included.
    pub connect: Duration,
    /// For all of a request.
    pub total: Duration,
}

impl Default for Limits {
    /// 10 and 30 seconds.
    fn default() -> Limits {
        Limits { connect: Duration::from_secs(10), total: Duration::from_secs(30) }
    }
}

/// Where to send: a URL that may hold a secret in its path, and the host, which may be shown.
#[derive(Debug, Clone)]
pub struct Address {
    url: Secret,
    host: String,
}

impl Address {
    /// Checks the URL.
    ///
    /// # Errors
    /// If it is none of HTTP or HTTPS. The text does not show it.
    pub fn new(url: &str) -> Result<Address, String> {
        let uri: Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("does not begin with https:// or http://".to_owned());
        }
        let host = uri.host().filter(|h| !h.is_empty()).ok_or("names no host")?;
        Ok(Address { host: host.to_owned(), url: Secret::new(url) })
    }

    /// The address of something below it. `path` begins with a slash and is escaped.
    pub(super) fn below(&self, path: &str) -> Address {
        let base = self.url.expose().trim_end_matches('/');
        Address { url: Secret::new(format!("{base}{path}")), host: self.host.clone() }
    }
}

/// What happens if a receiver is told the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubles {
    /// It can recognise it.
    Recognised,
    /// It shows it twice, so that what may have arrived is not sent again.
    Shown,
}

/// A client that all channels share.
#[derive(Debug, Clone)]
pub struct Http(ureq::Agent);

impl Http {
    /// Trusts the system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them) and uses the proxy of
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub fn new(limits: Limits) -> Http {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots = RootCerts::from(roots.iter().map(|c| Certificate::from_der(c).to_owned()));
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("dbaudit/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            // hours pass between two notices: what was kept open would be dead
            .max_idle_connections(0)
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.total))
            .build();
        Http(config.into())
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// If the answer is no success.
    pub(super) fn post(
        &self,
        to: &Address,
        headers: &[(&str, &str)],
        json: String,
        doubles: Doubles,
    ) -> Result<(), SendError> {
        self.call(Method::POST, to, headers, json, doubles, &[])?;
        Ok(())
    }

    /// The items of a list that comes in pages, as GitHub and GitLab have them. `to` has a query already.
    ///
    /// # Errors
    /// If the answer is no success, or no list.
    pub(super) fn list(&self, to: &Address, headers: &[(&str, &str)]) -> Result<Vec<Value>, SendError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let to = Address {
                url: Secret::new(format!("{}&per_page={PAGE}&page={page}", to.url.expose())),
                host: to.host.clone(),
            };
            let body = self.call(Method::GET, &to, headers, String::new(), Doubles::Recognised, &[])?;
            let items: Vec<Value> = serde_json::from_slice(&body)
                .map_err(|_| SendError::new(format!("{}: answered no JSON list", to.host), false))?;
            let last = items.len() < PAGE;
            all.extend(items);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// One request, and the body of its answer. Statuses of `fine` are as good as success.
    pub(super) fn call(
        &self,
        method: Method,
        to: &Address,
        headers: &[(&str, &str)],
        json: String,
        doubles: Doubles,
        fine: &[u16],
    ) -> Result<Vec<u8>, SendError> {
        let host = &to.host;
        let mut request = Request::builder().method(method.clone()).uri(to.url.expose());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = if method == Method::GET {
            request.body(()).map_err(Error::from).and_then(|r| self.0.run(r))
        } else {
            request
                .header("Content-Type", "application/json")
                .body(json)
                .map_err(Error::from)
                .and_then(|r| self.0.run(r))
        };
        let mut response = response.map_err(|e| broken(host, &e, doubles))?;
        let status = response.status();
        if !status.is_success() && !fine.contains(&status.as_u16()) {
            let after = response.headers().get("Retry-After").and_then(|v| retry_after(v.to_str().ok()?));
            return Err(refused(host, status, after, doubles));
        }
        // a receiver has what it was sent, whatever becomes of the rest of its answer
        let body = response.body_mut().with_config().limit(LARGEST_ANSWER).read_to_vec();
        match method {
            Method::GET => body.map_err(|e| broken(host, &e, doubles)),
            _ => Ok(body.unwrap_or_default()),
        }
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).unwrap_or_default()),
    }
}

fn refused(host: &str, status: StatusCode, after: Option<Duration>, doubles: Doubles) -> SendError {
    let meaning = match status.as_u16() {
        300..=399 => "; redirects are not followed: name the final address",
        401 => "; it does not accept the token or the URL",
        403 | 404 | 410 => "; the address is gone, or not for this token",
        _ => "",
    };
    let retry = match status.as_u16() {
        // GitHub's way to say 429
        403 => after.is_some(),
        408 | 425 | 429 | 500 | 503 => true,
        // somebody in between has not heard the end of it
        502 | 504 => doubles == Doubles::Recognised,
        other => other > 504,
    };
    SendError { text: format!("{host}: answered {status}{meaning}"), retry, after: after.filter(|_| retry) }
}

/// The reason in own words: those of libraries may show the URL.
fn broken(host: &str, error: &Error, doubles: Doubles) -> SendError {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let (reason, unsent) = match error {
        Error::HostNotFound => ("its name is not known".to_owned(), true),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => ("cannot be reached in time".to_owned(), true),
        Error::Timeout(_) => ("did not answer in time".to_owned(), false),
        Error::ConnectionFailed => ("cannot be reached".to_owned(), true),
        Error::ConnectProxyFailed(_) => ("the proxy does not connect to it".to_owned(), true),
        Error::Io(e) if matches!(e.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable) => {
            (e.kind().to_string(), true)
        }
        // the standard library has no kind for it
        Error::Io(e) if e.to_string().starts_with("failed to lookup address") => {
            ("its name is not known".to_owned(), true)
        }
        Error::Io(e) => match tls(e) {
            Some(tls) => return without_tls(host, tls),
            None => (format!("the connection broke: {}", e.kind()), false),
        },
        Error::Rustls(tls) => return without_tls(host, tls),
        Error::Http(_) => {
            return SendError::new(format!("{host}: a secret has characters that HTTP does not take"), false);
        }
        _ => ("did not answer as HTTP has it".to_owned(), false),
    };
    SendError::new(format!("{host}: {reason}"), unsent || doubles == Doubles::Recognised)
}

/// What rustls says, where it speaks as a connection does.
pub(super) fn tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// A certificate does not get better by itself.
pub(super) fn without_tls(host: &str, error: &rustls::Error) -> SendError {
    SendError::new(format!("{host}: no TLS: {error}"), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_ask_for_time_in_two_ways() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        let after = retry_after(&soon).unwrap();
        assert!(after > Duration::from_secs(57) && after <= Duration::from_secs(60), "{after:?}");
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO), "long ago");
        assert_eq!(retry_after("soon"), None);
        assert_eq!(retry_after("-1"), None);
    }

    #[test]
    fn what_may_have_arrived_is_not_sent_again_where_it_would_show() {
        let retry = |status, doubles| refused("h", StatusCode::from_u16(status).unwrap(), None, doubles).retry;
        for status in [429, 500, 503] {
            assert!(retry(status, Doubles::Shown), "{status}");
        }
        assert!(retry(504, Doubles::Recognised) && !retry(504, Doubles::Shown));
        for status in [301, 400, 401, 403, 404, 413, 422, 501] {
            assert!(!retry(status, Doubles::Recognised), "{status}");
        }
    }

    #[test]
    fn an_address_shows_its_host_alone() {
        let address = Address::new("https://user:hush@hooks.example/services/T0/hush").unwrap();
        assert_eq!(address.host, "hooks.example");
        assert!(!format!("{address:?}").contains("hush"));
        for wrong in ["", "hush", "ftp://hush/", "https:///hush", "https://a b/hush"] {
            assert!(!Address::new(wrong).unwrap_err().contains("hush"), "{wrong}");
        }
    }
}
