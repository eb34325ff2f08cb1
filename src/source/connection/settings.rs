//! Everything needed to connect, with all defaults filled in.

use super::environment::Environment;
use super::error::SettingsError;
use super::files::{self, PasswordFile};
use super::parameters::Parameters;
use super::secret::Secret;
use super::string::{ConnectionString, host_and_port, url};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How far TLS is wanted. `Allow` is treated as `Prefer`: TLS first, which a server that allows both accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never.
    Disable,
    /// As `Prefer`.
    Allow,
    /// If the server has it. A session that the server refuses under TLS is not tried again without.
    Prefer,
    /// Always; the certificate is checked only if a root certificate is given.
    Require,
    /// Always, and the certificate must come from a known authority.
    VerifyCa,
    /// Always, and the certificate must also be for this host.
    VerifyFull,
}

/// Who may sign the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Anybody: it is not checked.
    Unchecked,
    /// The authorities that this machine trusts, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    System {
        /// `SSL_CERT_FILE`
        file: Option<PathBuf>,
        /// `SSL_CERT_DIR`
        directory: Option<PathBuf>,
    },
    /// Those in a PEM file.
    File(PathBuf),
}

/// The TLS side of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// `sslmode`
    pub mode: SslMode,
    /// `sslrootcert`, or what stands in for it.
    pub roots: Roots,
    /// `sslcert` and `sslkey`: the client's own certificate.
    pub client: Option<(PathBuf, PathBuf)>,
    /// `sslsni`: whether the server is told the name by which it is called.
    pub sni: bool,
    /// Whether TLS 1.2 and TLS 1.3 may be spoken.
    pub versions: (bool, bool),
}

/// `channel_binding`: whether the password exchange is tied to the TLS session.
pub type ChannelBinding = tokio_postgres::config::ChannelBinding;

/// `target_session_attrs`: what kind of server is wanted of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAttributes {
    /// The first that answers.
    Any,
    /// One whose transactions may write.
    ReadWrite,
    /// One whose transactions may not write.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is in recovery.
    Standby,
    /// A standby, or else any.
    PreferStandby,
}

/// Where one server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Over TCP. The name is what the certificate must show; the address, if given, saves looking it up.
    Tcp {
        /// `host`, or `hostaddr` if that is all there is.
        name: String,
        /// `hostaddr`
        address: Option<IpAddr>,
    },
    /// A socket of this machine, in this directory.
    Socket(PathBuf),
}

/// A password and where it came from, for the message if it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// The password.
    pub secret: Secret,
    /// For example `PGPASSWORD`.
    pub origin: String,
}

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Where it is.
    pub target: Target,
    /// Its port.
    pub port: u16,
    /// The password for it; a password file may hold a different one for each host.
    pub password: Option<Password>,
}

impl Host {
    /// `host:port`, for messages.
    pub fn label(&self) -> String {
        match &self.target {
            Target::Tcp { name, .. } if name.contains(':') => format!("[{name}]:{}", self.port),
            Target::Tcp { name, .. } => format!("{name}:{}", self.port),
            Target::Socket(directory) => self.socket(directory).display().to_string(),
        }
    }

    pub(super) fn socket(&self, directory: &std::path::Path) -> PathBuf {
        directory.join(format!(".s.PGSQL.{}", self.port))
    }
}

/// A complete description of a connection. `Display` and `Debug` show [`Settings::redacted`].
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The servers, in the order in which they are tried.
    pub hosts: Vec<Host>,
    /// The user to sign in as.
    pub user: String,
    /// The database; without one the server chooses (PostgreSQL: named as the user, CockroachDB: `defaultdb`).
    pub database: Option<String>,
    /// TLS.
    pub tls: TlsSettings,
    /// Start-up options, handed to the server as they are.
    pub options: Option<String>,
    /// What the server shows as the name of this client.
    pub application_name: String,
    /// How long one address may take to answer, sign-in included; `None` is for ever.
    pub connect_timeout: Option<Duration>,
    /// Whether the password exchange is tied to the TLS session.
    pub channel_binding: ChannelBinding,
    /// What kind of server is wanted.
    pub session_attributes: SessionAttributes,
    /// Remarks for the user, such as a password file that was not used.
    pub warnings: Vec<String>,
}

impl ConnectionString {
    /// Completes the string in libpq's order: the string, the service, the `PG*` variables, the defaults.
    pub fn resolve(&self, environment: &Environment) -> Result<Settings, SettingsError> {
        let variables = Parameters::of_environment(environment)?;
        let get = |name| {
            [&self.parameters, &variables].into_iter().find_map(|layer| layer.get(name)).filter(|v| !v.is_empty())
        };
        let service = match get("service") {
            Some(name) => files::service(name, get("servicefile").map(|file| environment.path(file)), environment)?,
            None => Parameters::default(),
        };
        let layers = [&self.parameters, &service, &variables];
        Resolver { layers, environment }.settings()
    }
}

impl Settings {
    /// Reads and completes a connection string. An empty one takes everything from the environment.
    pub fn new(text: &str, environment: &Environment) -> Result<Self, SettingsError> {
        ConnectionString::parse(text)?.resolve(environment)
    }

    /// User, hosts and database as a URL: `postgresql://root@host:26257/booking`.
    pub fn redacted(&self) -> String {
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .map(|host| {
                let port = host.port.to_string();
                match &host.target {
                    Target::Tcp { name, .. } => host_and_port(name, Some(&port)),
                    Target::Socket(directory) => host_and_port(&directory.to_string_lossy(), Some(&port)),
                }
            })
            .collect();
        let url = url(Some(&self.user), &hosts, self.database.as_deref());
        // the clusters of CockroachDB Cloud share their hosts: this tells them apart
        let options = self.options.as_deref().unwrap_or_default();
        match options.split_whitespace().find_map(|o| o.strip_prefix("--cluster=")) {
            Some(cluster) => {
                let cluster = percent_encoding::utf8_percent_encode(cluster, percent_encoding::NON_ALPHANUMERIC);
                format!("{url}?options=--cluster%3D{cluster}")
            }
            None => url,
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings({})", self.redacted())
    }
}

/// The places a value may come from, nearest first.
struct Resolver<'a> {
    layers: [&'a Parameters; 3],
    environment: &'a Environment,
}

impl Resolver<'_> {
    fn settings(&self) -> Result<Settings, SettingsError> {
        let mut warnings: Vec<_> = self.layers.iter().flat_map(|layer| layer.warnings.clone()).collect();
        self.choice("gssencmode", "prefer", &[("prefer", ()), ("disable", ())])?;
        let user = self.get("user").or(self.environment.user()).ok_or(SettingsError::NoUser)?.to_owned();
        let database = self.get("dbname").map(str::to_owned);
        let mut hosts = self.hosts()?;
        self.passwords(&mut hosts, &user, database.as_deref(), &mut warnings);
        let mut application_name = self.get("application_name").unwrap_or("dbaudit");
        if application_name.starts_with("pg_") {
            // CockroachDB changes what its catalogs show to pg_dump and its kin.
            warnings
                .push("names of PostgreSQL's own tools cannot be used as application_name; it is dbaudit".to_owned());
            application_name = "dbaudit";
        }
        Ok(Settings {
            tls: self.tls()?,
            options: self.options(),
            application_name: application_name.to_owned(),
            connect_timeout: self.timeout()?,
            channel_binding: self.choice(
                "channel_binding",
                "prefer",
                &[
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ],
            )?,
            session_attributes: self.choice(
                "target_session_attrs",
                "any",
                &[
                    ("any", SessionAttributes::Any),
                    ("read-write", SessionAttributes::ReadWrite),
                    ("read-only", SessionAttributes::ReadOnly),
                    ("primary", SessionAttributes::Primary),
                    ("standby", SessionAttributes::Standby),
                    ("prefer-standby", SessionAttributes::PreferStandby),
                ],
            )?,
            hosts,
            user,
            database,
            warnings,
        })
    }

    /// The nearest value. One that is given but empty hides those behind it and stands for the default.
    fn get(&self, name: &str) -> Option<&str> {
        self.layers.iter().find_map(|layer| layer.get(name)).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|path| self.environment.path(path))
    }

    /// The path given for `name`, else libpq's default file if there is one.
    fn path_or_default(&self, name: &str, default: &str) -> Option<PathBuf> {
        self.path(name).or_else(|| self.environment.home_file(default).filter(|path| path.exists()))
    }

    fn choice<T: Copy>(&self, name: &'static str, default: &str, choices: &[(&str, T)]) -> Result<T, SettingsError> {
        let value = self.get(name).unwrap_or(default);
        let found = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            SettingsError::Value { name, expected: words.join(", ") }
        })
    }

    fn hosts(&self) -> Result<Vec<Host>, SettingsError> {
        let list =
            |name| self.get(name).map(|text| text.split(',').map(str::trim).collect::<Vec<_>>()).unwrap_or_default();
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
        let count = names.len().max(addresses.len()).max(1);
        let fits = |list: &[&str]| list.is_empty() || list.len() == count;
        if !fits(&names) || !fits(&addresses) || !(fits(&ports) || ports.len() == 1) {
            return Err(SettingsError::HostCount);
        }
        (0..count)
            .map(|place| {
                let nth = |list: &[&'_ str]| list.get(place).copied().unwrap_or_default().to_owned();
                let port = match if ports.len() == 1 {
                    ports.first().copied().unwrap_or_default().to_owned()
                } else {
                    nth(&ports)
                } {
                    port if port.is_empty() => 5432,
                    port => port.parse().ok().filter(|port| *port > 0).ok_or(SettingsError::Port)?,
                };
                let address = match nth(&addresses) {
                    address if address.is_empty() => None,
                    address => Some(address.parse().map_err(|_| SettingsError::Address)?),
                };
                Ok(Host { target: self.target(nth(&names), address, port), port, password: None })
            })
            .collect()
    }

    fn target(&self, name: String, address: Option<IpAddr>, port: u16) -> Target {
        match (name.as_str(), address) {
            ("", Some(address)) => Target::Tcp { name: address.to_string(), address: Some(address) },
            ("", None) => match self.environment.socket_directory(port) {
                Some(directory) => Target::Socket(directory.to_owned()),
                None => Target::Tcp { name: "localhost".to_owned(), address: None },
            },
            (path, None) if path.starts_with('/') => Target::Socket(PathBuf::from(path)),
            _ => Target::Tcp { name, address },
        }
    }

    fn passwords(&self, hosts: &mut [Host], user: &str, database: Option<&str>, warnings: &mut Vec<String>) {
        let origins = ["the connection string", "the service file", "PGPASSWORD"];
        let given = self.layers.iter().zip(origins).find_map(|(layer, origin)| {
            let secret = Secret::new(layer.get("password").filter(|password| !password.is_empty())?);
            Some(Password { secret, origin: origin.to_owned() })
        });
        if given.is_some() {
            for host in hosts {
                host.password.clone_from(&given);
            }
            return;
        }
        let Some(path) = self.path("passfile").or_else(|| self.environment.home_file(".pgpass")) else {
            return;
        };
        let file = PasswordFile::read(&path, warnings);
        for host in hosts {
            let name = match &host.target {
                Target::Tcp { name, .. } => name.as_str(),
                // libpq's word for the usual socket directory.
                Target::Socket(directory) if self.environment.is_socket_directory(directory) => "localhost",
                Target::Socket(directory) => &directory.to_string_lossy(),
            };
            host.password = file
                .password(name, host.port, database.unwrap_or(user), user)
                .map(|secret| Password { secret, origin: path.display().to_string() });
        }
    }

    fn tls(&self) -> Result<TlsSettings, SettingsError> {
        let system = self.get("sslrootcert") == Some("system");
        let mode = self.choice(
            "sslmode",
            if system { "verify-full" } else { "prefer" },
            &[
                ("disable", SslMode::Disable),
                ("allow", SslMode::Allow),
                ("prefer", SslMode::Prefer),
                ("require", SslMode::Require),
                ("verify-ca", SslMode::VerifyCa),
                ("verify-full", SslMode::VerifyFull),
            ],
        )?;
        let of_system = || Roots::System {
            file: self.environment.variable("SSL_CERT_FILE").map(PathBuf::from),
            directory: self.environment.variable("SSL_CERT_DIR").map(PathBuf::from),
        };
        let given = self.path("sslrootcert");
        let default = self.environment.home_file(".postgresql/root.crt").filter(|path| path.exists());
        let roots = match mode {
            SslMode::Disable if !system => Roots::Unchecked,
            // Anybody can get a certificate from a public authority: it proves something only along with the name.
            _ if system && mode < SslMode::VerifyFull => return Err(SettingsError::WeakSystem),
            _ if system => of_system(),
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => given.map_or(Roots::Unchecked, Roots::File),
            SslMode::Require => given.or(default).map_or(Roots::Unchecked, Roots::File),
            SslMode::VerifyCa => Roots::File(given.or(default).ok_or(SettingsError::NoRoots)?),
            SslMode::VerifyFull => given.or(default).map_or_else(of_system, Roots::File),
        };
        let certificate = self.path_or_default("sslcert", ".postgresql/postgresql.crt");
        let send = self.choice("sslcertmode", "allow", &[("disable", false), ("allow", true), ("require", true)])?;
        let client = match certificate.filter(|_| send && mode > SslMode::Disable) {
            Some(certificate) => {
                let key = self.path_or_default("sslkey", ".postgresql/postgresql.key");
                Some((certificate, key.ok_or(SettingsError::NoKey)?))
            }
            None => None,
        };
        // 1.0 and 1.1 are broken and not spoken at all: as a lower bound they mean 1.2.
        let bounds = &[("TLSv1", 10), ("TLSv1.1", 11), ("TLSv1.2", 12), ("TLSv1.3", 13)];
        let lowest = self.choice("ssl_min_protocol_version", "TLSv1.2", bounds)?;
        let highest = self.choice("ssl_max_protocol_version", "TLSv1.3", bounds)?;
        let versions = (lowest <= 12 && 12 <= highest, lowest <= 13 && 13 <= highest);
        if versions == (false, false) {
            return Err(SettingsError::NoVersion);
        }
        let sni = self.choice("sslsni", "1", &[("1", true), ("0", false)])?;
        Ok(TlsSettings { mode, roots, client, sni, versions })
    }

    /// `options`, with CockroachDB's `cluster=NAME` written as the option that it stands for.
    fn options(&self) -> Option<String> {
        let options = self.get("options");
        match self.get("cluster") {
            Some(cluster) if !options.is_some_and(|options| options.contains("--cluster")) => {
                Some(format!("--cluster={cluster} {}", options.unwrap_or_default()).trim_end().to_owned())
            }
            _ => options.map(str::to_owned),
        }
    }

    /// Ten seconds unless told otherwise; 0 and less is for ever, as in libpq.
    fn timeout(&self) -> Result<Option<Duration>, SettingsError> {
        let Some(text) = self.get("connect_timeout") else {
            return Ok(Some(Duration::from_secs(10)));
        };
        let seconds: i32 = text.trim().parse().map_err(|_| SettingsError::Value {
            name: "connect_timeout",
            expected: "a whole number of seconds".to_owned(),
        })?;
        Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
    }
}
