-- How complete the data of a family was between two times: the part of its observers' time that was watched, 0 to 1.
-- Observers that had not begun, or had been taken out of service, don't count; null: nobody was there to watch.
-- of_family: routes, mac, vtep, es, link, bgp, ...; the same time twice asks about that moment, until null about now.
-- Cost: a pass over collector_event, a few rows per session, for all rows that ask together.
CREATE OR REPLACE MACRO main.coverage_between(of_fabric, of_family, since, until) AS (
    SELECT round(coalesce(sum(us) FILTER (s.state = 'watched'), 0) / sum(us), 6)
    FROM (
        SELECT
            o.state,
            epoch_us(least(
                coalesce(o.span_to, 'infinity'),
                coalesce(
                    greatest(until::TIMESTAMPTZ, since::TIMESTAMPTZ + INTERVAL 1 MICROSECOND),
                    (SELECT max(p.record_time) + INTERVAL 1 MICROSECOND FROM store.stream_position AS p)
                )
            )) - epoch_us(greatest(o.span_from, since::TIMESTAMPTZ)) AS us
        FROM store.observer_spans() AS o
        WHERE o.fabric = of_fabric AND o.family = of_family AND o.state <> 'off'
    ) AS s
    WHERE s.us > 0
);
