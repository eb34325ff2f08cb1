//! What the process environment contributes to a connection, as a value that tests can make up.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Variables, home directory, user name and the usual directories of server sockets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    user: Option<String>,
    socket_directories: Vec<PathBuf>,
}

impl Environment {
    /// The environment of this process. Only the variables that matter here are kept.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("PG") || name.starts_with("SSL_CERT_"))
            .collect();
        let sockets: &[&str] = if cfg!(unix) { &["/var/run/postgresql", "/tmp"] } else { &[] };
        Self {
            variables,
            home: std::env::home_dir(),
            user: whoami::username().ok(),
            socket_directories: sockets.iter().map(PathBuf::from).collect(),
        }
    }

    /// Sets a variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the home directory.
    pub fn with_home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// Sets the name of the operating system's user.
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Adds a directory in which a local server may have its socket.
    pub fn with_socket_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.socket_directories.push(directory.into());
        self
    }

    /// A variable; one that is set but empty counts as not set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A file below the home directory.
    pub(super) fn home_file(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// A path as a user writes it, with a leading `~/` replaced: in a URL or a `.env` file no shell has done so.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        text.strip_prefix("~/").and_then(|rest| self.home_file(rest)).unwrap_or_else(|| PathBuf::from(text))
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The directory of a local server's socket, if there is one for this port.
    pub(super) fn socket_directory(&self, port: u16) -> Option<&Path> {
        self.socket_directories
            .iter()
            .map(PathBuf::as_path)
            .find(|directory| directory.join(format!(".s.PGSQL.{port}")).exists())
    }

    pub(super) fn is_socket_directory(&self, path: &Path) -> bool {
        self.socket_directories.iter().any(|known| known == path)
    }
}

/// Names only: `PGPASSWORD` is one of the variables.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}
