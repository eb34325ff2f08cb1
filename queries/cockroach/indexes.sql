-- What is known of an index by number. Name and key come from index_definitions: indkey has the implicit shard and
-- region columns from 24.2 on, indpred is empty in 21.1, and indisready is false for finished indexes up to 26.2.
SELECT indexrelid::text AS oid,
       indrelid::text AS table_oid,
       NULL::text AS name,
       NULL::text AS method,
       indisunique::text AS is_unique,
       indisprimary::text AS is_primary,
       indisexclusion::text AS is_exclusion,
       indisvalid::text AS valid,
       NULL::text AS nulls_not_distinct,
       NULL::text AS key,
       NULL::text AS key_columns,
       NULL::text AS expressions,
       NULL::text AS predicate
FROM pg_catalog.pg_index
ORDER BY indrelid, indexrelid
