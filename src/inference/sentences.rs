//! Reasons in words. The features of a guard are grouped by what they are about; each group is one sentence with the sum
//! of its weights. What is too small to tell stays in the prior, so that prior and evidence always add up to the score.

mod phrases;
mod topics;

use super::conventions::{self, Observation};
use super::facts::{Facts, Table};
use super::model::{Active, Weights, model};
use super::select::Scored;
use super::{Belief, checks, features};
use crate::evidence::{Evidence, Source, Thresholds};
use topics::Topic;

/// A group of features that weighs less is not worth a sentence.
const TELLING: f64 = 0.25;
/// How many sentences a guard gets at most.
const SENTENCES: usize = 6;

/// What a sentence is about.
pub struct About<'f, 'a> {
    facts: &'f Facts<'a>,
    table: &'f Table<'a>,
    columns: &'f [usize],
    /// It is about a lower bound, not about a key.
    bound: bool,
    /// What other tables do with the same columns.
    keys: Option<&'f Observation>,
    /// What other columns of the kind are held to.
    checks: Option<&'f checks::Observation>,
}

/// A feature's share of the score.
struct Part<'m> {
    feature: &'m str,
    weight: f64,
    /// What it is about, unless it is but the base rate.
    topic: Option<Topic>,
}

impl<'m> Part<'m> {
    fn new(feature: &'m str, weight: f64) -> Part<'m> {
        Part { feature, weight, topic: Topic::of(feature) }
    }
}

/// Why a key is believed to be missing.
pub fn of_key(
    facts: &Facts<'_>,
    index: usize,
    scored: &Scored,
    seen: Option<&Observation>,
    scale: Thresholds,
) -> Belief {
    let table = &facts.tables[index];
    let Scored { candidate, .. } = scored;
    let nothing = Weights::default();
    let mut base = Active::new(model().families.get(&candidate.family).unwrap_or(&nothing));
    features::features(facts, table, candidate, &mut base);
    let mut heard = Active::new(&model().conventions);
    let mut share = 1.0;
    if let Some(seen) = seen {
        conventions::features(facts, table, candidate, seen, &mut heard);
        share = model().conventions.of_base(candidate.family.name());
    }
    let about = About { facts, table, columns: &candidate.columns, bound: false, keys: seen, checks: None };
    let mut belief = explain(&about, &parts(&base, share, &heard), scored.total(), scale);
    if let Some((weight, text)) = &scored.doubt {
        belief.prior += weight;
        belief.evidence.push(Evidence::new(Source::Shape, -weight, text.clone()));
    }
    belief.prior -= scored.testimony.iter().map(|e| e.weight).sum::<f64>();
    belief.evidence.extend(scored.testimony.iter().cloned());
    belief
}

/// Why a number is believed to be never negative.
pub fn of_bound(
    facts: &Facts<'_>,
    table: &Table<'_>,
    column: usize,
    (base, heard): (&Active<'_>, &Active<'_>),
    seen: Option<&checks::Observation>,
    score: f64,
    scale: Thresholds,
) -> Belief {
    let share = if seen.is_some() { model().check_conventions.of_base("check") } else { 1.0 };
    let about = About { facts, table, columns: &[column], bound: true, keys: None, checks: seen };
    explain(&about, &parts(base, share, heard), score, scale)
}

fn parts<'m>(base: &Active<'m>, share: f64, heard: &Active<'m>) -> Vec<Part<'m>> {
    let scaled = base.features().iter().map(|(feature, weight)| Part::new(feature, weight * share));
    scaled.chain(heard.features().iter().map(|(feature, weight)| Part::new(feature, *weight))).collect()
}

fn explain(about: &About<'_, '_>, parts: &[Part<'_>], score: f64, scale: Thresholds) -> Belief {
    let weight = |topic: &Topic| parts.iter().filter(|p| p.topic == Some(*topic)).map(|p| p.weight).sum::<f64>().abs();
    let mut topics = Topic::ALL.to_vec();
    topics.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    // what one sentence says, no other says again, least of all the other way
    let mut said = Vec::new();
    let mut evidence: Vec<Evidence> =
        topics.into_iter().filter_map(|topic| sentence(about, topic, parts, &mut said)).collect();
    evidence.truncate(SENTENCES);
    if !evidence.iter().any(|e| e.weight > 0.0) {
        evidence.truncate(SENTENCES - 1);
        evidence.push(strongest(about, parts));
    }
    let prior = score - evidence.iter().map(|e| e.weight).sum::<f64>();
    Belief { prior, evidence, scale }
}

/// The sentence on one topic, if its features weigh enough together.
fn sentence(about: &About<'_, '_>, topic: Topic, parts: &[Part<'_>], before: &mut Vec<String>) -> Option<Evidence> {
    let mut of_topic: Vec<&Part<'_>> = parts.iter().filter(|p| p.topic == Some(topic)).collect();
    let sum: f64 = of_topic.iter().map(|p| p.weight).sum();
    if sum.abs() < TELLING {
        return None;
    }
    // the strongest first; those that speak against the sum are in it, but are not its reason
    of_topic.retain(|p| p.weight.signum() == sum.signum());
    of_topic.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let mut said: Vec<String> = Vec::new();
    for phrase in of_topic.iter().filter_map(|p| phrases::phrase(about, topic, p.feature, sum > 0.0)) {
        if said.len() < 2 && !said.contains(&phrase) && !before.contains(&phrase) {
            said.push(phrase);
        }
    }
    before.extend(said.iter().cloned());
    let text = if said.is_empty() { phrases::general(about, topic) } else { said.join("; ") };
    Some(Evidence::new(topic.source(), sum, text))
}

/// Where no group as a whole speaks for the guard: the one reason that does most, or what the guard is about.
fn strongest(about: &About<'_, '_>, parts: &[Part<'_>]) -> Evidence {
    let told = parts.iter().filter(|p| p.weight > 0.0);
    let best = told
        .filter_map(|p| Some((p.weight, p.topic?, phrases::phrase(about, p.topic?, p.feature, true)?)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((weight, topic, text)) => Evidence::new(topic.source(), weight, text),
        None => Evidence::new(Source::Shape, 0.0, phrases::general(about, Topic::Company)),
    }
}

impl About<'_, '_> {
    /// The columns' names: `(a, b)`, or just `a`.
    fn names(&self) -> String {
        names(self.table, self.columns)
    }
}

/// Names of columns as a person would write them: `a`, or `(a, b)`.
fn names(table: &Table<'_>, columns: &[usize]) -> String {
    let list: Vec<&str> = table.each(columns).map(|c| c.name()).collect();
    match list.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("({})", several.join(", ")),
    }
}
