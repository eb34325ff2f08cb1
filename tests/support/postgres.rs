//! A throwaway PostgreSQL server for tests.
//!
//! ```ignore
//! let database = Postgres::shared().database();        // one server per test process, a database of its own per call
//! let own = Postgres::builder().config("ssl", "on").file("server.key", key).start();
//! ```
//!
//! The server listens on 127.0.0.1 and on a socket in its folder, trusts everybody unless told otherwise, and writes
//! nothing durably. It and its folder vanish when the value is dropped, and also when the test process is killed: a
//! small shell holds the other end of a pipe and cleans up when that closes.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The superuser of every server.
pub const USER: &str = "postgres";

/// A running server.
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    guard: Option<Child>,
}

/// What a server is to be like.
#[derive(Default)]
pub struct Builder {
    settings: Vec<(String, String)>,
    files: Vec<(String, String)>,
    access: Option<String>,
}

/// A database of its own for one test.
pub struct Database {
    /// `postgresql://postgres@127.0.0.1:PORT/NAME?sslmode=disable`
    pub url: String,
    /// Its name.
    pub name: String,
    server: &'static Postgres,
}

impl Builder {
    /// A line of `postgresql.conf`.
    pub fn config(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file in the data folder that only the server may read, such as `server.key`.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// The text of `pg_hba.conf`, in place of *trust for everybody*.
    pub fn access(mut self, lines: &str) -> Self {
        self.access = Some(lines.to_owned());
        self
    }

    /// Makes the server and waits until it answers.
    pub fn start(self) -> Postgres {
        let binaries = binaries();
        let account = Account::find();
        let folder = tempfile::Builder::new().prefix("dbaudit-postgres-").tempdir().expect("a temporary folder").keep();
        account.own(&folder);
        let data = folder.join("data");
        let made = account
            .command(&binaries.join("initdb"))
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username", USER, "--pgdata"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));

        let access = self.access.unwrap_or_else(|| "local all all trust\nhost all all all trust\n".to_owned());
        for (name, text) in self.files.iter().chain([&("pg_hba.conf".to_owned(), access)]) {
            let path = data.join(name);
            fs::write(&path, text).expect("a file in the data folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its permissions");
            account.own(&path);
        }
        let mut settings = fs::read_to_string(data.join("postgresql.conf")).expect("postgresql.conf");
        settings += &format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\nsynchronous_commit = off\n\
             full_page_writes = off\nautovacuum = off\nmax_connections = 200\nshared_buffers = 16MB\n",
            folder.display()
        );
        for (name, value) in &self.settings {
            settings += &format!("{name} = '{}'\n", value.replace('\'', "''"));
        }
        fs::write(data.join("postgresql.conf"), settings).expect("postgresql.conf");

        // Between choosing a free port and using it, another process may take it.
        for _ in 0..5 {
            let port = free_port();
            let guard = spawn(&account, &binaries, &folder, port);
            let mut server = Postgres { folder: folder.clone(), port, guard: Some(guard) };
            if server.wait_until_ready() {
                return server;
            }
            // Its folder is still needed for the next try.
            server.forget();
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let _ = fs::remove_dir_all(&folder);
        panic!("PostgreSQL did not start:\n{log}");
    }
}

impl Postgres {
    /// A server of one's own, for what the shared one cannot offer.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The server that the tests of this process share.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::builder().start())
    }

    /// One that keeps statistics of statements, where a database has the extension for it.
    pub fn counting() -> &'static Postgres {
        static COUNTING: OnceLock<Postgres> = OnceLock::new();
        COUNTING.get_or_init(|| Self::builder().config("shared_preload_libraries", "pg_stat_statements").start())
    }

    /// A new, empty database. It is dropped with the value.
    pub fn database(&'static self) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run(USER, &format!("CREATE DATABASE {name}"));
        Database { url: self.url(&name), name, server: self }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the server's socket.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// A URL for the superuser.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{USER}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Runs SQL text (any number of statements) in a database; panics with the server's message if it fails. It goes
    /// through the socket as superuser and may be called from asynchronous tests, too.
    pub fn run(&self, database: &str, sql: &str) {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.folder).port(self.port).user(USER).dbname(database);
        let work = async {
            let (client, connection) =
                config.connect(tokio_postgres::NoTls).await.expect("a connection to the test server");
            let task = tokio::spawn(connection);
            let result = client.batch_execute(sql).await;
            drop(client);
            let _ = task.await;
            if let Err(error) = result {
                panic!("SQL failed: {error:?}\n{sql}");
            }
        };
        thread::scope(|scope| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            scope.spawn(move || runtime.block_on(work)).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    }

    /// Everything that the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits for the line that says so; false if the server has ended instead.
    fn wait_until_ready(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if self.log().contains("database system is ready to accept connections") {
                return true;
            }
            let guard = self.guard.as_mut().expect("the guard lives as long as the server");
            if guard.try_wait().expect("the state of the guard").is_some() {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Ends the server; the guard removes the folder unless it holds a file named `keep`.
    fn stop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }

    fn forget(mut self) {
        let _ = fs::write(self.folder.join("keep"), "");
        self.stop();
        let _ = fs::remove_file(self.folder.join("keep"));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Database {
    /// Runs SQL text in this database.
    pub fn run(&self, sql: &str) {
        self.server.run(&self.name, sql);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.server.run(USER, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Starts the server under a shell that waits for its standard input to close, which happens when this process ends in
/// whatever way, and then stops the server and removes its folder. The shell also ends when the server does.
fn spawn(account: &Account, binaries: &Path, folder: &Path, port: u16) -> Child {
    const GUARD: &str = r#"
        folder=$1; shift
        "$@" >"$folder/log" 2>&1 </dev/null 3<&- &
        server=$!
        { cat; kill -INT $server; } <&3 2>/dev/null &
        wait $server
        status=$?
        kill $! 2>/dev/null
        [ -e "$folder/keep" ] || rm -rf "$folder"
        exit $status
    "#;
    let mut server = account.command(Path::new("sh"));
    server
        .args(["-c", &format!("exec 3<&0; {GUARD}"), "guard"])
        .arg(folder)
        .arg(binaries.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal must reach the tests only: the guard cleans up after them.
        .process_group(0);
    server.spawn().expect("a shell to guard the server")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// The folder with `initdb` and `postgres`: of `PATH`, else the newest of the usual places.
/// A program of the PostgreSQL that the tests run, such as `pg_dump`.
pub fn binary(name: &str) -> PathBuf {
    binaries().join(name)
}

fn binaries() -> PathBuf {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = env::split_paths(&path).find(complete) {
        return fs::canonicalize(folder.join("initdb"))
            .ok()
            .and_then(|real| real.parent().map(Path::to_owned))
            .filter(complete)
            .unwrap_or(folder);
    }
    let mut found = vec![PathBuf::from("/usr/local/pgsql/bin")];
    for (parent, below) in
        [("/usr/lib/postgresql", "bin"), ("/usr", "bin"), ("/opt/homebrew/opt", "bin"), ("/usr/local/opt", "bin")]
    {
        let folders = fs::read_dir(parent).into_iter().flatten().flatten();
        let wanted = folders.filter(|folder| {
            let name = folder.file_name();
            let name = name.to_string_lossy();
            parent == "/usr/lib/postgresql" || name.starts_with("postgresql") || name.starts_with("pgsql-")
        });
        found.extend(wanted.map(|folder| folder.path().join(below)));
    }
    let version = |folder: &PathBuf| {
        let digits = |c: char| !c.is_ascii_digit();
        folder.to_string_lossy().split(digits).filter_map(|number| number.parse::<u32>().ok()).next_back()
    };
    found.into_iter().filter(complete).max_by_key(version).unwrap_or_else(|| {
        panic!(
            "these tests need PostgreSQL's own programs, and neither PATH nor /usr/lib/postgresql/*/bin has initdb and \
             postgres. Install them (Debian: apt-get install postgresql) or put their folder into PATH."
        )
    })
}

/// The account the server runs under: PostgreSQL refuses to be run by root.
pub struct Account {
    ids: Option<(u32, u32)>,
}

impl Account {
    /// This account, or one without rights if this is root.
    pub fn find() -> Self {
        let root = fs::metadata("/proc/self").map_or_else(
            |_| env::var_os("USER").is_some_and(|user| user == "root"),
            |own| std::os::unix::fs::MetadataExt::uid(&own) == 0,
        );
        if !root {
            return Self { ids: None };
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let ids = ["postgres", "nobody"].iter().find_map(|wanted| {
            accounts.lines().find_map(|line| {
                let fields: Vec<_> = line.split(':').collect();
                (fields.first() == Some(wanted))
                    .then(|| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)))?
            })
        });
        Self { ids: Some(ids.unwrap_or((65534, 65534))) }
    }

    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.ids {
            chown(path, Some(user), Some(group)).expect("to give a file to PostgreSQL's account");
        }
    }

    /// A command of this account. Its folder is one that every account may stand in.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.ids {
            command.gid(group).uid(user);
        }
        command.current_dir("/").env_remove("PGDATA").env("LC_ALL", "C");
        command
    }
}
