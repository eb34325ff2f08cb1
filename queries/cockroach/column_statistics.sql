-- What CREATE STATISTICS found, one row for each set of columns and time; sent once for each table, {table} being its name.
-- Partial statistics are left out. Of values only numbers are taken, and of those the outer buckets of the histogram:
-- those that hold no row are an allowance for values that were not sampled.
SELECT s->>'created_at' AS created,
       s->>'columns' AS columns,
       s->>'row_count' AS rows,
       s->>'distinct_count' AS distinct_values,
       s->>'null_count' AS nulls,
       CASE WHEN s->>'histo_col_type' ~ '^(INT[248]|DECIMAL|FLOAT)' THEN s->'histo_buckets'->>0 END AS first,
       CASE WHEN s->>'histo_col_type' ~ '^(INT[248]|DECIMAL|FLOAT)' THEN s->'histo_buckets'->>1 END AS second,
       CASE WHEN s->>'histo_col_type' ~ '^(INT[248]|DECIMAL|FLOAT)' THEN s->'histo_buckets'->>2 END AS third,
       CASE WHEN s->>'histo_col_type' ~ '^(INT[248]|DECIMAL|FLOAT)' THEN s->'histo_buckets'->>-3 END AS third_last,
       CASE WHEN s->>'histo_col_type' ~ '^(INT[248]|DECIMAL|FLOAT)' THEN s->'histo_buckets'->>-2 END AS second_last,
       CASE WHEN s->>'histo_col_type' ~ '^(INT[248]|DECIMAL|FLOAT)' THEN s->'histo_buckets'->>-1 END AS last
FROM [SHOW STATISTICS USING JSON FOR TABLE {table}] AS t (statistics), jsonb_array_elements(t.statistics) AS s
WHERE COALESCE(s->>'partial_predicate', '') = ''
ORDER BY s->>'created_at', s->>'columns'
