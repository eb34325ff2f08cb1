-- What sessions of a role or in a database begin with (ALTER ROLE … SET, ALTER DATABASE … SET). Only the settings that
-- are judged: others may hold secrets.
SELECT d.datname::text AS database,
       r.rolname::text AS role,
       s.setting::text AS setting
FROM (SELECT setdatabase, setrole, unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting) AS s
LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
WHERE split_part(s.setting, '=', 1) IN ('autocommit_before_ddl', 'default_transaction_isolation',
                                        'default_transaction_use_follower_reads', 'enable_implicit_select_for_update',
                                        'session_replication_role')
ORDER BY d.datname, r.rolname, s.setting
