UPDATE delivery SET state = 'claimed', claimed = $3, attempts = attempts + 1
WHERE notice = $1 AND channel = $2 AND state = 'again'
RETURNING notice
