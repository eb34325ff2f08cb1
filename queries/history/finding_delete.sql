DELETE FROM finding WHERE source = $1 AND fingerprint = $2
