-- The statements that this node was sent; they do not say of which database (up to v21.1).
SELECT key::text AS query,
       application_name::text AS application,
       implicit_txn::text AS implicit,
       (flags LIKE '%!%')::text AS failed,
       sum(count)::int8::text AS count
FROM crdb_internal.node_statement_statistics
WHERE application_name NOT LIKE '$ internal%'
  AND application_name <> 'dbaudit'
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
