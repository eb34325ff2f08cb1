//! From inferred keys to proposals: what the rules of the keys' shapes have in common.

use super::{Context, Proposal};
use crate::evidence::Severity;
use crate::inference::{Key, Shape};

/// Proposes every inferred key of a shape, with the sentence that `message` makes of it.
pub fn keys(
    context: &Context<'_>,
    shape: Shape,
    severity: Severity,
    message: impl Fn(&Key<'_>) -> String,
    out: &mut Vec<Proposal>,
) {
    let of_shape = context.inference().keys.iter().filter(|k| k.shape == shape);
    out.extend(of_shape.map(|k| {
        let mut sentence = message(k);
        if let Some(predicate) = k.guard.predicate() {
            sentence.push_str(&format!(" Rows outside of {predicate} do not count."));
        }
        Proposal::inferred(k.table, k.guard.clone(), severity, sentence, k.belief.clone())
    }));
}

/// `a`, `a and b`, `a, b and c`.
pub fn and(list: &[&str]) -> String {
    match list {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// What a key is within and what it is, where its first column is what rows belong to.
pub fn split<'k>(columns: &'k [&'k str]) -> (&'k str, String) {
    match columns {
        [parent, rest @ ..] if !rest.is_empty() => (parent, and(rest)),
        columns => ("", and(columns)),
    }
}
