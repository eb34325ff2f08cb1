//! Auditing one source: what `check`, `baseline`, `diff` and `watch` share.

use anyhow::{Result, bail};

use super::choosing::ChoosingArgs;
use super::evidence::EvidenceArgs;
use super::rows::RowArgs;
use super::{output, target};
use crate::baseline::Entry;
use crate::catalog::{Catalog, Part};
use crate::evidence::Observed;
use crate::evidence::rows::Ended;
use crate::evidence::settings;
use crate::history::Found;
use crate::report::{Filter, Scope, SourceAudit};
use crate::rules::{self, RULES, Rule, Skipped};
use crate::source::live::Observe;
use crate::source::{self, Kind, Loaded, NoTables, Options, Source, SourceName};

/// How to audit.
#[derive(clap::Args)]
pub struct AuditArgs {
    #[command(flatten)]
    pub target: target::TargetArgs,
    #[command(flatten)]
    pub choosing: ChoosingArgs,
    #[command(flatten)]
    pub evidence: EvidenceArgs,
    #[command(flatten)]
    pub rows: RowArgs,
    /// Tell what was done: server, number of statements, time
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
}

/// The arguments, understood.
pub struct Auditor<'a> {
    args: &'a AuditArgs,
    options: Options,
    rules: Vec<&'static Rule>,
    filter: Filter,
}

/// A source that was audited.
pub struct Audited {
    /// What was found.
    pub audit: SourceAudit,
    /// The schema that it was found in.
    pub catalog: Catalog,
}

impl AuditArgs {
    /// Understands the arguments.
    ///
    /// # Errors
    /// If a rule or a pattern is none.
    pub fn auditor(&self) -> Result<Auditor<'_>> {
        let observe = Observe { defaults: true, ..self.evidence.beside_the_catalog() };
        Ok(Auditor {
            rules: self.choosing.rules()?,
            filter: self.choosing.filter()?,
            options: Options { observe, ..self.target.options() },
            args: self,
        })
    }
}

impl Auditor<'_> {
    /// The databases of the cluster that a source is of.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn databases(&self, source: &Source) -> Result<Vec<Source>> {
        source::databases(source, &self.options)
    }

    /// Reads a source, hears its database and runs the rules. Its name is known whatever comes of it.
    pub fn audit(&self, source: &Source) -> (SourceName, Result<Audited>) {
        let bar = output::progress(format!("auditing {}", source.label()));
        let (name, loaded) = source::load(source.clone(), &self.options);
        let heard = loaded.and_then(|mut l| {
            self.args.evidence.hear(source, &mut l, &self.options)?;
            Ok(l)
        });
        bar.finish_and_clear();
        let audited = heard.and_then(|l| self.judge(source, &name, l));
        (name, audited)
    }

    /// What an audit of a database without tables comes to.
    pub fn nothing(&self, source: &Source) -> Audited {
        let (name, catalog) = (SourceName { kind: Kind::Live, name: source.label() }, Catalog::default());
        let audit = rules::audit(&catalog, &Observed::default(), &self.rules);
        Audited { audit: SourceAudit::new(name, &catalog, audit, &self.filter), catalog }
    }

    fn judge(&self, source: &Source, name: &SourceName, mut loaded: Loaded) -> Result<Audited> {
        let (args, rules, filter) = (self.args, &self.rules, &self.filter);
        target::tell(&loaded, args.target.strict())?;
        if loaded.catalog.tables.is_empty() {
            return Err(NoTables(loaded.empty()).into());
        }
        let (catalog, observed) = (&loaded.catalog, &mut loaded.observed);
        args.rows.ask(source, catalog, observed, rules, filter)?;
        let began = std::time::Instant::now();
        let audit = rules::audit(catalog, observed, rules);
        if args.verbose {
            loaded.notes.iter().for_each(|n| output::note(n));
            let columns: usize = catalog.tables.iter().map(|t| t.columns.len()).sum();
            output::note(&format!(
                "{}: {}, {} tables, {columns} columns; {}; {} rules in {:.0?}",
                name.name,
                catalog.engine,
                catalog.tables.len(),
                loaded.how,
                rules.len(),
                began.elapsed()
            ));
            if args.rows.verify {
                output::note(&format!("{} statements about the rows", observed.rows.statements));
            }
        }
        let mut audited = SourceAudit::new(name.clone(), catalog, audit, filter);
        audited.unread.clone_from(&loaded.unread);
        if let Some(defaults) = &observed.defaults {
            let races = audited.findings.iter().filter(|f| f.guard.stops_a_race()).count();
            audited.settings = settings::judge(defaults, races);
        }
        audited.unasked = observed.rows.missing();
        let lost = observed.lost.clone().or_else(|| filter.half_read(catalog)).map(Ended::Lost);
        audited.ended = observed.rows.ended.clone().or(lost);
        audited.scope = self.scope(&audited, catalog, observed.workload.is_some());
        if audited.tables == 0 {
            bail!("none of the {} tables matches --schema and --table", catalog.tables.len());
        }
        Ok(Audited { audit: audited, catalog: loaded.catalog })
    }

    /// Whether the rules and tables that were chosen are a finding's.
    pub fn wants(&self, rule: &str, schema: &str, table: &str) -> bool {
        self.filter.wants_table(schema, table) && self.rules.iter().any(|r| r.id == rule)
    }

    /// What an audit looked at. Rules that need statements looked if some were heard, and all of those could be read.
    fn scope(&self, audit: &SourceAudit, catalog: &Catalog, heard: bool) -> Scope {
        let deaf = !heard || audit.skipped.iter().any(|s| s.rule == Skipped::ALL);
        let looked = |r: &&&Rule| {
            let of_statements = r.needs.contains(&Part::Statements);
            let skipped = audit.skipped.iter().any(|s| s.rule == r.id);
            !(skipped || of_statements && deaf)
        };
        let (schemas, tables) = self.args.choosing.patterns();
        Scope {
            rules: self.rules.iter().filter(looked).map(|r| r.id.to_owned()).collect(),
            half_read: catalog.half_read.clone(),
            complete: audit.unread.is_empty(),
            narrowed: self.rules.len() < RULES.len() || !schemas.is_empty() || !tables.is_empty(),
            schemas,
            tables,
        }
    }

    /// Whether a finding of an earlier audit, or an entry of a baseline, would be seen if it were still so.
    pub fn looks_at(&self, audit: &SourceAudit, rule: &str, schema: &str, table: &str) -> bool {
        audit.scope.looked()(rule, schema, table)
    }

    /// Whether an entry of a baseline matches nothing any more: every audit looked for it and does not even believe it a
    /// little. What was not understood may hide it.
    pub fn matches_nothing(&self, print: &str, entry: &Entry, audits: &[&SourceAudit]) -> bool {
        audits.iter().all(|a| {
            let found = a.findings.iter().chain(&a.below).any(|f| f.fingerprint == print);
            !found && a.unread.is_empty() && self.looks_at(a, &entry.rule, &entry.schema, &entry.table)
        })
    }

    /// Whether a finding that is gone was closed: by a change of its table's definition, or of the code where only that
    /// helps. One that is gone from a table that is as it was is only believed less.
    pub fn is_closed(&self, audited: &Audited, found: &Found) -> bool {
        let Audited { audit, catalog } = audited;
        let changed = match catalog.table(&found.schema, &found.table) {
            Some(table) => table.state() != found.state || found.guard == "code",
            // dropped, or its definition was not understood
            None => audit.scope.complete,
        };
        changed && self.looks_at(audit, &found.rule, &found.schema, &found.table)
    }
}
