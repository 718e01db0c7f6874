"""Answers to Capabilities and Get."""

import asyncio
from collections.abc import Iterator
from typing import Final

from grpc import StatusCode
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi import json_ietf, limits, paths, wire
from targets.gnmi.branches import Leaf
from targets.gnmi.limits import shown
from targets.gnmi.paths import Element
from targets.gnmi.requests import Question, RequestError, require_known
from targets.gnmi.target import Target
from targets.gnmi.wire import Encoding
from targets.tree import Value

_VERSION: Final = "0.8.0"
_CONFIG: Final[int] = gnmi_pb2.GetRequest.CONFIG
_ALL: Final[int] = gnmi_pb2.GetRequest.ALL


def capabilities(target: Target) -> bytes:
    """Return the ``CapabilityResponse`` of a target."""
    answer = gnmi_pb2.CapabilityResponse(
        supported_models=[
            gnmi_pb2.ModelData(name=model.name, organization=model.organization, version=model.version)
            for model in target.models
        ],
        supported_encodings=[Encoding.PROTO, Encoding.JSON_IETF, Encoding.JSON],
        gNMI_version=_VERSION,
    )
    content: bytes = answer.SerializeToString(deterministic=True)
    return content


async def get(target: Target, asked: Question) -> bytes:
    """Return the ``GetResponse``, one notification for each path; raises RequestError if one has no data.

    PROTO answers leaf by leaf, JSON one object for a branch. Each path is of one moment; between two of them
    others are told what they wait for. A response that most clients would refuse to read is not made.
    """
    require_known(asked.view, target)
    now_ns = target.clock()
    before = wire.prefix("", asked.view.target, asked.view.origin)
    answer = []
    room = limits.ANSWER_BYTES
    for path in asked.paths:
        updates = []
        room -= len(before)
        for update in _updates(target, asked, path, now_ns):
            room -= len(update)
            if room < 0:
                raise RequestError(
                    StatusCode.RESOURCE_EXHAUSTED,
                    f"the answer has more than {limits.ANSWER_BYTES} bytes: subscribe with mode ONCE, or ask"
                    " for less at a time",
                )
            updates.append(update)
        if not updates and not _is_wild(path):
            raise RequestError(StatusCode.NOT_FOUND, f"there is nothing at {shown(path) or '/'} now")
        answer.append(wire.field(0x0A, wire.notification(now_ns, before, b"".join(updates))))
        await asyncio.sleep(0)
    return b"".join(answer)


def _updates(target: Target, asked: Question, path: str, now_ns: int) -> Iterator[bytes]:
    encoding = asked.view.encoding
    ietf = encoding is not Encoding.JSON
    for way, found in target.state.match(paths.pattern(paths.asked(path))):
        texts_of_way = tuple(part.text for part in way)
        leaves = [
            (paths.elements(leaf.path), _now(leaf, now_ns))
            for leaf in ([found] if isinstance(found, Leaf) else found.walk())
        ]
        wanted = [(parts, value) for parts, value in leaves if _is_of(parts, asked.type)]
        if encoding is Encoding.PROTO or isinstance(found, Leaf):
            for parts, value in wanted:
                texts = [part.text for part in parts]
                wide = texts[-1] in target.state.wide
                yield wire.update(wire.path(texts), wire.value(value, encoding, wide=wide))
        elif wanted:
            below = [(parts[len(way) :], value) for parts, value in wanted]
            content = json_ietf.branch(below, target.state.wide.__contains__, ietf=ietf)
            yield wire.update(wire.path(texts_of_way), wire.field(0x5A if ietf else 0x52, content))


def _now(leaf: Leaf, now_ns: int) -> Value:
    return leaf.value(now_ns) if callable(leaf.value) else leaf.value


def _is_of(parts: list[Element], data_type: int) -> bool:
    """Tell whether a leaf is of a data type: OpenConfig keeps configuration in containers called config."""
    return data_type == _ALL or (data_type == _CONFIG) == any(part.name == "config" for part in parts)


def _is_wild(path: str) -> bool:
    return any(
        part.name in (paths.ANY, paths.DEEP) or paths.ANY in part.keys.values() for part in paths.asked(path)
    )
