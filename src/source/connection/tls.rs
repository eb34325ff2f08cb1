//! TLS: the certificates and keys of the settings, and the check of the server's certificate.

use super::error::{FileError, FileProblem};
use super::settings::{ChannelBinding, Roots, Settings, SslMode, TlsSettings};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;
use x509_cert::der::Decode;

/// Reads the files and makes the connector.
pub(super) fn connector(settings: &Settings) -> Result<MakeRustlsConnect, FileError> {
    let TlsSettings { mode, roots, client, sni, versions } = &settings.tls;
    let provider = Arc::new(ring::default_provider());
    let versions: Vec<_> = [versions.0.then_some(&TLS12), versions.1.then_some(&TLS13)].into_iter().flatten().collect();
    let verifier = Verifier {
        anchors: anchors(roots)?,
        check_name: *mode == SslMode::VerifyFull,
        must_sign: settings.channel_binding == ChannelBinding::Require,
        provider: provider.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(|_| FileError::new("sslmode", Path::new(""), FileProblem::Unusable))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client {
        Some((certificate, key)) => {
            let chain = certificates("sslcert", certificate)?;
            let secret = private_key(key)?;
            config.with_client_auth_cert(chain, secret).map_err(|error| match error {
                Error::InconsistentKeys(_) => FileError::new("sslkey", key, FileProblem::Mismatch(certificate.clone())),
                _ => FileError::new("sslkey", key, FileProblem::Unusable),
            })?
        }
        None => config.with_no_client_auth(),
    };
    config.enable_sni = *sni;
    Ok(MakeRustlsConnect::new(config))
}

/// The authorities that are trusted, with their certificates as they stand in the file.
#[derive(Debug)]
struct Anchors {
    store: RootCertStore,
    listed: Vec<CertificateDer<'static>>,
}

fn anchors(roots: &Roots) -> Result<Option<Anchors>, FileError> {
    let mut store = RootCertStore::empty();
    let listed = match roots {
        Roots::Unchecked => return Ok(None),
        Roots::System { file, directory } => {
            let found = if file.is_some() || directory.is_some() {
                rustls_native_certs::load_certs_from_paths(file.as_deref(), directory.as_deref())
            } else {
                rustls_native_certs::load_native_certs()
            };
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                return Err(FileError::new("sslrootcert", Path::new("system"), FileProblem::NoSystemRoots));
            }
            Vec::new()
        }
        Roots::File(path) => {
            let listed = certificates("sslrootcert", path)?;
            for certificate in &listed {
                store
                    .add(certificate.clone())
                    .map_err(|_| FileError::new("sslrootcert", path, FileProblem::NotACertificate))?;
            }
            listed
        }
    };
    Ok(Some(Anchors { store, listed }))
}

fn read(parameter: &'static str, path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|error| FileError::new(parameter, path, FileProblem::Unreadable(error.kind())))
}

fn certificates(parameter: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let text = read(parameter, path)?;
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    found
        .ok()
        .filter(|found| !found.is_empty())
        .ok_or_else(|| FileError::new(parameter, path, FileProblem::NotACertificate))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
    let problem = |problem| FileError::new("sslkey", path, problem);
    let text = read("sslkey", path)?;
    if let Ok(metadata) = fs::metadata(path)
        && let Some(mode) = loose_mode(&metadata, if owned_by_root(&metadata) { 0o037 } else { 0o077 })
    {
        return Err(problem(FileProblem::OpenToOthers(mode)));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        let encrypted = String::from_utf8_lossy(&text).contains("ENCRYPTED");
        problem(if encrypted { FileProblem::Encrypted } else { FileProblem::NotAKey })
    })
}

/// The permissions of a file, if they contain one of the `forbidden` ones.
#[cfg(unix)]
pub(super) fn loose_mode(metadata: &fs::Metadata, forbidden: u32) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & forbidden != 0).then_some(mode)
}

#[cfg(not(unix))]
pub(super) fn loose_mode(_: &fs::Metadata, _: u32) -> Option<u32> {
    None
}

#[cfg(unix)]
fn owned_by_root(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == 0
}

#[cfg(not(unix))]
fn owned_by_root(_: &fs::Metadata) -> bool {
    false
}

/// Checks as much of the server's certificate as the mode asks for.
#[derive(Debug)]
struct Verifier {
    anchors: Option<Anchors>,
    check_name: bool,
    /// Channel binding is worth nothing unless the server holds the key of its certificate.
    must_sign: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(anchors) = &self.anchors else {
            return Ok(ServerCertVerified::assertion());
        };
        if anchors.listed.contains(end_entity) {
            // A self-signed certificate that the user trusts as it is, PostgreSQL's simplest set-up.
            check_validity(end_entity, now)?;
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if !anchors.listed.contains(end_entity) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, &anchors.store, intermediates, now, algorithms)?;
        }
        if self.check_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tolerate(
            cert,
            verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms),
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tolerate(
            cert,
            verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms),
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Verifier {
    /// Where nothing is checked, a certificate of the old X.509 version 1 passes, as `openssl x509 -req` makes them.
    fn tolerate(
        &self,
        certificate: &CertificateDer<'_>,
        result: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.anchors.is_none() && !self.must_sign && ParsedCertificate::try_from(certificate).is_err() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        result
    }
}

fn check_validity(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let certificate = x509_cert::Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = certificate.tbs_certificate.validity;
    let not_before = UnixTime::since_unix_epoch(validity.not_before.to_unix_duration());
    let not_after = UnixTime::since_unix_epoch(validity.not_after.to_unix_duration());
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    Ok(())
}
