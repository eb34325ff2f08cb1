-- Comments on tables (number 0) and columns, those of virtual tables among them.
SELECT objoid::text AS table_oid, objsubid::text AS number, description::text AS comment
FROM pg_catalog.pg_description
WHERE classoid = 'pg_catalog.pg_class'::REGCLASS
ORDER BY objoid, objsubid
