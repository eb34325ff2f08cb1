//! What a statement is, by its first words: most need no parsing.

use crate::sql::Tokens;

/// Kinds of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Cannot matter.
    Skip,
    /// Has to be parsed and applied.
    Definition,
    /// Makes, renames or drops something that is in the way of names, but is no table: a view, a sequence.
    Relation,
    /// COPY: after `FROM stdin` data follow.
    Copy,
    /// Changes how names are looked up: SET search_path, USE.
    Setting,
    /// SELECT: may set the search path, or make a table.
    Select,
    /// Code that is not executed.
    Code,
    /// psql's `\i`.
    Include,
    /// Begins or ends a transaction.
    Transaction,
    /// Takes back what came before.
    Rollback,
    /// No statement that is known.
    Unknown,
}

/// First words of statements that make, change or drop no part of a table.
const HARMLESS: [&str; 62] = [
    "analyze",
    "analyse",
    "backup",
    "call",
    "cancel",
    "checkpoint",
    "close",
    "cluster",
    "configure",
    "deallocate",
    "declare",
    "delete",
    "discard",
    "execute",
    "explain",
    "export",
    "fetch",
    "grant",
    "import",
    "insert",
    "listen",
    "load",
    "lock",
    "merge",
    "move",
    "notify",
    "pause",
    "perform",
    "prepare",
    "raise",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "repack",
    "replace",
    "reset",
    "restore",
    "resume",
    "revoke",
    "savepoint",
    "scatter",
    "scrub",
    "security",
    "show",
    "split",
    "table",
    "truncate",
    "unlisten",
    "unsplit",
    "update",
    "upsert",
    "vacuum",
    "values",
    "delimiter",
    "pragma",
    "shutdown",
    "go",
    "inspect",
    "relocate",
    "unlock",
    "exit",
];

/// Words after CREATE that lead to a table, its parts or its types.
const OBJECTS: [&str; 5] = ["table", "index", "type", "domain", "schema"];

/// Relations that are no tables.
const RELATIONS: [&str; 4] = ["view", "materialized", "sequence", "foreign"];

/// Tells what a statement is.
pub(super) fn classify(t: &Tokens<'_>) -> Class {
    let first = t.text(0).to_ascii_lowercase();
    match first.as_str() {
        "create" => create(t),
        "alter" => alter(t),
        "drop" => match () {
            () if t.is_any(1, &OBJECTS) => Class::Definition,
            () if t.is_any(1, &RELATIONS) && !t.are(1, &["foreign", "data"]) => Class::Relation,
            () => Class::Skip,
        },
        "comment" if t.is(1, "on") => {
            if t.is_any(2, &["table", "column"]) {
                Class::Definition
            } else {
                Class::Skip
            }
        }
        "rename" if t.is_any(1, &["table", "column", "index"]) => Class::Definition,
        "set" if t.is_any(1, &["search_path", "schema", "database"]) => Class::Setting,
        "set" if t.is_any(1, &["session", "local"]) && t.is(2, "search_path") => Class::Setting,
        "use" | "reset" if t.is_name(1) => Class::Setting,
        "set" => Class::Skip,
        "select" | "with" => Class::Select,
        // whether data follow, stands behind the list of columns
        "copy" => Class::Copy,
        "do" => Class::Code,
        "begin" | "start" | "commit" | "end" => Class::Transaction,
        "abort" => Class::Rollback,
        "rollback" => {
            if (1..t.len()).any(|i| t.is(i, "to")) {
                Class::Skip
            } else {
                Class::Rollback
            }
        }
        w if HARMLESS.contains(&w) => Class::Skip,
        _ => Class::Unknown,
    }
}

fn create(t: &Tokens<'_>) -> Class {
    let mut i = if t.are(1, &["or", "replace"]) { 3 } else { 1 };
    if t.is_any(i, &["temp", "temporary", "unlogged", "local", "global", "recursive"]) {
        i += 1;
        i += usize::from(t.is_any(i, &["temp", "temporary", "recursive"]));
    }
    if t.is_any(i, &["unique", "inverted", "vector"]) {
        return Class::Definition;
    }
    if t.is_any(i, &OBJECTS) {
        return Class::Definition;
    }
    if t.is(i, "database") {
        return Class::Setting;
    }
    if t.is_any(i, &RELATIONS) && !t.are(i, &["foreign", "data"]) {
        return Class::Relation;
    }
    Class::Skip
}

fn alter(t: &Tokens<'_>) -> Class {
    if t.is_any(1, &["view", "materialized", "sequence"]) || t.are(1, &["foreign", "table"]) {
        return Class::Relation;
    }
    if !t.is_any(1, &OBJECTS) {
        return Class::Skip;
    }
    // what comes after the name decides: privileges, storage and triggers do not matter
    let mut i = 2;
    if t.are(i, &["if", "exists"]) {
        i += 2;
    }
    i += usize::from(t.is(i, "only"));
    let (_, next) = t.path(i);
    let harmless = ["enable", "disable", "cluster", "replica", "force"];
    if t.is(next, "owner") || t.is(1, "table") && t.is_any(next, &harmless) {
        return Class::Skip;
    }
    // the attachment of a partition's index says nothing of the table that stands for all partitions
    if t.is(1, "index") && t.are(next, &["attach", "partition"]) {
        return Class::Skip;
    }
    Class::Definition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_first_words() {
        for (sql, class) in [
            ("CREATE TABLE t (a int)", Class::Definition),
            ("create unlogged table t (a int)", Class::Definition),
            ("CREATE LOCAL TEMPORARY TABLE t (a int)", Class::Definition),
            ("CREATE UNIQUE INDEX i ON t (a)", Class::Definition),
            ("CREATE OR REPLACE FUNCTION f() RETURNS int", Class::Skip),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", Class::Relation),
            ("CREATE FOREIGN DATA WRAPPER w", Class::Skip),
            ("ALTER TABLE public.t OWNER TO me", Class::Skip),
            ("ALTER TABLE ONLY public.t REPLICA IDENTITY FULL", Class::Skip),
            ("ALTER TABLE ONLY t ADD CONSTRAINT c CHECK (a > 0)", Class::Definition),
            ("ALTER INDEX public.i ATTACH PARTITION public.j", Class::Skip),
            ("ALTER TYPE mood OWNER TO me", Class::Skip),
            ("ALTER DEFAULT PRIVILEGES FOR ROLE x", Class::Skip),
            ("COPY public.t (a, b, c, d, e) FROM stdin", Class::Copy),
            ("SET search_path = a", Class::Setting),
            ("SET SESSION search_path TO a", Class::Setting),
            ("SET statement_timeout = 0", Class::Skip),
            ("INSERT INTO t VALUES (1)", Class::Skip),
            ("WITH x AS (SELECT 1) SELECT 1", Class::Select),
            ("ROLLBACK", Class::Rollback),
            ("START TRANSACTION", Class::Transaction),
            ("ROLLBACK TO SAVEPOINT s", Class::Skip),
            ("DO $$ BEGIN END $$", Class::Code),
            ("FLY ME TO THE MOON", Class::Unknown),
            ("\u{0}\u{1}", Class::Unknown),
        ] {
            assert_eq!(classify(&Tokens::of(sql)), class, "{sql}");
        }
    }
}
