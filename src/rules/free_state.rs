use super::words::words;
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Expr, Expression, Table, TypeFamily, UserType, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A state is free text: any spelling of it is stored.
    ///
    /// ## What it finds
    /// Columns called state, status, kind, mode or the like that hold text or a number, where the schema itself says which
    /// values there are: in the column's comment, or in the CHECK or enum type of a column of that name elsewhere. Nothing
    /// is proposed where the values would have to be guessed.
    ///
    /// ## The race
    /// ```text
    /// old release, still running                       new release, rolling out
    /// UPDATE orders SET status = 'canceled' …
    ///                                                  SELECT … WHERE status = 'cancelled'  → not found
    ///                                                  the order that was called off is shipped
    /// ```
    ///
    /// ## What it looks at
    /// The name, the comment (`'draft', 'paid'`; `draft | paid`; `0: open, 1: closed`), the default, and the values that other
    /// tables allow. A default that is among the values speaks for them.
    ///
    /// ## When it is wrong
    /// Where the list is open (states that a partner sends, kinds that plug-ins add) or where the comment gives examples.
    /// A list in a CHECK has to be changed before the release that writes a new value.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE orders ADD CONSTRAINT … CHECK (status IN ('draft', 'paid')) NOT VALID;`, then `VALIDATE CONSTRAINT`.
    /// Django: `CheckConstraint(condition=Q(status__in=Status.values), name=…)`; `choices` alone is never enforced by the
    /// database. Rails: `add_check_constraint :orders, "status IN ('draft', 'paid')"`; an `enum` in the model is not one.
    /// SQLAlchemy: `Enum(Status, native_enum=False, create_constraint=True)`. Prisma: make it an `enum`.
    "free-state", prior: w::STATE_PRIOR, needs: [Comments, UserTypes]
}

const STATES: [&str; 10] =
    ["state", "status", "kind", "type", "mode", "stage", "phase", "visibility", "severity", "direction"];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(table.columns.iter().filter_map(|c| look(context, table, c)));
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let name = &column.name;
    let named = words(name).last().is_some_and(|w| STATES.contains(&w.as_str()));
    let typed = matches!(column.family(), TypeFamily::Text | TypeFamily::Integer);
    if !named || !typed || column.generated.is_some() || table.foreign_keys.iter().any(|f| f.columns.contains(name)) {
        return None;
    }
    let default = column.default.as_ref().map(|d| d.tree().clone());
    let known = |values: &[Expr]| default.as_ref().is_some_and(|d| values.contains(d));
    let listed = column.comment.as_deref().map(|c| listed(c, column.family())).filter(|v| v.len() > 1);
    let (values, because) = if let Some(values) = listed {
        let (weight, text) = if known(&values) {
            (w::STATE_COMMENT, "its comment lists the values, and its default is one of them")
        } else {
            (w::STATE_COMMENT_ONLY, "its comment lists the values")
        };
        (values, Evidence::new(Source::Comment, weight, text))
    } else {
        let (other, values) =
            siblings::with_columns(context, &[name]).filter(|t| !std::ptr::eq(*t, table)).find_map(|t| {
                let values = held_values(t, name).filter(|v| known(v))?;
                Some((t, values))
            })?;
        let text = format!("{} holds its {name} to values of which this one's default is one", other.label());
        (values, Evidence::new(Source::Siblings, w::STATE_SIBLING, text))
    };
    let condition = Expression::new(Expr::In(Box::new(Expr::column(name)), values, false));
    if check_implied(context.catalog, table, &condition) || super::checked_together(table, &[name]) {
        return None;
    }
    let message = format!("{}.{name} takes any value, also a misspelt one.", table.label());
    Some(Proposal::new(table, Guard::Check { condition }, Severity::Low, message, because))
}

/// The values to which `table` holds its column of that name, by a CHECK or an enum type.
fn held_values(table: &Table, name: &str) -> Option<Vec<Expr>> {
    if let Some(UserType::Enum { labels }) = &table.column(name)?.user_type {
        return Some(labels.iter().cloned().map(Expr::Text).collect());
    }
    table.checks.iter().find_map(|c| match c.expression.tree() {
        Expr::In(e, values, false) if **e == Expr::column(name) => Some(values.clone()),
        _ => None,
    })
}

/// The values that a comment lists: quoted, numbered, or between bars.
fn listed(comment: &str, family: TypeFamily) -> Vec<Expr> {
    let mut values: Vec<Expr> = if family == TypeFamily::Integer {
        // 0: open, 1 = closed
        let parts = comment.split([',', ';', '\n', '(', ')']);
        let numbered = parts.filter_map(|p| p.split_once([':', '=']).or_else(|| p.split_once(" - ")));
        let last_word = |t: &str| t.split_whitespace().next_back().map(str::to_owned);
        numbered
            .filter_map(|(n, meaning)| last_word(n).filter(|_| !meaning.trim().is_empty()))
            .filter(|n| n.parse::<i64>().is_ok())
            .map(Expr::Number)
            .collect()
    } else {
        let quoted = |mark: char| comment.split(mark).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let even = |mark: char| comment.matches(mark).count().is_multiple_of(2);
        let barred = comment.rsplit(':').next().unwrap_or(comment).split('|').map(|v| v.trim().to_owned());
        let lists = [('\'', even('\'')), ('"', even('"')), ('`', even('`'))];
        let found = lists.into_iter().filter(|(_, ok)| *ok).map(|(m, _)| quoted(m)).find(|v| v.len() > 1);
        found.unwrap_or_else(|| barred.collect()).into_iter().filter(|v| is_value(v)).map(Expr::Text).collect()
    };
    values.sort();
    values.dedup();
    values
}

fn is_value(text: &str) -> bool {
    !text.is_empty() && text.len() <= 40 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_for_lists_and_not_for_prose() {
        for (comment, family, values) in [
            ("One of 'draft', 'paid'", TypeFamily::Text, "'draft' 'paid'"),
            ("state: draft | paid | void", TypeFamily::Text, "'draft' 'paid' 'void'"),
            ("0: open, 1: closed", TypeFamily::Integer, "0 1"),
            ("status (0 = open; 1 = closed)", TypeFamily::Integer, "0 1"),
            ("The customer's state, as it says", TypeFamily::Text, ""),
            ("how it is, e.g. 'x'", TypeFamily::Text, ""),
            ("the state of the order", TypeFamily::Text, ""),
            ("seconds: since 1970", TypeFamily::Integer, ""),
        ] {
            let found = listed(comment, family);
            let found = if found.len() > 1 { found } else { Vec::new() };
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), values, "{comment}");
        }
    }
}
