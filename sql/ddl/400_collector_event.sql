-- Grain: one row per thing that happened to a collector's session; identity (fabric, offset, index).
-- kind: start, sync, end, superseded, hole, blind_begin, blind_end, ignored, skew.
-- event_time: of blind_begin, the last record that the session said before.
-- Read by: view collector_event.
CREATE TABLE store.collector_event (
    fabric VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    device VARCHAR,
    family VARCHAR,
    session VARCHAR,
    kind VARCHAR,
    detail VARCHAR,
    event_time TIMESTAMPTZ,
    recv_time TIMESTAMPTZ,
    record_time TIMESTAMPTZ
);
