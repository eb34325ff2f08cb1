//! From the answers to what was observed. Pure, and never an error: what cannot be understood is missing with its reason.

use std::collections::{BTreeMap, BTreeSet};

use super::observe::{
    COLUMN_STATISTICS, CONNECTION_LOST, EXTENDED_STATISTICS, LEVELS, ROLE_SETTINGS, SESSION_SETTINGS, TABLE_ACTIVITY,
};
use super::{LiveError, Recording, ResultSet, Row};
use crate::catalog::Catalog;
use crate::evidence::Observed;
use crate::evidence::settings::{Defaults, OfRole, OfSession};
use crate::evidence::statistics::{Estimates, Range, Statistics};

/// Makes of a recording what the database said beside its schema, which is `catalog`.
pub fn observed(recording: &Recording, catalog: &Catalog) -> Observed {
    Observed {
        statistics: statistics(recording, catalog),
        defaults: defaults(recording, catalog),
        lost: lost(recording),
        ..Observed::default()
    }
}

/// Why not all was heard that has to be: the connection was lost.
fn lost(recording: &Recording) -> Option<String> {
    recording.failures.values().find(|f| f.code == CONNECTION_LOST).map(|f| f.message.clone())
}

/// Why there is no answer, if the server refused it.
fn refusal(recording: &Recording, query: &str) -> Option<String> {
    recording.failures.get(query).map(|f| format!("{} (SQLSTATE {})", f.message, f.code))
}

fn defaults(recording: &Recording, catalog: &Catalog) -> Option<Defaults> {
    let asked = |q: &str| recording.results.contains_key(q) || recording.failures.contains_key(q);
    if !asked(SESSION_SETTINGS) && !asked(ROLE_SETTINGS) {
        return None;
    }
    let mut out = Defaults {
        engine: catalog.engine,
        user: recording.user.clone(),
        database: recording.database.clone(),
        ..Defaults::default()
    };
    for query in [SESSION_SETTINGS, ROLE_SETTINGS] {
        let read = match recording.results.get(query) {
            Some(rows) if query == SESSION_SETTINGS => of_session(rows).map(|s| out.session = s),
            Some(rows) => of_roles(rows).map(|r| out.roles = r),
            None => Ok(()),
        };
        out.unread.extend(read.err().map(|e| e.to_string()));
        out.unread.extend(refusal(recording, query));
    }
    // a connection that was lost is lost for both
    out.unread.dedup();
    for (level, query) in LEVELS {
        let given = recording.results.get(query).and_then(|rows| rows.rows().next()?.get(0));
        out.given.extend(given.map(|given| (level, given.to_owned())));
    }
    Some(out)
}

fn of_session(rows: &ResultSet) -> Result<Vec<OfSession>, LiveError> {
    let [name, value, source] = rows.positions(["name", "setting", "source"])?;
    let one = |row: Row<'_>| OfSession {
        name: row.text(name).to_owned(),
        value: row.text(value).to_owned(),
        source: row.get(source).map(str::to_owned),
    };
    Ok(rows.rows().map(one).collect())
}

fn of_roles(rows: &ResultSet) -> Result<Vec<OfRole>, LiveError> {
    let [database, role, setting] = rows.positions(["database", "role", "setting"])?;
    let one = |row: Row<'_>| {
        let (name, value) = row.get(setting)?.split_once('=')?;
        Some(OfRole {
            role: row.get(role).map(str::to_owned),
            database: row.get(database).map(str::to_owned),
            name: name.to_owned(),
            value: value.to_owned(),
        })
    };
    Ok(rows.rows().filter_map(one).collect())
}

fn statistics(recording: &Recording, catalog: &Catalog) -> Statistics {
    let read = match catalog.engine.is_cockroach() {
        true => cockroach(recording),
        false => postgres(recording, catalog),
    };
    let mut out = read.unwrap_or_else(|e| {
        let mut none = Statistics::default();
        none.missing.push(e.to_string());
        none
    });
    let queries = [COLUMN_STATISTICS, TABLE_ACTIVITY, EXTENDED_STATISTICS];
    out.missing.extend(queries.iter().filter_map(|q| refusal(recording, q)));
    out.missing.dedup();
    out
}

/// ANALYZE reads 300 rows for each of `default_statistics_target`, 100 unless told otherwise (`std_typanalyze`).
const POSTGRES_SAMPLE: f64 = 30_000.0;

fn postgres(recording: &Recording, catalog: &Catalog) -> Result<Statistics, LiveError> {
    let mut out = Statistics::default();
    let Some(rows) = recording.results.get(COLUMN_STATISTICS) else { return Ok(out) };
    let [schema, table, column, nulls, distinct, top, lowest, highest, common_lowest, common_highest] = rows
        .positions([
            "table_schema",
            "table_name",
            "column_name",
            "null_share",
            "distinct_values",
            "top_share",
            "lowest",
            "highest",
            "common_lowest",
            "common_highest",
        ])?;
    for row in rows.rows() {
        let Some(count) = rows_of(catalog, row.text(schema), row.text(table)) else { continue };
        let statistics = out.table_mut(row.text(schema), row.text(table));
        statistics.rows = count;
        statistics.error = (count / POSTGRES_SAMPLE).max(1.0).sqrt();
        let common = finite(row, common_lowest).zip(finite(row, common_highest));
        let range = finite(row, lowest).zip(finite(row, highest));
        let estimates = Estimates {
            distinct: finite(row, distinct).and_then(|n| distinct_of(n, count)),
            null_share: finite(row, nulls).unwrap_or(0.0),
            top_share: finite(row, top),
            range: range.map(|(lowest, highest)| Range { lowest, highest, common }),
        };
        statistics.add([row.text(column)], estimates);
    }
    extended(recording, &mut out)?;
    activity(recording, catalog, &mut out)?;
    Ok(out)
}

fn rows_of(catalog: &Catalog, schema: &str, table: &str) -> Option<f64> {
    catalog.table(schema, table)?.row_estimate.map(|n| n as f64)
}

/// `n_distinct`: negative if it grows with the table, 0 if unknown.
fn distinct_of(n: f64, rows: f64) -> Option<f64> {
    (n != 0.0).then(|| if n < 0.0 { -n * rows } else { n })
}

/// A number that can be calculated with.
fn finite(row: Row<'_>, at: usize) -> Option<f64> {
    row.get(at)?.parse().ok().filter(|n: &f64| n.is_finite())
}

fn extended(recording: &Recording, out: &mut Statistics) -> Result<(), LiveError> {
    let Some(rows) = recording.results.get(EXTENDED_STATISTICS) else { return Ok(()) };
    let [schema, table, of_schema, of_name, distinct, number, column] = rows.positions([
        "table_schema",
        "table_name",
        "statistics_schema",
        "statistics_name",
        "distinct_values",
        "number",
        "column_name",
    ])?;
    let mut objects: BTreeMap<[&str; 2], (Row<'_>, BTreeMap<&str, &str>)> = BTreeMap::new();
    for row in rows.rows() {
        let (_, names) =
            objects.entry([row.text(of_schema), row.text(of_name)]).or_insert_with(|| (row, BTreeMap::new()));
        names.insert(row.text(number), row.text(column));
    }
    for (row, names) in objects.into_values() {
        // a form that is not known, such as that of a later version, says nothing
        let Ok(sets) = serde_json::from_str::<BTreeMap<String, f64>>(row.text(distinct)) else { continue };
        let statistics = out.table_mut(row.text(schema), row.text(table));
        for (numbers, distinct) in sets {
            // an expression has a number of its own and no name
            let columns: Option<Vec<&str>> = numbers.split(", ").map(|n| names.get(n).copied()).collect();
            if let Some(columns) = columns {
                statistics.add(columns, Estimates { distinct: Some(distinct), ..Estimates::default() });
            }
        }
    }
    Ok(())
}

/// How old the statistics are by what has happened since, and which cannot be seen.
fn activity(recording: &Recording, catalog: &Catalog, out: &mut Statistics) -> Result<(), LiveError> {
    let Some(rows) = recording.results.get(TABLE_ACTIVITY) else { return Ok(()) };
    let [schema, table, live, changed, analysed, readable] =
        rows.positions(["table_schema", "table_name", "live_rows", "changed_rows", "analysed", "readable"])?;
    let mut hidden = 0;
    for row in rows.rows().filter(|r| catalog.table(r.text(schema), r.text(table)).is_some()) {
        hidden += usize::from(!row.flag(readable)?);
        // without an ANALYZE on record the counters have begun anew, and say nothing
        if !row.flag(analysed)? {
            continue;
        }
        let Some(statistics) = out.get_mut(row.text(schema), row.text(table)) else { continue };
        let changed = finite(row, changed).unwrap_or(0.0) / statistics.rows.max(1.0);
        // a partitioned table has none of its own
        let live = finite(row, live).filter(|n| *n > 0.0);
        let grown = live.map_or(1.0, |now| alike(now, statistics.rows));
        statistics.freshness = grown.min(1.0 / (1.0 + changed));
    }
    if hidden > 0 {
        out.missing.push(format!(
            "user \"{}\" may not see the statistics of {hidden} tables: they are shown to who has SELECT on a table",
            recording.user
        ));
    }
    Ok(())
}

/// How near two numbers of rows are: 1 if they are the same, 0 if one is nothing beside the other.
fn alike(a: f64, b: f64) -> f64 {
    a.min(b).max(1.0) / a.max(b).max(1.0)
}

fn cockroach(recording: &Recording) -> Result<Statistics, LiveError> {
    let mut out = Statistics::default();
    let Some(rows) = recording.results.get(COLUMN_STATISTICS) else { return Ok(out) };
    let [schema, table, created, columns, count, distinct, nulls] =
        rows.positions(["table_schema", "table_name", "created", "columns", "rows", "distinct_values", "nulls"])?;
    let buckets = rows.positions(["first", "second", "third", "third_last", "second_last", "last"])?;
    let mut newest: BTreeMap<(&str, &str, BTreeSet<String>), Row<'_>> = BTreeMap::new();
    let mut now: BTreeMap<(&str, &str), Row<'_>> = BTreeMap::new();
    for row in rows.rows() {
        let Ok(set) = serde_json::from_str::<BTreeSet<String>>(row.text(columns)) else { continue };
        let newer = |kept: &Row<'_>| row.text(created) >= kept.text(created);
        let last = newest.entry((row.text(schema), row.text(table), set)).or_insert(row);
        if newer(last) {
            *last = row;
        }
        let last = now.entry((row.text(schema), row.text(table))).or_insert(row);
        if newer(last) {
            *last = row;
        }
    }
    for ((schema, table), row) in &now {
        out.table_mut(schema, table).rows = finite(*row, count).unwrap_or(0.0);
    }
    for ((schema, table, set), row) in newest {
        let statistics = out.table_mut(schema, table);
        let then = finite(row, count).unwrap_or(0.0);
        // one that is from when the table was another is of no use beside newer ones
        if then < 1.0 || alike(then, statistics.rows) < 0.5 {
            continue;
        }
        let grown = statistics.rows / then;
        let estimates = Estimates {
            distinct: finite(row, distinct).filter(|d| *d > 0.0).map(|d| d * if d > then / 10.0 { grown } else { 1.0 }),
            null_share: finite(row, nulls).unwrap_or(0.0) / then,
            top_share: None,
            range: range(row, buckets, then),
        };
        statistics.add(set, estimates);
    }
    Ok(out)
}

/// The share of rows from which on an extreme is common, the same as in `queries/postgres/column_statistics.sql`.
const COMMON: f64 = 0.005;

/// A bucket of a histogram: the numbers up to its bound.
#[derive(serde::Deserialize)]
struct Bucket {
    upper_bound: String,
    num_eq: f64,
}

/// The extremes by the outer buckets. The first and the last that hold rows are the extremes of the sample; they are common
/// if 0.5 % of the rows are there. What is next to them is, of the 200 buckets of a histogram, if it has more than its ends.
fn range(row: Row<'_>, buckets: [usize; 6], rows: f64) -> Option<Range> {
    let read = |at: &usize| -> Option<(f64, f64)> {
        let bucket: Bucket = serde_json::from_str(row.get(*at)?).ok()?;
        let bound: f64 = bucket.upper_bound.parse().ok()?;
        (bound.is_finite() && bucket.num_eq > 0.0).then_some((bound, bucket.num_eq / rows))
    };
    let found: Vec<(f64, f64)> = buckets.iter().filter_map(read).collect();
    let (lowest, low_share) = *found.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
    let (highest, high_share) = *found.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let inner = || found.iter().map(|b| b.0).filter(|b| *b > lowest && *b < highest);
    let low = if low_share >= COMMON { Some(lowest) } else { inner().min_by(f64::total_cmp) };
    let high = if high_share >= COMMON { Some(highest) } else { inner().max_by(f64::total_cmp) };
    Some(Range { lowest, highest, common: low.zip(high) })
}
