-- The statements of this database, of all users that one may see. PostgreSQL keeps neither application nor transaction.
SELECT s.query::text AS query,
       NULL::text AS application,
       NULL::text AS implicit,
       'false'::text AS failed,
       s.calls::int8::text AS count
FROM pg_stat_statements AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database()
ORDER BY s.query, s.calls
