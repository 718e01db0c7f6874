"""The log of bindings of addresses: what changes say, as rows."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array, Column, Mask, Rows
from pipeline.apply.fabric import names_of
from pipeline.apply.records import Records
from pipeline.detectors.binding_sides import SOURCES, Side, taken
from pipeline.detectors.timeline import PLACE

LOG: Final = pl.Schema(
    {
        "group": pl.Int64,
        "member": pl.Int64,
        "device": pl.String,  # who says so
        "mac": pl.UInt64,
        "place": pl.String,  # the ESI, else the VTEP, else the leaf that learned it
        "vtep": pl.String,
        "remote": pl.Boolean,  # heard from a neighbour
        "held": pl.Boolean,
        "gateway": pl.Boolean,
        "live": pl.Boolean,  # it happened: no dump, not too late
        **PLACE,  # of what is not live, ``now`` is the time: when it is looked up, nothing else is known
    }
)
"""One row per change of a route or an entry that binds a watched address."""
_TIMES: Final = ("time", "offset", "now")


class Part(NamedTuple):
    """Changes of one entity, with the groups of their addresses before and after; -1: none."""

    source: int
    changes: Changes
    old: Rows
    new: Rows
    before: Side
    after: Side


def rows_of(part: Part, records: Records, concerned: Mask) -> pl.DataFrame:
    """Return rows of LOG of the addresses that are concerned."""
    before, after = part.before, part.after
    left = np.flatnonzero(before.held & (~after.held | (part.old != part.new)) & concerned[part.old])
    joined = np.flatnonzero(after.held & concerned[part.new])
    frames = []
    for at, group, side, held in ((left, part.old, before, False), (joined, part.new, after, True)):
        record = part.changes.record[at]
        place = {name: records.take("order_time" if name == "time" else name, record) for name in _TIMES}
        live = ~records.take("dump", record) & ~records.take("late", record)
        place["now"] = np.where(live, place["now"], place["time"])
        frames.append(
            log_rows(
                {
                    "group": group[at],
                    "member": part.changes.row[at] * len(SOURCES) + part.source,
                    "live": live,
                    "index": part.changes.index[at],
                    **place,
                },
                {name: column.take(at) for name, column in part.changes.keys.items()},
                taken(side, at),
                held=held,
            )
        )
    return pl.concat(frames)


def rows_before(part: Part, records: Records, concerned: Mask) -> pl.DataFrame:
    """Return how it was before the batch with members of concerned addresses, as rows of LOG."""
    since = part.changes.opened_offset
    held = part.before.held & concerned[part.old] & (since < records.offset[0])
    at = np.flatnonzero(held)
    at = at[np.unique(part.changes.row[at], return_index=True)[1]]
    return log_rows(
        {
            "group": part.old[at],
            "member": part.changes.row[at] * len(SOURCES) + part.source,
            "live": np.zeros(len(at), dtype=bool),
            "time": part.changes.valid_from[at],
            "now": part.changes.valid_from[at],
            "offset": since[at],
            "index": part.changes.opened_index[at],
        },
        {name: column.take(at) for name, column in part.changes.keys.items()},
        taken(part.before, at),
        held=True,
    )


def log_rows(
    place: Mapping[str, Array], keys: Mapping[str, Column], side: Side, *, held: bool
) -> pl.DataFrame:
    """Return rows of LOG; ``place``: the columns that say of what, and when."""
    neighbor = keys.get("neighbor")
    return pl.DataFrame(
        {
            **place,
            "device": _texts(keys["device"]),
            "mac": keys["mac"].values,
            "place": _texts(side.place),
            "vtep": _texts(side.vtep),
            "remote": np.zeros(len(side.held), dtype=bool) if neighbor is None else neighbor.known,
            "held": np.full(len(side.held), held),
            "gateway": side.gateway,
        },
        schema=LOG,
    )


def _texts(column: Column) -> pl.Series:
    texts = pl.Series(names_of(column.values), dtype=pl.String)
    return pl.select(pl.when(pl.Series(column.known)).then(texts)).to_series()
