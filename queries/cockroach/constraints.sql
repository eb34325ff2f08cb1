-- Checks, foreign keys and UNIQUE WITHOUT INDEX; keys with an index are in index_definitions. The type is text up to
-- 21.1 and "char" later. Not read: conkey, whose ids are not always attribute numbers, and the n rows of 26.3.
SELECT conrelid::text AS table_oid,
       contypid::text AS domain,
       conname::text AS name,
       contype::text AS type,
       conindid::text AS index,
       confrelid::text AS referenced,
       confdeltype::text AS on_delete,
       convalidated::text AS validated,
       NULL::text AS enforced,
       conbin::text AS expression,
       condef::text AS definition
FROM pg_catalog.pg_constraint
WHERE contype::text IN ('c', 'u', 'f')
ORDER BY conrelid, conname
