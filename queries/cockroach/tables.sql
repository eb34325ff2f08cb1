-- Tables, the virtual ones of system schemas among them. relkind is never p: CockroachDB's partitions are no relations.
SELECT oid::text AS oid,
       relnamespace::text AS schema,
       relname::text AS name,
       relkind::text AS kind,
       relpersistence::text AS persistence,
       NULL::text AS partition_of,
       NULL::text AS partition_key
FROM pg_catalog.pg_class
WHERE relkind::text = 'r'
ORDER BY oid
