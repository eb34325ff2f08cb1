//! Statements that are not definitions, as far as they bear on them.

use crate::sql::Tokens;

use super::state::State;

/// SET search_path, SET SCHEMA, SET database, USE, RESET search_path, CREATE DATABASE.
pub(super) fn setting(state: &mut State, t: &Tokens<'_>) {
    let i = 1 + usize::from(t.is_any(1, &["session", "local"]));
    if t.is(0, "create") {
        let name = i + if t.is(2, "if") { 4 } else { 1 };
        state.databases.extend(t.name(name));
    } else if t.is(0, "use") {
        state.databases.extend(t.name(1));
    } else if t.is(0, "reset") {
        if t.is(1, "search_path") {
            state.forget_search_path();
        }
    } else if t.is(i, "database") {
        state.databases.extend(t.name(i + 2).or(t.string(i + 2)));
    } else {
        let from = i + if t.is(i, "schema") { 1 } else { 2 };
        let parts = t.segments(from, t.len());
        search_path(state, parts.iter().filter_map(|&(p, _)| t.name(p).or(t.string(p))));
    }
}

/// `SELECT pg_catalog.set_config('search_path', '…', false)`
pub(super) fn select(state: &mut State, t: &Tokens<'_>) {
    let Some(i) = (1..t.len().min(4)).find(|&i| t.is(i, "set_config")) else { return };
    if t.string(i + 2).is_some_and(|s| s.eq_ignore_ascii_case("search_path"))
        && let Some(value) = t.string(i + 4)
    {
        let list = Tokens::of(&value);
        let parts = list.segments(0, list.len());
        search_path(state, parts.iter().filter_map(|&(p, _)| list.name(p)));
    }
}

fn search_path(state: &mut State, schemas: impl Iterator<Item = String>) {
    state.search_path = schemas.filter(|s| !matches!(s.as_str(), "$user" | "pg_catalog" | "default" | "")).collect();
    // with an empty path every name has its schema; one that has none can only be meant so
    if state.search_path.is_empty() {
        state.forget_search_path();
    }
}

/// `SELECT … INTO t FROM …` makes a table.
pub(super) fn makes_table(t: &Tokens<'_>) -> bool {
    let mut i = 0;
    while i < t.len() {
        if t.text(i) == "(" {
            i = t.after_group(i, t.len());
            continue;
        }
        if t.is(i, "into") {
            let insert = t.is(i.wrapping_sub(1), "insert") || t.is(i.wrapping_sub(1), "merge");
            return !insert && !t.is_any(i + 1, &["temp", "temporary", "local", "global"]);
        }
        i += 1;
    }
    false
}

/// What code plainly does to tables, their parts or types: `CREATE TABLE`, by its words.
pub(super) fn defines(t: &Tokens<'_>) -> Option<String> {
    let code = t.source().to_ascii_lowercase();
    let words: Vec<&str> = code
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|w| !w.is_empty() && !matches!(*w, "unique" | "unlogged"))
        .collect();
    words.windows(2).find_map(|w| match w {
        [verb @ ("create" | "alter" | "drop"), object @ ("table" | "index" | "type" | "domain")] => {
            Some(format!("{} {}", verb.to_ascii_uppercase(), object.to_ascii_uppercase()))
        }
        _ => None,
    })
}

/// Whether code may define something, by its words.
pub(super) fn may_define(t: &Tokens<'_>) -> bool {
    let code = t.source().to_ascii_lowercase();
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|w| matches!(w, "create" | "alter" | "drop" | "rename" | "execute"))
}
