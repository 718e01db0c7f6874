"""One target's sessions as records: a ``start``, the dump, a sync, then what changes.

Each family is a session of its own, as a collector has one RPC per family. That a recording stops is no news
from the device, and ends no session.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson

from collectors.profiles import LIVENESS, profile
from collectors.records import Kind, Record, encode_record, session_id
from targets.messages import responses, sync_response
from targets.openconfig.families import FAMILIES, LIVENESS_PATH, datetime_text
from targets.tree import Delta

PROFILE: Final = profile("openconfig")
MODELS: Final = (
    "openconfig-interfaces",
    "openconfig-network-instance",
    "openconfig-bgp",
    "openconfig-rib-bgp",
    "openconfig-ethernet-segments",
    "openconfig-lacp",
    "openconfig-lldp",
    "openconfig-bfd",
    "openconfig-isis",
    "openconfig-ospfv2",
    "openconfig-system",
)


@dataclass
class Sessions:
    """The open sessions of one target; the collector's name is part of their ids."""

    collector: str
    version: str
    agent: str = "frr-agent"
    """The command that maps the target's state."""
    role: str | None = None
    """As an inventory declares it."""
    ids: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def open(self, family: str, time_ns: int) -> bytes:
        """Return the record that opens a family's session."""
        content = {
            "role": self.role,
            "site": None,
            "rack": None,
            "labels": {},
            "paths": [
                {
                    "path": path,
                    "mode": asked.mode,
                    "interval_s": None if asked.interval is None else asked.interval.total_seconds(),
                }
                for asked in PROFILE.subscriptions
                if asked.family == family
                for path in asked.paths
            ],
            "models": list(MODELS),
            "versions": {"agent": f"fabricscope {self.agent} {self.version}"},
        }
        self.ids[family] = session_id(time_ns, self.collector)
        self.counts[family] = 0
        return self._record(family, time_ns, Kind.START, json=orjson.dumps(content))

    def end(self, family: str, time_ns: int, reason: str) -> bytes:
        """Return the record that ends a family's session."""
        return self._record(family, time_ns, Kind.END, json=orjson.dumps({"reason": reason}))

    def say(self, family: str, delta: Delta, time_ns: int, recv_ns: int | None = None) -> Iterator[bytes]:
        """Yield the records of a difference, in an open session; received when said unless told otherwise."""
        received = time_ns if recv_ns is None else recv_ns
        for response in responses(FAMILIES[family], delta, time_ns):
            yield self._record(family, received, Kind.RESPONSE, response=response)

    def sync(self, family: str, time_ns: int) -> bytes:
        """Return the record that ends the dump of a family."""
        return self._record(family, time_ns, Kind.RESPONSE, response=sync_response())

    def dump(self, family: str, delta: Delta, time_ns: int) -> Iterator[bytes]:
        """Yield the records of a family heard of for the first time: start, all of its state, sync."""
        yield self.open(family, time_ns)
        yield from self.say(family, delta, time_ns)
        yield self.sync(family, time_ns)

    def beat(self, time_ns: int, recv_ns: int | None = None) -> Iterator[bytes]:
        """Yield a liveness sample, the target's clock; the first is followed by its sync."""
        first = self.counts[LIVENESS] == 1
        yield from self.say(LIVENESS, Delta({LIVENESS_PATH: datetime_text(time_ns)}), time_ns, recv_ns)
        if first:
            yield self.sync(LIVENESS, time_ns if recv_ns is None else recv_ns)

    def _record(
        self, family: str, time_ns: int, kind: Kind, *, response: bytes = b"", json: bytes = b""
    ) -> bytes:
        seq = self.counts[family]
        self.counts[family] = seq + 1
        return encode_record(
            Record(
                kind=kind,
                profile=PROFILE.name,
                family=family,
                session=self.ids[family],
                seq=seq,
                recv_ns=time_ns,
                response=response,
                json=json,
            )
        )
