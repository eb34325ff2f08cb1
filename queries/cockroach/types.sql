-- All types: a domain (from 26.3) may stand on a built-in one.
SELECT oid::text AS oid,
       typnamespace::text AS schema,
       typname::text AS name,
       typtype::text AS kind,
       typelem::text AS element,
       typbasetype::text AS base,
       typtypmod::text AS modifier,
       NULL::text AS base_type,
       typnotnull::text AS not_null
FROM pg_catalog.pg_type
ORDER BY oid
