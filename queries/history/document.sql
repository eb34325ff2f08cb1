SELECT body FROM document WHERE hash = $1
