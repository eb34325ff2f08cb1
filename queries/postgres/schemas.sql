-- User schemas. The names of system schemas stand in src/source/live/assemble/scope.rs as well.
SELECT oid::text AS oid, nspname::text AS name
FROM pg_catalog.pg_namespace
WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
ORDER BY oid
