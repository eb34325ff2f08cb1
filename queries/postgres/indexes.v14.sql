-- indexes.sql for PostgreSQL before 15: NULLs are always distinct.
-- Indexes of tables that are no partitions. The key is a list of attribute numbers, 0 for each of the expressions.
-- '{}' stands for the tables that another session has locked: to read an expression of theirs is to wait for it.
SELECT i.indexrelid::text AS oid,
       i.indrelid::text AS table_oid,
       n.relname::text AS name,
       m.amname::text AS method,
       i.indisunique::text AS is_unique,
       i.indisprimary::text AS is_primary,
       i.indisexclusion::text AS is_exclusion,
       (i.indisvalid AND i.indisready)::text AS valid,
       'false'::text AS nulls_not_distinct,
       i.indkey::text AS key,
       i.indnkeyatts::text AS key_columns,
       CASE WHEN i.indrelid <> ALL ('{}'::oid[]) THEN pg_catalog.pg_get_expr(i.indexprs, i.indrelid) END::text AS expressions,
       CASE WHEN i.indrelid <> ALL ('{}'::oid[]) THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END::text AS predicate
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class n ON n.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = n.relam
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND c.oid >= 16384
ORDER BY i.indrelid, n.relname
