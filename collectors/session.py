"""The records of one RPC: ``start``, what came, ``end``, numbered in order."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from collectors.inventory import Target
from collectors.publisher import Outgoing
from collectors.records import MAX_RECORD_BYTES, Kind, Record, encode_record, session_id

Put = Callable[[Outgoing], None]
"""Hands a record on; its place in the order is taken with the call."""


class OversizeError(ValueError):
    """A record that no topic takes; the message says what and how large."""


class SessionIds:
    """Ids of a collector's sessions, which always rise: a newer one wins even when the clock was set back."""

    def __init__(self, collector: str) -> None:
        self._collector = collector
        self._last_ns = 0

    def next(self, now_ns: int) -> str:
        """Return the id of a session that starts at ``now_ns``, or just after the last one."""
        self._last_ns = max(now_ns, self._last_ns + 1)
        return session_id(self._last_ns, self._collector)


class Session:
    """One session of a (target, family); nothing is said of it before ``start``.

    Times are of the collector's wall clock, ns since the epoch. A record that is larger than a topic takes
    is not handed on: it raises OversizeError and leaves a hole in the numbers.
    """

    def __init__(self, target: Target, family: str, session: str, put: Put) -> None:
        self.id = session
        self._target = target
        self._key = target.name.encode()
        self._family = family
        self._put = put
        self._seq = 0

    def start(self, content: Mapping[str, Any], now_ns: int) -> None:
        """Say that the RPC began; ``content`` adds what is asked for to what the inventory says."""
        target = self._target
        said = {
            "role": target.role,
            "site": target.site,
            "rack": target.rack,
            "labels": dict(target.labels),
            **content,
        }
        self._say(Kind.START, now_ns, json=orjson.dumps(said))

    def response(self, message: bytes, now_ns: int) -> None:
        """Say what the target said."""
        self._say(Kind.RESPONSE, now_ns, response=message)

    def lost(self) -> None:
        """Leave a hole: something came that can't be said."""
        self._seq += 1

    def end(self, reason: str, now_ns: int, heard_ns: int | None = None) -> None:
        """Say that the RPC ended and why, and when the target was last heard if that was a while ago."""
        content = {"reason": reason} if heard_ns is None else {"reason": reason, "heard_ns": heard_ns}
        self._say(Kind.END, now_ns, json=orjson.dumps(content))

    def _say(self, kind: Kind, now_ns: int, *, response: bytes = b"", json: bytes = b"") -> None:
        value = encode_record(
            Record(
                kind=kind,
                profile=self._target.profile,
                family=self._family,
                session=self.id,
                seq=self._seq,
                recv_ns=now_ns,
                response=response,
                json=json,
            )
        )
        self._seq += 1
        if len(value) > MAX_RECORD_BYTES:
            raise OversizeError(
                f"a {kind.name.lower()} record of {len(value)} bytes is larger than the {MAX_RECORD_BYTES}"
                " that a topic takes"
            )
        self._put(Outgoing(self._key, value, now_ns // 1_000_000))
