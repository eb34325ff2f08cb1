//! The parameters that a connection may have, whichever place they come from.

use super::environment::Environment;
use super::error::SettingsError;
use std::collections::BTreeMap;

/// What is done with a parameter.
enum Use {
    /// It means something to dbaudit.
    Read,
    /// It may be left out without harm.
    Ignored,
    /// Leaving it out would weaken what the user asked for.
    Refused(&'static str),
}

/// Name, environment variable (or nothing) and use of every known parameter.
const KNOWN: &[(&str, &str, Use)] = &[
    ("host", "PGHOST", Use::Read),
    ("hostaddr", "PGHOSTADDR", Use::Read),
    ("port", "PGPORT", Use::Read),
    ("dbname", "PGDATABASE", Use::Read),
    ("user", "PGUSER", Use::Read),
    ("password", "PGPASSWORD", Use::Read),
    ("passfile", "PGPASSFILE", Use::Read),
    ("service", "PGSERVICE", Use::Read),
    ("servicefile", "PGSERVICEFILE", Use::Read),
    ("sslmode", "PGSSLMODE", Use::Read),
    ("sslrootcert", "PGSSLROOTCERT", Use::Read),
    ("sslcert", "PGSSLCERT", Use::Read),
    ("sslkey", "PGSSLKEY", Use::Read),
    ("sslcertmode", "PGSSLCERTMODE", Use::Read),
    ("sslsni", "PGSSLSNI", Use::Read),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Use::Read),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Use::Read),
    ("channel_binding", "PGCHANNELBINDING", Use::Read),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Use::Read),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", Use::Read),
    ("options", "PGOPTIONS", Use::Read),
    ("cluster", "", Use::Read),
    // Not PGAPPNAME: that is the name of the application whose environment this is.
    ("application_name", "", Use::Read),
    ("gssencmode", "PGGSSENCMODE", Use::Read),
    ("client_encoding", "", Use::Ignored),
    ("fallback_application_name", "", Use::Ignored),
    ("gssdelegation", "", Use::Ignored),
    ("gsslib", "", Use::Ignored),
    ("keepalives", "", Use::Ignored),
    ("keepalives_count", "", Use::Ignored),
    ("keepalives_idle", "", Use::Ignored),
    ("keepalives_interval", "", Use::Ignored),
    ("krbsrvname", "", Use::Ignored),
    ("load_balance_hosts", "", Use::Ignored),
    ("max_protocol_version", "", Use::Ignored),
    ("min_protocol_version", "", Use::Ignored),
    ("sslcompression", "", Use::Ignored),
    ("sslnegotiation", "", Use::Ignored),
    ("tcp_user_timeout", "", Use::Ignored),
    ("replication", "", Use::Refused("an audit needs an ordinary session")),
    ("require_auth", "PGREQUIREAUTH", Use::Refused("it cannot be enforced here")),
    ("requirepeer", "PGREQUIREPEER", Use::Refused("it cannot be enforced here")),
    ("sslcrl", "PGSSLCRL", Use::Refused("revocation lists are not checked")),
    ("sslcrldir", "PGSSLCRLDIR", Use::Refused("revocation lists are not checked")),
    ("sslpassword", "", Use::Refused("keys with a passphrase cannot be read; decrypt the key with openssl pkey")),
];

/// Parameters that other drivers and pools add to the same URL. They say nothing about where the database is.
const OF_OTHER_DRIVERS: &[&str] = &[
    "binary_parameters",
    "connection_limit",
    "default_query_exec_mode",
    "description_cache_capacity",
    "pgbouncer",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conns",
    "pool_min_conns",
    "pool_timeout",
    "prepareThreshold",
    "schema",
    "socket_timeout",
    "statement_cache_capacity",
    "statement_cache_size",
];

/// Words that people write for a parameter, beyond spelling mistakes.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("database", "dbname"),
    ("db", "dbname"),
    ("server", "host"),
    ("timeout", "connect_timeout"),
    ("ca", "sslrootcert"),
    ("cert", "sslcert"),
    ("key", "sslkey"),
];

/// The values given in one place (a string, a service, the environment), by parameter.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    values: BTreeMap<&'static str, String>,
    /// Remarks that are worth showing to the user.
    pub warnings: Vec<String>,
}

impl Parameters {
    /// Takes in a value; a later one replaces an earlier one, as in libpq.
    pub fn insert(&mut self, name: &str, value: String) -> Result<(), SettingsError> {
        if OF_OTHER_DRIVERS.contains(&name) {
            self.warnings.push(format!("the connection parameter `{name}` means nothing to dbaudit and is ignored"));
            return Ok(());
        }
        // libpq takes this one spelling of JDBC.
        let (name, value) = match (name, value.as_str()) {
            ("ssl", "true") => ("sslmode", "require".to_owned()),
            _ => (name, value),
        };
        match KNOWN.iter().find(|(known, ..)| *known == name) {
            Some((_, _, Use::Ignored)) => {}
            Some((name, _, Use::Refused(why))) => {
                return Err(SettingsError::Unsupported { name, why });
            }
            Some((name, _, Use::Read)) => {
                self.values.insert(name, value);
            }
            None => return Err(unknown(name)),
        }
        Ok(())
    }

    /// What the `PG*` variables say.
    pub fn of_environment(environment: &Environment) -> Result<Self, SettingsError> {
        let mut parameters = Self::default();
        for (name, variable, _) in KNOWN {
            if let Some(value) = environment.variable(variable) {
                parameters.insert(name, value.to_owned())?;
            }
        }
        Ok(parameters)
    }

    /// The value given for `name`, also when it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

fn unknown(name: &str) -> SettingsError {
    // Anything that does not look like a parameter may be a piece of a password.
    let plausible = name.len() <= 40
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if !plausible {
        return SettingsError::NotAParameter;
    }
    let lower = name.to_ascii_lowercase();
    let nearest = OTHER_WORDS.iter().find(|(word, _)| *word == lower).map(|(_, meant)| *meant).or_else(|| {
        KNOWN
            .iter()
            .filter(|(_, _, usage)| matches!(usage, Use::Read))
            .map(|(known, ..)| (*known, strsim::jaro_winkler(&lower, known)))
            .filter(|(_, likeness)| *likeness > 0.82)
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(known, _)| known)
    });
    let advice = match nearest {
        Some(known) => format!("did you mean `{known}`?"),
        None => "a session variable is set with options=-c name=value".to_owned(),
    };
    SettingsError::UnknownParameter { name: name.to_owned(), advice }
}
