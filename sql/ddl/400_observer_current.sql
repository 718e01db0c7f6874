-- Grain: one row per (fabric, device, family): its newest session; replaced as a whole.
-- state: syncing, fresh, blind, ended.
-- Read by: view observer_current, restart.
CREATE TABLE store.observer_current (
    fabric VARCHAR,
    device VARCHAR,
    family VARCHAR,
    session VARCHAR,
    state VARCHAR,
    since TIMESTAMPTZ, -- start of this state, record time
    last_seen TIMESTAMPTZ -- record time of the last sign of life
);
