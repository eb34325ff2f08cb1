//! The two written forms of a connection: a URL and `key=value` pairs.

use super::error::SettingsError;
use super::parameters::Parameters;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use std::str::{Chars, FromStr};

const SCHEMES: &[&str] = &["postgresql", "postgres", "cockroachdb", "cockroach"];
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const IN_BRACKETS: &AsciiSet = &UNRESERVED.remove(b':');

/// A connection string as the user gave it, taken apart but not yet completed from the environment.
///
/// `Display` and `Debug` show [`ConnectionString::redacted`]. The empty string is valid: everything then comes from the
/// environment.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectionString {
    pub(super) parameters: Parameters,
}

impl ConnectionString {
    /// Whether a text is meant as a connection string, rather than as the name of a file.
    pub fn recognises(text: &str) -> bool {
        scheme(text).is_some()
            || text.split_once('=').is_some_and(|(name, _)| {
                let name = name.trim();
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            })
    }

    /// Whether a text that is none of the two forms was meant as one: in quotes, or with a slip in its scheme. It may hold
    /// a password, so it must not be shown, nor become the name of a file.
    pub fn resembles(text: &str) -> bool {
        let bare = text.trim().trim_matches(['"', '\'', '`', '\u{201c}', '\u{201d}']).trim();
        let small = bare.to_ascii_lowercase();
        // postgres.db and postgres/schema.sql are names of files
        let begins = SCHEMES.iter().any(|s| small.starts_with(s)) && (bare.contains(':') || bare.contains("//"));
        let pairs = small.contains("password") && bare.contains('=');
        bare.contains('@') || begins || pairs || (bare != text && Self::recognises(bare))
    }

    /// Reads either form. An error never repeats a piece of the text that could belong to the password.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let text = text.trim();
        let parameters = match scheme(text) {
            Some((scheme, rest)) if SCHEMES.contains(&scheme) => of_url(rest)?,
            Some(_) => return Err(SettingsError::Scheme),
            None => of_pairs(text)?,
        };
        Ok(Self { parameters })
    }

    /// The string without password and query: `postgresql://root@host:26257/booking`.
    pub fn redacted(&self) -> String {
        let get = |name| self.parameters.get(name).filter(|value| !value.is_empty());
        let ports: Vec<_> = get("port").unwrap_or_default().split(',').collect();
        let hosts = get("host").or(get("hostaddr")).unwrap_or_default().split(',').enumerate();
        let hosts: Vec<_> = hosts
            .map(|(place, host)| {
                let port = if ports.len() == 1 { ports.first() } else { ports.get(place) };
                host_and_port(host, port.copied().filter(|port| !port.is_empty()))
            })
            .collect();
        url(get("user"), &hosts, get("dbname"))
    }
}

impl FromStr for ConnectionString {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        Self::parse(text)
    }
}

impl fmt::Display for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionString({})", self.redacted())
    }
}

/// A URL without secrets.
pub(super) fn url(user: Option<&str>, hosts: &[String], database: Option<&str>) -> String {
    let encode = |text| utf8_percent_encode(text, UNRESERVED);
    let user = user.map(|user| format!("{}@", encode(user))).unwrap_or_default();
    let database = database.map(|name| format!("/{}", encode(name))).unwrap_or_default();
    format!("postgresql://{user}{}{database}", hosts.join(","))
}

/// Whether two names of databases, as [`Settings::redacted`](super::Settings::redacted) gives them, are of one cluster: the
/// same user, hosts, ports and routing. Either may name no database.
pub fn same_cluster(a: &str, b: &str) -> bool {
    let server = |name: &str| {
        let (_, rest) = name.split_once("://")?;
        let (place, routing) = rest.split_once('?').unwrap_or((rest, ""));
        let hosts = place.split_once('/').map_or(place, |(hosts, _)| hosts);
        Some((hosts.to_owned(), routing.to_owned()))
    };
    server(a).is_some() && server(a) == server(b)
}

/// A host (name, address or socket directory) as it stands in a URL.
pub(super) fn host_and_port(host: &str, port: Option<&str>) -> String {
    let host = if host.contains(':') {
        format!("[{}]", utf8_percent_encode(host, IN_BRACKETS))
    } else {
        utf8_percent_encode(host, UNRESERVED).to_string()
    };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// Splits `scheme://rest`; `postgresql+driver://` and `jdbc:postgresql://` count as `postgresql://`.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme);
    let scheme = scheme.split_once('+').map_or(scheme, |(scheme, _)| scheme);
    let plausible = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric());
    plausible.then_some((scheme, rest))
}

/// `[user[:password]@][host[:port],…][/dbname][?name=value&…]`
fn of_url(rest: &str) -> Result<Parameters, SettingsError> {
    let (authority, tail) = match rest.find(['/', '?']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    // A bare `/` or `?` in a password ends the authority too early; what then follows up to the `@` is secret.
    if path.contains('@') {
        return Err(SettingsError::StrayAt);
    }
    let mut parameters = Parameters::default();
    // The last `@` is the one that ends the password, so that an `@` inside it does no harm.
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (login, hosts),
        None => ("", authority),
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let database = path.strip_prefix('/').unwrap_or_default();
    for (name, part, value) in
        [("user", "user name", user), ("password", "password", password), ("dbname", "database name", database)]
    {
        if !value.is_empty() {
            parameters.insert(name, decode(value, part)?)?;
        }
    }
    if !hosts.is_empty() {
        let hosts = hosts.split(',').map(host_of_url).collect::<Result<Vec<_>, _>>()?;
        let (hosts, ports): (Vec<_>, Vec<_>) = hosts.into_iter().unzip();
        if hosts.iter().any(|host| !host.is_empty()) {
            parameters.insert("host", hosts.join(","))?;
        }
        if ports.iter().any(|port| !port.is_empty()) {
            parameters.insert("port", ports.join(","))?;
        }
    }
    of_query(query, &mut parameters).map_err(
        |error| {
            if query.contains('@') { SettingsError::StrayAt } else { error }
        },
    )?;
    Ok(parameters)
}

fn of_query(query: &str, parameters: &mut Parameters) -> Result<(), SettingsError> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(SettingsError::NotAParameter)?;
        let name = decode(name, "name of a parameter")?;
        parameters.insert(&name, decode(value, "value of a parameter")?)?;
    }
    Ok(())
}

/// `host`, `host:port`, `[address]:port`, `:port`; the port stays text.
fn host_of_url(text: &str) -> Result<(String, &str), SettingsError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(SettingsError::Bracket)?;
            let port = match port.strip_prefix(':') {
                Some(port) => port,
                None if port.is_empty() => "",
                None => return Err(SettingsError::Bracket),
            };
            (host, port)
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if !port.chars().all(|c| c.is_ascii_digit()) {
        return Err(SettingsError::UrlPort);
    }
    Ok((decode(host, "host")?, port))
}

/// Strict, as libpq is: a `%` that encodes nothing is a mistake that would change a password silently.
fn decode(text: &str, part: &'static str) -> Result<String, SettingsError> {
    let hexadecimal = |code: &str| code.chars().take(2).filter(char::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(hexadecimal) || text.contains("%00") {
        return Err(SettingsError::PercentEncoding { part });
    }
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded.map_err(|_| SettingsError::PercentEncoding { part })?.into_owned())
}

/// `name = value` pairs parted by spaces; values may stand in single quotes, `\` takes the next character as it is.
fn of_pairs(text: &str) -> Result<Parameters, SettingsError> {
    let mut parameters = Parameters::default();
    let mut rest = text.trim_start();
    // A password with a space in it that is not quoted: the words behind it must not be shown.
    let mut after_password = false;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let Some(tail) = tail.trim_start().strip_prefix('=') else {
            return Err(if after_password { SettingsError::SpaceInPassword } else { SettingsError::NotPairs });
        };
        let mut characters = tail.trim_start().chars();
        let quoted = characters.as_str().starts_with('\'');
        let value = value_of_pair(&mut characters, quoted)?;
        parameters.insert(name, value).map_err(
            |error| {
                if after_password { SettingsError::SpaceInPassword } else { error }
            },
        )?;
        after_password = !quoted && matches!(name, "password" | "sslpassword");
        rest = characters.as_str().trim_start();
    }
    Ok(parameters)
}

fn value_of_pair(characters: &mut Chars<'_>, quoted: bool) -> Result<String, SettingsError> {
    let mut value = String::new();
    if quoted {
        characters.next();
    }
    while let Some(character) = characters.next() {
        match character {
            '\\' => value.extend(characters.next()),
            '\'' if quoted => return Ok(value),
            c if !quoted && c.is_whitespace() => return Ok(value),
            c => value.push(c),
        }
    }
    if quoted { Err(SettingsError::Quote) } else { Ok(value) }
}
