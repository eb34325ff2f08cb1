//! Alembic: revision files in Python, each revising the one before.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};

use super::Format;
use super::python::{assigned, comment, docstring, each, limits, literal, patient};
use crate::catalog::{Expression, KeyPart};
use crate::engine::{Product, Work, is_transactional};
use crate::guard::{Guard, hex, key_text};
use crate::migration::plan::one_line;
use crate::migration::{Change, File, Folder, Migration, Request};

/// The format.
pub static FORMAT: Format = Format {
    name: "alembic",
    about: "Alembic: revisions in Python, REVISION_name.py, for the folder versions",
    render,
};

fn render(request: &Request<'_>) -> Result<Vec<File>> {
    // Alembic's own folder is as good as the one of revisions in it
    let versions = Path::new(if request.folder.names().any(|n| n == "env.py") { "versions" } else { "" });
    let (mut taken, mut head) = revisions(request.folder, versions)?;
    let product = request.plan.engine.product;
    let files = request.changes().map(|(m, change)| {
        let seed = format!("{} {}", m.finding.fingerprint, change.step);
        let mut ids = (0..).map(|again| hex(&format!("{seed}{}", " again".repeat(again)), 6));
        let id = ids.find(|id| !taken.contains(id)).unwrap_or_default();
        taken.insert(id.clone());
        let model = if change.step == 1 { model(m) } else { String::new() };
        let text = revision(product, change, &model, &id, head.as_deref());
        head = Some(id.clone());
        File::new(versions.join(format!("{id}_{}.py", change.name)), text)
    });
    Ok(files.collect())
}

/// All revisions of the folder, and the one that none revises.
fn revisions(folder: &Folder, versions: &Path) -> Result<(BTreeSet<String>, Option<String>)> {
    let (mut all, mut revised) = (BTreeSet::new(), BTreeSet::new());
    for (path, text) in folder.files.iter().filter(|(p, _)| p.parent() == Some(versions)) {
        if path.extension().is_none_or(|e| e != "py") {
            continue;
        }
        let Some(id) = assigned(text, "revision").and_then(|r| r.into_iter().next()) else { continue };
        if !all.insert(id.clone()) {
            bail!("the revisions of the folder are broken: two files are revision {id}");
        }
        revised.extend(assigned(text, "down_revision").unwrap_or_default());
    }
    let mut heads: Vec<String> = all.difference(&revised).cloned().collect();
    if heads.len() > 1 {
        bail!("the folder has several heads: {}; run alembic merge heads first", heads.join(", "));
    }
    if heads.is_empty() && !all.is_empty() {
        bail!("the revisions of the folder are broken: each is revised by another");
    }
    Ok((all, heads.pop()))
}

fn revision(product: Product, change: &Change, model: &str, id: &str, revises: Option<&str>) -> String {
    format!(
        "{}\n{}{model}\nfrom alembic import op\n\nrevision = {}\ndown_revision = {}\nbranch_labels = None\ndepends_on = \
         None\n\n\ndef upgrade() -> None:\n{}\n\ndef downgrade() -> None:\n{}",
        docstring(change.comment.first().map_or("", String::as_str)),
        comment(change),
        literal(id),
        revises.map_or_else(|| "None".to_owned(), literal),
        body(product, change.up.work, std::slice::from_ref(&change.up.sql)),
        body(product, change.up.work, change.down()),
    )
}

/// What the model is to say for `--autogenerate` not to take the guard away again, as a comment; nothing where it would
/// not.
fn model(m: &Migration) -> String {
    let (name, table) = (literal(&m.finding.guard_name), one_line(&m.table.label()));
    let list = |columns: &[String]| columns.iter().map(|c| literal(c)).collect::<Vec<_>>().join(", ");
    let text = |sql: &dyn std::fmt::Display| format!("text({})", literal(&bound(&sql.to_string())));
    let index = |key: &[KeyPart], predicate: Option<&Expression>, nulls_not_distinct: bool| {
        let part = |p: &KeyPart| p.as_column().map_or_else(|| text(&key_text(std::slice::from_ref(p))), literal);
        let parts = key.iter().map(part).collect::<Vec<_>>().join(", ");
        let nulls = if nulls_not_distinct { ", postgresql_nulls_not_distinct=True" } else { "" };
        let filter = predicate.map(|p| format!(", postgresql_where={}", text(p))).unwrap_or_default();
        format!("Index({name}, {parts}, unique=True{nulls}{filter})")
    };
    let args = format!("the __table_args__ of {table}");
    let of_column = |column: &str| format!("the column {} of {table}", one_line(column));
    let (place, line) = match &m.finding.guard {
        Guard::Unique { key, .. } if m.changes.iter().any(|c| c.up.work == Work::Catalog) => {
            let columns: Vec<String> = key.iter().filter_map(KeyPart::as_column).map(str::to_owned).collect();
            (args, format!("UniqueConstraint({}, name={name})", list(&columns)))
        }
        // without these words partial keys stand for one
        Guard::Unique { nulls_not_distinct: true, .. }
            if !m.changes.iter().any(|c| c.up.sql.ends_with(" NULLS NOT DISTINCT;")) =>
        {
            return String::new();
        }
        Guard::Unique { key, predicate, nulls_not_distinct } => {
            (args, index(key, predicate.as_ref(), *nulls_not_distinct))
        }
        Guard::Rekey { key, predicate, replaced, .. } => {
            (format!("{args}, in place of {}", one_line(replaced)), index(key, Some(predicate), false))
        }
        Guard::Check { condition } => {
            let condition = literal(&bound(&condition.to_string()));
            (args, format!("CheckConstraint({condition}, name={name})"))
        }
        Guard::ForeignKey { columns, schema, table, referenced } => {
            let schema = if *schema == m.table.schema { String::new() } else { format!("{schema}.") };
            let targets: Vec<String> = referenced.iter().map(|r| format!("{schema}{table}.{r}")).collect();
            (args, format!("ForeignKeyConstraint([{}], [{}], name={name})", list(columns), list(&targets)))
        }
        Guard::NotNull { column } => (of_column(column), "nullable=False".to_owned()),
        Guard::Retype { column, data_type: "numeric", .. } => (of_column(column), "Numeric".to_owned()),
        Guard::PrimaryKey { .. } | Guard::Retype { .. } | Guard::Validate { .. } | Guard::Code { .. } => {
            return String::new();
        }
    };
    format!("#\n# For --autogenerate to leave it there, the model has to say so, too. In {place}:\n#     {line},\n")
}

/// What a function does. Alembic may run all revisions in one transaction: what takes long commits what was done before,
/// so that no lock is held meanwhile, and runs by itself. On CockroachDB every schema change does.
fn body(product: Product, work: Work, statements: &[String]) -> String {
    if statements.is_empty() {
        return "    pass\n".to_owned();
    }
    let own = |s: &str| {
        !matches!(product, Product::PostgreSql) || !matches!(work, Work::Catalog | Work::Verify) || !is_transactional(s)
    };
    let execute = |indent: &str, sql: &str| format!("{indent}op.execute({})\n", literal(&bound(sql)));
    let one = |s: &String| {
        let (start, indent, set, reset) = if own(s) {
            let set = if is_transactional(s) { limits(product, "SET") } else { patient(product) };
            ("    with op.get_context().autocommit_block():\n", "        ", set, limits(product, "RESET"))
        } else {
            ("", "    ", limits(product, "SET LOCAL"), Vec::new())
        };
        let all = set.iter().map(String::as_str).chain(each(s)).chain(reset.iter().map(String::as_str));
        all.fold(start.to_owned(), |out, sql| out + &execute(indent, sql))
    };
    statements.iter().map(one).collect()
}

/// SQL as SQLAlchemy's `text()`, through which Alembic sends it, has it: `:name` would be a parameter, `::type` is none.
/// Percent signs it doubles itself where a driver wants that. (`exec_driver_sql` would take any SQL as it is, but cannot
/// be written down by `alembic upgrade --sql`.)
fn bound(sql: &str) -> String {
    let has_name = sql.replace("::", "").contains(':');
    if has_name { sql.replace(':', "\\:") } else { sql.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn folder(files: &[(&str, &str)]) -> Folder {
        let mut folder = Folder::default();
        folder.files = files.iter().map(|(p, t)| (PathBuf::from(p), (*t).to_owned())).collect();
        folder
    }

    fn head(files: &[(&str, &str)]) -> Result<Option<String>> {
        revisions(&folder(files), Path::new("")).map(|(_, head)| head)
    }

    #[test]
    fn the_head_is_found() {
        let first = ("1.py", "revision = 'a'\ndown_revision = None\n");
        let second = ("2.py", "revision: str = \"b\"\ndown_revision: Union[str, None] = \"a\"\n");
        let third = ("3.py", "revision = 'c'\ndown_revision = 'a'\n");
        let merge = ("4.py", "revision = 'd'\ndown_revision = (\n    'b',\n    'c',\n)\n");
        assert_eq!(head(&[]).expect("none"), None);
        assert_eq!(head(&[first, second]).expect("one").as_deref(), Some("b"));
        assert_eq!(head(&[first, second, third, merge]).expect("one").as_deref(), Some("d"));
        let error = head(&[first, second, third]).expect_err("two heads");
        assert_eq!(error.to_string(), "the folder has several heads: b, c; run alembic merge heads first");
        assert!(head(&[first, ("5.py", first.1)]).is_err(), "one revision twice");
        assert!(head(&[("1.py", "revision = 'a'\ndown_revision = 'a'\n")]).is_err(), "a circle");
    }

    #[test]
    fn parameters_are_none() {
        assert_eq!(bound("'x'::regclass"), "'x'::regclass");
        assert_eq!(bound("a:b::c \\:d"), "a\\:b\\:\\:c \\\\:d");
    }
}
