//! Putting what the network, TLS, the driver and the server say into words.

use super::connect::Peer;
use super::error::ConnectError;
use super::settings::{Roots, SslMode};
use rustls::{AlertDescription, CertificateError};
use std::error::Error as _;
use std::io;
use tokio_postgres::error::SqlState;

impl Peer {
    pub(super) fn no_tls(&self) -> ConnectError {
        let mode = match self.settings.tls.mode {
            SslMode::VerifyFull => "verify-full",
            SslMode::VerifyCa => "verify-ca",
            SslMode::Require => "require",
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => "prefer",
        };
        ConnectError::NoTls { server: self.label(), mode }
    }

    pub(super) fn closed(&self, encrypted: bool) -> ConnectError {
        let hint = if encrypted && self.settings.tls.client.is_none() {
            " (it may want a client certificate: sslcert=FILE and sslkey=FILE)"
        } else if encrypted {
            " (it may not accept the client certificate)"
        } else {
            ""
        };
        ConnectError::ClosedEarly { server: self.label(), hint }
    }

    pub(super) fn not_postgres(&self, answer: &[u8]) -> ConnectError {
        let found = match answer {
            [b'H', b'T', b'T', b'P', ..] => "an HTTP server",
            [b'S', b'S', b'H', b'-', ..] => "an SSH server",
            [0x15 | 0x16, 3, ..] => "a TLS server of another kind",
            _ => "something else",
        };
        ConnectError::NotPostgres { server: self.label(), found, hint: self.port_hint() }
    }

    pub(super) fn port_hint(&self) -> &'static str {
        match self.host.port {
            80 | 443 | 8080 | 8443 => " (CockroachDB has its web console on 8080, SQL on 26257)",
            _ => "",
        }
    }

    /// Puts an error of the driver into words.
    pub(super) fn explain(&self, error: &tokio_postgres::Error, encrypted: bool) -> ConnectError {
        let server = self.label();
        if let Some(error) = error.as_db_error() {
            let said = match error.hint() {
                Some(hint) => format!("{}; {hint}", error.message()),
                None => error.message().to_owned(),
            };
            return self.explain_refusal(error.code(), said);
        }
        if error.is_closed() {
            return self.closed(encrypted);
        }
        let Some(source) = error.source() else {
            return self.not_postgres(&[]);
        };
        if let Some(error) = source.downcast_ref::<io::Error>() {
            if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return self.explain_tls(error);
            }
            return match error.kind() {
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => self.closed(encrypted),
                // What arrived does not parse.
                _ => self.not_postgres(&[]),
            };
        }
        if self.host.password.is_none() && source.to_string() == "password missing" {
            return ConnectError::PasswordNeeded { server, user: self.settings.user.clone() };
        }
        ConnectError::Authentication { server, detail: source.to_string() }
    }

    /// The server's own refusal.
    fn explain_refusal(&self, code: &SqlState, message: String) -> ConnectError {
        let server = self.label();
        let without_tls =
            ["SSL connection required", "SSL/TLS required", "no encryption", "SSL off", "sslmode=require"];
        if without_tls.iter().any(|words| message.contains(words)) {
            return ConnectError::TlsRequired { server, message };
        }
        match code.code() {
            "28P01" | "28000" => self.login_refused(message),
            "3D000" => ConnectError::UnknownDatabase { server, message },
            "53300" => ConnectError::TooManyConnections { server, message },
            "57P01" | "57P02" | "57P03" => ConnectError::NotReady { server, message },
            // Old CockroachDB versions have no code for it.
            _ if message.contains("authentication failed") => self.login_refused(message),
            code => ConnectError::Server { server, code: code.to_owned(), message },
        }
    }

    fn login_refused(&self, message: String) -> ConnectError {
        let advice = match (&self.host.password, &self.settings.tls.client) {
            (Some(password), _) => format!("check user and password (it came from {})", password.origin),
            (None, Some((certificate, _))) => {
                format!("check that the client certificate {} is made for this user", certificate.display())
            }
            (None, None) => {
                "give a password with PGPASSWORD or ~/.pgpass, or a client certificate with sslcert and sslkey"
                    .to_owned()
            }
        };
        ConnectError::LoginRefused { server: self.label(), user: self.settings.user.clone(), message, advice }
    }

    fn explain_tls(&self, error: &rustls::Error) -> ConnectError {
        let server = self.label();
        match error {
            rustls::Error::InvalidCertificate(error) => self.explain_certificate(error),
            rustls::Error::AlertReceived(
                alert @ (AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied),
            ) => {
                let detail = format!("{alert:?}");
                match &self.settings.tls.client {
                    Some((path, _)) => ConnectError::ClientCertificateRefused {
                        server,
                        certificate: path.display().to_string(),
                        detail,
                    },
                    None => ConnectError::ClientCertificateNeeded { server, detail },
                }
            }
            other => ConnectError::Tls { server, detail: other.to_string() },
        }
    }

    fn explain_certificate(&self, error: &CertificateError) -> ConnectError {
        let server = self.label();
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => self.unknown_authority(),
            CertificateError::Other(error) => match error.to_string().as_str() {
                // One that vouches for itself.
                "CaUsedAsEndEntity" => self.unknown_authority(),
                "UnsupportedCertVersion" => ConnectError::BadCertificate {
                    server,
                    detail: "it is of X.509 version 1, which names no hosts".to_owned(),
                },
                detail => ConnectError::BadCertificate { server, detail: detail.to_owned() },
            },
            CertificateError::ExpiredContext { time, not_after } => {
                let hours = time.as_secs().saturating_sub(not_after.as_secs()) / 3600;
                let ago = if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) };
                ConnectError::Expired { server, ago }
            }
            CertificateError::NotValidYetContext { .. } => ConnectError::NotYetValid { server },
            CertificateError::NotValidForNameContext { presented, .. } => {
                // rustls writes them as DnsName("db.example.com") and IpAddress(127.0.0.1).
                let bare = |name: &String| {
                    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
                    inner.trim_matches('"').to_owned()
                };
                let names = if presented.is_empty() {
                    "no host at all (it has no subjectAltName)".to_owned()
                } else {
                    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
                };
                ConnectError::WrongHostName { server, host: self.name().to_owned(), names }
            }
            other => ConnectError::BadCertificate { server, detail: other.to_string() },
        }
    }

    fn unknown_authority(&self) -> ConnectError {
        let trusted = match &self.settings.tls.roots {
            Roots::File(path) => format!("is not in {}", path.display()),
            Roots::System { .. } | Roots::Unchecked => "this machine does not know".to_owned(),
        };
        ConnectError::UnknownAuthority { server: self.label(), trusted }
    }
}
