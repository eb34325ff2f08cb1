UPDATE delivery SET state = $3, error = $4 WHERE notice = $1 AND channel = $2
