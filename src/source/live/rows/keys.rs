//! The keys of one table: a sample settles most of them, and those that are left are counted together.

use super::session::Trouble;
use super::sql::{self, CountedKey};
use super::table::{Asking, Sampled, no_number, numbers};
use crate::catalog::{Expression, KeyPart, TypeFamily, UserType};
use crate::evidence::rows::{Answer, Ask, Coverage, DISCOVERED, Domain, Key, Question, Told, Verdict, hope, verdict};
use crate::guard::Guard;

/// Keys that are counted in one scan: each is a hash table on the server.
const TOGETHER: usize = 4;
/// Keys of a table that are counted though nobody proposes them.
const UNPROPOSED: usize = 8;
/// In fewer rows no keys are looked for.
const DISCOVERABLE: usize = 1_000;
/// Columns that are combined, and how many at once.
const COMBINED: usize = 12;
const WIDTH: usize = 3;
/// Repeats that chance has to promise for a key to be a discovery.
const DISCOVERY: f64 = 3.0;

/// A key that the sample leaves open.
struct Open<'q> {
    question: std::borrow::Cow<'q, Question>,
    counted: CountedKey,
    /// The key in the sample, if it is there.
    key: Option<Key>,
    discovered: bool,
}

impl Asking<'_, '_, '_> {
    /// Answers the questions about keys.
    pub async fn keys(&mut self, questions: &[&Question], sampled: Option<&Sampled>) -> Result<(), Trouble> {
        let mut open: Vec<Open<'_>> = Vec::new();
        for question in questions.iter().copied() {
            let Some(counted) = CountedKey::of(question) else { continue };
            let key = sampled.and_then(|s| self.key(s, question));
            let question = std::borrow::Cow::Borrowed(question);
            open.push(Open { question, counted, key, discovered: false });
        }
        if let Some(sampled) = sampled.filter(|s| self.budget.discover && s.sample.len() >= DISCOVERABLE) {
            self.discover(sampled, &mut open);
        }
        open.retain(|o| self.is_open(o, sampled));
        // the narrowest first: what is unique is so with any column beside it; then those that want the least
        open.sort_by(|a, b| {
            let rank = |o: &Open<'_>| (o.question.guard.columns().len(), !o.question.is_proposed());
            rank(a).cmp(&rank(b)).then(a.question.need.total_cmp(&b.question.need))
        });
        let mut unproposed = 0;
        open.retain(|o| {
            unproposed += usize::from(!o.question.is_proposed());
            o.question.is_proposed() || unproposed <= UNPROPOSED
        });
        self.count(open, sampled).await
    }

    /// Columns among which keys are looked for: what an application knows a thing by.
    pub fn plausible(&self) -> Vec<KeyPart> {
        if !self.budget.discover {
            return Vec::new();
        }
        let primary = self.table.primary_key.as_ref().map(|k| k.columns.as_slice()).unwrap_or_default();
        let keyed: Vec<Vec<&str>> = self.table.unique_keys.iter().filter_map(|k| k.plain_columns()).collect();
        let mut columns: Vec<_> = self.table.columns.iter().collect();
        columns.retain(|c| {
            let named = match &c.user_type {
                Some(UserType::Enum { .. }) => true,
                _ => matches!(
                    c.family(),
                    TypeFamily::Integer | TypeFamily::Text | TypeFamily::Uuid | TypeFamily::Date | TypeFamily::Network
                ),
            };
            let is_key = |key: &[&str]| matches!(key, [only] if *only == c.name);
            named
                && c.generated.is_none()
                && !matches!(primary, [only] if *only == c.name)
                && !keyed.iter().any(|k| is_key(k))
        });
        columns.sort_by_key(|c| c.nullable);
        columns.truncate(COMBINED);
        columns.into_iter().map(|c| KeyPart::Column(c.name.clone())).collect()
    }

    /// A question's key in the sample.
    fn key(&self, sampled: &Sampled, question: &Question) -> Option<Key> {
        let Ask::Repeated { key, predicate, nulls_distinct } = &question.ask else { return None };
        let place = |p: &KeyPart| sampled.column(&sql::comparable(self.table, p));
        Some(Key {
            parts: key.iter().map(place).collect::<Option<_>>()?,
            filter: match predicate {
                Some(p) => Some(sampled.column(&sql::flag(&p.to_string()))?),
                None => None,
            },
            nulls_distinct: *nulls_distinct,
        })
    }

    /// What the sample says of a key, as an answer for `looked_at` of all rows.
    fn answer(&self, open: &Open<'_>, sampled: Option<&Sampled>, looked_at: u64, violations: u64) -> Answer {
        let chance = sampled.zip(open.key.as_ref()).and_then(|(s, key)| {
            let Ask::Repeated { key: parts, .. } = &open.question.ask else { return None };
            let domains: Vec<Domain> = parts.iter().map(|p| Domain::of(self.catalog, self.table, p)).collect();
            Some(s.sample.chance(key, &domains, looked_at))
        });
        Answer { looked_at, violations, chance, discovered: open.discovered, ..Answer::default() }
    }

    /// Whether all rows have to be asked about a key; if not, the sample has answered, or nothing could come of it.
    fn is_open(&mut self, open: &Open<'_>, sampled: Option<&Sampled>) -> bool {
        let Some((sampled, key)) = sampled.zip(open.key.as_ref()) else { return open.question.is_proposed() };
        let seen = sampled.sample.repeats(key);
        let sample = Coverage::Sample { of: self.total() };
        let answer = Answer {
            coverage: if sampled.whole { Coverage::All } else { sample },
            ..self.answer(open, Some(sampled), seen.rows, seen.repeats)
        };
        let refuted = verdict(&open.question.guard, &answer) == Verdict::Refutes;
        if refuted || sampled.whole && self.is_exact(&open.question) {
            self.rows.insert(&open.question, Told::Answered(answer));
            return false;
        }
        let share = seen.rows as f64 / sampled.sample.len().max(1) as f64;
        let all = (self.total().unwrap_or(self.budget.max_table_rows) as f64 * share) as u64;
        let hope = hope(&open.question.guard, &self.answer(open, Some(sampled), all, 0));
        let hope = hope + if open.discovered { DISCOVERED } else { 0.0 };
        open.question.is_proposed() || open.discovered || seen.repeats == 0 && hope >= open.question.need
    }

    /// Whether equal texts are all that is equal: not for types with a notion of their own.
    fn is_exact(&self, question: &Question) -> bool {
        let Ask::Repeated { key, .. } = &question.ask else { return false };
        let plain = |p: &KeyPart| {
            let column = p.as_column().and_then(|c| self.table.column(c));
            column.is_some_and(|c| {
                let by_text =
                    c.user_type.is_none() && ["text", "character varying"].iter().any(|t| c.data_type.starts_with(t));
                let other = matches!(c.family(), TypeFamily::Integer | TypeFamily::Uuid | TypeFamily::Boolean);
                by_text || other || matches!(c.family(), TypeFamily::Date | TypeFamily::Timestamp | TypeFamily::Enum)
            })
        };
        key.iter().all(plain)
    }

    /// Keys that the sample suggests by itself.
    fn discover(&self, sampled: &Sampled, open: &mut Vec<Open<'_>>) {
        let plausible = self.plausible();
        let place = |p: &KeyPart| Some((sampled.column(&sql::comparable(self.table, p))?, p.as_column()?.to_owned()));
        let columns: Vec<(usize, String)> = plausible.iter().filter_map(place).collect();
        // a UUID is long, and no text
        let is_text = |c: &String| Domain::of(self.catalog, self.table, &KeyPart::Column(c.clone())) == Domain::Words;
        let is_long = |(i, c): &&(usize, String)| is_text(c) && sampled.sample.is_long(*i);
        let places: Vec<usize> = columns.iter().filter(|c| !is_long(c)).map(|(i, _)| *i).collect();
        for set in sampled.sample.discover(&places, WIDTH) {
            let names: Vec<&str> =
                columns.iter().filter(|(i, _)| set.contains(i)).map(|(_, name)| name.as_str()).collect();
            let guard = Guard::unique(&names);
            if guard.is_implied(self.catalog, self.table) || !guard.is_possible(self.table) {
                continue;
            }
            if let Some(known) = open.iter_mut().find(|o| o.question.guard.identity() == guard.identity()) {
                known.discovered = true;
                continue;
            }
            let Some(question) = Question::of(self.catalog, self.table, &guard, f64::INFINITY) else { continue };
            let Some(counted) = CountedKey::of(&question) else { continue };
            let key = self.key(sampled, &question);
            let found = Open { question: std::borrow::Cow::Owned(question), counted, key, discovered: true };
            let all = self.total().unwrap_or(sampled.sample.len() as u64);
            if self.answer(&found, Some(sampled), all, 0).chance.is_some_and(|c| c.expected >= DISCOVERY) {
                open.push(found);
            }
        }
    }

    /// Counts what repeats in all rows: several keys in one scan where the engine can, one by one on CockroachDB,
    /// whose nodes share each scan among them.
    async fn count(&mut self, open: Vec<Open<'_>>, sampled: Option<&Sampled>) -> Result<(), Trouble> {
        let mut rest: std::collections::VecDeque<Open<'_>> = open.into();
        let mut together = if self.catalog.engine.has_grouping_sets() { TOGETHER } else { 1 };
        while let Some(first) = rest.pop_front() {
            if let Some(within) = self.unique_within(&first) {
                let answer = Answer { coverage: self.coverage(self.counted), ..self.answer(&first, None, within, 0) };
                self.rows.insert(&first.question, Told::Answered(answer));
                continue;
            }
            let width = first.question.guard.columns().len();
            let mut batch = vec![first];
            while batch.len() < together
                && let Some(next) = rest.front()
                && next.question.guard.columns().len() == width
            {
                batch.extend(rest.pop_front());
            }
            match self.count_batch(&batch).await {
                Ok(counts) => {
                    for (open, (looked_at, violations)) in batch.iter().zip(counts) {
                        let coverage = self.coverage(self.counted);
                        let answer = Answer { coverage, ..self.answer(open, sampled, looked_at, violations) };
                        self.rows.insert(&open.question, Told::Answered(answer));
                    }
                }
                // one of several: each by itself from here on
                Err(Trouble::Statement(_)) if batch.len() > 1 => {
                    together = 1;
                    batch.into_iter().rev().for_each(|o| rest.push_front(o));
                }
                Err(Trouble::Statement(reason)) => {
                    for open in &batch {
                        self.rows.refuse(&open.question, &reason);
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(())
    }

    /// Rows of a table on which fewer of the key's columns are unique already.
    fn unique_within(&self, open: &Open<'_>) -> Option<u64> {
        let Ask::Repeated { key, nulls_distinct: true, .. } = &open.question.ask else { return None };
        (0..key.len()).filter(|_| key.len() > 1).find_map(|leave| {
            let left: Vec<KeyPart> =
                key.iter().enumerate().filter(|(i, _)| *i != leave).map(|(_, p)| p.clone()).collect();
            let guard = Guard::Unique { key: left, predicate: None, nulls_not_distinct: false };
            let told = self.rows.of(&self.table.schema, &self.table.name, &guard)?;
            told.is_clean().then(|| told.answer().map(|a| a.looked_at)).flatten()
        })
    }

    /// Rows and repeats of each key.
    async fn count_batch(&mut self, batch: &[Open<'_>]) -> Result<Vec<(u64, u64)>, Trouble> {
        let keys: Vec<CountedKey> = batch.iter().map(|o| o.counted.clone()).collect();
        let columns: Vec<&str> = batch.iter().flat_map(|o| o.question.guard.columns()).collect();
        let predicate = |o: &'_ Open<'_>| match &o.question.ask {
            Ask::Repeated { predicate, .. } => predicate.clone(),
            Ask::Broken(_) | Ask::Orphaned { .. } => None,
        };
        let predicates: Vec<Expression> = batch.iter().filter_map(predicate).collect();
        let predicates = predicates.iter().flat_map(Expression::columns);
        let columns: Vec<&str> = columns.into_iter().chain(predicates).collect();
        let from = self.rows_text(&columns, "t");
        if let ([_, _, ..], Some((statement, marks))) = (keys.as_slice(), sql::count_together(&from, &keys)) {
            let set = self.session.read(&statement).await?;
            let value = |at: usize, row: &crate::source::live::Row<'_>| row.get(at).and_then(|v| v.parse::<u64>().ok());
            let of_mark = |mark: u32| {
                let row = set.rows().find(|r| value(0, r) == Some(mark.into()));
                // a key that no row is about has no row in the answer
                row.map_or(Some((0, 0)), |r| Some((value(1, &r)?, value(2, &r)?)))
            };
            return marks.into_iter().map(of_mark).collect::<Option<Vec<_>>>().ok_or_else(no_number);
        }
        let mut out = Vec::new();
        for key in keys {
            let set = self.session.read(&key.count(&from)).await?;
            match numbers(&set)?.as_slice() {
                [rows, repeats] => out.push((*rows, *repeats)),
                _ => return Err(no_number()),
            }
        }
        Ok(out)
    }
}
