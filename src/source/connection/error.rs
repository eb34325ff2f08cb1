//! What can go wrong before the first query, each said as: what happened, to which object, what to do.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A connection string, or what completes it, cannot be used. No variant holds a value that could be a password.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum SettingsError {
    #[error("this URL is not for PostgreSQL or CockroachDB: it must start with postgresql:// or postgres://")]
    Scheme,
    #[error(
        "this is neither a URL (postgresql://user@host:26257/database) nor a list of key=value pairs \
         (host=… port=26257 dbname=…); a value with spaces must stand in single quotes"
    )]
    NotPairs,
    #[error(
        "it looks like a connection string and is none: postgresql://user:password@host/database has no quotes or blanks \
         around it and :// behind its first word (it is not shown here, as it may hold a password)"
    )]
    Resembles,
    #[error("the password in the connection string seems to contain a space: put it in single quotes, password='…'")]
    SpaceInPassword,
    #[error(
        "a quoted value in the connection string has no closing single quote; inside quotes write ' as \\' and \\ as \\\\"
    )]
    Quote,
    #[error(
        "the connection URL has an @ behind its host part, so it is not clear where the password ends: \
         in user, password, database and query write @ as %40, / as %2F, ? as %3F"
    )]
    StrayAt,
    #[error("the {part} in the connection URL is not percent-encoded correctly: write % itself as %25")]
    PercentEncoding { part: &'static str },
    #[error(
        "the port in the connection URL is not a number; if the password contains / or ?, write them as %2F and %3F"
    )]
    UrlPort,
    #[error("an IPv6 address in the connection URL must stand in brackets: [::1]:26257")]
    Bracket,
    #[error("the connection parameter `port` must be a number from 1 to 65535")]
    Port,
    #[error("the connection parameter `hostaddr` must be an IP address; names go into `host`")]
    Address,
    #[error("the lists in `host`, `hostaddr` and `port` differ in length: give one port, or one for each host")]
    HostCount,
    #[error("a part of the connection string is not of the form name=value with a name that is known")]
    NotAParameter,
    #[error("unknown connection parameter `{name}`; {advice}")]
    UnknownParameter { name: String, advice: String },
    #[error("the connection parameter `{name}` is not supported: {why}")]
    Unsupported { name: &'static str, why: &'static str },
    #[error("the connection parameter `{name}` must be one of: {expected}")]
    Value { name: &'static str, expected: String },
    #[error("sslrootcert=system needs sslmode=verify-full: leave sslmode out, or set it to verify-full")]
    WeakSystem,
    #[error(
        "sslmode=verify-ca needs the certificate of the authority: give it with sslrootcert=FILE \
         (for CockroachDB: certs/ca.crt), or use sslmode=verify-full with sslrootcert=system"
    )]
    NoRoots,
    #[error(
        "there is a client certificate but no key for it: give it with sslkey=FILE (for CockroachDB: certs/client.USER.key)"
    )]
    NoKey,
    #[error(
        "no TLS version is left between ssl_min_protocol_version and ssl_max_protocol_version; TLSv1.2 and TLSv1.3 are spoken"
    )]
    NoVersion,
    #[error("no user name is known: put one into the connection string, or set PGUSER")]
    NoUser,
    #[error("the service `{name}` is not defined in any pg_service.conf; check PGSERVICE and PGSERVICEFILE")]
    UnknownService { name: String },
    #[error("the service file {path} cannot be read: {error}", path = path.display())]
    ServiceFile { path: PathBuf, error: io::Error },
    #[error("{path}, line {line}: {error}", path = path.display())]
    InFile { path: PathBuf, line: usize, error: Box<SettingsError> },
}

/// A certificate or key cannot be used.
#[derive(Debug, Error)]
#[error("the file {path} (`{parameter}`) {problem}", path = path.display())]
pub struct FileError {
    /// The connection parameter that names the file.
    pub parameter: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: FileProblem,
}

impl FileError {
    pub(super) fn new(parameter: &'static str, path: &Path, problem: FileProblem) -> Self {
        Self { parameter, path: path.to_owned(), problem }
    }
}

/// What is wrong with a certificate or key file.
#[derive(Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum FileProblem {
    #[error("cannot be read: {0}; check its path and permissions")]
    Unreadable(io::ErrorKind),
    #[error("holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NotACertificate,
    #[error("holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)")]
    NotAKey,
    #[error(
        "is protected by a passphrase, which is not supported; decrypt it with: openssl pkey -in FILE -out NEWFILE"
    )]
    Encrypted,
    #[error("may be read by others (mode {0:04o}); run: chmod 600 FILE")]
    OpenToOthers(u32),
    #[error("is not the key of the certificate {certificate}; give the pair that was made together", certificate = .0.display())]
    Mismatch(PathBuf),
    #[error(
        "stands for the authorities of this machine, of which none were found; install ca-certificates or give sslrootcert=FILE"
    )]
    NoSystemRoots,
    #[error("is of a kind that cannot be used")]
    Unusable,
}

/// A connection could not be made. `server` is `host:port` or the path of a socket.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ConnectError {
    #[error("the host {server} is unknown: {detail}; check its name in the connection string")]
    UnknownHost { server: String, detail: String },
    #[error("nothing listens on {server}; check host and port, and that the server runs{hint}")]
    Refused { server: String, hint: &'static str },
    #[error("{server} cannot be reached: {detail}; check host, port, network and firewall")]
    Unreachable { server: String, detail: String },
    #[error(
        "{server} does not answer: no connection within {seconds} s; check host, port and firewall, or raise connect_timeout"
    )]
    NoConnection { server: String, seconds: u64 },
    #[error(
        "{server} accepts connections but does not answer as PostgreSQL does within {seconds} s; \
         check the port{hint}, or raise connect_timeout"
    )]
    Silent { server: String, seconds: u64, hint: &'static str },
    #[error("{server} closed the connection before the session began{hint}; check the port and the log of the server")]
    ClosedEarly { server: String, hint: &'static str },
    #[error("{server} is no PostgreSQL or CockroachDB server: {found} answered; check the port{hint}")]
    NotPostgres { server: String, found: &'static str, hint: &'static str },
    #[error(
        "{server} does not speak TLS, which sslmode={mode} asks for; switch TLS on there, or give sslmode=disable if the network is trusted"
    )]
    NoTls { server: String, mode: &'static str },
    #[error("{server} accepts only TLS connections: give sslmode=verify-full or sslmode=require (it said: {message})")]
    TlsRequired { server: String, message: String },
    #[error(
        "the certificate of {server} is signed by an authority that {trusted}; give its CA with sslrootcert=FILE \
         (for CockroachDB: certs/ca.crt), or sslrootcert=system if a public authority signed it"
    )]
    UnknownAuthority { server: String, trusted: String },
    #[error(
        "the certificate of {server} is for {names}, not for `{host}`; connect by a name that it contains, \
         or have it issued again with this one (sslmode=verify-ca leaves the name unchecked)"
    )]
    WrongHostName { server: String, host: String, names: String },
    #[error("the certificate of {server} expired {ago} ago; it must be renewed on the server")]
    Expired { server: String, ago: String },
    #[error(
        "the certificate of {server} is not valid yet; check the clock of this machine and of the one that issued it"
    )]
    NotYetValid { server: String },
    #[error("the certificate of {server} cannot be accepted: {detail}; it must be issued again on the server")]
    BadCertificate { server: String, detail: String },
    #[error(
        "`{host}` cannot be a name in a certificate; check the host, or give the name as host and its address as hostaddr"
    )]
    HostName { host: String },
    #[error(
        "{server} did not accept the client certificate {certificate} ({detail}); it must be signed by the authority of the server and be made for the user"
    )]
    ClientCertificateRefused { server: String, certificate: String, detail: String },
    #[error(
        "{server} asks for a client certificate ({detail}): give it with sslcert=FILE and sslkey=FILE (for CockroachDB: certs/client.USER.crt and .key)"
    )]
    ClientCertificateNeeded { server: String, detail: String },
    #[error("TLS with {server} failed: {detail}; check that it offers TLS 1.2 or 1.3")]
    Tls { server: String, detail: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "{server} asks for a password of user `{user}` and none is given: set PGPASSWORD, or add a line to ~/.pgpass"
    )]
    PasswordNeeded { server: String, user: String },
    #[error("{server} refused user `{user}` ({message}); {advice}")]
    LoginRefused { server: String, user: String, message: String, advice: String },
    #[error(
        "the sign-in to {server} failed: {detail}; passwords (SCRAM, MD5, plain) and client certificates are supported"
    )]
    Authentication { server: String, detail: String },
    #[error("{server} has no such database ({message}); check the database in the connection string")]
    UnknownDatabase { server: String, message: String },
    #[error("{server} has no connection left ({message}); close some, or try again later")]
    TooManyConnections { server: String, message: String },
    #[error("{server} is starting up or shutting down ({message}); try again in a moment")]
    NotReady { server: String, message: String },
    #[error("{server} refused the session: {message} (SQLSTATE {code})")]
    Server { server: String, code: String, message: String },
    #[error("{server} is not what target_session_attrs={wanted} asks for")]
    WrongRole { server: String, wanted: &'static str },
    #[error("no server could be reached: {}", join(.0))]
    All(Vec<ConnectError>),
}

impl ConnectError {
    /// Whether the next host of the list may do better. As in libpq, one that answers and refuses ends the search.
    pub(super) fn concerns_host_only(&self) -> bool {
        matches!(
            self,
            Self::UnknownHost { .. }
                | Self::Refused { .. }
                | Self::Unreachable { .. }
                | Self::NoConnection { .. }
                | Self::Silent { .. }
                | Self::ClosedEarly { .. }
                | Self::NotPostgres { .. }
                | Self::NotReady { .. }
                | Self::WrongRole { .. }
        )
    }
}

fn join(errors: &[ConnectError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
