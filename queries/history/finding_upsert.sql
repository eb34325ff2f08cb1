INSERT INTO finding (source, fingerprint, first_seen, told, body) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (source, fingerprint) DO UPDATE SET told = excluded.told, body = excluded.body
