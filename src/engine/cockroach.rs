//! What CockroachDB adds to a schema by itself.

/// Whether a column that is NOT VISIBLE was made by CockroachDB and not by a user: the `rowid` that stands in for a
/// primary key, the shard of a hash-sharded index, the column behind an expression in an index, the expiry of a row,
/// the region of a row.
pub fn is_engine_column(name: &str, data_type: &str, default: Option<&str>) -> bool {
    let is_rowid = || {
        // rowid_1 if the user has a rowid
        let number = name.strip_prefix("rowid").map(|n| n.strip_prefix('_').unwrap_or(n));
        number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) && default == Some("unique_rowid()")
    };
    name.starts_with("crdb_internal_") || data_type.ends_with("crdb_internal_region") || is_rowid()
}

/// Whether a column is the hidden shard of a hash-sharded index, such as `crdb_internal_a_b_shard_8`.
pub fn is_shard_column(name: &str) -> bool {
    let shard = name.strip_prefix("crdb_internal_").and_then(|n| n.rsplit_once("_shard_"));
    shard.is_some_and(|(_, count)| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_made_by_the_engine() {
        for (name, data_type, default) in [
            ("rowid", "bigint", Some("unique_rowid()")),
            ("rowid_1", "bigint", Some("unique_rowid()")),
            ("crdb_internal_a_shard_16", "integer", None),
            ("crdb_internal_idx_expr_1", "text", None),
            ("crdb_internal_expiration", "timestamp with time zone", None),
            ("crdb_region", "public.crdb_internal_region", None),
        ] {
            assert!(is_engine_column(name, data_type, default), "{name}");
        }
        for (name, data_type, default) in
            [("rowid", "bigint", None), ("row_id", "bigint", Some("unique_rowid()")), ("crdb_region", "text", None)]
        {
            assert!(!is_engine_column(name, data_type, default), "{name}");
        }
        assert!(is_shard_column("crdb_internal_a_b_shard_8"));
        assert!(!is_shard_column("crdb_internal_a_shard_") && !is_shard_column("my_shard_8"));
    }
}
