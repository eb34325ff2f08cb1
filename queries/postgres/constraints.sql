-- Constraints of tables that are no partitions, and of domains. A foreign key to a partitioned table has a copy for
-- each partition, with conparentid set. NOT NULL (n, from PostgreSQL 18) says something new only if not validated.
-- '{}' stands for the tables that another session has locked: to read an expression of theirs is to wait for it.
SELECT k.conrelid::text AS table_oid,
       k.contypid::text AS domain,
       k.conname::text AS name,
       k.contype::text AS type,
       k.conindid::text AS index,
       k.confrelid::text AS referenced,
       k.confdeltype::text AS on_delete,
       k.convalidated::text AS validated,
       k.conenforced::text AS enforced,
       CASE WHEN k.conrelid <> ALL ('{}'::oid[]) THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END::text AS expression,
       CASE WHEN k.contype NOT IN ('c', 'u', 'x') OR k.contype = 'x' AND k.conrelid <> ALL ('{}'::oid[])
            THEN pg_catalog.pg_get_constraintdef(k.oid) END::text AS definition
FROM pg_catalog.pg_constraint k
LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
WHERE (k.contype IN ('c', 'u', 'f', 'x') OR k.contype = 'n' AND NOT k.convalidated)
  AND k.conparentid = 0 AND k.oid >= 16384 AND c.relispartition IS NOT TRUE
ORDER BY k.conrelid, k.contypid, k.conname
