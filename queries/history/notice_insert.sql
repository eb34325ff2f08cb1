INSERT INTO notice (id, source, created, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING
