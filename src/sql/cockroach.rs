//! CockroachDB's own grammar, rewritten into PostgreSQL's on the token stream. Offsets stay as they are, so that a
//! position in the rewritten text is one in the user's text: what PostgreSQL's grammar lacks is blanked out or replaced
//! by something of the same length. What must not get lost is handed on as an [`Extra`].

use std::borrow::Cow;

use squawk_lexer::TokenKind;

use super::tokens::Tokens;

/// Stands for the AND of a BETWEEN.
pub const BETWEEN_AND: &str = "|&|";

/// A statement without CockroachDB's own grammar.
#[derive(Debug, Default)]
pub struct Rewritten<'a> {
    /// The text, byte for byte as long as before.
    pub text: Cow<'a, str>,
    /// Name parts of the table that a CREATE TABLE or ALTER TABLE is about.
    pub table: Vec<String>,
    /// What the text does not say any more.
    pub extras: Vec<Extra>,
    /// Nothing is left of the statement: there are only extras.
    pub empty: bool,
    /// The statement can only be CockroachDB's.
    pub cockroach: bool,
}

/// Something that the rewritten text does not say.
#[derive(Debug, Clone, PartialEq)]
pub enum Extra {
    /// An inline index, a partial UNIQUE constraint or a UNIQUE WITHOUT INDEX, as a CREATE INDEX statement of its own.
    Index {
        /// Where it stands in the statement.
        offset: usize,
        /// The CREATE INDEX statement.
        sql: String,
        /// It is a UNIQUE WITHOUT INDEX.
        without_index: bool,
        /// NOT VALID, or its index does not check what it says (`skip_unique_checks`).
        not_valid: bool,
    },
    /// A computed column; without an expression it ceases to be one.
    Computed {
        /// Where it stands in the statement.
        offset: usize,
        /// The column.
        column: String,
        /// The expression.
        sql: Option<String>,
    },
    /// A column that is NOT VISIBLE (or VISIBLE again).
    Hidden {
        /// The column.
        column: String,
        /// NOT VISIBLE.
        hidden: bool,
    },
    /// ALTER PRIMARY KEY.
    PrimaryKey {
        /// The new key's columns.
        columns: Vec<String>,
    },
    /// The CREATE INDEX makes an index of this method.
    Method(&'static str),
    /// The CREATE UNIQUE INDEX does not check what it says.
    Unchecked,
    /// At this offset, a `.` stands for the `@` of `table@index`.
    At(usize),
}

/// An expression in the grammar of the parser, byte for byte as long as before.
pub fn rewrite(sql: &str) -> Cow<'_, str> {
    // most expressions have nothing of the kind
    if !sql.contains(":::") && !has_word(sql) {
        return Cow::Borrowed(sql);
    }
    let tokens = Tokens::of(sql);
    let mut r = Rewriter::new(&tokens);
    r.expressions();
    r.annotations();
    r.finish().text
}

/// A statement of PostgreSQL: what the parser does not bind as the server does, byte for byte as long as before.
pub fn rewrite_operators<'a>(tokens: &Tokens<'a>) -> Cow<'a, str> {
    if !has_word(tokens.source()) {
        return Cow::Borrowed(tokens.source());
    }
    let mut r = Rewriter::new(tokens);
    r.betweens();
    r.finish().text
}

/// Whether the text may hold something for [`Rewriter::expressions`].
fn has_word(sql: &str) -> bool {
    let at = |word: &str| sql.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    ["between", "array", "any", "some", "all"].iter().any(|word| at(word)) || sql.contains("b'")
}

/// A whole statement.
pub fn rewrite_statement<'a>(tokens: &Tokens<'a>) -> Rewritten<'a> {
    let mut r = Rewriter::new(tokens);
    r.expressions();
    r.annotations();
    let t = tokens;
    let temporary = usize::from(t.is_any(1, &["temp", "temporary", "unlogged"]));
    if t.is(0, "create") && t.is(1 + temporary, "table") {
        r.create_table(2 + temporary);
    } else if t.are(0, &["alter", "table"]) {
        r.alter_table();
    } else if t.is(0, "create") && (1..4).any(|i| t.is(i, "index")) {
        r.create_index();
    } else if t.are(0, &["create", "type", "if", "not", "exists"]) {
        r.found();
        r.blank(2, 5);
    } else if t.is_any(0, &["drop", "alter"]) && t.is(1, "index") || t.are(0, &["comment", "on", "index"]) {
        r.at_signs();
    }
    r.finish()
}

/// Words after which a column's DEFAULT or ON UPDATE expression cannot go on.
const COLUMN_CLAUSES: [&str; 16] = [
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "check",
    "references",
    "as",
    "create",
    "family",
    "on",
    "constraint",
    "collate",
    "generated",
    "index",
    "visible",
];

/// Type names that take what could be mistaken for an inline index's columns: `index varchar(10)` is a column.
const MODIFIED_TYPES: [&str; 14] = [
    "varchar",
    "char",
    "character",
    "numeric",
    "decimal",
    "bit",
    "varbit",
    "timestamp",
    "timestamptz",
    "time",
    "geometry",
    "geography",
    "vector",
    "halfvec",
];

/// The parts of what stands after an index's columns.
#[derive(Default)]
struct IndexTail {
    include: Option<(usize, usize)>,
    predicate: Option<(usize, usize)>,
    unchecked: bool,
    not_valid: bool,
}

struct Rewriter<'t, 'a> {
    t: &'t Tokens<'a>,
    /// A copy of the text, made with the first change.
    out: Option<Vec<u8>>,
    table: Vec<String>,
    table_text: &'a str,
    extras: Vec<Extra>,
    empty: bool,
    cockroach: bool,
}

impl<'t, 'a> Rewriter<'t, 'a> {
    fn new(t: &'t Tokens<'a>) -> Self {
        Rewriter { t, out: None, table: Vec::new(), table_text: "", extras: Vec::new(), empty: false, cockroach: false }
    }

    fn finish(self) -> Rewritten<'a> {
        let text = match self.out.map(String::from_utf8) {
            Some(Ok(text)) => Cow::Owned(text),
            _ => Cow::Borrowed(self.t.source()),
        };
        Rewritten { text, table: self.table, extras: self.extras, empty: self.empty, cockroach: self.cockroach }
    }

    fn found(&mut self) {
        self.cockroach = true;
    }

    /// Replaces bytes; `with` is repeated over the place, line ends stay.
    fn put(&mut self, start: usize, end: usize, with: &[u8]) {
        let text = self.t.source();
        let out = self.out.get_or_insert_with(|| text.as_bytes().to_vec());
        for (i, byte) in out.get_mut(start..end).into_iter().flatten().enumerate() {
            if *byte != b'\n' {
                *byte = with.get(i).copied().unwrap_or(b' ');
            }
        }
    }

    /// Blanks the tokens `from..to`.
    fn blank(&mut self, from: usize, to: usize) {
        if let (Some(a), Some(b)) = (self.t.get(from), to.checked_sub(1).and_then(|i| self.t.get(i)))
            && a.start < b.end
        {
            self.put(a.start, b.end, b"");
        }
    }

    /// Replaces token `i` by a word that is not longer.
    fn replace(&mut self, i: usize, word: &str) {
        if let Some(t) = self.t.get(i) {
            self.put(t.start, t.end, word.as_bytes());
        }
    }

    /// What may stand in any expression.
    fn expressions(&mut self) {
        if has_word(self.t.source()) {
            self.betweens();
            self.quantified_arrays();
            self.bytes();
        }
    }

    /// `a BETWEEN b AND c` becomes `a LIKE b |&| c`, an operator of nobody, which binds as BETWEEN does: the parser takes
    /// an OR or IS behind it for a part of `c`, and of what stands before it only the last operand for `a`.
    /// BETWEEN SYMMETRIC becomes ILIKE.
    fn betweens(&mut self) {
        let t = self.t;
        for i in 1..t.len() {
            if !t.is(i, "between") || !self.ends_operand(i - 1) && !t.is(i - 1, "not") {
                continue;
            }
            let frame = t.is_any(i - 1, &["rows", "range", "groups"])
                && (t.is_any(i + 1, &["unbounded", "current"]) || t.is_any(i + 2, &["preceding", "following"]));
            let word = usize::from(t.is_any(i + 1, &["symmetric", "asymmetric"]));
            let Some(and) = self.and_of(i + 1 + word).filter(|&and| and > i + 1 + word && !frame) else { continue };
            // `AND-1` would become one operator
            let (after, next) = (self.t.get(and).map_or(0, |t| t.end), self.t.get(and + 1).map_or(0, |t| t.start));
            if after == next && !self.t.is_name(and + 1) && t.kind(and + 1) != Some(TokenKind::OpenParen) {
                continue;
            }
            self.replace(i, if t.is(i + 1, "symmetric") { "ILIKE" } else { "LIKE" });
            self.blank(i + 1, i + 1 + word);
            self.replace(and, BETWEEN_AND);
        }
    }

    /// Whether an operand may end with the token: where none does, `between` is a name.
    fn ends_operand(&self, i: usize) -> bool {
        self.t.is_name(i)
            || matches!(
                self.t.kind(i),
                Some(TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::Literal { .. })
            )
    }

    /// The AND that belongs to the BETWEEN whose lower end starts at `i`.
    fn and_of(&self, mut i: usize) -> Option<usize> {
        let mut cases = 0usize;
        loop {
            match self.t.kind(i)? {
                TokenKind::OpenParen | TokenKind::OpenBracket => {
                    i = self.t.after_group(i, self.t.len());
                    continue;
                }
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::Comma | TokenKind::Semi => return None,
                _ if self.t.is(i, "case") => cases += 1,
                _ if self.t.is(i, "end") => cases = cases.saturating_sub(1),
                _ if cases == 0 && self.t.is(i, "and") => return Some(i),
                _ => {}
            }
            i += 1;
        }
    }

    /// `x = ANY ARRAY[…]:::T[]` becomes `x IN (…)`, `x != ALL ARRAY[…]:::T[]` becomes `x NOT IN (…)`.
    fn quantified_arrays(&mut self) {
        let t = self.t;
        for array in 2..t.len() {
            // `x = ANY (1, 2)`
            if t.is_any(array - 1, &["any", "some", "all"])
                && t.kind(array) == Some(TokenKind::OpenParen)
                && t.segments(array + 1, t.after_group(array, t.len()).saturating_sub(1)).len() > 1
            {
                self.quantified_tuple(array - 1);
                continue;
            }
            let open = array + 1;
            if !t.is(array, "array")
                || t.kind(open) != Some(TokenKind::OpenBracket)
                || t.kind(open + 1) == Some(TokenKind::CloseBracket)
            {
                continue;
            }
            let quantifier = array - 1;
            let all = t.is(quantifier, "all");
            if !all && !t.is_any(quantifier, &["any", "some"]) {
                continue;
            }
            // an operator of two characters may be two tokens
            let first = if quantifier >= 2 && matches!(t.slice(quantifier - 2, quantifier), "!=" | "<>") {
                quantifier - 2
            } else {
                quantifier - 1
            };
            match (t.slice(first, quantifier), all) {
                ("=", false) => {
                    self.blank(first, quantifier);
                    self.replace(quantifier, "IN");
                    self.blank(array, open);
                }
                ("!=" | "<>", true) => {
                    self.blank(first, quantifier);
                    self.replace(quantifier, "NOT");
                    self.replace(array, "IN");
                }
                _ => {
                    self.bracket_array(quantifier);
                    continue;
                }
            }
            self.found();
            let after = t.after_group(open, t.len());
            self.replace(open, "(");
            self.replace(after - 1, ")");
            self.blank(after, self.after_annotation(after));
        }
    }

    /// The index after the `:::T[]` at `i`, if there is one.
    fn after_annotation(&self, i: usize) -> usize {
        let mut end = i;
        while self.t.kind(end) == Some(TokenKind::Colon) {
            end += 1;
        }
        if end > i {
            end = self.t.path(end).1;
            while matches!(self.t.kind(end), Some(TokenKind::OpenParen | TokenKind::OpenBracket)) {
                end = self.t.after_group(end, self.t.len());
            }
        }
        end
    }

    /// `= ANY (1, 2)` becomes `IN (1, 2)`, `!= ALL (1, 2)` becomes `NOT IN (1, 2)`.
    fn quantified_tuple(&mut self, quantifier: usize) {
        let all = self.t.is(quantifier, "all");
        let word = if all { "NOT IN" } else { "IN" };
        for length in [2, 1] {
            let Some(first) = quantifier.checked_sub(length) else { continue };
            let symbol = self.t.slice(first, quantifier);
            if matches!((symbol, all), ("=", false) | ("!=" | "<>", true))
                && let (Some(a), Some(b)) = (self.t.get(first), self.t.get(quantifier))
                && b.end - a.start >= word.len()
            {
                self.found();
                self.put(a.start, b.end, word.as_bytes());
                return;
            }
        }
    }

    /// `> ANY ARRAY[…]:::T[]` becomes `> ANY(ARRAY[…] )`: the annotation makes room for a bracket.
    fn bracket_array(&mut self, quantifier: usize) {
        let after = self.t.after_group(quantifier + 2, self.t.len());
        let end = self.after_annotation(after);
        if let (Some(word), Some(array)) = (self.t.get(quantifier), self.t.get(quantifier + 1))
            && let Some(last) = end.checked_sub(1).and_then(|i| self.t.get(i))
            && end > after
            && word.end < array.start
        {
            self.found();
            self.put(word.end, word.end + 1, b"(");
            self.blank(after, end);
            self.put(last.end - 1, last.end, b")");
        }
    }

    /// Bytes `b'\xff'`, which are a bit string to PostgreSQL, become the string `e'\xff'`.
    fn bytes(&mut self) {
        for i in 0..self.t.len() {
            let text = self.t.text(i);
            if let (Some(inside), Some(token)) = (text.strip_prefix("b'"), self.t.get(i))
                && matches!(token.kind, TokenKind::Literal { .. })
                && inside.trim_end_matches('\'').contains(|c| c != '0' && c != '1')
            {
                self.found();
                self.put(token.start, token.start + 1, b"e");
            }
        }
    }

    /// `:::` becomes `::`.
    fn annotations(&mut self) {
        let mut colons = 0;
        for i in 0..self.t.len() {
            let Some(token) = self.t.get(i) else { break };
            let adjacent = i.checked_sub(1).and_then(|p| self.t.get(p)).is_some_and(|p| p.end == token.start);
            colons = if token.kind != TokenKind::Colon {
                0
            } else if adjacent {
                colons + 1
            } else {
                1
            };
            if colons == 3 {
                self.found();
                self.blank(i, i + 1);
            }
            if self.t.is_any(i, &["unique_rowid", "crdb_internal", "crdb_region", "crdb_internal_region"]) {
                self.found();
            }
        }
    }

    /// `t@i` becomes `t.i`.
    fn at_signs(&mut self) {
        for i in 0..self.t.len() {
            if let Some(token) = self.t.get(i)
                && token.kind == TokenKind::At
            {
                self.found();
                self.replace(i, ".");
                self.extras.push(Extra::At(token.start));
            }
        }
    }

    /// `[IF [NOT] EXISTS] [ONLY] name` at `i`: keeps the name, returns the index after it.
    fn table_name(&mut self, mut i: usize) -> usize {
        if self.t.is(i, "if") {
            i += if self.t.is(i + 1, "not") { 3 } else { 2 };
        }
        if self.t.is(i, "only") {
            i += 1;
        }
        let (path, next) = self.t.path(i);
        self.table = path;
        self.table_text = self.t.slice(i, next);
        next + usize::from(self.t.kind(next) == Some(TokenKind::Star))
    }

    fn create_table(&mut self, i: usize) {
        let end = self.t.len();
        let open = self.table_name(i);
        if self.t.kind(open) != Some(TokenKind::OpenParen) {
            return;
        }
        let after = self.t.after_group(open, end);
        let close = if self.t.kind(after.wrapping_sub(1)) == Some(TokenKind::CloseParen) { after - 1 } else { after };
        let elements = self.t.segments(open + 1, close);
        let kept: Vec<bool> = elements.iter().map(|&(from, to)| self.element(from, to)).collect();
        self.commas(&elements, &kept);
        self.table_tail(after, end);
    }

    /// Blanks the commas that stand next to what was blanked out as a whole.
    fn commas(&mut self, segments: &[(usize, usize)], kept: &[bool]) {
        let mut before = false;
        for (&(from, _), &keep) in segments.iter().zip(kept) {
            if from > 0 && self.t.kind(from - 1) == Some(TokenKind::Comma) && !(before && keep) {
                self.blank(from - 1, from);
            }
            before |= keep;
        }
    }

    /// One element between CREATE TABLE's brackets; false if it was blanked out as a whole.
    fn element(&mut self, from: usize, to: usize) -> bool {
        if self.is_inline_index(from, to) {
            self.inline_index(from, to);
            return false;
        }
        if self.is_family(from, to) {
            self.found();
            self.blank(from, to);
            return false;
        }
        let body = if self.t.is(from, "constraint") { from + 2 } else { from };
        let opens = |i: usize| self.t.kind(i) == Some(TokenKind::OpenParen);
        if self.t.is(body, "unique") && (opens(body + 1) || self.t.are(body + 1, &["without", "index"]))
            || self.t.are(body, &["primary", "key"]) && opens(body + 2)
        {
            return self.key_constraint(from, body, to);
        }
        let table_constraint = self.t.is_any(body, &["check", "foreign", "exclude"]) && body + 1 < to;
        if body == from && !table_constraint && !self.t.is(from, "like") {
            self.column(from, to);
        }
        true
    }

    fn is_inline_index(&self, from: usize, to: usize) -> bool {
        let mut i = from + usize::from(self.t.is(from, "unique"));
        i += usize::from(self.t.is_any(i, &["inverted", "vector"]));
        if !self.t.is(i, "index") {
            return false;
        }
        if i > from {
            return true;
        }
        // `index` is a column's name in PostgreSQL: an index has a bracket, and in it something like a column
        let mut open = i + 1;
        if self.t.are(open, &["if", "not", "exists"]) {
            return true;
        }
        if self.t.is_name(open) && !self.t.is(open, "using") {
            if self.t.is_any(open, &MODIFIED_TYPES) {
                return false;
            }
            open += 1;
        }
        if self.t.is(open, "using") {
            open += 2;
        }
        open < to
            && self.t.kind(open) == Some(TokenKind::OpenParen)
            && (self.t.is_name(open + 1) || self.t.kind(open + 1) == Some(TokenKind::OpenParen))
    }

    fn is_family(&self, from: usize, to: usize) -> bool {
        if !self.t.is(from, "family") {
            return false;
        }
        let open = from + 1 + usize::from(self.t.is_name(from + 1));
        self.t.kind(open) == Some(TokenKind::OpenParen)
            && self.t.after_group(open, to) == to
            && !self.t.is_any(from + 1, &MODIFIED_TYPES)
            && (open + 1..to.saturating_sub(1)).all(|i| self.t.is_name(i) || self.t.kind(i) == Some(TokenKind::Comma))
    }

    /// `[UNIQUE] [INVERTED|VECTOR] INDEX [IF NOT EXISTS] [name] [USING m] (…) tail`
    fn inline_index(&mut self, from: usize, to: usize) {
        self.found();
        let unique = self.t.is(from, "unique");
        let mut i = from + usize::from(unique);
        let mut method = match () {
            () if self.t.is(i, "inverted") => "gin",
            () if self.t.is(i, "vector") => "cspann",
            () => "",
        };
        i += if method.is_empty() { 1 } else { 2 };
        if self.t.is(i, "if") {
            i += 3;
        }
        let mut name = "";
        if self.t.is_name(i) && !self.t.is(i, "using") {
            name = self.t.text(i);
            i += 1;
        }
        if self.t.is(i, "using") {
            method = self.t.text(i + 1);
            i += 2;
        }
        let list = (i, self.t.after_group(i, to));
        let tail = self.index_tail(list.1, to, false);
        self.index_extra(from, unique, name, method, list, &tail, false);
        self.blank(from, to);
    }

    #[allow(clippy::too_many_arguments)]
    fn index_extra(
        &mut self,
        from: usize,
        unique: bool,
        name: &str,
        method: &str,
        list: (usize, usize),
        tail: &IndexTail,
        without_index: bool,
    ) {
        let keyword = if unique { "UNIQUE INDEX" } else { "INDEX" };
        let using = if method.is_empty() { String::new() } else { format!("USING {method} ") };
        let table = self.table_text;
        let mut sql = format!("CREATE {keyword} {name} ON {table} {using}{}", self.rewritten_slice(list));
        if let Some(columns) = tail.include {
            sql += &format!(" INCLUDE {}", self.rewritten_slice(columns));
        }
        if let Some(predicate) = tail.predicate {
            sql += &format!(" WHERE {}", self.rewritten_slice(predicate));
        }
        let offset = self.t.get(from).map_or(0, |t| t.start);
        let not_valid = tail.unchecked || tail.not_valid;
        self.extras.push(Extra::Index { offset, sql, without_index, not_valid });
    }

    /// The tokens of a range as they stand in the text that is being made.
    fn rewritten_slice(&self, (from, to): (usize, usize)) -> String {
        match (self.t.get(from), to.checked_sub(1).and_then(|i| self.t.get(i)), &self.out) {
            (Some(a), Some(b), Some(out)) => {
                String::from_utf8_lossy(out.get(a.start..b.end).unwrap_or_default()).into_owned()
            }
            _ => self.t.slice(from, to).to_owned(),
        }
    }

    /// What follows an index's columns. With `keep`, the text is to be parsed in its place: what the parser does not
    /// know is blanked.
    fn index_tail(&mut self, from: usize, to: usize, keep: bool) -> IndexTail {
        let mut tail = IndexTail::default();
        let mut i = from;
        while i < to {
            let start = i;
            if self.t.are(i, &["using", "hash"]) {
                self.found();
                i = self.hash_options(i + 2, to);
            } else if self.t.is_any(i, &["storing", "covering", "include"]) {
                if !self.t.is(i, "include") {
                    self.found();
                    self.replace(i, "INCLUDE");
                }
                i = self.t.after_group(i + 1, to);
                tail.include = Some((start + 1, i));
                continue;
            } else if self.t.is(i, "partition") || self.t.is(i, "interleave") {
                self.found();
                i = self.after_partitioning(i, to);
            } else if self.t.is(i, "with") && self.t.kind(i + 1) == Some(TokenKind::OpenParen) {
                i = self.t.after_group(i + 1, to);
                tail.unchecked |= (start..i).any(|n| {
                    self.t.is(n, "skip_unique_checks")
                        && !self.t.is_any(n + 2, &["false", "off"])
                        && !matches!(self.t.text(n + 2), "'false'" | "'off'" | "0")
                });
            } else if self.t.is(i, "where") {
                let end = (i + 1..to).find(|&n| self.ends_predicate(n)).unwrap_or(to);
                tail.predicate = Some((i + 1, end));
                i = end;
                continue;
            } else if self.t.are(i, &["not", "visible"]) {
                self.found();
                i += 2;
            } else if self.t.is_any(i, &["invisible", "visible"]) {
                self.found();
                i += 1;
            } else if self.t.is(i, "visibility") {
                self.found();
                i += 2;
            } else if self.t.are(i, &["not", "valid"]) {
                tail.not_valid = true;
                i += 2;
            } else {
                i += 1;
                continue;
            }
            if keep {
                self.blank(start, i.min(to));
            }
        }
        tail
    }

    fn ends_predicate(&self, i: usize) -> bool {
        self.t.are(i, &["not", "visible"])
            || self.t.are(i, &["not", "valid"])
            || self.t.is_any(i, &["invisible", "visibility"])
            || self.t.is(i, "with") && self.t.kind(i + 1) == Some(TokenKind::OpenParen)
    }

    /// After `USING HASH`: `WITH BUCKET_COUNT = n` or `WITH (…)`.
    fn hash_options(&self, i: usize, to: usize) -> usize {
        if self.t.are(i, &["with", "bucket_count"]) {
            i + 4
        } else if self.t.is(i, "with") && self.t.kind(i + 1) == Some(TokenKind::OpenParen) {
            self.t.after_group(i + 1, to)
        } else {
            i
        }
    }

    /// `PARTITION [ALL] BY LIST (…) (…)`, `PARTITION BY NOTHING`, `INTERLEAVE IN PARENT p (…)`
    fn after_partitioning(&self, mut i: usize, to: usize) -> usize {
        while i < to && self.t.kind(i) != Some(TokenKind::OpenParen) && !self.t.is(i, "nothing") {
            i += 1;
        }
        if self.t.is(i, "nothing") {
            return i + 1;
        }
        while i < to && self.t.kind(i) == Some(TokenKind::OpenParen) {
            i = self.t.after_group(i, to);
        }
        i
    }

    /// `[CONSTRAINT n] {UNIQUE [WITHOUT INDEX] | PRIMARY KEY} (…) tail`; false if it was blanked out as a whole.
    fn key_constraint(&mut self, from: usize, body: usize, to: usize) -> bool {
        let unique = self.t.is(body, "unique");
        let without_index = unique && self.t.are(body + 1, &["without", "index"]);
        let open = body + if unique && !without_index { 1 } else { 2 } + usize::from(without_index);
        let list = (open, self.t.after_group(open, to));
        let partial = (list.1..to).any(|i| self.t.is(i, "where"));
        let plain = !without_index && !partial;
        let tail = self.index_tail(list.1, to, plain);
        if unique && !plain {
            self.found();
            let name = if body > from { self.t.text(from + 1) } else { "" };
            self.index_extra(from, true, name, "", list, &tail, without_index);
            self.blank(from, to);
            return false;
        }
        // a constraint's columns have no direction in PostgreSQL; YugabyteDB writes HASH and inner brackets there
        for i in list.0 + 1..list.1.saturating_sub(1) {
            let inner = matches!(self.t.kind(i), Some(TokenKind::OpenParen | TokenKind::CloseParen));
            let direction = self.t.is_any(i, &["asc", "desc", "hash"]) && !self.t.is_name(i + 1);
            if inner || direction && i > list.0 + 1 && self.t.kind(i - 1) != Some(TokenKind::Comma) {
                self.blank(i, i + 1);
            }
        }
        true
    }

    /// A column's definition: name, type, clauses.
    fn column(&mut self, from: usize, to: usize) {
        let Some(name) = self.t.name(from) else { return };
        let mut i = from + 2;
        while i < to {
            let start = i;
            if self.t.kind(i) == Some(TokenKind::OpenParen) {
                i = self.t.after_group(i, to);
            } else if self.t.are(i, &["not", "visible"]) {
                self.extras.push(Extra::Hidden { column: name.clone(), hidden: true });
                self.found();
                i += 2;
                self.blank(start, i);
            } else if self.t.are(i, &["on", "update"]) && !self.is_reference_action(i + 2) {
                let end = (i + 3..to).find(|&n| self.t.is_any(n, &COLUMN_CLAUSES)).unwrap_or(to);
                self.found();
                self.blank(start, end);
                i = end;
            } else if self.t.is(i, "as")
                && self.t.kind(i + 1) == Some(TokenKind::OpenParen)
                && !self.t.is_any(i - 1, &["always", "generated", "default"])
            {
                let close = self.t.after_group(i + 1, to);
                i = close + usize::from(self.t.is_any(close, &["stored", "virtual"]));
                let offset = self.t.get(start).map_or(0, |t| t.start);
                let sql = self.rewritten_slice((start + 1, close));
                self.extras.push(Extra::Computed { offset, column: name.clone(), sql: Some(sql) });
                self.found();
                self.blank(start, i);
            } else if self.t.is(i, "identity") && self.t.kind(i + 1) == Some(TokenKind::OpenParen) {
                // the sequence's options differ, and do not matter
                i = self.t.after_group(i + 1, to);
                self.blank(start + 1, i);
            } else if self.t.is(i, "family") || self.t.is(i, "create") {
                let exists = |i: usize| if self.t.are(i, &["if", "not", "exists"]) { 3 } else { 0 };
                i += usize::from(self.t.is(i, "create"));
                i += exists(i);
                i += usize::from(self.t.is(i, "family"));
                i += exists(i);
                i += usize::from(self.t.is_name(i) && !self.t.is_any(i, &COLUMN_CLAUSES));
                self.found();
                self.blank(start, i.min(to));
            } else if self.t.are(i, &["unique", "without", "index"]) {
                let named = i >= from + 3 && self.t.is(i - 2, "constraint");
                let constraint = if named { self.t.text(i - 1) } else { "" };
                self.index_extra(start, true, constraint, "", (i, i), &IndexTail::default(), true);
                if let Some(Extra::Index { sql, .. }) = self.extras.last_mut() {
                    *sql += &format!("({})", self.t.text(from));
                }
                self.found();
                self.blank(if named { start - 2 } else { start }, start + 3);
                i += 3;
            } else if self.t.are(i, &["using", "hash"]) {
                self.found();
                i = self.hash_options(i + 2, to);
                self.blank(start, i.min(to));
            } else {
                if self.t.is_any(i, &["string", "bytes"]) && i == from + 1 {
                    self.found();
                }
                i += 1;
            }
        }
        if self.t.is_any(from + 1, &["string", "bytes"]) {
            self.found();
        }
    }

    fn is_reference_action(&self, i: usize) -> bool {
        self.t.is_any(i, &["cascade", "restrict"])
            || self.t.are(i, &["no", "action"])
            || self.t.are(i, &["set", "null"])
            || self.t.are(i, &["set", "default"])
    }

    /// What follows the closing bracket of CREATE TABLE.
    fn table_tail(&mut self, from: usize, to: usize) {
        let mut i = from;
        while i < to {
            let start = i;
            if self.t.is(i, "locality") {
                self.found();
                i = to;
            } else if self.t.is(i, "interleave") {
                self.found();
                i = self.after_partitioning(i, to);
            } else if self.t.is(i, "partition") {
                i = self.after_partitioning(i, to);
                // PostgreSQL's names the columns only; CockroachDB's lists the partitions as well
                let lists = (start..i).filter(|&n| self.t.is_any(n, &["values", "nothing"])).count();
                if lists == 0 && !self.t.is(start + 1, "all") {
                    continue;
                }
                self.found();
            } else if self.t.is(i, "with") && self.t.kind(i + 1) == Some(TokenKind::OpenParen) {
                i = self.t.after_group(i + 1, to);
            } else if self.t.are(i, &["split", "into"]) || self.t.are(i, &["split", "at"]) {
                i = to; // YugabyteDB
            } else {
                i += 1;
                continue;
            }
            self.blank(start, i.min(to));
        }
    }

    fn alter_table(&mut self) {
        let end = self.t.len();
        let from = self.table_name(2);
        let actions = self.t.segments(from, end);
        let kept: Vec<bool> = actions.iter().map(|&(from, to)| self.action(from, to)).collect();
        self.commas(&actions, &kept);
        self.empty = !kept.contains(&true);
    }

    /// One action of ALTER TABLE; false if it was blanked out as a whole.
    fn action(&mut self, from: usize, to: usize) -> bool {
        let t = self.t;
        if t.is(from, "add") {
            let mut i = from + 1;
            if t.are(i, &["constraint", "if", "not", "exists"]) {
                self.found();
                // the name has to follow the keyword: blank the words between
                self.blank(i + 1, i + 4);
                return self.added_constraint(from, i, i + 5, to);
            }
            if t.is(i, "constraint") {
                return self.added_constraint(from, i, i + 2, to);
            }
            if t.is_any(i, &["unique", "primary"]) {
                return self.added_constraint(from, i, i, to);
            }
            if t.is_any(i, &["check", "foreign", "exclude"]) {
                return true;
            }
            i += usize::from(t.is(i, "column"));
            if t.is(i, "if") {
                i += 3;
            }
            self.column(i, to);
            return true;
        }
        if t.are(from, &["alter", "primary", "key"]) {
            let open = (from..to).find(|&i| t.kind(i) == Some(TokenKind::OpenParen)).unwrap_or(to);
            let close = t.after_group(open, to).saturating_sub(1);
            let columns = t.segments(open + 1, close).iter().filter_map(|&(i, _)| t.name(i)).collect();
            self.extras.push(Extra::PrimaryKey { columns });
            self.found();
            self.blank(from, to);
            return false;
        }
        if t.is(from, "alter") {
            let i = from + 1 + usize::from(t.is(from + 1, "column"));
            let column = t.name(i).unwrap_or_default();
            let hidden = t.are(i + 1, &["set", "not", "visible"]);
            if hidden || t.are(i + 1, &["set", "visible"]) {
                self.extras.push(Extra::Hidden { column, hidden });
            } else if t.are(i + 1, &["drop", "stored"]) {
                self.extras.push(Extra::Computed { offset: 0, column, sql: None });
            } else if !t.are(i + 1, &["set", "on", "update"]) && !t.are(i + 1, &["drop", "on", "update"]) {
                return true;
            }
            self.found();
            self.blank(from, to);
            return false;
        }
        let cockroach = t.is_any(
            from,
            &[
                "configure",
                "experimental_audit",
                "experimental_relocate",
                "relocate",
                "split",
                "unsplit",
                "scatter",
                "inject",
                "partition",
            ],
        ) || t.are(from, &["set", "locality"]);
        if cockroach {
            self.found();
            self.blank(from, to);
        }
        !cockroach
    }

    fn added_constraint(&mut self, from: usize, constraint: usize, body: usize, to: usize) -> bool {
        let opens = |i: usize| self.t.kind(i) == Some(TokenKind::OpenParen);
        if self.t.is(body, "unique") && (opens(body + 1) || self.t.are(body + 1, &["without", "index"]))
            || self.t.are(body, &["primary", "key"]) && opens(body + 2)
        {
            // a constraint with IF NOT EXISTS has its name just before the body
            let start = if body > constraint { body - 2 } else { constraint };
            let kept = self.key_constraint(start, body, to);
            if !kept {
                self.blank(from, to);
            }
            return kept;
        }
        true
    }

    /// `CREATE [UNIQUE] [INVERTED|VECTOR] INDEX [CONCURRENTLY] [IF NOT EXISTS] [name] ON t … (…) tail`
    fn create_index(&mut self) {
        let to = self.t.len();
        let mut i = 1 + usize::from(self.t.is(1, "unique"));
        if self.t.is_any(i, &["inverted", "vector"]) {
            self.extras.push(Extra::Method(if self.t.is(i, "vector") { "cspann" } else { "gin" }));
            self.found();
            self.blank(i, i + 1);
            i += 1;
        }
        if self.t.is(i + 1, "nonconcurrently") {
            self.blank(i + 1, i + 2); // YugabyteDB
        }
        // without a name there is none to test for, and PostgreSQL wants one after IF NOT EXISTS
        if self.t.are(i + 1, &["if", "not", "exists", "on"]) {
            self.blank(i + 1, i + 4);
        }
        let Some(on) = (i..to.min(i + 12)).find(|&n| self.t.is(n, "on")) else { return };
        let open = (on..to).find(|&n| self.t.kind(n) == Some(TokenKind::OpenParen)).unwrap_or(to);
        let close = self.t.after_group(open, to);
        for n in open + 2..close.saturating_sub(1) {
            if self.t.is(n, "hash") && matches!(self.t.kind(n + 1), Some(TokenKind::Comma | TokenKind::CloseParen)) {
                self.blank(n, n + 1); // YugabyteDB
            }
        }
        if self.index_tail(close, to, true).unchecked {
            self.extras.push(Extra::Unchecked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sql: &str) -> Rewritten<'_> {
        rewrite_statement(&Tokens::of(sql))
    }

    fn folded(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn becomes_postgresql_of_the_same_length() {
        for (before, after) in [
            ("CREATE TABLE t (a INT8 DEFAULT (-1):::INT8)", "CREATE TABLE t (a INT8 DEFAULT (-1):: INT8)"),
            ("CREATE TABLE t (a INT8 NOT VISIBLE NOT NULL)", "CREATE TABLE t (a INT8 NOT NULL)"),
            ("CREATE TABLE t (a INT8, INDEX (a), b INT8)", "CREATE TABLE t (a INT8 , b INT8)"),
            ("CREATE TABLE t (a INT8, UNIQUE INDEX u (a ASC) STORING (b))", "CREATE TABLE t (a INT8 )"),
            ("CREATE TABLE t (a INT8, FAMILY \"primary\" (a), FAMILY f2 (b))", "CREATE TABLE t (a INT8 )"),
            ("CREATE TABLE t (index INT8, family varchar(20))", "CREATE TABLE t (index INT8, family varchar(20))"),
            ("CREATE TABLE t (a INT8 AS (b + 1:::INT8) STORED NOT NULL)", "CREATE TABLE t (a INT8 NOT NULL)"),
            (
                "CREATE TABLE t (a INT8, CONSTRAINT p PRIMARY KEY (a ASC, b DESC) USING HASH WITH BUCKET_COUNT = 8)",
                "CREATE TABLE t (a INT8, CONSTRAINT p PRIMARY KEY (a , b ) )",
            ),
            (
                "CREATE TABLE t (a INT8, UNIQUE (a) STORING (b)) LOCALITY REGIONAL BY ROW",
                "CREATE TABLE t (a INT8, UNIQUE (a) INCLUDE (b))",
            ),
            (
                "CREATE TABLE t (a TIMESTAMP ON UPDATE now():::TIMESTAMP NOT NULL)",
                "CREATE TABLE t (a TIMESTAMP NOT NULL)",
            ),
            (
                "CREATE TABLE t (a INT REFERENCES u ON UPDATE CASCADE)",
                "CREATE TABLE t (a INT REFERENCES u ON UPDATE CASCADE)",
            ),
            ("CREATE TABLE t (a INT) WITH (ttl='on', schema_locked = true)", "CREATE TABLE t (a INT)"),
            (
                "CREATE TABLE t (a INT) PARTITION BY LIST (a) (PARTITION x VALUES IN (1), PARTITION y VALUES IN (2))",
                "CREATE TABLE t (a INT)",
            ),
            ("CREATE TABLE t (a INT) PARTITION BY RANGE (a)", "CREATE TABLE t (a INT) PARTITION BY RANGE (a)"),
            ("CREATE TABLE t (a INT) INTERLEAVE IN PARENT p (a)", "CREATE TABLE t (a INT)"),
            (
                "ALTER TABLE t ADD COLUMN a INT CREATE FAMILY IF NOT EXISTS f NOT NULL",
                "ALTER TABLE t ADD COLUMN a INT NOT NULL",
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT IF NOT EXISTS c CHECK (a > 0)",
                "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
            ),
            ("CREATE INVERTED INDEX i ON t (j)", "CREATE INDEX i ON t (j)"),
            (
                "CREATE INDEX i ON t (a) USING HASH WITH (bucket_count=4) STORING (b) WHERE a > 0 NOT VISIBLE",
                "CREATE INDEX i ON t (a) INCLUDE (b) WHERE a > 0",
            ),
            ("DROP INDEX public.t@i", "DROP INDEX public.t.i"),
            ("CREATE TYPE IF NOT EXISTS mood AS ENUM ('a')", "CREATE TYPE mood AS ENUM ('a')"),
            ("ALTER TABLE t ADD COLUMN a INT, ALTER COLUMN b SET NOT VISIBLE", "ALTER TABLE t ADD COLUMN a INT"),
        ] {
            let r = statement(before);
            assert_eq!(r.text.len(), before.len(), "{before}");
            assert_eq!(folded(&r.text), after, "{before}");
        }
    }

    #[test]
    fn hands_on_what_must_not_get_lost() {
        let index = |sql: &str| statement(sql).extras;
        assert_eq!(
            index("CREATE TABLE s.t (a INT, UNIQUE INDEX u (a ASC) STORING (b) WHERE d IS NULL)"),
            [Extra::Index {
                offset: 25,
                sql: "CREATE UNIQUE INDEX u ON s.t (a ASC) INCLUDE (b) WHERE d IS NULL".into(),
                without_index: false,
                not_valid: false
            }]
        );
        assert_eq!(
            index("ALTER TABLE t ADD CONSTRAINT u UNIQUE WITHOUT INDEX (a, b) WHERE c > 0:::INT8 NOT VALID"),
            [Extra::Index {
                offset: 18,
                sql: "CREATE UNIQUE INDEX u ON t (a, b) WHERE c > 0:: INT8".into(),
                without_index: true,
                not_valid: true
            }]
        );
        assert_eq!(
            index("CREATE TABLE t (a INT, INVERTED INDEX (j))"),
            [Extra::Index {
                offset: 23,
                sql: "CREATE INDEX  ON t USING gin (j)".into(),
                without_index: false,
                not_valid: false
            }]
        );
        assert_eq!(
            index("ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a, b DESC) USING HASH"),
            [Extra::PrimaryKey { columns: vec!["a".into(), "b".into()] }]
        );
        assert!(statement("ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a)").empty);
        assert!(statement("ALTER TABLE t CONFIGURE ZONE USING num_replicas = 5").empty);
        assert_eq!(index("CREATE UNIQUE INDEX u ON t (a) WITH (skip_unique_checks=true)"), [Extra::Unchecked]);
        assert_eq!(index("CREATE UNIQUE INDEX u ON t (a) WITH (skip_unique_checks=false)"), []);
        assert_eq!(
            index("CREATE TABLE t (a INT8 AS (b + 1:::INT8) STORED)"),
            [Extra::Computed { offset: 23, column: "a".into(), sql: Some("(b + 1:: INT8)".into()) }]
        );
    }

    #[test]
    fn tells_cockroachdb_from_postgresql() {
        for sql in [
            "CREATE TABLE t (a INT, INDEX (a))",
            "CREATE TABLE t (a STRING)",
            "CREATE TABLE t (a INT8 DEFAULT unique_rowid())",
            "CREATE UNIQUE INDEX i ON t (a) STORING (b)",
            "DROP INDEX t@i CASCADE",
        ] {
            assert!(statement(sql).cockroach, "{sql}");
        }
        for sql in [
            "CREATE TABLE t (a int, index int, family text, CONSTRAINT u UNIQUE (a) INCLUDE (b))",
            "CREATE TABLE t (a int GENERATED ALWAYS AS (b + 1) STORED, b int) WITH (fillfactor=70)",
            "CREATE INDEX i ON t USING hash (a)",
            "ALTER TABLE ONLY t ADD CONSTRAINT u UNIQUE (a), ADD COLUMN x text REFERENCES y ON UPDATE SET NULL",
        ] {
            let r = statement(sql);
            assert!(!r.cockroach, "{sql}");
            assert!(r.extras.is_empty(), "{sql}");
        }
    }
}
