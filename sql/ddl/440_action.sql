-- Grain: one row per action record: what people did; identity (fabric, offset).
-- Read by: view action.
CREATE TABLE store.action (
    fabric VARCHAR,
    "offset" BIGINT,
    record_time TIMESTAMPTZ,
    actor VARCHAR,
    verb VARCHAR, -- ack, note, resolve, maintenance, mark-false, ...
    subject VARCHAR,
    detail VARCHAR -- JSON
);
