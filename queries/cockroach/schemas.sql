-- All schemas of the current database; src/source/live/assemble/scope.rs leaves the system's out.
SELECT oid::text AS oid, nspname::text AS name
FROM pg_catalog.pg_namespace
ORDER BY oid
