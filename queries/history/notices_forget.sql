DELETE FROM notice WHERE created < $1
