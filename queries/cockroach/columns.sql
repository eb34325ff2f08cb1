-- Columns. Not from pg_attribute: only this relation tells hidden columns and computed ones in every version, and its
-- types are those of SHOW CREATE TABLE. It names tables, and has neither dropped columns nor those of indexes.
SELECT NULL::text AS table_oid,
       table_schema::text AS table_schema,
       table_name::text AS table_name,
       ordinal_position::text AS number,
       column_name::text AS name,
       crdb_sql_type::text AS type,
       NULL::text AS type_oid,
       domain_schema::text AS domain_schema,
       domain_name::text AS domain_name,
       udt_schema::text AS udt_schema,
       udt_name::text AS udt_name,
       is_nullable::text AS nullable,
       column_default::text AS default,
       generation_expression::text AS generated,
       is_identity::text AS identity,
       is_hidden::text AS hidden
FROM information_schema.columns
WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'crdb_internal', 'pg_extension')
ORDER BY table_schema, table_name, ordinal_position
