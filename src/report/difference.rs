//! What is different between two audits.

use std::fmt::Write;

use super::Style;
use super::table::clean;
use crate::catalog::Change;
use crate::history::{Difference, Found, Moved};

/// The difference for people.
pub fn difference(d: &Difference, (before, after): (&str, &str), style: Style) -> String {
    let mut out = String::new();
    let bold = anstyle::Style::new().bold();
    let heading = |text: String| if style.color { format!("{bold}{text}{bold:#}") } else { text };
    let _ = writeln!(out, "{}", heading(format!("from {}\nto   {}", clean(before), clean(after))));
    moved(&mut out, &heading(format!("\nNew: {}", d.new.len())), &d.new, style);
    moved(&mut out, &heading(format!("\nFixed: {}", d.fixed.len())), &d.fixed, style);
    if !d.changed.is_empty() {
        let _ = writeln!(out, "{}", heading(format!("\nChanged: {}", d.changed.len())));
        for c in &d.changed {
            let _ = writeln!(out, "  {}: {}", title(&c.after), c.what.join("; "));
        }
    }
    let tables = d.schema.iter().map(|c| (&c.schema, &c.table)).collect::<std::collections::BTreeSet<_>>().len();
    let changes = match (d.schema.len(), tables) {
        (0, _) => "The schema is the same.".to_owned(),
        (1, _) => "One change of the schema.".to_owned(),
        (n, 1) => format!("{n} changes of the schema, in one table."),
        (n, t) => format!("{n} changes of the schema, in {t} tables."),
    };
    let _ = writeln!(out, "\n{changes} {} as before.", findings(d.same));
    if d.unseen > 0 {
        let text =
            "on one side only, and the other did not look: other options, a locked table, or statements not heard";
        let _ = writeln!(out, "{} {text}.", findings(d.unseen));
    }
    out
}

fn findings(n: usize) -> String {
    if n == 1 { "1 finding is".to_owned() } else { format!("{n} findings are") }
}

fn title(f: &Found) -> String {
    let columns = if f.columns.is_empty() { String::new() } else { format!(" ({})", f.columns.join(", ")) };
    format!("{} on {}", f.rule, clean(&format!("{}{columns}", f.table_label())))
}

fn moved(out: &mut String, heading: &str, list: &[Moved], style: Style) {
    let _ = writeln!(out, "{heading}");
    for m in list {
        let f = &m.finding;
        let _ = writeln!(out, "  {} {}  {}", f.severity.to_string().to_uppercase(), title(f), f.fingerprint);
        let width = usize::from(style.width).saturating_sub(4);
        for line in super::table::wrapped(&clean(&f.message), width) {
            let _ = writeln!(out, "    {line}");
        }
        let _ = writeln!(out, "    because {}", because(&m.because));
    }
}

fn because(changes: &[Change]) -> String {
    const SHOWN: usize = 4;
    if changes.is_empty() {
        return "of other evidence: nothing about it changed in the schema".to_owned();
    }
    let mut text = changes.iter().take(SHOWN).map(|c| clean(&c.text)).collect::<Vec<_>>().join("; ");
    if changes.len() > SHOWN {
        let _ = write!(text, "; and {} more changes", changes.len() - SHOWN);
    }
    text
}

/// The difference for programs.
pub fn difference_json(d: &Difference, (before, after): (&str, &str)) -> String {
    let all = serde_json::json!({
        "version": 1,
        "before": before,
        "after": after,
        "new": d.new,
        "fixed": d.fixed,
        "changed": d.changed,
        "same": d.same,
        "unseen": d.unseen,
        "schema": d.schema,
    });
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}
