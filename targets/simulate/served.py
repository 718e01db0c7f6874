"""One simulated device as a gNMI target on a port of its own."""

import asyncio
import time
from typing import Final

from collectors.errors import FabricscopeError
from collectors.profiles import profile
from targets.gnmi.access import ServerTls, Users
from targets.gnmi.server import Server, serve
from targets.messages import portions
from targets.openconfig.families import FAMILIES
from targets.openconfig.target import openconfig_target
from targets.simulated.agents import Told, Turned
from targets.simulated.devices import Device
from targets.simulated.fabric import Fabric
from targets.tree import Delta

_PATHS: Final = frozenset(path for one in profile("openconfig").subscriptions for path in one.paths)
_TRIES: Final = 50
_PAUSE_S: Final = 0.1


class Served:
    """A device, its target and its server."""

    def __init__(self, fabric: Fabric, device: Device, address: str, tls: ServerTls, users: Users) -> None:
        self.device = device
        self.address, self.port = address, 0
        self._tls, self._users = tls, users
        self._server: Server | None = None
        self.target = openconfig_target(lambda: device.clock(time.time_ns()))
        now_ns = time.time_ns()
        for family, tree in fabric.trees(device).items():
            self._apply(family, Delta(tree), now_ns)

    @property
    def synced(self) -> bool:
        """Return whether a subscriber has been told all, in every family."""
        return self.target.synced >= _PATHS

    async def start(self, port: int = 0) -> None:
        """Listen; raises FabricscopeError if the port can't be had."""
        listen = f"[{self.address}]:{port}" if ":" in self.address else f"{self.address}:{port}"
        self._server = await serve(self.target, listen, tls=self._tls, users=self._users)
        self.port = self._server.port

    async def stop(self) -> None:
        """Close the port and all connections."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    def tell(self, told: Told) -> None:
        """Change what the target shows."""
        self._apply(told.family, told.delta, told.stamp_ns)

    async def turn(self, turned: Turned) -> None:
        """Hang, go on, switch off or on."""
        match turned.telemetry:
            case "silent":
                self.target.faults.silence()
            case "dead":
                await self.stop()
            case "talking":
                self.target.faults.resume()
                if self._server is None:
                    await self._restart()

    async def _restart(self) -> None:
        """Listen at the old port again, which may be in use for a moment."""
        for _ in range(_TRIES):
            try:
                await self.start(self.port)
            except FabricscopeError:
                await asyncio.sleep(_PAUSE_S)
            else:
                return
        raise FabricscopeError(
            f"{self.device.name} can't listen on port {self.port} again: it has been taken"
        )

    def _apply(self, family: str, delta: Delta, time_ns: int) -> None:
        for portion in portions(delta, FAMILIES[family]):
            self.target.state.apply(portion, time_ns)
