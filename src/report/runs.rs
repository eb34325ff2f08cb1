//! The runs of a history.

use comfy_table::{Cell, CellAlignment};

use super::Style;
use super::table::{bare, clean, lines};
use crate::history::Run;

/// The runs as a table.
pub fn runs(runs: &[Run], style: Style) -> String {
    if runs.is_empty() {
        return "The history has no runs.\n".to_owned();
    }
    // names and ids are to be copied: nothing is cut or broken, however narrow the terminal
    let mut table = bare(Style { width: u16::MAX, ..style });
    table.set_header(["run", "high", "medium", "low", "new", "fixed", "took", "source"]);
    for r in runs {
        let number = |n: u64| Cell::new(n).set_alignment(CellAlignment::Right);
        let source = match &r.error {
            Some(error) => format!("{}: could not be audited: {}", clean(&r.source), clean(error)),
            None if r.skipped > 0 => format!("{} ({} not looked at)", clean(&r.source), r.skipped),
            None => clean(&r.source),
        };
        let counts = match &r.error {
            Some(_) => vec![Cell::new(""); 5],
            None => [r.high, r.medium, r.low, r.new, r.fixed].map(number).to_vec(),
        };
        let took = Cell::new(format!("{:.1} s", r.took_ms as f64 / 1e3)).set_alignment(CellAlignment::Right);
        table.add_row([Cell::new(&r.id)].into_iter().chain(counts).chain([took, Cell::new(source)]));
    }
    lines(&table).join("\n") + "\n"
}

/// The runs as JSON.
pub fn runs_json(runs: &[Run]) -> String {
    // plain structs with string keys cannot fail to serialise
    serde_json::to_string_pretty(&serde_json::json!({ "version": 1, "runs": runs })).unwrap_or_default() + "\n"
}
