//! What a table and its columns are, read off names, types, keys and references.

mod references;

use std::collections::{BTreeSet, HashMap};

use super::frameworks;
use super::model::{Class, model};
use super::words::{singular, words};
use crate::catalog::{self, Catalog, Expr, KeyPart, UserType};

/// The facts about a schema.
pub struct Facts<'a> {
    /// The schema itself.
    pub catalog: &'a Catalog,
    /// Its tables, in the catalog's order.
    pub tables: Vec<Table<'a>>,
    /// An application of Django made it.
    pub django: bool,
    /// It has enough unique keys for them to be conventions.
    pub guarded: bool,
    /// The share of tables that have a unique key.
    pub keyed_share: f64,
    /// The share of smallint among integers.
    pub small_share: f64,
    /// In how many tables there is a column of that name.
    pub common: HashMap<&'a str, usize>,
}

/// A table.
pub struct Table<'a> {
    /// The table itself.
    pub table: &'a catalog::Table,
    /// Singular words of its name.
    pub words: Vec<String>,
    /// The words run together, without the application's prefix in a Django schema.
    pub joined: String,
    /// Its columns in order; all that follows names them by their place here.
    pub columns: Vec<Column<'a>>,
    /// The primary key.
    pub primary: Vec<usize>,
    /// Columns that are neither the primary key nor time stamps.
    pub payload: Vec<usize>,
    /// Those of the payload that reference a table.
    pub refs: Vec<usize>,
    /// Those that do not.
    pub plain: Vec<usize>,
    /// Column sets of its unique keys, sorted; expression and partial keys, exclusion constraints among them.
    pub keys: Vec<Vec<usize>>,
    /// Column lists of its plain indexes, with the access method.
    pub indexes: Vec<(Vec<usize>, &'a str)>,
    /// How many other tables reference it.
    pub in_degree: usize,
    /// The reference to what looks like its owner.
    pub parent: Option<usize>,
    /// The reference to the tenant.
    pub tenant: Option<usize>,
    /// What kind of primary key it has.
    pub primary_kind: &'static str,
    /// It belongs to a framework, which looks after it.
    pub framework: bool,
    /// Its name says that rows are events.
    pub event: bool,
    /// A word of its name does.
    pub eventish: bool,
    /// Its name says that it links things.
    pub link: bool,
    /// Its name says that it extends another table.
    pub extension: bool,
    /// Its name says that it holds translations.
    pub translation: bool,
    /// Its name says that it is a look-up table.
    pub lookup: bool,
    /// Its name says that rows are versions.
    pub version: bool,
    /// Rows expire.
    pub expiry: bool,
    /// Rows hold for a period.
    pub period: bool,
    /// A column says which version a row is.
    pub versioned: bool,
}

/// A column.
pub struct Column<'a> {
    /// The column itself.
    pub column: &'a catalog::Column,
    /// Words of its name.
    pub words: Vec<String>,
    /// The same in the singular.
    pub singular: Vec<String>,
    /// The kind of its type.
    pub kind: Kind,
    /// Greatest length of a text.
    pub length: Option<usize>,
    /// What its default is.
    pub default: Option<Default>,
    /// Numbered by the engine.
    pub identity: bool,
    /// The table that it references.
    pub target: Option<usize>,
    /// A foreign key says so; else its name does.
    pub declared: bool,
    /// The row goes with the referenced one.
    pub cascade: bool,
    /// What it is by its name.
    pub class: Class,
    /// It references what owns rows all over the schema.
    pub tenant: bool,
    /// It is an id, but of nothing in this schema.
    pub foreign_id: bool,
    /// The column that says what kind of thing this one is the id of.
    pub kind_column: Option<usize>,
    /// It is the whole primary key.
    pub primary: bool,
    /// It is of the primary key.
    pub in_primary: bool,
    /// It says when or by whom, not what.
    pub stamp: bool,
    /// Its place in the payload.
    pub place: usize,
    /// The table's name starts with that of the referenced table.
    pub extends: bool,
    /// The table's name contains that of the referenced table.
    pub named: bool,
}

/// What a default is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// A generated UUID.
    Uuid,
    /// The empty string.
    Empty,
    /// A sequence.
    Sequence,
    /// The number zero.
    Zero,
    /// Anything else.
    Other,
}

/// The kind of a type, as far as keys care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Uuid,
    Int,
    Bigint,
    Smallint,
    Varchar,
    Text,
    Citext,
    Bool,
    Time,
    Date,
    Net,
    Bytes,
    Numeric,
    Float,
    Json,
    Array,
    Enum,
    Other,
}

impl Kind {
    fn of(column: &catalog::Column) -> Kind {
        let written = match &column.user_type {
            Some(UserType::Enum { .. }) => return Kind::Enum,
            Some(UserType::Domain { base, .. }) => base,
            None => &column.data_type,
        };
        let base = written.split('(').next().unwrap_or_default().trim_end();
        match base {
            _ if written.ends_with("[]") => Kind::Array,
            "uuid" => Kind::Uuid,
            "integer" => Kind::Int,
            "bigint" => Kind::Bigint,
            "smallint" => Kind::Smallint,
            "character varying" | "character" => Kind::Varchar,
            "text" | "name" => Kind::Text,
            "boolean" => Kind::Bool,
            "date" => Kind::Date,
            "inet" | "cidr" | "macaddr" | "macaddr8" => Kind::Net,
            "bytea" => Kind::Bytes,
            "numeric" => Kind::Numeric,
            "real" | "double precision" => Kind::Float,
            "json" | "jsonb" => Kind::Json,
            b if b.starts_with("time") => Kind::Time,
            b if b.ends_with("citext") => Kind::Citext,
            _ => Kind::Other,
        }
    }

    /// The name by which features call it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Uuid => "uuid",
            Kind::Int => "int",
            Kind::Bigint => "bigint",
            Kind::Smallint => "smallint",
            Kind::Varchar => "varchar",
            Kind::Text => "text",
            Kind::Citext => "citext",
            Kind::Bool => "bool",
            Kind::Time => "time",
            Kind::Date => "date",
            Kind::Net => "net",
            Kind::Bytes => "bytes",
            Kind::Numeric => "numeric",
            Kind::Float => "float",
            Kind::Json => "json",
            Kind::Array => "array",
            Kind::Enum => "enum",
            Kind::Other => "other",
        }
    }

    /// Whether values are text.
    pub fn is_text(self) -> bool {
        matches!(self, Kind::Varchar | Kind::Text | Kind::Citext)
    }

    /// Whether values are whole numbers.
    pub fn is_integer(self) -> bool {
        matches!(self, Kind::Int | Kind::Bigint | Kind::Smallint)
    }

    /// Whether values are numbers.
    pub fn is_number(self) -> bool {
        self.is_integer() || matches!(self, Kind::Numeric | Kind::Float)
    }

    /// Whether a key may be made of it.
    pub fn is_keyable(self) -> bool {
        !matches!(self, Kind::Bool | Kind::Json | Kind::Array | Kind::Float)
    }

    /// Types of one group can reference each other.
    pub fn group(self) -> &'static str {
        match self {
            k if k.is_integer() => "i",
            k if k.is_text() => "t",
            k => k.name(),
        }
    }

    /// Whether an id of something may be of it.
    fn is_id(self) -> bool {
        matches!(self, Kind::Uuid | Kind::Int | Kind::Bigint | Kind::Text | Kind::Varchar)
    }
}

/// How the words before the last qualify a column's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// There are none: `slug`.
    Bare,
    /// They repeat the table: `article_slug` of `article`.
    Own,
    /// They say something else: `parent_slug`.
    Other,
}

impl Qualifier {
    /// The name by which features call it.
    pub fn name(self) -> &'static str {
        match self {
            Qualifier::Bare => "bare",
            Qualifier::Own => "own",
            Qualifier::Other => "other",
        }
    }
}

impl Column<'_> {
    fn new(column: &catalog::Column) -> Column<'_> {
        let words = words(&column.name);
        let singular = words.iter().map(|w| singular(w)).collect();
        let default = column.default.as_ref().or(column.generated.as_ref()).map(default_of);
        let kind = Kind::of(column);
        let length = match &column.user_type {
            None if kind == Kind::Varchar => length_of(&column.data_type),
            _ => None,
        };
        Column {
            column,
            words,
            singular,
            kind,
            length,
            default,
            identity: column.identity || default == Some(Default::Sequence),
            target: None,
            declared: false,
            cascade: false,
            class: Class::Other,
            tenant: false,
            foreign_id: false,
            kind_column: None,
            primary: false,
            in_primary: false,
            stamp: false,
            place: usize::MAX,
            extends: false,
            named: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.column.name
    }

    /// It is never NULL.
    pub fn required(&self) -> bool {
        !self.column.nullable
    }

    /// The last word of its name.
    pub fn last(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// The first word of its name.
    pub fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The words before the last, in the singular.
    pub fn stem(&self) -> &[String] {
        self.singular.split_last().map_or(&[], |(_, stem)| stem)
    }

    fn ends_with(&self, tail: &[&str]) -> bool {
        self.words.len() >= tail.len() && self.words.iter().rev().zip(tail.iter().rev()).all(|(a, b)| a == b)
    }
}

fn default_of(e: &catalog::Expression) -> Default {
    let zero = |n: &str| n.parse::<f64>().is_ok_and(|n| n == 0.0);
    match e.tree() {
        Expr::Text(t) if t.is_empty() => return Default::Empty,
        Expr::Number(n) | Expr::Text(n) if zero(n) => return Default::Zero,
        _ => {}
    }
    match e.to_string() {
        t if t.contains("uuid") => Default::Uuid,
        t if t.contains("nextval(") || t.contains("unique_rowid(") => Default::Sequence,
        t if t.starts_with("''") => Default::Empty,
        _ => Default::Other,
    }
}

fn length_of(data_type: &str) -> Option<usize> {
    data_type.split_once('(')?.1.split_once(')')?.0.parse().ok()
}

impl<'a> Table<'a> {
    fn new(table: &'a catalog::Table) -> Table<'a> {
        let columns: Vec<Column> = table.columns.iter().map(Column::new).collect();
        let place: HashMap<&str, usize> = table.columns.iter().enumerate().map(|(i, c)| (c.name.as_str(), i)).collect();
        let places = |names: &[&str]| names.iter().map(|n| place.get(n).copied()).collect::<Option<Vec<usize>>>();
        let primary = table.primary_key.as_ref().and_then(|k| {
            let names: Vec<&str> = k.columns.iter().map(String::as_str).collect();
            places(&names)
        });
        let set = |parts: &mut dyn Iterator<Item = &'a KeyPart>| {
            let names: BTreeSet<&str> = parts.flat_map(KeyPart::columns).collect();
            let mut columns = places(&names.into_iter().collect::<Vec<_>>())?;
            columns.sort_unstable();
            (!columns.is_empty()).then_some(columns)
        };
        let unique = table.unique_keys.iter().filter_map(|k| set(&mut k.key.iter()));
        let equal = table.exclusions.iter().filter(|x| x.elements.iter().all(|(_, operator)| operator == "="));
        let exclusions = equal.filter_map(|x| set(&mut x.elements.iter().map(|(part, _)| part)));
        let keys = unique.chain(exclusions).collect();
        let plain = |i: &'a catalog::Index| {
            let names: Vec<&str> = i.key.iter().map(KeyPart::as_column).collect::<Option<_>>()?;
            Some((places(&names)?, i.method.as_str())).filter(|(c, _)| !c.is_empty())
        };
        let indexes = table.indexes.iter().filter_map(plain).collect();
        Table {
            table,
            words: words(&table.name).iter().map(|w| singular(w)).collect(),
            joined: String::new(),
            columns,
            primary: primary.unwrap_or_default(),
            payload: Vec::new(),
            refs: Vec::new(),
            plain: Vec::new(),
            keys,
            indexes,
            in_degree: 0,
            parent: None,
            tenant: None,
            primary_kind: "none",
            framework: frameworks::owns(&table.schema, &table.name)
                || !table.unique_keys.is_empty() && frameworks::provides(&table.name),
            event: false,
            eventish: false,
            link: false,
            extension: false,
            translation: false,
            lookup: false,
            version: false,
            expiry: false,
            period: false,
            versioned: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.table.name
    }

    /// The last word of its name.
    pub fn last(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// The last word of its name, run together with those before it in a Django schema that has an application's prefix.
    fn tail(&self, django: bool) -> &[String] {
        match self.words.split_first() {
            Some((_, rest)) if django && !rest.is_empty() => rest,
            _ => &self.words,
        }
    }

    /// The column.
    pub fn at(&self, column: usize) -> &Column<'a> {
        &self.columns[column]
    }

    /// The columns of a list.
    pub fn each<'t>(&'t self, list: &'t [usize]) -> impl Iterator<Item = &'t Column<'a>> + Clone + 't {
        list.iter().map(|i| &self.columns[*i])
    }

    /// How the words before the last qualify the column's name.
    pub fn qualifier(&self, column: &Column<'_>) -> Qualifier {
        let own =
            |w: &String| self.words.contains(w) || matches!(w.as_str(), "short" | "unique" | "public" | "external");
        match column.stem() {
            [] => Qualifier::Bare,
            stem if stem.iter().all(own) => Qualifier::Own,
            _ => Qualifier::Other,
        }
    }

    /// A key on some of the columns exists.
    pub fn is_keyed_within(&self, columns: &[usize]) -> bool {
        self.keys.iter().any(|k| is_subset(k, columns))
    }

    /// A plain index on exactly these columns exists.
    pub fn is_indexed(&self, columns: &[usize]) -> bool {
        self.indexes.iter().any(|(list, _)| list.len() == columns.len() && list.iter().all(|c| columns.contains(c)))
    }
}

/// Whether all of sorted `a` are in sorted `b`.
pub fn is_subset(a: &[usize], b: &[usize]) -> bool {
    a.len() <= b.len() && a.iter().all(|x| b.binary_search(x).is_ok())
}

impl<'a> Facts<'a> {
    /// Gathers them.
    pub fn of(catalog: &'a Catalog) -> Facts<'a> {
        let mut tables: Vec<Table> = catalog.tables.iter().map(Table::new).collect();
        for t in &mut tables {
            for i in t.primary.clone() {
                t.columns[i].in_primary = true;
                t.columns[i].primary = t.primary.len() == 1;
            }
            t.primary_kind = match t.primary.as_slice() {
                [] => "none",
                [one] => t.columns[*one].kind.group(),
                _ => "many",
            };
        }
        references::declared(catalog, &mut tables);
        references::by_name(&mut tables);

        let mut common: HashMap<&str, usize> = HashMap::new();
        for c in catalog.tables.iter().flat_map(|t| &t.columns) {
            *common.entry(c.name.as_str()).or_default() += 1;
        }
        let named =
            |names: &[&str]| catalog.tables.iter().any(|t| names.iter().any(|n| t.name.eq_ignore_ascii_case(n)));
        let django = named(&["django_migrations", "django_content_type"]);
        let integers = tables.iter().flat_map(|t| &t.columns).filter(|c| c.kind.is_integer() && !c.in_primary);
        let small = integers.clone().filter(|c| c.kind == Kind::Smallint).count();
        let small_share = small as f64 / integers.count().max(1) as f64;

        let reach = in_degrees(&mut tables);
        for (i, table) in tables.iter_mut().enumerate() {
            classify_columns(i, table, &reach);
            polymorphic_pairs(table);
            split_payload(table);
            classify_table(table, django);
        }
        for i in 0..tables.len() {
            relate(&mut tables, i);
        }
        let many = tables.len().max(1) as f64;
        let keys: usize = tables.iter().filter(|t| !t.framework).map(|t| t.keys.len()).sum();
        Facts {
            catalog,
            django,
            guarded: keys >= 3 && keys as f64 >= 0.08 * tables.len() as f64,
            keyed_share: tables.iter().filter(|t| !t.keys.is_empty()).count() as f64 / many,
            small_share,
            common,
            tables,
        }
    }

    /// The table that a column references.
    pub fn target(&self, column: &Column<'_>) -> Option<&Table<'a>> {
        column.target.and_then(|t| self.tables.get(t))
    }
}

/// Counts how many tables reference each; returns the same with tables that reference themselves counted, too.
fn in_degrees(tables: &mut [Table<'_>]) -> Vec<usize> {
    let mut reach = vec![0; tables.len()];
    for i in 0..tables.len() {
        let targets: BTreeSet<usize> = tables[i].columns.iter().filter_map(|c| c.target).collect();
        for target in targets {
            reach[target] += 1;
            tables[target].in_degree += usize::from(target != i);
        }
    }
    reach
}

fn classify_columns(index: usize, table: &mut Table<'_>, reach: &[usize]) {
    let many = (0.2 * reach.len() as f64).max(4.0);
    for c in &mut table.columns {
        let clock = c.kind.is_integer() && matches!(c.last(), "at" | "time" | "ts" | "timestamp");
        let who = matches!(c.name(), "created_by" | "updated_by" | "creation_date" | "modified_date");
        c.stamp = c.kind == Kind::Time || clock || who;
        c.class = class_of(c);
        c.tenant = c.target.is_some_and(|t| {
            let owner = c.singular.first().is_some_and(|w| model().words.tenant_words.has(w)) && c.words.len() <= 2;
            t != index && (reach[t] as f64 >= many || owner)
        });
        let typed = c.kind.is_id() || matches!(c.kind, Kind::Citext | Kind::Bytes);
        c.foreign_id = c.target.is_none() && c.words.len() > 1 && matches!(c.last(), "id" | "ids") && typed;
    }
}

fn class_of(c: &Column<'_>) -> Class {
    let class = |word: &str| model().class(word);
    let lists = &model().words;
    let several = c.words.len() > 1;
    let joined = c.words.concat();
    if let Some(class) = class(&joined) {
        return class;
    }
    if matches!(joined.as_str(), "urlkey" | "shortname") {
        return Class::Slug;
    }
    if c.words.iter().any(|w| w == "idempotency") {
        return Class::Idempotency;
    }
    let counted = matches!(c.first(), "sequential" | "sequence" | "serial" | "ordinal");
    if several && matches!(c.last(), "id" | "uid") && counted && c.target.is_none() {
        return Class::Number;
    }
    if several && lists.language_codes.has(c.last()) {
        return c.words.iter().rev().nth(1).and_then(|w| class(w)).unwrap_or(Class::Other);
    }
    let id = matches!(c.last(), "id" | "ref" | "reference" | "uid" | "key");
    if several && id && c.target.is_none() && lists.external_words.has(c.first()) {
        return Class::External;
    }
    if c.kind == Kind::Date {
        return Class::Period;
    }
    let last = c.singular.last().map_or("", String::as_str);
    class(c.last()).or_else(|| class(last)).unwrap_or(Class::Other)
}

/// `x_type` beside `x_id`, `content_type_id` beside `object_id`: the id is one of several tables', and references none.
fn polymorphic_pairs(table: &mut Table<'_>) {
    let place: HashMap<Vec<String>, usize> =
        table.columns.iter().enumerate().map(|(i, c)| (c.words.clone(), i)).collect();
    let beside = |stem: &[String], tail: &[&str]| {
        let name: Vec<String> = stem.iter().cloned().chain(tail.iter().map(|w| (*w).to_owned())).collect();
        place.get(&name).copied()
    };
    for i in 0..table.columns.len() {
        let words = &table.columns[i].words;
        let id = match words.split_last() {
            Some((last, stem)) if last == "type" && !stem.is_empty() => {
                beside(stem, &["id"]).filter(|d| !table.columns[*d].declared)
            }
            _ if table.columns[i].ends_with(&["content", "type", "id"]) => {
                let stem = &words[..words.len() - 3];
                beside(stem, &["object", "id"])
                    .or_else(|| beside(&[], &["object", "id"]))
                    .or_else(|| beside(&[], &["object", "pk"]))
            }
            _ => None,
        };
        if let Some(id) = id {
            let id = &mut table.columns[id];
            (id.kind_column, id.target, id.foreign_id) = (Some(i), None, true);
        }
    }
}

fn split_payload(table: &mut Table<'_>) {
    for (i, c) in table.columns.iter_mut().enumerate() {
        if c.primary || c.stamp {
            continue;
        }
        c.place = table.payload.len();
        table.payload.push(i);
        if c.target.is_some() { table.refs.push(i) } else { table.plain.push(i) }
    }
}

fn classify_table(table: &mut Table<'_>, django: bool) {
    let lists = &model().words;
    let tail = table.tail(django);
    let joined = tail.concat();
    let last = tail.last().cloned().unwrap_or_default();
    let is = |words: &super::model::Words| words.has(&last) || django && words.ends(&last);
    table.event = is(&lists.event_words);
    table.extension = is(&lists.extension_words);
    table.lookup = is(&lists.lookup_words);
    table.version = is(&lists.version_words);
    table.eventish = table.words.iter().any(|w| lists.event_words.has(w));
    table.translation = table.words.iter().any(|w| lists.translation_words.has(w)) || is(&lists.translation_words);
    table.link = table.words.iter().rev().take(2).any(|w| lists.link_words.has(w)) || is(&lists.link_words);
    table.joined = joined;
    table.expiry = table.columns.iter().any(|c| c.words.iter().any(|w| lists.expiry_words.has(w)));
    let dated = |c: &Column<'_>| matches!(c.kind, Kind::Time | Kind::Date | Kind::Int | Kind::Bigint);
    table.period = table.columns.iter().any(|c| lists.period_words.has(c.first()) && dated(c));
    let versioned = table.each(&table.plain).any(|c| matches!(c.last(), "version" | "revision"));
    table.versioned = versioned;
}

/// What needs the names of other tables: which reference names the table, which is its parent, which its tenant.
fn relate(tables: &mut [Table<'_>], index: usize) {
    let table = &tables[index];
    let mut naming = Vec::new();
    for &i in &table.refs {
        let c = table.at(i);
        let Some(target) = c.target.and_then(|t| tables.get(t)) else { continue };
        let stem = c.stem().concat();
        let part = |w: &str| w.len() >= 3 && w != table.joined && table.joined.contains(w);
        let front = |w: &str| w.len() >= 3 && w != table.joined && table.joined.starts_with(w);
        let tail = target.words.last().map_or("", String::as_str);
        naming.push((i, front(&target.joined) || front(&stem), part(&target.joined) || part(tail) || part(&stem)));
    }
    let mut parent: Option<(f64, usize)> = None;
    let mut tenant = None;
    for (n, &(i, extends, named)) in naming.iter().enumerate() {
        let c = table.at(i);
        if c.target != Some(index) {
            let points = |yes: bool, points: f64| if yes { points } else { 0.0 };
            let score = points(extends || named, 2.0)
                + points(c.cascade && c.required(), 1.0)
                + points(c.required(), 1.0)
                + points(n == 0, 0.5);
            if parent.is_none_or(|(best, _)| score > best) {
                parent = Some((score, i));
            }
        }
        let owns = |w: Option<&String>| w.is_some_and(|w| model().words.tenant_words.has(w));
        let target = c.target.and_then(|t| tables.get(t));
        if tenant.is_none() && c.tenant && (owns(c.singular.first()) || owns(target.and_then(|t| t.words.last()))) {
            tenant = Some(i);
        }
    }
    let table = &mut tables[index];
    (table.parent, table.tenant) = (parent.map(|(_, i)| i), tenant);
    for (i, extends, named) in naming {
        (table.columns[i].extends, table.columns[i].named) = (extends, named);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ddl::{Options, SchemaFile, read};

    fn with_facts(sql: &str, look: impl Fn(&Facts<'_>)) {
        let file = SchemaFile { name: "t.sql".into(), text: sql.into() };
        let catalog = read(&[file], &Options { engine: None }).catalog;
        look(&Facts::of(&catalog));
    }

    fn column<'f, 'a>(facts: &'f Facts<'a>, table: &str, name: &str) -> (&'f Table<'a>, &'f Column<'a>) {
        let t = facts.tables.iter().find(|t| t.name() == table).expect("the table");
        (t, t.columns.iter().find(|c| c.name() == name).expect("the column"))
    }

    fn target<'a>(facts: &Facts<'a>, table: &str, name: &str) -> Option<&'a str> {
        facts.target(column(facts, table, name).1).map(|t| t.table.name.as_str())
    }

    #[test]
    fn names_stand_in_for_foreign_keys() {
        let sql = "CREATE TABLE users (id uuid PRIMARY KEY);
            CREATE TABLE shop_order (id bigint PRIMARY KEY, user_id uuid, buyer_user_id uuid, order_id bigint,
              wrong_user_id bigint, target_id bigint, target_type text);
            CREATE TABLE target (id bigint PRIMARY KEY);
            CREATE TABLE piece (piece_id bigint PRIMARY KEY);
            CREATE TABLE part (id bigint PRIMARY KEY, piece_id bigint);";
        with_facts(sql, |f| {
            assert_eq!(target(f, "shop_order", "user_id"), Some("users"), "whole name, singular");
            assert_eq!(target(f, "shop_order", "buyer_user_id"), Some("users"), "the last words");
            assert_eq!(target(f, "shop_order", "order_id"), Some("shop_order"), "a name that ends so");
            assert_eq!(target(f, "shop_order", "wrong_user_id"), None, "the types do not fit");
            assert_eq!(target(f, "shop_order", "target_id"), None, "target_type says that it is any table's");
            assert_eq!(target(f, "part", "piece_id"), Some("piece"), "the name of a primary key");
        });
    }

    #[test]
    fn columns_have_classes() {
        let sql = "CREATE TABLE t (id bigint PRIMARY KEY, slug text, email_address text, stripe_id text, label_fr text,
            idempotency_token text, starts date, created_at timestamptz, kinds text, seq_id bigint);";
        with_facts(sql, |f| {
            for (name, class) in [
                ("slug", Class::Slug),
                ("email_address", Class::Net),
                ("stripe_id", Class::External),
                ("label_fr", Class::Title),
                ("idempotency_token", Class::Idempotency),
                ("starts", Class::Period),
                ("kinds", Class::Kind),
            ] {
                assert_eq!(column(f, "t", name).1.class, class, "{name}");
            }
            let (t, created) = column(f, "t", "created_at");
            assert!(created.stamp && !t.payload.iter().any(|i| t.at(*i).name() == "created_at"));
            assert!(column(f, "t", "seq_id").1.foreign_id);
        });
    }

    #[test]
    fn type_and_id_belong_together() {
        let sql = "CREATE TABLE likes (id bigint PRIMARY KEY, likeable_type text, likeable_id bigint);";
        with_facts(sql, |f| {
            let (t, id) = column(f, "likes", "likeable_id");
            assert_eq!(id.kind_column.map(|i| t.at(i).name()), Some("likeable_type"));
        });
    }

    #[test]
    fn the_owner_of_a_row() {
        let sql = "CREATE TABLE account (id bigint PRIMARY KEY); CREATE TABLE invoice (id bigint PRIMARY KEY);
            CREATE TABLE invoice_line (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES account,
              invoice_id bigint NOT NULL REFERENCES invoice ON DELETE CASCADE);";
        with_facts(sql, |f| {
            let (t, invoice) = column(f, "invoice_line", "invoice_id");
            assert!(invoice.extends && t.parent.is_some_and(|p| t.at(p).name() == "invoice_id"));
            assert!(t.tenant.is_some_and(|i| t.at(i).name() == "account_id"));
            assert_eq!(column(f, "invoice", "id").0.in_degree, 1);
        });
    }

    #[test]
    fn candidates_once_and_never_over_the_primary_key() {
        let sql = "CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (id bigint PRIMARY KEY);
            CREATE TABLE link (a_id bigint REFERENCES a, b_id bigint REFERENCES b, code text, PRIMARY KEY (a_id, b_id));";
        with_facts(sql, |f| {
            let (t, _) = column(f, "link", "code");
            let found = crate::inference::candidates::candidates(t);
            let sets: BTreeSet<Vec<usize>> = found.iter().map(|c| c.columns.clone()).collect();
            assert_eq!(sets.len(), found.len());
            assert!(sets.contains(&vec![2]) && sets.contains(&vec![0, 2]) && !sets.contains(&vec![0, 1]), "{sets:?}");
        });
    }
}
