INSERT INTO run (id, source, started, took_ms, dbaudit, error, engine, tables, skipped, high, medium, low, opened, fixed, catalog,
                 report, found, number)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
