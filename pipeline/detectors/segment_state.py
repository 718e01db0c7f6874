"""What is told of Ethernet segments, as timelines: routes held, election, claims, configuration, LACP.

Sizes follow observers times PEs of segments, and PEs times the VNIs they serve; of MACs only whether there
are any is kept.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from pipeline.apply.changes import Changes
from pipeline.apply.columns import Array, Column, Mask, frame_of
from pipeline.apply.fabric import Applied
from pipeline.apply.records import Records
from pipeline.detectors.declared import Declared
from pipeline.detectors.presence import PER_ES_TAG, Presence, Sides, route_sides
from pipeline.detectors.timeline import PLACE, StepTable
from pipeline.schema import NAME, Columns

ELECTION: Final = ("df_algorithm", "df_capabilities", "df_preference")
"""Of a type-4 route, in this order in the text of field ``election``; 0 where nothing is said."""
CONFIGURED: Final = ("redundancy_mode", "df_method", "df_revertive", "df_wait_s", "interface", "name")
_ROUTE: Final[Columns] = {"device": NAME, "route_esi": NAME, "originator": NAME}


class SegmentState:
    """The timelines of one fabric's segments."""

    def __init__(self) -> None:
        keys = ["device", "esi", "pe"]
        self.presences = {kind: Presence(keys) for kind in ("segment", "ad_per_es", "mac")}
        text, flag = pl.String, pl.Boolean
        self.tables = {
            "held": StepTable(["esi", "pe", "kind", "device"], flag),
            "macs": StepTable(["esi", "pe", "device"], flag),
            # what routes say: field election (of ELECTION) or single_active
            "said": StepTable(["esi", "pe", "field"], text),
            # the address that a device's own type-4 routes have
            "own": StepTable(["esi", "device"], text),
            "configured": StepTable(["esi", "device", "field", "name"], text),
            "claims": StepTable(["esi", "device", "domain"], flag),
            # A-D routes per EVI and type-3 routes that a device originates itself; domain: its VNI
            "aliased": StepTable(["esi", "device", "pe", "domain"], flag),
            "flooded": StepTable(["device", "domain"], flag),
            "partners": StepTable(["device", "interface", "member"], text),
            "places": StepTable(["device", "what"], text),
            # JSON list of devices
            "declared": StepTable(["esi"], text),
        }

    def take(self, applied: Applied) -> set[str]:
        """Take a batch; return the segments that there is news of."""
        news: set[str] = set()
        devices: set[str] = set()
        for name, told in self._told(applied):
            if len(told):
                self.tables[name].add(told)
                if "esi" in told.columns:
                    news.update(told["esi"].to_list())
                else:
                    devices.update(told["device"].to_list())
        if devices:
            configured = self.tables["configured"].rows.select("esi", "device")
            own = self.tables["own"].rows.select("esi", "device")
            theirs = pl.concat([configured, own]).filter(pl.col("device").is_in(sorted(devices)))
            news.update(theirs["esi"].to_list())
        return news

    def of(self, name: str, esis: set[str] | None) -> pl.DataFrame:
        """Return a timeline of some segments, of all if None."""
        table = self.tables[name]
        if esis is None:
            return table.timeline()
        rows = table.rows.filter(pl.col("esi").is_in(sorted(esis)))
        return rows.sort(*table.keys, "time", "offset", "index", maintain_order=True)

    def settle(self, horizon: int) -> None:
        """Forget what is older than the last value up to the horizon, where it pays."""
        for table in self.tables.values():
            table.settle(horizon)

    def dump(self, horizon: int) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        return {
            **{f"presence_{kind}": presence.dump() for kind, presence in self.presences.items()},
            **{f"table_{name}": table.dump(horizon) for name, table in self.tables.items()},
        }

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        for kind, presence in self.presences.items():
            presence.load(frames[f"presence_{kind}"])
        for name, table in self.tables.items():
            table.rows = frames[f"table_{name}"]

    def _told(self, applied: Applied) -> Iterator[tuple[str, pl.DataFrame]]:
        routes, records = applied.changes["evpn_route"], applied.records
        if len(routes):
            for kind in ("segment", "ad_per_es"):
                held = self.presences[kind].apply(routes, records, route_sides(routes, kind=kind))
                yield "held", held.with_columns(kind=pl.lit(kind))
            yield "macs", self.presences["mac"].apply(routes, records, _mac_sides(routes))
            yield from _said(routes, records)
            yield from _originated(routes, records)
        for name, entity, told in (
            ("configured", "ethernet_segment", _configured),
            ("claims", "designated_forwarder", _claims),
            ("partners", "lacp_member", _partners),
        ):
            if len(applied.changes[entity]):
                yield name, told(applied.changes[entity], records)
        for row, kind, content in applied.sessions.declared:
            if kind == "fabric":
                yield "declared", self._declared(content, row, records)
            if kind == "start":
                yield "places", self._places(content, row, records)

    def _places(self, content: Mapping[str, Any], row: int, records: Records) -> pl.DataFrame:
        """Return site and rack that a target is declared to be in, where that is news."""
        device = str(content.get("device"))
        known = {
            what: value
            for named, what, value in self.tables["places"].rows.select("device", "what", "value").rows()
            if named == device
        }
        told = {what: content.get(what) for what in ("site", "rack")}
        new = {what: str(value) for what, value in told.items() if value and known.get(what) != str(value)}
        frame = pl.DataFrame(
            {"what": list(new), "value": list(new.values())}, schema={"what": pl.String, "value": pl.String}
        )
        at = np.full(len(new), row, dtype=np.int64)
        return frame.with_columns(
            pl.lit(device).alias("device"), *_places(records, at, np.zeros(len(new), dtype=np.uint32))
        )

    def _declared(self, content: Mapping[str, Any], row: int, records: Records) -> pl.DataFrame:
        declared = Declared()
        declared.take(content)
        members = {esi: orjson.dumps(sorted(names)).decode() for esi, names in declared.members_of.items()}
        gone = set(self.tables["declared"].rows["esi"].to_list()) - members.keys()
        both = members | dict.fromkeys(gone)
        at = np.full(len(both), row, dtype=np.int64)
        frame = pl.DataFrame(
            {"esi": list(both), "value": list(both.values())}, schema={"esi": pl.String, "value": pl.String}
        )
        return frame.with_columns(_places(records, at, np.zeros(len(both), dtype=np.uint32)))


def _places(records: Records, record: Array, index: Array) -> list[pl.Series]:
    return [
        pl.Series("time", records.take("order_time", record), dtype=pl.Int64),
        pl.Series("offset", records.take("offset", record), dtype=pl.Int64),
        pl.Series("index", index, dtype=PLACE["index"]),
        pl.Series("now", records.take("now", record), dtype=pl.Int64),
    ]


def _rows(
    changes: Changes, records: Records, mask: Mask, schema: Columns, columns: Mapping[str, Column]
) -> pl.DataFrame:
    """Return the changes where ``mask`` is set: columns of ``schema``, names as text, and PLACE."""
    at = np.flatnonzero(mask)
    frame = frame_of({name: columns[name].take(at) for name in schema}, schema)
    texts = [pl.col(name).cast(pl.String) for name, dtype in schema.items() if dtype == NAME]
    return frame.with_columns(*texts, *_places(records, changes.record[at], changes.index[at]))


def _mac_sides(routes: Changes) -> Sides:
    """Return keys of type-2 routes with an ESI, before and after; what stays as it was counts on no side."""
    wanted = routes.keys["route_type"].values == 2

    def side(columns: Mapping[str, Column], there: Mask) -> Mask:
        valid = columns["valid"]
        named: Mask = columns["esi"].known & columns["next_hop"].known
        counts: Mask = wanted & there & named & ~(valid.known & ~valid.values)
        return counts

    before, after = side(routes.before, routes.existed), side(routes.after, routes.exists)
    same = before & after
    for name in ("esi", "next_hop"):
        same &= routes.before[name].values == routes.after[name].values
    sides: list[tuple[dict[str, Column], Mask]] = []
    for columns, counts in ((routes.before, before & ~same), (routes.after, after & ~same)):
        keys = {"device": routes.keys["device"], "esi": columns["esi"], "pe": columns["next_hop"]}
        sides.append((keys, counts))
    return sides[0], sides[1]


def _said(routes: Changes, records: Records) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield what type-4 routes say of the election, A-D routes of the mode, where it is new."""
    kind, esi = routes.keys["route_type"].values, routes.keys["route_esi"]
    new = {
        name: ~routes.existed
        | (routes.before[name].known != routes.after[name].known)
        | (routes.before[name].values != routes.after[name].values)
        for name in (*ELECTION, "single_active", "next_hop")
    }
    changed = np.logical_or.reduce([new[name] for name in ELECTION])
    mask = (kind == 4) & routes.exists & changed
    if mask.any():
        schema: Columns = {**_ROUTE, **dict.fromkeys(ELECTION, pl.UInt16)}
        found = _rows(routes, records, mask, schema, {**routes.keys, **routes.after})
        text = pl.concat_str([pl.col(name).fill_null(0).cast(pl.String) for name in ELECTION], separator=" ")
        yield (
            "said",
            found.rename({"route_esi": "esi", "originator": "pe"}).select(
                "esi", "pe", *PLACE, field=pl.lit("election"), value=text
            ),
        )
    mask = (kind == 1) & (routes.keys["eth_tag"].values == PER_ES_TAG) & routes.exists & esi.known
    mask &= routes.after["single_active"].known & (new["single_active"] | new["next_hop"])
    if mask.any():
        modes: Columns = {"route_esi": NAME, "next_hop": NAME, "single_active": pl.Boolean}
        found = _rows(routes, records, mask, modes, {**routes.keys, **routes.after})
        yield "said", found.filter(pl.col("next_hop").is_not_null()).select(
            *PLACE, esi="route_esi", pe="next_hop", field=pl.lit("single_active"),
            value=pl.when("single_active").then(pl.lit("single-active")).otherwise(pl.lit("all-active")),
        )  # fmt: skip


def _originated(routes: Changes, records: Records) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield what devices' own routes say: their address in a segment, where they alias, what they flood."""
    kind, own = routes.keys["route_type"].values, ~routes.keys["neighbor"].known
    mask = own & (kind == 4) & routes.exists & ~routes.existed
    if mask.any():
        found = _rows(routes, records, mask, _ROUTE, routes.keys)
        yield "own", found.select("device", *PLACE, esi="route_esi", value="originator")
    changed = routes.exists != routes.existed
    per_evi = own & (kind == 1) & (routes.keys["eth_tag"].values != PER_ES_TAG) & changed
    floods = own & (kind == 3) & changed
    for name, wanted, extra in (("aliased", per_evi, "next_hop"), ("flooded", floods, "originator")):
        for there, mask in ((True, wanted & routes.exists), (False, wanted & ~routes.exists)):
            if not mask.any():
                continue
            schema: Columns = {"device": NAME, "route_esi": NAME, extra: NAME, "label": pl.UInt32}
            side = routes.after if there else routes.before
            found = _rows(routes, records, mask, schema, {**routes.keys, **side})
            told = found.filter(pl.col("label").is_not_null(), pl.col(extra).is_not_null()).select(
                "device", *PLACE, esi="route_esi", pe=extra,
                domain=pl.col("label").cast(pl.String), value=pl.lit(value=there),
            )  # fmt: skip
            yield name, told if name == "aliased" else told.drop("esi", "pe")


def _configured(segments: Changes, records: Records) -> pl.DataFrame:
    """Return what devices say of their segments: a row per field of CONFIGURED that is new."""
    keys = {"device": NAME, "name": NAME}
    empty = pl.DataFrame(
        schema={**dict.fromkeys(("device", "name", "esi", "field"), pl.String), **PLACE, "value": pl.String}
    )
    parts = [empty]
    if len(segments):
        schema = {name: segments.entity.values[name] for name in ("esi", *CONFIGURED) if name != "name"}
        sides = []
        for columns, there in ((segments.before, segments.existed), (segments.after, segments.exists)):
            every = np.ones(len(segments), dtype=bool)
            frame = _rows(segments, records, every, {**keys, **schema}, {**segments.keys, **columns})
            sides.append(frame.with_columns(there=pl.Series(there)))
        before, after = sides
        for field in CONFIGURED:
            was = before.select(was=pl.col(field).cast(pl.String), was_esi="esi").with_columns(
                pl.when(before["there"]).then("was")
            )
            both = after.select(
                "device", "name", "esi", *PLACE, field=pl.lit(field),
                value=pl.when("there").then(pl.col(field).cast(pl.String)),
            ).hstack(was)  # fmt: skip
            moved = pl.col("was_esi").is_not_null() & pl.col("was_esi").ne_missing(pl.col("esi"))
            gone = both.filter(moved).with_columns(esi="was_esi", value=pl.lit(None, dtype=pl.String))
            told = both.filter(
                pl.col("esi").is_not_null() & (moved | pl.col("value").ne_missing(pl.col("was")))
            )
            parts += [part.select(empty.columns) for part in (gone, told)]
    return pl.concat(parts)


def _claims(forwarders: Changes, records: Records) -> pl.DataFrame:
    """Return whether devices forward: null where one that spoke of a domain does so no more."""
    schema: Columns = {"device": NAME, "esi": NAME, "vni": pl.UInt32, "evi": pl.UInt32, "vlan": pl.UInt16,
              "local_is_df": pl.Boolean}  # fmt: skip
    domain = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in ("vni", "evi", "vlan")], separator=" "
    )
    sides = []
    every = np.ones(len(forwarders), dtype=bool)
    for columns, there in ((forwarders.before, forwarders.existed), (forwarders.after, forwarders.exists)):
        frame = _rows(forwarders, records, every, schema, {**forwarders.keys, **columns})
        sides.append(
            frame.select(
                "device", "esi", *PLACE, domain=domain, value=pl.when(pl.Series(there)).then("local_is_df")
            )
        )
    before, after = sides
    same = (before["esi"].eq_missing(after["esi"])) & (before["domain"] == after["domain"])
    gone = before.filter(~same & before["value"].is_not_null()).with_columns(
        value=pl.lit(None, dtype=pl.Boolean)
    )
    told = after.filter(~same | before["value"].ne_missing(after["value"]))
    return pl.concat([gone, told]).filter(pl.col("esi").is_not_null())


def _partners(members: Changes, records: Records) -> pl.DataFrame:
    """Return the system at the other end of each member of a LAG, as 12 hex digits; null: none."""
    schema: Columns = {"device": NAME, "interface": NAME, "member": NAME, "partner_id": pl.UInt64}
    before, after = members.before["partner_id"], members.after["partner_id"]
    mask = (before.known != after.known) | (before.values != after.values)
    found = _rows(members, records, mask, schema, {**members.keys, **members.after})
    partner = pl.col("partner_id")
    digits = [partner // 16**power % 16 for power in range(11, -1, -1)]
    names = {number: f"{number:x}" for number in range(16)}
    text = pl.concat_str([digit.replace_strict(names, return_dtype=pl.String) for digit in digits])
    return found.select("device", "interface", "member", *PLACE, value=pl.when(partner > 0).then(text))
