-- Enums and domains of users.
SELECT t.oid::text AS oid,
       t.typnamespace::text AS schema,
       t.typname::text AS name,
       t.typtype::text AS kind,
       t.typelem::text AS element,
       t.typbasetype::text AS base,
       t.typtypmod::text AS modifier,
       CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END::text AS base_type,
       t.typnotnull::text AS not_null
FROM pg_catalog.pg_type t
WHERE t.typtype IN ('e', 'd') AND t.oid >= 16384
ORDER BY t.oid
