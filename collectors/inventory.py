"""The inventory contract: which targets there are, how to reach them, and what the operator says of them.

An inventory is a value. Two inventories are compared target by target, by equality: what is equal has not
changed and its sessions need not be touched. ``collectors.inventory_file`` reads one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

DEFAULT_PORT: Final = 9339
"""IANA's port of gNMI and gNOI (service name ``gnmi-gnoi``)."""
REFERENCE_KINDS: Final = ("env", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where a user's name and password are found: references, resolved when a target is dialled.

    Nothing here is a secret; the secrets are read by ``collectors.credentials`` and kept nowhere.
    """

    username: str
    """The name itself, ``env:NAME`` or ``file:/absolute/path``."""
    password: str = field(repr=False)
    """``env:NAME`` or ``file:/absolute/path``."""

    def __post_init__(self) -> None:
        """Refuse a password where a reference belongs: an inventory is read, printed and kept in git."""
        if not is_reference(self.password):
            raise ValueError("a password is given by reference: env:NAME or file:/path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a target's certificate is checked, and what we show of ourselves. Paths are absolute."""

    ca: Path | None = None
    """Authorities to trust, PEM; None: the system's."""
    certificate: Path | None = None
    """Our certificate, PEM; None: the target asks for none."""
    key: Path | None = None
    """Its key, PEM; None exactly where ``certificate`` is."""
    server_name: str | None = None
    """The name that the target's certificate must be for; None: the target's address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One device that speaks gNMI."""

    name: str
    """Key of its records: unique in an inventory."""
    address: str
    """Host name or IP address; IPv6 without brackets."""
    port: int
    profile: str
    """Name of a vendor profile (``collectors.profiles``)."""
    fabric: str
    role: str | None = None
    """``leaf``, ``spine``, ...; None: derived from what the device does."""
    site: str | None = None
    rack: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None
    """None: no user name is sent."""
    tls: Tls | None = field(default_factory=Tls)
    """None: insecure. For labs; never together with credentials."""

    def __post_init__(self) -> None:
        """Refuse what would send a password in clear text, wherever the target comes from."""
        if self.tls is None and self.credentials is not None:
            raise ValueError(f"target {self.name}: credentials never go out without TLS")

    @property
    def endpoint(self) -> str:
        """``address:port`` as gRPC reads it: an IPv6 address stands in brackets."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All targets, by name."""

    targets: Mapping[str, Target]

    @property
    def fabrics(self) -> tuple[str, ...]:
        """The fabrics that have a target, sorted."""
        return tuple(sorted({target.fabric for target in self.targets.values()}))


def is_reference(text: str) -> bool:
    """Return whether ``text`` names a place to read from, not the thing itself."""
    kind, separator, where = text.partition(":")
    return kind in REFERENCE_KINDS and separator == ":" and where != ""
