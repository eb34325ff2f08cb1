DELETE FROM notice WHERE source = $1
