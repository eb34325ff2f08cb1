//! `dbaudit explain`.

use std::process::ExitCode;

use anyhow::Result;

use super::{output, rules};

/// Show what a rule finds, why it matters and how to fix it.
#[derive(clap::Args)]
pub struct Args {
    /// Id of the rule
    #[arg(value_name = "RULE")]
    rule: String,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let rule = rules::known(&args.rule)?;
    output::write(&format!("# {}\n\n{}\n", rule.id, rule.page().trim_end()), None)?;
    Ok(ExitCode::SUCCESS)
}
