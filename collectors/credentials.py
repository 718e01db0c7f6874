"""Secrets are read here, at the moment of dialling, and handed on: they are in no inventory, log or repr."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collectors.errors import InputError
from collectors.inventory import Credentials, is_reference

MAX_SECRET_BYTES: Final = 4096
"""gRPC servers refuse metadata of more than 8 KiB in all; a bigger file is not a password but a mistake."""


@dataclass(frozen=True, slots=True)
class Login:
    """What goes out as ``username`` and ``password`` in the metadata of an RPC (gNMI, section 3.1)."""

    username: str
    password: str = field(repr=False)


def resolved(credentials: Credentials) -> Login:
    """Return name and password as they are now; raises InputError naming the reference that fails."""
    return Login(
        _resolved(credentials.username, "username"),
        _resolved(credentials.password, "password"),
    )


def no_passphrase() -> str:
    """Refuse an encrypted client key, as OpenSSL's callback for its passphrase: it would ask a terminal."""
    raise InputError("the client key is encrypted: give one without a passphrase, readable by this user only")


def _resolved(reference: str, what: str) -> str:
    kind, _, where = reference.partition(":")
    if not is_reference(reference):
        return reference
    value = _variable(where, what) if kind == "env" else _content(Path(where), what)
    if not value:
        raise InputError(f"the {what} in {reference} is empty")
    # gRPC takes printable ASCII in text metadata and fails on anything else without saying which field it was
    if not value.isascii() or not value.isprintable():
        raise InputError(
            f"the {what} in {reference} has characters that gRPC can't send: use printable ASCII"
        )
    if value != value.strip():  # gRPC over HTTP2 (PROTOCOL-HTTP2.md), ASCII-Value
        raise InputError(f"the {what} in {reference} begins or ends with a space, which gRPC may leave out")
    return value


def _variable(name: str, what: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise InputError(f"the {what} is said to be in the environment variable {name}, which is not set")
    return value


def _content(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the {what} from {path}: {error}") from error
    if len(raw) > MAX_SECRET_BYTES:
        raise InputError(f"{path} is said to hold a {what} but has more than {MAX_SECRET_BYTES} bytes")
    return text.removesuffix("\n").removesuffix("\r")
