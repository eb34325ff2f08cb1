-- The schema of pg_stat_statements, if it is installed, and whether this user may look into it.
SELECT n.nspname::text AS schema,
       has_schema_privilege(n.oid, 'USAGE')::text AS open
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
ORDER BY n.nspname
