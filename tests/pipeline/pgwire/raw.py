"""A PostgreSQL client that says what it is told to say, byte by byte."""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from scramp import ScramClient

READY = "Z"


def message(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def startup(**parameters: str) -> bytes:
    said = b"".join(text(it) for pair in parameters.items() for it in pair)
    return message(b"", struct.pack("!i", 196_608), said, b"\0")


def query(statement: str) -> bytes:
    return message(b"Q", text(statement))


def parse(statement: str, name: str = "", types: Sequence[int] = ()) -> bytes:
    return message(b"P", text(name), text(statement), struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(*values: bytes | None, portal: str = "", name: str = "", binary: bool = False) -> bytes:
    given = [
        struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values
    ]
    formats = struct.pack("!Hh", 1, int(binary))
    return message(
        b"B", text(portal), text(name), formats, struct.pack("!H", len(values)), *given, struct.pack("!H", 0)
    )


def execute(portal: str = "", rows: int = 0) -> bytes:
    return message(b"E", text(portal), struct.pack("!i", rows))


def describe(kind: str, name: str = "") -> bytes:
    return message(b"D", kind.encode(), text(name))


def close(kind: str, name: str = "") -> bytes:
    return message(b"C", kind.encode(), text(name))


SYNC = message(b"S")
FLUSH = message(b"H")
TERMINATE = message(b"X")


@dataclass
class Raw:
    """A connection in plaintext, logged in unless ``user`` is empty."""

    port: int
    user: str = "noc"
    password: str = ""
    process: int = 0
    key: bytes = b""
    status: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        if self.user:
            self._log_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def receive(self) -> tuple[str, bytes]:
        """Return kind and body of the next message."""
        kind, length = struct.unpack("!ci", self._exactly(5))
        return kind.decode(), self._exactly(length - 4)

    def until(self, *kinds: str) -> list[tuple[str, bytes]]:
        """Return the messages up to one of these kinds."""
        found = [self.receive()]
        while found[-1][0] not in kinds:
            found.append(self.receive())
        return found

    def asked(self, *data: bytes) -> str:
        """Return the kinds of all messages up to being ready, with the state behind it."""
        self.send(*data)
        found = self.until(READY)
        return "".join(kind for kind, _ in found) + found[-1][1].decode()

    def error(self, *data: bytes) -> str:
        """Return the SQLSTATE of the error that is answered."""
        self.send(*data)
        return sqlstate(self.until("E")[-1][1])

    def gone(self) -> bool:
        """Return whether the server has closed the connection, after it has said what it had to say."""
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionError:
            pass
        return True

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            if not (more := self.socket.recv(size - len(found))):
                raise EOFError(found)
            found += more
        return found

    def _log_in(self) -> None:
        self.send(startup(user=self.user, database="x"))
        client: Any = ScramClient(["SCRAM-SHA-256"], self.user, self.password)
        assert self.receive()[0] == "R"
        first = client.get_client_first().encode()
        self.send(message(b"p", text("SCRAM-SHA-256"), struct.pack("!i", len(first)), first))
        client.set_server_first(self.receive()[1][4:].decode())
        self.send(message(b"p", client.get_client_final().encode()))
        client.set_server_final(self.receive()[1][4:].decode())
        for kind, body in self.until(READY):
            if kind == "K":
                (self.process,), self.key = struct.unpack("!i", body[:4]), body[4:]
            elif kind == "S":
                name, value, _ = body.decode().split("\0")
                self.status[name] = value


def sqlstate(body: bytes) -> str:
    fields = {part[:1]: part[1:] for part in body.split(b"\0") if part}
    return fields[b"C"].decode()
