//! The pages of `docs/rules/` are those of the rules themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use dbaudit::rules::RULES;

/// `DBAUDIT_UPDATE_DOCS=1 cargo test --test docs` writes the pages anew.
#[test]
fn rule_pages_are_current() {
    let folder = Path::new("docs/rules");
    let mut index = String::from("# Rules\n\nEach page is the rule's own documentation (`dbaudit explain RULE`).\n\n");
    let mut pages = vec![];
    for rule in RULES {
        let _ = writeln!(index, "- [{}]({0}.md): {}", rule.id, rule.summary());
        for framework in ["Django", "Rails", "SQLAlchemy", "Prisma"] {
            assert!(rule.page().contains(framework), "{} does not tell how to fix it in {framework}", rule.id);
        }
        pages.push((format!("{}.md", rule.id), format!("# {}\n\n{}\n", rule.id, rule.page().trim_end())));
    }
    pages.push(("README.md".to_owned(), index));
    if std::env::var_os("DBAUDIT_UPDATE_DOCS").is_some() {
        fs::create_dir_all(folder).expect("the folder");
        for (name, text) in &pages {
            fs::write(folder.join(name), text).expect("written");
        }
    }
    for (name, text) in &pages {
        let there = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(there == *text, "docs/rules/{name} is stale: DBAUDIT_UPDATE_DOCS=1 cargo test --test docs");
    }
    let wanted: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for entry in fs::read_dir(folder).expect("the folder") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(wanted.contains(name.as_str()), "docs/rules/{name} is of no rule");
    }
}
