//! A CockroachDB server for tests, where there is one: that of `DBAUDIT_TEST_COCKROACH_URL`, or a throwaway node of the
//! `cockroach` on the path.

use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A server that may be filled with databases.
pub struct Cockroach {
    url: String,
    /// Closes when this process ends in whatever way, and with it the node.
    _life_line: Option<ChildStdin>,
}

/// Runs a node until standard input closes, and removes its folder.
const GUARD: &str = r#"
    exec 3<&0
    "$@" >/dev/null 2>&1 </dev/null 3<&- &
    node=$!
    { cat; kill -9 $node; } <&3 2>/dev/null &
    wait $node
    kill $! 2>/dev/null
    rm -rf "$FOLDER"
"#;

impl Cockroach {
    /// The server that the tests of this process share, or `None` and a line that says so plainly.
    pub fn shared() -> Option<&'static Cockroach> {
        static SHARED: OnceLock<Option<Cockroach>> = OnceLock::new();
        let found = SHARED.get_or_init(|| match std::env::var("DBAUDIT_TEST_COCKROACH_URL") {
            Ok(url) => Some(Cockroach { url, _life_line: None }),
            Err(_) => Cockroach::start(),
        });
        if found.is_none() {
            let how = "set DBAUDIT_TEST_COCKROACH_URL or put `cockroach` on the PATH";
            eprintln!("NOT RUN for want of a CockroachDB: {how}");
        }
        found.as_ref()
    }

    /// A new database, named after what it is for. It is dropped with the value.
    pub fn database(&'static self, what: &str) -> CockroachDatabase {
        let name = format!("dbaudit_{what}_{}", std::process::id());
        execute(&self.url("defaultdb"), &format!("CREATE DATABASE {name}"));
        CockroachDatabase { url: self.url(&name), name, server: self }
    }

    fn start() -> Option<Cockroach> {
        let path = std::env::var_os("PATH")?;
        let program = std::env::split_paths(&path).map(|p| p.join("cockroach")).find(|p| p.is_file())?;
        let folder = tempfile::tempdir().unwrap().keep();
        let url_file = folder.join("url");
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(program)
            .args(["start-single-node", "--insecure", "--store=type=mem,size=640MiB", "--cache=64MiB"])
            .args(["--listen-addr=127.0.0.1:0", "--http-addr=127.0.0.1:0"])
            .arg(format!("--listening-url-file={}", url_file.display()))
            .envs([("COCKROACH_SKIP_ENABLING_DIAGNOSTIC_REPORTING", "true"), ("COCKROACH_SKIP_UPDATE_CHECK", "1")])
            .env("FOLDER", &folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Cockroach { url: wait_for(&mut guard, &url_file), _life_line: guard.stdin.take() })
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let (base, parameters) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let host = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        format!("{host}/{database}?{parameters}")
    }
}

/// The URL that the node writes once it listens.
fn wait_for(guard: &mut Child, url_file: &std::path::Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(90);
    while Instant::now() < deadline && guard.try_wait().unwrap().is_none() {
        if let Some(url) = std::fs::read_to_string(url_file).ok().filter(|t| t.ends_with('\n')) {
            return url.trim().to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("`cockroach` is on the PATH and does not start");
}

/// A database of its own.
pub struct CockroachDatabase {
    /// Its connection string.
    pub url: String,
    /// Its name.
    pub name: String,
    server: &'static Cockroach,
}

impl CockroachDatabase {
    /// Runs a script, each statement as one of its own: it ends with its line.
    pub fn run(&self, script: &str) {
        script.split(";\n").filter(|s| !s.trim().is_empty()).for_each(|statement| execute(&self.url, statement));
    }
}

impl Drop for CockroachDatabase {
    fn drop(&mut self) {
        // left to be looked at after a failure
        if !std::thread::panicking() {
            execute(&self.server.url("defaultdb"), &format!("DROP DATABASE {} CASCADE", self.name));
        }
    }
}

fn execute(url: &str, sql: &str) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap_or_else(|e| panic!("{e:?}: {sql}"));
    });
}
