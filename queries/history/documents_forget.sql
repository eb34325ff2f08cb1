-- Those that no run has any more
DELETE FROM document
WHERE hash NOT IN (SELECT catalog FROM run UNION SELECT report FROM run UNION SELECT found FROM run)
