-- Those of a source that did not fail
SELECT id, source, started, took_ms, dbaudit, error, engine, tables, skipped, high, medium, low, opened, fixed, catalog, report,
       found
FROM run
WHERE source = $1 AND error = ''
ORDER BY number DESC
LIMIT $2
