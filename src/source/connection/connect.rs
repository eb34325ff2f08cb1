//! Opening a session, and cancelling what runs in it.

use super::error::ConnectError;
use super::settings::{Host, SessionAttributes, Settings, SslMode, Target};
use super::tls;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::SslNegotiation;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The message by which a client asks for TLS: its length, and the number that PostgreSQL gave it.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}
type Wire = Box<dyn Duplex>;
type Task = JoinHandle<Result<(), tokio_postgres::Error>>;

const READ_ONLY: &str = include_str!("../../../queries/session/transaction_read_only.sql");
const IN_RECOVERY: &str = include_str!("../../../queries/session/is_in_recovery.sql");

/// An open session. Its traffic is driven by a task of the runtime, which ends with the client.
#[derive(Debug)]
pub struct Connection {
    /// The session.
    pub client: Client,
    /// The server that answered, as `host:port` or path of a socket.
    pub server: String,
    /// Whether the session is under TLS.
    pub encrypted: bool,
    task: Task,
    peer: Peer,
}

impl Connection {
    /// What it takes to cancel the running statement, from anywhere and at any time.
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken { token: self.client.cancel_token(), encrypted: self.encrypted, peer: self.peer.clone() }
    }

    /// Says good-bye to the server and waits until it is sent.
    pub async fn close(self) {
        drop(self.client);
        // How the session ended no longer matters to anybody.
        let _ = self.task.await;
    }
}

/// Cancels the statement that a session is running, over a connection of its own with the same TLS settings.
#[derive(Clone)]
pub struct CancelToken {
    token: tokio_postgres::CancelToken,
    encrypted: bool,
    peer: Peer,
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelToken({})", self.peer.label())
    }
}

impl CancelToken {
    /// Sends the request. The server does not say whether it did anything.
    pub async fn cancel(&self) -> Result<(), ConnectError> {
        let deadline = self.peer.deadline();
        let mut wire = self.peer.open(deadline).await?;
        let request = async {
            if self.encrypted {
                if !self.peer.ask_for_tls(&mut wire).await? {
                    return Err(self.peer.no_tls());
                }
                let tls = self.peer.tls()?;
                self.token.cancel_query_raw(wire, tls).await.map_err(|error| self.peer.explain(&error, true))
            } else {
                self.token.cancel_query_raw(wire, NoTls).await.map_err(|error| self.peer.explain(&error, false))
            }
        };
        self.peer.by(deadline, request).await
    }
}

/// Opens a session on the first host that answers and is of the wanted kind.
///
/// A host that cannot be reached is passed over; one that answers but refuses (password, certificate, database) ends the
/// search. Must be called within a tokio runtime.
pub async fn connect(settings: &Settings) -> Result<Connection, ConnectError> {
    let over_tcp = settings.hosts.iter().any(|host| matches!(host.target, Target::Tcp { .. }));
    let connector = match settings.tls.mode {
        SslMode::Disable => None,
        _ if !over_tcp => None,
        _ => Some(tls::connector(settings)?),
    };
    let kinds: &[SessionAttributes] = match settings.session_attributes {
        SessionAttributes::PreferStandby => &[SessionAttributes::Standby, SessionAttributes::Any],
        ref kind => std::slice::from_ref(kind),
    };
    let settings = Arc::new(settings.clone());
    let mut failures = Vec::new();
    for kind in kinds {
        failures.clear();
        for host in &settings.hosts {
            match connect_host(&settings, host, connector.as_ref(), *kind).await {
                Err(error) if error.concerns_host_only() => failures.push(error),
                result => return result,
            }
        }
    }
    Err(if failures.len() == 1 { failures.swap_remove(0) } else { ConnectError::All(failures) })
}

/// Tries the addresses of a host; what the last one did is what is reported.
async fn connect_host(
    settings: &Arc<Settings>,
    host: &Host,
    connector: Option<&MakeRustlsConnect>,
    kind: SessionAttributes,
) -> Result<Connection, ConnectError> {
    let peer = |route| Peer { settings: settings.clone(), host: host.clone(), route, connector: connector.cloned() };
    let routes = match &host.target {
        Target::Socket(directory) => vec![Route::Socket(host.socket(directory))],
        Target::Tcp { address: Some(address), .. } => vec![Route::Tcp((*address, host.port).into())],
        Target::Tcp { name, address: None } => {
            look_up(settings, host, name).await?.into_iter().map(Route::Tcp).collect()
        }
    };
    let mut last = ConnectError::UnknownHost { server: host.label(), detail: "it has no address".to_owned() };
    for route in routes {
        match peer(route).connect(kind).await {
            Err(error) if error.concerns_host_only() => last = error,
            result => return result,
        }
    }
    Err(last)
}

async fn look_up(settings: &Settings, host: &Host, name: &str) -> Result<Vec<SocketAddr>, ConnectError> {
    let unknown = |detail: String| ConnectError::UnknownHost { server: host.label(), detail };
    let found = timeout_at(deadline(settings), tokio::net::lookup_host((name, host.port)));
    let found = found.await.map_err(|_| unknown("the name service does not answer".to_owned()))?;
    Ok(found.map_err(|error| unknown(error.to_string()))?.collect())
}

fn deadline(settings: &Settings) -> Instant {
    // A year stands for ever.
    Instant::now() + settings.connect_timeout.unwrap_or(Duration::from_secs(365 * 24 * 3600))
}

#[derive(Clone, Debug)]
enum Route {
    Tcp(SocketAddr),
    Socket(PathBuf),
}

/// One address of one server, with all that a connection to it needs.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) settings: Arc<Settings>,
    pub(super) host: Host,
    route: Route,
    connector: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({}, {:?})", self.label(), self.route)
    }
}

impl Peer {
    pub(super) fn label(&self) -> String {
        self.host.label()
    }

    fn deadline(&self) -> Instant {
        deadline(&self.settings)
    }

    fn seconds(&self) -> u64 {
        self.settings.connect_timeout.unwrap_or_default().as_secs()
    }

    async fn connect(self, kind: SessionAttributes) -> Result<Connection, ConnectError> {
        let deadline = self.deadline();
        let wire = self.open(deadline).await?;
        let (client, task, encrypted) = self.by(deadline, self.sign_in(wire)).await?;
        self.by(deadline, self.check_kind(&client, kind)).await?;
        Ok(Connection { client, server: self.label(), encrypted, task, peer: self })
    }

    /// Runs a step of the conversation with a server that has accepted the connection.
    async fn by<T>(
        &self,
        deadline: Instant,
        step: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        timeout_at(deadline, step).await.unwrap_or_else(|_| {
            Err(ConnectError::Silent { server: self.label(), seconds: self.seconds(), hint: self.port_hint() })
        })
    }

    async fn open(&self, deadline: Instant) -> Result<Wire, ConnectError> {
        let opened = timeout_at(deadline, self.route.open())
            .await
            .map_err(|_| ConnectError::NoConnection { server: self.label(), seconds: self.seconds() })?;
        opened.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => ConnectError::Refused {
                server: self.label(),
                hint: if self.host.port == 5432 { " (CockroachDB's port is 26257, PostgreSQL's 5432)" } else { "" },
            },
            _ => ConnectError::Unreachable { server: self.label(), detail: error.to_string() },
        })
    }

    async fn sign_in(&self, mut wire: Wire) -> Result<(Client, Task, bool), ConnectError> {
        let settings = &self.settings;
        let wanted = self.connector.is_some() && matches!(self.route, Route::Tcp(_));
        let encrypted = wanted && self.ask_for_tls(&mut wire).await?;
        if wanted && !encrypted && settings.tls.mode >= SslMode::Require {
            return Err(self.no_tls());
        }
        let mut config = Config::new();
        config
            .user(&settings.user)
            .application_name(&settings.application_name)
            .channel_binding(settings.channel_binding);
        if let Some(database) = &settings.database {
            config.dbname(database);
        }
        if let Some(options) = &settings.options {
            config.options(options);
        }
        if let Some(password) = &self.host.password {
            config.password(password.secret.expose());
        }
        // The server has been asked for TLS already (to tell a server without TLS from one that is no PostgreSQL), so
        // that from here on TLS starts at once.
        config.ssl_negotiation(SslNegotiation::Direct);
        let started = if encrypted {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            start(&config, wire, self.tls()?).await
        } else {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            start(&config, wire, NoTls).await
        };
        let (client, task) = started.map_err(|error| self.explain(&error, encrypted))?;
        Ok((client, task, encrypted))
    }

    /// Asks whether the server speaks TLS.
    async fn ask_for_tls(&self, wire: &mut Wire) -> Result<bool, ConnectError> {
        let mut answer = [0; 16];
        let length = async {
            wire.write_all(&SSL_REQUEST).await?;
            wire.flush().await?;
            wire.read(&mut answer).await
        };
        let answer = match length.await {
            Ok(length) => answer.get(..length).unwrap_or_default(),
            Err(_) => return Err(self.closed(false)),
        };
        match answer {
            [] => Err(self.closed(false)),
            b"S" => Ok(true),
            b"N" => Ok(false),
            // An error in place of an answer: PostgreSQL says so when it cannot even start a process.
            [b'E', 0, ..] => Err(self.no_tls()),
            other => Err(self.not_postgres(other)),
        }
    }

    fn tls(&self) -> Result<<MakeRustlsConnect as MakeTlsConnect<Wire>>::TlsConnect, ConnectError> {
        let host = self.name().strip_suffix('.').unwrap_or(self.name());
        let refused = || ConnectError::HostName { host: host.to_owned() };
        ServerName::try_from(host).map_err(|_| refused())?;
        let mut connector = self.connector.clone().ok_or_else(refused)?;
        MakeTlsConnect::<Wire>::make_tls_connect(&mut connector, host).map_err(|_| refused())
    }

    /// What the certificate must be for.
    pub(super) fn name(&self) -> &str {
        match &self.host.target {
            Target::Tcp { name, .. } => name,
            Target::Socket(_) => "localhost",
        }
    }

    async fn check_kind(&self, client: &Client, kind: SessionAttributes) -> Result<(), ConnectError> {
        let (query, expected, wanted) = match kind {
            SessionAttributes::Any | SessionAttributes::PreferStandby => return Ok(()),
            SessionAttributes::ReadWrite => (READ_ONLY, "off", "read-write"),
            SessionAttributes::ReadOnly => (READ_ONLY, "on", "read-only"),
            SessionAttributes::Primary => (IN_RECOVERY, "f", "primary"),
            SessionAttributes::Standby => (IN_RECOVERY, "t", "standby"),
        };
        let messages = client.simple_query(query).await.map_err(|error| self.explain(&error, false))?;
        let fits = messages
            .iter()
            .any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some(expected)));
        if fits { Ok(()) } else { Err(ConnectError::WrongRole { server: self.label(), wanted }) }
    }
}

impl Route {
    async fn open(&self) -> io::Result<Wire> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                // A server that vanishes in the middle of a long statement is noticed.
                let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60));
                SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Socket(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Self::Socket(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Signs in and leaves the traffic to a task.
async fn start<T>(config: &Config, wire: Wire, tls: T) -> Result<(Client, Task), tokio_postgres::Error>
where
    T: TlsConnect<Wire>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect_raw(wire, tls).await?;
    Ok((client, tokio::spawn(connection)))
}
