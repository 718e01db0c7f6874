"""Devices for the collectors' tests: gNMI targets in the test's own process, and certificates for them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import trustme

from collectors.inventory import Target, Tls
from targets.gnmi.access import ServerTls, Users
from targets.gnmi.server import Server, serve
from targets.gnmi.state import State
from targets.gnmi.target import Target as Device
from targets.tree import Delta

CLOCK = "/system/state/current-datetime"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def device(*, serves: tuple[str, ...] = (), links: int = 3) -> Device:
    """Return a device that knows its time and has some interfaces."""
    state = State()
    state.compute(CLOCK, str)
    state.apply(links_up(links), time.time_ns())
    return Device(state, serves=serves, fastest_ns=1_000_000)


def links_up(count: int, status: str = "UP") -> Delta:
    """Return what says that interfaces e0, e1, ... have an operational status."""
    return Delta({f"/interfaces/interface[name=e{i}]/state/oper-status": status for i in range(count)})


@dataclass
class Authority:
    """A certificate authority with its files."""

    folder: Path

    def __post_init__(self) -> None:
        self._ca = trustme.CA()
        self.pem = self.folder / f"ca-{self._free()}.pem"
        self._ca.cert_pem.write_to_path(str(self.pem))

    def issue(self, *names: str, not_after: datetime | None = None) -> tuple[Path, Path]:
        """Return the files of a certificate for these names, and of its key."""
        not_before = None if not_after is None else LONG_AGO
        made = self._ca.issue_cert(*names, not_after=not_after, not_before=not_before)
        number = self._free()
        certificate, key = (self.folder / f"{number}.{kind}" for kind in ("pem", "key"))
        for place, blob in enumerate(made.cert_chain_pems):
            blob.write_to_path(str(certificate), append=place > 0)
        made.private_key_pem.write_to_path(str(key))
        return certificate, key

    def _free(self) -> int:
        """Return a number that no file of the folder has."""
        return sum(1 for _ in self.folder.iterdir())

    def server(self, *names: str, not_after: datetime | None = None) -> ServerTls:
        """Return what a server shows."""
        return ServerTls(*self.issue(*names, not_after=not_after))


@asynccontextmanager
async def serving(
    served: Device, *, port: int = 0, tls: ServerTls | None = None, users: Users | None = None
) -> AsyncIterator[Server]:
    """Serve a device on a port of this machine."""
    server = await serve(served, f"127.0.0.1:{port}", tls=tls, users=users)
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def speaking(**handlers: Any) -> AsyncIterator[int]:
    """Answer RPCs with a test's own coroutines, by method: Subscribe streams, others take bytes."""
    made: dict[str, Any] = {
        name: grpc.stream_stream_rpc_method_handler(handler)
        if name == "Subscribe"
        else grpc.unary_unary_rpc_method_handler(handler)
        for name, handler in handlers.items()
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("gnmi.gNMI", made),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def target(port: int, *, tls: Tls | None = None, **settings: object) -> Target:
    """Return the inventory's entry of a device on this machine."""
    return Target(
        name="leaf1",
        address="127.0.0.1",
        port=port,
        profile="openconfig",
        fabric="dc1",
        tls=tls,
        **settings,  # type: ignore[arg-type]  # checked where they are given
    )
