"""The gNMI service of one target on one listener; many share a process and its event loop."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc
from grpc import StatusCode, aio

from collectors.errors import FabricscopeError
from targets.gnmi import answers, limits, requests, streams
from targets.gnmi.access import Access, ServerTls, Users, checked_listener, credentials
from targets.gnmi.outlets import Backlog, Outlet
from targets.gnmi.requests import RequestError
from targets.gnmi.target import Target

_SERVICE: Final = "gnmi.gNMI"
_GARBAGE: Final = b"\x0a\xff\xff\xff\xff\x0fno SubscribeResponse"
"""A field that says it is longer than the message: no parser of protobuf takes it."""
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # a port that is taken is an error
    # Clients may look after the connection every few seconds, with or without an RPC.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.max_receive_message_length", limits.REQUEST_BYTES),
    ("grpc.max_concurrent_streams", limits.RPCS),
    ("grpc.max_allowed_incoming_connections", limits.CONNECTIONS),
    ("grpc.max_connection_idle_ms", limits.IDLE_MS),
    ("grpc.server_handshake_timeout_ms", limits.HANDSHAKE_MS),
)


class Server:
    """A running server; ``serve`` makes it."""

    def __init__(self, server: aio.Server, port: int, service: "_Service") -> None:
        self.port = port
        self._server = server
        self._service = service

    async def stop(self, grace: float | None = None) -> None:
        """Refuse new RPCs and end the open ones after ``grace`` seconds, at once if None."""
        await self._server.stop(grace)

    def garbage(self) -> None:
        """Send each open stream a message that is no SubscribeResponse: a fault, for tests."""
        for outlet in self._service.open:
            outlet.put(_GARBAGE)


async def serve(
    target: Target, listen: str, *, tls: ServerTls | None = None, users: Users | None = None
) -> Server:
    """Serve a target at ``listen``, HOST:PORT; port 0 takes a free one.

    Raises InputError for an address that must not be listened on this way and for unusable certificates,
    FabricscopeError for a port that can't be had.
    """
    checked_listener(listen, tls, users)
    service = _Service(target, Access(users, encrypted=tls is not None))
    server = aio.server(options=_OPTIONS, maximum_concurrent_rpcs=limits.RPCS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, service.handlers()),))
    try:
        if tls is None:
            port = server.add_insecure_port(listen)
        else:
            port = server.add_secure_port(listen, credentials(tls))
    except RuntimeError as error:
        raise FabricscopeError(f"can't listen on {listen}: is the port taken?") from error
    await server.start()
    return Server(server, port, service)


class _Service:
    """The four RPCs. Messages are bytes here: what many subscribers hear is encoded once."""

    def __init__(self, target: Target, access: Access) -> None:
        self.target = target
        self.access = access
        self.open: set[Outlet] = set()
        self.backlog = Backlog(target.backlog_bytes)

    def handlers(self) -> dict[str, Any]:
        """Return the handlers by method; without serializers they take and return bytes.

        All of them read by themselves: of a method with one request, gRPC would wait for the request of who
        has not been admitted yet.
        """
        return {
            name: grpc.stream_stream_rpc_method_handler(handler)
            for name, handler in (
                ("Capabilities", self._answering(self.capabilities)),
                ("Get", self._answering(self.get)),
                ("Set", self._answering(self.set)),
                ("Subscribe", self.subscribe),
            )
        }

    async def capabilities(self, _request: bytes) -> bytes:
        """Answer what this target offers."""
        if self.target.faults.no_capabilities:
            raise RequestError(StatusCode.UNIMPLEMENTED, "Capabilities is not implemented")
        return answers.capabilities(self.target)

    async def get(self, request: bytes) -> bytes:
        """Answer with a part of the state."""
        return await answers.get(self.target, requests.question(request, self.target))

    async def set(self, _request: bytes) -> bytes:
        """Refuse: this target is for reading."""
        raise RequestError(
            StatusCode.UNIMPLEMENTED, "Set is not implemented: this target is for reading only"
        )

    async def subscribe(self, _iterator: object, context: Any) -> None:
        """Run a Subscribe RPC to its end."""
        outlet = Outlet(self.target.queue_bytes, self.backlog)
        faults = self.target.faults

        async def write(message: bytes) -> None:
            await faults.hold()
            await context.write(message)

        try:
            await self._admit(context)
            asked = _messages(context)
            first = await anext(asked, None)
            if first is None:
                return
            plan = requests.subscription(first, self.target)
            self.open.add(outlet)
            await streams.serve(self.target, plan, outlet, write, asked)
        except RequestError as error:
            await faults.hold()
            await context.abort(error.code, error.message)
        finally:
            self.open.discard(outlet)
            outlet.close()

    def _answering(
        self, answer: Callable[[bytes], Awaitable[bytes]]
    ) -> Callable[[object, Any], Awaitable[None]]:
        async def handle(_iterator: object, context: Any) -> None:
            try:
                await self._admit(context)
                async for request in _messages(context):
                    await context.write(await answer(request))
                    return
            except RequestError as error:
                await context.abort(error.code, error.message)

        return handle

    async def _admit(self, context: Any) -> None:
        await self.target.faults.hold()
        await self.access.check(context.invocation_metadata())


async def _messages(context: Any) -> AsyncIterator[bytes]:
    while (message := await context.read()) is not aio.EOF:
        yield message
