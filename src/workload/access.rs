//! What a statement does to each table that it names.

use crate::catalog::Comparison;

/// A table as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The schema, where the statement says it.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
}

/// What is done to one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// The table.
    pub table: Name,
    /// What is done.
    pub deed: Deed,
}

/// A read or a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// SELECT.
    Read(Read),
    /// UPDATE.
    Update(Update),
    /// INSERT.
    Insert(Insert),
    /// DELETE.
    Delete(Filter),
}

impl Deed {
    /// Every column of the table that is named.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Deed::Read(r) => {
                let mut all = r.filter.columns();
                if let Columns::Some(list) = &r.columns {
                    all.extend(list.iter().map(String::as_str));
                }
                all
            }
            Deed::Update(u) => {
                let mut all = u.filter.columns();
                all.extend(u.sets.iter().map(|s| s.column.as_str()));
                all
            }
            Deed::Insert(i) => i.columns.iter().flatten().map(String::as_str).collect(),
            Deed::Delete(f) => f.columns(),
        }
    }
}

/// A SELECT from one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// Which rows.
    pub filter: Filter,
    /// Which columns come back.
    pub columns: Columns,
    /// What is asked of the rows.
    pub form: Form,
    /// In which order.
    pub order: Order,
    /// It has an OFFSET in an order: a page of a list. Without an order it is none, and Prisma writes it always.
    pub offset: bool,
    /// It locks the rows.
    pub lock: Option<Lock>,
}

/// Which columns a statement reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// `*`
    All,
    /// These.
    Some(Vec<String>),
}

impl Default for Columns {
    fn default() -> Columns {
        Columns::Some(Vec::new())
    }
}

impl Columns {
    /// Whether the column is read.
    pub fn has(&self, column: &str) -> bool {
        match self {
            Columns::All => true,
            Columns::Some(list) => list.iter().any(|c| c == column),
        }
    }
}

/// What a SELECT asks of the rows. The number behind LIMIT is masked on every engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// All of them.
    #[default]
    List,
    /// As many as a LIMIT says.
    Limited,
    /// Whether there is one: EXISTS, or constants alone.
    Exists,
    /// How many: count(…) over all.
    Count,
    /// Groups, sums.
    Aggregate,
}

/// The ORDER BY of a SELECT.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Order {
    /// None.
    #[default]
    None,
    /// By these columns of the table, each upwards.
    Ascending(Vec<String>),
    /// Another.
    Other,
}

/// The strength of a lock on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// FOR KEY SHARE: keeps the key only.
    KeyShare,
    /// FOR SHARE.
    Share,
    /// FOR NO KEY UPDATE.
    NoKeyUpdate,
    /// FOR UPDATE.
    Update,
}

/// The conditions on one table that all have to hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// `c = _`, each column once.
    pub equal: Vec<Lookup>,
    /// `c IN (_, …)` and the like.
    pub among: Vec<String>,
    /// `c > _`, `c + _ <= d`.
    pub compared: Vec<Compared>,
    /// Conditions on one column without a value.
    pub marks: Vec<Mark>,
    /// Columns that are held to another table's.
    pub joined: Vec<String>,
    /// There are conditions of another kind: OR, functions, subqueries.
    pub other: bool,
}

impl Filter {
    fn columns(&self) -> Vec<&str> {
        let equal = self.equal.iter().map(|l| &l.column);
        let compared = self.compared.iter().map(|c| &c.column);
        let marks = self.marks.iter().map(|m| &m.column);
        equal.chain(&self.among).chain(compared).chain(marks).chain(&self.joined).map(String::as_str).collect()
    }

    /// Whether the column is held equal to a value.
    pub fn has_equal(&self, column: &str) -> bool {
        self.equal.iter().any(|l| l.column == column)
    }
}

/// A column that is held equal to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lookup {
    /// The column.
    pub column: String,
    /// Both sides are folded: `lower(c) = _`.
    pub folded: bool,
    /// The value is written into the statement, and is the same each time.
    pub literal: bool,
}

/// A column in a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The column, on the left side.
    pub column: String,
    /// What is added to it, or taken off, before it is compared: `c - _`.
    pub change: Option<Sign>,
    /// The operator.
    pub op: Comparison,
    /// The right side: another column of the table, or a value.
    pub with: Option<String>,
}

/// A condition on one column that has no value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The column.
    pub column: String,
    /// What it is to be.
    pub is: Is,
}

/// What a [`Mark`] asks of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Is {
    Null,
    NotNull,
    True,
    False,
}

/// An UPDATE of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Update {
    /// Which rows.
    pub filter: Filter,
    /// What is set.
    pub sets: Vec<Set>,
    /// Many rows at once, each with its own value: CASE, UNNEST, VALUES.
    pub bulk: bool,
    /// It is what an INSERT does with a row that is there: ON CONFLICT DO UPDATE.
    pub upsert: bool,
}

/// One column that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The column.
    pub column: String,
    /// To what.
    pub how: How,
}

/// What a column is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A value from outside: `c = _`.
    Absolute,
    /// What is written in the statement: NULL, now(), a literal.
    Constant,
    /// Its own value, changed: `c = c - _`.
    Relative(Sign),
    /// Something from other columns or tables.
    Computed,
}

/// How a value is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// In another way.
    Other,
}

/// An INSERT into one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Insert {
    /// The columns, if the statement names them.
    pub columns: Option<Vec<String>>,
    /// What happens if a row is there already.
    pub conflict: Conflict,
}

/// What an INSERT does with a row that is there already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Conflict {
    /// It fails.
    #[default]
    Fails,
    /// ON CONFLICT … DO NOTHING.
    Nothing(Option<Target>),
    /// ON CONFLICT … DO UPDATE.
    Update(Option<Target>),
    /// CockroachDB's UPSERT.
    Upsert,
}

/// What ON CONFLICT names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The elements of a key.
    Key {
        /// Its columns.
        columns: Vec<Lookup>,
        /// It has a condition.
        partial: bool,
    },
    /// A constraint.
    Constraint(String),
}
