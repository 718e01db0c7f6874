"""Addresses that two hosts have at once (rules I1, I2, I5).

An address is bound to a MAC by MAC/IP routes (type 2, RFC 7432, section 7.2) and by what leaves learn at
their ports. I1: it is bound to two MACs or more, at two places or more, for longer than 10 s. RFC 9721 lets
an address move to another MAC: then the old binding goes within moments. I2: its MAC changed 5 times within
180 s. I5: a host has the address of a gateway. Gateways' own bindings are no hosts': they say so, have a
router's MAC or an address of VRRP or HSRP, or the device has the address on an interface of its own.

Two sites that were cut off from each other and meet again have many addresses twice
(ipSpace.net 2016/05, unexpected-recovery-might-kill-your): ten within 30 s between the same places are one
finding. One MAC at several places is a matter of the M rules. What an initial dump shows is no news.

Subject: vni or evi, and ip; of ten and more: vtep and peer, the two places. Look first at who answers ARP or
neighbour discovery for the address at each of the two places.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from pipeline.apply.fabric import Applied
from pipeline.apply.records import us
from pipeline.detectors import Rule, catalogue
from pipeline.detectors.address_findings import (
    KEYS,
    address_states,
    crowd_rows,
    flaps,
    in_words,
    place_names,
    say_crowd,
    say_duplicate,
    say_gateway,
)
from pipeline.detectors.address_gateways import with_gateways
from pipeline.detectors.binding_states import mac_states
from pipeline.detectors.bindings import Bindings
from pipeline.detectors.crowds import crowds
from pipeline.detectors.family import Judged, Scene, nothing
from pipeline.detectors.known import ADDRESSES, MACS, FirstSeen, addresses, router_macs
from pipeline.detectors.settings import Parameter, parameters
from pipeline.detectors.spells import NEVER, spells, statements
from pipeline.detectors.text import ip_text
from pipeline.detectors.told import Told

RULES: Final = catalogue(
    Rule("I1", "DUP_IP", "address", rank=1),
    Rule("I2", "IP_FLAP", "address_flap", rank=1, clear=timedelta(seconds=180), momentary=True),
    Rule("I5", "GW_CONFLICT", "gateway", rank=1),
)
_HOLD, _CROWD, _WINDOW, _CHANGES, _GATEWAY = PARAMETERS = parameters(
    # no shorter than the lateness: what came before the second MAC is not remembered
    Parameter("I1", "seconds", 10, unit="s", least=10, most=3600, per_vni=True),
    Parameter("I1", "addresses", 10, unit="addresses", least=2, most=100_000),
    Parameter("I2", "window_s", 180, unit="s", least=10, most=3600),
    Parameter("I2", "changes", 5, unit="changes", least=2, most=1000, per_vni=True),
    # a route's communities may come a moment after it: until then a gateway's looks like a host's
    Parameter("I5", "seconds", 1, unit="s", least=0, most=3600, per_vni=True),
)
_CROWD_WINDOW: Final = timedelta(seconds=30)
_SLACK: Final = us(timedelta(seconds=60))
"""The log is cut when this much of it is older than needed."""
_SECOND: Final = 1_000_000
CARRIED: Final = pl.Schema(
    {
        "rule": pl.String,
        "group": pl.Int64,
        "since": pl.Int64,
        "begun": pl.Int64,
        "told": pl.Int64,
        "first": pl.String,
        "last": pl.String,
        "was_crowd": pl.Boolean,
        "kept": pl.Boolean,
    }
)
"""One row per spell that was told and goes on, of those whose beginning is no longer in the log."""


class Addresses:
    """Whose addresses are whose, and rules I1, I2 and I5."""

    def __init__(self) -> None:
        self._bindings = Bindings()
        self._routers, self._addresses = FirstSeen(MACS), FirstSeen(ADDRESSES)
        self._told = Told()
        self._carried = pl.DataFrame(schema=CARRIED)
        self._spells: pl.DataFrame | None = None
        """As the last look at the log left them; None: nobody has looked."""
        self._course = pl.DataFrame()
        self._memory = us(timedelta(seconds=_WINDOW.default)) + us(_CROWD_WINDOW) + _SLACK

    def judge(self, applied: Applied, scene: Scene) -> Judged:
        """Take a batch and return what it adds to the findings and takes back."""
        news = self._bindings.take(applied, scene.state)
        learnt = (
            self._routers.take(router_macs(applied.changes, applied.records)),
            self._addresses.take(addresses(applied.changes, applied.records)),
        )
        if self._bindings.log.is_empty():
            return nothing()
        seen = any(time is not None for time in learnt)
        if not (news or seen or scene.fresh_news or self._due(scene.now)):
            return nothing()
        longest = max(scene.settings.widest(each) for each in (_WINDOW, _HOLD, _GATEWAY))
        self._memory = us(timedelta(seconds=longest)) + us(_CROWD_WINDOW) + _SLACK
        judged = self._told.revise(self._look(scene), scene.horizon)
        oldest: int = self._bindings.log.select(pl.col("time").min()).item()
        if oldest < scene.horizon - self._memory - _SLACK:
            self._settle(scene.horizon)
        return judged

    def dump(self, horizon: int, _now: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        self._settle(horizon)
        return {
            **self._bindings.dump(),
            "routers": self._routers.rows,
            "interfaces": self._addresses.rows,
            "told": self._told.dump(horizon),
            "carried": self._carried,
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self._bindings.load(frames)
        self._routers.rows, self._addresses.rows = frames["routers"], frames["interfaces"]
        self._told.frame, self._carried = frames["told"], frames["carried"]
        self._spells = None

    def _due(self, now: int) -> bool:
        """Return whether time alone may tell something."""
        if self._spells is None:
            return True
        waits = pl.col("told").is_null() & (pl.col("due") <= now)
        return bool(self._spells.select(waits.any()).item())

    def _look(self, scene: Scene) -> pl.DataFrame:
        """Return all that the log says now, of whatever time, as findings."""
        log = self._bindings.log
        groups = log.select("group").unique().sort("group")
        keys = self._bindings.groups.keys.frame(groups["group"].to_numpy())
        ips = [ip_text(high, low) for high, low in keys.select("ip_hi", "ip_lo").iter_rows()]
        keyed = groups.hstack([*keys.get_columns(), pl.Series("ip", ips, dtype=pl.String)])
        rows = with_gateways(log, keyed, self._routers.rows, self._addresses.rows)
        names = place_names(log["place"], scene.roles.owners)
        macs = in_words(mac_states(rows, scene.fresh("routes")).join(keyed, on="group"), names)
        states = address_states(macs)
        of_hosts, of_gateways = (states.with_columns(value=rule) for rule in ("I1", "I5"))
        duplicates = self._spelled(of_hosts, keyed, scene, "I1", _HOLD)
        gateways = self._spelled(of_gateways, keyed, scene, "I5", _GATEWAY)
        course, duplicates = crowds(duplicates, scene.settings.value(_CROWD), us(_CROWD_WINDOW))
        self._spells, self._course = pl.concat([duplicates, gateways], how="diagonal"), course
        single = duplicates.filter(~pl.col("crowd"))
        window = timedelta(seconds=scene.settings.value(_WINDOW))
        limit = scene.settings.limit(_CHANGES, KEYS)
        return pl.concat(
            [
                say_duplicate(statements(of_hosts, single, KEYS), scene.settings.limit(_HOLD, KEYS)),
                say_crowd(crowd_rows(course, duplicates, states), duplicates, names, _CROWD_WINDOW.seconds),
                say_gateway(statements(of_gateways, gateways, KEYS)),
                flaps(macs, self._bindings.owners(groups), limit, window),
            ]
        )

    def _spelled(
        self, states: pl.DataFrame, keys: pl.DataFrame, scene: Scene, rule: str, parameter: Parameter
    ) -> pl.DataFrame:
        """Return the spells of a rule with rule, ``place`` and an ``id``."""
        hold = (scene.settings.limit(parameter, KEYS) * _SECOND).cast(pl.Int64)
        carried = self._carried.filter(pl.col("rule") == rule).join(keys, on="group")
        found = spells(states, KEYS, hold, scene.now, keep=("first", "last"), carried=carried)
        return found.join(
            carried.select("group", "told", "was_crowd", "kept"), on=["group", "told"], how="left"
        ).with_columns(
            rule=pl.lit(rule),
            place=pl.format("{} {}", "first", "last"),
            id=pl.struct("group", "spell").hash(),
        )

    def _settle(self, horizon: int) -> None:
        """Forget what is older than anybody asks for; carry along what goes on."""
        if self._spells is None:
            return
        edge = horizon - self._memory
        old = self._bindings.log.filter(pl.col("time") <= edge)
        if old.is_empty():
            return
        crowded = (
            self._course.filter(pl.col("time") <= edge).sort("place", "time").group_by("place").last()
        ).filter("crowd")["place"]
        begun = pl.col("told").is_not_null() & (pl.col("begun") <= edge)
        told = self._spells.filter(begun & (pl.col("ended") > edge))
        self._carried = (
            told.with_columns(was_crowd="crowd", kept=pl.col("place").is_in(crowded.implode()))
            .select(CARRIED.names())
            .sort("rule", "group")
        )
        self._bindings.settle(edge)
        log = self._bindings.log
        going_on = self._spells.filter(pl.col("ended") == NEVER).select("group")
        quiet = log.group_by("group").agg(pl.col("time").max()).filter(pl.col("time") <= edge)
        self._bindings.unwatch(quiet.join(going_on, on="group", how="anti").select("group").sort("group"))
