//! What kind of key a candidate is. Each shape is a rule of its own.

use super::candidates::Candidate;
use super::facts::{Column, Table};
use super::model::{Class, Family, model};

/// The kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// A column that names the row: slug, e-mail, token.
    Natural,
    /// A name or code within a parent or tenant.
    Scoped,
    /// Two or more references and nothing else.
    References,
    /// One reference: at most one row for each row of the parent.
    OneToOne,
    /// A position, number, version or date within a parent.
    Position,
    /// An idempotency or request key.
    Idempotency,
    /// An id that another system gave.
    External,
    /// A parent and a language.
    Translation,
    /// A type and an id of that type.
    Polymorphic,
    /// Any other.
    Composite,
}

impl Shape {
    /// The shape of a candidate.
    pub fn of(table: &Table<'_>, candidate: &Candidate) -> Shape {
        let set = candidate.columns.as_slice();
        let own = || table.each(set).filter(|c| c.target.is_none());
        let is = |class: Class| own().any(|c| c.class == class);
        let refs = set.len() - own().count();
        if is(Class::Idempotency) {
            return Shape::Idempotency;
        }
        if table.each(set).any(|c| c.kind_column.is_some()) {
            return Shape::Polymorphic;
        }
        let foreign = own().any(|c| c.foreign_id) || candidate.family != Family::Scoped && is(Class::External);
        match candidate.family {
            Family::Natural if !is(Class::External) => Shape::Natural,
            Family::Natural | Family::ForeignId => Shape::External,
            Family::One => Shape::OneToOne,
            Family::Pair => Shape::References,
            _ if refs > 0 && own().any(says_language) => Shape::Translation,
            Family::Columns if foreign || is(Class::Uuid) => Shape::External,
            Family::Scoped if own().all(|c| matches!(c.class, Class::Number | Class::Period)) => Shape::Position,
            Family::Scoped if foreign => Shape::External,
            Family::Scoped => Shape::Scoped,
            Family::Wide if refs == set.len() => Shape::References,
            Family::Columns | Family::Wide => Shape::Composite,
        }
    }
}

/// `language`, but `language_code` as well.
fn says_language(column: &Column<'_>) -> bool {
    column.words.iter().any(|w| model().class(w) == Some(Class::Language))
}
