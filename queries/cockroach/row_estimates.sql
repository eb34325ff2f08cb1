-- SHOW TABLES needs no allow_unsafe_internals, which guards crdb_internal from 25.4 on and leaves a trace when set.
SELECT NULL::text AS table_oid,
       schema_name::text AS table_schema,
       table_name::text AS table_name,
       estimated_row_count::text AS rows
FROM [SHOW TABLES]
WHERE type = 'table'
ORDER BY schema_name, table_name
