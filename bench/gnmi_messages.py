"""What the targets of the collector bench say: changes of MAC entries, in the bytes that a target sends."""

from collections.abc import Iterator
from typing import Final

from targets.gnmi.branches import Leaf
from targets.gnmi.views import View, shared
from targets.gnmi.wire import Encoding
from targets.tree import Value, entry

LEAVES: Final = 5
"""Updates for each MAC entry."""
MACS: Final = 1_000
_TABLE: Final = f"/network-instances/{entry('network-instance', name='bd-10010')}/fdb/l2rib/mac-table/entries"
_ESI: Final = "00:00:00:00:00:00:00:00:00:00"
_TIME_NS: Final = 1_790_000_000_000_000_000
_VIEW: Final = View((_TABLE,), Encoding.PROTO)


def messages(entries: int) -> Iterator[bytes]:
    """Yield ``SubscribeResponse``s that change ``entries`` MAC entries each, MACS different ones in all."""
    for first in range(0, MACS, entries):
        tree = dict(leaf for number in range(first, min(first + entries, MACS)) for leaf in _entry(number))
        leaves = [Leaf(path, value, _TIME_NS + first) for path, value in tree.items()]
        yield _VIEW.response(_TIME_NS + first, shared(list(tree)), leaves)


def packed(all_messages: Iterator[bytes]) -> bytes:
    """Return messages as the load generator reads them: each behind its length in four octets."""
    return b"".join(len(message).to_bytes(4, "big") + message for message in all_messages)


def _entry(number: int) -> Iterator[tuple[str, Value]]:
    mac = f"02:00:00:00:{number >> 8:02x}:{number & 0xFF:02x}"
    above = f"{_TABLE}/{entry('entry', mac_address=mac)}"
    state = f"{above}/producers/{entry('producer', producer='LOCAL')}/state"
    yield f"{above}/state/l2-vni", 10_010
    yield f"{state}/producer", "LOCAL"
    yield f"{state}/seq-number", number
    yield f"{state}/sticky", False
    yield f"{state}/esi", _ESI
