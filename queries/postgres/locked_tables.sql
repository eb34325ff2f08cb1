-- Tables that another session has to itself or waits to have so: to read an expression of theirs is to wait for it.
SELECT c.oid::text AS oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       l.pid::text AS pid
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_database d ON d.oid = l.database
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.mode = 'AccessExclusiveLock' AND d.datname = current_database()
  AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
ORDER BY n.nspname, c.relname, l.granted DESC, l.pid
