-- Grain: one row per record, or part of one, that could not be read.
-- Read by: view dead_letter.
CREATE TABLE store.dead_letter (
    fabric VARCHAR,
    "offset" BIGINT,
    record_time TIMESTAMPTZ,
    device VARCHAR,
    reason VARCHAR
);
