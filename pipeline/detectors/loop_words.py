"""What is said of a loop (M6): how many MACs, where, and what it is not."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import polars as pl

from pipeline.detectors.text import mac_text

_SHOWN: Final = 5
_ESI: Final = re.compile(r"(?:[0-9a-f]{2}:){9}[0-9a-f]{2}")


def subject_of(row: Mapping[str, Any]) -> dict[str, Any]:  # Any: values of subject columns
    """Return the subject of a loop by the flap that made it: its VNI, or the two places."""
    if row["order"] == 0:
        return {"vni": row["vni"], "evi": row["evi"]}
    one, other = sorted(
        (row["name"], row["old_name"]), key=lambda place: (_ESI.fullmatch(place) is None, place)
    )
    if _ESI.fullmatch(one):
        return {"esi": one, "peer" if _ESI.fullmatch(other) else "vtep": other}
    return {"vtep": one, "peer": other}


def say(
    row: Mapping[str, Any], window: pl.DataFrame, places: Sequence[str], most: int
) -> tuple[str, str, int]:
    """Return sentence, evidence (JSON) and number of MACs of a loop.

    Args:
        row: the flap at which it is told.
        window: the flaps of the window that ends there, as ``pipeline.detectors.loops.crowds`` tells them.
        places: all that belong to the loop.
        most: MACs that were told of it before, at most.
    """
    part = window.filter(pl.col("name").is_in(places) | pl.col("old_name").is_in(places))
    latest = (
        part.with_columns(count=pl.max_horizontal("count", "burst_moves"))
        .sort("time", "offset", "index")
        .group_by("key", maintain_order=True)
        .last()
    )
    top = latest.with_columns(text=mac_text(pl.col("mac"))).sort(["count", "text"], descending=[True, False])
    pairs, domains = _most(part, "pair"), _most(part, "domain")
    seconds = f"{row['loop_s']:g}"
    most = max(most, len(latest))
    at_most = f" ({most} at most)" if most > len(latest) else ""
    more = f" and {len(pairs) - 1} more pairs of places" if len(pairs) > 1 else ""
    inside = domains[0]["name"] if len(domains) == 1 else f"{len(domains)} VNIs, most in {domains[0]['name']}"
    summary = (
        f"Loop suspected: {len(latest)} MACs flap within {seconds} s{at_most} between {pairs[0]['name']}"
        f"{more}, in {inside}; most moves: {', '.join(top['text'].head(_SHOWN).to_list())}. "
        f"A duplicate host would be one MAC, a migration would come to rest within "
        f"{_plain(latest['burst_limit_s'].max())} s"
    )
    evidence = {
        "cause": "loop",
        "macs": len(latest),
        "most_macs": most,
        "macs_needed": int(row["macs"]),
        "window_s": row["loop_s"],
        "moves": int(latest["count"].sum()),
        "pairs": pairs[:_SHOWN],
        "domains": domains[:_SHOWN],
        "locations": list(places),
        "top_macs": [
            {"mac": text, "moves": count, "in": domain}
            for text, count, domain in top.head(_SHOWN).select("text", "count", "domain").rows()
        ],
        "ruled_out": [
            f"duplicate host: {len(latest)} MACs flap at once, a duplicate host is one",
            "migration: these MACs have not come to rest",
            "failover of a redundant pair: no device is known to have both addresses",
            "multihoming: the places are not one Ethernet segment",
        ],
    }
    return summary, orjson.dumps(evidence).decode(), len(latest)


def _plain(value: Any) -> str:
    """Return a number without needless digits."""
    return f"{value:g}"


def _most(flaps: pl.DataFrame, group: str) -> list[dict[str, Any]]:
    counted = flaps.drop_nulls(group).group_by(group).agg(macs=pl.col("key").n_unique())
    ordered = counted.sort(["macs", group], descending=[True, False])
    return [{"name": name, "macs": macs} for name, macs in ordered.rows()]
