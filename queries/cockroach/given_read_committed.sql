-- At which level a transaction runs that asks for READ COMMITTED: where that is not in force, it is raised to SERIALIZABLE.
BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY;
SHOW transaction_isolation;
COMMIT
