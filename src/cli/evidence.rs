//! What else to hear beside the schema: the options that `check` and `migrate` share.

use anyhow::{Result, bail};

use super::output;
use crate::catalog::{Missing, Part};
use crate::evidence::Observed;
use crate::source::{self, Loaded, Options, Source};
use crate::workload::Usage;

/// Options about evidence of the running database.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Evidence")]
pub struct EvidenceArgs {
    /// Read the server's statistics of the statements that applications sent: what they look up, write and lock
    #[arg(long)]
    statements: bool,
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

    /// Hears what is asked for. What could not be heard is noted in the catalog as missing, and the audit goes on.
    ///
    /// # Errors
    /// If the user interrupts.
    pub fn observe(&self, source: &Source, loaded: &mut Loaded, options: &Options) -> Result<Observed> {
        let mut observed = Observed::default();
        if self.statements {
            match source::read_workload(source, options)? {
                Ok(workload) => observed.workload = Some(Usage::of(&loaded.catalog, workload)),
                Err(reason) => {
                    output::warning(&reason);
                    loaded.catalog.missing.push(Missing { part: Part::Statements, reason });
                }
            }
        }
        Ok(observed)
    }
}
