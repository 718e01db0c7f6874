"""Where Alertmanagers are and how to prove who we are."""

import base64
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from collectors.errors import InputError

_MOST_SECRET_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Address:
    """One Alertmanager."""

    host: str
    port: int
    encrypted: bool
    prefix: str
    """What stands before ``/api/v2`` in paths: empty, or ``/alertmanager``."""

    def __str__(self) -> str:
        """Return the URL, as people and metrics name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.encrypted else 'http'}://{host}:{self.port}{self.prefix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How to log in, the same at all Alertmanagers; secrets are read from their files at each post."""

    ca: Path | None = None
    """The authority that signs their certificates; None: the system's."""
    user: str | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    context: ssl.SSLContext = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check that the parts fit together; raises InputError."""
        if (self.user is None) != (self.password_file is None):
            raise InputError(
                "a login at Alertmanager needs --alertmanager-user and --alertmanager-password-file, both"
            )
        if self.user is not None and self.token_file is not None:
            raise InputError("give --alertmanager-user or --alertmanager-token-file, not both")
        if self.user is not None and (":" in self.user or not self.user.isprintable()):
            raise InputError("--alertmanager-user has characters that HTTP Basic authentication can't send")
        context = ssl.create_default_context()
        if self.ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                context.load_verify_locations(cafile=self.ca)
            except (OSError, ssl.SSLError) as error:
                raise InputError(f"can't use {self.ca} as authority for Alertmanager: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        object.__setattr__(self, "context", context)
        self.headers()

    @property
    def secret(self) -> bool:
        """Whether anything secret is sent."""
        return self.user is not None or self.token_file is not None

    def headers(self) -> dict[str, str]:
        """Return what proves who we are; raises InputError when a file can't be read."""
        if self.token_file is not None:
            token = _secret(self.token_file)
            if not token.isascii():  # RFC 6750, section 2.1
                raise InputError(
                    f"{self.token_file} holds no bearer token: it has other characters than ASCII"
                )
            return {"Authorization": f"Bearer {token}"}
        if self.user is not None and self.password_file is not None:
            pair = f"{self.user}:{_secret(self.password_file)}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}


def addresses(urls: Sequence[str], credentials: Credentials) -> list[Address]:
    """Return the Alertmanagers that URLs name, each once; raises InputError with all that is wrong."""
    found, wrong = [], []
    for url in dict.fromkeys(urls):
        try:
            found.append(_address(url, credentials))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("; ".join(wrong))
    return list(dict.fromkeys(found))


def _address(url: str, credentials: Credentials) -> Address:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError("an --alertmanager is no URL: give http(s)://HOST:PORT") from error
    if "@" in parts.netloc:
        raise InputError(
            f"the URL of Alertmanager {host} has a login in it, which others would see:"
            " use --alertmanager-user and --alertmanager-password-file"
        )
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        told = url.partition("?")[0]  # a token may follow
        raise InputError(f"--alertmanager {told!r} is no http(s)://HOST:PORT or one with a path")
    encrypted = parts.scheme == "https"
    if credentials.secret and not encrypted and not _local(host):
        raise InputError(f"--alertmanager {url!r} would get the login in clear text: use https")
    if not parts.path.isascii() or not parts.path.isprintable() or " " in parts.path:
        raise InputError(f"--alertmanager {url!r} has characters that a URL writes as %20, say")
    path = parts.path.rstrip("/").removesuffix("/api/v2/alerts").removesuffix("/api/v2")
    return Address(host, port or (443 if encrypted else 9093), encrypted, path)


def _local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_SECRET_BYTES + 1)
        text = raw.decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the secret for Alertmanager from {path}: {error}") from error
    if not text or len(raw) > _MOST_SECRET_BYTES or not text.isprintable():
        raise InputError(
            f"{path} holds no secret for Alertmanager: give one line of up to {_MOST_SECRET_BYTES} bytes"
        )
    return text
