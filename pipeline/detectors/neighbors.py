"""Fabric ports that lead to another device or port than before (rule L6).

What a port hears by LLDP (IEEE 802.1AB) is the neighbour's chassis and port. The rule holds while a fabric
port has a neighbour other than before, and the one from before is not there: a cable in the wrong port after
works. The first neighbour is no change, nor is it one to have none; a neighbour that has been there for a day
is the port's neighbour from then on. Fabric ports are those with an address of a link between a leaf and a
spine, and those with an adjacency of the IGP or a BFD session: what is plugged into ports for hosts is no
business of the fabric's.

Subject: device, interface. Look first at the port named, and at what was worked on there.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import frame_of
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records
from pipeline.detectors import Rule, catalogue, findings
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.observed import transitions
from pipeline.detectors.references import References, identity
from pipeline.detectors.sight import beside, verdict
from pipeline.detectors.timeline import changes, counts, telling
from pipeline.detectors.told import Told
from pipeline.schema import NAME

RULES: Final = catalogue(Rule("L6", "LLDP_CHANGED", "lldp", rank=1))
_PORT: Final = ["device", "interface"]
_TEXT: Final = ("chassis_id", "port_id", "system_name")


class Neighbors:
    """Neighbours of all ports, and rule L6."""

    def __init__(self) -> None:
        self._heard = References(_PORT, "neighbor")
        self._routed = pl.DataFrame(schema=dict.fromkeys(_PORT, pl.String))
        """Ports that were seen to have an adjacency or a BFD session."""
        self._told = Told()

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        self._heard.settle(scene.horizon - 1)
        news = self._learn(applied)
        changed = applied.changes["lldp_neighbor"]
        news |= bool(len(changed)) and self._take(changed, applied.records)
        due = self._heard.due(scene.horizon, scene.now)
        if not (news or scene.fresh_news or scene.roles_news or due):
            return nothing()
        links = scene.roles.ends.filter(pl.col("kind") == "link").select("device", interface="thing")
        ports = pl.concat([links, self._routed]).unique()
        neighbors = self._heard.timeline(scene.horizon, scene.now).join(ports, on=_PORT, how="semi")
        return self._told.revise(detect(neighbors, scene.fresh("lldp")), scene.horizon)

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **self._heard.dump(horizon - 1),
            "routed": self._routed.sort(_PORT),
            "told": self._told.dump(horizon),
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._heard.table.rows, self._heard.known = frames["ends"], frames["known"]
        self._routed, self._told.frame = frames["routed"], frames["told"]

    def _learn(self, applied: Applied) -> bool:
        """Learn which ports are routed; return whether there are new ones."""
        known = len(self._routed)
        for entity in ("igp_adjacency", "bfd_session"):
            changed = applied.changes[entity]
            new = np.flatnonzero(changed.exists & ~changed.existed)
            if new.size:
                keys = {name: changed.keys[name].take(new) for name in _PORT}
                ports = frame_of(keys, dict.fromkeys(_PORT, NAME)).cast(pl.String)
                # what runs on a subinterface runs through its port
                ports = ports.with_columns(pl.col("interface").str.replace(r"\.\d+$", ""))
                self._routed = pl.concat([self._routed, ports]).drop_nulls().unique(maintain_order=True)
        return len(self._routed) > known

    def _take(self, changed: Changes, records: Records) -> bool:
        frames = (
            frame_of({name: side[name] for name in _TEXT}, dict.fromkeys(_TEXT, NAME)).cast(pl.String)
            for side in (changed.before, changed.after)
        )
        before, after = (
            frame.select(identity(*map(pl.col, _TEXT)).alias("value"))["value"] for frame in frames
        )
        rows = before.ne_missing(after).arg_true()
        if rows.is_empty():
            return False
        keys = {"device": "device", "interface": "interface", "neighbor": "neighbor"}
        self._heard.add(transitions(changed, records, keys, after, rows))
        return True


def detect(neighbors: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return one finding per change of the verdict on a port.

    ``neighbors``: see ``References.timeline``, of fabric ports. ``fresh``: timeline per device.
    """
    tally = counts(neighbors, _PORT, others=pl.col("value"), same=~pl.col("value"))
    states = beside(tally, _PORT, (fresh, ["device"], "fresh"))
    others, same = pl.col("others"), pl.col("same")
    # while nobody is there, what was wrong may still be
    states = states.filter((others > 0) | (same > 0)).with_columns(active=verdict(same == 0))
    verdicts = changes(states, _PORT, ["active"])
    told = _with_neighbors(telling(verdicts, _PORT), neighbors)
    port = pl.format("Port {} of {}", "interface", "device")
    return findings(
        told.with_columns(
            rule=pl.lit("L6"),
            severity=pl.lit("warning"),
            coverage=pl.when("fresh").then(1.0).otherwise(0.0),
            summary=pl.when(pl.col("active").is_null())
            .then(pl.format("{}: its neighbour can't be told, nobody hears of it", port))
            .when("active")
            .then(pl.format("{} leads to {} now, before to {}", port, "neighbor_now", "before"))
            .otherwise(pl.format("{} leads to {}", port, pl.col("neighbor_now"))),
            evidence=pl.struct("neighbor_now", "before").struct.json_encode(),
        )
    )  # fmt: skip


def _with_neighbors(told: pl.DataFrame, neighbors: pl.DataFrame) -> pl.DataFrame:
    """Return rows with who was at the other end of the port then, and who had been before."""
    rows = told.with_row_index("at")

    def end(prefix: str) -> pl.Expr:
        name, port = pl.col(f"with {prefix}name"), pl.col(f"with {prefix}detail")
        device = pl.when(name == "").then(pl.col(f"with {prefix}thing")).otherwise(name)
        return pl.format(
            "{} port {}", device, pl.when(port == "").then(pl.lit("unknown")).otherwise(port)
        )  # fmt: skip

    of_row = (
        rows.select("at", *_PORT, "time")
        .join(neighbors.rename({"time": "since"}), on=_PORT)
        .filter(pl.col("since") <= pl.col("time"))
        .with_columns(now_there=end(""), reference=end("ref_"))
        .sort("since", "offset", "index", maintain_order=True)
        .group_by("at", "neighbor")
        .agg(pl.col("value", "now_there", "reference", "since").last())
        .sort("at", "neighbor")
        .group_by("at")
        .agg(
            neighbor_now=pl.col("now_there").filter(pl.col("value").is_not_null()).str.join(" and "),
            before=pl.col("reference").sort_by("since").last(),
        )
    )
    return rows.join(of_row, on="at", how="left", maintain_order="left").drop("at")
