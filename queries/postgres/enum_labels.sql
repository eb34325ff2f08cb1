-- Labels of enums, in their order.
SELECT enumtypid::text AS type, enumlabel::text AS label
FROM pg_catalog.pg_enum
ORDER BY enumtypid, enumsortorder
