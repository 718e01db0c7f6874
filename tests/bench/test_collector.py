"""The collector bench: what it says and what it counts are the same updates."""

from pathlib import Path

import orjson
import pytest
from pygnmi.spec.v080 import gnmi_pb2

from bench.arena import LATE_S, Step
from bench.contenders import inventory, telegraf_settings, updates_in_line, updates_in_record
from bench.fleet import Fleet
from bench.gnmi_messages import LEAVES, MACS, messages, packed
from bench.usage import cpu_s, rss_mib
from collectors.inventory_file import read_inventory
from collectors.profiles import profile
from collectors.records import Kind, Record, encode_record

STEP = Step(
    messages_per_s=1_000,
    updates=5_000,
    lost=0,
    unsaid=0,
    late_s=0.0,
    behind_s=0.0,
    lost_rpcs=0,
    cpu_s=0.5,
    wall_s=1.0,
    rss_mib=80,
)


def changed(**fields: float) -> Step:
    return Step(**{**STEP.__dict__, **fields})


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    served = Fleet(2, tmp_path)
    served.ports = [50_001, 50_002]
    return served


@pytest.mark.parametrize("entries", [1, 10])
def test_each_message_changes_as_many_entries_as_asked_for(entries: int) -> None:
    said = list(messages(entries))
    sizes = {len(gnmi_pb2.SubscribeResponse.FromString(one).update.update) for one in said}
    assert (len(said), sizes) == (MACS // entries, {entries * LEAVES})


def test_packed_messages_lie_behind_their_lengths() -> None:
    assert packed(iter([b"ab", b"", b"c" * 300])) == b"\0\0\0\2ab\0\0\0\0\0\0\1\x2c" + b"c" * 300


def test_updates_of_the_load_are_counted_and_no_others() -> None:
    message = next(messages(10))
    values = [
        encode_record(Record(kind=Kind.RESPONSE, family=family, response=message))
        for family in ("mac", "liveness")
    ]
    sync = encode_record(Record(kind=Kind.RESPONSE, family="mac", response=b"\x18\x01"))
    tick = encode_record(Record(kind=Kind.TICK))
    assert [updates_in_record(value) for value in (*values, sync, tick)] == [50, 0, 0, 0]


@pytest.mark.parametrize(
    ("line", "updates"),
    [
        (b"mac,name=bd-10010,path=/a\\ b state/l2_vni=10010i 1790000000000000000\n", 1),
        (b'mac,name=bd producer="LOCAL",seq_number=3i,sticky=false,esi="00:00" 1790000000000000000\n', 4),
        (b'liveness,source=127.0.0.1 current_datetime="2026" 1\n', 0),
        (b"macro,name=bd a=1i 1\n", 0),
    ],
)
def test_fields_of_a_line_are_counted(line: bytes, updates: int) -> None:
    assert updates_in_line(line) == updates


def test_the_inventory_of_the_bench_is_one(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_bytes(inventory(fleet, "f"))
    assert orjson.loads(path.read_bytes())["targets"].keys() == read_inventory(path).targets.keys()
    assert {one.endpoint for one in read_inventory(path).targets.values()} == {
        "127.0.0.1:50001",
        "127.0.0.1:50002",
    }


def test_the_peer_subscribes_to_every_path_of_the_profile(fleet: Fleet) -> None:
    text = telegraf_settings(fleet, "127.0.0.1:9092", "f")
    wanted = {path for one in profile("openconfig").subscriptions for path in one.paths}
    assert {line.partition('"')[2][:-1] for line in text.splitlines() if line.startswith("path = ")} == wanted


def test_cpu_and_memory_are_read_past_a_name_with_brackets() -> None:
    stat = "7 (a) b) S " + " ".join(["0"] * 10) + " 150 50 0 0"
    assert cpu_s(stat) == pytest.approx(2.0)
    assert rss_mib("Name:\ta\nVmRSS:\t   2048 kB\n") == 2.0


def test_a_step_is_followed_until_something_is_lost_or_late() -> None:
    assert STEP.followed
    assert changed(late_s=LATE_S * 0.99).followed
    broken = ({"late_s": LATE_S}, {"behind_s": LATE_S}, {"lost": 1}, {"lost_rpcs": 1})
    assert not any(changed(**fields).followed for fields in broken)


def test_cores_and_cost_are_those_of_the_time_until_all_was_there() -> None:
    step = changed(cpu_s=1.5, wall_s=1.5)
    assert step.cores == 1.0
    assert step.cpu_us == pytest.approx(300)
    assert changed(lost=500, wall_s=2.0).updates_per_s == 2_250
