-- Grain: one row per fabric: how far its topic has been read. Changes with the rows that come of the records.
-- Read by: Store.position, view stream_position, known of all *_current views.
CREATE TABLE store.stream_position (
    fabric VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    next_offset BIGINT NOT NULL, -- the first record not yet in the store
    record_time TIMESTAMPTZ NOT NULL, -- highest record timestamp read: the fabric's now
    cluster_id VARCHAR -- Kafka cluster whose offsets these are; null: read from a capture
);
