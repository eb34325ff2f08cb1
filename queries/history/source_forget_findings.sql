DELETE FROM finding WHERE source = $1
