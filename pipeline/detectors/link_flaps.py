"""Ports that go up and down (rule L1).

The rule holds when a port changed between up and not up three times or more within 120 s, counted in its
``oper-status`` and in its counter of carrier transitions (openconfig-interfaces, ``carrier-transitions``),
whichever has more: a blip of a second fits between two looks at the status. The window is half open. The
incident is over when the limit was not reached for 120 s, seen by a session that is fresh.

An aggregate of a single-active Ethernet segment counts neither up nor down: it stands by as another leaf is
elected, and is used as it is elected itself (RFC 7432, section 14.1.1). Its members count as all ports do.

Subject: device, interface. Look first at the optics and errors of the port, then at its other end.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.recurrence import Recurrence, live, risen
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.standby import StandbyLegs
from pipeline.detectors.told import Told
from pipeline.schema import NAME

WINDOW: Final = timedelta(seconds=120)
"""Apstra's window for interface flapping is two minutes, too."""
RULES: Final = catalogue(Rule("L1", "LINK_FLAP", "link_flap", rank=1, clear=WINDOW, momentary=True))
_LIMIT: Final = Parameter("L1", "transitions", 3, "transitions", 2, 1000)
_WINDOW: Final = Parameter("L1", "window_s", WINDOW.total_seconds(), "s", 5, 3600)
PARAMETERS: Final = parameters(_LIMIT, _WINDOW)


class LinkFlaps:
    """Transitions of all ports, and rule L1."""

    def __init__(self) -> None:
        self._ports = Recurrence(["device", "interface"])
        self._single_active = StandbyLegs()
        self._window = WINDOW
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._window = timedelta(seconds=scene.settings.value(_WINDOW))
        self._ports.settle(scene.horizon - 1, self._window)
        self._single_active.settle(scene.horizon - 1)
        segments = applied.changes["ethernet_segment"]
        other = bool(len(segments)) and self._single_active.take(segments, applied.records)
        if not (self._take(applied) or other or (scene.fresh_news and len(self._ports.spoken))):
            return nothing()
        limit, single = scene.settings.value(_LIMIT), self._single_active.timeline()
        reached = self._ports.reached(self._window, limit, without=single)
        found = pl.concat([_flaps(reached, self._window), _sight(self._ports.sight(scene.fresh("link")))])
        return self._told.revise(found, scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **self._ports.dump(horizon - 1, self._window),
            "standby": self._single_active.dump(horizon - 1),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._ports.rows, self._ports.spoken = frames["events"], frames["spoken"]
        if "standby" in frames:  # stores of before this release don't tell
            self._single_active.load(frames["standby"])
        self._told.frame = frames["told"]

    def _take(self, applied: Applied) -> bool:
        """Remember transitions of ports; return whether there are any."""
        links = applied.changes["link"]
        happened = live(links, applied.records) & links.exists
        if not happened.any():
            return False
        up = equals(links.after["oper_status"], "UP")
        turned = (up != equals(links.before["oper_status"], "UP")).fill_null(value=False)
        counted = risen(links.before["carrier_transitions"], links.after["carrier_transitions"])
        rows = pl.Series(np.flatnonzero(happened & (turned | (counted > 0)).to_numpy()))
        if rows.is_empty():
            return False
        status = frame_of({"status": links.after["oper_status"].take(rows.to_numpy())}, {"status": NAME})
        keys = {"device": "device", "interface": "interface"}
        told = transitions(links, applied.records, keys, turned.cast(pl.Int64), rows)
        self._ports.add(
            told.with_columns(seen="value", counted=counted.gather(rows), status=status["status"])
        )
        return True


def _flaps(reached: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    seconds = pl.lit(round(window.total_seconds()))
    return findings(
        reached.with_columns(
            rule=pl.lit("L1"),
            severity=pl.lit("warning"),
            active=pl.lit(value=True),
            coverage=pl.lit(1.0),
            summary=pl.format(
                "Port {} of {} flaps: {} transitions within {} s, {} by its carrier counter and {} by its "
                "status; it is {} now",
                "interface", "device", "total", seconds, "counted", "seen",
                pl.col("status").fill_null("of unknown state"),
            ),
            evidence=pl.struct(
                "counted", "seen", "status", transitions="total", window_s=seconds
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _sight(told: pl.DataFrame) -> pl.DataFrame:
    sees = pl.col("active").is_not_null()
    return findings(
        told.with_columns(
            rule=pl.lit("L1"),
            severity=pl.lit("warning"),
            coverage=pl.when(sees).then(1.0).otherwise(0.0),
            summary=pl.when(sees)
            .then(pl.format("{} tells its links again: port {} is quiet so far", "device", "interface"))
            .otherwise(
                pl.format(
                    "{} tells nothing of its links: whether port {} still flaps is not known",
                    "device", "interface",
                )
            ),
            evidence=pl.struct("interface").struct.json_encode(),
        )
    )  # fmt: skip
