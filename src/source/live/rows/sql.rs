//! The statements about the rows of a table. Values leave the server only where they are to be compared (a sample of
//! the keys), and long texts not even then.

use crate::catalog::{KeyPart, Table, TypeFamily};
use crate::engine::{quote_ident, quote_list, quote_table};
use crate::evidence::rows::{Ask, LONG, Question};
use crate::guard::{held, key_parts, key_text};

/// Which rows are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum From {
    /// All.
    Whole,
    /// About so many of a hundred pages, the same ones each time (PostgreSQL).
    Percent(f64),
    /// So many, in the order of the primary key where that is how they are stored.
    First(u64),
}

impl From {
    /// The text after FROM, under an alias; `columns` are those that are used of it.
    pub fn text(self, table: &Table, columns: &[&str], alias: &str, by_key: bool) -> String {
        let t = quote_table(table);
        match self {
            From::Whole => format!("{t} AS {alias}"),
            From::Percent(p) => format!("{t} AS {alias} TABLESAMPLE SYSTEM ({p:.6}) REPEATABLE (1)"),
            From::First(n) => {
                let mut list: Vec<String> = columns.iter().map(|c| quote_ident(c)).collect();
                list.sort();
                list.dedup();
                if list.is_empty() {
                    list.push("1 AS one".to_owned());
                }
                let order = table.primary_key.as_ref().filter(|_| by_key);
                let order = order.map(|k| format!(" ORDER BY {}", quote_list(&k.columns))).unwrap_or_default();
                format!("(SELECT {} FROM {t}{order} LIMIT {n}) AS {alias}", list.join(", "))
            }
        }
    }
}

/// A key element as text that is equal where the values are.
pub fn comparable(table: &Table, part: &KeyPart) -> String {
    let sql = key_text(std::slice::from_ref(part));
    let family = part.as_column().and_then(|c| table.column(c)).map(|c| c.family());
    match family {
        Some(
            TypeFamily::Integer
            | TypeFamily::Decimal
            | TypeFamily::Float
            | TypeFamily::Uuid
            | TypeFamily::Boolean
            | TypeFamily::Timestamp
            | TypeFamily::Date
            | TypeFamily::Time
            | TypeFamily::Enum,
        ) => format!("{sql}::text"),
        _ => format!("CASE WHEN length({sql}::text) > {LONG} THEN md5({sql}::text) ELSE {sql}::text END"),
    }
}

/// The rows of a partial key: true, or NULL.
pub fn flag(predicate: &str) -> String {
    format!("CASE WHEN {predicate} THEN true END")
}

/// Some of the rows: each expression's value.
pub fn sample(from: &str, expressions: &[String], limit: u64) -> String {
    let list: Vec<String> = expressions.iter().enumerate().map(|(i, e)| format!("{e} AS c{i}")).collect();
    format!("SELECT {} FROM {from} LIMIT {limit}", list.join(", "))
}

/// How many rows there are, and how many of them make each condition true.
pub fn broken(from: &str, conditions: &[&str]) -> String {
    let counts = conditions.iter().map(|c| format!(", (count(*) FILTER (WHERE {c}))::int8"));
    format!("SELECT count(*)::int8{} FROM {from}", counts.collect::<String>())
}

/// How many rows reference something, and how many of them nothing that is there.
pub fn orphaned(from: &str, columns: &[String], target: (&str, &str), referenced: &[String]) -> String {
    let pairs = columns.iter().zip(referenced);
    let same: Vec<String> = pairs.map(|(c, r)| format!("p.{} = c.{}", quote_ident(r), quote_ident(c))).collect();
    let set: Vec<String> = columns.iter().map(|c| format!("c.{} IS NOT NULL", quote_ident(c))).collect();
    let there = referenced.first().map(|r| quote_ident(r)).unwrap_or_default();
    format!(
        "SELECT count(*)::int8, (count(*) FILTER (WHERE p.{there} IS NULL))::int8 FROM {from} \
         LEFT JOIN {}.{} AS p ON {} WHERE {}",
        quote_ident(target.0),
        quote_ident(target.1),
        same.join(" AND "),
        set.join(" AND ")
    )
}

/// A key that is counted: its elements as SQL, its predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedKey {
    parts: Vec<String>,
    predicate: Option<String>,
    nulls_distinct: bool,
}

impl CountedKey {
    /// The key of a question.
    pub fn of(question: &Question) -> Option<CountedKey> {
        let Ask::Repeated { key, predicate, nulls_distinct } = &question.ask else { return None };
        Some(CountedKey {
            parts: key_parts(key),
            predicate: predicate.as_ref().map(ToString::to_string),
            nulls_distinct: *nulls_distinct,
        })
    }

    /// How many rows the key is about, and how many of them repeat another one.
    pub fn count(&self, from: &str) -> String {
        let filter = held(&self.parts, self.predicate.as_deref(), self.nulls_distinct);
        let filter = filter.map(|f| format!(" WHERE {f}")).unwrap_or_default();
        format!(
            "SELECT coalesce(sum(n), 0)::int8, coalesce(sum(n - 1), 0)::int8 FROM \
             (SELECT count(*) AS n FROM {from}{filter} GROUP BY {}) AS d",
            self.parts.join(", ")
        )
    }
}

/// The same of several keys in one scan (GROUPING SETS), and for each key the mark of its row in the answer: mark,
/// rows, repeats. The marks are told apart by the elements, so no two keys may have the same ones: `None` then.
pub fn count_together(from: &str, keys: &[CountedKey]) -> Option<(String, Vec<u32>)> {
    let mut elements: Vec<String> = Vec::new();
    let mut sets: Vec<Vec<usize>> = Vec::new();
    let mut needed: Vec<Vec<usize>> = Vec::new();
    for key in keys {
        let mut place = |sql: String| {
            elements.iter().position(|e| *e == sql).unwrap_or_else(|| {
                elements.push(sql);
                elements.len() - 1
            })
        };
        let parts: Vec<usize> = key.parts.iter().cloned().map(&mut place).collect();
        let predicate: Option<usize> = key.predicate.as_ref().map(|p| place(flag(p)));
        // a row outside of the predicate counts as little as one with a NULL in the key
        needed.push(predicate.into_iter().chain(parts.iter().copied().filter(|_| key.nulls_distinct)).collect());
        sets.push(parts.into_iter().chain(predicate).collect());
    }
    // grouping() has a bit for each element, the first one highest, set where the element is not in the set
    let bit = |i: usize| 1u32 << (elements.len() - 1 - i);
    let all = (1u32.checked_shl(u32::try_from(elements.len()).ok()?)?) - 1;
    let marks: Vec<u32> = sets.iter().map(|s| s.iter().fold(all, |m, i| m & !bit(*i))).collect();
    if (1..marks.len()).any(|i| marks[..i].contains(&marks[i])) {
        return None;
    }
    let names: Vec<String> = (0..elements.len()).map(|i| format!("k{i}")).collect();
    let list = |of: &[usize]| of.iter().map(|i| format!("k{i}")).collect::<Vec<_>>().join(", ");
    let inner: Vec<String> = elements.iter().zip(&names).map(|(e, n)| format!("{e} AS {n}")).collect();
    let grouping = format!("grouping({})", names.join(", "));
    let cases = marks.iter().zip(&needed).map(|(mark, needed)| {
        let set: Vec<String> = needed.iter().map(|i| format!("k{i} IS NOT NULL")).collect();
        let condition = if set.is_empty() { "true".to_owned() } else { set.join(" AND ") };
        format!(" WHEN {mark} THEN {condition}")
    });
    let sql = format!(
        "SELECT mark, sum(n)::int8, sum(n - 1)::int8 FROM (SELECT {grouping}::int8 AS mark, count(*) AS n FROM \
         (SELECT {} FROM {from}) AS s GROUP BY GROUPING SETS ({}) HAVING CASE {grouping}{} END) AS d \
         GROUP BY mark ORDER BY mark",
        inner.join(", "),
        sets.iter().map(|s| format!("({})", list(s))).collect::<Vec<_>>().join(", "),
        cases.collect::<String>()
    );
    Some((sql, marks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parts: &[&str], predicate: Option<&str>) -> CountedKey {
        CountedKey {
            parts: parts.iter().map(|p| (*p).to_owned()).collect(),
            predicate: predicate.map(str::to_owned),
            nulls_distinct: true,
        }
    }

    #[test]
    fn keys_in_one_scan() {
        let (sql, marks) =
            count_together("t", &[key(&["a"], None), key(&["b", "a"], Some("c > 0"))]).expect("different keys");
        // elements a, b, flag: a alone leaves b and flag out
        assert_eq!(marks, [0b011, 0b000]);
        assert!(sql.contains("GROUPING SETS ((k0), (k1, k0, k2))"), "{sql}");
        assert!(sql.contains("WHEN 3 THEN k0 IS NOT NULL WHEN 0 THEN k2 IS NOT NULL AND k1 IS NOT NULL"), "{sql}");
        assert_eq!(count_together("t", &[key(&["a", "b"], None), key(&["b", "a"], None)]), None);
    }

    #[test]
    fn a_part_of_the_table() {
        let table = Table { schema: "public".into(), name: "t".into(), ..Table::default() };
        assert_eq!(
            From::First(5).text(&table, &["b", "a", "b"], "t", true),
            "(SELECT a, b FROM public.t LIMIT 5) AS t"
        );
        assert!(From::Percent(0.5).text(&table, &[], "t", false).contains("t TABLESAMPLE SYSTEM (0.500000)"));
    }
}
