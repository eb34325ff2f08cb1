INSERT INTO migration (version) VALUES ($1) ON CONFLICT (version) DO NOTHING
