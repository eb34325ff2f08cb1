//! Asking the rows: the options that `check` and `migrate` share.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::output;
use crate::catalog::{Catalog, Table};
use crate::evidence::Observed;
use crate::evidence::rows::{DISCOVERED, MOST};
use crate::migration::precheck;
use crate::report::Filter;
use crate::rules::{self, Rule};
use crate::source::live::{Budget, Progress};
use crate::source::{self, Source};

/// Options about the rows.
#[derive(clap::Args)]
#[command(next_help_heading = "Rows")]
pub struct RowArgs {
    /// Ask the rows how many are in the way of each guard: reads the tables, writes nothing
    #[arg(long)]
    pub verify: bool,
    /// With --verify, look in the rows for keys, too: such a key is reported if something else speaks for it
    #[arg(long, requires = "verify")]
    discover: bool,
    /// With --verify, show keys of some rows that are in the way
    #[arg(long, requires = "verify")]
    show_values: bool,
    /// With --verify, read only a sample of a table with more rows than this
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    max_table_rows: u64,
    /// With --verify, seconds for all tables together; what is left then is named
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = seconds())]
    time_limit: u64,
}

fn seconds() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=86_400)
}

impl RowArgs {
    /// Asks the rows of the wanted tables, if that is wanted. What could not be asked is said, and is in the answer.
    ///
    /// # Errors
    /// If the source has no rows.
    pub fn ask(
        &self,
        source: &Source,
        catalog: &Catalog,
        observed: &mut Observed,
        rules: &[&'static Rule],
        filter: &Filter,
    ) -> Result<()> {
        if !self.verify {
            return Ok(());
        }
        let lift = MOST + if self.discover { DISCOVERED } else { 0.0 };
        let mut questions = rules::questions(catalog, observed, rules, lift);
        questions.retain(|q| filter.wants_table(&q.schema, &q.table));
        if self.show_values {
            for q in &mut questions {
                let table = catalog.table(&q.schema, &q.table);
                q.look = table.and_then(|t| precheck::of(catalog, t, &q.guard)).map(|c| c.look);
            }
        }
        let asked = |t: &&Table| questions.iter().any(|q| q.schema == t.schema && q.table == t.name);
        let discovers = |t: &&Table| self.discover && !catalog.half_read.contains(&(t.schema.clone(), t.name.clone()));
        let wanted = |t: &&Table| filter.wants_table(&t.schema, &t.name) && (discovers(t) || asked(t));
        let tables: Vec<&Table> = catalog.tables.iter().filter(wanted).collect();
        let budget = Budget {
            max_table_rows: self.max_table_rows,
            time_limit: Duration::from_secs(self.time_limit),
            discover: self.discover,
        };
        let bar = output::progress(format!("asking the rows of {} tables", tables.len()));
        let began = Instant::now();
        let progress = |p: Progress<'_>| bar.set_message(message(p, began.elapsed()));
        let answers = source::ask_rows(source, catalog, &tables, &questions, &budget, &progress);
        bar.finish_and_clear();
        observed.rows = answers?;
        for line in observed.rows.missing() {
            output::warning(&line);
        }
        Ok(())
    }
}

/// Where it is, and how long the rest will take if it goes on like this.
fn message(p: Progress<'_>, elapsed: Duration) -> String {
    let left = if p.share > 0.02 {
        let left = elapsed.mul_f64((1.0 - p.share) / p.share);
        format!(", about {} s left", left.as_secs() + 1)
    } else {
        String::new()
    };
    format!("asking the rows of {} (table {} of {}{left})", p.table.label(), p.number, p.tables)
}
