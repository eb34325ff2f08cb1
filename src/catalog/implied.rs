//! Is a guard already there, or made unnecessary by another? A proposal that is implied is never made.

use std::collections::BTreeSet;

use super::{Catalog, Comparison, Expr, Expression, KeyPart, Table, TypeFamily, UniqueKey, UserType};

/// The columns that a key element comes down to; a generated column counts as those that it is made from, too.
fn sources<'a>(table: &'a Table, part: &'a KeyPart) -> BTreeSet<&'a str> {
    part.columns().into_iter().collect::<BTreeSet<_>>().into_iter().map(|c| base_of(table, c)).fold(
        BTreeSet::new(),
        |mut all, next| {
            all.extend(next);
            all
        },
    )
}

fn base_of<'a>(table: &'a Table, column: &'a str) -> Vec<&'a str> {
    match table.column(column).and_then(|c| c.generated.as_ref()) {
        Some(e) if !e.columns().is_empty() => e.columns(),
        _ => vec![column],
    }
}

/// A key over fewer columns, or over a function of them, lets less through: equal columns make equal keys.
fn covers(table: &Table, key: &[KeyPart], columns: &BTreeSet<&str>) -> bool {
    !key.is_empty()
        && key.iter().all(|part| {
            // the column itself is proposed, or all that it is computed from
            part.columns().iter().all(|c| columns.contains(c)) || sources(table, part).is_subset(columns)
        })
}

/// A unique key over `columns` (for the rows of `predicate`) is implied by the primary key, by another key over a
/// subset of the columns or a function of them, or by an exclusion constraint that only compares for equality.
///
/// `nulls_matter`: the proposal also wants NULLs kept apart, so a key with NULLable columns does not count.
pub fn unique_implied(table: &Table, columns: &[&str], predicate: Option<&Expression>, nulls_matter: bool) -> bool {
    let wanted: BTreeSet<&str> = columns.iter().copied().collect();
    let primary = table.primary_key.as_ref().is_some_and(|k| {
        !k.columns.is_empty() && k.columns.iter().all(|c| base_of(table, c).iter().all(|b| wanted.contains(b)))
    });
    let within = |inner: Option<&Expression>| match (inner, predicate) {
        (None, _) => true,
        (Some(theirs), Some(ours)) => predicate_implies(ours, theirs),
        (Some(_), None) => false,
    };
    let not_null = |key: &UniqueKey| {
        key.nulls_not_distinct
            || key.key.iter().all(|p| match p {
                KeyPart::Column(c) => {
                    table.column(c).is_some_and(|c| !c.nullable) || predicate.is_some_and(|p| excludes_null(p, c))
                }
                KeyPart::Expression(e) => never_null(table, e.tree()),
            })
    };
    primary
        || table.unique_keys.iter().any(|k| {
            k.valid && covers(table, &k.key, &wanted) && within(k.predicate.as_ref()) && (!nulls_matter || not_null(k))
        })
        || table.exclusions.iter().any(|x| {
            let key: Vec<KeyPart> = x.elements.iter().map(|(part, _)| part.clone()).collect();
            x.elements.iter().all(|(_, op)| op == "=") && covers(table, &key, &wanted) && within(x.predicate.as_ref())
        })
}

/// A unique key over expressions is implied only by one whose elements are all among its own: `lower(email)` is not
/// implied by `email`. A generated column stands for its expression.
pub fn expression_key_implied(table: &Table, key: &[KeyPart], predicate: Option<&Expression>) -> bool {
    let element = |part: &KeyPart| match part {
        KeyPart::Column(c) => {
            table.column(c).and_then(|c| c.generated.clone()).unwrap_or(Expression::new(Expr::column(c)))
        }
        KeyPart::Expression(e) => e.clone(),
    };
    let wanted: Vec<Expression> = key.iter().map(element).collect();
    table.unique_keys.iter().any(|k| {
        let rows = match (&k.predicate, predicate) {
            (None, _) => true,
            (Some(theirs), Some(ours)) => predicate_implies(ours, theirs),
            (Some(_), None) => false,
        };
        k.valid && rows && !k.key.is_empty() && k.key.iter().all(|p| wanted.contains(&element(p)))
    })
}

fn excludes_null(predicate: &Expression, column: &str) -> bool {
    let not_null = Expr::IsNull(Box::new(Expr::column(column)), true);
    match predicate.tree() {
        Expr::And(all) => all.contains(&not_null),
        one => *one == not_null,
    }
}

fn never_null(table: &Table, e: &Expr) -> bool {
    match e {
        Expr::Column(c) => table.column(c).is_some_and(|c| !c.nullable),
        Expr::Null => false,
        Expr::Call(name, args) if name == "coalesce" => args.iter().any(|a| never_null(table, a)),
        Expr::Call(_, args) => args.iter().all(|a| never_null(table, a)),
        Expr::Cast(e, _) => never_null(table, e),
        Expr::IsNull(..) | Expr::Number(_) | Expr::Text(_) | Expr::Bool(_) => true,
        _ => false,
    }
}

/// As index predicates (which NULL does not pass): every row of `a` is one of `b`.
fn predicate_implies(a: &Expression, b: &Expression) -> bool {
    fn go(a: &Expr, b: &Expr) -> bool {
        match (a, b) {
            (a, b) if a == b => true,
            (_, Expr::And(all)) => all.iter().all(|b| go(a, b)),
            (Expr::Or(any), _) => any.iter().all(|a| go(a, b)),
            (Expr::And(all), _) => all.iter().any(|a| go(a, b)),
            (_, Expr::Or(any)) => any.iter().any(|b| go(a, b)),
            // a comparison that is true has no NULL operand
            (Expr::Compare(_, x, y), Expr::IsNull(e, true)) => e == x || e == y,
            // NULL never matters between comparisons here: what is true is not NULL
            (Expr::Compare(..) | Expr::In(..), Expr::Compare(..) | Expr::In(..)) => a.implies(b),
            _ => false,
        }
    }
    go(a.tree(), b.tree())
}

/// A CHECK is implied by the table's other checks taken together, by a domain, by an enum type, by a boolean type, or
/// by a foreign key to a column on which the same condition holds.
pub fn check_implied(catalog: &Catalog, table: &Table, condition: &Expression) -> bool {
    holds(catalog, table, condition, 3)
}

fn holds(catalog: &Catalog, table: &Table, condition: &Expression, depth: u8) -> bool {
    let whole = whole_bounds(table, condition);
    let condition = &whole;
    let facts: Vec<Expression> =
        facts(table, condition).iter().map(|f| whole_bounds(table, &without_defaults(f))).collect();
    let and = Expression::new(Expr::And(facts.iter().map(|f| f.tree().clone()).collect()));
    if and.implies(condition) || by_chain(table, &facts, condition) {
        return true;
    }
    // a value that has to be one of another table's obeys that table's checks
    let columns = condition.columns();
    let [column] = columns.as_slice() else {
        return false;
    };
    depth > 0
        && table.foreign_keys.iter().filter(|f| f.validated).any(|f| {
            let place = f.columns.iter().position(|c| c == column);
            let there = place.and_then(|i| f.referenced_columns.get(i));
            let target = catalog.table(&f.referenced_schema, &f.referenced_table);
            match (there, target) {
                (Some(there), Some(target)) => holds(catalog, target, &condition.rename(column, there), depth - 1),
                _ => false,
            }
        })
}

/// Strict bounds on integer columns as the inclusive ones that they are: `port < 65536` is `port <= 65535`.
fn whole_bounds(table: &Table, e: &Expression) -> Expression {
    let integer = |c: &str| table.column(c).is_some_and(|c| c.family() == TypeFamily::Integer);
    Expression::new(e.tree().clone().map(&|node| match &node {
        Expr::Compare(op @ (Comparison::Lt | Comparison::Gt), subject, bound) => match (&**subject, &**bound) {
            (Expr::Column(c), Expr::Number(n)) if integer(c) => {
                let (op, step) = if *op == Comparison::Lt { (Comparison::Le, -1) } else { (Comparison::Ge, 1) };
                match n.parse::<i64>().ok().and_then(|n| n.checked_add(step)) {
                    Some(n) => Expr::Compare(op, subject.clone(), Box::new(Expr::Number(n.to_string()))),
                    None => node,
                }
            }
            _ => node,
        },
        _ => node,
    }))
}

/// A check on `coalesce(n, 0)` as one on `n`: NULL passes a check, and where it does not, less passes.
fn without_defaults(e: &Expression) -> Expression {
    let inner = |e: &Expr| match e {
        Expr::Call(f, args) if f == "coalesce" => match args.as_slice() {
            [Expr::Column(c), Expr::Number(_) | Expr::Text(_)] => Some(Box::new(Expr::column(c))),
            _ => None,
        },
        _ => None,
    };
    fn go(e: &Expr, inner: &impl Fn(&Expr) -> Option<Box<Expr>>) -> Expr {
        match e {
            // not below NOT and the like, where less would become more
            Expr::And(all) => Expr::And(all.iter().map(|e| go(e, inner)).collect()),
            Expr::Or(any) => Expr::Or(any.iter().map(|e| go(e, inner)).collect()),
            Expr::Compare(op, a, b) if matches!(**b, Expr::Number(_) | Expr::Text(_)) => {
                Expr::Compare(*op, inner(a).unwrap_or_else(|| a.clone()), b.clone())
            }
            other => other.clone(),
        }
    }
    Expression::new(go(e.tree(), &inner))
}

/// All that the engine holds true about the columns of `condition`.
fn facts(table: &Table, condition: &Expression) -> Vec<Expression> {
    // a check that is not validated holds for new rows: it is there, and another rule asks for its validation
    let mut facts: Vec<Expression> = table.checks.iter().filter(|c| c.enforced).map(|c| c.expression.clone()).collect();
    for name in condition.columns() {
        match table.column(name).and_then(|c| c.user_type.as_ref()) {
            Some(UserType::Domain { checks, .. }) => {
                facts.extend(checks.iter().map(|c| c.expression.rename("value", name)));
            }
            Some(UserType::Enum { labels }) => {
                let labels = labels.iter().cloned().map(Expr::Text).collect();
                facts.push(Expression::new(Expr::In(Box::new(Expr::column(name)), labels, false)));
            }
            None => {}
        }
    }
    facts
}

/// `a <= b` and `a >= 0` make `b >= 0`, if `a` is never NULL.
fn by_chain(table: &Table, facts: &[Expression], condition: &Expression) -> bool {
    let Expr::Compare(op @ (Comparison::Ge | Comparison::Gt | Comparison::Le | Comparison::Lt), subject, bound) =
        condition.tree()
    else {
        return false;
    };
    let lower = matches!(op, Comparison::Ge | Comparison::Gt);
    facts.iter().flat_map(|f| conjuncts(f.tree())).any(|f| match f {
        // canonical form points left to right: small < large
        Expr::Compare(Comparison::Lt | Comparison::Le, small, large) => {
            let (mine, other) = if lower { (large, small) } else { (small, large) };
            let Expr::Column(name) = &**other else { return false };
            mine == subject && table.column(name).is_some_and(|c| !c.nullable) && {
                let same = Expression::new(Expr::Compare(*op, other.clone(), bound.clone()));
                facts.iter().any(|f| f.implies(&same))
            }
        }
        _ => false,
    })
}

fn conjuncts(e: &Expr) -> Vec<&Expr> {
    match e {
        Expr::And(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// NOT NULL is implied by the column itself, its domain, the primary key, or a check.
pub fn not_null_implied(table: &Table, column: &str) -> bool {
    let Some(c) = table.column(column) else {
        return false;
    };
    let wanted = Expr::IsNull(Box::new(Expr::column(column)), true);
    !c.nullable
        || table.in_primary_key(column)
        || matches!(&c.user_type, Some(UserType::Domain { not_null: true, .. }))
        || table.checks.iter().any(|k| k.enforced && k.validated && conjuncts(k.expression.tree()).contains(&&wanted))
}

/// A foreign key on exactly these columns is there already, to whatever target.
pub fn foreign_key_implied(table: &Table, columns: &[&str]) -> bool {
    table.foreign_keys.iter().any(|f| f.columns == columns)
}

#[cfg(test)]
mod tests {
    use super::super::{Check, Column, ForeignKey, PrimaryKey};
    use super::*;

    fn table(columns: &[&str]) -> Table {
        let column = |n: &&str| Column { name: (*n).into(), data_type: "bigint".into(), ..Column::default() };
        Table {
            schema: "public".into(),
            name: "t".into(),
            columns: columns.iter().map(column).collect(),
            ..Table::default()
        }
    }

    fn key(parts: &[&str], predicate: Option<&str>) -> UniqueKey {
        let part = |p: &&str| match Expression::parse(p) {
            e if matches!(e.tree(), Expr::Column(_)) => KeyPart::Column((*p).into()),
            e => KeyPart::Expression(e),
        };
        let predicate = predicate.map(Expression::parse);
        UniqueKey { key: parts.iter().map(part).collect(), predicate, valid: true, ..UniqueKey::default() }
    }

    fn check(sql: &str) -> Check {
        Check { name: "c".into(), expression: Expression::parse(sql), validated: true, enforced: true }
    }

    #[test]
    fn a_stricter_key_implies_a_wider_one() {
        let mut t = table(&["a", "b", "email"]);
        t.primary_key = Some(PrimaryKey { name: "pk".into(), columns: vec!["a".into()] });
        assert!(unique_implied(&t, &["a", "b"], None, false), "primary key");
        assert!(!unique_implied(&t, &["b"], None, false));
        t.unique_keys = vec![key(&["lower(email)"], None)];
        assert!(unique_implied(&t, &["email"], None, false), "an expression over the column is stricter");
        t.unique_keys = vec![key(&["b"], Some("email IS NULL"))];
        assert!(!unique_implied(&t, &["b"], None, false), "a partial key does not imply a full one");
        let wanted = Expression::parse("email IS NULL AND a > 0");
        assert!(unique_implied(&t, &["b"], Some(&wanted), false), "but a narrower partial one");
        t.unique_keys[0].valid = false;
        assert!(!unique_implied(&t, &["b"], Some(&wanted), false), "not if the index is invalid");
    }

    #[test]
    fn a_nullable_key_does_not_keep_nulls_apart() {
        let mut t = table(&["a", "b"]);
        t.columns[1].nullable = true;
        t.unique_keys = vec![key(&["a", "b"], None)];
        assert!(unique_implied(&t, &["a", "b"], None, false));
        assert!(!unique_implied(&t, &["a", "b"], None, true));
        t.unique_keys = vec![key(&["a", "coalesce(b, 0)"], None)];
        assert!(unique_implied(&t, &["a", "b"], None, true));
    }

    #[test]
    fn checks_come_from_everywhere() {
        let mut parent = table(&["seats"]);
        parent.name = "parent".into();
        parent.checks = vec![check("seats BETWEEN 0 AND 9")];
        let mut t = table(&["seats", "total", "state", "count", "quantity"]);
        t.checks = vec![check("coalesce(count, 0) >= 0"), check("quantity > -1")];
        t.foreign_keys = vec![ForeignKey {
            columns: vec!["seats".into()],
            referenced_schema: "public".into(),
            referenced_table: "parent".into(),
            referenced_columns: vec!["seats".into()],
            validated: true,
            ..ForeignKey::default()
        }];
        t.columns[2].user_type = Some(UserType::Enum { labels: vec!["a".into(), "b".into()] });
        t.columns[1].user_type =
            Some(UserType::Domain { base: "bigint".into(), not_null: false, checks: vec![check("value > 0")] });
        let catalog = Catalog { tables: vec![parent, t.clone()], ..Catalog::default() };
        for (condition, implied) in [
            ("seats >= 0", true),
            ("seats >= 1", false),
            ("seats > -1", true),
            ("seats < 10", true),
            ("seats < 9", false),
            ("total >= 0", true),
            ("state IN ('a', 'b', 'c')", true),
            ("state IN ('a')", false),
            ("count >= 0", true),
            ("count >= 1", false),
            ("quantity >= 0", true),
            ("quantity >= 1", false),
        ] {
            assert_eq!(check_implied(&catalog, &t, &Expression::parse(condition)), implied, "{condition}");
        }
        t.checks = vec![check("seats <= total")];
        t.columns[1].user_type = None;
        t.checks.push(check("seats >= 0"));
        assert!(check_implied(&catalog, &t, &Expression::parse("total >= 0")), "by way of seats <= total");
    }
}
