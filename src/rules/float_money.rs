use super::words::{singular, words};
use super::{Context, Proposal, declare_rule, weights as w};
use crate::catalog::{Column, Comparison, Expr, Expression, Table, TypeFamily, check_implied};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;

declare_rule! {
    /// Money is kept in floating point, and is compared.
    ///
    /// ## What it finds
    /// Prices, balances, fees and the like of a type such as `double precision` that a CHECK compares, or that stand beside
    /// other amounts of the row. Floating point holds 0.5 and 0.25, but neither 0.1 nor 0.7: what is stored is the nearest
    /// binary fraction. Sums drift from what they ought to be by a billionth of a cent, and a guard knows no "nearly".
    ///
    /// ## The race
    /// Nobody even has to be at the same time:
    ///
    /// ```text
    /// session A                                            session B
    /// balance double precision CHECK (balance >= 0), now 0.3
    /// UPDATE … SET balance = balance - 0.1  → 0.2          (0.19999999999999998)
    ///                                                      UPDATE … SET balance = balance - 0.2
    ///                                                      ERROR 23514: -2.7e-17 is below 0; the last 20 cents cannot be spent
    /// SELECT … WHERE paid < total  → 0.1 + 0.2 is 0.30000000000000004: this invoice is settled, that one never is
    /// ```
    ///
    /// Then somebody loosens the CHECK to `balance > -0.01`, and from then on a cent too much is as good as a rounding error.
    ///
    /// ## What it looks at
    /// The type and the words of the name; CHECKs that compare the column; other amounts in the table, and whether those are
    /// exact. Of `price`, `fee` or `salary` nothing but money is said, of `amount`, `cost` or `credit` other things too: they
    /// weigh less. Rates, shares and factors are no amounts. An amount that stands alone is not reported.
    ///
    /// ## When it is wrong
    /// Estimates and measures (the cost of a query plan, an amount of flour), and prices in a quantity of decimals that is
    /// not known, of which only statistics are made.
    ///
    /// ## How to fix it
    /// SQL: `ALTER TABLE account ALTER COLUMN balance TYPE numeric(19, 4)` in one statement with the CHECK's
    /// `DROP CONSTRAINT` and `ADD CONSTRAINT`: PostgreSQL otherwise keeps the old one as `balance::double precision >= 0`.
    /// It rewrites the table under an exclusive lock, and fails while a view shows the column; for a large one add a second
    /// column, fill it in batches, and change places. CockroachDB refuses a column that has a CHECK or is in an index: drop
    /// them first, make them again after; before 25.1 `SET enable_experimental_alter_column_type_general = true`.
    /// The proposed `numeric` keeps every digit; choose the scale of your currency. Clean up first where sums have drifted:
    /// `UPDATE account SET balance = round(balance::numeric, 2)`.
    /// Django: `DecimalField(max_digits=19, decimal_places=4)` instead of `FloatField`. Rails: `change_column :accounts,
    /// :balance, :decimal, precision: 19, scale: 4`. SQLAlchemy: `Numeric(19, 4)` instead of `Float`. Prisma: `Decimal
    /// @db.Decimal(19, 4)` instead of `Float`. And keep it exact in the program: `Decimal("0.1")`, not `Decimal(0.1)`.
    "float-money", prior: w::FLOAT_MONEY_PRIOR, needs: [UserTypes]
}

/// Words of nothing but money.
const MONEY: [&str; 7] = ["price", "fee", "salary", "wage", "revenue", "refund", "payment"];
/// Words of money, and of other things.
const AMOUNT: [&str; 8] = ["amount", "balance", "cost", "credit", "debit", "discount", "budget", "paid"];
/// Words of what is a share of money, or a property of it.
const SHARE: [&str; 16] = [
    "rate",
    "percent",
    "percentage",
    "pct",
    "ratio",
    "factor",
    "multiplier",
    "share",
    "score",
    "weight",
    "change",
    "threshold",
    "count",
    "number",
    "index",
    "id",
];

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        out.extend(table.columns.iter().filter_map(|c| look(context, table, c)));
    }
}

fn look(context: &Context<'_>, table: &Table, column: &Column) -> Option<Proposal> {
    let name = column.name.as_str();
    if !is_float_amount(column) || column.generated.is_some() || is_share(context, table, name) {
        return None;
    }
    let naming = || table.checks.iter().filter(|c| c.expression.columns().contains(&name));
    // to be made anew a CHECK has to hold; `unvalidated-constraint` speaks of it first
    if naming().any(|c| !c.validated || !c.enforced) {
        return None;
    }
    let beside = || table.columns.iter().filter(|c| c.name != name && is_amount(c));
    let exact = beside().find(|c| c.family() != TypeFamily::Float);
    let mut reasons = Vec::new();
    if let Some(guard) = naming().find(|c| has_comparison(c.expression.tree())) {
        let text = format!("CHECK {} ({}) compares it", guard.name, guard.expression);
        reasons.push(Evidence::new(Source::Shape, w::FLOAT_MONEY_COMPARED, text));
    }
    if let Some(other) = exact {
        let text = format!("{} beside it is {}", other.name, other.data_type);
        reasons.push(Evidence::new(Source::Shape, w::FLOAT_MONEY_EXACT, text));
    } else if let Some(other) = beside().next() {
        reasons.push(Evidence::new(Source::Shape, w::FLOAT_MONEY_BESIDE, format!("{} stands beside it", other.name)));
    }
    let mut reasons = reasons.into_iter();
    let first = reasons.next()?;
    let guard = Guard::Retype {
        column: name.to_owned(),
        data_type: "numeric",
        checks: naming().map(|c| (c.name.clone(), c.expression.clone())).collect(),
    };
    let message = format!(
        "{}.{name} is money in {}, which no comparison gets right to the cent.",
        table.label(),
        column.data_type
    );
    let mut p = Proposal::new(table, guard, Severity::Medium, message, first).and(reasons);
    if let Some(word) = word_of(&MONEY, name) {
        p.add(Evidence::new(Source::Name, w::FLOAT_MONEY_WORD, format!("a {word} is money and nothing else")));
    }
    Some(p)
}

/// What speaks against a comparison of two columns one of which is such money: the type has to change first.
pub(super) fn against_comparison(column: &Column) -> Option<Evidence> {
    let text =
        format!("{} is {}, which cannot hold cents exactly: make it numeric first", column.name, column.data_type);
    is_float_amount(column).then(|| Evidence::new(Source::Shape, w::FLOAT_MONEY, text))
}

fn is_float_amount(column: &Column) -> bool {
    column.family() == TypeFamily::Float && is_amount(column)
}

fn is_amount(column: &Column) -> bool {
    let named = word_of(&MONEY, &column.name).or_else(|| word_of(&AMOUNT, &column.name)).is_some();
    named && column.family().is_number() && word_of(&SHARE, &column.name).is_none()
}

fn word_of(list: &[&'static str], name: &str) -> Option<&'static str> {
    let of_name: Vec<String> = words(name).iter().map(|w| singular(w)).collect();
    list.iter().copied().find(|w| of_name.iter().any(|o| o == w))
}

/// A discount that is held to at most 100 is a share.
fn is_share(context: &Context<'_>, table: &Table, name: &str) -> bool {
    let whole = Expr::compare(Comparison::Le, Expr::column(name), Expr::Number("100".into()));
    check_implied(context.catalog, table, &Expression::new(whole))
}

fn has_comparison(tree: &Expr) -> bool {
    let mut found = false;
    tree.walk(&mut |e| found |= matches!(e, Expr::Compare(..)));
    found
}
