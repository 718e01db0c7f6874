"""Which devices and segments incidents are about. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pipeline.desk.seen import Seen
from pipeline.report.topology import Marks

_SILENT: Final = "X1"
_PLACES: Final = ("from_location", "to_location", "location", "other_location")
"""In the evidence of rules on MACs and addresses: VTEPs or segments."""


def marks(incidents: Sequence[Seen], owners: Mapping[str, str], *, everything: bool) -> Marks:
    """Return what incidents say of devices and segments.

    ``owners``: whose an address is. ``everything``: they are all that there were.
    """
    failed: dict[str, list[str]] = {}
    places: dict[str, list[str]] = {}
    for seen in incidents:
        row = seen.row
        if row["device"] is not None and row["rule"] != _SILENT:
            failed.setdefault(row["device"], []).append(row["rule"])
        if row["mac"] is not None or row["ip"] is not None:
            for device in _devices([row["vtep"], *(seen.evidence.get(name) for name in _PLACES)], owners):
                places.setdefault(device, []).append(row["mac"] or row["ip"])
    return Marks(
        failed={device: ", ".join(dict.fromkeys(rules)) for device, rules in failed.items()},
        silent={one.row["device"]: "silent" for one in incidents if one.row["rule"] == _SILENT},
        places={device: _few(list(dict.fromkeys(names))) for device, names in places.items()},
        segments=frozenset(one.row["esi"] for one in incidents if one.row["esi"] is not None),
        everything=everything,
    )


def _devices(addresses: Iterable[object], owners: Mapping[str, str]) -> set[str]:
    return {owners[str(one)] for one in addresses if str(one) in owners}


def _few(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} MACs or addresses"
