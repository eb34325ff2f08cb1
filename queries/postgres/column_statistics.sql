-- What ANALYZE found, one row a column. pg_stats shows a user the columns that it may SELECT. Of values only numbers are
-- taken, and of those only the extremes: the least and the greatest, and those at which 0.5 % of the rows are or beyond.
-- Between two bounds of the histogram are as many rows as between two others; most common values are not among them.
SELECT s.schemaname::text AS table_schema,
       s.tablename::text AS table_name,
       s.attname::text AS column_name,
       s.null_frac::text AS null_share,
       s.n_distinct::text AS distinct_values,
       s.most_common_freqs[1]::text AS top_share,
       v.lowest::text AS lowest,
       v.highest::text AS highest,
       v.common_lowest::text AS common_lowest,
       v.common_highest::text AS common_highest
FROM pg_catalog.pg_stats AS s
JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN LATERAL (
    SELECT min(e.value::numeric) AS lowest,
           max(e.value::numeric) AS highest,
           min(e.value::numeric) FILTER (WHERE e.to_here >= 0.005) AS common_lowest,
           max(e.value::numeric) FILTER (WHERE e.from_here >= 0.005) AS common_highest
    FROM (
        SELECT p.value,
               sum(p.share) OVER (ORDER BY p.value::numeric) AS to_here,
               sum(p.share) OVER (ORDER BY p.value::numeric DESC) AS from_here
        FROM (
            SELECT m.value, m.share
            FROM unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS m (value, share)
            UNION ALL
            SELECT h.value,
                   CASE WHEN h.place > 1 AND h.place < b.bounds
                        THEN (1 - s.null_frac - COALESCE(b.common, 0)) / (b.bounds - 1) ELSE 0 END
            FROM unnest(s.histogram_bounds::text::text[]) WITH ORDINALITY AS h (value, place),
                 (SELECT array_length(s.histogram_bounds, 1) AS bounds,
                         (SELECT sum(f) FROM unnest(s.most_common_freqs) AS f) AS common) AS b
        ) AS p (value, share)
        WHERE t.typcategory = 'N' AND p.value ~ '^-?[0-9]+([.][0-9]+)?(e[-+][0-9]+)?$'
    ) AS e
) AS v ON true
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p')
ORDER BY s.schemaname, s.tablename, s.attname, s.inherited
