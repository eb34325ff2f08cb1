//! The rules, and what becomes of their proposals.
//!
//! A rule looks at the catalog and proposes guards with evidence; it does no I/O. What is already implied is dropped
//! here, proposals of one guard are merged, and of two keys on a table the narrower one that is believed wins.

mod case_sensitive_key;
mod check_then_insert;
mod conflict_without_key;
mod empty_key_text;
mod exclusive_references;
mod float_money;
mod free_state;
mod inferred;
mod lock_in_autocommit;
mod lost_update;
mod missing_check;
mod missing_composite_key;
mod missing_external_id;
mod missing_foreign_key;
mod missing_idempotency_key;
mod missing_one_to_one;
mod missing_polymorphic_key;
mod missing_position_key;
mod missing_primary_key;
mod missing_scoped_key;
mod missing_translation_key;
mod missing_unique_key;
mod missing_unique_pair;
mod negative_counter;
mod not_positive;
mod null_passes_check;
mod nullable_by_neglect;
mod nullable_unique;
mod over_capacity;
mod remedies;
mod self_link;
mod siblings;
mod soft_delete_key;
mod stated_condition;
mod unbounded_share;
mod unordered_bounds;
mod unvalidated_constraint;
mod weights;
mod words;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalog::{Catalog, Column, Comparison, Expr, Expression, ForeignKey, Part, Table};
use crate::engine::{Statement, Work, add_guard};
use crate::evidence::rows::{self, Question, Told};
use crate::evidence::{Confidence, Evidence, Observed, Severity, Source, Thresholds};
use crate::guard::{Guard, fit, hex};
use crate::inference::frameworks;
use crate::inference::{Belief, Inference};
use crate::workload::{Said, Usage};
pub use remedies::Remedy;

/// All rules, in the order in which they are listed.
pub static RULES: &[&Rule] = &[
    &missing_unique_key::RULE,
    &missing_scoped_key::RULE,
    &missing_unique_pair::RULE,
    &missing_one_to_one::RULE,
    &missing_position_key::RULE,
    &missing_idempotency_key::RULE,
    &missing_external_id::RULE,
    &missing_translation_key::RULE,
    &missing_polymorphic_key::RULE,
    &missing_composite_key::RULE,
    &missing_primary_key::RULE,
    &negative_counter::RULE,
    &not_positive::RULE,
    &unbounded_share::RULE,
    &over_capacity::RULE,
    &unordered_bounds::RULE,
    &exclusive_references::RULE,
    &self_link::RULE,
    &free_state::RULE,
    &missing_check::RULE,
    &empty_key_text::RULE,
    &float_money::RULE,
    &nullable_unique::RULE,
    &soft_delete_key::RULE,
    &case_sensitive_key::RULE,
    &null_passes_check::RULE,
    &nullable_by_neglect::RULE,
    &missing_foreign_key::RULE,
    &unvalidated_constraint::RULE,
    &lost_update::RULE,
    &check_then_insert::RULE,
    &stated_condition::RULE,
    &conflict_without_key::RULE,
    &lock_in_autocommit::RULE,
];

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|r| r.id == id)
}

/// A rule: its documentation and its check.
pub struct Rule {
    /// Identifier in kebab-case, stable.
    pub id: &'static str,
    /// Log-odds that a guard of this shape is intended before any evidence is heard. A guard that is inferred brings
    /// its own.
    pub prior: f64,
    /// Parts of the catalog without which the rule cannot look.
    pub needs: &'static [Part],
    /// Documentation in Markdown, each line with one leading space as Rust's doc comments have it.
    doc: &'static str,
    check: fn(&Context<'_>, &mut Vec<Proposal>),
}

impl Rule {
    /// The rule's page in Markdown, without a title.
    pub fn page(&self) -> String {
        self.doc.lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect::<Vec<_>>().join("\n")
    }

    /// The first sentence of the page.
    pub fn summary(&self) -> String {
        self.page().lines().take_while(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// States a rule once: its page, its id, its prior, what it needs.
macro_rules! declare_rule {
    ($(#[doc = $doc:literal])+ $id:literal, needs: [$($part:ident),*]) => {
        $crate::rules::declare_rule! { $(#[doc = $doc])+ $id, prior: 0.0, needs: [$($part),*] }
    };
    ($(#[doc = $doc:literal])+ $id:literal, prior: $prior:expr, needs: [$($part:ident),*]) => {
        $(#[doc = $doc])+
        pub static RULE: $crate::rules::Rule = $crate::rules::Rule {
            id: $id,
            prior: $prior,
            needs: &[$($crate::catalog::Part::$part),*],
            doc: concat!($($doc, "\n"),+),
            check,
        };
    };
}
use declare_rule;

/// What rules look at.
pub struct Context<'a> {
    /// The schema.
    pub catalog: &'a Catalog,
    /// What the database said beside it.
    pub observed: &'a Observed,
    inference: OnceCell<Inference<'a>>,
    siblings: siblings::Memo<'a>,
    references: OnceCell<HashMap<&'a str, Vec<&'a ForeignKey>>>,
    lift: Option<f64>,
}

impl<'a> Context<'a> {
    /// For the rules to look at.
    pub fn new(catalog: &'a Catalog, observed: &'a Observed) -> Context<'a> {
        Context {
            catalog,
            observed,
            lift: None,
            inference: OnceCell::new(),
            siblings: siblings::Memo::default(),
            references: OnceCell::new(),
        }
    }

    /// What the model makes of the schema, worked out for the first rule that asks.
    pub fn inference(&self) -> &Inference<'a> {
        self.inference.get_or_init(|| match self.lift {
            None => Inference::of(self.catalog, self.observed),
            Some(lift) => Inference::within_reach(self.catalog, self.observed, lift),
        })
    }

    /// The statements that were sent, with what each does to the table; nothing if they were not asked for.
    fn usage_of<'s>(&'s self, table: &'s Table) -> Option<(&'s Usage, &'s crate::workload::TableUse)> {
        let usage = self.observed.workload.as_ref()?;
        Some((usage, usage.of_table(table)?))
    }

    /// The foreign keys that reference a table.
    fn references_to<'s>(&'s self, table: &'s Table) -> impl Iterator<Item = &'s ForeignKey> + 's {
        let index = self.references.get_or_init(|| {
            let mut index: HashMap<&str, Vec<&ForeignKey>> = HashMap::new();
            for f in self.catalog.tables.iter().flat_map(|t| &t.foreign_keys) {
                index.entry(&f.referenced_table).or_default().push(f);
            }
            index
        });
        let of_name = index.get(table.name.as_str()).into_iter().flatten().copied();
        of_name.filter(|f| f.referenced_schema == table.schema)
    }
}

/// A guard that a rule asks for, with at least one piece of evidence.
pub struct Proposal {
    table: (String, String),
    guard: Guard,
    severity: Severity,
    message: String,
    evidence: Vec<Evidence>,
    /// Its own prior instead of the rule's.
    prior: Option<f64>,
    /// How the sum is judged.
    scale: Thresholds,
    /// The table has no primary key, and the key is made one.
    promoted: bool,
    /// The statements that show it.
    statements: Vec<Said>,
    /// What to change in the code.
    remedies: Vec<Remedy>,
}

impl Proposal {
    /// A proposal. `message` is one sentence: what can happen, to what.
    pub fn new(table: &Table, guard: Guard, severity: Severity, message: String, because: Evidence) -> Proposal {
        let table = (table.schema.clone(), table.name.clone());
        Proposal {
            table,
            guard,
            severity,
            message,
            evidence: vec![because],
            prior: None,
            scale: Thresholds::PLAIN,
            promoted: false,
            statements: Vec::new(),
            remedies: Vec::new(),
        }
    }

    /// A proposal of the model, judged on the model's scale.
    pub fn inferred(table: &Table, guard: Guard, severity: Severity, message: String, belief: Belief) -> Proposal {
        let table = (table.schema.clone(), table.name.clone());
        let Belief { prior, evidence, scale } = belief;
        Proposal {
            table,
            guard,
            severity,
            message,
            evidence,
            prior: Some(prior),
            scale,
            promoted: false,
            statements: Vec::new(),
            remedies: Vec::new(),
        }
    }

    /// One more reason.
    pub fn add(&mut self, evidence: Evidence) {
        self.evidence.push(evidence);
    }

    /// More reasons.
    pub fn extend(&mut self, evidence: impl IntoIterator<Item = Evidence>) {
        self.evidence.extend(evidence);
    }

    /// The statements that show it, and what to change in the code that sends them.
    pub fn shown_by(mut self, statements: Vec<Said>, remedies: Vec<Remedy>) -> Proposal {
        self.statements = statements;
        self.remedies = remedies;
        self
    }

    /// The log-odds of its evidence.
    pub fn weight(&self) -> f64 {
        self.evidence.iter().map(|e| e.weight).sum()
    }

    /// One more reason, if there is one.
    pub fn and(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Proposal {
        self.evidence.extend(evidence);
        self
    }
}

/// Whether a CHECK speaks of all the columns at once: whoever wrote it has thought about them.
fn checked_together(table: &Table, columns: &[&str]) -> bool {
    table.checks.iter().any(|c| {
        let named = c.expression.columns();
        columns.iter().all(|c| named.contains(c))
    })
}

/// What a column's default says about a condition on it.
fn default_evidence(column: &Column, condition: &Expression) -> Option<Evidence> {
    let value = column.default.as_ref().map(Expression::tree).filter(|d| matches!(d, Expr::Number(_)))?;
    let is_default = Expr::compare(Comparison::Eq, Expr::column(&column.name), value.clone());
    Some(if Expression::new(is_default).implies(condition) {
        Evidence::new(Source::Shape, weights::DEFAULT_HOLDS, format!("it starts at {value}"))
    } else {
        Evidence::new(Source::Shape, weights::DEFAULT_BREAKS, format!("its own default is {value}"))
    })
}

/// A guard that is missing or does not hold.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Id of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// Fingerprint of the table's definition: which one the finding is about.
    pub state: String,
    /// One sentence.
    pub message: String,
    /// What would close it.
    pub guard: Guard,
    /// Name of the constraint or index.
    pub guard_name: String,
    /// The statements that add it on the engine, one by one.
    pub steps: Vec<Statement>,
    /// Why, the strongest first.
    pub evidence: Vec<Evidence>,
    /// What the rows said, where they were asked.
    pub rows: Option<Told>,
    /// The statements of the application that show it, the most frequent first.
    pub statements: Vec<Said>,
    /// What to change in the code that sends them.
    pub remedies: Vec<Remedy>,
    /// Identity over time: rule, schema, table, columns and condition.
    pub fingerprint: String,
}

impl Finding {
    /// The guard as SQL: what adds it, without what looks whether it was added.
    pub fn sql(&self) -> Vec<&str> {
        // where there is nothing but a look, it is all there is to do
        let only = self.steps.len() == 1;
        self.steps.iter().filter(move |s| only || s.work != Work::Verify).map(|s| s.sql.as_str()).collect()
    }
}

/// A rule that could not look, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Id of the rule.
    pub rule: &'static str,
    /// What was missing.
    pub reason: String,
}

impl Skipped {
    /// In place of a rule's id: it concerns them all.
    pub const ALL: &str = "*";
}

/// The result of all rules on one catalog.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Findings in order of schema, table, severity.
    pub findings: Vec<Finding>,
    /// Rules that could not look.
    pub skipped: Vec<Skipped>,
}

struct Scored {
    rule: &'static Rule,
    proposal: Proposal,
    score: f64,
}

impl Scored {
    /// `heard` is what the database itself says of the guard.
    fn new(rule: &'static Rule, mut proposal: Proposal, heard: Vec<Evidence>) -> Scored {
        let prior = proposal.prior.unwrap_or(rule.prior);
        let sum = proposal.scale.heard(prior + proposal.weight(), &heard);
        proposal.evidence.extend(heard);
        // rounded, for sums of the same reasons in another order to be the same
        Scored { rule, proposal, score: (sum * 1e9).round() / 1e9 }
    }

    fn confidence(&self) -> Option<Confidence> {
        self.proposal.scale.level(self.score)
    }
}

/// Runs `rules` over the catalog and what was observed of the database.
pub fn audit(catalog: &Catalog, observed: &Observed, rules: &[&'static Rule]) -> Audit {
    let (scored, skipped) = propose(&Context::new(catalog, observed), rules);
    let mut by_table: BTreeMap<(String, String), Vec<Scored>> = BTreeMap::new();
    for s in scored {
        by_table.entry(s.proposal.table.clone()).or_default().push(s);
    }
    let mut taken = Names::of(catalog);
    let mut findings = Vec::new();
    for ((schema, name), list) in by_table {
        let Some(table) = catalog.table(&schema, &name) else { continue };
        let mut of_table: Vec<Finding> = select(catalog, table, list)
            .into_iter()
            .filter_map(|s| finding(catalog, observed, table, s, &mut taken))
            .collect();
        of_table.sort_by(|a, b| {
            (b.severity, b.confidence, a.rule, &a.guard_name).cmp(&(a.severity, a.confidence, b.rule, &b.guard_name))
        });
        findings.extend(of_table);
    }
    Audit { findings, skipped }
}

/// What to ask the rows about: each guard that `rules` propose, or would if rows added up to `lift` log-odds to it.
/// Keys that contain each other are all in it: the rows choose between them.
pub fn questions(catalog: &Catalog, observed: &Observed, rules: &[&'static Rule], lift: f64) -> Vec<Question> {
    let context = Context { lift: Some(lift), ..Context::new(catalog, observed) };
    let mut out: BTreeMap<(String, String, String), Question> = BTreeMap::new();
    for Scored { proposal, score, .. } in propose(&context, rules).0 {
        let need = proposal.scale.low - score;
        let Some(table) = catalog.table(&proposal.table.0, &proposal.table.1) else { continue };
        let guard = &proposal.guard;
        if need > lift || guard.is_implied(catalog, table) || !guard.is_possible(table) {
            continue;
        }
        let Some(question) = Question::of(catalog, table, guard, need) else { continue };
        let place = (proposal.table.0, proposal.table.1, guard.identity());
        let known = out.entry(place).or_insert_with(|| question.clone());
        known.need = known.need.min(need);
    }
    out.into_values().collect()
}

/// What the rules propose, and which of them could not look.
fn propose(context: &Context<'_>, rules: &[&'static Rule]) -> (Vec<Scored>, Vec<Skipped>) {
    let (catalog, observed) = (context.catalog, context.observed);
    let unheard = observed.workload.iter().flat_map(|w| &w.unread);
    let mut skipped: Vec<Skipped> =
        unheard.map(|reason| Skipped { rule: Skipped::ALL, reason: reason.clone() }).collect();
    let mut scored = Vec::new();
    for rule in rules.iter().copied() {
        let missing = catalog.missing.iter().find(|m| rule.needs.contains(&m.part));
        if let Some(missing) = missing {
            skipped.push(Skipped { rule: rule.id, reason: missing.reason.clone() });
            continue;
        }
        let mut proposals = Vec::new();
        (rule.check)(context, &mut proposals);
        // what a framework keeps for itself is not the user's to change
        proposals.retain(|p| !frameworks::owns(&p.table.0, &p.table.1));
        // what seems to be missing may be what was not read
        proposals.retain(|p| !catalog.half_read.contains(&p.table));
        scored.extend(proposals.into_iter().map(|p| {
            // the model has heard it already, before it chose
            let table = catalog.table(&p.table.0, &p.table.1).filter(|_| p.prior.is_none());
            let mut heard = table.map(|t| observed.of_guard(t, &p.guard)).unwrap_or_default();
            // a rule of the statements has heard it, too
            heard.retain(|e| !p.evidence.contains(e));
            Scored::new(rule, p, heard)
        }));
    }
    (scored, skipped)
}

/// Drops what is implied or impossible, merges what is the same, and lets the narrowest believed key win over its
/// supersets.
fn select(catalog: &Catalog, table: &Table, list: Vec<Scored>) -> Vec<Scored> {
    let mut merged: Vec<Scored> = Vec::new();
    for s in list {
        if s.proposal.guard.is_implied(catalog, table) || !s.proposal.guard.is_possible(table) {
            continue;
        }
        match merged.iter().position(|m| same(&m.proposal.guard, &s.proposal.guard)) {
            Some(i) => {
                let other = merged.swap_remove(i);
                merged.push(merge(other, s));
            }
            None => merged.push(s),
        }
    }
    // of > 0 and >= 0 the surer one speaks, the stricter one if they are as sure
    let checks: Vec<(Expression, Option<Confidence>)> = merged
        .iter()
        .filter_map(|s| match &s.proposal.guard {
            Guard::Check { condition } => Some((condition.clone(), s.confidence())),
            _ => None,
        })
        .collect();
    merged.retain(|s| {
        let Guard::Check { condition } = &s.proposal.guard else { return true };
        let stricter = |other: &Expression| other != condition && other.implies(condition);
        let looser = |other: &Expression| other != condition && condition.implies(other);
        !checks.iter().any(|(other, confidence)| {
            stricter(other) && *confidence >= s.confidence() || looser(other) && *confidence > s.confidence()
        })
    });
    one_key_for_one_hole(&mut merged);
    one_of_partial_and_whole(&mut merged);
    let believed: Vec<(BTreeSet<String>, Option<Confidence>)> = merged
        .iter()
        .filter(|s| matches!(s.proposal.guard, Guard::Unique { .. }) && s.proposal.guard.predicate().is_none())
        .map(|s| (s.proposal.guard.columns().into_iter().map(str::to_owned).collect(), s.confidence()))
        .collect();
    merged.retain(|s| {
        let Guard::Unique { nulls_not_distinct: false, .. } = s.proposal.guard else { return true };
        let mine: BTreeSet<String> = s.proposal.guard.columns().into_iter().map(str::to_owned).collect();
        !believed.iter().any(|(other, confidence)| {
            other.len() < mine.len() && other.is_subset(&mine) && *confidence >= s.confidence()
        })
    });
    merged
}

/// A key over all rows and one over some of them, on the same columns, are two views of one key: where the statements
/// show which rows are meant, and are as sure, what was inferred gives way.
fn one_of_partial_and_whole(list: &mut Vec<Scored>) {
    let set = |g: &Guard| g.columns().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let told: Vec<(BTreeSet<String>, Option<Confidence>)> = list
        .iter()
        .filter(|s| s.rule.id == check_then_insert::RULE.id)
        .map(|s| (set(&s.proposal.guard), s.confidence()))
        .collect();
    let inferred = |s: &Scored| s.proposal.prior.is_some() && s.proposal.guard.kind() == "unique";
    list.retain(|s| {
        let gives_way = |(columns, sure): &(BTreeSet<String>, Option<Confidence>)| {
            *sure >= s.confidence() && *columns == set(&s.proposal.guard)
        };
        !inferred(s) || !told.iter().any(gives_way)
    });
}

/// Where a key is asked for and no row has a primary key, they are one: the key's rule speaks for both, and asks for
/// the primary key. A key that is inferred gives way to what a hole in an existing key of its columns needs.
fn one_key_for_one_hole(list: &mut Vec<Scored>) {
    let set = |g: &Guard| g.columns().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let plain = |s: &Scored| match &s.proposal.guard {
        Guard::Unique { key, predicate: None, nulls_not_distinct: false } => {
            key.iter().all(|p| p.as_column().is_some())
        }
        _ => false,
    };
    let keyless = list.iter().position(|s| {
        matches!(&s.proposal.guard, Guard::PrimaryKey { columns } if !columns.is_empty()) && s.confidence().is_some()
    });
    if let Some(primary) = keyless {
        let columns = set(&list[primary].proposal.guard);
        let asked = |s: &Scored| plain(s) && s.confidence().is_some() && set(&s.proposal.guard) == columns;
        if list.iter().any(asked) {
            let facts = list.remove(primary).proposal;
            if let Some(key) = list.iter_mut().find(|s| asked(s)) {
                // told, but not weighed: that a table has no key says nothing about which one it is
                let told = facts.evidence.into_iter().map(|e| Evidence { weight: 0.0, ..e });
                key.proposal.evidence.extend(told);
                key.proposal.promoted = true;
            }
        }
    }
    let holes: Vec<BTreeSet<String>> = list
        .iter()
        .filter(|s| s.proposal.prior.is_none() && s.proposal.guard.kind() == "unique" && s.confidence().is_some())
        .map(|s| {
            let mut columns = set(&s.proposal.guard);
            columns.extend(s.proposal.guard.predicate().into_iter().flat_map(Expression::columns).map(str::to_owned));
            columns
        })
        .collect();
    let inferred = |s: &Scored| s.proposal.prior.is_some() && s.proposal.guard.kind() == "unique";
    list.retain(|s| !inferred(s) || !holes.iter().any(|h| set(&s.proposal.guard).is_subset(h)));
}

/// The surer of two speaks, with all the reasons of both.
fn merge(a: Scored, b: Scored) -> Scored {
    // of two that are as sure, the one that can show the statements
    let rank = |s: &Scored| (s.confidence(), !s.proposal.statements.is_empty());
    let surer = (rank(&b), b.score) > (rank(&a), a.score);
    let (mut keep, other) = if surer { (b, a) } else { (a, b) };
    let other_confidence = other.confidence();
    for e in other.proposal.evidence {
        if !keep.proposal.evidence.iter().any(|k| k.text == e.text) {
            keep.proposal.evidence.push(e);
        }
    }
    // what is doubted by itself makes nothing worse, and nobody is to act on it
    let believed = other_confidence >= keep.confidence().min(Some(Confidence::Medium));
    if believed {
        keep.proposal.severity = keep.proposal.severity.max(other.proposal.severity);
    }
    for s in other.proposal.statements {
        if !keep.proposal.statements.contains(&s) {
            keep.proposal.statements.push(s);
        }
    }
    if believed && keep.proposal.remedies.is_empty() {
        keep.proposal.remedies = other.proposal.remedies;
    }
    keep
}

/// The same guard, whatever the order of a key's columns.
fn same(a: &Guard, b: &Guard) -> bool {
    a.identity() == b.identity()
}

fn finding(catalog: &Catalog, observed: &Observed, table: &Table, s: Scored, taken: &mut Names) -> Option<Finding> {
    let confidence = s.confidence()?;
    let Proposal { guard, severity, mut message, mut evidence, promoted, mut statements, remedies, .. } = s.proposal;
    let told = observed.rows.of(&table.schema, &table.name, &guard).cloned();
    if let Some(sentence) = told.as_ref().and_then(|t| rows::gone_wrong(&guard, t.answer()?, confidence)) {
        message = format!("{message} {sentence}");
    }
    statements.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
    evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let guard_name = match guard {
        Guard::Validate { .. } | Guard::Code { .. } => guard.name(&table.name),
        _ => taken.free(&table.schema, guard.name(&table.name)),
    };
    let mut columns: Vec<&str> = guard.columns();
    columns.sort_unstable();
    let identity = [s.rule.id, &table.schema, &table.name, &columns.join(","), &guard.condition_text()].join("\u{1f}");
    Some(Finding {
        rule: s.rule.id,
        severity,
        confidence,
        schema: table.schema.clone(),
        table: table.name.clone(),
        state: table.state(),
        message,
        steps: match promoted {
            true => {
                let columns = guard.columns().into_iter().map(str::to_owned).collect();
                add_guard(&catalog.engine, table, &Guard::PrimaryKey { columns }, &guard_name)
            }
            false => add_guard(&catalog.engine, table, &guard, &guard_name),
        },
        guard,
        guard_name,
        evidence,
        rows: told,
        statements,
        remedies,
        fingerprint: hex(&identity, 8),
    })
}

/// Names that are taken in each schema. PostgreSQL keeps tables and indexes of a schema in one name space.
struct Names(BTreeSet<(String, String)>);

impl Names {
    fn of(catalog: &Catalog) -> Names {
        let names = catalog.tables.iter().flat_map(|t| {
            std::iter::once(t.name.as_str()).chain(t.constraint_names()).map(|n| (t.schema.clone(), n.to_owned()))
        });
        let others = catalog.other_relations.iter().map(|r| (r.schema.clone(), r.name.clone()));
        Names(names.chain(others).collect())
    }

    /// The name, or the name with the first number that makes it free. It is taken from then on.
    fn free(&mut self, schema: &str, name: String) -> String {
        let numbered = (1..).map(|i| fit(&name, &i.to_string()));
        for candidate in std::iter::once(name.clone()).chain(numbered) {
            if self.0.insert((schema.to_owned(), candidate.clone())) {
                return candidate;
            }
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_page_and_a_name_of_its_own() {
        let mut seen = BTreeSet::new();
        for rule in RULES {
            assert!(seen.insert(rule.id), "{} twice", rule.id);
            assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
            assert!(rule.summary().ends_with('.'), "{}: {}", rule.id, rule.summary());
            for part in ["## What it finds", "## The race", "## When it is wrong", "## How to fix it"] {
                assert!(rule.page().contains(part), "{} lacks {part}", rule.id);
            }
        }
    }
}
