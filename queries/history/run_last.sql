SELECT error, number, started FROM run WHERE source = $1 ORDER BY number DESC LIMIT 1
