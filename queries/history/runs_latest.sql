-- The last of each source
SELECT id, source, started, took_ms, dbaudit, error, engine, tables, skipped, high, medium, low, opened, fixed, catalog, report,
       found
FROM (SELECT run.*, row_number() OVER (PARTITION BY source ORDER BY number DESC) AS place FROM run) AS r
WHERE place = 1
ORDER BY source
