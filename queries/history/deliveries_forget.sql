DELETE FROM delivery WHERE notice IN (SELECT id FROM notice WHERE created < $1)
