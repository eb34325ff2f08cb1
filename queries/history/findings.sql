-- What is open
SELECT fingerprint, first_seen, told, body FROM finding WHERE source = $1
