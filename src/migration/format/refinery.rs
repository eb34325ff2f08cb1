//! refinery: `V1__name.sql`.
//!
//! refinery-core 0.10: a file is `V{version}__{name}.sql`, in the folder or below it; a version is an `i32` (an `i64` with
//! the feature `int8-versions`). Every migration runs in a transaction (`AsyncTransaction for Client`), and nothing turns
//! that off; there is no way back either. So an index cannot be built there beside the writers: the file builds it while
//! they wait, unless it is there already, and says how to put it there before. With `Runner::set_grouped` all files share
//! one transaction, which keeps every lock to its end: it is not the default.

use anyhow::{Result, bail};

use super::flyway::{self, Versions};
use super::{Format, command, comment, commented_way_back};
use crate::engine::Product;
use crate::migration::{File, Request, plan};

/// The format.
pub static FORMAT: Format = Format { name: "refinery", about: "refinery: V1__name.sql, without a way back", render };

fn render(request: &Request<'_>) -> Result<Vec<File>> {
    let engine = request.plan.engine;
    if engine.product == Product::CockroachDb && !engine.at_least(25, 2) && !request.pending.is_empty() {
        bail!(
            "refinery runs every migration in a transaction, and CockroachDB before 25.2 changes a schema only after \
             COMMIT: a change that fails would be recorded as done. Use --format sql or another format, or audit the \
             server itself if it is newer"
        );
    }
    let there = || flyway::versioned(request.folder, ['V', 'U']);
    if let Some((version, file)) = there().find(|(version, _)| version.contains(['.', '_'])) {
        bail!(
            "the numbering of the folder is broken: {version} of {file} is no whole number, and refinery takes no other"
        );
    }
    let mut versions = Versions::after(there())?;
    let mut files = Vec::new();
    for (migration, change) in request.changes() {
        let change = &plan::in_a_transaction(engine, migration, change);
        let up = command(engine.product, std::slice::from_ref(&change.up.sql), "--");
        let text = format!("{}{}\n{up}", comment(change, "--"), commented_way_back(change, "--"));
        files.push(File::new(format!("V{}__{}.sql", versions.next_version(), change.name), text));
    }
    Ok(files)
}
