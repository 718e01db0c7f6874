"""SCRAM-SHA-256 as a server speaks it (RFC 5802, RFC 7677), over verifiers as PostgreSQL stores them.

The server never learns a password: what it stores lets it check that a client knows it, and lets the client
check that the server has the verifier.
"""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from typing import Final

from pipeline.pgwire.refusal import INVALID_PASSWORD, PROTOCOL_VIOLATION, RefusalError
from pipeline.pgwire.saslprep import saslprep

PLAIN: Final = "SCRAM-SHA-256"
PLUS: Final = "SCRAM-SHA-256-PLUS"
"""Bound to the TLS connection by the server's certificate (RFC 5929: tls-server-end-point)."""

MIN_ITERATIONS: Final = 4096
_BINDING: Final = "p=tls-server-end-point"
_KEY_BYTES: Final = 32
_VERIFIER: Final = re.compile(
    r"SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)"
)
_FIRST: Final = re.compile(
    r"(?P<gs2>(?P<flag>n|y|p=[A-Za-z0-9.-]+),(?P<authzid>[^,]*),)(?P<bare>.*)", re.DOTALL
)
_BARE: Final = re.compile(r"n=(?P<user>[^,]*),r=(?P<nonce>[!-+\--~]+)(?:,.*)?", re.DOTALL)
_FINAL: Final = re.compile(
    r"(?P<rest>c=(?P<c>[^,]*),r=(?P<nonce>[^,]*)(?:,.*)?),p=(?P<proof>[^,]*)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is stored of a password: ``SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY``."""

    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        """Return it as PostgreSQL stores it in ``pg_authid.rolpassword``."""
        salt, stored, server = (_encoded(part) for part in (self.salt, self.stored_key, self.server_key))
        return f"{PLAIN}${self.iterations}:{salt}${stored}:{server}"


def parse_verifier(text: str) -> Verifier:
    """Return the verifier; raises ValueError for a text that is none."""
    if not (found := _VERIFIER.fullmatch(text)):
        raise ValueError("it is not SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY")
    salt, stored_key, server_key = (_decoded(part) for part in found.groups()[1:])
    if not salt or len(stored_key) != _KEY_BYTES or len(server_key) != _KEY_BYTES:
        raise ValueError(f"its keys must have {_KEY_BYTES} bytes and its salt some")
    if int(found[1]) < MIN_ITERATIONS:
        raise ValueError(f"it has {found[1]} iterations, the fewest are {MIN_ITERATIONS}")
    return Verifier(int(found[1]), salt, stored_key, server_key)


def make_verifier(password: str, salt: bytes, iterations: int = MIN_ITERATIONS) -> Verifier:
    """Return what is to be stored of ``password``; ``salt`` is 16 random bytes."""
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations)
    stored_key = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    return Verifier(iterations, salt, stored_key, _hmac(salted, b"Server Key"))


def verifier_of_nobody(user: str, secret: bytes) -> Verifier:
    """Return a verifier that no password fits, the same for a name each time: who asks can't tell it.

    ``secret`` is random bytes that stay the same while the server runs.
    """
    name = user.encode("utf-8", "replace")
    salt = _hmac(secret, b"salt" + name)[:16]
    return Verifier(MIN_ITERATIONS, salt, _hmac(secret, b"stored" + name), _hmac(secret, b"server" + name))


def initial_response(data: bytes) -> tuple[str, bytes]:
    """Return mechanism and message of a SASLInitialResponse (PostgreSQL's documentation, section 54.7)."""
    name, found, rest = data.partition(b"\0")
    if not found or len(rest) < 4 or struct.unpack_from("!i", rest)[0] != len(rest) - 4:
        raise _malformed("the first answer")
    return name.decode("ascii", "replace"), rest[4:]


class Exchange:
    """One client logging in: ``first``, then ``final``."""

    def __init__(self, verifier: Verifier, nonce: str, certificate_hash: bytes | None = None) -> None:
        """Begin.

        Args:
            verifier: of the user the session began with; the name in the exchange counts for nothing.
            nonce: 18 random bytes or more, as base64.
            certificate_hash: of the TLS certificate the client saw; null without channel binding.
        """
        self._verifier = verifier
        self._nonce = nonce
        self._certificate_hash = certificate_hash
        self._binding = b""
        self._said = ""

    @property
    def mechanisms(self) -> list[str]:
        """What to offer, the best first."""
        return [PLAIN] if self._certificate_hash is None else [PLUS, PLAIN]

    def first(self, mechanism: str, data: bytes) -> bytes:
        """Return the challenge to the client's first message."""
        found = _FIRST.fullmatch(_text(data))
        bare = found and _BARE.fullmatch(found["bare"])
        if not found or not bare or found["authzid"] or mechanism not in self.mechanisms:
            raise _malformed("the first message")
        bound = found["flag"] == _BINDING
        if bound != (mechanism == PLUS) or (found["flag"].startswith("p") and not bound):
            raise _malformed("the channel binding")
        if found["flag"] == "y" and self._certificate_hash is not None:
            raise RefusalError(
                INVALID_PASSWORD,
                "the client was not told that channel binding is offered: somebody is between",
            )
        self._binding = found["gs2"].encode() + ((self._certificate_hash or b"") if bound else b"")
        self._nonce = bare["nonce"] + self._nonce
        challenge = f"r={self._nonce},s={_encoded(self._verifier.salt)},i={self._verifier.iterations}"
        self._said = f"{found['bare']},{challenge}"
        return challenge.encode()

    def final(self, data: bytes) -> bytes:
        """Return the server's proof for the client's; raises RefusalError for a wrong password."""
        found = _FINAL.fullmatch(_text(data))
        if not found or not self._said or found["nonce"] != self._nonce:
            raise _malformed("the last message")
        said = f"{self._said},{found['rest']}".encode()
        proof = _decoded_or_refused(found["proof"])
        if _decoded_or_refused(found["c"]) != self._binding or len(proof) != _KEY_BYTES:
            raise _malformed("the channel binding or the proof")
        signature = _hmac(self._verifier.stored_key, said)
        client_key = bytes(left ^ right for left, right in zip(proof, signature, strict=True))
        if not hmac.compare_digest(hashlib.sha256(client_key).digest(), self._verifier.stored_key):
            raise RefusalError(INVALID_PASSWORD, "user or password is wrong")
        return f"v={_encoded(_hmac(self._verifier.server_key, said))}".encode()


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)  # binascii.Error is a ValueError


def _decoded_or_refused(text: str) -> bytes:
    try:
        return _decoded(text)
    except ValueError:
        raise _malformed("base64") from None


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _malformed("UTF-8") from None


def _malformed(what: str) -> RefusalError:
    return RefusalError(PROTOCOL_VIOLATION, f"logging in failed: {what} is not as SCRAM-SHA-256 has it")
