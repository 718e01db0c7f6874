"""Copies of a recording with one thing changed, for tests: what must not matter, and what must.

Each function writes the copy to ``target``, an empty directory, and returns ``target``.
"""

import gzip
import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

Json = Any

NAMES: Final = {
    "s1": "core-north.pod7",
    "s2": "7",
    "l1": "rack12 left/a",
    "l2": "LEAF[2]",
    "l3": "spine99",
}
"""Names for the nodes of frr-main: none tells a role, one lies about it, some need quoting in a path."""

IPV6_NETWORK: Final = ipaddress.IPv6Network("fd00::/96")
"""Where IPv4 addresses go: 10.0.11.0 becomes fd00::a00:b00, 10.0.11.0/31 becomes fd00::a00:b00/127."""


def stripped(source: Path, target: Path) -> Path:
    """Leave out FRR's own verdict on duplicates: ``isDuplicate`` and ``detectionCount``."""
    left_out = ("isDuplicate", "detectionCount")

    def change(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: change(item) for key, item in value.items() if key not in left_out}
        return [change(item) for item in value] if isinstance(value, list) else value

    return _copy(source, target, change)


def renamed(source: Path, target: Path, names: Mapping[str, str] = NAMES) -> Path:
    """Give every node another name: in file names, fields, hostnames, truth and labels."""
    word = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")

    def change(value: Json, key: str = "") -> Json:
        if isinstance(value, dict):
            return {names.get(name, name): change(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [change(item) for item in value]
        if not isinstance(value, str):
            return value
        # labels are sentences
        return word.sub(lambda it: names[it[1]], value) if key == "label" else names.get(value, value)

    def file_name(name: str) -> str:
        node = name.removeprefix("poll-").removesuffix(".jsonl.gz")
        return f"poll-{_in_file_name(names[node])}.jsonl.gz" if node in names else name

    return _copy(source, target, change, file_name)


def _in_file_name(name: str) -> str:
    return name.replace("/", "_")


def with_ipv6(source: Path, target: Path) -> Path:
    """Map every IPv4 address into IPV6_NETWORK, with lengths, families and EVPN prefixes to match.

    What is no address stays: route distinguishers and router ids are four octets by definition (RFC 4364,
    4271).
    """

    def change(value: Json, key: str = "") -> Json:
        if isinstance(value, dict):
            return {_text(name): change(item, name) for name, item in value.items()} | _lengths(value)
        if isinstance(value, list):
            return [change(item, key) for item in value]
        if not isinstance(value, str) or key in ("admin", "rd", "routerId", "source-id"):
            return value
        return {"ipv4": "ipv6"}.get(value, value) if key in ("afi", "idType") else _text(value)

    return _copy(source, target, change)


_ADDRESS: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?")
_IN_PREFIX: Final = re.compile(r"\[(\d{1,2})\]:\[(\d{1,3}(?:\.\d{1,3}){3})\]")


def _text(text: str) -> str:
    whole = _ADDRESS.fullmatch(text)
    if whole:
        return _ipv6(whole[1]) + (f"/{int(whole[2]) + 96}" if whole[2] else "")
    return _IN_PREFIX.sub(lambda it: f"[{int(it[1]) + 96}]:[{_ipv6(it[2])}]", text)


def _lengths(value: Mapping[str, Json]) -> dict[str, Json]:
    return {"ipLen": value["ipLen"] + 96} if "ipLen" in value else {}


def _ipv6(address: str) -> str:
    if address == "0.0.0.0":
        return "::"
    return str(IPV6_NETWORK[int(ipaddress.IPv4Address(address))])


def edited(source: Path, target: Path, node: str, edit: Callable[[float, Json], Json | None]) -> Path:
    """Change the polls of one node, and leave the others out.

    ``edit`` gets seconds after the first poll and the poll; None drops it.
    """
    polls = _lines(source / f"poll-{node}.jsonl.gz")
    start = polls[0]["ts"]
    kept = [changed for poll in polls if (changed := edit(poll["ts"] - start, poll)) is not None]
    _write_lines(target / f"poll-{node}.jsonl.gz", kept)
    return target


def _copy(
    source: Path,
    target: Path,
    change: Callable[[Json], Json],
    file_name: Callable[[str], str] = lambda name: name,
) -> Path:
    for path in sorted(source.iterdir()):
        if path.name.endswith(".jsonl.gz"):
            _write_lines(target / file_name(path.name), [change(line) for line in _lines(path)])
        elif path.suffix == ".jsonl":
            lines = [orjson.dumps(change(orjson.loads(line))) for line in path.read_bytes().splitlines()]
            (target / path.name).write_bytes(b"\n".join(lines) + b"\n")
        elif path.suffix == ".json":
            (target / path.name).write_bytes(orjson.dumps(change(orjson.loads(path.read_bytes()))))
    return target


def _lines(path: Path) -> list[Json]:
    with gzip.open(path) as lines:
        return [orjson.loads(line) for line in lines]


def _write_lines(path: Path, lines: list[Json]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.writelines(orjson.dumps(line) + b"\n" for line in lines)
