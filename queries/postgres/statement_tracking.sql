-- Where it is set that statements of this database are not counted: for the server, for a database, for a role.
SELECT s.name::text AS name,
       s.setting::text AS setting,
       s.role::text AS role,
       s.database::text AS database
FROM (
    SELECT name, setting, NULL AS role, NULL AS database
    FROM pg_catalog.pg_settings
    WHERE source NOT IN ('global', 'database', 'user', 'database user', 'client', 'session', 'interactive')
    UNION ALL
    SELECT split_part(c.setting, '=', 1), split_part(c.setting, '=', 2), r.rolname, d.datname
    FROM (SELECT setdatabase, setrole, unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting) AS c
    LEFT JOIN pg_catalog.pg_database AS d ON d.oid = c.setdatabase
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = c.setrole
    WHERE c.setdatabase = 0 OR d.datname = current_database()
) AS s
WHERE s.name = 'pg_stat_statements.track' AND lower(s.setting) = 'none'
   OR s.name = 'compute_query_id' AND lower(s.setting) IN ('off', 'false', 'no', '0')
ORDER BY s.name, s.role, s.database
