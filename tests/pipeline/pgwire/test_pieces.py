import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pgwire import answers
from pipeline.pgwire.pieces import NULL, Pieces, constant, data_rows, equally_long, joined, prefixed

VALUE = st.none() | st.binary(max_size=12)


def pieces(values: list[bytes | None]) -> Pieces:
    """Return the values with other bytes between them, and under nulls."""
    lengths = np.array([NULL if value is None else len(value) for value in values], np.int64)
    stored = [value or b"" for value in values]
    starts = np.cumsum([1, *(len(value) + 1 for value in stored)])[:-1] if values else np.zeros(0)
    return Pieces(np.frombuffer(b"?" + b"?".join(stored) + b"?", np.uint8), starts.astype(np.int64), lengths)


def values(found: Pieces) -> list[bytes | None]:
    return [
        None if length == NULL else found.data[start : start + length].tobytes()
        for start, length in zip(found.starts, found.lengths, strict=True)
    ]


ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[VALUE] * width), max_size=20))


@given(ROWS)
def test_rows_built_at_once_are_those_built_one_by_one(rows: list[tuple[bytes | None, ...]]) -> None:
    columns = [pieces(list(column)) for column in zip(*rows, strict=True)]
    assert data_rows(columns, len(rows)) == b"".join(answers.data_row(row) for row in rows)


@given(st.lists(VALUE, max_size=20))
def test_a_length_goes_before_each_value(given_values: list[bytes | None]) -> None:
    found = values(prefixed(pieces(given_values)))
    assert found == [
        b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4) + value for value in given_values
    ]


@given(st.lists(st.tuples(VALUE, VALUE), max_size=20))
def test_joined_null_adds_nothing(pairs: list[tuple[bytes | None, bytes | None]]) -> None:
    found = joined([pieces([left for left, _ in pairs]), pieces([right for _, right in pairs])])
    assert values(found) == [(left or b"") + (right or b"") for left, right in pairs]


def test_rows_without_columns_are_rows() -> None:
    assert data_rows([], 2) == answers.data_row([]) * 2


def test_what_is_equally_long_lies_in_memory_as_it_is() -> None:
    assert values(equally_long(np.array([1, -2], ">i2"))) == [b"\0\1", b"\xff\xfe"]
    assert values(constant(b"ab", 2)) == [b"ab", b"ab"]
