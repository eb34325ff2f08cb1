SELECT 1 FROM document WHERE hash = $1
