-- Grain: one row per fabric: the position of the last snapshot, at or behind stream_position.
-- Read by: Store.load_snapshot.
CREATE TABLE store.snapshot_position (
    fabric VARCHAR NOT NULL,
    topic VARCHAR NOT NULL,
    next_offset BIGINT NOT NULL, -- the first record not yet in the store
    record_time TIMESTAMPTZ NOT NULL, -- highest record timestamp read: the fabric's now
    cluster_id VARCHAR -- Kafka cluster whose offsets these are; null: read from a capture
);
