"""The messages of PostgreSQL clients (documentation, section 54.7)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encryption:
    """May the connection be encrypted? By TLS, or by GSSAPI where ``gss``."""

    gss: bool


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop what the session runs that was given this process number and key."""

    process: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Startup:
    """A session begins: minor version of the protocol, parameters such as ``user`` and ``database``."""

    minor: int
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Password:
    """An answer to a demand for authentication; what it holds depends on the demand."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """Run these statements."""

    text: str


@dataclass(frozen=True, slots=True)
class Parse:
    """Prepare a statement; the OIDs are the types of its first parameters, 0 is for unknown ones."""

    name: str
    text: str
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """Make a portal of a statement and its parameters, None is NULL.

    Formats are 0 for text and 1 for binary: none says text for all, a single one is for all.
    """

    portal: str
    statement: str
    formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    result_formats: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Describe:
    """What does this statement (kind ``S``) or portal (kind ``P``) answer?"""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Execute:
    """Run a portal, or go on with it, for at most so many rows; 0 is for all."""

    portal: str
    max_rows: int


@dataclass(frozen=True, slots=True)
class Close:
    """Forget this statement (kind ``S``) or portal (kind ``P``)."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Sync:
    """The end of a sequence of messages, to be answered with being ready."""


@dataclass(frozen=True, slots=True)
class Flush:
    """Send what is waiting."""


@dataclass(frozen=True, slots=True)
class Terminate:
    """The session ends."""


First = Encryption | Cancel | Startup
Message = Password | Query | Parse | Bind | Describe | Execute | Close | Sync | Flush | Terminate
