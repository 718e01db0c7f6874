-- Grain: one row per frame of detector state in the last snapshot; its rows are in the table state_<name>.
-- Read by: Store.load_snapshot.
CREATE TABLE store.snapshot_schema (
    name VARCHAR NOT NULL,
    empty_frame BLOB NOT NULL -- Arrow IPC without rows: the exact Polars types, which SQL types don't tell
);
