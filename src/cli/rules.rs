//! `dbaudit rules`.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::output::{self, Form};
use crate::rules::{RULES, Rule, find};

/// List the rules.
#[derive(clap::Args)]
pub struct Args {
    /// Form of the list
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Form,
}

/// Runs it.
pub fn run(args: &Args) -> Result<ExitCode> {
    let text = match args.format {
        Form::Table => {
            let style = output::style(None);
            let mut table = comfy_table::Table::new();
            table
                .load_style(comfy_table::presets::NOTHING)
                .set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
                .set_width(style.width);
            for rule in RULES {
                table.add_row(vec![rule.id.to_owned(), rule.summary()]);
            }
            let lines: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
            format!("{}\n\ndbaudit explain RULE tells more.\n", lines.join("\n"))
        }
        Form::Json => {
            let rules: Vec<_> = RULES
                .iter()
                .map(|r| serde_json::json!({"id": r.id, "summary": r.summary(), "page": r.page()}))
                .collect();
            serde_json::to_string_pretty(&rules)? + "\n"
        }
    };
    output::write(&text, None)?;
    Ok(ExitCode::SUCCESS)
}

/// The rule of that name.
///
/// # Errors
/// If there is none; the message names the nearest.
pub fn known(name: &str) -> Result<&'static Rule> {
    let nearest = || {
        let mut all: Vec<(usize, &str)> =
            RULES.iter().map(|r| (strsim::damerau_levenshtein(name, r.id), r.id)).collect();
        all.sort_unstable();
        match all.first() {
            Some((distance, id)) if *distance <= 6 => format!("; did you mean {id}?"),
            _ => "; `dbaudit rules` lists them".to_owned(),
        }
    };
    find(name).with_context(|| format!("there is no rule {name}{}", nearest()))
}
