//! Sessions with a real PostgreSQL, and the words for every way in which there is none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use dbaudit::source::connection::{ConnectError, Connection, Environment, Settings, connect};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use support::certificates::{self, Authority, Pair};
use support::peer::{self, Act};
use support::postgres::Postgres;
use tempfile::TempDir;

const PASSWORD: &str = "s3cr3t w@rd/";

fn environment() -> Environment {
    Environment::default().with_user("postgres")
}

async fn open_with(text: &str, environment: &Environment) -> Result<Connection, ConnectError> {
    connect(&Settings::new(text, environment).unwrap_or_else(|error| panic!("{text}: {error}"))).await
}

async fn open(text: &str) -> Connection {
    open_with(text, &environment()).await.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The refusal, which must not contain a password, be it shown to the user or to a developer.
async fn refused(text: &str) -> (ConnectError, String) {
    refused_with(text, &environment()).await
}

async fn refused_with(text: &str, environment: &Environment) -> (ConnectError, String) {
    match open_with(text, environment).await {
        Ok(connection) => panic!("{text} was accepted by {}", connection.server),
        Err(error) => {
            let message = error.to_string();
            assert!(!format!("{message} {error:?}").contains("s3cr3t"), "{message}");
            (error, message)
        }
    }
}

macro_rules! assert_refused {
    ($refused:expr, $variant:pat, $($words:expr),+ $(,)?) => {
        let (error, message) = $refused;
        assert!(matches!(error, $variant), "{error:?}");
        $(assert!(message.contains(AsRef::<str>::as_ref(&$words)), "{message}");)+
    };
}

async fn value(connection: &Connection, query: &str) -> String {
    connection.client.query_one(query, &[]).await.expect(query).get(0)
}

// ---------------------------------------------------------------- a server without TLS

#[tokio::test]
async fn a_plain_session() {
    let database = Postgres::shared().database();
    let session = open(&format!("{}&options=-c%20statement_timeout%3D7s", database.url)).await;
    assert!(!session.encrypted);
    assert_eq!(session.server, format!("127.0.0.1:{}", Postgres::shared().port()));
    assert_eq!(value(&session, "SELECT current_database()::text").await, database.name);
    assert_eq!(value(&session, "SELECT current_setting('application_name')").await, "dbaudit");
    assert_eq!(value(&session, "SELECT current_setting('statement_timeout')").await, "7s");
    session.close().await;
    let next = open(&database.url).await;
    let left =
        "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(value(&next, left).await, "0");
}

#[tokio::test]
async fn through_the_socket() {
    let server = Postgres::shared();
    let folder = server.socket_folder().display();
    // TLS means nothing there, as in libpq.
    for text in [
        format!("host={folder} port={} dbname=postgres", server.port()),
        format!("host={folder} port={} dbname=postgres sslmode=require", server.port()),
    ] {
        assert!(!open(&text).await.encrypted);
    }
    let local = environment().with_socket_directory(server.socket_folder());
    let found = open_with(&format!("port={}", server.port()), &local).await.expect("a session");
    assert!(found.server.ends_with(&format!(".s.PGSQL.{}", server.port())), "{}", found.server);
}

#[tokio::test]
async fn tls_is_optional_under_prefer_only() {
    let server = Postgres::shared();
    let url = format!("postgresql://127.0.0.1:{}/postgres", server.port());
    assert!(!open(&url).await.encrypted);
    assert!(!open(&format!("{url}?sslmode=allow")).await.encrypted);
    for (mode, more) in [("require", ""), ("verify-full", "&sslrootcert=system")] {
        assert_refused!(
            refused(&format!("{url}?sslmode={mode}{more}")).await,
            ConnectError::NoTls { .. },
            format!("127.0.0.1:{} does not speak TLS, which sslmode={mode} asks for", server.port()),
            "sslmode=disable",
        );
    }
}

#[tokio::test]
async fn unknown_database_and_no_connection_left() {
    let server = Postgres::shared();
    assert_refused!(
        refused(&server.url("nowhere")).await,
        ConnectError::UnknownDatabase { .. },
        "has no such database (database \"nowhere\" does not exist)",
        "check the database",
    );
    server.run("postgres", "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    assert_refused!(
        refused(&format!("postgresql://crowded@127.0.0.1:{}/postgres", server.port())).await,
        ConnectError::TooManyConnections { .. },
        "has no connection left (too many connections for role \"crowded\")",
        "try again later",
    );
    assert_refused!(
        refused(&format!("{}&options=-c%20bogus%3D1", server.url("postgres"))).await,
        ConnectError::Server { .. },
        "unrecognized configuration parameter \"bogus\" (SQLSTATE 42704)",
    );
}

#[tokio::test]
async fn a_running_statement_is_cancelled() {
    let session = open(&Postgres::shared().url("postgres")).await;
    cancels(session).await;
}

async fn cancels(session: Connection) {
    let token = session.cancel_token();
    let started = Instant::now();
    let sleep = session.client.batch_execute("SELECT pg_sleep(60)");
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel().await.expect("the request is sent");
    };
    let (result, ()) = tokio::join!(sleep, cancel);
    let code = result.expect_err("it was cancelled").code().map(|code| code.code().to_owned());
    assert_eq!(code.as_deref(), Some("57014"));
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn several_hosts() {
    let server = Postgres::shared();
    let (port, closed, http) =
        (server.port(), peer::closed_port().await, peer::listen(Act::Answer(b"HTTP/1.1 400 Bad".to_vec())).await);
    let starting = peer::listen(Act::Plain(peer::error("57P03", "the database system is starting up"))).await;
    let text =
        format!("postgresql://127.0.0.1:{closed},127.0.0.1:{http},127.0.0.1:{starting},127.0.0.1:{port}/postgres");
    assert_eq!(open(&text).await.server, format!("127.0.0.1:{port}"));

    assert_refused!(
        refused(&format!("postgresql://127.0.0.1:{closed},127.0.0.1:{http}/postgres")).await,
        ConnectError::All(_),
        "no server could be reached: ",
        format!("nothing listens on 127.0.0.1:{closed}"),
        format!("127.0.0.1:{http} is no PostgreSQL"),
    );
    // One that answers and refuses ends the search.
    assert_refused!(
        refused(&format!("postgresql://127.0.0.1:{port},127.0.0.1:{closed}/nowhere")).await,
        ConnectError::UnknownDatabase { .. },
        "nowhere",
    );
    // The address saves the name from being looked up.
    let text = format!("host=db.invalid hostaddr=127.0.0.1 port={port} dbname=postgres");
    assert_eq!(open(&text).await.server, format!("db.invalid:{port}"));
}

#[tokio::test]
async fn the_wanted_kind_of_server() {
    let url = Postgres::shared().url("postgres");
    for kind in ["any", "read-write", "primary", "prefer-standby"] {
        open(&format!("{url}&target_session_attrs={kind}")).await;
    }
    open(&format!("{url}&target_session_attrs=read-only&options=-c%20default_transaction_read_only%3Don")).await;
    for kind in ["standby", "read-only"] {
        assert_refused!(
            refused(&format!("{url}&target_session_attrs={kind}")).await,
            ConnectError::WrongRole { .. },
            format!("is not what target_session_attrs={kind} asks for"),
        );
    }
}

// ---------------------------------------------------------------- a server with TLS and passwords

struct Secured {
    server: Postgres,
    folder: TempDir,
    other: Authority,
}

/// Its certificate is for `localhost` only and comes from `ca.crt`.
fn secured() -> &'static Secured {
    static SECURED: OnceLock<Secured> = OnceLock::new();
    SECURED.get_or_init(|| {
        let folder = TempDir::new().expect("a folder");
        let (authority, other) = (Authority::new("the authority"), Authority::new("another authority"));
        let write = |name: &str, text: &str, mode| certificates::write(folder.path(), name, text, mode);
        write("ca.crt", &authority.certificate, 0o644);
        write("other.crt", &other.certificate, 0o644);
        for (name, pair) in [("ann", authority.client("ann")), ("stranger", other.client("ann"))] {
            write(&format!("client.{name}.crt"), &pair.certificate, 0o644);
            write(&format!("client.{name}.key"), &pair.key, 0o600);
        }
        let own = authority.server(&["localhost"], (-1, 10));
        let server = with_certificate(&own)
            .file("ca.crt", &authority.certificate)
            .config("ssl_ca_file", "ca.crt")
            .access(
                "local all all trust\nhostssl all ann all cert\nhostssl all bob all scram-sha-256\n\
                 hostssl all carl all md5\nhostssl all postgres all trust\n",
            )
            .start();
        server.run(
            "postgres",
            &format!(
                "CREATE ROLE ann LOGIN; CREATE ROLE bob LOGIN PASSWORD '{PASSWORD}';
                 SET password_encryption = md5; CREATE ROLE carl LOGIN PASSWORD '{PASSWORD}'"
            ),
        );
        Secured { server, folder, other }
    })
}

fn with_certificate(pair: &Pair) -> support::postgres::Builder {
    Postgres::builder().config("ssl", "on").file("server.crt", &pair.certificate).file("server.key", &pair.key)
}

impl Secured {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// `host=HOST … MORE`, every `@NAME` in it being a file of the folder.
    fn text(&self, host: &str, more: &str) -> String {
        let more = more.replace('@', &format!("{}/", self.folder.path().display()));
        let host = if host == "127.0.0.1" { "host=127.0.0.1" } else { "host=localhost hostaddr=127.0.0.1" };
        format!("{host} port={} dbname=postgres {more}", self.server.port())
    }
}

#[tokio::test]
async fn tls_as_far_as_each_mode_asks() {
    let secured = secured();
    for (host, more) in [
        ("localhost", "sslmode=verify-full sslrootcert=@ca.crt"),
        ("localhost", "sslmode=verify-full sslrootcert=@ca.crt ssl_max_protocol_version=TLSv1.2"),
        ("localhost", "sslmode=verify-full sslrootcert=@ca.crt sslsni=0"),
        ("127.0.0.1", "sslmode=verify-ca sslrootcert=@ca.crt"),
        ("127.0.0.1", "sslmode=require sslrootcert=@ca.crt"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", "sslmode=allow"),
        ("127.0.0.1", ""),
    ] {
        let session = open(&secured.text(host, more)).await;
        assert!(session.encrypted, "{more}");
        let spoken = value(&session, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await;
        assert_eq!(spoken, if more.contains("max") { "TLSv1.2" } else { "TLSv1.3" }, "{more}");
    }
    let trusting = environment().with("SSL_CERT_FILE", secured.file("ca.crt"));
    let session = open_with(&secured.text("localhost", "sslrootcert=system"), &trusting).await.expect("a session");
    assert!(session.encrypted);
}

#[tokio::test]
async fn a_certificate_for_another_host() {
    let secured = secured();
    let port = secured.server.port();
    assert_refused!(
        refused(&secured.text("127.0.0.1", "sslmode=verify-full sslrootcert=@ca.crt")).await,
        ConnectError::WrongHostName { .. },
        format!("the certificate of 127.0.0.1:{port} is for localhost, not for `127.0.0.1`"),
        "connect by a name that it contains",
    );
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority() {
    let secured = secured();
    let port = secured.server.port();
    for mode in ["verify-full", "verify-ca", "require", "prefer"] {
        assert_refused!(
            refused(&secured.text("localhost", &format!("sslmode={mode} sslrootcert=@other.crt"))).await,
            ConnectError::UnknownAuthority { .. },
            format!(
                "the certificate of localhost:{port} is signed by an authority that is not in {}",
                secured.file("other.crt")
            ),
            "(for CockroachDB: certs/ca.crt)",
            "sslrootcert=system",
        );
    }
    let trusting = environment().with("SSL_CERT_FILE", secured.file("other.crt"));
    assert_refused!(
        refused_with(&secured.text("localhost", "sslmode=verify-full"), &trusting).await,
        ConnectError::UnknownAuthority { .. },
        "an authority that this machine does not know",
    );
}

#[tokio::test]
async fn certificates_out_of_their_time() {
    let secured = secured();
    let late = with_certificate(&secured.other.server(&["localhost"], (-90, -30))).start();
    let text = |server: &Postgres, root: &str| {
        let root = secured.file(root);
        format!(
            "host=localhost hostaddr=127.0.0.1 port={} dbname=postgres sslmode=verify-full sslrootcert={root}",
            server.port()
        )
    };
    assert_refused!(
        refused(&text(&late, "other.crt")).await,
        ConnectError::Expired { .. },
        format!("the certificate of localhost:{} expired 30 days ago; it must be renewed on the server", late.port()),
    );
    drop(late);
    let early = with_certificate(&secured.other.server(&["localhost"], (3, 30))).start();
    assert_refused!(
        refused(&text(&early, "other.crt")).await,
        ConnectError::NotYetValid { .. },
        "is not valid yet; check the clock"
    );
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself() {
    let folder = TempDir::new().expect("a folder");
    let pair = certificates::self_signed(&["localhost"], (-2, 2));
    let root = certificates::write(folder.path(), "server.crt", &pair.certificate, 0o644);
    let server = with_certificate(&pair).start();
    let text =
        |mode| format!("host=localhost hostaddr=127.0.0.1 port={} dbname=postgres sslmode={mode}", server.port());
    assert!(open(&format!("{} sslrootcert={root}", text("verify-full"))).await.encrypted);
    assert!(open(&text("require")).await.encrypted);
    let other = certificates::write(
        folder.path(),
        "other.crt",
        &certificates::self_signed(&["localhost"], (-2, 2)).certificate,
        0o644,
    );
    assert_refused!(
        refused(&format!("{} sslrootcert={other}", text("verify-full"))).await,
        ConnectError::UnknownAuthority { .. },
        "is signed by an authority that is not in",
    );
    drop(server);

    let pair = certificates::self_signed(&["localhost"], (-20, -2));
    let root = certificates::write(folder.path(), "old.crt", &pair.certificate, 0o644);
    let server = with_certificate(&pair).start();
    let text = format!("host=localhost hostaddr=127.0.0.1 port={} sslmode=verify-ca sslrootcert={root}", server.port());
    assert_refused!(refused(&text).await, ConnectError::Expired { .. }, "expired 2 days ago");
}

/// As `openssl x509 -req` makes it, and PostgreSQL's manual with it.
#[tokio::test]
async fn a_certificate_of_the_old_kind() {
    let folder = TempDir::new().expect("a folder");
    let pair = certificates::version_one();
    let root = certificates::write(folder.path(), "server.crt", &pair.certificate, 0o644);
    let server = with_certificate(&pair).start();
    let text = |more: &str| format!("host=localhost hostaddr=127.0.0.1 port={} dbname=postgres {more}", server.port());
    for mode in ["prefer", "require"] {
        assert!(open(&text(&format!("sslmode={mode}"))).await.encrypted);
    }
    for more in
        [format!("sslmode=verify-full sslrootcert={root}"), "sslmode=require channel_binding=require".to_owned()]
    {
        assert_refused!(
            refused(&text(&more)).await,
            ConnectError::BadCertificate { .. },
            "cannot be accepted: it is of X.509 version 1",
            "it must be issued again on the server",
        );
    }
}

#[tokio::test]
async fn passwords_and_what_becomes_of_wrong_ones() {
    let secured = secured();
    let port = secured.server.port();
    let url = |user: &str, password: &str, more: &str| {
        let password = percent_encoding::utf8_percent_encode(password, percent_encoding::NON_ALPHANUMERIC);
        format!("postgresql://{user}:{password}@127.0.0.1:{port}/postgres?sslmode=require{more}")
    };
    for binding in ["require", "prefer", "disable"] {
        let session = open(&url("bob", PASSWORD, &format!("&channel_binding={binding}"))).await;
        assert_eq!(value(&session, "SELECT current_user::text").await, "bob");
    }
    open(&url("carl", PASSWORD, "")).await;
    assert_refused!(
        refused(&url("carl", PASSWORD, "&channel_binding=require")).await,
        ConnectError::Authentication { .. },
        "server did not use channel binding",
    );
    for user in ["bob", "carl"] {
        assert_refused!(
            refused(&url(user, "s3cr3t but wrong", "")).await,
            ConnectError::LoginRefused { .. },
            format!("127.0.0.1:{port} refused user `{user}` (password authentication failed for user \"{user}\")"),
            "check user and password (it came from the connection string)",
        );
    }
    let without = format!("postgresql://bob@127.0.0.1:{port}/postgres");
    let message = format!("127.0.0.1:{port} asks for a password of user `bob` and none is given: set PGPASSWORD");
    assert_refused!(refused(&without).await, ConnectError::PasswordNeeded { .. }, message);
    assert_refused!(
        refused_with(&without, &environment().with("PGPASSWORD", "s3cr3t too")).await,
        ConnectError::LoginRefused { .. },
        "(it came from PGPASSWORD)",
    );
    let file = certificates::write(secured.folder.path(), "passwords", &format!("*:*:*:bob:{PASSWORD}"), 0o600);
    open_with(&without, &environment().with("PGPASSFILE", &file)).await.expect("the password of the file");

    assert_refused!(
        refused(&format!("postgresql://eve:s3cr3t@127.0.0.1:{port}/postgres")).await,
        ConnectError::LoginRefused { .. },
        "no pg_hba.conf entry",
        "refused user `eve`",
    );
    assert_refused!(
        refused(&format!("postgresql://bob:s3cr3t@127.0.0.1:{port}/postgres?sslmode=disable")).await,
        ConnectError::TlsRequired { .. },
        "accepts only TLS connections: give sslmode=verify-full or sslmode=require",
    );
}

#[tokio::test]
async fn client_certificates() {
    let secured = secured();
    let text = |pair: &str| {
        secured.text(
            "localhost",
            &format!(
                "user=ann sslmode=verify-full sslrootcert=@ca.crt sslcert=@client.{pair}.crt sslkey=@client.{pair}.key"
            ),
        )
    };
    let session = open(&text("ann")).await;
    assert_eq!(value(&session, "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await, "/CN=ann");
    cancels(session).await;

    let (error, message) = refused(&text("stranger")).await;
    assert!(
        matches!(error, ConnectError::ClientCertificateRefused { .. } | ConnectError::ClosedEarly { .. }),
        "{message}"
    );
    assert!(message.contains("the client certificate"), "{message}");

    assert_refused!(
        refused(&secured.text("localhost", "user=ann sslmode=verify-full sslrootcert=@ca.crt")).await,
        ConnectError::LoginRefused { .. },
        "connection requires a valid client certificate",
        "a client certificate with sslcert and sslkey",
    );
    // A certificate of somebody else.
    assert_refused!(
        refused(&text("ann").replace("user=ann", "user=dave")).await,
        ConnectError::LoginRefused { .. },
        "client.ann.crt is made for this user",
    );
}

#[tokio::test]
async fn files_that_cannot_be_used() {
    let secured = secured();
    let write = |name: &str, text: &str, mode| certificates::write(secured.folder.path(), name, text, mode);
    write("empty.pem", "nothing here\n", 0o600);
    write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!\n", 0o600);
    let key = std::fs::read_to_string(secured.file("client.ann.key")).expect("a key");
    write("loose.key", &key, 0o644);
    write("locked.key", &key.replace("PRIVATE", "ENCRYPTED PRIVATE"), 0o600);
    let ann = "sslcert=@client.ann.crt";
    let table = [
        (
            "sslmode=verify-full sslrootcert=@none.crt".to_owned(),
            "none.crt (`sslrootcert`) cannot be read: entity not found",
        ),
        (
            "sslmode=require sslrootcert=@empty.pem".to_owned(),
            "empty.pem (`sslrootcert`) holds no certificate in PEM form",
        ),
        ("sslrootcert=@broken.pem".to_owned(), "broken.pem (`sslrootcert`) holds no certificate"),
        ("sslrootcert=@client.ann.key".to_owned(), "client.ann.key (`sslrootcert`) holds no certificate"),
        (
            "sslcert=@none.crt sslkey=@client.ann.key".to_owned(),
            "none.crt (`sslcert`) cannot be read: entity not found",
        ),
        (format!("{ann} sslkey=@none.key"), "none.key (`sslkey`) cannot be read: entity not found"),
        (format!("{ann} sslkey=@empty.pem"), "empty.pem (`sslkey`) holds no private key in PEM form"),
        (format!("{ann} sslkey=@locked.key"), "locked.key (`sslkey`) is protected by a passphrase"),
        (format!("{ann} sslkey=@loose.key"), "loose.key (`sslkey`) may be read by others (mode 0644); run: chmod 600"),
        (
            format!("{ann} sslkey=@client.stranger.key"),
            "client.stranger.key (`sslkey`) is not the key of the certificate",
        ),
    ];
    for (more, words) in table {
        assert_refused!(refused(&secured.text("localhost", &more)).await, ConnectError::File(_), words);
    }
    let nothing = environment().with("SSL_CERT_FILE", secured.file("empty.pem"));
    assert_refused!(
        refused_with(&secured.text("localhost", "sslrootcert=system"), &nothing).await,
        ConnectError::File(_),
        "stands for the authorities of this machine, of which none were found",
    );
}

#[tokio::test]
async fn a_host_that_cannot_stand_in_a_certificate() {
    let secured = secured();
    let text = format!("host='db host' hostaddr=127.0.0.1 port={} sslmode=require", secured.server.port());
    assert_refused!(refused(&text).await, ConnectError::HostName { .. }, "`db host` cannot be a name in a certificate");
}

// ---------------------------------------------------------------- no server at all

fn at(port: u16, more: &str) -> String {
    format!("postgresql://root:s3cr3t@127.0.0.1:{port}/booking?connect_timeout=1&{more}")
}

#[tokio::test]
async fn nobody_there() {
    let port = peer::closed_port().await;
    assert_refused!(
        refused(&at(port, "")).await,
        ConnectError::Refused { .. },
        format!("nothing listens on 127.0.0.1:{port}; check host and port, and that the server runs"),
    );
    assert_refused!(
        refused("host=/nowhere").await,
        ConnectError::Refused { .. },
        "nothing listens on /nowhere/.s.PGSQL.5432"
    );
    assert_refused!(
        refused("postgresql://root:s3cr3t@no-such-host.invalid:26257/x").await,
        ConnectError::UnknownHost { .. },
        "the host no-such-host.invalid:26257 is unknown",
        "check its name in the connection string",
    );
}

#[tokio::test]
async fn something_else_listens() {
    let http = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec();
    // what it does, sslmode, words
    let table = [
        (Act::Answer(http.clone()), "prefer", "an HTTP server answered"),
        (Act::Answer(http.clone()), "verify-full", "an HTTP server answered"),
        (Act::Answer(http), "disable", "something else answered"),
        (Act::Greet(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "prefer", "an SSH server answered"),
        (Act::Greet(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "disable", "something else answered"),
        (Act::Greet(b"220 mail.example.com ESMTP\r\n"), "prefer", "something else answered"),
        (Act::Answer(vec![0x15, 3, 1, 0, 2, 2, 80]), "require", "a TLS server of another kind answered"),
    ];
    for (act, mode, words) in table {
        let port = peer::listen(act).await;
        let (error, message) = refused(&at(port, &format!("sslmode={mode}"))).await;
        // A greeting can look like the start of a long message, of which the rest never comes.
        if let ConnectError::Silent { .. } = error {
            assert_eq!((mode, words), ("disable", "something else answered"), "{message}");
            continue;
        }
        assert!(matches!(error, ConnectError::NotPostgres { .. }), "{mode}: {error:?}");
        let expected = format!("127.0.0.1:{port} is no PostgreSQL or CockroachDB server: {words}; check the port");
        assert!(message.contains(&expected), "{message}");
    }
}

#[tokio::test]
async fn silence_and_a_slammed_door() {
    for mode in ["prefer", "disable", "verify-full"] {
        let port = peer::listen(Act::Silence).await;
        let started = Instant::now();
        assert_refused!(
            refused(&at(port, &format!("sslmode={mode}"))).await,
            ConnectError::Silent { .. },
            format!("127.0.0.1:{port} accepts connections but does not answer as PostgreSQL does within 1 s"),
            "connect_timeout",
        );
        assert!(started.elapsed() < Duration::from_secs(5));

        let port = peer::listen(Act::Close).await;
        assert_refused!(
            refused(&at(port, &format!("sslmode={mode}"))).await,
            ConnectError::ClosedEarly { .. },
            format!("127.0.0.1:{port} closed the connection before the session began"),
        );
    }
    // TLS is promised, and then something else is said.
    let port = peer::listen(Act::Answer(b"S".to_vec())).await;
    assert_refused!(
        refused(&at(port, "sslmode=require")).await,
        ConnectError::ClosedEarly { .. },
        "closed the connection"
    );
}

#[tokio::test]
async fn what_servers_say_at_the_door() {
    let table = [
        (
            "57P03",
            "the database system is starting up",
            "is starting up or shutting down (the database system is starting up); try again",
        ),
        ("53300", "sorry, too many clients already", "has no connection left (sorry, too many clients already)"),
        ("3D000", "database \"booking\" does not exist", "has no such database (database \"booking\" does not exist)"),
        // CockroachDB
        (
            "28P01",
            "password authentication failed for user root",
            "refused user `root` (password authentication failed for user root)",
        ),
        (
            "28000",
            "certificate authentication failed for user \"root\"",
            "refused user `root` (certificate authentication failed",
        ),
        ("XXUUU", "password authentication failed for user root", "refused user `root`"),
        (
            "08P01",
            "node is running secure mode, SSL connection required",
            "accepts only TLS connections: give sslmode=verify-full",
        ),
        ("08004", "codeParamsRoutingFailed: missing cluster identifier", "missing cluster identifier (SQLSTATE 08004)"),
    ];
    for (code, said, words) in table {
        let port = peer::listen(Act::Plain(peer::error(code, said))).await;
        for mode in ["prefer", "disable"] {
            let (_, message) = refused(&at(port, &format!("sslmode={mode}"))).await;
            assert!(message.starts_with(&format!("127.0.0.1:{port} ")), "{message}");
            assert!(message.contains(words), "{message}");
        }
    }
    let port = peer::listen(Act::Answer(peer::error("53300", "could not fork"))).await;
    assert_refused!(refused(&at(port, "sslmode=require")).await, ConnectError::NoTls { .. }, "does not speak TLS");
}
