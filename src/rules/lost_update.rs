use std::collections::BTreeSet;

use super::remedies::Change;
use super::words::{counts, counts_up, is_natural, is_period, is_place, is_sold, is_state};
use super::{Context, Proposal, declare_rule, remedies, weights as w};
use crate::catalog::{Column, Comparison, Expr, Table, TypeFamily};
use crate::evidence::statements::{self, WRITES_OF_A_READ, says, times};
use crate::evidence::{Evidence, Severity, Source};
use crate::guard::Guard;
use crate::workload::access::{Columns, Filter, Form, How, Lock, Order, Read, Set, Sign, Update};
use crate::workload::{Of, TableUse, Transaction, Usage};

declare_rule! {
    /// A value is read, changed in the application and written back, so that of two requests one change is lost.
    ///
    /// ## What it finds
    /// With `--statements`: columns that are written as a value from outside (`SET available_seats = _`) and read by
    /// the same key without `FOR UPDATE`. A CHECK does not close this: two requests that both read 5 and both write 4
    /// obey it, and sell two seats for one. What closes it is in the code, so no migration is written for it.
    ///
    /// ## The race
    /// ```text
    /// session A                                         session B
    /// SELECT available_seats … WHERE id = 1  → 5
    ///                                                   SELECT available_seats … WHERE id = 1  → 5
    /// UPDATE show SET available_seats = 4 WHERE id = 1
    ///                                                   UPDATE show SET available_seats = 4 WHERE id = 1
    ///                                                   two seats sold, one less left
    /// ```
    ///
    /// An ORM that saves the whole row does it without anybody having written it: whoever changes the title takes back
    /// the seats that were sold meanwhile.
    ///
    /// ## What it looks at
    /// The statement statistics of the server: what each UPDATE sets and by which key, which columns are read by that
    /// key and under what lock, and what else is done to the column. What decides is that the column is a number that
    /// other statements change in place or compare, that its name says so, that it is read alone and about as often
    /// written alone, or that it is a state. Locked reads of the table in transactions, whatever they find its rows by,
    /// a change in place, a condition on the column itself, and a version that is compared and set are no lost updates;
    /// one locked read may be behind two saves of its row, and one of several rows behind those of each. A row that is
    /// fetched by columns that no key holds yet counts as one, without a LIMIT where they are two or a name or code, and
    /// is doubted. A save of the whole row is told from a deliberate one and believed less, and so are what `INSERT … ON
    /// CONFLICT DO UPDATE` replaces and what is written about as often as advisory locks are taken.
    ///
    /// ## When it is wrong
    /// Where the written value does not come from the one that was read: it is typed in, or worked out from other rows
    /// under a lock of its own. Statistics do not show where a value comes from. A counter that is changed in place and
    /// set on purpose beside that (`SET failed_attempts = _`, `SET used = _, period = _`) is mostly reset: it is told
    /// with low confidence, unless the whole row is saved.
    ///
    /// ## How to fix it
    /// SQL: `UPDATE show SET available_seats = available_seats - 1 WHERE id = … AND available_seats > 0`, and look
    /// whether a row was changed. Django: `Show.objects.filter(pk=pk,
    /// available_seats__gt=0).update(available_seats=F("available_seats") - 1)`, or `select_for_update()` inside
    /// `transaction.atomic()`; and `save(update_fields=["title"])` where the rest is not meant. Rails:
    /// `update_all("available_seats = available_seats - 1")` with the condition, `with_lock`, or a `lock_version`
    /// column. SQLAlchemy: `values(available_seats=Show.available_seats - 1)`, `with_for_update()`, or
    /// `version_id_col`. Prisma: `updateMany` with the condition and `{decrement: 1}`.
    "lost-update", prior: w::LOST_PRIOR, needs: [Statements]
}

/// Rows that a lock of more than one may hold. Judged: what is moved or taken from a queue at once.
const ROWS_OF_A_LOCK: u64 = 10;

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    for table in &context.catalog.tables {
        let Some((usage, uses)) = context.usage_of(table) else { continue };
        for column in &table.columns {
            let Some(nature) = Nature::of(table, column) else { continue };
            let case = Case { table, uses, column, serializable: context.catalog.engine.is_serializable_by_default() };
            out.extend(case.look(usage, nature));
        }
    }
}

/// What a column is, as far as lost updates care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nature {
    Number,
    State,
    /// JSON or an array: added to by whoever has read it.
    Document,
}

impl Nature {
    fn of(table: &Table, column: &Column) -> Option<Nature> {
        let key = table.in_primary_key(&column.name) || column.generated.is_some() || column.identity;
        let reference = table.foreign_keys.iter().any(|f| f.columns.contains(&column.name));
        match column.family() {
            _ if key || reference || column.name.ends_with("_id") => None,
            TypeFamily::Boolean | TypeFamily::Timestamp | TypeFamily::Date => None,
            _ if is_state(&column.name) => Some(Nature::State),
            f if f.is_number() => Some(Nature::Number),
            TypeFamily::Json | TypeFamily::Array => Some(Nature::Document),
            _ => None,
        }
    }
}

/// One column of one table.
struct Case<'a> {
    table: &'a Table,
    uses: &'a TableUse,
    column: &'a Column,
    serializable: bool,
}

impl Case<'_> {
    fn look(&self, usage: &Usage, nature: Nature) -> Option<Proposal> {
        let writes: Vec<&Of<Update>> = self.uses.updates.iter().filter(|u| self.overwrites(&u.what)).collect();
        let reads: Vec<&Of<Read>> =
            self.uses.reads.iter().filter(|r| writes.iter().any(|u| self.feeds(r, &u.what))).collect();
        if writes.is_empty() || reads.is_empty() {
            return None;
        }
        let written = sent(&writes);
        let locked: Vec<&Of<Read>> = self
            .uses
            .reads
            .iter()
            .filter(|r| r.what.lock.is_some_and(|l| l > Lock::KeyShare) && r.transaction != Transaction::Implicit)
            .collect();
        if self.covered(&locked) >= written {
            return None;
        }
        let saved = writes.iter().all(|u| self.saves_the_row(&u.what, &reads));
        let column = &self.column.name;
        let place = format!("{}.{column}", self.table.label());
        let (sold, mut reasons) = self.reasons(nature);
        let relative = self.uses.updates.iter().filter(|u| self.changes(&u.what)).collect::<Vec<_>>();
        let counted = nature == Nature::Number && !sold && !relative.is_empty();
        let reset = counted && writes.iter().all(|u| self.may_reset(&u.what, &reads));
        // that it counts is said by the statements, whatever it is called
        reasons.retain(|e| !reset || e.source != Source::Name);
        let message = match saved {
            _ if reset => format!(
                "{place} is counted in place, and set to a value worked out before: unless that resets it, what was \
                 counted in between is lost."
            ),
            true => format!(
                "{place} is saved with the whole row as it was read: what changed it in between is undone, and lost."
            ),
            false => format!(
                "{place} is read, and then written as a value worked out before: of two requests one change is lost."
            ),
        };
        let severity = if sold || !relative.is_empty() && !reset { Severity::High } else { Severity::Medium };
        let because =
            says(0.0, format!("it was written {}, and read by the same key {}", times(written), times(sent(&reads))));
        let guard = Guard::Code { columns: vec![column.clone()] };
        let mut p = Proposal::new(self.table, guard, severity, message, because).and(reasons);
        p.add(match saved {
            _ if reset => {
                let counted = times(sent(&relative));
                let text =
                    format!("elsewhere it was counted in place {counted}: what sets it on purpose mostly resets it");
                says(w::LOST_RESET, text)
            }
            true => says(w::LOST_WHOLE_ROW, "all columns are written together, as an ORM saves a row".to_owned()),
            false => says(w::LOST_DELIBERATE, "it is written on purpose, not with a whole row".to_owned()),
        });
        if nature == Nature::Number && !reset && self.is_exact(&reads, &writes) {
            p.add(says(w::LOST_EXACT, format!("{column} alone was read, and about as often written alone")));
        }
        // what is read whole and written by the same columns is one row to the application
        let whole = |r: &Read| r.form == Form::List && writes.iter().any(|u| is_same(&r.filter, &u.what.filter));
        let unsure = |r: &&Of<Read>| self.fetches_one(&r.what) && !self.finds_one(&r.what.filter) && !whole(&r.what);
        if reads.iter().all(unsure) {
            let text = "the row was found by columns that no key holds";
            p.add(match reads.iter().all(|r| r.what.form == Form::List) {
                true => says(w::LOST_FETCHED_ALL, format!("{text}, and without a LIMIT")),
                false => says(w::LOST_FETCHED, text.to_owned()),
            });
        }
        if writes.iter().all(|u| u.what.upsert) {
            p.add(says(w::LOST_UPSERT, "it was written by INSERT … ON CONFLICT DO UPDATE only".to_owned()));
        }
        if !relative.is_empty() && !reset {
            let text = format!("elsewhere it was changed in place {}", times(sent(&relative)));
            p.add(says(w::LOST_RELATIVE, text));
        }
        if !locked.is_empty() {
            p.add(says(w::LOST_LOCKED, format!("it was read under a lock {}", times(sent(&locked)))));
        }
        p.extend(statements::of_advisory_locks(usage, written, w::LOST_ADVISORY));
        let read: Vec<(Transaction, u64)> = reads.iter().map(|r| (r.transaction, r.count)).collect();
        let ran: Vec<(Transaction, u64)> = writes.iter().map(|u| (u.transaction, u.count)).collect();
        let weights = (w::LOST_ALONE, w::LOST_SERIALIZABLE);
        p.extend(statements::of_transactions(("the reads", &read), &ran, self.serializable, weights));
        let places = writes.iter().chain(&relative).map(|u| u.statement).chain(reads.iter().map(|r| r.statement));
        let remedies = match nature {
            Nature::Number => remedies::change_in_place(self.table, column, self.direction(&relative)),
            Nature::State | Nature::Document => remedies::compare_and_swap(self.table, column),
        };
        Some(p.shown_by(usage.said(places), remedies))
    }

    /// Which way it is counted: as the statements do that change it in place, else as it is called.
    fn direction<'u>(&self, relative: &[&'u Of<Update>]) -> Change<'u> {
        let name = &self.column.name;
        let compared = relative.iter().flat_map(|u| &u.what.filter.compared).filter(|c| c.column == *name);
        let beneath =
            compared.filter(|c| matches!(c.op, Comparison::Lt | Comparison::Le)).find_map(|c| c.with.as_ref());
        if let Some(other) = beneath {
            return Change::UpTo(other);
        }
        let sets = relative.iter().flat_map(|u| &u.what.sets).filter(|s| s.column == *name);
        let up = |s: &Set| s.how == How::Relative(Sign::Plus);
        let rises = if relative.is_empty() { counts_up(name) } else { sets.into_iter().all(up) };
        if rises { Change::Up } else { Change::Down }
    }

    /// What the column itself says, and whether it is sold or spent.
    fn reasons(&self, nature: Nature) -> (bool, Vec<Evidence>) {
        let name = &self.column.name;
        let sold = is_sold(name);
        let said = |weight, text: &str| Evidence::new(Source::Name, weight, format!("{name} {text}"));
        let mut out = match nature {
            Nature::Number if sold => vec![said(w::LOST_SOLD, "is a number that is sold or spent")],
            Nature::Number if counts(name) => vec![said(w::LOST_COUNTER, "counts")],
            Nature::Number if self.uses.updates.iter().any(|u| self.changes(&u.what)) => Vec::new(),
            Nature::Number => vec![said(w::LOST_PLAIN, "may be a number that is typed in")],
            Nature::State => vec![said(w::LOST_STATE, "says in which state the row is")],
            Nature::Document => vec![said(w::LOST_DOCUMENT, "is a document that is added to")],
        };
        let bounded = |e: &Expr| matches!(e, Expr::Compare(..) | Expr::In(..));
        let checked = self
            .table
            .checks
            .iter()
            .any(|c| bounded(c.expression.tree()) && c.expression.columns().contains(&name.as_str()));
        if checked || self.column.family() == TypeFamily::Enum {
            out.push(Evidence::new(Source::Shape, w::LOST_BOUNDED, format!("the schema bounds {name}")));
        }
        let compares = |f: &Filter| f.compared.iter().any(|c| c.column == *name && c.op != Comparison::Ne);
        let compared = self.uses.reads.iter().filter(|r| compares(&r.what.filter)).map(|r| r.count);
        if let Some(n) = compared.reduce(u64::saturating_add) {
            out.push(says(w::LOST_COMPARED, format!("rows were chosen {} by how much it is", times(n))));
        }
        (sold, out)
    }

    /// Whether an UPDATE writes the column as a value from outside, and nothing in it sees to what the value was.
    fn overwrites(&self, update: &Update) -> bool {
        let name = &self.column.name;
        let absolute = update.sets.iter().any(|s| s.column == *name && s.how == How::Absolute);
        let mentioned = update.filter.has_equal(name) || update.filter.compared.iter().any(|c| c.column == *name);
        // a version, a state: compared, and set to another
        let swaps =
            update.sets.iter().any(|s| update.filter.has_equal(&s.column) && !self.table.in_primary_key(&s.column));
        // ON CONFLICT DO UPDATE … WHERE t.changed < excluded.changed
        let guarded = update.upsert && update.filter.other;
        absolute && !mentioned && !swaps && !guarded && (!update.filter.equal.is_empty() || update.bulk)
    }

    /// How many writes the locked reads of the table may be behind: any of them may be of a row that is written,
    /// whatever it was found by. Those without a lock are of other pages then.
    fn covered(&self, locked: &[&Of<Read>]) -> u64 {
        let of = |r: &&Of<Read>| {
            let rows = if self.finds_one(&r.what.filter) { 1 } else { ROWS_OF_A_LOCK };
            r.count.saturating_mul(rows * WRITES_OF_A_READ)
        };
        locked.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Whether the column alone was read by a key, and alone written, about equally often: not a page that shows it and
    /// a form that saves it.
    fn is_exact(&self, reads: &[&Of<Read>], writes: &[&Of<Update>]) -> bool {
        let (table, name) = (self.table, &self.column.name);
        // touched by itself whenever a row is
        let clock = |c: &str| table.column(c).is_some_and(|c| c.family() == TypeFamily::Timestamp);
        let alone = |r: &&Of<Read>| match &r.what.columns {
            Columns::All => false,
            Columns::Some(list) => {
                let of_key = |c: &str| table.in_primary_key(c) || r.what.filter.has_equal(c);
                list.iter().all(|c| c == name || of_key(c) || clock(c))
            }
        };
        let set_alone = |u: &&Of<Update>| u.what.sets.iter().all(|s| s.column == *name || clock(&s.column));
        let read = sent(&reads.iter().copied().filter(alone).collect::<Vec<_>>());
        let written = sent(&writes.iter().copied().filter(set_alone).collect::<Vec<_>>());
        let about = |a: u64, b: u64| a.saturating_mul(2) >= b;
        read > 0 && written > 0 && about(read, written) && about(written, read)
    }

    fn changes(&self, update: &Update) -> bool {
        let name = &self.column.name;
        // rows that move because one before them went
        let moves = is_place(name) && update.filter.compared.iter().any(|c| c.column == *name);
        !moves && update.sets.iter().any(|s| s.column == *name && matches!(s.how, How::Relative(_)))
    }

    /// Whether what is read, without a lock, may be what is written.
    fn feeds(&self, read: &Of<Read>, update: &Update) -> bool {
        let Read { form, lock, columns, .. } = &read.what;
        let row = matches!(form, Form::List | Form::Limited) && lock.is_none() && !read.in_write;
        row && columns.has(&self.column.name) && self.is_by_key_of(&read.what, update)
    }

    /// Whether rows are found by the key of an UPDATE, or by another that finds one row.
    fn is_by_key_of(&self, read: &Read, update: &Update) -> bool {
        let filter = &read.filter;
        if update.bulk {
            let columns: BTreeSet<&String> = filter.among.iter().collect();
            let many = update.filter.among.iter().any(|c| columns.contains(c));
            return many || self.finds_one(filter);
        }
        if !filter.among.is_empty() {
            return false;
        }
        self.finds_one(filter)
            || is_same(filter, &update.filter)
            || self.fetches_one(read) && self.finds_one(&update.filter)
    }

    fn finds_one(&self, filter: &Filter) -> bool {
        statements::by_key(self.table, |c| filter.has_equal(c))
    }

    /// Whether one row is fetched by columns that the database does not know to be a key, with the key by which it can
    /// be written.
    fn fetches_one(&self, read: &Read) -> bool {
        let Read { filter, columns, form, order, offset, .. } = read;
        let primary = self.table.primary_key.as_ref().map(|k| &k.columns);
        // the order of the primary key is an ORM's habit
        let any = match order {
            Order::None => true,
            Order::Ascending(by) => Some(by) == primary,
            Order::Other => false,
        };
        let keyed = primary.is_some_and(|k| k.iter().all(|c| columns.has(c)));
        let plain = !filter.other && filter.compared.is_empty() && filter.joined.is_empty();
        let one = match form {
            Form::Limited => any && !offset && !filter.equal.is_empty(),
            Form::List => *order == Order::None && self.tells_apart(filter),
            _ => false,
        };
        one && keyed && plain
    }

    /// Whether rows are found by what may be a key: two columns that are no flag and no one parent, or a name or code.
    fn tells_apart(&self, filter: &Filter) -> bool {
        let column = |name: &str| self.table.column(name).filter(|c| !is_state(&c.name));
        let telling = filter.equal.iter().filter_map(|l| column(&l.column));
        let telling: Vec<&Column> =
            telling.filter(|c| !matches!(c.family(), TypeFamily::Boolean | TypeFamily::Enum)).collect();
        match telling.as_slice() {
            [] => false,
            [one] => is_natural(&one.name) && !statements::references(self.table, &one.name),
            several => {
                let columns = several.iter().map(|c| c.name.clone()).collect();
                !statements::is_of_a_parent(self.table, &columns)
            }
        }
    }

    /// Whether an UPDATE may set a counter back: on purpose, or with no more than the time or period that begins.
    fn may_reset(&self, update: &Update, reads: &[&Of<Read>]) -> bool {
        let time = |c: &str| {
            let family = self.table.column(c).map(Column::family);
            matches!(family, Some(TypeFamily::Timestamp | TypeFamily::Date)) || is_period(c)
        };
        let alone = update.sets.iter().all(|s| s.column == self.column.name || time(&s.column));
        !update.upsert && (alone || !self.saves_the_row(update, reads))
    }

    /// Whether an UPDATE is an ORM's save: of all columns, of most, or of just those that were read.
    fn saves_the_row(&self, update: &Update, reads: &[&Of<Read>]) -> bool {
        let set: BTreeSet<&str> = update.sets.iter().map(|s| s.column.as_str()).collect();
        let free = |c: &&Column| c.generated.is_none() && !c.identity && !self.table.in_primary_key(&c.name);
        let all = self.table.columns.iter().filter(free).count();
        let most = set.len() >= 3 && set.len() * 10 >= all * 6 || set.len() >= 2 && set.len() == all;
        let as_read = |r: &&Of<Read>| match &r.what.columns {
            Columns::All => false,
            Columns::Some(list) => {
                let read = list.iter().map(String::as_str).filter(|c| !self.table.in_primary_key(c));
                set.len() >= 2 && read.collect::<BTreeSet<_>>() == set
            }
        };
        most || reads.iter().any(as_read)
    }
}

/// Whether both find rows by the same columns.
fn is_same(a: &Filter, b: &Filter) -> bool {
    let set = |f: &Filter| f.equal.iter().map(|l| l.column.clone()).collect::<BTreeSet<_>>();
    !a.equal.is_empty() && set(a) == set(b)
}

fn sent<T>(list: &[&Of<T>]) -> u64 {
    statements::total(list.iter().copied()).unwrap_or(0)
}
