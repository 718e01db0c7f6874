"""What the operator declares of a fabric: tenants of VNIs, and what should be there.

Records of kind ``fabric`` carry it as JSON; the newest holds as a whole. What has another form than this is
not taken: a declaration never invents anything.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
import polars as pl

_NONE: Final[Mapping[str, Any]] = {}  # Any: JSON


class Declared:
    """The declaration of one fabric."""

    def __init__(self) -> None:
        self._content: Mapping[str, Any] = _NONE

    def take(self, content: Mapping[str, Any]) -> bool:
        """Take the content of a ``fabric`` record; return whether it says anything new."""
        if dict(content) == dict(self._content):
            return False
        self._content = dict(content)
        return True

    @property
    def tenant_of(self) -> dict[int, str]:
        """Return the tenant of each VNI that is declared with one."""
        vnis = _mapping(self._content.get("vnis"))
        told = {vni: _mapping(each).get("tenant") for vni, each in vnis.items()}
        return {
            int(vni): text for vni, text in told.items() if str(vni).isdecimal() and isinstance(text, str)
        }

    @property
    def members_of(self) -> dict[str, list[str]]:
        """Return the devices that should serve each Ethernet segment, by ESI."""
        segments = _mapping(self._content.get("segments"))
        found = {str(esi).lower(): _list(_mapping(each).get("members")) for esi, each in segments.items()}
        return {esi: [str(one) for one in members] for esi, members in found.items() if members}

    @property
    def uplinks_of(self) -> dict[str, int]:
        """Return how many uplinks each leaf should have."""
        targets = _mapping(self._content.get("targets"))
        found = {str(name): _count(_mapping(target).get("uplinks")) for name, target in targets.items()}
        return {name: count for name, count in found.items() if count is not None}

    @property
    def lag_members_of(self) -> dict[tuple[str, str], int]:
        """Return how many members each aggregate should have, by device and interface."""
        found: dict[tuple[str, str], int] = {}
        for name, target in _mapping(self._content.get("targets")).items():
            for interface, members in _mapping(_mapping(target).get("lags")).items():
                count = _count(members)
                if count is not None:
                    found[str(name), str(interface)] = count
        return found

    @property
    def design(self) -> str | None:
        """Return the EVPN design by name, if it is declared."""
        design = self._content.get("design")
        return design if isinstance(design, str) else None

    def dump(self) -> pl.DataFrame:
        """Return the state as a frame."""
        content = orjson.dumps(dict(self._content), option=orjson.OPT_SORT_KEYS).decode()
        return pl.DataFrame({"content": [content]})

    def load(self, frame: pl.DataFrame) -> None:
        """Take the state from a frame that ``dump`` made."""
        self._content = orjson.loads(frame["content"][0])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NONE


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
