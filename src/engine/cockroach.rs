//! CockroachDB.

use super::dialect::{common, null_closing_keys, quote_ident, quote_list, quote_table};
use crate::catalog::Table;
use crate::guard::{Guard, Unvalidated, fit, key_text};

/// One schema change a statement. Unique keys are made as indexes: they can be partial or over expressions, and dropped
/// again in every version.
pub fn add_guard(table: &Table, guard: &Guard, name: &str) -> Vec<String> {
    let (t, n) = (quote_table(table), quote_ident(name));
    match guard {
        Guard::Unique { nulls_not_distinct: true, .. } => {
            let keys = null_closing_keys(table, &guard.columns());
            keys.iter()
                .map(|(rest, null)| {
                    let name = fit(&format!("{}_{}_when_no_{}", table.name, rest.join("_"), null.join("_")), "_key");
                    let predicate: Vec<String> = null.iter().map(|c| format!("{} IS NULL", quote_ident(c))).collect();
                    format!(
                        "CREATE UNIQUE INDEX IF NOT EXISTS {} ON {t} ({}) WHERE {};",
                        quote_ident(&name),
                        quote_list(rest),
                        predicate.join(" AND ")
                    )
                })
                .collect()
        }
        Guard::Unique { key, predicate, .. } => {
            let predicate = predicate.as_ref().map(|p| format!(" WHERE {p}")).unwrap_or_default();
            vec![format!("CREATE UNIQUE INDEX IF NOT EXISTS {n} ON {t} ({}){predicate};", key_text(key))]
        }
        Guard::PrimaryKey { columns } if columns.is_empty() => vec![
            format!("ALTER TABLE {t} ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid();"),
            format!("ALTER TABLE {t} ALTER PRIMARY KEY USING COLUMNS (id);"),
        ],
        Guard::PrimaryKey { columns } => {
            let nullable = columns.iter().filter(|c| table.column(c).is_some_and(|c| c.nullable));
            let not_null = nullable.map(|c| format!("ALTER TABLE {t} ALTER COLUMN {} SET NOT NULL;", quote_ident(c)));
            not_null
                .chain([format!("ALTER TABLE {t} ALTER PRIMARY KEY USING COLUMNS ({});", quote_list(columns))])
                .collect()
        }
        Guard::Validate { what: Unvalidated::Index, constraint, .. } => {
            // a failed build leaves nothing behind here; an index that is not valid is still being built
            vec![format!("SHOW JOBS; -- {} is being built", quote_ident(constraint))]
        }
        Guard::Check { .. } | Guard::NotNull { .. } | Guard::ForeignKey { .. } | Guard::Validate { .. } => {
            common(table, guard, name)
        }
    }
}
