-- Grain: one row per action record: what people did; identity (fabric, offset).
-- Read by: view action.
CREATE TABLE store.action (
    fabric VARCHAR,
    "offset" BIGINT,
    record_time TIMESTAMPTZ,
    actor VARCHAR,
    verb VARCHAR, -- ack, unack, note, resolve, mark-false, maintenance, maintenance-end
    subject VARCHAR,
    detail VARCHAR, -- JSON
    remark VARCHAR -- what is doubtful about it; null: nothing
);
