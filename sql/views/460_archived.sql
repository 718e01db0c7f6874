-- Grain: one row per fabric, day (UTC) and table whose rows are in the archive; those before left_until are no more in
-- the store.
-- Read by: people.
CREATE OR REPLACE VIEW main.archived AS
SELECT
    fabric,
    day,
    table_name,
    row_count,
    left_until
FROM store.archived;
