"""Duplicates that no device calls one, although one of them had to (the other half of M13).

A device whose duplicate detection works calls a MAC duplicate, or freezes it and announces it no more, when
it has learned it N times from elsewhere within M seconds (RFC 7432, section 15.1). The rule holds at a move
to a VTEP that had learned it as often as M2 asks for 10 s before, while M2 holds and no device calls the MAC
so: it goes on to announce what it had to freeze, so its detection is off, or asks for more than M2 does.
Moves away from it are left out, other than in M14: some systems count them, and all count what they learn.

Where moves were not seen one by one, where the MAC goes to a segment (whose PEs share its moves), while the
PE's own word on MACs is not fresh, and where no device has ever told what it thinks of a MAC
(``mobility-state``, which many don't have), nobody can tell. It is over 180 s after the last such move.

Subject: vni or evi, mac. Look first at the duplicate detection that is configured at the PE named.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied
from pipeline.apply.records import LATENESS, us
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.moves import WINDOW, Limits
from pipeline.detectors.observed import equals, transitions
from pipeline.detectors.settings import Parameter, Settings, parameters
from pipeline.detectors.text import domain_text, mac_text, random_mac
from pipeline.detectors.timeline import StepTable
from pipeline.detectors.told import Told

RULES: Final = catalogue(
    Rule("DUP_UNREPORTED", "DUP_UNREPORTED", "unreported", rank=1, clear=WINDOW, momentary=True)
)
PARAMETERS: Final = parameters(Parameter("DUP_UNREPORTED", "seconds", 10, "s", 1, 600, per_vni=True))
(_GRACE,) = PARAMETERS
VERDICTS: Final = ("DUPLICATE", "FROZEN")
IGNORED: Final = pl.Schema(
    {
        "key": pl.Int64,
        "vni": pl.UInt32,
        "evi": pl.UInt32,
        "mac": pl.UInt64,
        "time": pl.Int64,
        "offset": pl.Int64,
        "index": pl.UInt32,
        "now": pl.Int64,
        "name": pl.String,
        "seen": pl.Int64,
        "duplicate_moves": pl.Int64,
        "window_s": pl.Float64,
        "grace_s": pl.Float64,
    }
)
"""One row per move to a PE that had seen enough of them long enough before; ``seen``: how many by then."""
_SECOND: Final = 1_000_000


class Unreported:
    """Moves that a PE had to prevent, and who calls which MAC a duplicate."""

    def __init__(self) -> None:
        self._moves = pl.DataFrame(schema=IGNORED)
        self._flagged = StepTable(["mac", "device", "producer"], pl.String)
        self._told = Told()
        self._since: int | None = None
        """From when on it is known that devices of this fabric tell their verdicts."""

    def take(self, ignored: pl.DataFrame, first: pl.DataFrame, horizon: int) -> None:
        """Take moves (IGNORED) of the keys in ``first`` from ``from`` on: they replace what was known."""
        if ignored.is_empty() and self._moves.is_empty():
            return
        since = pl.max_horizontal("from", pl.lit(horizon))
        mine = self._moves.join(first, on="key", how="left")
        others = mine.filter((pl.col("time") < since) | pl.col("from").is_null()).drop("from")
        news = ignored.join(first, on="key").filter(pl.col("time") >= since)
        self._moves = pl.concat([others, news.select(IGNORED.names()).cast(IGNORED)])

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Return what is told and taken back."""
        self._flagged.settle(scene.horizon - 1)
        self._take_verdicts(applied)
        if self._moves.is_empty() and self._told.frame.is_empty():
            return nothing()
        known = (
            self._moves.clear() if self._since is None else self._moves.filter(pl.col("time") >= self._since)
        )
        found = detect(known, self._flagged.timeline(), scene.fresh("mac"), scene.roles.owners)
        judged = self._told.revise(found, scene.horizon)
        self._moves = _kept(self._moves, scene.now)
        return judged

    def dump(self, horizon: int, now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            "ignored": _kept(self._moves, now).sort("key", "time", "offset", "index"),
            "verdicts": self._flagged.dump(horizon - 1),
            "verdicts_since": pl.DataFrame({"since": [self._since]}, schema={"since": pl.Int64}),
            "told_ignored": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        if "ignored" in frames:  # stores of before this rule don't tell
            self._moves, self._flagged.rows = frames["ignored"], frames["verdicts"]
            self._told.frame = frames["told_ignored"]
        if "verdicts_since" in frames:
            self._since = frames["verdicts_since"]["since"][0]

    def _take_verdicts(self, applied: Applied) -> None:
        """Remember in which VNI devices call MACs so: a text, empty where none is told; null: not so."""
        macs = applied.changes["mac"]
        if not len(macs):
            return
        state = macs.after["mobility_state"]
        told = (pl.Series(state.known) & pl.Series(macs.exists)).arg_true().to_numpy()
        if len(told):
            first = int(applied.records.take("order_time", macs.record[told]).min())
            self._since = first if self._since is None else min(self._since, first)
        flagged = equals(state, *VERDICTS).fill_null(value=False)
        flagged &= pl.Series(macs.exists)
        was = equals(macs.before["mobility_state"], *VERDICTS).fill_null(value=False)
        rows = (flagged | was).arg_true()
        if rows.is_empty():
            return
        vni = frame_of({"vni": macs.after["vni"]}, {"vni": pl.UInt32})["vni"].cast(pl.String).fill_null("")
        value = pl.select(pl.when(flagged).then(vni)).to_series()
        keys = {"mac": "mac", "device": "device", "producer": "producer"}
        self._flagged.add(transitions(macs, applied.records, keys, value, rows))


def ignored(judged: pl.DataFrame, moves: pl.DataFrame, limits: Limits, settings: Settings) -> pl.DataFrame:
    """Return the moves judged (M2) to a PE that had seen enough long enough before (IGNORED).

    ``moves``: all of the MACs concerned, see ``pipeline.detectors.moves``.
    """
    window = int(limits.window_s * _SECOND)
    asked = (
        judged.filter((pl.col("rule") == "M2") & pl.col("move"))
        .with_columns(grace_s=settings.limit(_GRACE, judged.columns).cast(pl.Float64))
        .with_row_index("asked")
    )
    if asked.is_empty():
        return pl.DataFrame(schema=IGNORED)
    seen = moves.filter("live").select("key", "offset", "index", "newer", "move", then="time", to="name")
    within = (
        asked.select("asked", "key", "time", "name", "grace_s")
        .join(seen, on="key")
        .filter((pl.col("then") <= pl.col("time")) & (pl.col("then") > pl.col("time") - window))
        .sort("asked", "then", "offset", "index")
        .with_columns(all_seen=(pl.col("move") & (pl.col("newer") == 1)).all().over("asked"))
    )
    counting = pl.col("to") == pl.col("name")
    early = pl.col("then") <= pl.col("time") - (pl.col("grace_s") * _SECOND).cast(pl.Int64)
    enough = (
        within.with_columns(counted=counting & early)
        .filter("all_seen")
        .group_by("asked")
        .agg(seen=pl.col("counted").sum().cast(pl.Int64))
        .filter(pl.col("seen") >= int(limits.duplicate_moves))
    )
    return asked.join(enough, on="asked", maintain_order="left").select(IGNORED.names()).cast(IGNORED)


def detect(
    moves: pl.DataFrame, flagged: pl.DataFrame, fresh: pl.DataFrame, owners: Mapping[str, str]
) -> pl.DataFrame:
    """Return one finding per move at which nobody calls the MAC a duplicate.

    ``moves``: IGNORED. ``flagged``: timeline per (mac, device, producer), the VNI in which it is called so.
    ``fresh``: timeline per device that tells MACs. ``owners``: VTEP to device.
    """
    device = pl.col("name").replace_strict(owners, default=None, return_dtype=pl.String)
    rows = moves.with_columns(device=device, number=pl.col("mac").cast(pl.String)).with_row_index("at")
    sees = fresh.sort("time", "offset", "index").select("device", "time", sees="value")
    seen = (
        rows.filter(pl.col("device").is_not_null())
        .sort("time")
        .join_asof(sees, on="time", by="device", check_sortedness=False)
        .filter("sees")
    )
    called = (
        seen.select("at", "time", number="number", domain=pl.col("vni").cast(pl.String))
        .join(flagged.rename({"mac": "number", "time": "since", "device": "by"}), on="number")
        .filter(pl.col("since") <= pl.col("time"))
        .sort("since", "offset", "index")
        .group_by("at", "by", "producer", maintain_order=True)
        .last()
        .filter(
            pl.col("value").is_not_null() & ((pl.col("value") == "") | (pl.col("value") == pl.col("domain")))
        )
    )
    silent = seen.join(called, on="at", how="anti").sort("at")
    mac, seconds = mac_text(pl.col("mac")), pl.col("grace_s")
    return findings(
        silent.drop("device").with_columns(
            rule=pl.lit("DUP_UNREPORTED"),
            severity=pl.lit("warning"),
            active=pl.lit(value=True),
            coverage=pl.lit(1.0),
            summary=pl.format(
                "No device calls MAC {} in {} a duplicate, though devices here tell such verdicts: {} had "
                "learned it {} times within {} s, and announced it again {} s later and more. Its duplicate "
                "detection is off, or asks for more than {} moves",
                mac, domain_text(), silent["device"], "seen", pl.col("window_s").cast(pl.Int64), seconds,
                "duplicate_moves",
            ),
            evidence=pl.struct(
                announced_by=silent["device"], vtep="name", learned_by_it="seen", needed="duplicate_moves",
                window_s=pl.col("window_s").cast(pl.Int64), seconds=seconds,
                random_mac=random_mac(pl.col("mac")),
                ruled_out=pl.concat_list(
                    pl.format("no PE sees enough (M14): {} learned it {} times", silent["device"], "seen"),
                    pl.lit("a device that is not heard: it tells its MACs, and calls this one nothing"),
                ),
            ).struct.json_encode(),
        )
    )  # fmt: skip


def _kept(moves: pl.DataFrame, now: int) -> pl.DataFrame:
    return moves.filter(pl.col("time") >= now - us(LATENESS))
