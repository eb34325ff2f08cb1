-- Comments on tables (number 0) and columns.
SELECT objoid::text AS table_oid, objsubid::text AS number, description::text AS comment
FROM pg_catalog.pg_description
WHERE classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objoid >= 16384
ORDER BY objoid, objsubid
