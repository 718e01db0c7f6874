from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.captures import ROWS_PER_GROUP, SCHEMA, CaptureError, read_capture, write_capture
from collectors.records import StoredRecord

RECORDS = st.lists(
    st.builds(
        StoredRecord,
        offset=st.integers(0, 2**62),
        timestamp_ms=st.integers(0, 2**41),
        key=st.text(max_size=5),
        value=st.binary(max_size=9),
    ),
    max_size=20,
)


def records_in(path: Path) -> list[StoredRecord]:
    rows = [row for batch in read_capture(path) for row in batch.to_pylist()]
    return [
        StoredRecord(row["offset"], round(row["timestamp"].timestamp() * 1000), row["key"], row["value"])
        for row in rows
    ]


@given(records=RECORDS)
def test_what_is_written_is_read(
    records: list[StoredRecord], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("capture") / "capture.parquet"
    assert write_capture(path, iter(records)) == len(records)
    assert records_in(path) == records


def test_a_large_capture_is_read_in_portions(tmp_path: Path) -> None:
    path = tmp_path / "capture.parquet"
    write_capture(path, (StoredRecord(at, at, "k", b"v") for at in range(ROWS_PER_GROUP + 1)))
    assert [len(batch) for batch in read_capture(path)] == [ROWS_PER_GROUP, 1]
    assert all(batch.schema == SCHEMA for batch in read_capture(path))


def test_the_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "capture.parquet"
    write_capture(path, [])
    written = pq.read_schema(path)
    assert {field.name: str(field.type) for field in written} == {
        "offset": "int64",
        "timestamp": "timestamp[ms, tz=UTC]",
        "key": "string",
        "value": "binary",
    }


def test_a_failure_leaves_no_file_and_keeps_the_former(tmp_path: Path) -> None:
    path = tmp_path / "capture.parquet"
    write_capture(path, [StoredRecord(0, 1, "k", b"v")])

    def broken() -> object:
        yield StoredRecord(0, 2, "k", b"w")
        raise RuntimeError("torn")

    with pytest.raises(RuntimeError, match="torn"):
        write_capture(path, broken())  # type: ignore[arg-type]  # a generator that fails
    assert [it.name for it in tmp_path.iterdir()] == ["capture.parquet"]
    assert records_in(path) == [StoredRecord(0, 1, "k", b"v")]


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(CaptureError, match=r"notes\.txt is no Parquet file"):
        list(read_capture(path))
    with pytest.raises(CaptureError, match="nowhere"):
        list(read_capture(tmp_path / "nowhere"))


def test_missing_and_wrong_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"offset": pa.array([1], pa.int32()), "key": ["a"]}), path)
    with pytest.raises(
        CaptureError, match=r"offset \(int64, not int32\), timestamp .*missing.*value"
    ) as refused:
        list(read_capture(path))
    assert "key (" not in str(refused.value)


def test_columns_may_stand_in_another_order(tmp_path: Path) -> None:
    path = tmp_path / "capture.parquet"
    table = pa.table(
        [[b"v"], ["k"], pa.array([5], pa.timestamp("ms", "UTC")), [0]],
        names=["value", "key", "timestamp", "offset"],
    )
    pq.write_table(table, path)
    assert records_in(path) == [StoredRecord(0, 5, "k", b"v")]


def test_nulls_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "capture.parquet"
    pq.write_table(pa.table([[0], [None], [None], [b""]], schema=SCHEMA), path)
    with pytest.raises(CaptureError, match="nulls in timestamp, key"):
        list(read_capture(path))
