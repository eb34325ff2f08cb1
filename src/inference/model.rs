//! The model as data: vocabularies, weights and thresholds, in `data/model.json`.
//!
//! The weights are log-odds from a logistic regression; `docs/accuracy.md` tells on what.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::evidence::Thresholds;

static MODEL: OnceLock<Model> = OnceLock::new();

/// The model that the binary carries.
pub fn model() -> &'static Model {
    MODEL.get_or_init(|| serde_json::from_str(include_str!("../../data/model.json")).unwrap_or_default())
}

/// Puts another model in its place, before anything is inferred: for training, where a schema is judged by a model that
/// never saw it.
///
/// # Errors
/// If a model is in use already: the one given comes back.
pub fn install(model: Model) -> Result<(), Box<Model>> {
    MODEL.set(model).map_err(Box::new)
}

/// Vocabularies, weights, thresholds.
#[derive(Debug, Default, Deserialize)]
pub struct Model {
    /// From which score on a proposal is of which confidence.
    pub thresholds: Scales,
    /// What the first, second, … proposal of a table loses; there are no more proposals than entries.
    pub penalty: Vec<f64>,
    /// The words of each class of columns.
    classes: Classes,
    /// Other lists of words.
    pub words: Vocabulary,
    /// Weights of the features of a candidate key, by family.
    pub families: BTreeMap<Family, Weights>,
    /// Weights of what the schema's own keys say, and of the base score beside it.
    pub conventions: Weights,
    /// Weights of the features of a column that might never be negative.
    pub check: Weights,
    /// Weights of what the schema's own checks say, and of the base score beside it.
    pub check_conventions: Weights,
}

impl Model {
    /// The class that a word stands for.
    pub fn class(&self, word: &str) -> Option<Class> {
        self.classes.0.get(word).copied()
    }
}

/// One scale for each kind of score: a schema that has keys is judged otherwise than one that has none.
#[derive(Debug, Default, Deserialize)]
pub struct Scales {
    /// Keys of a schema with hardly any keys.
    pub unguarded: Thresholds,
    /// Keys of a schema that has some.
    pub guarded: Thresholds,
    /// Checks of a schema with hardly any.
    pub check_unguarded: Thresholds,
    /// Checks of a schema that has some.
    pub check_guarded: Thresholds,
}

/// Lists of words, general English and software terms.
#[derive(Debug, Default, Deserialize)]
pub struct Vocabulary {
    /// Tables whose rows are events, not things.
    pub event_words: Words,
    /// Tables that link things.
    pub link_words: Words,
    /// Tables that extend another by one row each.
    pub extension_words: Words,
    /// Tables of translations.
    pub translation_words: Words,
    /// Look-up tables.
    pub lookup_words: Words,
    /// Tables of versions.
    pub version_words: Words,
    /// What owns rows.
    pub tenant_words: Words,
    /// What is somebody else's.
    pub external_words: Words,
    /// Numbers with a sign.
    pub signed: Words,
    /// What is sold, booked or spent, so that the last one must not go twice.
    pub sold: Words,
    /// What is spent: an overdraft may be meant.
    pub spent: Words,
    /// Numbers that count or measure.
    pub county: Words,
    /// Codes of languages.
    pub language_codes: Words,
    /// An end of validity.
    pub expiry_words: Words,
    /// Bounds of a period.
    pub period_words: Words,
}

/// The class of each word; written as the words of each class.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<Class, Words>")]
struct Classes(HashMap<String, Class>);

impl From<BTreeMap<Class, Words>> for Classes {
    fn from(lists: BTreeMap<Class, Words>) -> Classes {
        Classes(lists.into_iter().flat_map(|(class, words)| words.0.into_iter().map(move |w| (w, class))).collect())
    }
}

/// A set of words, written as one text with spaces.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "String")]
pub struct Words(HashSet<String>);

impl From<String> for Words {
    fn from(text: String) -> Words {
        Words(text.split_whitespace().map(str::to_owned).collect())
    }
}

impl Words {
    /// Whether the word is in it.
    pub fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Whether the name ends with a word of the set of at least four letters, as names run together do.
    pub fn ends(&self, name: &str) -> bool {
        // no word is longer than the name, so its few endings are looked up and not the many words tried
        (0..name.len().saturating_sub(3)).any(|i| name.get(i..).is_some_and(|end| self.has(end)))
    }
}

/// Weights by feature. A feature that is not there weighs nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Weights(HashMap<String, f64>);

impl Weights {
    /// The weight of a feature with the feature's own copy of its name.
    pub fn find(&self, feature: &str) -> Option<(&str, f64)> {
        self.0.get_key_value(feature).map(|(name, weight)| (name.as_str(), *weight))
    }

    /// The weight of the score before: more for one shape than for another.
    pub fn of_base(&self, shape: &str) -> f64 {
        tidy(self.of("base") + self.of(&format!("base+{shape}")))
    }

    /// The weight of a feature.
    pub fn of(&self, feature: &str) -> f64 {
        self.0.get(feature).copied().unwrap_or(0.0)
    }
}

/// Declares an enum whose variants have the names by which features call them.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// The name by which features call it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// What a column is by its name.
    Class {
        /// slug, handle, subdomain.
        Slug = "slug",
        /// uuid, guid, ulid.
        Uuid = "uuid",
        /// token, secret, nonce.
        Token = "token",
        /// idempotency key, request id.
        Idempotency = "idem",
        /// hash, digest, fingerprint.
        Hash = "hash",
        /// e-mail, username, phone.
        Login = "login",
        /// code, key, sku, isbn.
        Code = "code",
        /// name.
        Name = "name",
        /// title, label, value.
        Title = "title",
        /// number, position, version.
        Number = "number",
        /// date, month, year.
        Period = "period",
        /// language, locale, currency, country.
        Language = "lang",
        /// type, category, provider.
        Kind = "kind",
        /// host, address, path, URL.
        Net = "net",
        /// model, table, entity.
        Model = "model",
        /// The id that another system gave.
        External = "extid",
        /// Free text, settings.
        Free = "free",
        /// status, flag.
        State = "state",
        /// amount, size, count.
        Measure = "measure",
        /// Anything else.
        Other = "other",
    }
}

impl Class {
    /// Whether such a column may name a row, alone or with others.
    pub fn names_rows(self) -> bool {
        !matches!(self, Class::Free | Class::State | Class::Measure | Class::Other)
    }
}

named! {
    /// The shape of a candidate key: what it is made of.
    Family {
        /// One column of the row's own.
        Natural = "nat",
        /// One `…_id` that references nothing.
        ForeignId = "xid",
        /// One reference.
        One = "one",
        /// Two references.
        Pair = "rr",
        /// A reference and a column.
        Scoped = "rx",
        /// Two columns.
        Columns = "xx",
        /// Three and more.
        Wide = "wide",
    }
}

/// How a number compares to a few edges, as features say it: `<=3` or `>14`.
pub struct Bucket<N> {
    edge: N,
    above: bool,
}

/// The first edge that `n` does not exceed, or the last.
pub fn bucket<N: PartialOrd + Copy + Default>(n: N, edges: &[N]) -> Bucket<N> {
    match edges.iter().find(|e| n <= **e) {
        Some(edge) => Bucket { edge: *edge, above: false },
        None => Bucket { edge: edges.last().copied().unwrap_or_default(), above: true },
    }
}

impl<N: fmt::Display> fmt::Display for Bucket<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.above { ">" } else { "<=" }, self.edge)
    }
}

/// Takes the features of a candidate.
pub trait Marks {
    /// One feature.
    fn add(&mut self, feature: fmt::Arguments<'_>);

    /// One feature, if a condition holds.
    fn add_if(&mut self, condition: bool, feature: fmt::Arguments<'_>) {
        if condition {
            self.add(feature);
        }
    }
}

/// Collects the features of one candidate that carry weight, each once.
pub struct Active<'m> {
    weights: &'m Weights,
    name: String,
    found: Vec<(&'m str, f64)>,
}

impl<'m> Active<'m> {
    /// None yet.
    pub fn new(weights: &'m Weights) -> Active<'m> {
        Active { weights, name: String::new(), found: Vec::new() }
    }

    /// The sum of the weights.
    pub fn sum(&self) -> f64 {
        tidy(self.found.iter().map(|(_, w)| w).sum())
    }

    /// Forgets all, for the next candidate.
    pub fn clear(&mut self, weights: &'m Weights) {
        self.weights = weights;
        self.found.clear();
    }

    /// The features with their weights.
    pub fn features(&self) -> &[(&'m str, f64)] {
        &self.found
    }
}

impl Marks for Active<'_> {
    fn add(&mut self, feature: fmt::Arguments<'_>) {
        let found = match feature.as_str() {
            Some(fixed) => self.weights.find(fixed),
            None => {
                self.name.clear();
                // writing to a String cannot fail
                let _ = fmt::write(&mut self.name, feature);
                self.weights.find(&self.name)
            }
        };
        if let Some((name, weight)) = found
            && !self.found.iter().any(|(n, _)| *n == name)
        {
            self.found.push((name, weight));
        }
    }
}

/// A score without the noise of binary fractions: weights have two decimals, and scores are compared to sums of them.
pub fn tidy(score: f64) -> f64 {
    (score * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_file_is_read() {
        let m = model();
        assert_eq!(m.families.len(), 7);
        assert_eq!(m.penalty.len(), 4);
        assert!(m.thresholds.guarded.high > m.thresholds.guarded.medium);
        assert!(m.conventions.of("base") > 0.0 && m.check_conventions.of("base") > 0.0);
        assert_eq!(m.class("email"), Some(Class::Login));
    }

    #[test]
    fn buckets() {
        assert_eq!(bucket(3, &[0, 1, 3, 9]).to_string(), "<=3");
        assert_eq!(bucket(10, &[0, 1, 3, 9]).to_string(), ">9");
        assert_eq!(bucket(0.1, &[0.05, 0.15, 0.4]).to_string(), "<=0.15");
    }
}
