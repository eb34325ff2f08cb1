-- Tables of which row-level security hides rows from this user, each with its policies.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       string_agg(p.polname::text, ', ')::text AS policies
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
WHERE c.relrowsecurity AND pg_catalog.row_security_active(c.oid)
GROUP BY n.nspname, c.relname
ORDER BY n.nspname, c.relname
