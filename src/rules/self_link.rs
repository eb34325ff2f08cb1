use super::words::{singular, words};
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, ForeignKey, Table, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A row links two rows of one table, and may link a row to itself.
    ///
    /// ## What it finds
    /// Two references of one row to the same table that are the ends of a link: follower and followed, parent and child,
    /// ticket and what it depends on, product and recommendation, without a CHECK that they differ. A user who follows
    /// itself is a nuisance. A task that waits for itself is never done, a group that is its own member is a recursion
    /// without an end, and a transfer from an account to itself passes every check of the balance and moves nothing.
    ///
    /// ## The race
    /// ```text
    /// session A                                            session B
    /// INSERT INTO dependency (ticket_id, depends_on_id)
    ///   VALUES (3, 8)                 (3 <> 8, fine)
    ///                                                      ticket 8 turns out to be ticket 3 once more:
    ///                                                      UPDATE dependency SET depends_on_id = 3 WHERE depends_on_id = 8
    ///                                                      3 waits for 3, is never done, and nobody is told
    /// ```
    ///
    /// A form keeps the two apart. Merging, importing and moving rows go round the form.
    ///
    /// ## What it looks at
    /// Required references on single columns that point at the same table; whether the table needs other references; whether
    /// the names say the two ends of a link; what sibling tables with both columns do.
    ///
    /// ## When it is wrong
    /// Where one row may take both parts: a message to oneself, the author who is also the editor, a word translated into its
    /// own language. Such names count against. A longer ring (A waits for B, B for A) is beyond a CHECK.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE dependency ADD CONSTRAINT … CHECK (ticket_id <> depends_on_id) NOT VALID;`, then
    /// `VALIDATE CONSTRAINT`. Django: `CheckConstraint(condition=~Q(ticket=F("depends_on")), name=…)`. Rails:
    /// `add_check_constraint :dependencies, "ticket_id <> depends_on_id"`. SQLAlchemy:
    /// `CheckConstraint("ticket_id <> depends_on_id")`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "self-link", prior: w::SELF_LINK_PRIOR, needs: []
}

/// Words that say the two ends of a link, one each.
const ENDS: [(&str, &str); 12] = [
    ("from", "to"),
    ("source", "target"),
    ("source", "destination"),
    ("subject", "object"),
    ("parent", "child"),
    ("ancestor", "descendant"),
    ("parent", "descendant"),
    ("inbound", "outbound"),
    ("predecessor", "successor"),
    ("follower", "followed"),
    ("blocker", "blocked"),
    ("primary", "recommendation"),
];
/// Words of the second end, where the first is called after the table alone.
const OTHER_END: [&str; 9] =
    ["linked", "related", "depends", "dependent", "target", "member", "parent", "blocked", "followed"];
/// Words of people who do something, and of kinds: one may well be both.
const PARTS: [&str; 20] = [
    "by",
    "creator",
    "updater",
    "author",
    "editor",
    "owner",
    "sender",
    "recipient",
    "purchaser",
    "buyer",
    "seller",
    "approver",
    "reviewer",
    "assignee",
    "proposer",
    "candidate",
    "banner",
    "type",
    "language",
    "currency",
];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let references: Vec<(&Column, &ForeignKey)> = references(table).collect();
        for (i, (a, to)) in references.iter().enumerate() {
            let others = references.iter().skip(i + 1).filter(|(b, other)| a.name != b.name && same_target(to, other));
            let others: Vec<&Column> = others.map(|(b, _)| *b).collect();
            out.extend(others.into_iter().filter_map(|b| look(context, table, a, b)));
        }
    }
}

/// Required references on single columns that are not what the row is: the primary key of an extension refers, too.
fn references(table: &Table) -> impl Iterator<Item = (&Column, &ForeignKey)> {
    table.foreign_keys.iter().filter_map(|f| {
        let [column] = f.columns.as_slice() else { return None };
        let is_row = table.primary_key.as_ref().is_some_and(|k| k.columns == f.columns);
        table.column(column).filter(|c| !c.nullable && !is_row).map(|c| (c, f))
    })
}

fn same_target(a: &ForeignKey, b: &ForeignKey) -> bool {
    (&a.referenced_schema, &a.referenced_table, &a.referenced_columns)
        == (&b.referenced_schema, &b.referenced_table, &b.referenced_columns)
}

fn look(context: &Context<'_>, table: &Table, a: &Column, b: &Column) -> Option<Proposal> {
    let condition = Expression::new(Expr::compare(Comparison::Ne, Expr::column(&a.name), Expr::column(&b.name)));
    if check_implied(context.catalog, table, &condition) || super::checked_together(table, &[&a.name, &b.name]) {
        return None;
    }
    let target = &table.references_of(&a.name).next()?.referenced_table;
    let message = format!("{} can link a row of {target} to itself.", table.label());
    let fact = Evidence::new(Source::Shape, 0.0, format!("{} and {} point at the same table", a.name, b.name));
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Low, message, fact);
    if references(table).count() == 2 {
        let text = format!("{} needs no other references: its rows are links", table.label());
        p.add(Evidence::new(Source::Shape, w::SELF_LINK_ONLY, text));
    }
    if are_ends(&a.name, &b.name) {
        let text = format!("{} and {} are the ends of a link", a.name, b.name);
        p.add(Evidence::new(Source::Name, w::SELF_LINK_ROLES, text));
    }
    if references(table).filter(|(_, f)| &f.referenced_table == target).count() > 2 {
        let text = format!("more than two columns point at {target}: they say who had which part");
        p.add(Evidence::new(Source::Shape, w::SELF_LINK_MANY, text));
    }
    let of_both = || words(&a.name).into_iter().chain(words(&b.name));
    let of_target = words(target).into_iter().map(|w| singular(&w));
    if let Some(word) = of_both().chain(of_target).find(|w| PARTS.contains(&w.as_str())) {
        let text = format!("\"{word}\": one may well be both");
        p.add(Evidence::new(Source::Name, w::SELF_LINK_ACTORS, text));
    }
    p.extend(siblings::check_elsewhere(context, table, &condition).filter(|e| e.weight > 0.0));
    Some(p)
}

/// `from_user_id` and `to_user_id`, `entity0` and `entity1`, `product_id` and `linked_product_id`.
fn are_ends(a: &str, b: &str) -> bool {
    let numbered = |n: &str| n.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (a_words, b_words) = (words(a), words(b));
    let has = |list: &[String], word: &str| list.iter().any(|w| w == word);
    let named = ENDS.iter().any(|(x, y)| has(&a_words, x) && has(&b_words, y) || has(&a_words, y) && has(&b_words, x));
    let other = |of: &[String], than: &[String]| OTHER_END.iter().any(|w| has(of, w) && !has(than, w));
    let same_stem = numbered(a) < a.len() && a.get(..numbered(a)) == b.get(..numbered(b)) && a != b;
    named || same_stem || other(&a_words, &b_words) || other(&b_words, &a_words)
}
