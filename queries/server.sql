-- Which product this is, and as whom it is read. The same on every engine, and sent before anything else.
SELECT version()::text AS version, current_database()::text AS database, current_user::text AS "user"
