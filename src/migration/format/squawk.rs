//! squawk, the linter of PostgreSQL migrations: what it warns of and is meant is said above the statement.

use squawk_syntax::ast;

/// What a statement lacks that must be alone in its command.
pub const ALONE: [(&str, &str); 2] = [
    ("require-lock-timeout", "a command that is nothing but this statement sets no limit"),
    ("require-statement-timeout", "as for locks"),
];

/// What a statement lacks that follows one which may not run in a transaction.
pub const LAST: [(&str, &str); 1] = [("prefer-robust-stmts", "if it fails, it alone is left to be run again")];

/// The statement with a comment that tells squawk, and a reader, what is meant; `place` is what it lacks where it stands.
pub fn annotate(sql: &str, place: &[(&'static str, &'static str)]) -> String {
    let mut meant = meant(sql);
    meant.extend(place);
    if meant.is_empty() {
        return sql.to_owned();
    }
    // squawk looks at the line before the statement only
    let start: usize = sql.split_inclusive('\n').take_while(|l| l.starts_with("--")).map(str::len).sum();
    let (notes, statement) = sql.split_at(start);
    let why: String = meant.iter().map(|(rule, why)| format!("-- {rule}: {why}\n")).collect();
    let rules: Vec<&str> = meant.iter().map(|(rule, _)| *rule).collect();
    format!("{notes}{why}-- squawk-ignore {}\n{statement}", rules.join(", "))
}

/// The rules of squawk that a statement breaks on purpose, each once, with why.
fn meant(sql: &str) -> Vec<(&'static str, &'static str)> {
    let Some(parsed) = crate::sql::parse(sql) else { return Vec::new() };
    let mut out = Vec::new();
    for statement in parsed.tree().stmts() {
        match statement {
            ast::Stmt::AlterTable(alter) => alter.actions().for_each(|a| of_action(&a, &mut out)),
            ast::Stmt::CreateIndex(create) if create.concurrently_token().is_none() => {
                out.push((
                    "require-concurrent-index-creation",
                    "the index of a partitioned table, or one in a tool's transaction, cannot be built so",
                ));
            }
            ast::Stmt::DropIndex(drop) if drop.concurrently_token().is_none() => {
                out.push((
                    "require-concurrent-index-deletion",
                    "the index of a partitioned table cannot be dropped so",
                ));
            }
            ast::Stmt::AlterIndex(_) => out.push(RENAMED),
            _ => {}
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|(rule, _)| seen.insert(*rule));
    out
}

const RENAMED: (&str, &str) = ("renaming-object", "the new one takes the name of the old one");

fn of_action(action: &ast::AlterTableAction, out: &mut Vec<(&'static str, &'static str)>) {
    use ast::{AlterColumnOption, AlterTableAction, Constraint};
    match action {
        AlterTableAction::DropConstraint(_) => {
            out.push(("ban-drop-constraint", "it is taken back, or something else says the same by now"));
        }
        AlterTableAction::DropColumn(_) => out.push(("ban-drop-column", "this takes back the column's addition")),
        AlterTableAction::RenameConstraint(_) => out.push(RENAMED),
        AlterTableAction::AlterColumn(alter) => match alter.option() {
            Some(AlterColumnOption::SetNotNull(_)) => {
                out.push(("adding-not-nullable-field", "after a validated CHECK that says the same, no row is read"));
            }
            Some(AlterColumnOption::DropNotNull(_)) => {
                out.push(("ban-drop-not-null", "this takes back the column's NOT NULL"));
            }
            Some(AlterColumnOption::SetType(_)) => {
                out.push(("changing-column-type", "there is no other way to change it at once; mind the grade"));
            }
            _ => {}
        },
        AlterTableAction::AddColumn(add)
            if add.constraints().any(|c| matches!(c, Constraint::DefaultConstraint(_))) =>
        {
            let online = "each row gets a value of its own, in one rewrite; if writers must not wait: add the column, set \
                          its default, fill it in batches, build the key as an index concurrently";
            out.push(("adding-field-with-default", online));
            if add.constraints().any(|c| matches!(c, Constraint::PrimaryKeyConstraint(_))) {
                out.push(("adding-serial-primary-key-field", "the same rewrite builds it"));
            }
        }
        AlterTableAction::AddConstraint(add) => match add.constraint() {
            Some(c @ Constraint::CheckConstraint(_)) if !c.is_not_valid() => {
                out.push(("constraint-missing-not-valid", "the same statement reads every row anyway"));
            }
            Some(Constraint::UniqueConstraint(u)) if u.using_index().is_none() => {
                let why = "the key of a partitioned table cannot be made of an index that exists";
                out.extend([("constraint-missing-not-valid", why), ("disallowed-unique-constraint", why)]);
            }
            Some(Constraint::PrimaryKeyConstraint(p)) if p.using_index().is_none() => {
                let why = "the key of a partitioned table cannot be made of an index that exists";
                out.extend([("constraint-missing-not-valid", why), ("adding-serial-primary-key-field", why)]);
            }
            _ => {}
        },
        _ => {}
    }
}
