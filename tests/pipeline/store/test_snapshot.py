import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipeline.schema import LINK, MAC, NAME, TIME, current_schema
from pipeline.store import Commit, Position, Snapshot, Store
from pipeline.store.database import SNAPSHOT_TABLES
from tests.pipeline.store.facts import facts_of

Facts = Callable[[int, int], pl.DataFrame]
At = Callable[[int], Position]

STATE = pl.DataFrame(
    {
        "key": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
        "device": pl.Series(["leaf-1", None], dtype=NAME),
        "reason": pl.Series(["up", None], dtype=pl.Enum(["down", "up"])),
        "ring": pl.Series([[1, 2, 3], None], dtype=pl.Array(pl.Int64, 3)),
        "members": pl.Series([["leaf-1"], []], dtype=pl.List(NAME)),
        "blob": pl.Series([b"\x00\xff", None], dtype=pl.Binary),
        "since": pl.Series([0, None], dtype=TIME),
        "small": pl.Series([7, None], dtype=pl.UInt8),
        "part": pl.Series([0.1, None], dtype=pl.Float64),
        "held": pl.Series([timedelta(seconds=1), None], dtype=pl.Duration),
        "pair": pl.Series([{"a": 1, "b": "x"}, None], dtype=pl.Struct({"a": pl.Int32, "b": pl.String})),
    }
)


def macs(number: int) -> pl.DataFrame:
    schema = current_schema(MAC)
    mac = pl.int_range(number, dtype=pl.UInt64, eager=True)
    return pl.select(
        [(pl.lit(mac) if name == "mac" else pl.lit(None)).cast(of).alias(name) for name, of in schema.items()]
    )


def test_a_snapshot_comes_back_row_for_row_and_type_for_type(store: Store, position: At) -> None:
    positions = [replace(position(90), fabric="dc2"), position(9)]
    store.snapshot(Snapshot({"mac_current": macs(5)}, {"m2": STATE, "empty": STATE.clear()}, positions))
    loaded = store.load_snapshot()
    assert loaded is not None
    assert loaded.positions == positions[::-1]  # by fabric
    assert set(loaded.frames) == set(SNAPSHOT_TABLES)
    assert_frame_equal(loaded.frames["mac_current"], macs(5))
    assert_frame_equal(loaded.frames["link_current"], current_schema(LINK).to_frame())
    assert set(loaded.state) == {"m2", "empty"}
    assert_frame_equal(loaded.state["m2"], STATE)
    assert_frame_equal(loaded.state["empty"], STATE.clear())


def test_a_snapshot_keeps_the_order_of_rows(store: Store, position: At) -> None:
    rows = pl.DataFrame({"row": pl.int_range(200_000, eager=True).shuffle(seed=1)})
    store.snapshot(Snapshot({}, {"rows": rows}, [position(1)]))
    loaded = store.load_snapshot()
    assert loaded is not None
    assert_frame_equal(loaded.state["rows"], rows)


def test_a_snapshot_replaces_the_last_one_as_a_whole(store: Store, position: At) -> None:
    store.snapshot(Snapshot({"mac_current": macs(5)}, {"m2": STATE, "gone": STATE}, [position(1)]))
    store.snapshot(Snapshot({}, {"m2": pl.DataFrame({"other": ["columns"]})}, [position(2)]))
    loaded = store.load_snapshot()
    assert loaded is not None
    assert loaded.frames["mac_current"].is_empty()
    assert {name: rows.columns for name, rows in loaded.state.items()} == {"m2": ["other"]}
    assert loaded.positions == [position(2)]


def test_what_could_not_come_back_is_refused_and_the_last_snapshot_stays(store: Store, position: At) -> None:
    store.snapshot(Snapshot({"mac_current": macs(5)}, {"m2": STATE}, [position(1)]))
    for snapshot, error in (
        (Snapshot({"mac_event": macs(1)}, {}, [position(2)]), r"\['mac_event'\] can't be in a snapshot"),
        (Snapshot({"mac_current": macs(1).drop("mac")}, {}, [position(2)]), r"mac_current lack \['mac'\]"),
    ):
        with pytest.raises(ValueError, match=error):
            store.snapshot(snapshot)
    loaded = store.load_snapshot()
    assert loaded is not None
    assert (loaded.frames["mac_current"].height, loaded.positions) == (5, [position(1)])
    assert_frame_equal(loaded.state["m2"], STATE)


def test_snapshots_and_commits_run_side_by_side(store: Store, facts: Facts, position: At) -> None:
    failed: list[Exception] = []

    def snapshots() -> None:
        try:
            for number in range(20):
                store.snapshot(Snapshot({"mac_current": macs(1000)}, {"m2": STATE}, [position(number)]))
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            failed.append(error)

    thread = threading.Thread(target=snapshots)
    thread.start()
    for begin in range(0, 50_000, 1000):
        store.commit(Commit({"mac_event": facts(begin, begin + 1000)}, positions=[position(begin + 1000)]))
    thread.join()
    assert failed == []
    assert facts_of(store, "mac_event").equals(facts(0, 50_000))
    loaded = store.load_snapshot()
    assert loaded is not None
    assert loaded.positions == [position(19)]
