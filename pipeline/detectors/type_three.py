"""What type-3 routes carry, where it looks wrong: the tables that rules V3 and V5 read.

Most routes are right and leave no row. A route's own device says what it should have.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import frame_of
from pipeline.apply.records import Records
from pipeline.detectors.known import IMET_ROUTE, FirstSeen
from pipeline.detectors.observed import transitions
from pipeline.detectors.timeline import StepTable
from pipeline.schema import NAME

ROUTE: Final = ["rd", "vtep", "eth_tag"]
PATH: Final = ["device", "neighbor", *ROUTE, "path_id"]
_COLUMNS: Final = {name: name for name in PATH} | {"vtep": "originator"}
TARGETS: Final = "T"
ENCAPSULATION: Final = "E"
"""Communities, as letters in the values of tables."""


class TypeThree:
    """Type-3 routes of one fabric whose attributes may be wrong, and those of their origins."""

    def __init__(self) -> None:
        self.next_hops = StepTable(PATH, pl.String)
        """Next hops that are not the originator's address."""
        self.lacks = StepTable(PATH, pl.String)
        """Which communities a path lacks."""
        self.has = StepTable(["device", *ROUTE], pl.String)
        """Which communities an origin's own route has."""
        self.tells = FirstSeen({"device": pl.String, "what": pl.String})
        """Who ever told of which community."""

    @property
    def tables(self) -> dict[str, StepTable]:
        """Return the timelines by name."""
        return {"next_hops": self.next_hops, "lacks": self.lacks, "has": self.has}

    def take(self, routes: Changes, records: Records) -> bool:
        """Take a batch's routes; return whether anything changed that may be wrong."""
        multicast = np.flatnonzero(routes.keys["route_type"].values == IMET_ROUTE)
        if not multicast.size:
            return False
        part = routes.take(multicast)
        sides = [_side(part, existed=existed) for existed in (True, False)]
        self._learn(part, records, sides[1])
        own = ~pl.Series(part.keys["neighbor"].known)
        told = False
        for name, table in self.tables.items():
            before, after = (side[name] for side in sides)
            mine = own if table is self.has else ~own
            rows = (mine & before.ne_missing(after)).arg_true()
            if len(rows):
                keys = {key: _COLUMNS[key] for key in table.keys}
                table.add(transitions(part, records, keys, after, rows))
                told = True
        return told

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        tables = {name: table.dump(horizon) for name, table in self.tables.items()}
        return {**tables, "tells": self.tells.rows}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for name, table in self.tables.items():
            table.rows = frames[name]
        self.tells.rows = frames["tells"]

    def _learn(self, part: Changes, records: Records, after: pl.DataFrame) -> None:
        device = frame_of({"device": part.keys["device"]}, {"device": NAME})["device"].cast(pl.String)
        told = after.with_columns(device, seen=pl.Series(records.take("order_time", part.record)))
        lacks = pl.col("lacks").fill_null("")
        for what in (TARGETS, ENCAPSULATION):
            has_it = told.filter(pl.col("there") & ~lacks.str.contains(what))
            self.tells.take(has_it.select("device", "seen", what=pl.lit(what)))


def _side(part: Changes, *, existed: bool) -> pl.DataFrame:
    """Return per change what matters of a route before or after: null where there is none."""
    side, there = (part.before, part.existed) if existed else (part.after, part.exists)
    next_hop = side["next_hop"]
    other = there & next_hop.known & (next_hop.values != part.keys["originator"].values)
    name = frame_of({"next_hop": next_hop}, {"next_hop": NAME})["next_hop"].cast(pl.String)
    flags = pl.DataFrame(
        {
            "there": there,
            "other": other,
            TARGETS: side["route_targets"].known,
            ENCAPSULATION: side["encapsulation"].known,
        }
    )
    whole = pl.col(TARGETS) & pl.col(ENCAPSULATION)
    return flags.with_columns(name).select(
        "there",
        next_hops=pl.when("other").then("next_hop"),
        has=pl.when("there").then(_letters(pl.col(TARGETS), pl.col(ENCAPSULATION))),
        lacks=pl.when(pl.col("there") & ~whole).then(_letters(~pl.col(TARGETS), ~pl.col(ENCAPSULATION))),
    )


def _letters(targets: pl.Expr, encapsulation: pl.Expr) -> pl.Expr:
    return pl.concat_str(
        pl.when(flag).then(pl.lit(letter)).otherwise(pl.lit(""))
        for flag, letter in ((targets, TARGETS), (encapsulation, ENCAPSULATION))
    )
