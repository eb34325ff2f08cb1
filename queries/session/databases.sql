-- The databases of the cluster that take connections and are not the server's own
SELECT datname
FROM pg_catalog.pg_database
WHERE datallowconn AND NOT datistemplate AND datname NOT IN ('system', 'rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys')
ORDER BY datname
