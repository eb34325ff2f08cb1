use super::words::words;
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, Table, TypeFamily, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A key of text may be the empty text.
    ///
    /// ## What it finds
    /// Slugs, user names, codes and the like that are unique and NOT NULL, and so look safe, while `''` still passes. One
    /// row gets it: a form that was sent empty, a slug made from a title in another script. Its page has the address
    /// of the list, and the second row of that kind fails with an error about uniqueness that nobody understands.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// INSERT INTO page (slug) VALUES (slugify('日本'))  → ''
    ///                                                  INSERT INTO page (slug) VALUES (slugify('中国'))
    ///                                                  ERROR 23505: key (slug)=() already exists
    /// ```
    ///
    /// ## What it looks at
    /// The column's key and name, an empty default, and what sibling tables do. Low confidence, unless a default of `''`
    /// writes the empty key by itself or other tables guard theirs.
    ///
    /// ## When it is wrong
    /// Where the empty text is a value: the root of a tree of paths, the default site.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE page ADD CONSTRAINT … CHECK (slug <> '') NOT VALID;`, then `VALIDATE CONSTRAINT`, and drop the default.
    /// Django: `CheckConstraint(condition=~Q(slug=""), name=…)`; `blank=False` is for forms. Rails:
    /// `add_check_constraint :pages, "slug <> ''"`. SQLAlchemy: `CheckConstraint("slug <> ''")`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "empty-key-text", prior: w::EMPTY_PRIOR, needs: [UserTypes]
}

const ADDRESSES: [&str; 7] = ["slug", "username", "login", "handle", "sku", "email", "nickname"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(table.columns.iter().filter_map(|c| look(context, table, c)));
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let name = column.name.as_str();
    let keyed = table.unique_keys.iter().any(|k| k.key.len() == 1 && k.key.iter().all(|p| p.columns() == [name]));
    let own = column.generated.is_some() || table.references_of(name).next().is_some();
    if column.nullable || column.family() != TypeFamily::Text || !keyed || own {
        return None;
    }
    let empty = Expr::Text(String::new());
    let because = if column.default.as_ref().is_some_and(|d| *d.tree() == empty) {
        let text = format!("{name} is unique, and its default is the empty text: only one row can have it");
        Evidence::new(Source::Shape, w::EMPTY_DEFAULT, text)
    } else if let Some(word) = words(name).into_iter().next_back().filter(|w| ADDRESSES.contains(&w.as_str())) {
        Evidence::new(Source::Name, w::EMPTY_KEY, format!("nothing can be found under an empty {word}"))
    } else {
        return None;
    };
    let condition = Expression::new(Expr::compare(Comparison::Ne, Expr::column(name), empty));
    if check_implied(context.catalog, table, &condition) || super::checked_together(table, &[name]) {
        return None;
    }
    let message = format!("{}.{name} is a key, and may be empty.", table.label());
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Low, message, because);
    p.extend(siblings::check_elsewhere(context, table, &condition).filter(|e| e.weight > 0.0));
    Some(p)
}
