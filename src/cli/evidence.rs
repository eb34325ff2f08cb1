//! What a database is asked beside its schema.

use crate::source::live::Observe;

/// Options about evidence from a running database.
#[derive(clap::Args)]
#[command(next_help_heading = "Evidence")]
pub struct EvidenceArgs {
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
    /// What to ask a server about guards.
    pub fn observe(&self) -> Observe {
        Observe { statistics: self.statistics == Statistics::Auto, defaults: false }
    }
}
