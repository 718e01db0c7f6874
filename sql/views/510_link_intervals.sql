-- Grain: one row per interval of unchanged link; valid_to and closed_reason are null while it lasts.
-- Columns are those of store.link_history: addresses are numbers.
-- What has ended since the last snapshot is in both tables: the history decides.
-- Cost: what the caller's WHERE leaves of the history, time and keys prune.
-- Read by: 7xx, the questions.
CREATE OR REPLACE MACRO store.link_intervals() AS TABLE
SELECT * FROM store.link_history
UNION ALL BY NAME
SELECT c.* EXCLUDE (family) FROM store.link_current AS c
ANTI JOIN (
    FROM store.link_history
    WHERE seen_to >= (SELECT min(record_time) - INTERVAL 1 HOUR FROM store.snapshot_position)
) AS h
    ON h.fabric = c.fabric
        AND h.opened_offset = c.opened_offset
        AND h.opened_index = c.opened_index;
