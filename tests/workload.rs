//! What fingerprints of all styles are read as.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

use std::fmt::Write;

use dbaudit::catalog::Comparison;
use dbaudit::workload::access::*;
use dbaudit::workload::{Sent, Transaction, Workload};
use proptest::prelude::*;

const STATEMENTS: &str = include_str!("fixtures/workload/statements.txt");

fn statements() -> impl Iterator<Item = &'static str> {
    STATEMENTS.lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

fn sent(text: &str) -> Sent {
    Sent {
        text: text.to_owned(),
        count: 1,
        application: None,
        transaction: Transaction::Unknown,
        failed: false,
        whole: false,
    }
}

/// What one statement is read as, in short.
fn reading(text: &str) -> String {
    let workload = Workload::of([sent(text)]);
    match workload.statements.first() {
        Some(s) if s.accesses.is_empty() => "no table".to_owned(),
        Some(s) => s.accesses.iter().map(access).collect::<Vec<_>>().join("\n   "),
        None if !workload.cut_off.is_empty() => "CUT OFF".to_owned(),
        None if !workload.not_understood.is_empty() => "NOT UNDERSTOOD".to_owned(),
        None => "left out".to_owned(),
    }
}

fn access(a: &Access) -> String {
    let table = a.table.schema.iter().map(|s| format!("{s}.")).collect::<String>() + &a.table.table;
    match &a.deed {
        Deed::Read(r) => {
            let columns = match &r.columns {
                Columns::All => "*".to_owned(),
                Columns::Some(list) => list.join(","),
            };
            let ordered = if r.order == Order::None { "" } else { " ordered" };
            let offset = if r.offset { " offset" } else { "" };
            let lock = r.lock.map(|l| format!(" LOCK {l:?}")).unwrap_or_default();
            format!("read {table}[{columns}] {:?}{ordered}{offset}{lock}{}", r.form, filter(&r.filter))
        }
        Deed::Update(u) => {
            let set = |s: &Set| format!("{}: {:?}", s.column, s.how);
            let sets = u.sets.iter().map(set).collect::<Vec<_>>().join(", ");
            format!("update {table}{} {{{sets}}}{}", if u.bulk { " bulk" } else { "" }, filter(&u.filter))
        }
        Deed::Insert(i) => {
            let columns = i.columns.as_ref().map_or("?".to_owned(), |c| c.join(","));
            format!("insert {table}[{columns}] {:?}", i.conflict)
        }
        Deed::Delete(f) => format!("delete {table}{}", filter(f)),
    }
}

fn filter(f: &Filter) -> String {
    let mut out = Vec::new();
    for l in &f.equal {
        let column = if l.folded { format!("lower({})", l.column) } else { l.column.clone() };
        out.push(format!("{column}={}", if l.literal { "constant" } else { "_" }));
    }
    out.extend(f.among.iter().map(|c| format!("{c} in _")));
    for c in &f.compared {
        let change = match c.change {
            Some(Sign::Plus) => "+_",
            Some(Sign::Minus) => "-_",
            _ => "",
        };
        let op = match c.op {
            Comparison::Eq => "=",
            Comparison::Ne => "<>",
            Comparison::Lt => "<",
            Comparison::Le => "<=",
            Comparison::Gt => ">",
            Comparison::Ge => ">=",
        };
        out.push(format!("{}{change}{op}{}", c.column, c.with.as_deref().unwrap_or("_")));
    }
    out.extend(f.marks.iter().map(|m| format!("{} is {:?}", m.column, m.is)));
    out.extend(f.joined.iter().map(|c| format!("{c} joined")));
    if f.other {
        out.push("other".to_owned());
    }
    if out.is_empty() { String::new() } else { format!(" where {}", out.join(" & ")) }
}

#[test]
fn every_style_is_read_as_what_it_does() {
    assert!(statements().count() >= 150, "{}", statements().count());
    let mut all = String::new();
    for text in statements() {
        writeln!(all, "{text}\n   {}", reading(text)).unwrap();
    }
    insta::assert_snapshot!("statements", all);
}

/// As Django on CockroachDB sends it when a session is deleted.
#[test]
fn a_list_of_one_is_a_list() {
    assert_eq!(
        reading("DELETE FROM django_session WHERE django_session.session_key IN (_,)"),
        "delete django_session where session_key=_"
    );
}

#[test]
fn neither_literals_nor_comments_are_shown() {
    for text in [
        "SELECT id FROM t WHERE a = 'S3CRET' AND b = 53177 AND c = $tag$S3CRET$tag$ AND d = E'a\\'S3CRET' -- S3CRET",
        "SELECT id /* S3CRET */ FROM t WHERE a = U&'S3CRET' OR b = X'53177' OR c = B'53177' OR d = N'S3CRET'",
        "SELECT id FROM t WHERE a = 'it\\' AND b = ' S3CRET' AND c = 'x'",
        "SELECT id FROM t WHERE a = 'S3CRET",
        "SELECT id FROM t WHERE a = \"S3CRET",
        "SELECT id FROM t WHERE a = $$S3CRET",
        "SELECT id FROM t WHERE a = 1 /* S3CRET",
        "SELECT $1S3CRET, 1.5e53177 FROM t",
        "ALTER USER a PASSWORD 'S3CRET'",
        "SELECT FROM WHERE 'S3CRET' = = 53177",
    ] {
        let workload = Workload::of([sent(text)]);
        let all = format!("{workload:?} {:?}", workload.unread());
        assert!(!all.contains("S3CRET") && !all.contains("53177"), "{text}\n{all}");
    }
}

#[test]
fn a_text_as_long_as_a_limit_is_not_trusted() {
    let text = |n: usize| format!("UPDATE t SET a = $1 WHERE {}b = $2", " ".repeat(n - 32));
    for (length, whole) in [(1022, true), (1023, false), (1024, false), (1500, true), (4095, false), (100_000, true)] {
        assert_eq!(text(length).len(), length);
        assert_eq!(reading(&text(length)) != "CUT OFF", whole, "{length}");
    }
}

#[test]
fn a_server_that_keeps_texts_whole_may_keep_any_length() {
    for length in [1023, 1024, 2047, 2048] {
        let text = format!("UPDATE t SET a = $1 WHERE {}b = $2", " ".repeat(length - 32));
        assert_eq!(text.len(), length);
        let workload = Workload::of([Sent { whole: true, ..sent(&text) }]);
        assert_eq!((workload.statements.len(), workload.unread()), (1, vec![]), "{length}");
        assert_eq!(Workload::of([Sent { whole: true, ..sent(&text[..length - 8]) }]).statements.len(), 0);
    }
}

#[test]
fn what_is_not_read_is_counted_and_said() {
    let workload =
        Workload::of([sent("SELECT * FROM t WHERE a = 'x"), sent("SELECT FROM WHERE"), sent("SELECT a FROM t")]);
    assert_eq!(workload.statements.len(), 1);
    let said = workload.unread();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("1 statements are cut off") && said[0].ends_with("SELECT * FROM t WHERE a = …"),
        "{said:?}"
    );
    assert!(said[1].starts_with("1 statements were not understood"), "{said:?}");
}

#[test]
fn rows_of_one_statement_add_up_and_failures_do_not_count() {
    let row = |count, transaction, failed| Sent { count, transaction, failed, ..sent("SELECT a FROM t WHERE b = $1") };
    let rows = [
        row(2, Transaction::Implicit, false),
        row(3, Transaction::Implicit, false),
        row(5, Transaction::Explicit, false),
        row(100, Transaction::Implicit, true),
    ];
    let workload = Workload::of(rows);
    let counts: Vec<u64> = workload.statements.iter().map(|s| s.count).collect();
    assert_eq!(counts, [5, 5]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Workload::of([sent(&text)]);
    }

    #[test]
    fn no_piece_of_statements_makes_it_panic(
        a in 0..180usize, b in 0..180usize, cut in any::<prop::sample::Index>(), paste in any::<prop::sample::Index>(),
    ) {
        let all: Vec<&str> = statements().collect();
        let (a, b) = (all[a % all.len()], all[b % all.len()]);
        let at = |text: &str, i: prop::sample::Index| {
            (0..=i.index(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap()
        };
        let text = format!("{}{}", &a[..at(a, cut)], &b[at(b, paste)..]);
        let _ = Workload::of([sent(&text), sent(&a[..at(a, cut)])]);
    }
}
