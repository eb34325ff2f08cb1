-- At which level a transaction runs that asks for REPEATABLE READ: where that is not in force, it is raised to SERIALIZABLE.
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SHOW transaction_isolation;
COMMIT
