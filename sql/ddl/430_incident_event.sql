-- Grain: one row per step in an incident's life; identity (fabric, incident_id, offset, index, kind).
-- kind: opened, raised, lowered, continued, damped (comes and goes: stays open until it is steady), attached
-- (follows from another), coverage, resolved; because of people: acknowledged, unacknowledged, ack_expired, noted, marked_false, still_holds, maintenance_began, maintenance_ended.
-- Read by: view incident_event.
CREATE TABLE store.incident_event (
    fabric VARCHAR,
    incident_id VARCHAR,
    "offset" BIGINT,
    "index" INTEGER,
    event_time TIMESTAMPTZ,
    kind VARCHAR,
    rule VARCHAR,
    severity VARCHAR,
    summary VARCHAR,
    actor VARCHAR -- who did it; null: the rule
);
