-- Grain: one row: which program made this store.
-- Read by: panels, reports.
CREATE OR REPLACE VIEW main.store_meta AS
SELECT
    schema_version,
    created_by
FROM store.store_meta;
