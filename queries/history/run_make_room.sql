-- The last run makes room for one that comes before it
UPDATE run SET number = number + 1 WHERE source = $1 AND number = $2
