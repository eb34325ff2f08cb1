//! What a history needs of a database. The statements are the same for all of them: types that each knows, `$1` for the
//! first value.

/// A value that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Value {
        Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Value {
        Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::Int(i64::from(b))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Bytes(bytes)
    }
}

/// One row of an answer.
#[derive(Debug, Clone, Default)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// A text; empty where there is another thing.
    pub fn text(&self, at: usize) -> &str {
        match self.0.get(at) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A number; 0 where there is another thing.
    pub fn number(&self, at: usize) -> u64 {
        match self.0.get(at) {
            Some(Value::Int(n)) => u64::try_from(*n).unwrap_or(0),
            _ => 0,
        }
    }

    /// Bytes; none where there is another thing.
    pub fn bytes(&self, at: usize) -> &[u8] {
        match self.0.get(at) {
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Somebody else was at the same rows: the transaction has to be run again.
    #[error("{0}")]
    Conflict(String),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

/// Inside of a transaction.
pub trait Session {
    /// Runs a statement, and gives its rows.
    ///
    /// # Errors
    /// If the database refuses it, or is gone.
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DatabaseError>;
}

/// A database that keeps a history.
pub trait Database: Send {
    /// Runs `work` in a transaction that nobody else can come between, and again where somebody did.
    ///
    /// # Errors
    /// If it cannot be done.
    fn transact(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Session) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError>;

    /// Runs a statement of a migration, outside of any transaction.
    ///
    /// # Errors
    /// If the database refuses it.
    fn migrate(&mut self, sql: &str) -> Result<(), DatabaseError>;
}
