-- What this session begins a transaction with, and where each setting comes from.
SELECT name::text AS name,
       setting::text AS setting,
       source::text AS source
FROM pg_catalog.pg_settings
WHERE name IN ('default_transaction_isolation', 'session_replication_role')
ORDER BY name
