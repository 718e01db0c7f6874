"""What a device, or some of its interfaces, take with them: as changes that others see.

Of a device: everybody loses its routes, what was learned from them and the tunnels to it, and its neighbours
lose their sessions and links to it. Of interfaces: these links are down, an aggregate without other members
too, and with it the device's leg of the segment behind it; who is at the other end loses the session over it.

Whom the others elect for a segment then is up to them: what they claim now is taken away, so that no rule on
designated forwarders says anything of it.
"""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.apply.fabric import FabricState
from pipeline.detect import Detection
from pipeline.detectors.topology import Address

_TABLES: Final = (
    "evpn_route", "vtep", "bgp_session", "link", "lacp_member", "mac", "host_binding", "designated_forwarder",
)  # fmt: skip
_IMET: Final = 3
_PER_SEGMENT: Final = (1, 4)
Parts = dict[str, pl.DataFrame]
"""By entity: rows with all keys and values, and ``reason``: update or delete."""


@dataclass(frozen=True)
class Target:
    """What is taken out."""

    device: str
    interfaces: frozenset[str] = frozenset()
    """Empty: the whole device."""

    def words(self) -> str:
        """Return it for people."""
        return f"{self.device} {', '.join(sorted(self.interfaces))}".strip()


def changes_of(target: Target, state: FabricState, detection: Detection) -> Parts:
    """Return what others see when the target is gone."""
    tables = {name: state.entities[name].frame(state.entities[name].living()) for name in _TABLES}
    vteps = own_vteps(target.device, tables["evpn_route"])
    addresses = detection.roles.addresses
    if target.interfaces:
        return _of_interfaces(target, tables, vteps, detection)
    mine = [one for one in addresses if one.device == target.device]
    theirs = ~_is("device", [target.device]) & _is("neighbor", {one.address for one in mine})
    routes = tables["evpn_route"].filter(_by(vteps))
    return {
        "evpn_route": _gone(tables["evpn_route"].filter(_by(vteps) | theirs)),
        **_learned(routes, vteps, tables),
        "vtep": _gone(tables["vtep"].filter(_is("peer", vteps) & ~_is("device", [target.device]))),
        **_far_ends(target.device, mine, addresses, tables),
    }


def own_vteps(device: str, routes: pl.DataFrame) -> frozenset[str]:
    """Return the VTEPs that a device has alone: of a shared one the others go on."""
    own = routes.filter((pl.col("route_type") == _IMET) & pl.col("neighbor").is_null()).select(
        pl.col("device", "originator").cast(pl.String)
    )
    here = own.filter(device=device)["originator"].drop_nulls().to_list()
    elsewhere = own.filter(pl.col("device") != device)["originator"].drop_nulls().to_list()
    return frozenset(here) - frozenset(elsewhere)


def lags_taken(target: Target, links: pl.DataFrame) -> frozenset[str]:
    """Return the aggregates that have no other member that is up."""
    members = links.filter(_is("device", [target.device]) & pl.col("aggregate").is_not_null()).select(
        pl.col("interface", "aggregate", "oper_status").cast(pl.String)
    )
    left = members.filter(
        ~pl.col("interface").is_in(sorted(target.interfaces)) & (pl.col("oper_status") == "UP")
    )
    hit = members.filter(pl.col("interface").is_in(sorted(target.interfaces)))["aggregate"].to_list()
    return frozenset(hit) - frozenset(left["aggregate"].to_list())


def _of_interfaces(target: Target, tables: Parts, vteps: Collection[str], detection: Detection) -> Parts:
    ports = target.interfaces | lags_taken(target, tables["link"])
    here = _is("device", [target.device])
    members = tables["link"].filter(here & pl.col("aggregate").is_not_null())
    whole = ports - set(members["interface"].cast(pl.String).to_list())  # one of a LAG's members is no leg
    segments = {detection.segments_at.get((target.device, port)) for port in whole} - {None}
    addresses = detection.roles.addresses
    mine = [one for one in addresses if one.device == target.device and one.interface in ports]
    far = _far_ends(target.device, mine, addresses, tables)
    down = pl.lit("DOWN").alias("oper_status")
    of_segment = (pl.col("route_type").is_in(_PER_SEGMENT) & _is("route_esi", segments)) | _is(
        "esi", segments
    )
    routes = tables["evpn_route"].filter(_by(vteps) & of_segment)
    facing = _facing(mine, tables["bgp_session"])
    unheard = (
        pl.when(here).then(_is("neighbor", facing)).otherwise(_is("neighbor", {one.address for one in mine}))
    )
    members = tables["lacp_member"].filter(here & (_is("member", ports) | _is("interface", ports)))
    near = tables["bgp_session"].filter(here & _is("neighbor", facing))
    return {
        "evpn_route": _gone(tables["evpn_route"].filter((_by(vteps) & of_segment) | unheard)),
        **_learned(routes, [], tables),
        "link": pl.concat([_with(tables["link"].filter(here & _is("interface", ports)), down), far["link"]]),
        "bgp_session": pl.concat([_idle(near), far["bgp_session"]]),
        "lacp_member": _with(
            members,
            pl.lit("OUT_SYNC").alias("synchronization"),
            pl.lit(value=False).alias("collecting"),
            pl.lit(value=False).alias("distributing"),
        ),
    }


def _learned(routes: pl.DataFrame, vteps: Collection[str], tables: Parts) -> Parts:
    """Return what goes with routes: entries that name the VTEPs, and who is elected for the segments."""
    per_segment = routes.filter(pl.col("route_type").is_in(_PER_SEGMENT))
    segments = per_segment["route_esi"].cast(pl.String).unique().to_list()
    return {
        "mac": _gone(tables["mac"].filter(_is("next_hop", vteps))),
        "host_binding": _gone(tables["host_binding"].filter(_is("next_hop", vteps))),
        "designated_forwarder": _gone(tables["designated_forwarder"].filter(_is("esi", segments))),
    }


def _far_ends(device: str, mine: Collection[Address], addresses: Collection[Address], tables: Parts) -> Parts:
    """Return the sessions with addresses of the device, and the links at their other ends, as they are."""
    networks = {net for one in mine if (net := _network(one)) is not None}
    ports = {
        (one.device, one.interface) for one in addresses if one.device != device and _network(one) in networks
    }
    sessions = tables["bgp_session"].filter(
        ~_is("device", [device]) & _is("neighbor", {one.address for one in mine})
    )
    ends = pl.DataFrame(sorted(ports), schema={"device": pl.String, "interface": pl.String}, orient="row")
    links = tables["link"].with_row_index("at")
    at = links.with_columns(pl.col("device", "interface").cast(pl.String)).join(
        ends, on=["device", "interface"], how="semi"
    )["at"]
    far = links.filter(pl.col("at").is_in(at.implode())).drop("at")
    return {"bgp_session": _idle(sessions), "link": _with(far, pl.lit("DOWN").alias("oper_status"))}


def _facing(mine: Collection[Address], sessions: pl.DataFrame) -> list[str]:
    """Return the neighbours that are reached over these addresses' networks."""
    networks = [net for one in mine if (net := _network(one)) is not None]
    known = sessions["neighbor"].cast(pl.String).drop_nulls().unique().to_list()
    return [one for one in known if (ip := _ip(one)) is not None and any(ip in net for net in networks)]


def _network(one: Address) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network of a link: one of a loopback has nobody at another end."""
    ip = _ip(one.address)
    if ip is None or one.prefix_length is None or ip.is_link_local or one.prefix_length == ip.max_prefixlen:
        return None
    return ipaddress.ip_network(f"{one.address}/{one.prefix_length}", strict=False)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _by(vteps: Collection[str]) -> pl.Expr:
    """Return whether routes are of somebody."""
    return _is("next_hop", vteps) | _is("originator", vteps)


def _is(column: str, names: Collection[str | None]) -> pl.Expr:
    wanted = sorted(one for one in names if one is not None)
    return pl.col(column).cast(pl.String).is_in(wanted).fill_null(value=False)


def _idle(sessions: pl.DataFrame) -> pl.DataFrame:
    up = sessions.filter(pl.col("session_state").cast(pl.String) == "ESTABLISHED")
    return _with(up, pl.lit("IDLE").alias("session_state"))


def _gone(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(reason=pl.lit("delete"))


def _with(rows: pl.DataFrame, *values: pl.Expr) -> pl.DataFrame:
    """Return the rows that this changes, changed."""
    typed = {name: value.cast(rows.schema[name]) for value in values if (name := value.meta.output_name())}
    news = [pl.col(name).ne_missing(value) for name, value in typed.items()]
    return rows.filter(pl.any_horizontal(news)).with_columns(**typed, reason=pl.lit("update"))
