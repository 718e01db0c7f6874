"""The profile contract: what a vendor is asked for, and which of its paths mean what.

A profile is pure data, one file per vendor: subscriptions for the collector, entity mappings for the
pipeline. The names of tables and columns are those of ``pipeline.schema``; a test holds the two together.

Paths are schema paths in the spelling of the gNMI path conventions. A list element names its keys in brackets
and gives no values: ``/interfaces/interface[name]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

LIVENESS: Final = "liveness"
"""The family whose only job is to say that a target still talks."""


class ProfileError(LookupError):
    """A profile that doesn't exist."""


class Mode(StrEnum):
    """Subscription modes of gNMI (specification 0.10, section 3.5.1.3)."""

    ON_CHANGE = "ON_CHANGE"
    SAMPLE = "SAMPLE"
    TARGET_DEFINED = "TARGET_DEFINED"


class Kind(StrEnum):
    """How a value is spelled on the wire, and so what it becomes in a column."""

    TEXT = "text"
    """Text, or a number as text: kept as it is."""
    IDENTITY = "identity"
    """YANG identity or enumeration: a module prefix is dropped."""
    UINT = "uint"
    """Unsigned number, or its digits as text. A sequence or label beyond the column's range is an error."""
    BOOL = "bool"
    """Boolean, or ``true`` / ``false`` as text."""
    TIME_NS = "time_ns"
    """Nanoseconds since the epoch; 0 is how devices say "never", so it becomes null."""
    MAC = "mac"
    """MAC address in any usual spelling."""
    ADDRESS = "address"
    """IP address, in canonical text; a zone is dropped."""
    PEER = "peer"
    """As ADDRESS; an unspecified address (0.0.0.0, ::) is the device itself and becomes null."""
    IP = "ip"
    """IP address or prefix, in the columns ``<column>_hi`` and ``<column>_lo``; a length is ignored."""
    HOST_LENGTH = "host_length"
    """Length of the address in the ``ip_*`` columns of the same row; 0: there is no address, all are null."""
    ESI = "esi"
    """Ethernet segment identifier: ten octets in lower hex with colons; zero, single-homed, becomes null."""
    RD = "rd"
    """Route distinguisher without a type in front; ``0:0`` becomes null."""
    EXT_COMMUNITIES = "ext_communities"
    """Leaf-list of extended communities: fills all columns of ``bgp_ext_community``."""
    AS_PATH = "as_path"
    """Members of an AS path segment; ``type`` and ``index`` beside it are read with it."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one RPC asks for: all subscriptions of a family share an RPC."""

    family: str
    paths: tuple[str, ...]
    mode: Mode
    interval: timedelta | None = None
    """Between samples; None unless ``mode`` is SAMPLE."""


@dataclass(frozen=True, slots=True)
class Key:
    """A list key in an entity's path and the column it fills: a key, or a leaf that only the path tells."""

    ref: str
    """``element[key]``, as the last such element of the path: ``neighbor[neighbor-address]``."""
    column: str
    kind: Kind
    optional: bool = False
    """A path may leave the key out: older models do."""
    values: tuple[str, ...] = ()
    """All values there are, if other mappings share the table: the delete of a branch stays within them."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, by its path from the entity's list entry, and the column it fills.

    ``../`` leaves the list entry as in YANG: such a leaf belongs to all entities below that ancestor.
    """

    path: str
    column: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """How one list of the device's tree becomes rows of a table.

    ``constants`` fill key columns that the path doesn't tell. ``where`` keeps only entries whose key has that
    value. ``presence`` leaves carry nothing but say that the entry is there: usually copies of its keys.
    """

    table: str
    path: str
    keys: tuple[Key, ...]
    leaves: tuple[Leaf, ...]
    constants: Mapping[str, str | int] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    presence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One vendor's way of telling the state of an EVPN fabric."""

    name: str
    encodings: tuple[str, ...]
    """In order of preference."""
    origins: tuple[str, ...]
    """Origins of the paths below; the empty one stands for a path without origin."""
    module_prefix: str
    """What the names of the YANG modules of these paths begin with."""
    subscriptions: tuple[Subscription, ...]
    entities: tuple[EntityMapping, ...]

    @property
    def liveness(self) -> Subscription:
        """The subscription that quiet families are judged by."""
        return next(one for one in self.subscriptions if one.family == LIVENESS)

    @property
    def families(self) -> tuple[str, ...]:
        """The families, in order of declaration."""
        return tuple(dict.fromkeys(one.family for one in self.subscriptions))


def profile_names() -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(module.name for module in iter_modules(__path__))


def profile(name: str) -> Profile:
    """Return the profile called ``name``; raises ProfileError for a name that is none."""
    if name not in profile_names():
        raise ProfileError(f"there is no vendor profile {name!r}: use one of {', '.join(profile_names())}")
    found = import_module(f"{__name__}.{name}").PROFILE
    assert isinstance(found, Profile)
    return found
