//! What features are about.

use crate::evidence::Source;

/// What a sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// What the column's name says.
    Name,
    /// Type, NULL, default.
    Type,
    /// What the table is.
    Table,
    /// What is referenced, and how.
    Reference,
    /// What else the table has.
    Company,
    /// Where in the table the columns stand.
    Position,
    /// An index that is there, but not unique.
    Index,
    /// What other tables do with the same columns.
    Siblings,
    /// What the table's own keys or checks say.
    Own,
}

impl Topic {
    /// All of them.
    pub const ALL: [Topic; 9] = [
        Topic::Name,
        Topic::Type,
        Topic::Table,
        Topic::Reference,
        Topic::Company,
        Topic::Position,
        Topic::Index,
        Topic::Siblings,
        Topic::Own,
    ];

    /// Where such evidence comes from.
    pub fn source(self) -> Source {
        match self {
            Topic::Name => Source::Name,
            Topic::Siblings | Topic::Own => Source::Siblings,
            _ => Source::Shape,
        }
    }

    /// What a feature is about; `None` if it is but the base rate of such candidates in such a schema.
    pub fn of(feature: &str) -> Option<Topic> {
        let is = |list: &[&str]| list.contains(&feature);
        let starts = |list: &[&str]| list.iter().any(|p| feature.starts_with(p));
        let has = |list: &[&str]| list.iter().any(|p| feature.contains(p));
        if is(&["bias", "k:bias", "k:dj", "k:no", "t:django"]) || starts(&["w:fam_", "refs", "xs", "shape_"]) {
            return None;
        }
        if has(&["smallshare"]) {
            return None;
        }
        Some(match feature {
            _ if starts(&["w:L", "w:twin", "w:alike", "kw:L", "kw:twin"]) => Topic::Siblings,
            _ if starts(&["w:", "kw:"]) => Topic::Own,
            "indexed" => Topic::Index,
            _ if starts(&["t:", "k:event", "k:numeric_cols", "event_one"]) || has(&["expiry", "+own+event"]) => {
                Topic::Table
            }
            _ if starts(&["k:sold", "k:spent", "k:county", "k:signed", "k:idlike", "k:cls", "k:timelike", "lex"]) => {
                Topic::Name
            }
            _ if starts(&["k:", "c:type", "c:len", "c:notnull", "c:nullable", "c:def", "c:identity", "c:django"])
                || starts(&["c:textual", "uuid_notnull", "nullable", "both_notnull", "some_nullable", "x_type"])
                || is(&["x_default"]) =>
            {
                Topic::Type
            }
            _ if starts(&["c:pos", "first_column", "first_two", "adjacent", "leading", "contiguous", "lastpos"])
                || starts(&["r:pos", "nopk", "c:nopk", "first_text"]) =>
            {
                Topic::Position
            }
            _ if starts(&[
                "rest",
                "beside",
                "pure_join",
                "join_flags",
                "nothing",
                "whole_row",
                "all_refs",
                "other_n",
            ]) || starts(&["compound", "tenant_join", "django_m2m", "width", "all_required"])
                || has(&["+beside_", "slug_beside", "+payload", "+own+small", "all_refs+number"]) =>
            {
                Topic::Company
            }
            _ if starts(&[
                "r:",
                "only_re",
                "is_parent",
                "not_parent",
                "required_refs",
                "parent_named",
                "named_both",
            ]) || starts(&[
                "named_one",
                "named_none",
                "named_all",
                "same_target",
                "both_",
                "one_tenant",
                "with_",
            ]) || starts(&[
                "actor",
                "target_",
                "self",
                "referenced",
                "tenant_left",
                "link",
                "alternative",
                "ref_",
            ]) || starts(&["first_ref", "extension_only", "extends", "ptr", "has_tenant"])
                || has(&[
                    "+refs",
                    "+tenant",
                    "+ref",
                    "parent",
                    "+owned",
                    "+own+required",
                    "+own+first_ref",
                    "+own+root",
                ])
                || has(&["+own+noref"]) =>
            {
                Topic::Reference
            }
            _ => Topic::Name,
        })
    }
}
