//! The rows of one query, as text.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LiveError;

/// The rows of one query: all values in one buffer. Serialises as `{"query", "columns", "rows"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultSet {
    query: String,
    columns: Vec<String>,
    text: String,
    /// Start and end of each value in `text`; a start behind its end is NULL.
    cells: Vec<(usize, usize)>,
}

const NULL: (usize, usize) = (1, 0);

impl ResultSet {
    /// A result without rows.
    pub fn new(query: impl Into<String>, columns: Vec<String>) -> ResultSet {
        ResultSet { query: query.into(), columns, text: String::new(), cells: Vec::new() }
    }

    /// Adds a row. Values that are missing count as NULL, those beyond the last column are left out.
    pub fn push<'v>(&mut self, values: impl IntoIterator<Item = Option<&'v str>>) {
        let end = self.cells.len() + self.columns.len();
        for value in values.into_iter().take(self.columns.len()) {
            let start = self.text.len();
            self.text.push_str(value.unwrap_or_default());
            self.cells.push(if value.is_some() { (start, self.text.len()) } else { NULL });
        }
        self.cells.resize(end, NULL);
    }

    /// Name of the query.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where the named columns stand in a row.
    pub fn positions<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], LiveError> {
        let mut out = [0; N];
        for (place, name) in out.iter_mut().zip(names) {
            *place = self.columns.iter().position(|c| c == name).ok_or_else(|| LiveError::Malformed {
                query: self.query.clone(),
                reason: format!("it has no column \"{name}\""),
            })?;
        }
        Ok(out)
    }

    /// The rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.cells.chunks_exact(self.columns.len().max(1)).map(move |cells| Row { set: self, cells })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The size of all values in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// A row of a [`ResultSet`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    set: &'a ResultSet,
    cells: &'a [(usize, usize)],
}

impl<'a> Row<'a> {
    /// The value in that place; `None` for NULL.
    pub fn get(&self, at: usize) -> Option<&'a str> {
        let &(start, end) = self.cells.get(at)?;
        self.set.text.get(start..end)
    }

    /// The value in that place, empty for NULL.
    pub fn text(&self, at: usize) -> &'a str {
        self.get(at).unwrap_or_default()
    }

    /// A number; NULL where there is none.
    pub fn number<T: std::str::FromStr>(&self, at: usize) -> Result<Option<T>, LiveError> {
        let parse = |v: &str| v.parse().map_err(|_| self.malformed(at, v, "a number in range"));
        self.get(at).map(parse).transpose()
    }

    /// An object identifier, which may be above 2³¹; 0, "none" in the catalogs, for NULL.
    pub fn oid(&self, at: usize) -> Result<u32, LiveError> {
        Ok(self.number(at)?.unwrap_or(0))
    }

    /// A truth value: PostgreSQL's and CockroachDB's spellings, or the `YES` and `NO` of information_schema.
    pub fn flag(&self, at: usize) -> Result<bool, LiveError> {
        match self.get(at) {
            Some("t" | "true" | "YES") => Ok(true),
            Some("f" | "false" | "NO") | None => Ok(false),
            Some(v) => Err(self.malformed(at, v, "true or false")),
        }
    }

    fn malformed(&self, at: usize, value: &str, expected: &str) -> LiveError {
        let column = self.set.columns.get(at).map_or("?", String::as_str);
        let value: String = value.chars().take(40).collect();
        LiveError::Malformed {
            query: self.set.query.clone(),
            reason: format!("column \"{column}\" holds {value:?}, which is not {expected}"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Rows<'a> {
    query: std::borrow::Cow<'a, str>,
    columns: std::borrow::Cow<'a, [String]>,
    rows: Vec<Vec<Option<std::borrow::Cow<'a, str>>>>,
}

impl Serialize for ResultSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let row = |r: Row<'_>| (0..self.columns.len()).map(|i| r.get(i).map(|v| v.to_owned().into())).collect();
        let rows = self.rows().map(row).collect();
        Rows { query: (&*self.query).into(), columns: (&*self.columns).into(), rows }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for ResultSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<ResultSet, D::Error> {
        let Rows { query, columns, rows } = Rows::deserialize(d)?;
        let mut set = ResultSet::new(query, columns.into_owned());
        for row in rows {
            if row.len() != set.columns.len() {
                let lengths = (row.len(), set.columns.len());
                return Err(D::Error::custom(format!(
                    "a row of {} has {} values for {} columns",
                    set.query, lengths.0, lengths.1
                )));
            }
            set.push(row.iter().map(Option::as_deref));
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ResultSet {
        let mut set = ResultSet::new("q", vec!["a".into(), "b".into()]);
        set.push([Some("ä\n"), None]);
        set.push([Some(""), Some("3592721556")]);
        set.push([None]);
        set
    }

    #[test]
    fn null_is_not_the_empty_text() {
        let set = sample();
        let [a, b] = set.positions(["a", "b"]).unwrap();
        let rows: Vec<_> = set.rows().map(|r| (r.get(a), r.get(b))).collect();
        assert_eq!(rows, [(Some("ä\n"), None), (Some(""), Some("3592721556")), (None, None)]);
        assert_eq!(set.len(), 3);
        assert!(set.rows().next().unwrap().get(7).is_none());
    }

    #[test]
    fn values_that_are_not_what_they_should_be_are_errors() {
        let set = sample();
        let second = set.rows().nth(1).unwrap();
        assert_eq!(second.oid(1).unwrap(), 3_592_721_556, "an OID above 2^31");
        let error = second.flag(1).unwrap_err().to_string();
        assert!(error.contains("\"b\"") && error.contains("3592721556"), "{error}");
        assert!(second.number::<u8>(1).is_err());
        assert!(set.positions(["nope"]).unwrap_err().to_string().contains("nope"));
    }

    #[test]
    fn json_there_and_back() {
        let json = serde_json::to_string(&sample()).unwrap();
        assert_eq!(json, r#"{"query":"q","columns":["a","b"],"rows":[["ä\n",null],["","3592721556"],[null,null]]}"#);
        assert_eq!(serde_json::from_str::<ResultSet>(&json).unwrap(), sample());
        for bad in [r#"{"query":"q","columns":["a"],"rows":[[]]}"#, r#"{"query":"q","columns":["a"],"rows":[[1]]}"#] {
            assert!(serde_json::from_str::<ResultSet>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_result_without_columns_has_no_rows() {
        let mut set = ResultSet::new("q", Vec::new());
        set.push([Some("x")]);
        assert_eq!(set.rows().count(), 0);
    }
}
