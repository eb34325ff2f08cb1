-- The statements of the applications of this database, all nodes and all buckets of time together (v21.2 and later).
SELECT metadata->>'query' AS query,
       app_name::text AS application,
       (metadata->>'implicitTxn')::text AS implicit,
       coalesce(metadata->>'failed', 'false')::text AS failed,
       sum((statistics->'statistics'->>'cnt')::int8)::int8::text AS count
FROM crdb_internal.statement_statistics
WHERE metadata->>'db' = current_database()
  AND app_name NOT LIKE '$ internal%'
  AND app_name <> 'dbaudit'
  AND coalesce(metadata->>'stmtType', metadata->>'stmtTyp', 'TypeDML') = 'TypeDML'
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
