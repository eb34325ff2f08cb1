//! `migrate --dry-run`: the plan as a table.

use std::fmt::Write;

use comfy_table::{Cell, ContentArrangement, Table, presets};

use super::Style;
use super::table::clean;
use crate::migration::Request;

/// The changes that a folder does not hold yet, with what each costs and how safe it is.
pub fn plan(request: &Request<'_>, style: Style) -> String {
    let mut out = String::new();
    for pending in &request.pending {
        let f = &pending.migration.finding;
        let _ = writeln!(out, "{}  {}  {}", clean(&pending.migration.table.label()), f.rule, f.fingerprint);
        let _ = writeln!(out, "  {}", clean(&f.message));
        if let Some(rows) = &f.rows {
            for line in rows.lines() {
                let _ = writeln!(out, "  {}", clean(&line));
            }
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(style.width);
        for change in &pending.changes {
            table.add_row(vec![
                Cell::new(format!("{}.", change.step)),
                Cell::new(clean(&change.up.sql)),
                Cell::new(change.up.work.cost()),
                Cell::new(change.grade.to_string()),
            ]);
        }
        let _ = writeln!(out, "{}\n", table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n"));
    }
    let (new, all) = (request.pending.len(), request.plan.migrations.len());
    let _ = match new {
        0 if all > 0 => writeln!(out, "All {all} findings have their migrations already."),
        0 => writeln!(out, "There is nothing to migrate."),
        _ => {
            let steps = request.changes().count();
            writeln!(out, "{steps} steps for {new} of {all} findings.")
        }
    };
    out
}
