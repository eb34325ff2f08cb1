//! Which engine the files are for.

use std::borrow::Cow;

use crate::engine::{Engine, Product, Version};
use crate::sql::rewrite_statement;

use super::SchemaFile;
use super::class::Class;
use super::split::split;

/// The engine by the dump's header, else by grammar that only CockroachDB has.
pub(super) fn engine(files: &[SchemaFile], texts: &[Cow<'_, str>]) -> Engine {
    if let Some(engine) = files.iter().find_map(|f| header(&f.text)) {
        return engine;
    }
    let cockroach = files.iter().any(|f| names_cockroach(&f.name) || f.text.lines().take(20).any(comment_names_it));
    if cockroach || texts.iter().any(|t| has_cockroach_grammar(t)) {
        return Engine { product: Product::CockroachDb, version: None };
    }
    Engine::default()
}

/// What `pg_dump`, `ysql_dump` and `cockroach` say of themselves in the first comments.
fn header(text: &str) -> Option<Engine> {
    let comments = text.lines().take(60).filter_map(|l| l.trim_start().strip_prefix("--"));
    let mut engine = None;
    for line in comments.map(str::trim) {
        if line.starts_with("CockroachDB") {
            return Some(Engine::from_version_string(line));
        }
        if let Some(version) = line.strip_prefix("Dumped from database version ") {
            engine = Some(match Engine::from_version_string(version) {
                known if known.product != Product::Unknown => known,
                _ if version.contains("YB") => Engine::from_version_string(version),
                _ => Engine { product: Product::PostgreSql, version: Version::find(version) },
            });
        }
        if line.starts_with("Dumped by ysql_dump") || line.starts_with("YSQL database dump") {
            let version = engine.and_then(|e: Engine| e.version);
            return Some(Engine { product: Product::YugabyteDb, version });
        }
        if engine.is_none() && line == "PostgreSQL database dump" {
            engine = Some(Engine { product: Product::PostgreSql, version: None });
        }
    }
    engine
}

/// A file made for CockroachDB among others is called so: `0001_users.cockroach.up.sql`.
fn names_cockroach(name: &str) -> bool {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| matches!(w, "cockroach" | "cockroachdb" | "crdb"))
}

fn comment_names_it(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("--") else { return false };
    let mut words = comment.split_whitespace();
    let file = words.next().unwrap_or_default();
    file.ends_with(".sql") && words.next().is_none() && names_cockroach(file)
}

fn has_cockroach_grammar(text: &str) -> bool {
    let mut found = false;
    split(text, &mut |s| {
        found = found
            || match s.class {
                Class::Definition => !s.tokens.too_deep() && rewrite_statement(&s.tokens).cockroach,
                Class::Setting => s.tokens.is_any(0, &["use"]) || s.tokens.is(1, "database") && s.tokens.is(0, "set"),
                _ => false,
            };
    });
    found
}
