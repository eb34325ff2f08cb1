//! The rows: drawn at random from domains that know nothing of the guards that were taken out; what breaks one is thrown
//! away, and where too few are left the domains of its columns grow.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::Result;
use dbaudit::catalog::{
    Catalog, Column, Comparison, Expr, Expression, ForeignKey, Table, TypeFamily, UserType, family,
};
use dbaudit::engine::{quote_ident, quote_list, quote_table};
use dbaudit::guard::hex;
use dbaudit::source::live::{FetchOptions, read};
use serde::Deserialize;
use tokio_postgres::{Client, NoTls};

/// A unique key that was taken out.
#[derive(Deserialize)]
pub struct Key {
    /// `schema.table`.
    pub table: String,
    columns: Vec<String>,
    keys: Vec<String>,
    expression: bool,
    predicate: Option<String>,
    #[serde(default)]
    nulls_not_distinct: bool,
    kept: bool,
    redundant: serde_json::Value,
}

impl Key {
    /// It could be found: it was taken out, and no other key says the same.
    pub fn counts(&self) -> bool {
        !self.kept && self.redundant.is_null() && !self.columns.is_empty()
    }

    /// Its columns without their order.
    pub fn set(&self) -> BTreeSet<String> {
        self.columns.iter().cloned().collect()
    }

    /// The statement that puts it back.
    fn index(&self, name: &str, table: &str) -> String {
        let part = |key: &String| match () {
            () if !self.expression => quote_ident(key.trim_matches('"')),
            () if self.columns.contains(key) => quote_ident(key),
            () => format!("({key})"),
        };
        let keys: Vec<String> = self.keys.iter().map(part).collect();
        let nulls = if self.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
        let predicate = self.predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
        format!("CREATE UNIQUE INDEX {name} ON {table} ({}){nulls}{predicate}", keys.join(", "))
    }
}

/// A CHECK that was taken out.
#[derive(Deserialize)]
pub struct Check {
    table: String,
    expr: String,
}

impl Check {
    /// `CHECK ((seats >= 0)) NOT VALID` without its words.
    fn condition(&self) -> &str {
        let text = self.expr.trim().trim_start_matches("CHECK").trim();
        text.trim_end_matches("NOT VALID").trim_end_matches("NO INHERIT").trim()
    }
}

/// How much to fill in.
pub struct Plan {
    pub rows: u32,
    pub small: u32,
    pub seed: u32,
}

/// Names of the keys that are put back while rows are drawn.
const BACK: &str = "dbaudit_filled";
/// Rounds of drawing, after each of which the domains of keys are this many times as large.
const ROUNDS: u32 = 10;
const GROWTH: f64 = 30.0;

impl Plan {
    /// Fills every table, and tells how many rows each has got.
    pub fn fill(&self, url: &str, keys: &[Key], checks: &[Check]) -> Result<BTreeMap<String, u64>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            let (reader, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            let catalog = read(&reader, &FetchOptions::default()).await?;
            client
                .batch_execute("SET session_replication_role = replica; SET work_mem = '64MB'; SET jit = off")
                .await?;
            let mut counts = BTreeMap::new();
            for table in in_order(&catalog) {
                let name = format!("{}.{}", table.schema, table.name);
                let keys: Vec<&Key> = keys.iter().filter(|k| k.table == name && !k.kept).collect();
                let checks: Vec<&str> = checks.iter().filter(|c| c.table == name).map(Check::condition).collect();
                let filling = Filling { plan: self, client: &client, table, name: &name, keys, checks };
                let rows = filling.run().await.map_err(|e| anyhow::anyhow!("{name}: {e:?}"))?;
                counts.insert(name, rows);
            }
            Ok(counts)
        })
    }

    /// A number below `n` that is always the same for the same words.
    fn chance(&self, words: &[&str], n: u64) -> u64 {
        let digest = hex(&format!("{}\u{1f}{}", self.seed, words.join("\u{1f}")), 8);
        u64::from_str_radix(&digest, 16).unwrap_or_default() % n.max(1)
    }
}

/// Parents before children. A circle is cut where a reference may be NULL, or else anywhere.
fn in_order(catalog: &Catalog) -> Vec<&Table> {
    let id = |t: &Table| (t.schema.clone(), t.name.clone());
    let mut left: Vec<&Table> = catalog.tables.iter().collect();
    let mut done: BTreeSet<(String, String)> = BTreeSet::new();
    let mut out = Vec::new();
    while !left.is_empty() {
        let waits = |t: &Table, required: bool| {
            t.foreign_keys.iter().any(|f| {
                let parent = (f.referenced_schema.clone(), f.referenced_table.clone());
                let known = catalog.table(&parent.0, &parent.1).is_some();
                let optional = f.columns.iter().any(|c| t.column(c).is_some_and(|c| c.nullable));
                known && parent != id(t) && !done.contains(&parent) && !(required && optional)
            })
        };
        let next = left.iter().position(|t| !waits(t, false)).or_else(|| left.iter().position(|t| !waits(t, true)));
        let table = left.remove(next.unwrap_or(0));
        done.insert(id(table));
        out.push(table);
    }
    out
}

struct Filling<'a> {
    plan: &'a Plan,
    client: &'a Client,
    table: &'a Table,
    name: &'a str,
    keys: Vec<&'a Key>,
    checks: Vec<&'a str>,
}

impl Filling<'_> {
    /// Draws until there are rows enough, or no more to be had. A table that refuses them stays as it is.
    async fn run(&self) -> Result<u64, tokio_postgres::Error> {
        let target = match self.plan.chance(&[self.name, "small"], u64::from(self.plan.small)) {
            0 => 10 + self.plan.chance(&[self.name, "size"], 191),
            _ => u64::from(self.plan.rows),
        };
        let table = quote_table(self.table);
        let seed = self.plan.chance(&[self.name, "rows"], 1 << 30) as f64 / f64::from(1 << 30);
        self.client.batch_execute(&format!("SELECT setseed({seed})")).await?;
        for (i, key) in self.keys.iter().enumerate() {
            if let Err(e) = self.client.batch_execute(&key.index(&format!("{BACK}_{i}"), &table)).await {
                eprintln!("{}: a key cannot be put back: {e:?}", self.name);
            }
        }
        let mut rows = 0;
        for round in 0..ROUNDS {
            // rows that point at others of the same table need some to point at
            let now = if round == 0 && self.points_at_itself() { target / 10 + 1 } else { target - rows };
            self.parents().await?;
            match self.client.execute(&self.statement(round, now, rows), &[]).await {
                Ok(n) => rows += n,
                Err(e) => {
                    let reason = e.as_db_error().map_or_else(|| e.to_string(), ToString::to_string);
                    eprintln!("{}: {reason}", self.name);
                    break;
                }
            }
            if rows >= target {
                break;
            }
        }
        for i in 0..self.keys.len() {
            let schema = quote_ident(&self.table.schema);
            self.client.batch_execute(&format!("DROP INDEX IF EXISTS {schema}.{BACK}_{i}")).await?;
        }
        Ok(rows)
    }

    fn points_at_itself(&self) -> bool {
        let here = |f: &&ForeignKey| f.referenced_schema == self.table.schema && f.referenced_table == self.table.name;
        self.table.foreign_keys.iter().any(|f| here(&f))
    }

    /// The foreign keys that are drawn: those whose columns no other has taken.
    fn references(&self) -> Vec<&ForeignKey> {
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        let mut all: Vec<&ForeignKey> = self.table.foreign_keys.iter().collect();
        all.sort_by_key(|f| std::cmp::Reverse(f.columns.len()));
        all.retain(|f| {
            let free = f.columns.iter().all(|c| !taken.contains(c.as_str()));
            taken.extend(f.columns.iter().filter(|_| free).map(String::as_str));
            free
        });
        all
    }

    /// Numbers the rows that can be pointed at, in an order of chance.
    async fn parents(&self) -> Result<(), tokio_postgres::Error> {
        for (i, f) in self.references().into_iter().enumerate() {
            let parent = format!("{}.{}", quote_ident(&f.referenced_schema), quote_ident(&f.referenced_table));
            let columns = quote_list(&f.referenced_columns);
            self.client
                .batch_execute(&format!(
                    "DROP TABLE IF EXISTS pg_temp.p{i};
                     CREATE TEMP TABLE p{i} AS SELECT row_number() OVER (ORDER BY random()) AS n, {columns}
                     FROM {parent} WHERE ({columns}) IS NOT NULL;
                     ANALYZE p{i}"
                ))
                .await?;
        }
        Ok(())
    }

    fn statement(&self, round: u32, rows: u64, before: u64) -> String {
        let references = self.references();
        let (mut ranks, mut joins, mut values, mut wanted) = (String::new(), String::new(), Vec::new(), Vec::new());
        for (i, f) in references.iter().enumerate() {
            let count = format!("(SELECT count(*) FROM p{i})");
            // some parents have most of the children, at first
            let skewed = round == 0 && self.plan.chance(&[self.name, &f.columns.join(","), "skew"], 2) == 0;
            let rank = match skewed {
                true => format!("floor(exp(random() * ln({count} + 1)))"),
                false => format!("1 + floor(random() * {count})"),
            };
            let optional = f.columns.iter().any(|c| self.table.column(c).is_some_and(|c| c.nullable));
            let share = if optional { self.null_share(&f.columns.join(",")) } else { 0.0 };
            let _ = write!(ranks, ", CASE WHEN random() >= {share} THEN ({rank})::bigint END AS f{i}");
            let _ = write!(joins, " LEFT JOIN p{i} ON p{i}.n = d.f{i}");
        }
        for column in &self.table.columns {
            if column.generated.is_some() {
                continue;
            }
            let name = &column.name;
            let of_parent = references.iter().enumerate().find_map(|(i, f)| {
                let at = f.columns.iter().position(|c| c == name)?;
                Some(format!("p{i}.{}", quote_ident(f.referenced_columns.get(at)?)))
            });
            let value = match of_parent {
                Some(value) => value,
                None => match self.value(column, round, before) {
                    Some(value) => value,
                    None if column.nullable => continue,
                    // the type is not known: what the table itself puts there, or nothing
                    None if column.default.is_some() || column.identity => continue,
                    None => format!("NULL::{}", column.data_type),
                },
            };
            if !column.nullable {
                wanted.push(format!("{} IS NOT NULL", quote_ident(name)));
            }
            values.push((quote_ident(name), value));
        }
        wanted.extend(self.checks.iter().map(|c| format!("({c}) IS NOT FALSE")));
        wanted.push("true".to_owned());
        let columns: Vec<&str> = values.iter().map(|(c, _)| c.as_str()).collect();
        let columns = columns.join(", ");
        let exprs: Vec<String> = values.iter().map(|(c, v)| format!("{v} AS {c}")).collect();
        format!(
            "INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE
             SELECT {columns} FROM (
                 SELECT {} FROM (SELECT i{ranks} FROM generate_series(1, {}) AS i) AS d{joins}
             ) AS v WHERE {} LIMIT {rows} ON CONFLICT DO NOTHING",
            quote_table(self.table),
            exprs.join(", "),
            rows * 3 + 200,
            wanted.join(" AND ")
        )
    }

    /// The share of rows without a value: none, some or half.
    fn null_share(&self, column: &str) -> f64 {
        [0.0, 0.0, 0.1, 0.5][self.plan.chance(&[self.name, column, "null"], 4) as usize]
    }

    /// What a column is drawn from, as SQL. `None` if the type is not known.
    fn value(&self, column: &Column, round: u32, before: u64) -> Option<String> {
        let name = column.name.as_str();
        let only = |c: &[String]| matches!(c, [one] if one == name);
        let number = column.family() == TypeFamily::Integer;
        if number && self.table.primary_key.as_ref().is_some_and(|k| only(&k.columns)) {
            return Some(format!("d.i + {before} * 4 + {}", u64::from(round) * 1_000_000));
        }
        let value = self.drawn(column, round)?;
        let share = if column.nullable { self.null_share(name) } else { 0.0 };
        Some(if share > 0.0 { format!("CASE WHEN random() >= {share} THEN {value} END") } else { value })
    }

    fn drawn(&self, column: &Column, round: u32) -> Option<String> {
        let name = column.name.as_str();
        let chance = |what: &str, n| self.plan.chance(&[self.name, name, what], n);
        // how many values there are at the most: a handful, dozens, a thousand, more than rows
        let in_key = self.keys.iter().any(|k| k.columns.iter().any(|c| c == name)) || self.table.in_primary_key(name);
        let grown = if in_key { GROWTH.powi(round as i32) } else { 1.0 };
        let domain = ([5.0, 40.0, 1_000.0, 1_000_000.0][chance("domain", 4) as usize] * grown).min(1e12);
        // the first of them are the most common
        let rank = |most: f64| format!("floor(exp(random() * ln({})))", domain.min(most) + 1.0);
        let (base, cast) = match &column.user_type {
            Some(UserType::Enum { labels }) => return Some(self.one_of(labels, &column.data_type)),
            Some(UserType::Domain { base, .. }) => (base.as_str(), column.data_type.as_str()),
            None => (column.data_type.as_str(), column.data_type.as_str()),
        };
        let listed = self.listed(name);
        if !listed.is_empty() && family(base) == TypeFamily::Text {
            return Some(self.one_of(&listed, cast));
        }
        let (integers, decimals) = digits(base);
        let signed = chance("sign", 4) == 0;
        let centre = |most: f64| if signed { (domain.min(most) / 2.0).floor() } else { 1.0 };
        let text = match family(base) {
            TypeFamily::Boolean => format!("random() < {}", [0.5, 0.1, 0.9][chance("share", 3) as usize]),
            TypeFamily::Integer => {
                let most = if base == "smallint" {
                    3e4
                } else if base == "integer" {
                    2e9
                } else {
                    1e12
                };
                format!("{} - {}", rank(most), centre(most))
            }
            TypeFamily::Decimal => {
                let most = 10f64.powi(integers.min(12));
                format!("trunc((({} - {}) * 1.37)::numeric % {most}, {decimals})", rank(most), centre(most))
            }
            TypeFamily::Float => "random() * 1000".to_owned(),
            TypeFamily::Text => match chance("free", 5) {
                // free text: nearly each is another
                0 => "md5(random()::text)".to_owned(),
                _ if length(base) < 12 => format!("md5({}::text)", rank(1e12)),
                _ => format!("'v' || {}", rank(1e12)),
            },
            TypeFamily::Uuid => "md5(random()::text)".to_owned(),
            TypeFamily::Timestamp => "timestamptz '2020-01-01' + random() * interval '1500 days'".to_owned(),
            TypeFamily::Date => "date '2020-01-01' + floor(random() * 1500)::int".to_owned(),
            TypeFamily::Time => "time '00:00' + random() * interval '1 day'".to_owned(),
            TypeFamily::Interval => format!("{} * interval '1 minute'", rank(1e6)),
            TypeFamily::Json => format!("'{{\"v\": ' || {} || '}}'", rank(1e12)),
            TypeFamily::Bytes => "decode(md5(random()::text), 'hex')".to_owned(),
            TypeFamily::Network if base.starts_with("mac") => "left(md5(random()::text), 12)".to_owned(),
            TypeFamily::Network => format!("inet '10.0.0.0' + {}::int", rank(1e7)),
            TypeFamily::Array => "'{}'".to_owned(),
            TypeFamily::Range => "'empty'".to_owned(),
            // a type of an extension, by what it reads
            TypeFamily::Other if !column.nullable => format!("('v' || {})::text", rank(1e12)),
            TypeFamily::Enum | TypeFamily::Other => return None,
        };
        Some(format!("({text})::{cast}"))
    }

    fn one_of(&self, values: &[String], cast: &str) -> String {
        let list: Vec<String> = values.iter().map(|v| format!("'{}'", v.replace('\'', "''"))).collect();
        let n = list.len() + 1;
        format!("((ARRAY[{}])[floor(exp(random() * ln({n})))::int])::{cast}", list.join(", "))
    }

    /// The texts to which a CHECK holds a column.
    fn listed(&self, column: &str) -> Vec<String> {
        let is_column = |e: &Expr| matches!(e, Expr::Column(c) if c == column);
        let mut out = BTreeSet::new();
        for check in &self.checks {
            Expression::parse(check).tree().walk(&mut |e| match e {
                Expr::In(c, list, false) if is_column(c) => {
                    out.extend(list.iter().filter_map(|v| if let Expr::Text(t) = v { Some(t.clone()) } else { None }));
                }
                Expr::Compare(Comparison::Eq, c, v) if is_column(c) => {
                    if let Expr::Text(t) = &**v {
                        out.insert(t.clone());
                    }
                }
                _ => {}
            });
        }
        out.into_iter().collect()
    }
}

/// Digits before and behind the point that a type has room for.
fn digits(base: &str) -> (i32, i32) {
    let inner = base.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let mut numbers = inner.unwrap_or("12,2").split(',').map(|n| n.trim().parse().unwrap_or(0));
    let (precision, scale) = (numbers.next().unwrap_or(12), numbers.next().unwrap_or(0));
    (precision - scale, scale.max(0))
}

/// The length that a text may have.
fn length(base: &str) -> u32 {
    let inner = base.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.and_then(|n| n.parse().ok()).unwrap_or(u32::MAX)
}
