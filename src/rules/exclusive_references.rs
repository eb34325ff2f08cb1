use std::collections::{BTreeMap, BTreeSet};

use super::words::{singular, words};
use super::{Context, Proposal, declare_rule, siblings, weights as w};
use crate::catalog::{Action, Catalog, Column, Comparison, Expr, Expression, ForeignKey, Table};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// A row belongs to one of several parents, and nothing stops it from belonging to both or to none.
    ///
    /// ## What it finds
    /// References of which each may be NULL because another takes its place: a price of a plan or of a subscription, a port
    /// on a device or on a module. Without a CHECK a row with none of them is an orphan that no join finds, and a row with
    /// both is counted, billed and deleted twice.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT plan_id, subscription_id …  → 7, NULL
    ///                                                  SELECT plan_id, subscription_id …  → 7, NULL
    /// UPDATE … SET subscription_id = 9, plan_id = NULL
    ///                                                  UPDATE … SET plan_id = 8     (an ORM writes what it changed)
    ///                                                  the row has plan 8 and subscription 9
    /// ```
    ///
    /// ## What it looks at
    /// Foreign keys on single columns that may be NULL and point at different tables; whether their names are variants of
    /// one (`plan_rate_card_id`, `subscription_rate_card_id`); whether one says the other already (a subscription has its
    /// plan, so a limit is set for the one or for the other); whether each has a unique key of its own with the same other
    /// columns; what sibling tables with both columns do. References that are emptied by ON DELETE SET NULL count against.
    ///
    /// ## When it is wrong
    /// Where both are simply optional, or where one is set later in the life of the row. Where none is allowed, the guard
    /// is the weaker `NOT (a IS NOT NULL AND b IS NOT NULL)`. References to people (`created_by`), tenants and content
    /// types are left alone, and so are tables with more than four references that may be NULL.
    ///
    /// ## How to fix it
    /// SQL, on every engine: `CHECK ((plan_id IS NULL) <> (subscription_id IS NULL))`; of more than two:
    /// `CHECK ((a IS NOT NULL)::integer + (b IS NOT NULL)::integer + (c IS NOT NULL)::integer = 1)`. PostgreSQL also has
    /// `num_nonnulls(a, b, c) = 1`. Django: `CheckConstraint(condition=Q(plan__isnull=True) ^ Q(subscription__isnull=True),
    /// name=…)`. Rails: `add_check_constraint :prices, "(plan_id IS NULL) <> (subscription_id IS NULL)"`.
    /// SQLAlchemy: `CheckConstraint("(plan_id IS NULL) <> (subscription_id IS NULL)")`.
    /// Prisma: has no CHECK; put the SQL into a migration made with `prisma migrate dev --create-only`.
    "exclusive-references", prior: w::EXCLUSIVE_PRIOR, needs: []
}

/// Words of references that say who, whose or what kind, and take nobody's place.
const ASIDE: [&str; 22] = [
    "by",
    "creator",
    "author",
    "editor",
    "tenant",
    "organization",
    "organisation",
    "workspace",
    "account",
    "user",
    "owner",
    "approver",
    "reviewer",
    "ctype",
    "role",
    "status",
    "category",
    "language",
    "default",
    "parent",
    "previous",
    "next",
];

/// First words that say what the reference is for, whatever it points at.
const ROLES: [&str; 5] = ["parent", "source", "target", "destination", "origin"];
/// A last word that more than one in so many of the schema's references have, says nothing (`…_model_id`).
const COMMON: usize = 5;

/// A reference that may be NULL, with the words of its name.
struct Reference<'a> {
    column: &'a Column,
    key: &'a ForeignKey,
    words: Vec<String>,
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    let common = common_words(context.catalog);
    for table in &context.catalog.tables {
        let mut all = references(table);
        for r in &mut all {
            r.words.retain(|w| !common.contains(w));
        }
        if !(2..=4).contains(&all.len()) {
            continue;
        }
        let mut groups: Vec<Vec<&Reference<'_>>> = Vec::new();
        for (i, a) in all.iter().enumerate() {
            for b in all.iter().skip(i + 1) {
                let has = |g: &[&Reference<'_>], r| g.iter().any(|m| same(m, r));
                if groups.iter().any(|g| has(g, a) && has(g, b)) {
                    continue;
                }
                match groups.iter_mut().find(|g| has(g, a) && g.iter().all(|r| variants(r, b))) {
                    Some(group) => group.push(b),
                    None => groups.push(vec![a, b]),
                }
            }
        }
        out.extend(groups.iter().filter_map(|g| look(context, table, g, all.len())));
    }
}

/// Last words of the names of references that say nothing, for too many have them.
fn common_words(catalog: &Catalog) -> BTreeSet<String> {
    let names: BTreeSet<&str> =
        catalog.tables.iter().flat_map(|t| &t.foreign_keys).flat_map(|f| &f.columns).map(String::as_str).collect();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for name in &names {
        if let Some(last) = own_words(name).pop() {
            *count.entry(last).or_default() += 1;
        }
    }
    count.into_iter().filter(|(_, n)| n * COMMON > names.len() && *n > 3).map(|(w, _)| w).collect()
}

fn own_words(column: &str) -> Vec<String> {
    let aside = |w: &String| matches!(w.as_str(), "id" | "fk" | "uuid");
    words(column).into_iter().filter(|w| !aside(w)).map(|w| singular(&w)).collect()
}

fn same(a: &Reference<'_>, b: &Reference<'_>) -> bool {
    a.column.name == b.column.name
}

fn references(table: &Table) -> Vec<Reference<'_>> {
    let candidates = table.columns.iter().filter(|c| c.nullable && c.default.is_none() && c.generated.is_none());
    candidates
        .filter_map(|column| {
            let key = table.foreign_keys.iter().find(|f| f.columns.as_slice() == [column.name.as_str()])?;
            let own = own_words(&column.name);
            let content = key.referenced_table.contains("content_type");
            let aside = own.len() < 3
                && own.iter().any(|w| ASIDE.contains(&w.as_str()))
                && own.first() != Some(&"parent".to_owned());
            let to_itself = key.referenced_table == table.name;
            (!content && !aside && !to_itself).then_some(Reference { column, key, words: own })
        })
        .collect()
}

/// `plan_rate_card` and `subscription_rate_card`, `prediction` and `failed_prediction`, `source_payment` and `source_credit`.
fn variants(a: &Reference<'_>, b: &Reference<'_>) -> bool {
    let head = a.words.last().is_some() && a.words.last() == b.words.last() && a.words != b.words;
    let role = a.words.len() > 1 && a.words.first() == b.words.first();
    let role = role && a.words.first().is_some_and(|w| ROLES.contains(&w.as_str()));
    (head || role) && a.key.referenced_table != b.key.referenced_table
}

fn look(context: &Context<'_>, table: &Table, group: &[&Reference<'_>], optional: usize) -> Option<Proposal> {
    let names: Vec<&str> = group.iter().map(|r| r.column.name.as_str()).collect();
    let targets = group.iter().map(|r| &r.key.referenced_table).collect::<BTreeSet<_>>();
    if targets.len() < group.len() || super::checked_together(table, &names) {
        return None;
    }
    let condition = exactly_one(&names);
    let listed = names.join(", ");
    let message = format!("{}: a row can have several of {listed}, or none.", table.label());
    let fact = Evidence::new(Source::Shape, 0.0, format!("{listed} point at different tables and may all be NULL"));
    let mut p = Proposal::new(table, Guard::Check { condition: condition.clone() }, Severity::Medium, message, fact);
    if group.iter().enumerate().all(|(i, a)| group.iter().skip(i + 1).all(|b| variants(a, b))) {
        p.add(Evidence::new(Source::Name, w::EXCLUSIVE_NAMES, format!("{listed} are variants of one name")));
    }
    let may_be_null = |f: &&ForeignKey| f.columns.iter().all(|c| table.column(c).is_some_and(|c| c.nullable));
    if let ([a, b], 2) = (group, table.foreign_keys.iter().filter(may_be_null).count())
        && let Some((lower, upper)) = levels(context.catalog, a, b)
    {
        let text = format!("rows of {lower} are within one of {upper} already: one of the two is enough");
        p.add(Evidence::new(Source::Shape, w::EXCLUSIVE_LEVELS, text));
    }
    if optional == group.len() {
        p.add(Evidence::new(Source::Shape, w::EXCLUSIVE_ONLY, "no other reference of the table may be NULL"));
    }
    if parallel_keys(table, &names) {
        let text = "each of them has a unique key with the same other columns".to_owned();
        p.add(Evidence::new(Source::Shape, w::EXCLUSIVE_KEYS, text));
    }
    if group.iter().any(|r| r.key.on_delete == Action::SetNull) {
        p.add(Evidence::new(Source::Shape, w::EXCLUSIVE_CLEARED, "ON DELETE SET NULL makes NULL mean that it is gone"));
    }
    p.extend(siblings::together_elsewhere(context, table, &names));
    Some(p)
}

/// The tables that the two point at, if rows of the first are always within one of the second: a subscription and its plan.
fn levels<'a>(catalog: &Catalog, a: &Reference<'a>, b: &Reference<'a>) -> Option<(&'a str, &'a str)> {
    let within = |lower: &ForeignKey, upper: &ForeignKey| {
        let Some(table) = catalog.table(&lower.referenced_schema, &lower.referenced_table) else { return false };
        let required = |f: &ForeignKey| f.columns.iter().all(|c| table.column(c).is_some_and(|c| !c.nullable));
        let to_upper = |f: &&ForeignKey| {
            (&f.referenced_schema, &f.referenced_table) == (&upper.referenced_schema, &upper.referenced_table)
        };
        table.foreign_keys.iter().filter(to_upper).any(required)
    };
    let both = [(a.key, b.key), (b.key, a.key)];
    let (lower, upper) = both.into_iter().find(|(lower, upper)| within(lower, upper))?;
    Some((&lower.referenced_table, &upper.referenced_table))
}

/// Every one of the columns is in a key, and the keys differ in that column alone.
fn parallel_keys(table: &Table, names: &[&str]) -> bool {
    let keys: Vec<BTreeSet<&str>> =
        table.unique_keys.iter().filter_map(|k| k.plain_columns()).map(|c| c.into_iter().collect()).collect();
    let rest = |name: &str| -> Vec<BTreeSet<&str>> {
        let with = keys.iter().filter(|k| k.len() > 1 && k.contains(name));
        with.map(|k| k.iter().copied().filter(|c| *c != name).collect()).collect()
    };
    let Some((first, others)) = names.split_first() else { return false };
    rest(first).iter().any(|r| names.iter().all(|n| !r.contains(n)) && others.iter().all(|o| rest(o).contains(r)))
}

fn exactly_one(names: &[&str]) -> Expression {
    let null = |c: &str, not| Expr::IsNull(Box::new(Expr::column(c)), not);
    let counted = |c: &str| Expr::Cast(Box::new(null(c, true)), "integer".into());
    Expression::new(match names {
        [a, b] => Expr::compare(Comparison::Ne, null(a, false), null(b, false)),
        _ => {
            let mut all = names.iter().map(|c| counted(c));
            let first = all.next().unwrap_or(Expr::Null);
            let sum = all.fold(first, |sum, c| Expr::Binary("+".into(), Box::new(sum), Box::new(c)));
            Expr::compare(Comparison::Eq, sum, Expr::Number("1".into()))
        }
    })
}
