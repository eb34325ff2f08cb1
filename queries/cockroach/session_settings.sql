-- What this session begins a transaction with. Nothing says where a setting comes from.
SELECT name::text AS name,
       setting::text AS setting,
       NULL::text AS source
FROM pg_catalog.pg_settings
WHERE name IN ('autocommit_before_ddl', 'default_transaction_isolation', 'default_transaction_use_follower_reads',
               'enable_implicit_select_for_update')
ORDER BY name
