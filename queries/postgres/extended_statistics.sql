-- What CREATE STATISTICS (ndistinct) found of columns together: one row for each of its columns, with the estimates by the
-- columns' numbers, such as {"1, 2": 50}. PostgreSQL 12 and later.
SELECT e.schemaname::text AS table_schema,
       e.tablename::text AS table_name,
       e.statistics_schemaname::text AS statistics_schema,
       e.statistics_name::text AS statistics_name,
       e.n_distinct::text AS distinct_values,
       a.attnum::text AS number,
       a.attname::text AS column_name
FROM pg_catalog.pg_stats_ext AS e
JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.schemaname
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = e.tablename
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = ANY (e.attnames)
WHERE e.n_distinct IS NOT NULL
ORDER BY e.statistics_schemaname, e.statistics_name, a.attnum
