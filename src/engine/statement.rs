//! A statement that adds a guard, with the way back and what it costs.

/// What a statement makes a busy server do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Changes the catalog, under a lock that is held for a moment.
    Catalog,
    /// Reads every row, while writers go on.
    Scan,
    /// Builds an index, while writers go on.
    Build,
    /// Reads or rewrites every row, while nobody may write.
    Rewrite,
    /// Looks whether the step before did what it should.
    Verify,
}

impl Work {
    /// The cost in words.
    pub fn cost(self) -> &'static str {
        match self {
            Work::Catalog => "a short lock",
            Work::Scan => "reads the table; writers go on",
            Work::Build => "builds an index; writers go on",
            Work::Rewrite => "locks the table while it reads or rewrites it",
            Work::Verify => "nothing",
        }
    }
}

/// One statement of the way to a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL, with its semicolon.
    pub sql: String,
    /// Statements that take it back, in order; none where there is nothing to take back.
    pub undo: Vec<String>,
    /// What it makes the server do.
    pub work: Work,
}

impl Statement {
    /// A statement that nothing takes back, or need take back.
    pub fn new(work: Work, sql: String) -> Statement {
        Statement { sql, undo: Vec::new(), work }
    }

    /// … taken back by this one.
    pub fn undo(mut self, sql: String) -> Statement {
        self.undo.push(sql);
        self
    }

    /// Whether it adds a CHECK that the rows which are there may break. From then on none of those can be updated, whatever
    /// the update changes.
    pub fn is_unvalidated_check(&self) -> bool {
        self.sql.ends_with(" NOT VALID;") && self.sql.contains(" CHECK (")
    }

    /// Whether it may run in a transaction: an index that is built beside the writers may not (PostgreSQL).
    pub fn is_transactional(&self) -> bool {
        is_transactional(&self.sql)
    }
}

/// Whether a statement of those that are written here may run in a transaction.
pub fn is_transactional(sql: &str) -> bool {
    let words: Vec<&str> = sql.split_whitespace().take(4).collect();
    let index = matches!(words.as_slice(), ["CREATE" | "DROP" | "REINDEX", ..]);
    !(index && words.contains(&"CONCURRENTLY"))
}
