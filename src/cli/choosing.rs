//! Which findings are wanted: the options that `check` and `migrate` share.

use anyhow::{Context, Result, bail};

use crate::evidence::Confidence;
use crate::report::{Filter, Globs};
use crate::rules::{RULES, Rule};

/// Options about which findings are wanted.
#[derive(clap::Args)]
#[command(next_help_heading = "Choosing")]
pub struct ChoosingArgs {
    /// Show findings that are at least this sure
    #[arg(long, value_name = "CONFIDENCE", default_value = "medium")]
    pub min_confidence: Confidence,
    /// Run these rules only
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    rule: Vec<String>,
    /// Leave these rules out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    ignore_rule: Vec<String>,
    /// Report on schemas that match this glob only
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    schema: Vec<String>,
    /// Report on tables that match this glob only, as table or schema.table
    #[arg(long, value_name = "GLOB", value_delimiter = ',')]
    table: Vec<String>,
}

impl ChoosingArgs {
    /// The filter for findings.
    ///
    /// # Errors
    /// If a pattern is no glob.
    pub fn filter(&self) -> Result<Filter> {
        Ok(Filter {
            min_confidence: Some(self.min_confidence),
            schemas: Globs::new(&self.schema).context("--schema is no glob")?,
            tables: Globs::new(&self.table).context("--table is no glob")?,
        })
    }

    /// The globs of schemas and of tables.
    pub fn patterns(&self) -> (Vec<String>, Vec<String>) {
        (self.schema.clone(), self.table.clone())
    }

    /// The rules to run; a name that is none of them is an error, with the nearest that is.
    ///
    /// # Errors
    /// If a name is unknown, or no rule is left.
    pub fn rules(&self) -> Result<Vec<&'static Rule>> {
        for name in self.rule.iter().chain(&self.ignore_rule) {
            super::rules::known(name)?;
        }
        let rules: Vec<&Rule> = RULES
            .iter()
            .copied()
            .filter(|r| self.rule.is_empty() || self.rule.iter().any(|o| o == r.id))
            .filter(|r| !self.ignore_rule.iter().any(|w| w == r.id))
            .collect();
        if rules.is_empty() {
            bail!("--rule and --ignore-rule leave no rule to run");
        }
        Ok(rules)
    }
}
