"""The benchmarks' stream: what it says is what its truth says, in the bytes a collector would write."""

import itertools

import numpy as np
import pytest
from pygnmi.spec.v080 import gnmi_pb2

from bench.encoding import count_before
from bench.messages import Hole, element, response, template, varints
from bench.script import Layout
from bench.stream import FLAPPING, LEAVING, Load, Stream
from collectors.records import Kind, Record, decode_record, encode_record
from pipeline.decode import decode

LAYOUTS: tuple[Layout, ...] = ("entries", "leaves", "single")


def small(layout: Layout, **changed: int) -> Load:
    return Load(**{"macs": 2_000, "records": 600, "layout": layout, "keys": 1_000, **changed})  # type: ignore[arg-type]  # mixed values


def records_of(stream: Stream) -> list[tuple[str, int, Record]]:
    batches = stream.batches(5_000)
    return [
        (key, timestamp, decode_record(value))
        for batch in batches
        for key, timestamp, value in zip(batch.keys, batch.timestamps_ms.tolist(), batch.values, strict=True)
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_stream_has_as_many_records_and_updates_as_its_truth_says(layout: Layout) -> None:
    stream = Stream(small(layout))
    updates = 0
    records = records_of(stream)
    for _, _, record in records:
        notification = gnmi_pb2.SubscribeResponse.FromString(record.response).update
        updates += len(notification.update) + len(notification.delete)
    assert (len(records), updates) == (stream.truth.records, stream.truth.updates)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_record_is_encoded_as_a_collector_encodes_it(layout: Layout) -> None:
    stream = Stream(small(layout))
    for batch in stream.batches(5_000):
        for value in batch.values:
            assert encode_record(decode_record(value)) == value


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_response_is_what_protobuf_writes(layout: Layout) -> None:
    for _, _, record in records_of(Stream(small(layout))):
        message = gnmi_pb2.SubscribeResponse.FromString(record.response)
        assert message.SerializeToString(deterministic=True) == record.response


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_of_it_can_be_read_and_every_path_but_liveness_has_a_meaning(layout: Layout) -> None:
    for batch in Stream(small(layout)).batches(10_000):
        decoded = decode(batch)
        assert decoded.dead.is_empty()
        assert set(decoded.unmapped["path"].to_list()) <= {"/system/state/current-datetime"}


def test_sessions_count_their_records_without_holes_and_times_never_run_back() -> None:
    records = records_of(Stream(small("entries")))
    times = [timestamp for _, timestamp, _ in records]
    assert times == sorted(times)
    seen: dict[str, int] = {}
    for _, _, record in records:
        if record.kind is not Kind.TICK:
            assert record.seq == seen.get(record.session, -1) + 1
            seen[record.session] = record.seq
    assert len(seen) == 2 * 4 + 10 * 5


def test_the_same_seed_gives_the_same_bytes_whatever_the_batches() -> None:
    one, two = (list(Stream(small("entries")).batches(size)) for size in (700, 10_000))
    assert list(itertools.chain.from_iterable(batch.values for batch in one)) == list(
        itertools.chain.from_iterable(batch.values for batch in two)
    )
    other = Stream(small("entries", seed=1)).batches(10_000)
    assert next(iter(other)).values != two[0].values


def test_ten_updates_are_ten_entries_or_two() -> None:
    for layout, slots in (("entries", 10), ("leaves", 2)):
        stream = Stream(small(layout))  # type: ignore[arg-type]  # a tuple of literals
        steady = records_of(stream)[stream.truth.dumped :]
        entries = [
            {
                bytes(elem.SerializeToString(deterministic=True))
                for update in message.update
                for elem in update.path.elem[:2]
            }
            for _, _, record in steady
            if record.family == "routes"
            and len((message := gnmi_pb2.SubscribeResponse.FromString(record.response).update).update) == 10
        ]
        assert max(map(len, entries)) == slots + 1  # and the element above them


def test_a_window_of_steady_change_has_as_many_macs_as_were_asked_for() -> None:
    stream = Stream(small("entries", records=6_000, moving=0))
    macs = {
        elem.key["mac-address"]
        for _, _, record in records_of(stream)[stream.truth.dumped :][:5_000]
        for update in gnmi_pb2.SubscribeResponse.FromString(record.response).update.update
        for elem in update.path.elem
        if "mac-address" in elem.key
    }
    assert 1_000 <= len(macs) <= 1_000 + FLAPPING


@pytest.mark.parametrize(
    "load",
    [
        small("entries", macs=2_100),
        small("entries", macs=1_000_200),
        small("entries", keys=900),
        small("entries", keys=40_000),
        small("entries", records=2_000_000),
    ],
    ids=["odd", "too many", "too few keys", "too many keys", "too many moves"],
)
def test_a_load_that_makes_no_sense_is_refused(load: Load) -> None:
    with pytest.raises(ValueError, match=r"MACs|keys|moves"):
        Stream(load)


def test_every_mac_but_those_that_left_is_somewhere_at_the_end() -> None:
    assert Stream(small("entries")).truth.located == 2_000 - LEAVING


def test_a_filled_template_is_the_message_with_its_values() -> None:
    mac, attr = Hole("mac", 1), Hole("attr", 0)
    form = template((element("a"),), [((element("b", mac_address=mac),), attr)])
    filled = form.fill(
        {
            "time": varints(np.array([[1_800_000_000_000_000_000]]), 9),
            "target": np.frombuffer(b"leaf-10", dtype=np.uint8)[None, None],
            "mac": np.frombuffer(b"--unused slot-0--00:50:56:00:00:07", dtype=np.uint8).reshape(1, 2, 17),
            "attr": varints(np.array([[1_001]]), 2),
        }
    )
    path = (element("b", mac_address="00:50:56:00:00:07"),)
    assert filled.tobytes() == response(
        (element("a"),), "leaf-10", 1_800_000_000_000_000_000, [(path, 1_001)]
    )


@pytest.mark.parametrize(("value", "width"), [(127, 2), (128, 1), (16_383, 3), (16_384, 2), (-1, 1)])
def test_a_number_of_another_length_is_refused(value: int, width: int) -> None:
    with pytest.raises(ValueError, match="bytes as varints"):
        varints(np.array([value]), width)


def test_occurrences_are_counted_in_order() -> None:
    assert count_before(np.array([[3, 5], [3, 3], [5, 1]])).tolist() == [[0, 0], [1, 2], [1, 0]]
