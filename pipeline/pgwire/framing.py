"""What clients send: PostgreSQL's protocol 3.0 from bytes to messages (documentation, section 54.7).

A message is a byte that tells its kind, a length that counts itself and the body, and the body; the first
message of a connection has no kind. The reader of a socket asks for the length, then gives the body:
whatever the body holds, it is decoded or refused, never more is waited for.
"""

import struct
from collections.abc import Callable
from typing import Final

from pipeline.pgwire.messages import (
    Bind,
    Cancel,
    Close,
    Describe,
    Encryption,
    Execute,
    First,
    Flush,
    Message,
    Parse,
    Password,
    Query,
    Startup,
    Sync,
    Terminate,
)
from pipeline.pgwire.refusal import FEATURE_NOT_SUPPORTED, PROTOCOL_VIOLATION, RefusalError

HEAD_BYTES: Final = 5
"""Kind and length."""

STARTUP_HEAD_BYTES: Final = 4
"""The length alone."""

MAX_STARTUP_BYTES: Final = 10_000
"""Longest first message, as in PostgreSQL."""

MAX_UNKNOWN_BYTES: Final = 8_192
"""Longest message of a client that hasn't said yet who it is."""

MAX_BYTES: Final = 4_194_304
"""Longest message; a query that is too long to run still gets its sentence, up to here."""

PROTOCOL: Final = 3

_SSL_REQUEST: Final = 80_877_103
_GSS_REQUEST: Final = 80_877_104
_CANCEL_REQUEST: Final = 80_877_102


def startup_length(head: bytes) -> int:
    """Return how many bytes of the first message follow its length."""
    (length,) = struct.unpack("!i", head)
    return _checked(length, MAX_STARTUP_BYTES, "the first message")


def length(head: bytes, *, known: bool) -> int:
    """Return how many bytes of a message follow kind and length; ``known`` is the client after logging in."""
    kind, found = struct.unpack("!ci", head)
    if kind not in _KINDS:
        raise _violation(f"there is no message of kind {kind!r}")
    limit = MAX_BYTES if known else MAX_UNKNOWN_BYTES
    return _checked(found, limit, f"a message of kind {kind.decode()}")


def decode_startup(body: bytes) -> First:
    """Return the first message; raises RefusalError for one that is none."""
    fields = _Fields(body)
    code = fields.number("!i")
    if code in {_SSL_REQUEST, _GSS_REQUEST}:
        fields.end()
        return Encryption(gss=code == _GSS_REQUEST)
    if code == _CANCEL_REQUEST:
        return Cancel(fields.number("!i"), fields.rest())
    if code >> 16 != PROTOCOL:
        raise RefusalError(
            FEATURE_NOT_SUPPORTED,
            f"protocol {code >> 16}.{code & 0xFFFF} is not spoken here: {PROTOCOL}.0 is",
        )
    parameters = {}
    while name := fields.text():
        parameters[name] = fields.text()
    fields.end()
    return Startup(code & 0xFFFF, parameters)


def decode(kind: bytes, body: bytes) -> Message:
    """Return a later message by its kind; raises RefusalError for a body that doesn't hold one."""
    if kind not in _DECODERS:
        raise RefusalError(
            FEATURE_NOT_SUPPORTED, f"messages of kind {kind!r} are not taken here: COPY and functions"
        )
    fields = _Fields(body)
    message = _DECODERS[kind](fields)
    fields.end()
    return message


_KINDS: Final = frozenset(bytes([kind]) for kind in b"QPBDCEpSHXFdcf")


class _Fields:
    """A body, read from its beginning."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0

    def number(self, layout: str) -> int:
        (found,) = struct.unpack(layout, self._next(struct.calcsize(layout)))
        return int(found)

    def numbers(self, layout: str) -> tuple[int, ...]:
        return tuple(self.number(layout) for _ in range(self.number("!H")))

    def text(self) -> str:
        end = self._body.find(b"\0", self._position)
        if end < 0:
            raise _violation("a text doesn't end")
        found = self._body[self._position : end]
        self._position = end + 1
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise _violation("a text is not UTF-8") from None

    def target(self) -> str:
        found = self._next(1)
        if found not in {b"S", b"P"}:
            raise _violation(f"{found!r} is neither a statement (S) nor a portal (P)")
        return found.decode()

    def value(self) -> bytes | None:
        size = self.number("!i")
        if size < -1:
            raise _violation("a parameter has a negative length")
        return None if size == -1 else self._next(size)

    def rest(self) -> bytes:
        return self._next(len(self._body) - self._position)

    def end(self) -> None:
        if self._position != len(self._body):
            raise _violation(f"{len(self._body) - self._position} bytes too many")

    def _next(self, size: int) -> bytes:
        found = self._body[self._position : self._position + size]
        if len(found) < size:
            raise _violation("it ends too early")
        self._position += size
        return found


def _bind(fields: _Fields) -> Bind:
    portal, statement = fields.text(), fields.text()
    formats = fields.numbers("!h")
    values = tuple(fields.value() for _ in range(fields.number("!H")))
    found = Bind(portal, statement, formats, values, fields.numbers("!h"))
    if not {*found.formats, *found.result_formats} <= {0, 1}:
        raise _violation("a format is neither 0 nor 1")
    if len(formats) not in {0, 1, len(values)}:
        raise _violation(f"{len(formats)} formats for {len(values)} parameters")
    return found


_DECODERS: Final[dict[bytes, Callable[[_Fields], Message]]] = {
    b"Q": lambda fields: Query(fields.text()),
    b"P": lambda fields: Parse(fields.text(), fields.text(), fields.numbers("!I")),
    b"B": _bind,
    b"D": lambda fields: Describe(fields.target(), fields.text()),
    b"C": lambda fields: Close(fields.target(), fields.text()),
    b"E": lambda fields: Execute(fields.text(), max(0, fields.number("!i"))),
    b"p": lambda fields: Password(fields.rest()),
    b"S": lambda _: Sync(),
    b"H": lambda _: Flush(),
    b"X": lambda _: Terminate(),
}


def _checked(found: int, limit: int, what: str) -> int:
    if found < 4:
        raise _violation(f"{what} says it is {found} bytes long")
    if found > limit:
        raise _violation(f"{what} says it is {found} bytes long, the limit is {limit}")
    return found - 4


def _violation(reason: str) -> RefusalError:
    return RefusalError(PROTOCOL_VIOLATION, f"this is no message of the PostgreSQL protocol: {reason}")
