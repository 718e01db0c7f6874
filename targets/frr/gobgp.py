"""A GoBGP monitor as an observer of its own: ``gobgp -j monitor global rib -a evpn --current``.

Each line of the monitor is a list of paths. The monitor of the global RIB says the best path of a route: an
announcement replaces what was said of that route before, whoever sent it, a withdrawal ends it.
The JSON is made by the MarshalJSON methods in GoBGP's pkg/packet/bgp.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import Final

from targets.frr.documents import Document, NoAnswerError, number_of, object_of, objects_of, text_of
from targets.frr.gobgp_values import community_of, esi_of
from targets.openconfig import rib
from targets.openconfig.addresses import ZERO_ESI, canonical
from targets.openconfig.communities import ordered
from targets.openconfig.rib import RouteType
from targets.tree import Delta, Value, diff

_NIL: Final = "<nil>"
_ORIGINS: Final = ("IGP", "EGP", "INCOMPLETE")
_SEGMENTS: Final = {1: "{%s}", 2: "%s", 3: "(%s)", 4: "[%s]"}
"""AS path segment types of RFC 4271 and 5065, printed as FRR does."""

_ORIGIN, _AS_PATH, _NEXT_HOP, _MED, _LOCAL_PREF, _ORIGINATOR = 1, 2, 3, 4, 5, 9
_MP_REACH, _EXTENDED, _PMSI = 14, 16, 22


@dataclass
class Monitor:
    """The routes a monitor has announced and not withdrawn."""

    said: dict[str, rib.Path] = field(default_factory=dict)
    """By list entry of the route."""
    used: Counter[object] = field(default_factory=Counter)
    """How many of those paths use each set of attributes or communities."""

    def hear(self, line: Document) -> Delta:
        """Take in one line and return what it changes.

        Raises NoAnswerError, and changes nothing, for a line that can't be read.
        """
        events = [event(object_of(item, "a path")) for item in _items(line)]
        routes = dict.fromkeys(route for route, _ in events)
        paths = [path for _, path in events if path] + [self.said[it] for it in routes if it in self.said]
        before = self._tree(routes, paths)
        for route, path in events:
            old = self.said.pop(route, None)
            if old is not None:
                self.used.subtract((old.attributes, old.communities))
            if path is not None:
                self.said[route] = path
                self.used.update((path.attributes, path.communities))
        return diff(before, self._tree(routes, paths))

    def _tree(self, routes: Iterable[str], paths: Iterable[rib.Path]) -> dict[str, Value]:
        """Return what is said now of some routes, and those join rows of some paths that are in use."""
        tree: dict[str, Value] = {}
        for path in paths:
            if self.used[path.attributes]:
                tree |= rib.attr_set(path.attributes)[1]
            if self.used[path.communities] and path.communities:
                tree |= rib.ext_community(path.communities)[1]
        for route in routes:
            if route in self.said:
                tree |= rib.path_leaves(route, self.said[route])
        return tree


def is_withdrawal(line: Document) -> bool:
    """Tell whether a line withdraws a route; no dump of a table does."""
    return any(_withdrawn(item) for item in _items(line) if isinstance(item, dict))


def _items(line: Document) -> Sequence[object]:
    if isinstance(line, list):
        return line
    return [] if line is None else [line]


def _withdrawn(item: Mapping[str, object]) -> bool:
    return item.get("withdrawal") is True or item.get("isWithdraw") is True


def event(item: Mapping[str, object]) -> tuple[str, rib.Path | None]:
    """Return the route of one path of a line, and the path; None for a withdrawal.

    Raises NoAnswerError for what can't be read.
    """
    nlri = object_of(item.get("nlri"), "nlri")
    value = object_of(nlri.get("value"), "the NLRI's value")
    rd = object_of(value.get("rd"), "rd")
    try:
        route = rib.route_entry(f"{rd['admin']}:{rd['assigned']}", _nlri(number_of(nlri, "type") or 0, value))
        return route, None if _withdrawn(item) else _path(item, value)
    except (KeyError, ValueError) as error:
        raise NoAnswerError(f"a path can't be read: {error!r}") from error


def _nlri(route_type: int, value: Mapping[str, object]) -> rib.Nlri:
    tag = number_of(value, "etag") or 0
    esi = esi_of(text_of(value, "esi")) or ZERO_ESI
    ip = _address(value, "ip") or ""
    kind = RouteType(route_type)
    match kind:
        case RouteType.ETHERNET_AD:
            return rib.Nlri(kind, ethernet_tag=tag, esi=esi)
        case RouteType.MAC_IP:
            return rib.Nlri(kind, ethernet_tag=tag, mac=str(value["mac"]).lower(), ip=ip)
        case RouteType.MULTICAST:
            return rib.Nlri(kind, ethernet_tag=tag, ip=ip)
        case RouteType.SEGMENT:
            return rib.Nlri(kind, esi=esi, ip=ip)
        case RouteType.PREFIX:
            net = ip_interface(str(value["prefix"])).network
            length = net.prefixlen
            return rib.Nlri(kind, ethernet_tag=tag, ip=str(net.network_address), prefix_length=length)


def _path(item: Mapping[str, object], value: Mapping[str, object]) -> rib.Path:
    attrs = {number_of(attr, "type"): attr for attr in objects_of(item.get("attrs", []), "attrs")}
    labels = value.get("labels", value.get("label", attrs.get(_PMSI, {}).get("label")))
    if not isinstance(labels, list):
        labels = [labels]
    neighbor = text_of(item, "neighbor-ip")
    origin = number_of(attrs.get(_ORIGIN, {}), "value")
    extended = objects_of(attrs.get(_EXTENDED, {}).get("value", []), "extended communities")
    return rib.Path(
        peer=rib.LOCAL if neighbor in (None, "", _NIL) else canonical(neighbor or ""),
        path_id=0,
        attributes=rib.Attributes(
            next_hop=_address(attrs.get(_MP_REACH, attrs.get(_NEXT_HOP, {})), "nexthop"),
            as_path=" ".join(_segments(attrs.get(_AS_PATH, {}))),
            origin=_ORIGINS[origin] if origin is not None and origin < len(_ORIGINS) else None,
            med=number_of(attrs.get(_MED, {}), "metric"),
            local_pref=number_of(attrs.get(_LOCAL_PREF, {}), "value"),
            originator_id=text_of(attrs.get(_ORIGINATOR, {}), "value"),
        ),
        communities=ordered(community_of(one) for one in extended),
        labels=tuple(label for label in labels if isinstance(label, int) and label),
        esi=esi_of(text_of(value, "esi")) if "labels" in value or "prefix" in value else None,
        gateway=_gateway(value),
        best=True,  # the monitor of the global RIB says best paths only; its own "best" is never filled
        valid=True,
    )


def _address(parent: Mapping[str, object], key: str) -> str | None:
    text = text_of(parent, key)
    return None if text in (None, "", _NIL) else str(ip_address(text or ""))


def _gateway(value: Mapping[str, object]) -> str | None:
    """Return a type 5 route's gateway; an unspecified one is none (RFC 9136, section 3.1)."""
    address = _address(value, "gateway")
    return None if address is None or ip_address(address).is_unspecified else address


def _segments(as_path: Mapping[str, object]) -> Iterable[str]:
    for segment in objects_of(as_path.get("as_paths", []), "as_paths"):
        numbers = segment.get("asns")
        if isinstance(numbers, list):
            form = _SEGMENTS.get(number_of(segment, "segment_type") or 2, "%s")
            yield form % " ".join(str(number) for number in numbers)
