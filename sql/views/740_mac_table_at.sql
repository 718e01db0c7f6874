-- Grain: one row per entry of a device's MAC table at a time, by the device's clock. t: the time; of_device: its name.
-- known: fresh, or blind where the device could not be trusted then: entries are as last known.
-- Cost: as of mac_at, one pass over the history that ended after t.
-- Read by: people, forensics.
CREATE OR REPLACE MACRO main.mac_table_at(t, of_device) AS TABLE
SELECT
    m.* EXCLUDE (opened_offset, opened_index),
    CASE WHEN NOT EXISTS (
        FROM store.observer_spans() AS o
        WHERE o.fabric = m.fabric AND o.device = of_device AND o.family = 'mac' AND o.state = 'watched'
            AND o.span_from <= t::TIMESTAMPTZ AND coalesce(o.span_to, 'infinity') > t::TIMESTAMPTZ
    ) THEN 'blind' ELSE 'fresh' END AS known
FROM main.mac_at(t) AS m
WHERE m.device = of_device;
