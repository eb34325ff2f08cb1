//! Which sources to read, and how: the options that `check`, `snapshot` and `record` share.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::output;
use crate::engine::{Engine, Product, Version};
use crate::source::connection::{ConnectionString, Environment, Settings, SettingsError};
use crate::source::live::Observe;
use crate::source::{Loaded, Options, Source};

/// Options about reading a source.
#[derive(clap::Args)]
#[command(next_help_heading = "Reading")]
pub struct TargetArgs {
    /// Name of the environment variable with the connection string, when no SOURCE is given
    #[arg(long, value_name = "NAME", default_value = "DATABASE_URL")]
    url_env: String,
    /// File whose first line is the connection string, so that it is in no process list
    #[arg(long, value_name = "FILE")]
    dsn_file: Option<PathBuf>,
    /// Server that a schema file is for, if the file does not show it: cockroachdb, postgresql, yugabytedb, each also with
    /// a version as in cockroachdb@25.2
    #[arg(long, value_name = "ENGINE", value_parser = engine)]
    engine: Option<Engine>,
    /// Treat a statement of a schema file that is not understood as an error
    #[arg(long)]
    strict: bool,
    /// Seconds after which reading a server is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

fn engine(text: &str) -> Result<Engine, String> {
    use clap::ValueEnum;
    let (product, version) = match text.split_once('@') {
        Some((p, v)) => (p, Some(Version::find(v).ok_or_else(|| format!("'{v}' is not a version number"))?)),
        None => (text, None),
    };
    Ok(Engine { product: Product::from_str(product, true)?, version })
}

impl TargetArgs {
    /// How to read sources, and nothing beside their schema.
    pub fn options(&self) -> Options {
        Options { engine: self.engine, timeout: Duration::from_secs(self.timeout), observe: Observe::default() }
    }

    /// Whether unread statements are errors.
    pub fn strict(&self) -> bool {
        self.strict
    }

    /// The sources that were named, or the database that the environment points at.
    pub fn sources(&self, named: &[String]) -> Result<Vec<Source>> {
        let environment = Environment::of_process();
        let mut sources = named.iter().map(|n| source(n, &environment)).collect::<Result<Vec<_>>>()?;
        if let Some(file) = &self.dsn_file {
            let text = std::fs::read_to_string(file).with_context(|| {
                format!("cannot read the connection string from {}", unsecret(&file.to_string_lossy()))
            })?;
            let line = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'));
            let line = line.with_context(|| format!("{} holds no connection string", file.display()))?;
            sources.push(live(line, &environment)?);
        }
        if sources.is_empty() {
            sources.push(self.pointed_at(&environment)?);
        }
        Ok(sources)
    }

    fn pointed_at(&self, environment: &Environment) -> Result<Source> {
        match std::env::var(&self.url_env) {
            Ok(url) if !url.trim().is_empty() => {
                return live(url.trim(), environment)
                    .with_context(|| format!("the variable {} is of no use", self.url_env));
            }
            _ if self.url_env != "DATABASE_URL" => bail!("the variable {} is not set", unsecret(&self.url_env)),
            _ => {}
        }
        let libpq = ["PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT", "PGUSER"];
        if libpq.iter().all(|name| std::env::var_os(name).is_none()) {
            bail!(
                "nothing to read: name a connection string, a .sql file or folder, or a snapshot; or set DATABASE_URL or PGHOST"
            );
        }
        live("", environment)
    }
}

/// A name for a message, unless somebody gave the connection string itself in its place.
fn unsecret(name: &str) -> &str {
    if ConnectionString::resembles(name) { "(a connection string, where its name was meant)" } else { name }
}

fn live(text: &str, environment: &Environment) -> Result<Source> {
    let settings = Settings::new(text, environment)?;
    for w in &settings.warnings {
        output::warning(w);
    }
    Ok(Source::Live(Box::new(settings)))
}

fn source(name: &str, environment: &Environment) -> Result<Source> {
    if name == "-" {
        return Ok(Source::Stdin);
    }
    let path = PathBuf::from(name);
    if path.exists() {
        return Ok(Source::Path(path));
    }
    if ConnectionString::recognises(name) {
        return live(name, environment);
    }
    if ConnectionString::resembles(name) {
        return Err(SettingsError::Resembles).context("one of the sources is of no use");
    }
    bail!(
        "{name}: no such file or folder (a connection string starts with postgresql:// or has the form host=… dbname=…)"
    )
}

/// Says what could not be read. A statement of a schema file that was not understood is a warning, under --strict an
/// error.
pub fn tell(loaded: &Loaded, strict: bool) -> Result<()> {
    const SHOWN: usize = 10;
    for w in &loaded.warnings {
        output::warning(w);
    }
    for p in loaded.unread.iter().take(SHOWN) {
        output::warning(p);
    }
    if loaded.unread.len() > SHOWN {
        output::warning(&format!("{} more statements were not understood", loaded.unread.len() - SHOWN));
    }
    if strict && !loaded.unread.is_empty() {
        bail!("{} statements were not understood, and --strict is set", loaded.unread.len());
    }
    Ok(())
}
