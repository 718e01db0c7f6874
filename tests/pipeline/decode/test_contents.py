"""What sessions and operators declare: JSON that can't be used is a dead letter, and stops nothing."""

import numpy as np
import pytest

from collectors.records import Kind, Record, encode_record
from pipeline.batch import RawBatch
from pipeline.decode import decode
from pipeline.detectors.settings import Settings
from pipeline.job import Fabric

NOW_MS = 1_763_700_000_000


def batch(kind: Kind, json: bytes) -> RawBatch:
    record = Record(
        kind, recv_ns=NOW_MS * 1_000_000, json=json, session="1:a", family="routes", profile="openconfig"
    )
    return RawBatch(np.array([0]), np.array([NOW_MS]), ["leaf-1"], [encode_record(record)])


@pytest.mark.parametrize("kind", [Kind.START, Kind.END, Kind.FABRIC])
@pytest.mark.parametrize(
    ("json", "reason"),
    [
        (b"{", "no JSON: "),
        (b"[]", "no JSON object"),
        (b'{"labels":' + b"[" * 900 + b"]" * 900 + b"}", "nested too deep"),
        (b'{"role":' + b'{"a":' * 900 + b"1" + b"}" * 901, "nested too deep"),
    ],
)
def test_json_that_cannot_be_used_is_a_dead_letter_and_stops_no_replica(
    kind: Kind, json: bytes, reason: str
) -> None:
    told = batch(kind, json)
    decoded = decode(told)
    (found,) = decoded.dead["reason"]
    assert found.startswith(f"{kind.name.lower()}: ")
    assert reason in found
    fabric = Fabric("dc1", Settings())
    fabric.process(told, decoded)
    fabric.dump()


@pytest.mark.parametrize("json", [b"", b"{}", b'{"labels": {"a": [[["b"]]]}, "paths": [], "reason": null}'])
@pytest.mark.parametrize("kind", [Kind.START, Kind.END, Kind.FABRIC])
def test_what_declares_little_or_something_else_is_none(kind: Kind, json: bytes) -> None:
    told = batch(kind, json)
    decoded = decode(told)
    assert decoded.dead.is_empty()
    Fabric("dc1", Settings()).process(told, decoded)
