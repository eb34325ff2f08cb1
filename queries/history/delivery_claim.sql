INSERT INTO delivery (notice, channel, claimed, state, attempts, error) VALUES ($1, $2, $3, 'claimed', 1, '')
ON CONFLICT (notice, channel) DO NOTHING
RETURNING notice
