"""A gNMI client for tests, made of gRPC and the generated classes alone: nothing of the code under test."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec

import grpc
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi.server import Server, serve
from targets.gnmi.target import Target
from targets.tree import Value, elements, entry
from tests.targets.frr.readback import value_of

PROTO = gnmi_pb2.PROTO
JSON_IETF = gnmi_pb2.JSON_IETF
ON_CHANGE = gnmi_pb2.ON_CHANGE
SAMPLE = gnmi_pb2.SAMPLE
TARGET_DEFINED = gnmi_pb2.TARGET_DEFINED
STREAM, ONCE, POLL = 0, 1, 2
IN_TIME_S = 10
"""What is awaited comes sooner, or never."""

_Args = ParamSpec("_Args")


def awaited(test: Callable[_Args, Coroutine[None, None, None]]) -> Callable[_Args, None]:
    """Run a test that is a coroutine."""

    @functools.wraps(test)
    def run(*args: _Args.args, **kwargs: _Args.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def path(text: str, *, origin: str = "", target: str = "") -> Any:
    """Return a Path of a path in text."""
    made = gnmi_pb2.Path(origin=origin, target=target)
    for name, keys in elements(text):
        made.elem.add(name=name, key=keys)
    return made


def text(*paths: Any) -> str:
    """Return paths, one below the other, as text with the keys in alphabetical order."""
    return "".join(
        "/" + entry(elem.name, **{key: elem.key[key] for key in sorted(elem.key)})
        for one in paths
        for elem in one.elem
    )


@dataclass
class Subscription:
    path: str
    mode: int = ON_CHANGE
    interval_ns: int = 0
    suppress: bool = False
    heartbeat_ns: int = 0
    origin: str = ""


def subscribe(
    *subscriptions: Subscription | str,
    mode: int = STREAM,
    encoding: int = PROTO,
    updates_only: bool = False,
    prefix: Any = None,
) -> Any:
    """Return a SubscribeRequest with a list."""
    request = gnmi_pb2.SubscribeRequest()
    asked = request.subscribe
    asked.mode, asked.encoding, asked.updates_only = mode, encoding, updates_only
    if prefix is not None:
        asked.prefix.CopyFrom(prefix)
    else:
        asked.prefix.SetInParent()
    for one in subscriptions:
        it = Subscription(one) if isinstance(one, str) else one
        asked.subscription.add(
            path=path(it.path, origin=it.origin),
            mode=it.mode,
            sample_interval=it.interval_ns,
            suppress_redundant=it.suppress,
            heartbeat_interval=it.heartbeat_ns,
        )
    return request


@dataclass
class Heard:
    """What a subscriber has heard, and the state that it takes from it."""

    tree: dict[str, Value] = field(default_factory=dict)
    syncs: int = 0
    notifications: list[Any] = field(default_factory=list)

    def hear(self, response: Any) -> None:
        """Apply one response as the specification says."""
        if response.sync_response:
            self.syncs += 1
            return
        notification = response.update
        self.notifications.append(notification)
        gone = [text(notification.prefix, one) for one in notification.delete]
        if notification.atomic:
            gone.append(text(notification.prefix))
        for branch in gone:
            below = (branch + "/", branch + "[")
            self.tree = {
                leaf: value
                for leaf, value in self.tree.items()
                if leaf != branch and not leaf.startswith(below)
            }
        for update in notification.update:
            self.tree[text(notification.prefix, update.path)] = value_of(update.val)


class Stream:
    """An open Subscribe RPC."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def read(self) -> Any:
        """Return the next response, or None at the end; raises AioRpcError."""
        message = await asyncio.wait_for(self.call.read(), IN_TIME_S)
        return None if message is grpc.aio.EOF else message

    async def send(self, request: Any) -> None:
        await self.call.write(request)

    async def until_sync(self, heard: Heard | None = None) -> Heard:
        heard = heard or Heard()
        before = heard.syncs
        while heard.syncs == before:
            message = await self.read()
            assert message is not None, "ended without sync"
            heard.hear(message)
        return heard

    async def refused(self) -> tuple[grpc.StatusCode, str]:
        """Return code and details that the RPC ends with."""
        try:
            while await self.read() is not None:
                pass
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
        raise AssertionError("it ended well")


class Client:
    """A channel to one server."""

    def __init__(self, channel: grpc.aio.Channel, metadata: Mapping[str, str] | None = None) -> None:
        self.channel = channel
        self.metadata = tuple((metadata or {}).items())

    async def stream(self, request: Any) -> Stream:
        call = self.channel.stream_stream(
            "/gnmi.gNMI/Subscribe",
            request_serializer=gnmi_pb2.SubscribeRequest.SerializeToString,
            response_deserializer=gnmi_pb2.SubscribeResponse.FromString,
        )(metadata=self.metadata)
        stream = Stream(call)
        await stream.send(request)
        return stream

    async def raw_stream(self) -> Any:
        """Return a Subscribe call that takes and gives bytes."""
        return self.channel.stream_stream("/gnmi.gNMI/Subscribe")(metadata=self.metadata)

    async def once(self, *subscriptions: Subscription | str, **options: Any) -> Heard:
        """Return what ONCE tells, to its end."""
        stream = await self.stream(subscribe(*subscriptions, mode=ONCE, **options))
        heard = await stream.until_sync()
        assert await stream.read() is None
        return heard

    async def get(self, *paths: str, encoding: int = PROTO, prefix: Any = None, data_type: int = 0) -> Any:
        request = gnmi_pb2.GetRequest(
            path=[path(one) for one in paths], encoding=encoding, prefix=prefix, type=data_type
        )
        return await self._unary("Get", request, gnmi_pb2.GetResponse)

    async def capabilities(self) -> Any:
        return await self._unary("Capabilities", gnmi_pb2.CapabilityRequest(), gnmi_pb2.CapabilityResponse)

    async def set(self) -> Any:
        return await self._unary("Set", gnmi_pb2.SetRequest(), gnmi_pb2.SetResponse)

    async def _unary(self, name: str, request: Any, answer: Any) -> Any:
        call = self.channel.unary_unary(
            f"/gnmi.gNMI/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        return await call(request, metadata=self.metadata, timeout=IN_TIME_S)


@asynccontextmanager
async def talking(target: Target) -> AsyncIterator[tuple[Client, Server]]:
    """A server of a target, without TLS, and a client of it."""
    server = await serve(target, "127.0.0.1:0")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield Client(channel), server
    finally:
        await server.stop()


def notification(response: Any) -> tuple[dict[str, Value], list[str]]:
    """Return updates and deletes of a response, with whole paths."""
    told = response.update
    return (
        {text(told.prefix, update.path): value_of(update.val) for update in told.update},
        [text(told.prefix, one) for one in told.delete],
    )


def interfaces(*names: str, leaves: Iterable[str] = ("oper-status",)) -> dict[str, Value]:
    """Return leaves of interfaces."""
    return {f"/interfaces/interface[name={name}]/state/{leaf}": "UP" for name in names for leaf in leaves}
