"""A connection to one gNMI target: verified TLS, capabilities, raw Subscribe streams.

Messages and paths are pygnmi's; the connection is made here, over ``grpc.aio``, because pygnmi's client

- trusts the certificate that it downloads from the target when it is given no client certificate,
- changes the cipher suites of the whole process when a target is slow to answer,
- raises in ``connect`` when Capabilities is not implemented, and waits for its answer without end,
- sends a user and a password even without TLS, and empty ones where there are none,
- parses each message (a stream here yields the bytes as they came), and
- needs two threads for each stream: hundreds of RPCs are one event loop here.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
import grpc.aio

from collectors.credentials import Login, no_passphrase, resolved
from collectors.errors import InputError
from collectors.inventory import Target, Tls
from collectors.subscriptions import Capabilities, read_capabilities

CAPABILITIES_TIMEOUT_S: Final = 10.0
MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
"""Largest response taken from a target; gRPC's own limit of 4 MiB is less than one MAC table (NX-OS)."""
KEEPALIVE_S: Final = 305
"""For targets whose liveness can't be sampled; grpc-go cuts clients that ask more than every 5 minutes."""
KEEPALIVE_TIMEOUT_S: Final = 20
READ_AHEAD_BYTES: Final = 256 * 1024
"""What gRPC takes in for a stream that nobody reads: the rest waits on the target."""
UNANSWERED: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})

_SERVICE: Final = "/gnmi.gNMI/"
_LONGEST_REASON: Final = 300
_PREAMBLE: Final = re.compile("^failed to connect to all addresses; last error: ([A-Z_]+: )?")
"""What gRPC says before each reason."""


class RpcError(Exception):
    """An RPC that failed: the status code, and what the target or gRPC said about it."""

    def __init__(self, code: grpc.StatusCode, details: str | None) -> None:
        """Keep the code; the text is cleaned, for it comes from the other end."""
        self.code = code
        text = "".join(char if char.isprintable() else " " for char in details or "")
        text = _PREAMBLE.sub("", text)
        super().__init__(f"{code.name}: {text[:_LONGEST_REASON]}" if text else code.name)


class GnmiClient:
    """A channel to one target, open from entering to leaving the context.

    Nothing is shared with other channels: a new client is a new connection, with certificates and
    credentials as they are then.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._channel: grpc.aio.Channel
        self._metadata: tuple[tuple[str, str], ...] = ()

    async def __aenter__(self) -> Self:
        """Make the channel; raises InputError for files and references that can't be read."""
        target = self._target
        options = _options(target.tls)
        if target.tls is None:
            self._channel = grpc.aio.insecure_channel(target.endpoint, options=options)
            return self
        if target.credentials is not None:
            self._metadata = _metadata(resolved(target.credentials))
        self._channel = grpc.aio.secure_channel(
            target.endpoint, await asyncio.to_thread(_tls_credentials, target.tls), options=options
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connection and what runs over it."""
        await self._channel.close()

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as this end knows."""
        return self._channel.get_state() is grpc.ChannelConnectivity.READY

    async def capabilities(self) -> Capabilities | None:
        """Return what the target says it can do; None when it doesn't implement the question.

        Raises RpcError, also when the target can't be reached or its certificate is not right.
        """
        ask: Any = self._channel.unary_unary(_SERVICE + "Capabilities")
        try:
            answer = await ask(b"", timeout=CAPABILITIES_TIMEOUT_S, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise RpcError(error.code(), error.details()) from error
        try:
            return read_capabilities(answer)
        except ValueError as error:
            raise RpcError(grpc.StatusCode.INTERNAL, str(error)) from error

    async def subscribe(self, request: bytes) -> AsyncGenerator[bytes, None]:
        """Send a ``SubscribeRequest`` and yield each ``SubscribeResponse`` as the bytes that came.

        Reads one message at a time: what is not asked for stays on the target. Our side of the stream stays
        open, as some targets take its end for the end of the subscription. Returns when the target ends the
        RPC, raises RpcError when it fails; leaving early cancels it.
        """
        call: Any = self._channel.stream_stream(_SERVICE + "Subscribe")(metadata=self._metadata)
        try:
            await call.write(request)
            while (message := await call.read()) is not grpc.aio.EOF:
                yield message
        except grpc.aio.AioRpcError as error:
            raise RpcError(error.code(), error.details()) from error
        except asyncio.InvalidStateError as error:  # of write: the RPC was over before
            raise RpcError(await call.code(), await call.details()) from error
        finally:
            call.cancel()


def _options(tls: Tls | None) -> list[tuple[str, str | int]]:
    options: list[tuple[str, str | int]] = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_S * 1000),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_S * 1000),
        ("grpc.http2.max_pings_without_data", 0),  # without end
        ("grpc.http2.lookahead_bytes", READ_AHEAD_BYTES),
        ("grpc.http2.bdp_probe", 0),  # would raise what is read ahead to megabytes for each stream
        ("grpc.enable_http_proxy", 0),  # the address that the inventory says, and no other
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if tls is not None and tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    return options


def _metadata(login: Login) -> tuple[tuple[str, str], ...]:
    return (("username", login.username), ("password", login.password))


def _tls_credentials(tls: Tls) -> grpc.ChannelCredentials:
    """Return credentials that trust exactly the given authorities; raises InputError.

    OpenSSL looks at the files first: gRPC would only say that it "failed to create security handshaker".
    """
    trial = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is not None:
        with _usable(f"the authority {tls.ca}"):
            trial.load_verify_locations(cafile=tls.ca)
    if tls.certificate is not None:
        with _usable(f"the client certificate {tls.certificate} with the key {tls.key}"):
            trial.load_cert_chain(tls.certificate, tls.key, password=no_passphrase)
    with _usable("the certificates"):
        return grpc.ssl_channel_credentials(
            root_certificates=_system_authorities() if tls.ca is None else tls.ca.read_bytes(),
            private_key=None if tls.key is None else tls.key.read_bytes(),
            certificate_chain=None if tls.certificate is None else tls.certificate.read_bytes(),
        )


@contextmanager
def _usable(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"can't use {what}: {error.strerror or error}") from error


def _system_authorities() -> bytes:
    """Return the authorities that the system trusts; gRPC would take a list of its own."""
    where = ssl.get_default_verify_paths()
    if where.cafile is not None:
        return Path(where.cafile).read_bytes()
    hashed = sorted(Path(where.capath).glob("*.[0-9]")) if where.capath is not None else []
    if not hashed:
        raise InputError("this system has no certificate authorities: name one with tls.ca")
    return b"\n".join(path.read_bytes() for path in hashed)
