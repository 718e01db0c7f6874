-- Grain: one row per frame of the pipeline's state in the last snapshot: what a restart begins with.
-- Read by: Store.load_snapshot.
CREATE TABLE store.snapshot_state (
    name VARCHAR NOT NULL,
    frame BLOB NOT NULL -- Arrow IPC, compressed: all Polars types, at an eighth of what tables of them cost
);
