"""What a collector would have written of a simulated fabric: its records, without a network in between."""

import heapq
from collections.abc import Iterator
from typing import Final

from collectors.profiles import LIVENESS
from collectors.records import Kind, Record, StoredRecord, encode_record
from targets.openconfig.families import LIVENESS_INTERVAL_NS
from targets.sessions import Sessions
from targets.simulated.agenda import MS, SECOND
from targets.simulated.agents import Agents, Told, Turned
from targets.simulated.devices import SHOWN, Device
from targets.simulated.fabric import Fabric
from targets.simulated.news import Note, Said
from targets.tree import Delta

COLLECTOR: Final = "simulate"
"""Key of the ticks and part of the session ids."""
_LOST_NS: Final = 10 * SECOND
"""After so long without an answer a connection is given up."""
_RECONNECT_NS: Final = 500 * MS
_TRAVEL_NS: Final = MS
"""From a device to its collector."""


class Captured:
    """The sessions with all devices, and the records they make."""

    def __init__(self, fabric: Fabric, version: str) -> None:
        self._fabric = fabric
        self._agents = Agents(fabric)
        self._sessions = {
            name: Sessions(COLLECTOR, version, agent="simulate", role=device.node.role)
            for name, device in fabric.devices.items()
        }
        self._connected: dict[str, int] = {}
        """Connections by device, and which one it is: beats of an older one are over."""
        self._connections = 0
        self._hung: set[str] = set()
        self._ready: list[tuple[int, int, str, bytes]] = []
        self._received = 0

    def records(self, start_ns: int, end_ns: int, notes: list[Note]) -> Iterator[StoredRecord]:
        """Yield the records of a time in the order of receipt; append what happened in it to ``notes``."""
        for device in self._fabric.devices.values():
            self._connect(device, start_ns)
        offset = 0
        for now in range(start_ns, end_ns + 1, SECOND):
            for news in self._fabric.advance(now):
                if not isinstance(news, Said):
                    notes.append(news)
                for act in self._agents.take(news):
                    self._take(act)
            self._receive(now, COLLECTOR, encode_record(Record(kind=Kind.TICK, recv_ns=now)))
            # what is received later is made later, but for what is on its way
            while self._ready and self._ready[0][0] <= now:
                time_ns, _, key, value = heapq.heappop(self._ready)
                yield StoredRecord(offset, time_ns // MS, key, value)
                offset += 1

    def _take(self, act: Told | Turned) -> None:
        if isinstance(act, Told):
            if act.device in self._connected:
                received = act.time_ns + _TRAVEL_NS
                told = self._sessions[act.device].say(act.family, act.delta, act.stamp_ns, received)
                for value in told:
                    self._receive(received, act.device, value)
            return
        device = self._fabric.devices[act.device]
        if act.telemetry == "talking":
            self._hung.discard(device.name)
            if act.before == "dead":
                self._lose(device, act.time_ns)
                agenda = self._fabric.agenda
                agenda.at(act.time_ns + _RECONNECT_NS, lambda now: self._connect(device, now))
            return
        self._hung.add(device.name)
        if act.telemetry == "dead":
            connection = self._connected.get(device.name)
            self._fabric.agenda.at(
                act.time_ns + _LOST_NS,
                lambda now: (
                    self._lose(device, now) if self._connected.get(device.name) == connection else None
                ),
            )

    def _connect(self, device: Device, time_ns: int) -> None:
        """Open the sessions of all families, each with its dump."""
        if device.telemetry == "dead" or device.name in self._connected:
            return
        self._connections += 1
        self._connected[device.name] = self._connections
        sessions = self._sessions[device.name]
        received = self._agents.due(device, time_ns) + _TRAVEL_NS
        for family in SHOWN:
            self._receive(received, device.name, sessions.open(family, received))
            whole = Delta(self._fabric.tree(device, family))
            for value in sessions.say(family, whole, device.clock(time_ns), received):
                self._receive(received, device.name, value)
            self._receive(received, device.name, sessions.sync(family, received))
        self._receive(received, device.name, sessions.open(LIVENESS, received))
        self._beat(device, self._connections, time_ns)

    def _lose(self, device: Device, time_ns: int) -> None:
        if self._connected.pop(device.name, None) is None:
            return
        received = self._agents.due(device, time_ns) + _TRAVEL_NS
        for family in (*SHOWN, LIVENESS):
            lost = self._sessions[device.name].end(family, received, "UNAVAILABLE: connection lost")
            self._receive(received, device.name, lost)

    def _beat(self, device: Device, connection: int, time_ns: int) -> None:
        """Tell the device's clock now and each 5 s from now on, while the connection lasts."""
        if self._connected.get(device.name) != connection:
            return
        if device.name not in self._hung:
            received = self._agents.due(device, time_ns) + _TRAVEL_NS
            for value in self._sessions[device.name].beat(device.clock(time_ns), received):
                self._receive(received, device.name, value)
        due = time_ns + LIVENESS_INTERVAL_NS
        self._fabric.agenda.at(due, lambda now: self._beat(device, connection, now))

    def _receive(self, time_ns: int, key: str, value: bytes) -> None:
        heapq.heappush(self._ready, (time_ns, self._received, key, value))
        self._received += 1
