//! One job of `watch`: a source is audited, recorded and logged, or the databases of a cluster are listed.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;
use time::OffsetDateTime;

use super::auditing::{Audited, Auditor};
use super::output;
use super::recording::{self, Clocked};
use crate::baseline::Baseline;
use crate::evidence::Severity;
use crate::evidence::rows::Ended;
use crate::history::News;
use crate::interrupt;
use crate::source::connection::same_cluster;
use crate::source::{NoTables, Source};
use crate::watch::server::Shared;

/// What is to be audited.
#[derive(Debug, Clone)]
pub struct Job {
    /// The source, or a server of the cluster.
    pub source: Source,
    /// What it stands for.
    pub kind: Kind,
}

/// What a source stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Itself.
    One,
    /// All databases of its cluster, which are to be listed first.
    Cluster,
    /// One of the databases of a cluster: one without tables is no failure.
    Listed,
}

/// What came of a job.
pub enum Done {
    /// These are the databases of the cluster.
    Listed(Vec<Source>),
    /// The worst finding that counts.
    Audited(Option<Severity>),
    /// Nothing that anybody would want to know.
    Nothing,
    /// It could not be done.
    Failed,
}

impl Job {
    /// Does it. With `tell` a notice of what is new is kept for the channels.
    pub fn run(&self, auditor: &Auditor<'_>, shared: &Shared, baseline: Option<&Baseline>, tell: bool) -> Done {
        let name = self.source.label();
        let (started, clock) = (OffsetDateTime::now_utc(), Instant::now());
        let mut listed = None;
        let mut outcome = match self.kind {
            Kind::One | Kind::Listed => auditor.audit(&self.source).1,
            Kind::Cluster => match auditor.databases(&self.source) {
                Ok(sources) => {
                    let names: BTreeSet<String> = sources.iter().map(Source::label).collect();
                    // those that were dropped are no more
                    shared.statuses().retain(|n, _| !same_cluster(&name, n) || names.contains(n) || *n == name);
                    // that the list failed was told under the cluster's own name, and that it works again is, too
                    let failed = shared.statuses().get(&name).is_some_and(|s| s.error.is_some());
                    if names.contains(&name) || !failed {
                        return Done::Listed(sources);
                    }
                    listed = Some(sources);
                    Ok(auditor.nothing(&self.source))
                }
                Err(error) => Err(error),
            },
        };
        // what fails when the program is to end is no failure of the database's
        if interrupt::is_wished() {
            return Done::Nothing;
        }
        if self.kind == Kind::Listed && outcome.as_ref().is_err_and(|e| e.is::<NoTables>()) {
            let had_tables = shared.history().audited(&name).is_ok_and(|run| run.is_some_and(|r| r.tables > 0));
            let failed = shared.statuses().get(&name).is_some_and(|s| s.error.is_some());
            match (had_tables, failed) {
                // one that had tables and shows none may be hidden from us
                (true, _) => {}
                // the list of the cluster failed under this name, and works again
                (false, true) => outcome = Ok(auditor.nothing(&self.source)),
                (false, false) => return Done::Nothing,
            }
        }
        if let (Ok(Audited { audit, .. }), Some(baseline)) = (&mut outcome, baseline) {
            audit.accept(baseline);
        }
        let clocked = Clocked { started, took: clock.elapsed() };
        let recorded = recording::record(&mut shared.history(), auditor, &name, clocked, &outcome, tell);
        recording::note(shared.statuses().entry(name.clone()).or_default(), clocked, &outcome);
        shared.changed();
        let done = match recorded {
            Ok(recorded) => say(&name, clocked, &outcome, &recorded.news),
            Err(error) => {
                output::error(&error.context(format!("the run of {name} was not recorded")));
                Done::Failed
            }
        };
        listed.map_or(done, Done::Listed)
    }
}

/// Logs what came of an audit.
fn say(name: &str, clocked: Clocked, outcome: &Result<Audited>, news: &News) -> Done {
    for (word, list) in [("new", &news.new), ("fixed", &news.fixed)] {
        for f in list {
            let columns = f.columns.join(", ");
            output::log(&format!("{name}: {word}: {} {} on {} ({columns})", f.severity, f.rule, f.table_label()));
        }
    }
    let audit = match outcome {
        Ok(audited) => &audited.audit,
        Err(error) => {
            output::log(&format!("{name}: could not be audited: {}", recording::reason(error)));
            return Done::Failed;
        }
    };
    let n = audit.counting().count();
    let findings = if n == 1 { "finding" } else { "findings" };
    let (new, fixed, seconds) = (news.new.len(), news.fixed.len(), clocked.took.as_secs_f64());
    output::log(&format!("{name}: {n} {findings} ({new} new, {fixed} fixed) in {seconds:.1} s"));
    match audit.ended.as_ref().is_some_and(Ended::is_failure) {
        true => Done::Failed,
        false => Done::Audited(audit.counting().map(|f| f.severity).max()),
    }
}
