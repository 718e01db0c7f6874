"""What a report asks: SQL on views and macros of ``main`` alone, for people to ask again."""

from datetime import datetime, timedelta
from typing import Final

from pipeline.forensics.questions import Span, literal

MOST_ROWS: Final = 20_000
"""Of one answer; a report of more is none."""
MOST_MOVERS: Final = 10
BEFORE: Final = timedelta(minutes=5)
"""How long before an incident changes may have to do with it."""
_BUCKETS_S: Final = (60, 300, 900, 3_600, 21_600, 86_400)
_BARS: Final = 180
_STRUCTURE: Final = (
    "(kind IN ('link', 'bgp', 'bfd', 'igp', 'vtep', 'segment', 'forwarder')"
    " OR kind = 'route' AND name LIKE 'type 4 %')"
)
"""Of what a fabric is built; MACs, hosts and their routes come and go."""
_ORDER: Final = "kind, device, name, vni, interface, peer, esi"


def incident_list() -> str:
    """Return the query for all incidents, of which one is meant."""
    return "FROM incident ORDER BY opened_at, incident_id"


def incidents_in(fabric: str, span: Span) -> str:
    """Return the query for the incidents that were open at any time in a range."""
    return (
        f"FROM incident WHERE fabric = {literal(fabric)} AND opened_at <= {literal(span.until)}"
        f" AND (resolved_at IS NULL OR resolved_at >= {literal(span.since)}) ORDER BY opened_at, incident_id"
    )


def family(root: str) -> str:
    """Return the query for an incident and all that it explains."""
    return (
        f"FROM incident WHERE incident_id = {literal(root)} OR root_incident_id = {literal(root)}"
        " ORDER BY opened_at, incident_id"
    )


def steps(fabric: str, ids: list[str]) -> str:
    """Return the query for what became of incidents."""
    named = ", ".join(literal(one) for one in ids) or "NULL"
    return (
        f"FROM incident_event WHERE fabric = {literal(fabric)} AND incident_id IN ({named})"
        ' ORDER BY event_time, "offset", "index", kind'
    )


def actions(fabric: str, span: Span) -> str:
    """Return the query for what people did."""
    return (
        f"FROM action WHERE fabric = {literal(fabric)} AND record_time BETWEEN {literal(span.since)}"
        f' AND {literal(span.until)} ORDER BY "offset"'
    )


def structure_at(fabric: str, at: datetime) -> str:
    """Return the query for ports, neighbours and segments as they were."""
    return (
        f"FROM fabric_at({literal(at)}) WHERE fabric = {literal(fabric)} AND {_STRUCTURE}"
        f" ORDER BY {_ORDER} LIMIT {MOST_ROWS}"
    )


def changes(fabric: str, span: Span, macs: list[str]) -> str:
    """Return the query for what changed in ports, neighbours and segments, and where some MACs were."""
    return (
        f"FROM changes({literal(span.since)}, {literal(span.until)}) WHERE fabric = {literal(fabric)}"
        f" AND {_or_of(macs)} ORDER BY happened, {_ORDER}, mac LIMIT {MOST_ROWS}"
    )


def change_counts(fabric: str, span: Span) -> str:
    """Return the query for how much changed, by kind of thing."""
    return (
        f"FROM changes({literal(span.since)}, {literal(span.until)}) SELECT kind, count(*) AS changes"
        f" WHERE fabric = {literal(fabric)} GROUP BY kind ORDER BY kind"
    )


def changes_before(incident_id: str, macs: list[str]) -> str:
    """Return the query for what changed before an incident; of MACs only some, no hosts and their routes."""
    return (
        f"FROM changes_before({literal(incident_id)}, INTERVAL {int(BEFORE.total_seconds())} SECOND)"
        f" WHERE {_or_of(macs)} ORDER BY happened DESC, {_ORDER}, mac LIMIT {MOST_ROWS}"
    )


def who_was_hit(incident_id: str) -> str:
    """Return the query for what others could not reach, and for how long at most."""
    return (
        f"FROM who_was_hit({literal(incident_id)})"
        " SELECT effect, kind, subject, vni, max(tenant) AS tenant, count(DISTINCT device) AS devices,"
        " max(seconds) AS longest_s, coalesce(bool_or(seconds IS NULL), false) AS unsure"
        " GROUP BY effect, kind, subject, vni"
        f" ORDER BY effect DESC, kind, longest_s DESC, subject, vni LIMIT {MOST_ROWS}"
    )


def addresses(fabric: str, at: datetime) -> str:
    """Return the query for whose an address is."""
    return (
        f"FROM interface_address_at({literal(at)}) SELECT DISTINCT device, address"
        f" WHERE fabric = {literal(fabric)} ORDER BY device, address"
    )


def devices(fabric: str, span: Span) -> str:
    """Return the query for the devices that were observed, and when all was first known of them."""
    return (
        "FROM collector_event SELECT device, min(event_time) FILTER (kind = 'sync') AS first_sync"
        f" WHERE fabric = {literal(fabric)} AND device IS NOT NULL AND record_time <= {literal(span.until)}"
        " GROUP BY device ORDER BY device"
    )


def bucket(span: Span) -> int:
    """Return the length in seconds of the time in which moves are counted together."""
    length = (span.until - span.since).total_seconds()
    return next((one for one in _BUCKETS_S if length / one <= _BARS), _BUCKETS_S[-1])


def moves(fabric: str, span: Span) -> str:
    """Return the query for how many MACs moved, by time."""
    return (
        f"FROM mac_location_history SELECT time_bucket(INTERVAL {bucket(span)} SECOND, valid_to) AS begin,"
        f" count(*) AS moves WHERE {_moved(fabric, span)} GROUP BY begin ORDER BY begin"
    )


def movers(fabric: str, span: Span) -> str:
    """Return the query for the MACs that moved most."""
    return (
        "FROM mac_location_history SELECT mac, coalesce('VNI ' || vni, 'EVI ' || evi) AS place,"
        f" count(*) AS moves WHERE {_moved(fabric, span)}"
        f" GROUP BY mac, place ORDER BY moves DESC, mac, place LIMIT {MOST_MOVERS}"
    )


def coverage(fabric: str, span: Span) -> str:
    """Return the query for how complete the data was."""
    return (
        f"FROM coverage({literal(span.since)}, {literal(span.until)}) WHERE fabric = {literal(fabric)}"
        " ORDER BY coverage, family"
    )


def blind(fabric: str, span: Span) -> str:
    """Return the query for when who could not be trusted."""
    return (
        f"FROM blind_intervals({literal(span.since)}, {literal(span.until)}) WHERE fabric = {literal(fabric)}"
        f" ORDER BY blind_from, device, family LIMIT {MOST_ROWS}"
    )


def _or_of(macs: list[str]) -> str:
    named = ", ".join(literal(mac) for mac in macs)
    return f"({_STRUCTURE} OR kind = 'mac' AND mac IN ({named}))" if macs else _STRUCTURE


def _moved(fabric: str, span: Span) -> str:
    return (
        f"fabric = {literal(fabric)} AND closed_reason = 'moved' AND valid_to > {literal(span.since)}"
        f" AND valid_to <= {literal(span.until)}"
    )
