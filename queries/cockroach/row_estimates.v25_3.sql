-- row_estimates.sql for CockroachDB before 25.4, where crdb_internal is open to all.
SELECT table_id::text AS table_oid,
       NULL::text AS table_schema,
       NULL::text AS table_name,
       estimated_row_count::text AS rows
FROM crdb_internal.table_row_statistics
ORDER BY table_id
