-- The planner's number of rows; -1 (0 before PostgreSQL 14) where it was never counted.
SELECT oid::text AS table_oid,
       NULL::text AS table_schema,
       NULL::text AS table_name,
       reltuples::float8::int8::text AS rows
FROM pg_catalog.pg_class
WHERE relkind IN ('r', 'p') AND oid >= 16384 AND reltuples >= 0
ORDER BY oid
