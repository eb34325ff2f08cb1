-- The SQL of each index, which never lists implicit columns.
SELECT crdb_oid::text AS oid, indexname::text AS name, indexdef::text AS definition
FROM pg_catalog.pg_indexes
WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'crdb_internal', 'pg_extension')
ORDER BY crdb_oid
