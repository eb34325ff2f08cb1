use super::{Context, Proposal, declare_rule, inferred};
use crate::evidence::Severity;
use crate::inference::Shape;

declare_rule! {
    /// Several columns together say which row it is, and nothing makes them unique.
    ///
    /// ## What it finds
    /// Keys of two columns of the table's own (namespace and name, key and version), of three and more (tenant, parent and
    /// name; all references and a number), and tables whose whole row is the key.
    ///
    /// ## The race
    /// ```text
    /// session A                                        session B
    /// SELECT 1 FROM price WHERE product_id = 7 AND
    ///   currency = 'EUR' AND valid_from = '2024-01-01'  → none
    ///                                                  SELECT 1 FROM price WHERE …  → none
    /// INSERT INTO price (7, 'EUR', '2024-01-01', 10)
    ///                                                  INSERT INTO price (7, 'EUR', '2024-01-01', 12)
    /// ```
    ///
    /// Which price holds is now a matter of the query plan. An importer that is run twice does the same without any
    /// concurrency.
    ///
    /// ## What it looks at
    /// Which columns can name a row together, whether they come first and together in the table, plain indexes on exactly
    /// these columns, whether anything else could be the key, and how sibling tables do it.
    ///
    /// ## When it is wrong
    /// Where the table is a log or a set of measurements, or where one more column belongs in the key.
    ///
    /// ## How to fix it
    /// SQL: `CREATE UNIQUE INDEX … ON price (product_id, currency, valid_from)`, in the order in which queries filter. Django:
    /// `UniqueConstraint(fields=["product", "currency", "valid_from"], name=…)`. Rails: `add_index :prices, [:product_id,
    /// :currency, :valid_from], unique: true`. Prisma: `@@unique([productId, currency, validFrom])`. SQLAlchemy:
    /// `UniqueConstraint("product_id", "currency", "valid_from")`. An importer: `INSERT … ON CONFLICT (product_id,
    /// currency, valid_from) DO UPDATE`.
    "missing-composite-key", needs: []
}

fn check(context: &Context<'_>, out: &mut Vec<Proposal>) {
    inferred::keys(
        context,
        Shape::Composite,
        Severity::Medium,
        |k| format!("{} can hold the same ({}) twice.", k.table.label(), k.columns.join(", ")),
        out,
    );
}
