-- Old ones, but the last audit and the last failure of each source
DELETE FROM run
WHERE started < $1
  AND id NOT IN (SELECT id
                 FROM (SELECT id, row_number() OVER (PARTITION BY source, error = '' ORDER BY number DESC) AS place FROM run) AS r
                 WHERE place = 1)
RETURNING id
