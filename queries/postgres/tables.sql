-- Ordinary and partitioned tables, partitions with their parent, and what else no index may have the name of. OIDs below 16384 are made by initdb.
-- '{}' stands for the tables that another session has locked: to read an expression of theirs is to wait for it.
SELECT c.oid::text AS oid,
       c.relnamespace::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS kind,
       c.relpersistence::text AS persistence,
       i.inhparent::text AS partition_of,
       CASE WHEN c.relkind = 'p' AND c.oid <> ALL ('{}'::oid[])
            THEN pg_catalog.pg_get_partkeydef(c.oid) END::text AS partition_key,
       (NOT c.relispartition AND EXISTS (SELECT 1 FROM pg_catalog.pg_inherits p WHERE p.inhrelid = c.oid))::text AS inherits
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_inherits i ON c.relispartition AND i.inhrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND c.relpersistence <> 't' AND c.oid >= 16384
ORDER BY c.oid
