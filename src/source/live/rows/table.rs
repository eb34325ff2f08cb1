//! The questions about one table.

use super::session::{Session, Trouble};
use super::sql::{self, From};
use super::{Budget, SAMPLE};
use crate::catalog::{Catalog, Table};
use crate::evidence::rows::{Answer, Ask, Coverage, Nearest, Question, Rows, Sample, Told, slack};
use crate::source::live::{ResultSet, Row};

/// Rows of a sample that shows only how near they come to a bound.
const NEARNESS: u64 = 1_000;
/// Rows of a table that is too large to be read whole.
const WIDE_SAMPLE: u64 = 100_000;

/// The questions about one table.
pub struct Asking<'s, 'c, 'a> {
    pub session: &'s mut Session<'c>,
    pub catalog: &'a Catalog,
    pub table: &'a Table,
    pub budget: &'a Budget,
    pub rows: &'s mut Rows,
    /// The planner's estimate of its rows, until that is seen to be wrong.
    estimate: Option<u64>,
    /// Its rows, once they are counted or the sample was all of them.
    pub counted: Option<u64>,
}

/// A sample, with what its columns stand for.
pub struct Sampled {
    pub sample: Sample,
    /// It is the whole table.
    pub whole: bool,
    /// What each column is, as SQL.
    expressions: Vec<String>,
    /// How near the rows come to the bound of each condition that was asked for.
    nearest: Vec<Option<Nearest>>,
}

impl Sampled {
    /// The column of an expression.
    pub fn column(&self, expression: &str) -> Option<usize> {
        self.expressions.iter().position(|e| e == expression)
    }
}

impl<'s, 'c, 'a> Asking<'s, 'c, 'a> {
    /// Begins with a table.
    pub fn new(
        session: &'s mut Session<'c>,
        catalog: &'a Catalog,
        table: &'a Table,
        budget: &'a Budget,
        rows: &'s mut Rows,
    ) -> Self {
        // 0 is what PostgreSQL 13 and older say of a table that was never counted
        let estimate = table.row_estimate.filter(|n| *n > 0);
        Asking { session, catalog, table, budget, rows, estimate, counted: None }
    }

    /// Asks all of them, and keeps the answers as they come.
    pub async fn table(&mut self, questions: &[&Question]) -> Result<(), Trouble> {
        if let Some(why) = self.session.hides(&self.table.schema, &self.table.name) {
            return Err(Trouble::Table(why.to_owned()));
        }
        let of = |wanted: fn(&Ask) -> bool| questions.iter().copied().filter(|q| wanted(&q.ask)).collect::<Vec<_>>();
        let broken = of(|a| matches!(a, Ask::Broken(_)));
        let repeated = of(|a| matches!(a, Ask::Repeated { .. }));
        let sampled = self.sample(&repeated, &broken).await?;
        self.conditions(&broken, sampled.as_ref()).await?;
        self.keys(&repeated, sampled.as_ref()).await?;
        for question in of(|a| matches!(a, Ask::Orphaned { .. })) {
            self.orphans(question).await?;
        }
        for question in questions {
            self.look(question).await?;
        }
        Ok(())
    }

    /// Whether the table is too large to be read whole.
    fn is_large(&self) -> bool {
        self.total().is_some_and(|n| n > self.budget.max_table_rows)
    }

    /// Which rows to read where all are wanted.
    fn from(&self) -> From {
        let wide = WIDE_SAMPLE.min(self.budget.max_table_rows);
        match self.total() {
            Some(n) if n <= self.budget.max_table_rows => From::Whole,
            Some(_) if !self.catalog.engine.has_tablesample() => From::First(wide),
            Some(n) => From::Percent(100.0 * wide as f64 / n as f64),
            // nobody knows how many there are: as many as would be read of a table that is known
            None => From::First(self.budget.max_table_rows),
        }
    }

    /// The rows that are read where all are wanted, as text after FROM.
    pub fn rows_text(&self, columns: &[&str], alias: &str) -> String {
        self.from().text(self.table, columns, alias, self.catalog.engine.stores_by_key())
    }

    /// Which rows those are, after `counted` of them.
    pub fn coverage(&self, counted: Option<u64>) -> Coverage {
        match self.from() {
            From::Whole => Coverage::All,
            From::First(n) if counted.is_some_and(|c| c < n) => Coverage::All,
            From::First(_) | From::Percent(_) => Coverage::Sample { of: self.estimate },
        }
    }

    /// Rows that a table has, or those of it that are read.
    pub fn total(&self) -> Option<u64> {
        self.counted.or(self.estimate)
    }

    /// Reads some rows' keys, and how near they come to bounds. `None` if there is nothing to sample.
    async fn sample(&mut self, repeated: &[&Question], broken: &[&Question]) -> Result<Option<Sampled>, Trouble> {
        let mut expressions: Vec<String> = Vec::new();
        let mut add = |sql: String| {
            if !expressions.contains(&sql) {
                expressions.push(sql);
            }
        };
        for question in repeated {
            if let Ask::Repeated { key, predicate, .. } = &question.ask {
                key.iter().for_each(|p| add(sql::comparable(self.table, p)));
                predicate.iter().for_each(|p| add(sql::flag(&p.to_string())));
            }
        }
        self.plausible().iter().for_each(|p| add(sql::comparable(self.table, p)));
        let slacks: Vec<Option<String>> = broken.iter().map(|q| slack(self.table, &q.guard)).collect();
        if expressions.is_empty() && slacks.iter().all(Option::is_none) {
            return Ok(None);
        }
        let keys = expressions.len();
        expressions.extend(slacks.iter().flatten().cloned());
        let wanted = if keys == 0 { NEARNESS } else { SAMPLE };
        let Some((set, whole)) = self.sampled_rows(&expressions, wanted).await? else { return Ok(None) };
        let mut sample = Sample::new(keys);
        for row in set.rows() {
            sample.push((0..keys).map(|i| row.get(i)));
        }
        let mut places = keys..;
        let nearest = slacks.iter().map(|s| s.as_ref().and_then(|_| nearest(&set, places.next()?))).collect();
        expressions.truncate(keys);
        if whole {
            self.counted = Some(sample.len() as u64);
        } else if self.estimate.is_some_and(|n| n <= wanted) {
            self.estimate = None;
        }
        Ok(Some(Sampled { sample, whole, expressions, nearest }))
    }

    /// So many rows, and whether they are all; `None` if the server cannot work out the expressions.
    async fn sampled_rows(
        &mut self,
        expressions: &[String],
        wanted: u64,
    ) -> Result<Option<(ResultSet, bool)>, Trouble> {
        let spread = self.estimate.filter(|n| *n > wanted && self.catalog.engine.has_tablesample());
        if let Some(n) = spread {
            // some more than wanted: pages are not all as full
            let from = From::Percent((120.0 * wanted as f64 / n as f64).min(100.0));
            let text = from.text(self.table, &[], "t", false);
            match self.session.read(&sql::sample(&text, expressions, wanted)).await {
                Ok(set) if set.len() as u64 >= wanted / 10 => return Ok(Some((set, false))),
                // far fewer than estimated, or a server that does not know TABLESAMPLE
                Ok(_) | Err(Trouble::Statement(_)) => self.estimate = None,
                Err(trouble) => return Err(trouble),
            }
        }
        let order = self.table.primary_key.as_ref().filter(|_| self.catalog.engine.stores_by_key());
        let order = order.map(|k| format!(" ORDER BY {}", crate::engine::quote_list(&k.columns))).unwrap_or_default();
        let from = format!("{}{order}", From::Whole.text(self.table, &[], "t", false));
        match self.session.read(&sql::sample(&from, expressions, wanted + 1)).await {
            Ok(set) => {
                let whole = set.len() as u64 <= wanted;
                Ok(Some((set, whole)))
            }
            Err(Trouble::Statement(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// One scan for all conditions.
    async fn conditions(&mut self, questions: &[&Question], sampled: Option<&Sampled>) -> Result<(), Trouble> {
        // how many rows there are has to be counted where nobody knows
        if questions.is_empty() && (self.counted.is_some() || !matches!(self.from(), From::First(_))) {
            return Ok(());
        }
        let mut groups: Vec<Vec<usize>> = vec![(0..questions.len()).collect()];
        while let Some(group) = groups.pop() {
            let conditions: Vec<&str> = group
                .iter()
                .filter_map(|i| match &questions.get(*i)?.ask {
                    Ask::Broken(condition) => Some(condition.as_str()),
                    _ => None,
                })
                .collect();
            let columns: Vec<&str> =
                group.iter().filter_map(|i| questions.get(*i)).flat_map(|q| q.guard.columns()).collect();
            let statement = sql::broken(&self.rows_text(&columns, "t"), &conditions);
            match self.session.read(&statement).await {
                Ok(set) => {
                    let counts = numbers(&set)?;
                    let looked_at = counts.first().copied().unwrap_or(0);
                    let coverage = self.coverage(Some(looked_at));
                    for (i, violations) in group.into_iter().zip(counts.into_iter().skip(1)) {
                        let nearest = sampled.and_then(|s| s.nearest.get(i).copied().flatten());
                        let answer = Answer { looked_at, violations, coverage, nearest, ..Answer::default() };
                        if let Some(question) = questions.get(i) {
                            self.rows.insert(question, Told::Answered(answer));
                        }
                    }
                    if coverage == Coverage::All {
                        self.counted = Some(looked_at);
                    }
                }
                // one of several: the halves of them, until it stands alone
                Err(Trouble::Statement(_)) if group.len() > 1 => {
                    let (one, other) = group.split_at(group.len() / 2);
                    groups.extend([one.to_vec(), other.to_vec()]);
                }
                Err(Trouble::Statement(reason)) => {
                    for question in group.iter().filter_map(|i| questions.get(*i)) {
                        self.rows.refuse(question, &reason);
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(())
    }

    async fn orphans(&mut self, question: &Question) -> Result<(), Trouble> {
        let Ask::Orphaned { columns, target, referenced } = &question.ask else { return Ok(()) };
        if let Some(why) = self.session.hides(&target.0, &target.1) {
            self.rows.refuse(question, why);
            return Ok(());
        }
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let from = self.rows_text(&names, "c");
        let statement = sql::orphaned(&from, columns, (&target.0, &target.1), referenced);
        let answer = match self.session.read(&statement).await {
            Ok(set) => match numbers(&set)?.as_slice() {
                [looked_at, violations] => Answer {
                    looked_at: *looked_at,
                    violations: *violations,
                    coverage: self.coverage(self.counted),
                    ..Answer::default()
                },
                _ => return Err(no_number()),
            },
            // the other table may be the one that is not to be read
            Err(Trouble::Statement(reason) | Trouble::Table(reason)) => {
                self.rows.refuse(question, &reason);
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        };
        self.rows.insert(question, Told::Answered(answer));
        Ok(())
    }

    /// Some of the rows in the way, where they are to be shown.
    async fn look(&mut self, question: &Question) -> Result<(), Trouble> {
        let told = self.rows.of(&question.schema, &question.table, &question.guard);
        let answer = told.and_then(Told::answer).filter(|a| a.violations > 0).cloned();
        let (Some(look), Some(mut answer), false) = (&question.look, answer, self.is_large()) else { return Ok(()) };
        match self.session.read(look.trim_end_matches(';')).await {
            Ok(set) => answer.examples = set.rows().map(|row| line(&set, row)).collect(),
            Err(Trouble::Statement(reason)) => answer.examples = vec![format!("they could not be shown: {reason}")],
            Err(trouble) => return Err(trouble),
        }
        self.rows.insert(question, Told::Answered(answer));
        Ok(())
    }
}

fn line(set: &ResultSet, row: Row<'_>) -> String {
    let value = |(i, name): (usize, &String)| format!("{name} = {}", row.get(i).unwrap_or("NULL"));
    set.columns().iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
}

/// The numbers of an answer of one row.
pub fn numbers(set: &ResultSet) -> Result<Vec<u64>, Trouble> {
    let row = set.rows().next().ok_or_else(no_number)?;
    (0..set.columns().len()).map(|i| row.get(i).and_then(|v| v.parse().ok()).ok_or_else(no_number)).collect()
}

pub fn no_number() -> Trouble {
    Trouble::Statement("the server's answer is no number".to_owned())
}

fn nearest(set: &ResultSet, at: usize) -> Option<Nearest> {
    let distances = set.rows().filter_map(|r| r.get(at)?.parse::<f64>().ok()).filter(|d| d.is_finite());
    distances.fold(None, |seen: Option<Nearest>, d| {
        let seen = seen.unwrap_or(Nearest { least: d, greatest: d, at: 0, of: 0 });
        let on = u64::from(d == 0.0);
        Some(Nearest { least: seen.least.min(d), greatest: seen.greatest.max(d), at: seen.at + on, of: seen.of + 1 })
    })
}
