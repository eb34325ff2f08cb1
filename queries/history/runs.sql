SELECT id, source, started, took_ms, dbaudit, error, engine, tables, skipped, high, medium, low, opened, fixed, catalog, report,
       found
FROM run
ORDER BY started DESC, id DESC
LIMIT $1
