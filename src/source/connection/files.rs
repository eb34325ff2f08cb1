//! The two files that libpq reads beside the connection string: the service file and the password file.

use super::environment::Environment;
use super::error::SettingsError;
use super::parameters::Parameters;
use super::secret::Secret;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Looks a service up: in the named file or `~/.pg_service.conf`, then in `PGSYSCONFDIR/pg_service.conf`.
pub(super) fn service(
    name: &str,
    file: Option<PathBuf>,
    environment: &Environment,
) -> Result<Parameters, SettingsError> {
    let named = file.is_some();
    let system = environment.variable("PGSYSCONFDIR").map(|folder| Path::new(folder).join("pg_service.conf"));
    let first = file.or_else(|| environment.home_file(".pg_service.conf"));
    for (path, must_exist) in [(first, named), (system, false)] {
        let Some(path) = path else { continue };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => continue,
            Err(error) => return Err(SettingsError::ServiceFile { path, error }),
        };
        if let Some(parameters) = section(name, &text, &path)? {
            return Ok(parameters);
        }
    }
    Err(SettingsError::UnknownService { name: name.to_owned() })
}

fn section(name: &str, text: &str, path: &Path) -> Result<Option<Parameters>, SettingsError> {
    let mut found: Option<Parameters> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            found = (title.strip_suffix(']') == Some(name)).then(Parameters::default);
        } else if let Some(parameters) = &mut found {
            let inserted = match line.split_once('=') {
                // A service cannot refer to another one.
                Some(("service" | "servicefile", _)) | None => Err(SettingsError::NotAParameter),
                Some((name, value)) => parameters.insert(name.trim(), value.trim().to_owned()),
            };
            inserted.map_err(|error| SettingsError::InFile {
                path: path.to_owned(),
                line: number,
                error: Box::new(error),
            })?;
        }
    }
    Ok(found)
}

/// The lines of a password file.
#[derive(Default)]
pub(super) struct PasswordFile {
    lines: Vec<String>,
}

impl PasswordFile {
    /// Reads the file. One that others may read is not used; the warning says so.
    pub fn read(path: &Path, warnings: &mut Vec<String>) -> Self {
        let Ok(metadata) = fs::metadata(path) else {
            return Self::default();
        };
        if !metadata.is_file() {
            warnings.push(format!("the password file {} is no ordinary file and is ignored", path.display()));
            return Self::default();
        }
        if let Some(mode) = super::tls::loose_mode(&metadata, 0o077) {
            let path = path.display();
            warnings.push(format!(
                "the password file {path} is ignored because others may read it (mode {mode:04o}); run: chmod 600 {path}"
            ));
            return Self::default();
        }
        match fs::read_to_string(path) {
            Ok(text) => Self { lines: text.lines().map(str::to_owned).collect() },
            Err(error) => {
                warnings.push(format!("the password file {} cannot be read: {}", path.display(), error.kind()));
                Self::default()
            }
        }
    }

    /// The password of the first line that fits; `*` fits everything.
    pub fn password(&self, host: &str, port: u16, database: &str, user: &str) -> Option<Secret> {
        let port = port.to_string();
        let wanted = [host, port.as_str(), database, user];
        self.lines.iter().filter(|line| !line.starts_with('#')).find_map(|line| {
            let mut rest = line.as_str();
            for value in wanted {
                let (field, wildcard) = field(&mut rest)?;
                if !wildcard && field != value {
                    return None;
                }
            }
            // libpq takes an empty password as none.
            let (password, _) = password_field(rest);
            (!password.is_empty()).then(|| Secret::new(password))
        })
    }
}

/// Takes one field off the front, its `\:` and `\\` resolved; tells whether it was a bare `*`.
fn field(rest: &mut &str) -> Option<(String, bool)> {
    let (field, end) = password_field(rest);
    let raw = rest.get(..end)?;
    *rest = rest.get(end..)?.strip_prefix(':')?;
    Some((field, raw == "*"))
}

/// The text up to the next bare `:`, and where that stands.
fn password_field(text: &str) -> (String, usize) {
    let mut field = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => field.extend(characters.next().map(|(_, escaped)| escaped)),
            ':' => return (field, place),
            c => field.push(c),
        }
    }
    (field, text.len())
}
