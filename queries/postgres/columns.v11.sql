-- columns.sql for PostgreSQL 11 and what is built on it (YugabyteDB up to 2024.2): no generated columns yet.
-- '{}' stands for the tables that another session has locked: to read an expression of theirs is to wait for it.
SELECT a.attrelid::text AS table_oid,
       NULL::text AS table_schema,
       NULL::text AS table_name,
       a.attnum::text AS number,
       a.attname::text AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod)::text AS type,
       a.atttypid::text AS type_oid,
       NULL::text AS domain_schema,
       NULL::text AS domain_name,
       NULL::text AS udt_schema,
       NULL::text AS udt_name,
       (NOT a.attnotnull)::text AS nullable,
       CASE WHEN a.attrelid <> ALL ('{}'::oid[]) THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END::text AS default,
       NULL::text AS generated,
       (a.attidentity <> '')::text AS identity,
       NULL::text AS hidden
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_catalog.pg_attrdef d ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND c.oid >= 16384
ORDER BY a.attrelid, a.attnum
