use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// A thing can have two translations into one language.
    ///
    /// ## What it finds
    /// A reference beside a language, locale, country or currency, without UNIQUE on the two: translations, local prices,
    /// contents by country.
    ///
    /// ## The race
    /// ```text
    /// session A (editor)                               session B (import)
    /// SELECT … WHERE product_id = 7 AND lang = 'de'  → none
    ///                                                  SELECT … WHERE product_id = 7 AND lang = 'de'  → none
    /// INSERT (7, 'de', 'Stuhl')
    ///                                                  INSERT (7, 'de', 'Sessel')
    /// ```
    ///
    /// A page that joins the translation now shows the product twice, and an editor who corrects one row sees the other.
    ///
    /// ## What it looks at
    /// What the table is by name, the reference that owns the row, what else could tell translations of one language apart
    /// (a field, a key), and how the schema's other translations do it.
    ///
    /// ## When it is wrong
    /// Where a translation has versions, or is of one field among several: then the version or field belongs in the key.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON product_translation (product_id, lang)`. Django:
    /// `UniqueConstraint(fields=["product", "lang"], name=…)`. Rails: `add_index :product_translations, [:product_id,
    /// :locale], unique: true` (Globalize does not add it). Prisma: `@@unique([productId, lang])`. SQLAlchemy:
    /// `UniqueConstraint("product_id", "lang")`.
    "missing-translation-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Translation,
        Severity::Medium,
        |k| {
            let (parent, own) = inferred::split(&k.columns);
            format!("{} can hold two rows of one {own} for one {parent}.", k.table.label())
        },
        out,
    );
}
