"""Records of the past, as the rules knew them: made of what was stored of them.

What is not stored is a record that changed nothing. None of the rules that are run again asks for one: what
was heard of a device second by second is told by rule X1, and freshness by the sessions' events.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from collectors.profiles import profile_names
from collectors.records import RETIRED, Kind
from pipeline.apply.clocks import Clocks
from pipeline.apply.fabric import tables_of
from pipeline.apply.observers import EVENTS, Freshness
from pipeline.apply.records import LATENESS, Records, Times, us
from pipeline.apply.sessions import SessionBatch
from pipeline.schema import NAME, Columns
from pipeline.whatif.pages import Page
from pipeline.whatif.record_rows import rows_of

_OBSERVER: Final[Columns] = {"device": pl.String, "family": pl.String}
_TURN: Final = pl.Schema({**_OBSERVER, "offset": pl.Int64, "fresh": pl.Boolean, "until": pl.Int64})


class Sight:
    """One (device, family): whether it is fresh, and what orders what it says."""

    def __init__(self) -> None:
        self.fresh = False
        self.known_until = 0
        self.ordered = 0


class Again:
    """The sessions of one fabric, gone through again."""

    def __init__(self) -> None:
        self.now = 0
        self._clocks = Clocks()
        self._sights: dict[tuple[str, str], Sight] = {}
        self._family: dict[tuple[str, str], str] = {}
        """(device, table) to the family that tells it."""

    def take(self, page: Page) -> tuple[SessionBatch, Mapping[int, int]]:
        """Return what the sessions made of a page, and the number of each record by its offset."""
        self._learn(page.sessions)
        rows = rows_of(page, self._family)
        size = len(rows)
        number = {offset: at for at, offset in enumerate(rows["offset"].to_list())}
        kind = rows["kind"].to_numpy()
        told = rows["record_time"].to_physical().to_numpy()
        now = np.maximum.accumulate(np.maximum(np.where(kind == Kind.ACTION, self.now, told), self.now))
        news = self._news(page.sessions)
        dumps = self._dumps(rows, news)
        dump, known_until = dumps["dump"].to_numpy(), dumps["until"].to_numpy()
        freshness = [
            Freshness(number[offset], device, family, fresh, int(told[number[offset]]))
            for offset, device, family, fresh in news.select("offset", "device", "family", "fresh").rows()
        ]
        recv, event = (rows[name].to_physical().to_numpy() for name in ("recv_time", "event_time"))
        device = rows["device"].cast(NAME).to_physical().to_numpy()
        clock = self._clocks.judge(device, event, recv, rows["fact"].to_numpy() & ~dump)
        trusted = ~dump & clock.believed(recv - event)
        order = np.where(trusted, clock.corrected(event, recv), recv)
        near = np.minimum(np.maximum(order, now - us(LATENESS)), now + us(LATENESS))
        self._put_in_order(rows, near)
        self.now = int(now[-1]) if size else self.now
        records = Records(
            offset=rows["offset"].to_numpy(),
            now=now,
            record_time=told,
            recv_time=recv,
            event_time=event,
            valid_time=np.where(dump, np.minimum(event, recv), order),
            session_clock=np.zeros(size, dtype=np.int64),
            order_time=near,
            late=rows["late"].to_numpy(),
            device=device,
            family=rows["family"].fill_null("").cast(NAME).to_physical().to_numpy(),
            session=np.full(size, -1, dtype=np.int64),
            accepted=np.ones(size, dtype=bool),
            dump=dump,
            known_until=np.where(dump, known_until, 0),
            kind=kind,
        )
        declared = _declared(page, number)
        retired = [
            (number[offset], family)
            for offset, family in page.sessions.filter(kind="end", detail=RETIRED)
            .select("offset", "family")
            .rows()
        ]
        events = pl.DataFrame(schema=EVENTS)  # nobody stores them again
        return SessionBatch(records, events, [], freshness, retired, declared), number

    def _learn(self, sessions: pl.DataFrame) -> None:
        starts = sessions.filter(kind="start").select("device", "family", "detail")
        for device, family, detail in starts.rows():
            for table in _tables(detail):
                self._family[device, table] = family

    def _news(self, sessions: pl.DataFrame) -> pl.DataFrame:
        """Return who became fresh or blind, in order: one row per observer and turn (_TURN)."""
        met = pl.DataFrame(list(self._sights), schema=_OBSERVER, orient="row")
        begun = (
            sessions.filter(pl.col("kind").is_in(["start", "sync", "hole"]))
            .unique(["device", "family"], keep="first", maintain_order=True)
            .join(met, on=["device", "family"], how="anti", nulls_equal=True)
            .with_columns(fresh=pl.lit(value=False), until=pl.lit(None, dtype=pl.Int64))
        )
        turned = sessions.filter(pl.col("kind").is_in(["blind_begin", "blind_end"])).with_columns(
            fresh=pl.col("kind") == "blind_end",
            until=pl.when(pl.col("kind") == "blind_begin").then(pl.col("event_time").to_physical()),
        )
        both = pl.concat([begun.select(_TURN.names()), turned.select(_TURN.names())]).cast(_TURN)
        return both.sort("offset", maintain_order=True)

    def _dumps(self, rows: pl.DataFrame, news: pl.DataFrame) -> pl.DataFrame:
        """Return of each record whether it is dump, and up to when its observer had known before."""
        before = pl.DataFrame(
            [(*observer, -1, one.fresh, one.known_until) for observer, one in self._sights.items()],
            schema=_TURN,
            orient="row",
        )
        turns = (
            pl.concat([before, news])
            .with_columns(until=pl.col("until").forward_fill().over("device", "family").fill_null(0))
            .sort("offset", maintain_order=True)
        )
        for device, family, fresh, until in turns.select("device", "family", "fresh", "until").rows():
            sight = self._sights.setdefault((device, family), Sight())
            sight.fresh, sight.known_until = fresh, until
        told = rows.select("offset", "device", "family", "dump").join_asof(
            turns, on="offset", by=["device", "family"], strategy="backward", check_sortedness=False
        )
        return told.select(
            dump=pl.coalesce("dump", ~pl.col("fresh"), pl.lit(value=True)),
            until=pl.col("until").fill_null(0),
        )

    def _put_in_order(self, rows: pl.DataFrame, times: Times) -> None:
        """Correct the order of each observer's records: it said them in this order."""
        groups = rows.with_row_index("at").group_by("device", "family", maintain_order=True).agg("at")
        for device, family, at in groups.rows():
            if family is None:
                continue
            sight = self._sights.setdefault((device, family), Sight())
            where = np.asarray(at)
            times[where] = np.maximum.accumulate(np.maximum(times[where], sight.ordered))
            sight.ordered = int(times[where[-1]])


def _tables(start: str) -> set[str]:
    """Return the tables that a session fills; ``start``: the JSON of its start record."""
    content = orjson.loads(start)
    told = content.get("paths") if isinstance(content, dict) else None
    entries = told if isinstance(told, list) else []
    paths = tuple(path for one in entries if (path := one.get("path") if isinstance(one, dict) else one))
    return {table for name in profile_names() for table in tables_of(name, paths)}


def _declared(page: Page, number: Mapping[int, int]) -> list[tuple[int, str, dict[str, Any]]]:
    """Return what start and action records said; what was declared of the fabric is not stored."""
    starts = page.sessions.filter(kind="start").select("offset", "device", "family", "detail").rows()
    told = [
        (number[offset], "start", {**orjson.loads(detail), "device": device, "family": family})
        for offset, device, family, detail in starts
    ]
    told += [
        (number[offset], "action", orjson.loads(detail))
        for offset, detail in page.actions.select("offset", "detail").rows()
    ]
    return sorted(told, key=lambda one: one[0])
