"""Numbers and slices of a buffer, read side by side."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode.octets import Octets

numbers = st.one_of(st.integers(min_value=0, max_value=2**64 - 1), st.integers(min_value=0, max_value=300))


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def places(pieces: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.array([len(piece) for piece in pieces], dtype=np.int64)
    return np.cumsum(sizes) - sizes, sizes


@given(st.lists(numbers))
def test_numbers_of_up_to_64_bits_are_read(told: list[int]) -> None:
    pieces = [varint(number) for number in told]
    start, sizes = places(pieces)
    read, behind = Octets.of(b"".join(pieces)).varints(start)
    assert read.tolist() == told
    assert behind.tolist() == (start + sizes).tolist()


def test_a_number_that_does_not_end_ends_where_it_begins() -> None:
    _, behind = Octets.of(b"\xff" * 11).varints(np.array([0]))
    assert behind.tolist() == [0]


@given(st.lists(st.integers(min_value=0, max_value=2**21)))
def test_lengths_are_read_like_numbers(told: list[int]) -> None:
    pieces = [varint(number) for number in told]
    start, sizes = places(pieces)
    octets = Octets.of(b"".join(pieces) + bytes(2**21))
    read, behind = octets.lengths(start)
    assert (read.tolist(), behind.tolist()) == (told, (start + sizes).tolist())


def test_a_length_beyond_the_buffer_stays_beyond_it() -> None:
    octets = Octets.of(varint(2**63))
    (length,), _ = octets.lengths(np.array([0]))
    assert length >= len(octets.data)


@given(st.lists(st.binary(max_size=40)))
def test_slices_of_any_length_are_the_bytes_there(pieces: list[bytes]) -> None:
    start, sizes = places(pieces)
    assert Octets.of(b"".join(pieces)).slices(start, sizes).to_list() == pieces


@given(st.lists(st.text(max_size=20)), st.lists(st.binary(max_size=20)))
def test_what_is_no_utf8_is_null_and_leaves_others_alone(texts: list[str], others: list[bytes]) -> None:
    pieces = [*(text.encode() for text in texts), *others]
    start, sizes = places(pieces)
    read = Octets.of(b"".join(pieces)).texts(start, sizes).to_list()
    assert read[: len(texts)] == texts
    for octets, text in zip(others, read[len(texts) :], strict=True):
        assert text is None or text.encode() == octets


def test_parts_stand_one_behind_the_other() -> None:
    octets = Octets.of(b"abc", np.frombuffer(b"defgh", dtype=np.uint8))
    assert octets.slices(np.array([2]), np.array([3])).to_list() == [b"cde"]
