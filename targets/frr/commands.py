"""What the agent runs on a host: fixed argument vectors, and which part of the output answers what.

One vtysh per daemon: a bgpd that hangs does not keep zebra's answers away. ``-E`` makes vtysh print each
command before its answer and it ends at the first that fails, so what failed is known by name; ``-u`` keeps
its session in the mode that can only look.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson

from collectors.errors import InputError
from targets.frr.documents import (
    ARP_CACHE,
    BFD_COUNTERS,
    BFD_PEERS,
    EVPN_ROUTES,
    EVPN_SUMMARY,
    INTERFACES,
    IP_LINK,
    IPV4_SUMMARY,
    IPV6_SUMMARY,
    ISIS_NEIGHBORS,
    MACS,
    OSPF_NEIGHBORS,
    SEGMENTS,
    VNIS,
)

_PATH: Final = "/usr/bin:/usr/sbin:/bin:/sbin:/usr/local/bin:/usr/local/sbin"
"""Where programs may stand: not what the caller's environment says."""
_PACKAGES: Final = {"vtysh": "frr", "ip": "iproute2"}
_PATHSPACE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BY_DAEMON: Final = {
    "zebra": (INTERFACES, VNIS, MACS, ARP_CACHE, SEGMENTS),
    "bgpd": (EVPN_SUMMARY, IPV4_SUMMARY, IPV6_SUMMARY, EVPN_ROUTES),
}
_IF_THEY_RUN: Final = {
    "bfdd": (BFD_PEERS, BFD_COUNTERS),
    "isisd": (ISIS_NEIGHBORS,),
    "ospfd": (OSPF_NEIGHBORS,),
}
"""Daemons that many hosts do without: asked if they run when the agent starts."""
_SOCKETS: Final = Path("/var/run/frr")
"""Where daemons listen for vtysh."""


@dataclass(frozen=True)
class Command:
    """A process to start, and what it answers."""

    name: str
    """Of the daemon or program asked."""
    argv: tuple[str, ...]
    """What is run; the vtysh commands are appended."""
    documents: tuple[str, ...]
    """What the output holds, in this order."""
    echoes: bool = False
    """The output names each document before its answer."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The whole argument vector."""
        if not self.echoes:
            return self.argv
        return (*self.argv, "-E", *(part for document in self.documents for part in ("-c", document)))


@dataclass(frozen=True)
class Answer:
    """What the output of one command says."""

    documents: Mapping[str, bytes]
    """JSON text by document; what failed or said nothing is not in it."""
    complaints: Mapping[str, str]
    """What was printed instead, by document; the name of the command for what belongs to none."""
    silent: tuple[str, ...]
    """Documents of which nothing was printed at all, without an error."""
    rest: Command | None
    """What was not asked because something before it failed."""


def commands(namespace: str | None) -> tuple[Command, ...]:
    """Return what is run at each poll; raises InputError for a program that isn't there."""
    if namespace is not None and not _PATHSPACE.fullmatch(namespace):
        raise InputError(f"{namespace!r} is no pathspace of vtysh: letters, digits, - and _, 64 at most")
    vtysh = (_program("vtysh"), "-u", *(("-N", namespace) if namespace else ()))
    asked = (
        Command(daemon, (*vtysh, "-d", daemon), documents, echoes=True)
        for daemon, documents in (*_BY_DAEMON.items(), *_running(namespace))
    )
    # Said twice, -s tells how often the carrier changed.
    return Command("ip", (_program("ip"), "-j", "-s", "-s", "link"), (IP_LINK,)), *asked


def _running(namespace: str | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return which of the optional daemons run."""
    sockets = _SOCKETS / namespace if namespace else _SOCKETS
    return [(name, asked) for name, asked in _IF_THEY_RUN.items() if (sockets / f"{name}.vty").exists()]


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise InputError(f"{name} is not in {_PATH}: the agent needs the package {_PACKAGES[name]}")
    return found


def answer_of(command: Command, output: bytes, trouble: str | None) -> Answer:
    """Return what is in the output of a command; ``trouble``: why it did not end well."""
    parts, before = _parts(command, output) if command.echoes else ({command.documents[0]: output}, b"")
    documents: dict[str, bytes] = {}
    complaints: dict[str, str] = {}
    silent = [name for name, content in parts.items() if not content]
    if before.strip():
        complaints[command.name] = _text(before)
    for name, content in parts.items():
        if content[:1] in (b"{", b"["):
            documents[name] = content
        elif content:
            complaints[name] = _text(content)
    if trouble is None or not parts:
        return Answer(documents, complaints, tuple(silent) if trouble is None else (), None)
    # The last one that was named failed: what it printed is no answer, whatever it looks like.
    at = len(parts)
    last = command.documents[at - 1]
    documents.pop(last, None)
    complaints.setdefault(last, trouble)
    rest = replace(command, documents=command.documents[at:]) if command.documents[at:] else None
    return Answer(documents, complaints, tuple(name for name in silent if name != last), rest)


def _parts(command: Command, output: bytes) -> tuple[dict[str, bytes], bytes]:
    """Return what follows each document's name, and what stands before the first."""
    found: list[tuple[str, int, int]] = []
    at = 0
    for name in command.documents:
        # vtysh's prompt ends in > or #; JSON has no line break within text, so this is no part of an answer.
        echo = re.compile(rb"^[^\s{}\[\]\"]*[>#] " + re.escape(name.encode()) + rb"\r?$", re.MULTILINE)
        line = echo.search(output, at)
        if line is None:
            break
        found.append((name, line.start(), line.end()))
        at = line.end()
    if not found:
        return {}, output
    ends = [start for _, start, _ in found[1:]] + [len(output)]
    parts = {name: output[begin:end].strip() for (name, _, begin), end in zip(found, ends, strict=True)}
    return parts, output[: found[0][1]]


def _text(content: bytes) -> str:
    return " ".join(content[:200].decode(errors="replace").split())


_CLOCKS: Final = re.compile(rb'("uptime":\s*)"[^"\\]*"')
"""What ticks in zebra's tables, and nothing is made of."""


class Parsed:
    """Documents as JSON. One that says the same again is not parsed again, and is the same object."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, object]] = {}

    def parse(self, name: str, content: bytes) -> object:
        """Return a document; raises ValueError for what is no JSON."""
        text = _CLOCKS.sub(rb'\1""', content) if name in (MACS, ARP_CACHE) else content
        known = self._known.get(name)
        if known is not None and known[0] == text:
            return known[1]
        document: object = orjson.loads(text)
        self._known[name] = text, document
        return document


def documents_of(parsed: Parsed, answer: Answer) -> tuple[dict[str, object], dict[str, str]]:
    """Return an answer's documents as JSON, and what to complain of, by document."""
    documents: dict[str, object] = {}
    complaints = dict(answer.complaints)
    for name, content in answer.documents.items():
        try:
            documents[name] = parsed.parse(name, content)
        except orjson.JSONDecodeError as error:
            complaints[name] = f"no JSON: {error}"
    return documents, complaints
