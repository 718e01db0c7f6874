"""BFD sessions that fail again and again (rule L4).

The rule holds when sessions of one device with one peer on one interface failed three times or more within
120 s, counted in their state (UP to DOWN or INIT; RFC 5880, section 6.2) and in ``failure-transitions`` of
openconfig-bfd, whichever has more. Sessions are known by their peer's address: a restarted one has another
discriminator. One that is taken away while it is up counts as failed once; what a person shuts down
(ADMIN_DOWN) has not failed. The window is half open. The incident is over when the limit was not reached for
120 s, seen by a session that is fresh.

Subject: device, interface, peer. Look first at loss on the way to the peer and at the load of either CPU.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import REASONS, Changes
from pipeline.apply.columns import Column, frame_of
from pipeline.apply.fabric import Applied
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.recurrence import Recurrence, live, risen
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.told import Told
from pipeline.schema import NAME

WINDOW: Final = timedelta(seconds=120)
RULES: Final = catalogue(Rule("L4", "BFD_FLAP", "bfd", rank=1, clear=WINDOW, momentary=True))
_LIMIT: Final = Parameter("L4", "failures", 3, "failures", 2, 1000)
_WINDOW: Final = Parameter("L4", "window_s", WINDOW.total_seconds(), "s", 5, 3600)
PARAMETERS: Final = parameters(_LIMIT, _WINDOW)
_TOLD_GONE: Final = [REASONS.index(reason) for reason in ("delete", "branch", "atomic")]


class BfdFlaps:
    """Failures of all BFD sessions, and rule L4."""

    def __init__(self) -> None:
        self._sessions = Recurrence(["device", "interface", "peer"])
        self._window = WINDOW
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._window = timedelta(seconds=scene.settings.value(_WINDOW))
        self._sessions.settle(scene.horizon - 1, self._window)
        if not (self._take(applied) or (scene.fresh_news and len(self._sessions.spoken))):
            return nothing()
        reached = self._sessions.reached(self._window, scene.settings.value(_LIMIT))
        sight = self._sessions.sight(scene.fresh("bfd"))
        return self._told.revise(pl.concat([_flaps(reached, self._window), _sight(sight)]), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {**self._sessions.dump(horizon - 1, self._window), "told": self._told.dump(horizon)}

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._sessions.rows, self._sessions.spoken = frames["events"], frames["spoken"]
        self._told.frame = frames["told"]

    def _take(self, applied: Applied) -> bool:
        """Remember failures of sessions; return whether there are any."""
        changed = applied.changes["bfd_session"]
        if not len(changed):
            return False
        failed, counted = _failures(changed)
        known = changed.after["peer"].known | changed.before["peer"].known
        happened = live(changed, applied.records) & known
        rows = pl.Series(np.flatnonzero(happened & (failed | (counted > 0)).to_numpy()))
        if rows.is_empty():
            return False
        at = rows.to_numpy()
        peer = _either(changed.after["peer"].take(at), changed.before["peer"].take(at))
        state = changed.after["session_state"].take(at)
        texts = frame_of({"peer": peer, "status": state}, {"peer": NAME, "status": NAME}).cast(pl.String)
        keys = {"device": "device", "interface": "interface"}
        told = transitions(changed, applied.records, keys, failed.cast(pl.Int64), rows)
        self._sessions.add(
            told.with_columns(
                texts["peer"], texts["status"].fill_null("GONE"), seen="value", counted=counted.gather(rows)
            )
        )
        return True


def _failures(changed: Changes) -> tuple[pl.Series, pl.Series]:
    """Return which changes show a session fail, and how many failures its counter adds."""
    was_up = equals(changed.before["session_state"], "UP").fill_null(value=False)
    fell = equals(changed.after["session_state"], "DOWN", "INIT").fill_null(value=False)
    gone = pl.Series(~changed.exists & np.isin(changed.reason, _TOLD_GONE))
    counted = risen(changed.before["failure_transitions"], changed.after["failure_transitions"])
    shut = equals(changed.after["session_state"], "ADMIN_DOWN").fill_null(value=False)
    return was_up & (fell | gone), counted * (~shut).cast(pl.Int64)


def _either(first: Column, second: Column) -> Column:
    return Column(np.where(first.known, first.values, second.values), first.known | second.known)


def _flaps(reached: pl.DataFrame, window: timedelta) -> pl.DataFrame:
    seconds = pl.lit(round(window.total_seconds()))
    return findings(
        reached.with_columns(
            rule=pl.lit("L4"),
            severity=pl.lit("warning"),
            active=pl.lit(value=True),
            coverage=pl.lit(1.0),
            summary=pl.format(
                "BFD of {} with {} on {} flaps: {} failures within {} s; it is {} now",
                "device", "peer", "interface", "total", seconds, "status",
            ),
            evidence=pl.struct(
                "counted", "seen", "status", failures="total", window_s=seconds,
                ruled_out=pl.concat_list(pl.lit("shut down by a person: ADMIN_DOWN does not count")),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _sight(told: pl.DataFrame) -> pl.DataFrame:
    sees = pl.col("active").is_not_null()
    return findings(
        told.with_columns(
            rule=pl.lit("L4"),
            severity=pl.lit("warning"),
            coverage=pl.when(sees).then(1.0).otherwise(0.0),
            summary=pl.when(sees)
            .then(pl.format("{} tells of BFD again: its session with {} is quiet so far", "device", "peer"))
            .otherwise(
                pl.format(
                    "{} tells nothing of BFD: whether the session with {} still flaps is not known",
                    "device", "peer",
                )
            ),
            evidence=pl.struct("peer", "interface").struct.json_encode(),
        )
    )  # fmt: skip
