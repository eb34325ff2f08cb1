//! A web hook of one's own: the notice as JSON.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::http::Doubles;
use super::{Address, Channel, Http, Notice, SendError};
use crate::source::connection::Secret;

/// Posts [`Notice::json`] with the notice's id as `Idempotency-Key`, signed if there is a key.
pub struct Webhook {
    http: Http,
    to: Address,
    key: Option<Secret>,
}

impl Webhook {
    /// A web hook, and the key of its signatures.
    pub fn new(http: Http, to: Address, key: Option<Secret>) -> Webhook {
        Webhook { http, to, key }
    }
}

impl Channel for Webhook {
    fn name(&self) -> &str {
        "webhook"
    }

    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let json = notice.json();
        let signature = self.key.as_ref().map(|k| signature(k, &json));
        let mut headers = vec![("Idempotency-Key", notice.id.as_str())];
        headers.extend(signature.as_deref().map(|s| ("X-Dbaudit-Signature", s)));
        self.http.post(&self.to, &headers, json, Doubles::Recognised)
    }
}

/// HMAC-SHA256 of the body in hexadecimal, in the way of GitHub's web hooks.
fn signature(key: &Secret, body: &str) -> String {
    // a key may have any length, so that none is refused
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) else { return String::new() };
    let digest = mac.chain_update(body).finalize().into_bytes();
    format!("sha256={}", digest.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    #[test]
    fn signatures_are_those_of_others() {
        assert_eq!(
            signature(&Secret::new("It's a Secret to Everybody"), "Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
