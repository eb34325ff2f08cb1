//! Migrations: from findings to files that add the guards. A [`Plan`] is what is to be done, [`Folder`] is what a folder
//! of migrations holds already, a [`format`] writes the files of one migration tool.

mod cleaning;
pub mod folder;
pub mod format;
mod numbering;
mod plan;
pub mod precheck;

pub use folder::{File, Folder};
pub use numbering::Numbering;
pub use plan::{Change, Grade, Migration, Plan};

use crate::guard::Guard;

/// What a format is asked to write: of each migration the changes that the folder does not hold yet.
pub struct Request<'a> {
    /// The whole plan.
    pub plan: &'a Plan,
    /// What is missing in the folder, in order; no entry is without changes.
    pub pending: Vec<Pending<'a>>,
    /// The folder that the files are for.
    pub folder: &'a Folder,
}

/// The changes of one migration that a folder does not hold yet.
pub struct Pending<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Its changes, in order.
    pub changes: Vec<&'a Change>,
}

impl<'a> Request<'a> {
    /// Compares a plan to a folder.
    pub fn new(plan: &'a Plan, folder: &'a Folder) -> Request<'a> {
        // the folder may validate what an earlier migration of its own adds, and not be applied to its end yet
        let validated = |m: &Migration, c: &Change| {
            matches!(m.finding.guard, Guard::Validate { .. }) && folder.has_statement(&c.up.sql)
        };
        let held = |m: &Migration, c: &Change| folder.holds(&m.finding.fingerprint, c.step) || validated(m, c);
        let missing =
            |m: &'a Migration| Pending { migration: m, changes: m.changes.iter().filter(|c| !held(m, c)).collect() };
        let pending = plan.migrations.iter().map(missing).filter(|p| !p.changes.is_empty()).collect();
        Request { plan, pending, folder }
    }

    /// All changes, each with its migration.
    pub fn changes(&self) -> impl Iterator<Item = (&'a Migration, &'a Change)> + '_ {
        self.pending.iter().flat_map(|p| p.changes.iter().map(|c| (p.migration, *c)))
    }
}
