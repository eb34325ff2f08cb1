-- How far each table has moved on since it was analysed, and whether its statistics may be seen.
SELECT schemaname::text AS table_schema,
       relname::text AS table_name,
       n_live_tup::text AS live_rows,
       n_mod_since_analyze::text AS changed_rows,
       (last_analyze IS NOT NULL OR last_autoanalyze IS NOT NULL)::text AS analysed,
       has_any_column_privilege(relid, 'SELECT')::text AS readable
FROM pg_catalog.pg_stat_user_tables
ORDER BY schemaname, relname
