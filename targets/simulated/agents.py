"""What the gNMI agents of the devices make of what happens: they hang, are late, and their clocks are off.

What changes while an agent hangs or its device is off comes as one difference when it talks again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from targets.simulated.devices import Device
from targets.simulated.fabric import Fabric
from targets.simulated.news import News, Said, Telemetry, TelemetryNote
from targets.simulated.saying import together
from targets.tree import Delta


@dataclass(frozen=True, slots=True)
class Told:
    """A difference that an agent tells."""

    time_ns: int
    """When it tells."""
    stamp_ns: int
    """When it happened, by the device's clock."""
    device: str
    family: str
    delta: Delta


@dataclass(frozen=True, slots=True)
class Turned:
    """An agent hangs, talks again or is gone with its device."""

    time_ns: int
    device: str
    telemetry: Telemetry
    before: Telemetry


class Agents:
    """The agents of all devices of a fabric."""

    def __init__(self, fabric: Fabric) -> None:
        self._devices = fabric.devices
        self._states: dict[str, Telemetry] = dict.fromkeys(fabric.devices, "talking")
        self._held: dict[str, dict[str, Delta]] = {name: {} for name in fabric.devices}
        self._last_ns = dict.fromkeys(fabric.devices, 0)

    def take(self, news: News) -> Iterator[Told | Turned]:
        """Yield what the agents do with something that happened; after ``Turned`` what was held back."""
        if isinstance(news, TelemetryNote):
            before = self._states[news.device]
            self._states[news.device] = news.telemetry
            yield Turned(news.time_ns, news.device, news.telemetry, before)
            if news.telemetry == "talking":
                held, self._held[news.device] = self._held[news.device], {}
                for family, delta in held.items():
                    yield self._told(Said(news.time_ns, news.device, family, delta))
        elif isinstance(news, Said):
            if self._states[news.device] == "talking":
                yield self._told(news)
            else:
                held = self._held[news.device]
                known = held.get(news.family)
                held[news.family] = news.delta if known is None else together(known, news.delta)

    def due(self, device: Device, time_ns: int) -> int:
        """Return when a device says what happened at a time: nothing is overtaken."""
        last = max(self._last_ns[device.name], time_ns + device.delay_ns)
        self._last_ns[device.name] = last
        return last

    def _told(self, said: Said) -> Told:
        device = self._devices[said.device]
        due = self.due(device, said.time_ns)
        return Told(due, device.clock(said.time_ns), said.device, said.family, said.delta)
