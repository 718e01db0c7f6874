-- Grain: one row. schema_version counts changes of the tables; a program refuses a file of another version.
-- Read by: Store.open, view store_meta.
CREATE TABLE store.store_meta (
    schema_version INTEGER NOT NULL,
    created_by VARCHAR NOT NULL
);
