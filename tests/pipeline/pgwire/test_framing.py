import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.pgwire.framing import (
    HEAD_BYTES,
    MAX_BYTES,
    MAX_STARTUP_BYTES,
    MAX_UNKNOWN_BYTES,
    decode,
    decode_startup,
    length,
    startup_length,
)
from pipeline.pgwire.messages import (
    Bind,
    Cancel,
    Close,
    Describe,
    Encryption,
    Execute,
    First,
    Flush,
    Message,
    Parse,
    Password,
    Query,
    Startup,
    Sync,
    Terminate,
)
from pipeline.pgwire.refusal import FEATURE_NOT_SUPPORTED, PROTOCOL_VIOLATION, RefusalError

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBER = st.integers(0, (1 << 31) - 1)
FORMATS = st.lists(st.sampled_from([0, 1]), max_size=5).map(tuple)
VALUES = st.lists(st.none() | st.binary(max_size=40), max_size=5).map(tuple)


def formats_for(values: tuple[bytes | None, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    sizes = st.sampled_from([0, 1, len(values)])
    return sizes.flatmap(lambda size: st.lists(st.sampled_from([0, 1]), min_size=size, max_size=size)).map(
        tuple
    )


BIND = VALUES.flatmap(
    lambda values: st.builds(Bind, TEXT, TEXT, formats_for(values), st.just(values), FORMATS)
)
MESSAGE = st.one_of(
    st.builds(Query, TEXT),
    st.builds(Password, st.binary()),
    st.builds(Parse, TEXT, TEXT, st.lists(st.integers(0, (1 << 32) - 1)).map(tuple)),
    BIND,
    st.builds(Describe, st.sampled_from("SP"), TEXT),
    st.builds(Close, st.sampled_from("SP"), TEXT),
    st.builds(Execute, TEXT, NUMBER),
    st.sampled_from([Sync(), Flush(), Terminate()]),
)


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def numbers(layout: str, values: tuple[int, ...]) -> bytes:
    return struct.pack(f"!H{len(values)}{layout}", len(values), *values)


def bound(message: Bind) -> bytes:
    values = [b"\xff" * 4 if it is None else struct.pack("!i", len(it)) + it for it in message.values]
    named = text(message.portal) + text(message.statement) + numbers("h", message.formats)
    return named + struct.pack("!H", len(values)) + b"".join(values) + numbers("h", message.result_formats)


WRITERS: dict[type[Message], tuple[bytes, Callable[[Any], bytes]]] = {
    Query: (b"Q", lambda it: text(it.text)),
    Password: (b"p", lambda it: it.data),
    Parse: (b"P", lambda it: text(it.name) + text(it.text) + numbers("I", it.types)),
    Bind: (b"B", bound),
    Describe: (b"D", lambda it: it.kind.encode() + text(it.name)),
    Close: (b"C", lambda it: it.kind.encode() + text(it.name)),
    Execute: (b"E", lambda it: text(it.portal) + struct.pack("!i", it.max_rows)),
    Sync: (b"S", lambda _: b""),
    Flush: (b"H", lambda _: b""),
    Terminate: (b"X", lambda _: b""),
}


def sent(message: Message) -> tuple[bytes, bytes]:
    """Return kind and body as a client writes them."""
    kind, body = WRITERS[type(message)]
    return kind, body(message)


def decoded(kind: bytes, body: bytes) -> Message | str:
    """Return the message, or why there is none."""
    try:
        return decode(kind, body)
    except RefusalError as error:
        return error.sqlstate


def first(body: bytes) -> First | str:
    try:
        return decode_startup(body)
    except RefusalError as error:
        return error.sqlstate


@given(MESSAGE)
def test_what_a_client_means_is_what_is_read(message: Message) -> None:
    kind, body = sent(message)
    assert decode(kind, body) == message


@given(MESSAGE, st.data())
def test_a_body_cut_or_lengthened_is_refused(message: Message, data: Any) -> None:
    kind, body = sent(message)
    if kind == b"p":
        return  # any bytes are a password
    cut = data.draw(st.integers(0, len(body) - 1)) if body else None
    for broken in [body + b"\1", *([] if cut is None else [body[:cut]])]:
        with pytest.raises(RefusalError) as refused:
            decode(kind, broken)
        assert refused.value.sqlstate == PROTOCOL_VIOLATION


@given(st.sampled_from([bytes([kind]) for kind in b"QPBDCEpSHXFdcf?"]), st.binary(max_size=200))
@example(b"B", b"\0\0\xff\xff")
@example(b"P", b"\0\0\xff\xff")
@example(b"B", b"\0\0\0\0\0\1\x7f\xff\xff\xff")
def test_garbage_is_a_message_or_refused(kind: bytes, body: bytes) -> None:
    found = decoded(kind, body)
    if isinstance(found, str):
        assert found in {PROTOCOL_VIOLATION, FEATURE_NOT_SUPPORTED}
    elif not isinstance(found, Execute):  # whose negative numbers are read as none
        assert sent(found) == (kind, body)


@given(st.binary(max_size=100))
def test_a_garbled_first_message_is_one_or_refused(body: bytes) -> None:
    found = first(body)
    refused = {PROTOCOL_VIOLATION, FEATURE_NOT_SUPPORTED}
    assert found in refused if isinstance(found, str) else isinstance(found, Encryption | Cancel | Startup)


@given(st.dictionaries(TEXT.filter(bool), TEXT), st.integers(0, 0xFFFF))
def test_a_session_begins_with_its_parameters(parameters: dict[str, str], minor: int) -> None:
    body = struct.pack("!i", 3 << 16 | minor)
    body += b"".join(text(name) + text(value) for name, value in parameters.items()) + b"\0"
    assert decode_startup(body) == Startup(minor, parameters)


def test_encryption_is_asked_for_by_tls_and_by_gssapi() -> None:
    assert decode_startup(struct.pack("!i", 80877103)) == Encryption(gss=False)
    assert decode_startup(struct.pack("!i", 80877104)) == Encryption(gss=True)


@pytest.mark.parametrize("key", [b"1234", bytes(range(32))], ids=["3.0", "3.2"])
def test_a_cancel_names_process_and_key(key: bytes) -> None:
    assert decode_startup(struct.pack("!ii", 80877102, 7) + key) == Cancel(7, key)


@pytest.mark.parametrize("version", [2 << 16, 4 << 16, 0, -1, int.from_bytes(b"GET ")])
def test_another_protocol_is_refused(version: int) -> None:
    with pytest.raises(RefusalError, match=r"is not spoken here: 3\.0 is"):
        decode_startup(struct.pack("!i", version))


@pytest.mark.parametrize("said", [-1, 0, 3, MAX_STARTUP_BYTES + 1, 0x7FFFFFFF])
def test_a_first_message_of_no_such_length_is_refused(said: int) -> None:
    with pytest.raises(RefusalError, match=f"says it is {said} bytes long"):
        startup_length(struct.pack("!i", said))


def test_lengths_count_themselves() -> None:
    assert startup_length(struct.pack("!i", 4)) == 0
    assert startup_length(struct.pack("!i", MAX_STARTUP_BYTES)) == MAX_STARTUP_BYTES - 4
    assert length(struct.pack("!ci", b"S", 4), known=True) == 0
    assert len(struct.pack("!ci", b"S", 4)) == HEAD_BYTES


@pytest.mark.parametrize(("known", "limit"), [(True, MAX_BYTES), (False, MAX_UNKNOWN_BYTES)])
def test_who_has_not_logged_in_may_say_little(known: bool, limit: int) -> None:
    assert length(struct.pack("!ci", b"Q", limit), known=known) == limit - 4
    with pytest.raises(RefusalError, match=f"the limit is {limit}"):
        length(struct.pack("!ci", b"Q", limit + 1), known=known)


@pytest.mark.parametrize("kind", [b"\x16", b"G", b"\0", b"\xff", b"R"])
def test_a_kind_that_does_not_exist_is_refused_by_its_head(kind: bytes) -> None:
    with pytest.raises(RefusalError, match="there is no message of kind"):
        length(struct.pack("!ci", kind, 10), known=True)


@pytest.mark.parametrize("kind", [b"F", b"d", b"c", b"f"])
def test_copy_and_function_calls_are_known_and_not_taken(kind: bytes) -> None:
    assert length(struct.pack("!ci", kind, 4), known=True) == 0
    with pytest.raises(RefusalError) as refused:
        decode(kind, b"")
    assert refused.value.sqlstate == FEATURE_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("formats", "values"), [((2,), (b"a",)), ((0, 1), (b"a", b"b", b"c")), ((0, 0), ()), ((-1,), (None,))]
)
def test_formats_that_fit_no_parameters_are_refused(
    formats: tuple[int, ...], values: tuple[bytes | None, ...]
) -> None:
    with pytest.raises(RefusalError, match="format"):
        decode(*sent(Bind("", "", formats, values, ())))


def test_a_negative_limit_of_rows_is_none_as_in_postgresql() -> None:
    assert decode(b"E", b"\0" + struct.pack("!i", -5)) == Execute("", 0)
