SELECT id, source, started, took_ms, dbaudit, error, engine, tables, skipped, high, medium, low, opened, fixed, catalog, report,
       found
FROM run
WHERE id LIKE $1
ORDER BY id
LIMIT 2
