//! E-mail by SMTP.

use std::error::Error;
use std::io::ErrorKind;
use std::sync::mpsc;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Message, SmtpTransport, Transport};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Channel, Notice, SendError, http};
use crate::guard::hex;
use crate::source::connection::Secret;

/// One message to all recipients, with a `Message-ID` by which a second copy is recognised.
pub struct Email {
    to: Vec<Mailbox>,
    from: Mailbox,
    server: SmtpTransport,
    host: String,
    name: String,
    limit: Duration,
}

/// Replies of the longest kind that a whole dialogue may take.
const REPLIES: u32 = 4;

impl Email {
    /// `to` is a list of addresses with commas between them, `url` is `smtps://user:password@host` (TLS, port 465) or
    /// `smtp://…` (STARTTLS, port 587; `?tls=none` without, for a relay on this machine that wants no password). The
    /// server may take `limit` for one of its replies, and four times that for all of them.
    ///
    /// # Errors
    /// If one of them cannot be understood. The text does not show the URL.
    pub fn new(to: &str, from: &str, url: &Secret, limit: Duration) -> Result<Email, String> {
        let mailbox = |text: &str| text.trim().parse::<Mailbox>().map_err(|_| format!("'{text}' is no e-mail address"));
        let addresses = to.split(',').map(mailbox).collect::<Result<Vec<_>, _>>()?;
        let listed: Vec<String> = addresses.iter().map(|m| m.email.to_string()).collect();
        let (server, host) = server(url, limit)?;
        Ok(Email {
            to: addresses,
            from: mailbox(from)?,
            server,
            host,
            name: format!("email={}", listed.join(",")),
            limit: limit * REPLIES,
        })
    }

    fn message(&self, notice: &Notice) -> Result<Message, lettre::error::Error> {
        let id = format!("<{}@{}>", hex(&format!("{} {}", self.name, notice.id), 16), self.from.email.domain());
        let to = self.to.iter().cloned();
        let mut message = to
            .fold(Message::builder().from(self.from.clone()), |m, recipient| m.to(recipient))
            .subject(notice.subject())
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .body(notice.text())?;
        // no "I am on vacation" comes back
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok(message)
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> SendError {
        let host = &self.host;
        match error.status().map(u16::from) {
            Some(code @ (530 | 534 | 535 | 538)) => {
                SendError::new(format!("{host}: answered {code}; it does not accept the user and password"), false)
            }
            Some(code) => SendError::new(format!("{host}: answered {code}"), error.is_transient()),
            None if error.is_client() => {
                SendError::new(format!("{host}: lacks what is needed: STARTTLS, a way to sign in, or UTF-8"), false)
            }
            None => match io_error(error) {
                Some(e) if matches!(e.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                    SendError::new(format!("{host}: did not answer in time"), true)
                }
                Some(e) => match http::tls(e) {
                    Some(tls) => http::without_tls(host, tls),
                    None => SendError::new(format!("{host}: cannot be reached, or the connection broke"), true),
                },
                None => SendError::new(format!("{host}: did not answer as SMTP has it"), true),
            },
        }
    }
}

impl Channel for Email {
    fn name(&self) -> &str {
        &self.name
    }

    fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let message =
            self.message(notice).map_err(|e| SendError::new(format!("no message could be made: {e}"), false))?;
        // beside this thread: a server that goes on saying a little would never be done
        let (server, (tell, told)) = (self.server.clone(), mpsc::channel());
        let dialogue = move || drop(tell.send(server.send(&message)));
        let late = || SendError::new(format!("{}: did not answer in time", self.host), true);
        std::thread::Builder::new().spawn(dialogue).map_err(|_| late())?;
        told.recv_timeout(self.limit).map_err(|_| late())?.map_err(|e| self.failed(&e))?;
        Ok(())
    }
}

/// The error of the connection, below those of SMTP.
fn io_error(error: &lettre::transport::smtp::Error) -> Option<&std::io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref() {
            return Some(io);
        }
        cause = error.source();
    }
    None
}

fn server(url: &Secret, limit: Duration) -> Result<(SmtpTransport, String), String> {
    let url = Url::parse(url.expose()).map_err(|_| "is no URL".to_owned())?;
    let host = url.host_str().filter(|h| !h.is_empty()).ok_or("names no host")?;
    let user = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let credentials = url.password().map(|p| Credentials::new(user(url.username()), user(p)));
    let builder = match (url.scheme(), url.query()) {
        ("smtps", None) => SmtpTransport::relay(host),
        ("smtp", None) => SmtpTransport::starttls_relay(host),
        ("smtp", Some("tls=none")) if credentials.is_some() => {
            return Err("would send the password without TLS".to_owned());
        }
        ("smtp", Some("tls=none")) => Ok(SmtpTransport::builder_dangerous(host)),
        _ => return Err("does not have the form smtps://user:password@host:port or smtp://…".to_owned()),
    };
    let mut builder =
        builder.map_err(|_| "names a host that no certificate can be for".to_owned())?.timeout(Some(limit));
    if let Some(port) = url.port() {
        builder = builder.port(port);
    }
    if let Some(credentials) = credentials {
        builder = builder.credentials(credentials);
    }
    Ok((builder.build(), host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notification::notice::tests::hostile;

    fn email(to: &str, url: &str) -> Result<Email, String> {
        Email::new(to, "dbaudit@example.com", &Secret::new(url), Duration::from_secs(1))
    }

    #[test]
    fn no_name_of_a_database_makes_a_header() {
        let email = email("Ops <ops@example.com>, dba@example.com", "smtps://u:p@mail.example.com").unwrap();
        assert_eq!(email.name(), "email=ops@example.com,dba@example.com");
        let mut notice = hostile(1);
        notice.source = "shop\r\nBcc: thief@example.org\r\n\r\nbody".to_owned();
        let message = String::from_utf8(email.message(&notice).unwrap().formatted()).unwrap();
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|l| l.starts_with("Bcc")), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated") && head.contains("@example.com>"), "{head}");
        let id = |m: Message| m.headers().get_raw("Message-ID").unwrap().to_owned();
        assert_eq!(id(email.message(&notice).unwrap()), id(email.message(&notice).unwrap()), "a double is recognised");
    }

    #[test]
    fn a_wrong_setting_is_told_without_its_secret() {
        for url in ["", "hush", "https://u:hush@h", "smtp://u:hush@h?tls=none", "smtps://u:hush@h?x=hush", "smtp://"] {
            let told = email("a@example.com", url).err().unwrap();
            assert!(!told.contains("hush"), "{told}");
        }
        assert_eq!(email("a@example.com,b", "smtp://h").err().unwrap(), "'b' is no e-mail address");
    }
}
