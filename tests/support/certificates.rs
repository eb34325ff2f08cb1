//! Certificates made on the spot.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SigningKey,
};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use time::{Duration, OffsetDateTime};
use x509_cert::der::asn1::BitString;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, Encode, EncodePem};

/// A certificate and its key, as PEM text.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// An authority.
pub struct Authority {
    pub certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

fn parameters(common_name: &str, names: &[&str], days: (i64, i64)) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("names");
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters.not_before = OffsetDateTime::now_utc() + Duration::days(days.0);
    parameters.not_after = OffsetDateTime::now_utc() + Duration::days(days.1);
    parameters
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut parameters = parameters(name, &[], (-1000, 1000));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate").pem();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    /// A server's certificate, valid from and to these numbers of days from now.
    pub fn server(&self, names: &[&str], days: (i64, i64)) -> Pair {
        self.issue(parameters("a server", names, days), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client's certificate for a database user.
    pub fn client(&self, user: &str) -> Pair {
        self.issue(parameters(user, &[], (-1, 10)), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, mut parameters: CertificateParams, purpose: ExtendedKeyUsagePurpose) -> Pair {
        parameters.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

/// A server's certificate that vouches for itself, as `openssl req -x509` makes it.
pub fn self_signed(names: &[&str], days: (i64, i64)) -> Pair {
    let mut parameters = parameters("a server", names, days);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    Pair { certificate: parameters.self_signed(&key).expect("a certificate").pem(), key: key.serialize_pem() }
}

/// A server's certificate of X.509 version 1, which has no extensions.
pub fn version_one() -> Pair {
    let key = KeyPair::generate().expect("a key");
    let modern = parameters("localhost", &[], (-1, 10)).self_signed(&key).expect("a certificate");
    let mut certificate = x509_cert::Certificate::from_der(modern.der()).expect("a certificate");
    certificate.tbs_certificate.version = x509_cert::Version::V1;
    certificate.tbs_certificate.extensions = None;
    let signed = certificate.tbs_certificate.to_der().expect("DER");
    let signature = key.sign(&signed).expect("a signature");
    certificate.signature = BitString::from_bytes(&signature).expect("a bit string");
    Pair { certificate: certificate.to_pem(LineEnding::LF).expect("PEM"), key: key.serialize_pem() }
}

/// Writes a file with these permissions and gives its path as text.
pub fn write(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its permissions");
    path.to_str().expect("a path in UTF-8").to_owned()
}
