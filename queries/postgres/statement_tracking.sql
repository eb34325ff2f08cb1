-- Whether statements are counted.
SELECT current_setting('pg_stat_statements.track', true)::text AS tracking
