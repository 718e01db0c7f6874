import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pgwire import answers
from pipeline.pgwire.answers import Field
from pipeline.pgwire.refusal import RefusalError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def body(message: bytes, kind: bytes) -> bytes:
    """Return the body of the one message there is."""
    assert message[:1] == kind
    (length,) = struct.unpack("!i", message[1:5])
    assert length == len(message) - 1
    return message[5:]


def texts(data: bytes) -> list[str]:
    assert data.endswith(b"\0")
    return [part.decode() for part in data[:-1].split(b"\0")]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (answers.PARSE_COMPLETE, b"1"),
        (answers.BIND_COMPLETE, b"2"),
        (answers.CLOSE_COMPLETE, b"3"),
        (answers.NO_DATA, b"n"),
        (answers.EMPTY_QUERY, b"I"),
        (answers.PORTAL_SUSPENDED, b"s"),
    ],
)
def test_messages_without_a_body_have_none(message: bytes, kind: bytes) -> None:
    assert body(message, kind) == b""


def test_authentication_is_told_by_its_number() -> None:
    assert body(answers.AUTHENTICATED, b"R") == struct.pack("!i", 0)
    assert body(answers.sasl(["SCRAM-SHA-256"]), b"R") == struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"
    assert body(answers.sasl_continue(b"r=x"), b"R") == struct.pack("!i", 11) + b"r=x"
    assert body(answers.sasl_final(b"v=x"), b"R") == struct.pack("!i", 12) + b"v=x"


@given(st.lists(st.none() | st.binary(max_size=50), max_size=20))
def test_rows_hold_their_values(values: list[bytes | None]) -> None:
    data = body(answers.data_row(values), b"D")
    (count,) = struct.unpack_from("!H", data)
    read: list[bytes | None] = []
    position = 2
    for _ in range(count):
        (size,) = struct.unpack_from("!i", data, position)
        position += 4
        read.append(None if size == -1 else data[position : position + size])
        position += max(size, 0)
    assert read == values
    assert position == len(data)


FIELD = st.builds(Field, TEXT, st.integers(0, 5000), st.sampled_from([-1, 4, 8]), st.integers(-1, 1 << 20))


@given(st.lists(FIELD, max_size=20))
def test_columns_are_described(fields: list[Field]) -> None:
    data = body(answers.row_description(fields), b"T")
    read, position = [], 2
    while position < len(data):
        end = data.index(b"\0", position)
        table, column, oid, size, modifier, form = struct.unpack_from("!IhIhih", data, end + 1)
        assert (table, column) == (0, 0)
        read.append(Field(data[position:end].decode(), oid, size, modifier, form))
        position = end + 19
    assert read == fields
    assert struct.unpack_from("!H", data) == (len(fields),)


def test_an_error_tells_state_sentence_and_place() -> None:
    data = body(answers.error(RefusalError("42601", "no", 7)), b"E")
    assert texts(data[:-1]) == ["SERROR", "VERROR", "C42601", "Mno", "P7"]
    data = body(answers.error(RefusalError("28P01", "no"), "FATAL"), b"E")
    assert texts(data[:-1]) == ["SFATAL", "VFATAL", "C28P01", "Mno"]


def test_what_a_message_quotes_cannot_end_its_field() -> None:
    data = body(answers.error(RefusalError("42P01", "a\0C00000\0\ud800")), b"E")
    assert [text[:1] for text in texts(data[:-1])] == ["S", "V", "C", "M"]


def test_a_notice_is_a_warning() -> None:
    assert texts(body(answers.notice("cut"), b"N")[:-1]) == ["SWARNING", "VWARNING", "C01000", "Mcut"]


def test_small_messages() -> None:
    assert body(answers.ready("T"), b"Z") == b"T"
    assert body(answers.command_complete("SELECT 3"), b"C") == b"SELECT 3\0"
    assert body(answers.parameter_status("TimeZone", "UTC"), b"S") == b"TimeZone\0UTC\0"
    assert body(answers.backend_key(7, b"abcd"), b"K") == struct.pack("!i", 7) + b"abcd"
    assert body(answers.parameter_description([23, 25]), b"t") == struct.pack("!HII", 2, 23, 25)
    assert body(answers.negotiate_version(0, ["_pq_.x"]), b"v") == struct.pack("!ii", 0, 1) + b"_pq_.x\0"
