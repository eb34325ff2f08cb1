//! What the statements that an application sends say for and against a guard.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Source};
use crate::catalog::{Column, Comparison, Expr, Expression, KeyPart, Table, TypeFamily};
use crate::guard::Guard;
use crate::inference::words::{counts, is_deletion, is_place, is_state, words};
use crate::workload::access::{Compared, Conflict, Filter, Form, How, Sign, Target, Update};
use crate::workload::{KeyLookup, Of, TableUse, Transaction, Usage};

// Weights in log-odds. None is measured: no collection of statements with the guards that were meant is known to us.
// They are judged against the weights of names and shapes, of which an unambiguous one has 1 to 2.

/// `ON CONFLICT (k)`: the application names the key. It would fail without it, so it was there once.
const CONFLICT_TARGET: f64 = 4.0;
/// `SELECT 1 … WHERE k = _ LIMIT 1`, EXISTS: whether there is one is asked for one reason only, unless it is asked of a
/// parent.
const ASKED_WHETHER: f64 = 2.2;
/// `SELECT … WHERE k = _ LIMIT _`: one is fetched. ORMs put a LIMIT to what they expect once.
const FETCHED_ONE: f64 = 1.5;
/// `… ORDER BY id LIMIT _`, where `id` is the primary key: an ORM's way to fetch one (`first()`), or a list's first page.
const FETCHED_ANY: f64 = 1.3;
/// `SELECT … WHERE k = _` without LIMIT: the one that is there is fetched, or all of them are.
const FETCHED: f64 = 0.7;
/// The same by one column, or by references alone: what is left of the weight, for rows are also listed by their kind or
/// by their parents.
const FETCHED_OR_LISTED: f64 = 0.5;
/// `SELECT count(*) … WHERE k = _`: compared to zero, or to a limit, or shown.
const COUNTED: f64 = 0.8;
/// The same by references alone: how many rows two parents have in common is a statistic.
const COUNTED_OF_PARENTS: f64 = 0.2;
/// `… ORDER BY … LIMIT _`: the first of several, unless the order is the ORM's habit.
const FETCHED_FIRST: f64 = 0.3;
/// The key is one reference: the question may be whether a parent has any. What is left of the weight.
const OF_A_PARENT: f64 = 0.2;
/// The rows of one value are listed in order, or the first of a parent's: there are several.
const LISTED: f64 = -1.5;
/// More columns are asked for at once: these alone do not tell rows apart.
const ASKED_WITH_MORE: f64 = -1.5;
/// ON CONFLICT DO NOTHING with these columns among the inserted: some key of them is believed in, not necessarily this
/// one.
const LEFT_OUT_IF_THERE: f64 = 0.8;
/// `SET c = c - _ WHERE c >= _`: the application states the condition itself.
const GUARDED: f64 = 3.0;
/// The same of a column whose name does not say that it ends at zero: the number that it is compared to is masked.
const GUARDED_SOMEWHERE: f64 = 1.6;
/// `SET c = c - _`: it counts down, and whoever counts down has an end in mind.
const COUNTED_DOWN: f64 = 0.5;
/// `SET c = c + _`: it counts, and counts begin at zero.
const COUNTED_UP: f64 = 0.3;
/// `c > _` in a look-up.
const COMPARED: f64 = 0.3;

/// What is heard for and against a guard.
pub fn of_guard(usage: &Usage, table: &Table, guard: &Guard) -> Vec<Evidence> {
    let Some(uses) = usage.of_table(table) else { return Vec::new() };
    match guard {
        Guard::Unique { key, predicate, .. } => of_key(table, uses, key, predicate.as_ref()),
        Guard::Check { condition } => of_check(table, uses, condition),
        _ => Vec::new(),
    }
}

/// Evidence of statements.
pub fn says(weight: f64, text: String) -> Evidence {
    Evidence::new(Source::Statements, weight, text)
}

fn of_key(table: &Table, uses: &TableUse, key: &[KeyPart], predicate: Option<&Expression>) -> Vec<Evidence> {
    let columns: BTreeSet<String> = key.iter().flat_map(KeyPart::columns).map(str::to_owned).collect();
    let named = columns.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut out = Vec::new();
    let targets = uses.inserts.iter().filter(|i| conflict_columns(&i.what.conflict).is_some_and(|c| c == columns));
    if let Some(n) = total(targets) {
        out.push(says(CONFLICT_TARGET, format!("ON CONFLICT ({named}) was said {}", times(n))));
    }
    let same_rows = |l: &&KeyLookup| l.rows.as_ref() == predicate || is_living(l.rows.as_ref()) && is_living(predicate);
    // who looks letter by letter says nothing of a key without regard to case
    let folded: Vec<&str> = key.iter().filter(|p| p.as_column().is_none()).flat_map(KeyPart::columns).collect();
    let as_folded = |l: &&KeyLookup| folded.iter().all(|c| l.folded.contains(*c));
    let all: Vec<&KeyLookup> =
        uses.lookups.iter().filter(|l| !l.narrowed).filter(same_rows).filter(as_folded).collect();
    let mine = || all.iter().filter(|l| l.columns == columns);
    let of_a_parent = is_of_a_parent(table, &columns);
    // counted and listed page by page; or, of a parent, the first in an order is the latest of several
    let counted = mine().any(|l| l.form == Form::Count);
    let of_parents = columns.iter().all(|c| references(table, c));
    let several = |l: &&&KeyLookup| match l.form {
        Form::List => l.ordered || of_a_parent || counted && of_parents,
        Form::Limited => l.ordered && l.offset || (l.ordered || l.first) && (of_a_parent || counted),
        _ => false,
    };
    // several of some rows are several of all
    let within = |l: &&KeyLookup| predicate.is_none() || same_rows(l);
    let lists = uses.lookups.iter().filter(within).filter(as_folded).filter(|l| l.columns == columns);
    let listed = sum(lists.filter(|l| several(&l)).map(|l| l.count));
    let asks = |l: &&&KeyLookup| match l.form {
        Form::List => !counted && !several(l),
        Form::Count => listed.is_none(),
        _ => !several(l),
    };
    let asking = mine().filter(asks).filter_map(|l| Some((*l, weight_of(table, l)?)));
    if let Some((best, weight)) = asking.max_by(|a, b| a.1.total_cmp(&b.1)) {
        let n = mine().filter(|l| l.form == best.form && l.ordered == best.ordered).map(|l| l.count);
        let n = sum(n).unwrap_or(0);
        let what = match best.form {
            Form::Exists => "whether there is one was asked",
            Form::Count => "they were counted",
            Form::List => "what is there was fetched",
            _ if best.ordered => "the first one was fetched",
            _ => "one was fetched",
        };
        let text = format!("by exactly ({named}), {what} {}", times(n));
        out.push(match of_a_parent {
            true => says(weight * OF_A_PARENT, format!("{text}, but that may be to know whether there are any")),
            false => says(weight, text),
        });
    }
    if let Some(n) = listed {
        out.push(says(LISTED, format!("several rows of one ({named}) were expected {}", times(n))));
    }
    let wider = all.iter().filter(|l| l.columns.is_superset(&columns) && l.columns.len() > columns.len());
    if let Some(n) = sum(wider.filter(|l| l.form == Form::Exists).map(|l| l.count)) {
        out.push(says(ASKED_WITH_MORE, format!("whether there is one was asked {} of ({named}) with more", times(n))));
    }
    let left_out = uses.inserts.iter().filter(|i| {
        let holds = i.what.columns.as_ref().is_some_and(|c| columns.iter().all(|k| c.contains(k)));
        i.what.conflict == Conflict::Nothing(None) && holds && columns.len() > 1
    });
    if let Some(n) = total(left_out) {
        out.push(says(LEFT_OUT_IF_THERE, format!("they were inserted ON CONFLICT DO NOTHING {}", times(n))));
    }
    out
}

/// Whether rows are all of them, or those that are not deleted: whether the others count is a matter of its own.
pub fn is_living(rows: Option<&Expression>) -> bool {
    rows.is_none_or(|r| r.columns().into_iter().all(is_deletion))
}

/// How much the form of a look-up speaks for a key; nothing if it only lists.
fn weight_of(table: &Table, l: &KeyLookup) -> Option<f64> {
    let of_parents = l.columns.iter().all(|c| references(table, c));
    let alone = l.columns.first().filter(|_| l.columns.len() == 1);
    Some(match l.form {
        Form::Exists => ASKED_WHETHER,
        Form::Count if of_parents => COUNTED_OF_PARENTS,
        Form::Count => COUNTED,
        Form::Limited if l.first => FETCHED_ANY,
        Form::Limited if l.ordered => FETCHED_FIRST,
        Form::Limited => FETCHED_ONE,
        Form::List if l.ordered || alone.is_some_and(|c| !is_name(table, c)) => return None,
        Form::List if of_parents || alone.is_some() => FETCHED * FETCHED_OR_LISTED,
        Form::List => FETCHED,
        Form::Aggregate => return None,
    })
}

/// Whether a column is of a type of names, numbers and codes.
fn is_name(table: &Table, column: &str) -> bool {
    let family = table.column(column).map(Column::family);
    matches!(family, Some(TypeFamily::Text | TypeFamily::Uuid | TypeFamily::Integer))
}

/// Whether the columns are one reference to a parent: a column, or a kind beside an id.
pub fn is_of_a_parent(table: &Table, columns: &BTreeSet<String>) -> bool {
    let of_what = |column: &str, last: &str| {
        let all = words(column);
        all.split_last().filter(|(w, _)| *w == last).map(|(_, rest)| rest.to_vec())
    };
    let kind_of = |kind: &str, id: &str| {
        let rails = of_what(kind, "type").is_some_and(|k| of_what(id, "id") == Some(k));
        rails || kind == "content_type_id" && id == "object_id"
    };
    match columns.iter().collect::<Vec<_>>().as_slice() {
        [one] => references(table, one),
        [a, b] => kind_of(a, b) || kind_of(b, a),
        _ => false,
    }
}

/// Whether rows are found by a key of the table that holds for all rows.
pub fn by_key(table: &Table, has: impl Fn(&str) -> bool) -> bool {
    let primary = table.primary_key.as_ref();
    // a partial key finds one of some rows, and there may be others
    let mut plain = table.unique_keys.iter().filter(|k| k.predicate.is_none()).filter_map(|k| k.plain_columns());
    primary.is_some_and(|k| !k.columns.is_empty() && k.columns.iter().all(|c| has(c)))
        || plain.any(|k| !k.is_empty() && k.iter().all(|c| has(c)))
}

/// Whether a column references a row of another table, declared or by its name.
pub fn references(table: &Table, column: &str) -> bool {
    let named = column.ends_with("_id") || column.ends_with("Id");
    named || table.foreign_keys.iter().any(|f| f.columns.iter().any(|c| c == column))
}

/// The columns that an ON CONFLICT names as a plain key, for all rows.
pub fn conflict_columns(conflict: &Conflict) -> Option<BTreeSet<String>> {
    match conflict {
        Conflict::Nothing(Some(Target::Key { columns, partial: false }))
        | Conflict::Update(Some(Target::Key { columns, partial: false }))
            if columns.iter().all(|l| !l.folded) =>
        {
            Some(columns.iter().map(|l| l.column.clone()).collect())
        }
        _ => None,
    }
}

/// UPDATEs that one read of a row is behind: two saves of what was fetched once are ordinary, a state and then a sum. More
/// of them are not, and some of those were read elsewhere.
pub const WRITES_OF_A_READ: u64 = 2;

/// What the transactions say in which rows were read and then written: as statements of their own they race at every
/// level of isolation, in transactions SERIALIZABLE may keep them apart. `subject` is what was read.
pub fn of_transactions(
    (subject, reads): (&str, &[(Transaction, u64)]),
    writes: &[(Transaction, u64)],
    serializable: bool,
    (alone, kept_apart): (f64, f64),
) -> Option<Evidence> {
    let all = |list: &[(Transaction, u64)], t| list.iter().all(|r| r.0 == t);
    if all(reads, Transaction::Implicit) {
        return Some(says(alone, format!("{subject} were statements of their own")));
    }
    let count = |list: &[(Transaction, u64)]| {
        sum(list.iter().filter(|r| r.0 == Transaction::Explicit).map(|r| r.1)).unwrap_or(0)
    };
    // where there are enough of them in transactions, those outside are of other pages
    let enough = count(reads).saturating_mul(WRITES_OF_A_READ) >= count(writes);
    let in_transactions = enough && all(writes, Transaction::Explicit);
    let text = "both ran in transactions, which SERIALIZABLE may keep apart";
    (serializable && in_transactions).then(|| says(kept_apart, text.to_owned()))
}

/// What advisory locks say of `writes`, where there are about as many: they may keep requests apart.
pub fn of_advisory_locks(usage: &Usage, writes: u64, weight: f64) -> Option<Evidence> {
    let locks = usage.advisory_locks;
    let enough = locks > 0 && locks.saturating_mul(WRITES_OF_A_READ) >= writes;
    enough.then(|| says(weight, format!("advisory locks were taken {}, perhaps for this", times(locks))))
}

fn of_check(table: &Table, uses: &TableUse, condition: &Expression) -> Vec<Evidence> {
    let Expr::Compare(_, column, bound) = condition.tree() else { return Vec::new() };
    let Expr::Column(column) = column.as_ref() else { return Vec::new() };
    let mut out = Vec::new();
    let guarded = uses.updates.iter().filter(|u| stated(table, &u.what).any(|c| Expression::new(c) == *condition));
    if let Some(n) = total(guarded) {
        let text = format!("{column} was changed {} under a condition that says the same", times(n));
        // between two columns there is no number
        let told = matches!(bound.as_ref(), Expr::Column(_)) || counts(column);
        out.push(says(if told { GUARDED } else { GUARDED_SOMEWHERE }, text));
    }
    if !matches!(bound.as_ref(), Expr::Number(n) if n == "0") {
        return out;
    }
    let compares = |c: &Compared| c.column == *column && c.op != Comparison::Ne;
    let free = |u: &Update| !u.filter.compared.iter().any(compares);
    let unstated = |sign: Sign| uses.updates.iter().filter(move |u| free(&u.what) && sets(&u.what, column, sign));
    if let Some(n) = total(unstated(Sign::Minus)) {
        out.push(says(COUNTED_DOWN, format!("{column} was counted down {}", times(n))));
    }
    if let Some(n) = total(unstated(Sign::Plus)) {
        out.push(says(COUNTED_UP, format!("{column} was counted up {}", times(n))));
    }
    if let Some(n) = total(uses.reads.iter().filter(|r| r.what.filter.compared.iter().any(compares))) {
        out.push(says(COMPARED, format!("rows were chosen {} by how much {column} is", times(n))));
    }
    out
}

fn sets(update: &Update, column: &str, sign: Sign) -> bool {
    update.sets.iter().any(|s| s.column == column && s.how == How::Relative(sign))
}

/// The conditions on rows that an UPDATE states itself: what it takes from a column has to be there, what it adds has
/// to fit beneath another column. The constants are masked, so that nothing but zero can be told of the first. Where rows
/// are found by no key, the comparison may choose them: all that stand behind a place move up.
pub fn stated<'u>(table: &Table, update: &'u Update) -> impl Iterator<Item = Expr> + use<'u> {
    let Filter { equal, among, compared, .. } = &update.filter;
    let known = by_key(table, |c| update.filter.has_equal(c) || among.iter().any(|a| a == c));
    let by: BTreeSet<String> = equal.iter().map(|l| l.column.clone()).filter(|c| !is_state(c)).collect();
    let of_one = !by.is_empty() && !is_of_a_parent(table, &by);
    let one = move |c: &&Compared| {
        // a parent has one balance, but many rows of its own
        let may_be = of_one || !by.is_empty() && counts(&c.column);
        known || may_be && !is_place(&c.column)
    };
    compared.iter().filter(one).filter_map(move |c| {
        let column = || Expr::column(&c.column);
        let is = |sign| sets(update, &c.column, sign);
        match (&c.with, c.change, c.op) {
            (None, None | Some(Sign::Minus), Comparison::Gt | Comparison::Ge) if is(Sign::Minus) => {
                Some(Expr::non_negative(&c.column))
            }
            (Some(other), Some(Sign::Minus), Comparison::Gt | Comparison::Ge) if is(Sign::Minus) => {
                Some(Expr::compare(Comparison::Ge, column(), Expr::column(other)))
            }
            (Some(other), None, Comparison::Lt) | (Some(other), Some(Sign::Plus), Comparison::Lt | Comparison::Le)
                if is(Sign::Plus) =>
            {
                Some(Expr::compare(Comparison::Le, column(), Expr::column(other)))
            }
            _ => None,
        }
    })
}

/// How often statements were sent, one that names a table twice once; nothing of none.
pub fn total<'u, T: 'u>(list: impl Iterator<Item = &'u Of<T>>) -> Option<u64> {
    sent(list.map(|o| (o.statement, o.count)))
}

/// The same of places of statements with their counts.
pub fn sent(list: impl Iterator<Item = (usize, u64)>) -> Option<u64> {
    sum(list.collect::<BTreeMap<_, _>>().into_values())
}

/// The sum of counts; nothing of nothing.
fn sum(counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.reduce(u64::saturating_add)
}

/// `once`, `20 times`.
pub fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}
