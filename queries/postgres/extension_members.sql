-- Tables and schemas that belong to an extension.
SELECT CASE d.classid WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN 'table' ELSE 'schema' END::text AS kind,
       d.objid::text AS oid
FROM pg_catalog.pg_depend d
WHERE d.deptype = 'e'
  AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass)
ORDER BY d.objid
