"""The states of a collector's targets as a table for people."""

from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from collectors.states import State

COLOURS: Final = {
    State.UP: "green",
    State.SYNCING: "cyan",
    State.CONNECTING: "yellow",
    State.STALE: "magenta",
    State.REFUSED: "red",
}


def table(document: dict[str, Any]) -> Table:  # Any: JSON
    """Return what a collector says at ``/targets``: one row per target, state and reason.

    A row names its families; ``since`` is that of the last of them to change, ``records/s`` their sum.
    """
    made = Table("target", "families", "state", "since", "records/s", "reason", title_justify="left")
    made.title = _title(document)
    rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in document["targets"]:
        rows.setdefault((one["target"], one["state"], one["reason"]), []).append(one)
    for (target, state, reason), families in rows.items():
        made.add_row(
            escape(target),
            escape(" ".join(one["family"] for one in families)),
            f"[{COLOURS[State(state)]}]{state}[/]",
            _age(document["time_ns"] - max(one["since_ns"] for one in families)),
            f"{sum(one['records_per_s'] for one in families):.1f}",
            escape(reason),  # partly a device's own words
        )
    return made


def _title(document: dict[str, Any]) -> str:
    counts = {state: sum(one["state"] == state for one in document["targets"]) for state in State}
    parts = [f"collector {document['collector']}"]
    parts += [f"{count} {state}" for state, count in counts.items() if count]
    parts += [
        f"{one['fabric']}: {one['waiting']} records wait for Kafka ({one['lag_s']:.0f} s)"
        for one in document["kafka"]
        if one["lag_s"] >= 1
    ]
    if document["inventory_trouble"]:
        parts.append(f"an earlier inventory holds: {document['inventory_trouble']}")
    return escape(", ".join(parts))


def _age(ns: int) -> str:
    """Return a duration as one or two units: ``12 s``, ``3 m 20 s``, ``2 d 4 h``."""
    seconds = max(0, ns // 1_000_000_000)
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
