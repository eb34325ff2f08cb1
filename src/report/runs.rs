//! The runs of a history.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, Width};

use super::Style;
use super::table::{bare, clean, lines};
use crate::history::Run;

/// The runs as a table.
pub fn runs(runs: &[Run], style: Style) -> String {
    if runs.is_empty() {
        return "The history has no runs.\n".to_owned();
    }
    let mut table = bare(style);
    table.set_header(["run", "source", "high", "medium", "low", "new", "fixed", "took"]);
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
        table.add_row([Cell::new(&r.id), Cell::new(source)].into_iter().chain(counts).chain([took]));
    }
    // an id is to be copied: it is not broken
    if let Some(column) = table.column_mut(0) {
        let longest = runs.iter().map(|r| r.id.len()).max().unwrap_or(0);
        let width = u16::try_from(longest + 2).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
    }
    lines(&table).join("\n") + "\n"
}

/// The runs as JSON.
pub fn runs_json(runs: &[Run]) -> String {
    // plain structs with string keys cannot fail to serialise
    serde_json::to_string_pretty(&serde_json::json!({ "version": 1, "runs": runs })).unwrap_or_default() + "\n"
}
