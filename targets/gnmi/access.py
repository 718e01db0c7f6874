"""Who may talk to a target, and where it may listen."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
import secrets
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc
from grpc import StatusCode

from collectors.errors import InputError
from targets.gnmi.requests import RequestError

_N: Final = 1 << 14
_R: Final = 8
_P: Final = 1
"""Cost of scrypt: 16 MiB and some 30 ms for each password (RFC 7914)."""
_OTHERS: Final = 0o027
"""The group may read: as of a shadow file, and as systemd shows credentials that it grants by an ACL."""
_REMEMBERED: Final = 1024
_HASHED: Final = 8
"""Different logins that may wait to be hashed: what comes beyond is told at once to come again."""
_THREADS: Final = 2
_NOBODY: Final = f"scrypt${_N}${_R}${_P}${'A' * 22}==${'A' * 43}="
"""What the password of an unknown user is compared with: that takes as long as for a known one."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """Files in PEM: the server's certificate with its chain, its key; ``client_ca``: clients need one too."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True)
class Users:
    """Names and hashed passwords."""

    hashes: Mapping[str, str]
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _known: dict[bytes, None] = field(default_factory=dict, repr=False)
    _asked: dict[bytes, asyncio.Future[bool]] = field(default_factory=dict, repr=False, compare=False)
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_THREADS, "passwords"), repr=False, compare=False
    )

    @classmethod
    def load(cls, path: Path) -> "Users":
        """Return the users in a file with lines ``name:hash``; raises InputError.

        ``hash_password`` makes the hashes. The file must be closed to group and others.
        """
        try:
            with path.open() as file:
                mode = os.fstat(file.fileno()).st_mode
                lines = file.read().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the users in {path} can't be read: {error}") from error
        if mode & _OTHERS:
            raise InputError(f"{path} holds passwords and is open to others: chmod 600 {path}")
        hashes = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, hashed = line.strip().partition(":")
            try:
                _matches("", hashed if name else "")
            except ValueError as error:
                raise InputError(
                    f"{path}, line {number}: expected name:scrypt$N$r$p$salt$hash, as hash_password makes it"
                ) from error
            hashes[name] = hashed
        if not hashes:
            raise InputError(f"{path} names no user: add a line name:hash")
        return cls(hashes)

    async def check(self, name: str, password: str) -> bool:
        """Tell whether this is the user's password; one that was right is known without hashing again.

        Raises RequestError if too many others wait for an answer.
        """
        proof = hmac.digest(self._key, f"{len(name)}:{name}{password}".encode(), "sha256")
        if proof in self._known:
            return True
        asked = self._asked.get(proof)
        if asked is None:
            if len(self._asked) >= _HASHED:
                raise RequestError(
                    StatusCode.UNAVAILABLE, "too many logins wait to be checked: try again in a moment"
                )
            asked = asyncio.get_running_loop().run_in_executor(
                self._threads, _matches, password, self.hashes.get(name, _NOBODY)
            )
            self._asked[proof] = asked
            asked.add_done_callback(lambda _: self._asked.pop(proof, None))
        right = await asyncio.shield(asked)  # others may wait for it, too
        if right and name in self.hashes:
            if len(self._known) < _REMEMBERED:
                self._known[proof] = None
            return True
        return False


@dataclass(frozen=True, slots=True)
class Access:
    """What a client must show."""

    users: Users | None
    encrypted: bool

    async def check(self, metadata: Iterable[tuple[str, Any]]) -> None:
        """Raise RequestError if this client may not talk."""
        given = dict(metadata)
        if not self.encrypted and "password" in given:
            raise _unauthenticated("a password came without TLS and may have been read on its way: change it")
        if self.users is None:
            return
        if "username" not in given or "password" not in given:
            raise _unauthenticated("this target needs a user: send the metadata username and password")
        if not await self.users.check(str(given["username"]), str(given["password"])):
            raise _unauthenticated("unknown user or wrong password")


def hash_password(password: str) -> str:
    """Return what stands behind ``name:`` in a file of users."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)
    return "$".join(
        (
            "scrypt",
            str(_N),
            str(_R),
            str(_P),
            base64.b64encode(salt).decode(),
            base64.b64encode(digest).decode(),
        )
    )


def checked_listener(listen: str, tls: ServerTls | None, users: Users | None) -> None:
    """Raise InputError for an address that is none, or that must not be open in this way."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 0xFFFF:
        raise InputError(f"{listen!r} is no address to listen on: give HOST:PORT, as 127.0.0.1:9339")
    if any(char in "[]:" for char in host) and not _is_bracketed(host):
        raise InputError(
            f"{listen!r} is no address to listen on: an IPv6 address, and nothing else, stands in"
            " brackets, as [::1]:9339"
        )
    if users is not None and tls is None:
        raise InputError("passwords are not taken without TLS: give a certificate and a key")
    known = tls is not None and (users is not None or tls.client_ca is not None)
    if not known and not _is_loopback(host):
        raise InputError(
            f"{listen} can be reached from elsewhere: that takes TLS (certificate and key), and users or a CA"
            " of clients' certificates; or listen on 127.0.0.1"
        )


def credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Return what gRPC needs for TLS, 1.2 or later; raises InputError for files that can't be read."""
    try:
        chain, key = tls.certificate.read_bytes(), tls.key.read_bytes()
        client_ca = None if tls.client_ca is None else tls.client_ca.read_bytes()
        # gRPC says only that it failed.
        trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trial.load_cert_chain(tls.certificate, tls.key, password=lambda: b"")
        if tls.client_ca is not None:
            trial.load_verify_locations(tls.client_ca)
    except OSError as error:
        files = ", ".join(str(file) for file in (tls.certificate, tls.key, tls.client_ca) if file is not None)
        raise InputError(f"no TLS can be served with {files}: {error}") from error
    return grpc.ssl_server_credentials(
        [(key, chain)], root_certificates=client_ca, require_client_auth=client_ca is not None
    )


def _matches(password: str, hashed: str) -> bool:
    """Tell whether a password fits a hash; raises ValueError for a hash that is none."""
    name, *numbers = hashed.split("$")
    if name != "scrypt" or len(numbers) != 5:
        raise ValueError(f"{name!r} is no hash made by scrypt")
    n, r, p, salt, digest = numbers
    try:
        expected = base64.b64decode(digest, validate=True)
        found = hashlib.scrypt(
            password.encode(), salt=base64.b64decode(salt, validate=True), n=int(n), r=int(r), p=int(p),
            dklen=len(expected),
        )  # fmt: skip
    except binascii.Error as error:
        raise ValueError("salt or hash is no base64") from error
    return hmac.compare_digest(found, expected)


def _is_bracketed(host: str) -> bool:
    """Tell whether this is an IPv6 address in brackets."""
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return host[0] == "[" and host[-1] == "]"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _unauthenticated(message: str) -> RequestError:
    return RequestError(StatusCode.UNAUTHENTICATED, message)
