//! `migrate --dry-run`: the plan as a table.

use std::fmt::Write;

use comfy_table::Cell;

use super::Style;
use super::table::{bare, clean, lines};
use crate::evidence::rows::Told;
use crate::migration::{Grade, Request};

/// The changes that a folder does not hold yet, with what each costs and how safe it is.
pub fn plan(request: &Request<'_>, style: Style) -> String {
    let mut out = String::new();
    for pending in &request.pending {
        let f = &pending.migration.finding;
        let m = pending.migration;
        let _ = writeln!(out, "{}  {}  {}", clean(&m.table.label()), f.rule, f.fingerprint);
        let mut told = vec![f.message.clone()];
        told.extend(f.rows.iter().flat_map(Told::lines));
        let mut head = bare(style);
        for line in &told {
            head.add_row(vec![Cell::new(""), Cell::new(clean(line))]);
        }
        let mut table = bare(style);
        if let Some(look) = m.precheck.as_ref().map(|check| &check.look) {
            table.add_row(vec![
                Cell::new("look"),
                Cell::new(flat(look)),
                Cell::new("reads the table"),
                Cell::new(Grade::Safe.to_string()),
            ]);
        }
        if f.rows.as_ref().is_some_and(|r| !r.is_clean()) && !m.cleaning.is_empty() {
            let proposals: Vec<String> = m.cleaning.iter().map(|l| flat(l)).collect();
            let ways = Cell::new(proposals.join("\n"));
            table.add_row(vec![
                Cell::new("clean"),
                ways,
                Cell::new("writes rows"),
                Cell::new(Grade::Decision.to_string()),
            ]);
        }
        for change in &pending.changes {
            let back: String = change.down().iter().map(|sql| format!("\nback: {}", flat(sql))).collect();
            table.add_row(vec![
                Cell::new(format!("{}.", change.step)),
                Cell::new(flat(&change.up.sql) + &back),
                Cell::new(change.up.work.cost()),
                Cell::new(change.grade.to_string()),
            ]);
        }
        let _ = writeln!(out, "{}\n{}\n", lines(&head).join("\n"), lines(&table).join("\n"));
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

/// SQL on one line.
fn flat(sql: &str) -> String {
    clean(&sql.replace('\n', " "))
}
