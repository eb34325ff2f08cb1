//! What else to hear beside the schema: the options that `check` and `migrate` share.

use anyhow::{Result, bail};

use super::output;
use crate::catalog::{Missing, Part};
use crate::source::live::Observe;
use crate::source::{self, Loaded, Options, Source};
use crate::workload::Usage;

/// Options about evidence of the running database.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Evidence")]
pub struct EvidenceArgs {
    /// Read the server's statistics of the statements that applications sent: what they look up, write and lock
    #[arg(long)]
    statements: bool,
    /// Weigh the planner's statistics of a server: auto reads them at the cost of one cheap statement a table or less
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_value = "auto",
          default_missing_value = "auto")]
    statistics: Statistics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Statistics {
    /// Read what there is
    Auto,
    /// Leave them alone
    Off,
}

impl EvidenceArgs {
    /// Whether the sources can tell what is asked for.
    ///
    /// # Errors
    /// If a source that is no server is to tell about statements.
    pub fn suit(&self, sources: &[Source]) -> Result<()> {
        let other = sources.iter().find(|s| !matches!(s, Source::Live(_)));
        match other {
            Some(source) if self.statements => bail!(
                "--statements reads the statistics of a running server, and {} is none; name a connection string, \
                 or leave it out",
                source.label()
            ),
            _ => Ok(()),
        }
    }

    /// What is read with the catalog.
    pub fn beside_the_catalog(&self) -> Observe {
        Observe { statistics: self.statistics == Statistics::Auto, defaults: false }
    }

    /// Hears what is asked for. What could not be heard is noted in the catalog as missing, and the audit goes on.
    ///
    /// # Errors
    /// If the user interrupts.
    pub fn hear(&self, source: &Source, loaded: &mut Loaded, options: &Options) -> Result<()> {
        if self.statements {
            let nothing = "the server's statistics hold no statement about the tables of this database; they may have been \
                           reset, or the application was not at work since";
            let usage = source::read_workload(source, options)?.map(|w| Usage::of(&loaded.catalog, w));
            // without one statement about the tables no rule of statements has looked, whatever else was seen
            let heard = usage.and_then(|u| match (u.is_empty(), u.unread.is_empty()) {
                (false, _) => Ok(u),
                (true, true) => Err(nothing.to_owned()),
                (true, false) => Err(u.unread.join("; ")),
            });
            match heard {
                Ok(usage) => loaded.observed.workload = Some(usage),
                Err(reason) => {
                    output::warning(&reason);
                    loaded.catalog.missing.push(Missing { part: Part::Statements, reason });
                }
            }
        }
        Ok(())
    }
}
