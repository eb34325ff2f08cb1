use super::words::words;
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Expr, Expression, KeyPart, Table, TypeFamily, UniqueKey};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A UNIQUE key tells upper and lower case apart where the application does not.
    ///
    /// ## What it finds
    /// Keys on text, such as `UNIQUE (email)`, beside an index on `lower(email)`, or in a schema whose other tables keep that
    /// name unique without regard to case (`lower()`, `upper()`, citext). The key lets `Ann@x.org` in beside
    /// `ann@x.org`; the lookup finds either of them, and a password reset goes to the wrong one.
    ///
    /// ## The race
    /// ```text
    /// session A                                            session B
    /// SELECT … WHERE lower(email) = 'ann@x.org'  → none
    ///                                                      SELECT … WHERE lower(email) = 'ann@x.org'  → none
    /// INSERT (email) VALUES ('ann@x.org')  → ok
    ///                                                      INSERT (email) VALUES ('Ann@x.org')  → ok: another text
    /// ```
    ///
    /// ## What it looks at
    /// Indexes of the table over `lower()` or `upper()` of the column, and keys of other tables on columns of that name. A
    /// column that is citext, or that a CHECK holds to lower case, is safe. The name alone (email, username) gives low
    /// confidence, for most applications fold the case before they write.
    ///
    /// ## When it is wrong
    /// Codes, tokens and paths, in which case carries meaning.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON account (lower(email))`; on CockroachDB before 21.2, which has no keys over expressions,
    /// a computed column `AS (lower(email)) STORED` with a unique index. Django: `UniqueConstraint(Lower("email"), name=…)`.
    /// Rails: `add_index :accounts, "lower(email)", unique: true`. SQLAlchemy: `Index(…, func.lower(t.c.email), unique=True)`.
    /// Prisma: `@db.Citext` on PostgreSQL; elsewhere put the SQL into a migration made with `--create-only`.
    "case-sensitive-key", prior: w::CASE_PRIOR, needs: [UserTypes]
}

/// Names that people type with any case.
const TYPED: [&str; 4] = ["email", "username", "login", "nickname"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        for key in table.unique_keys.iter().filter(|k| k.valid) {
            let parts = key.plain_columns().into_iter().flatten();
            out.extend(parts.filter_map(|c| table.column(c)).filter_map(|c| look(context, table, key, c)));
        }
    }
}

fn look(context: &Context<'_>, table: &Table, key: &UniqueKey, column: &Column) -> Option<Proposal> {
    let name = column.name.as_str();
    let folded = |sides: &Expr| matches!(sides, Expr::Compare(_, a, b) if [a, b].iter().any(|e| folds(e, name)));
    if !sensitive(column) || table.checks.iter().any(|c| folded(c.expression.tree())) {
        return None;
    }
    // (email, code) is the key of a code that was sent, and not of an address
    let rest = key.key.iter().filter_map(KeyPart::as_column).filter(|c| *c != name);
    if rest.into_iter().any(|c| table.references_of(c).next().is_none() && !words(c).iter().any(|w| w == "id")) {
        return None;
    }
    let indexed = table.indexes.iter().find(|i| i.key.iter().any(|p| part_folds(p, name)));
    let mut reasons = Vec::new();
    if let Some(index) = indexed {
        let text = format!("index {} is for looking {name} up without regard to case", index.name);
        reasons.push(Evidence::new(Source::Shape, w::CASE_INDEX, text));
    }
    let named = [name];
    let others = siblings::with_columns(context, &named).filter(|t| !std::ptr::eq(*t, table));
    let keyed: Vec<bool> = others.filter_map(|t| insensitively_keyed(t, name)).collect();
    let folding = keyed.iter().filter(|f| **f).count();
    if folding > 0 {
        let weight = w::CASE_SIBLINGS * folding as f64 / keyed.len() as f64;
        let text = format!("{folding} of {} other tables with a key on {name} disregard case in it", keyed.len());
        reasons.push(Evidence::new(Source::Siblings, weight, text));
    }
    if words(name).last().is_some_and(|w| TYPED.contains(&w.as_str())) {
        reasons.push(Evidence::new(Source::Name, w::CASE_WORD, format!("people type {name} in any case")));
    }
    let mut reasons = reasons.into_iter();
    let first = reasons.next()?;
    let lower = |c: &str| Expression::new(Expr::Call("lower".into(), vec![Expr::column(c)]));
    let folded = |p: &KeyPart| if p.as_column() == Some(name) { KeyPart::Expression(lower(name)) } else { p.clone() };
    let guard = Guard::Unique {
        key: key.key.iter().map(folded).collect(),
        predicate: key.predicate.clone(),
        nulls_not_distinct: false,
    };
    let message =
        format!("Unique key {} lets {}.{name} in twice, in upper and in lower case.", key.name, table.label());
    Some(Proposal::new(table, guard, Severity::Medium, message, first).and(reasons))
}

fn sensitive(column: &Column) -> bool {
    column.family() == TypeFamily::Text && !column.data_type.contains("citext") && column.user_type.is_none()
}

fn folds(e: &Expr, column: &str) -> bool {
    matches!(e, Expr::Call(f, args) if (f == "lower" || f == "upper") && args.as_slice() == [Expr::column(column)])
}

fn part_folds(part: &KeyPart, column: &str) -> bool {
    matches!(part, KeyPart::Expression(e) if folds(e.tree(), column))
}

/// Whether the table keeps the column unique without regard to case; `None` if it has no key on it.
fn insensitively_keyed(table: &Table, name: &str) -> Option<bool> {
    let column = table.column(name).filter(|c| c.family() == TypeFamily::Text)?;
    let keys = || table.unique_keys.iter().filter(|k| k.key.iter().any(|p| p.columns().contains(&name)));
    keys().next()?;
    Some(!sensitive(column) || keys().any(|k| k.key.iter().any(|p| part_folds(p, name))))
}
