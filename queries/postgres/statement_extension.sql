-- The schema of pg_stat_statements, if it is installed.
SELECT n.nspname::text AS schema
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
ORDER BY n.nspname
