from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from targets.gnmi import paths, wire
from targets.gnmi.wire import Encoding
from targets.tree import Value, entry
from tests.targets.gnmi import client, trees

_texts = st.text(st.characters(codec="utf-8", exclude_characters="/[]=\\"), min_size=1, max_size=200)
_keys = st.dictionaries(_texts, st.text(max_size=200), max_size=3)
_elements = st.builds(lambda name, keys: paths.of(name, keys).text, _texts, _keys)


def generated_value(value: Value) -> Any:
    made = gnmi_pb2.TypedValue()
    if isinstance(value, tuple):
        made.leaflist_val.element.extend(generated_value(item) for item in value)
        made.leaflist_val.SetInParent()
    elif isinstance(value, bool):
        made.bool_val = value
    elif isinstance(value, int):
        made.uint_val = value
    elif isinstance(value, bytes):
        made.bytes_val = value
    else:
        made.string_val = value
    return made


@given(
    time_ns=st.integers(0, 2**63 - 1),
    prefix=st.lists(_elements, max_size=3),
    updates=st.lists(st.tuples(st.lists(_elements, max_size=3), trees.values), max_size=3),
    deletes=st.lists(st.lists(_elements, max_size=3), max_size=3),
    target=st.text(max_size=5),
    origin=st.sampled_from(("", "openconfig")),
    atomic=st.booleans(),
)
def test_messages_are_those_of_the_generated_classes(
    *,
    time_ns: int,
    prefix: list[str],
    updates: list[tuple[list[str], Value]],
    deletes: list[list[str]],
    target: str,
    origin: str,
    atomic: bool,
) -> None:
    def generated_path(texts: list[str]) -> Any:
        return client.path("".join(f"/{text}" for text in texts))

    response = gnmi_pb2.SubscribeResponse()
    told = response.update
    told.SetInParent()
    told.timestamp = time_ns
    told.atomic = atomic
    if prefix or target or origin:
        told.prefix.CopyFrom(generated_path(prefix))
        told.prefix.target, told.prefix.origin = target, origin
    for texts, value in updates:
        told.update.add(path=generated_path(texts), val=generated_value(value))
    told.delete.extend(map(generated_path, deletes))

    made = wire.notification(
        time_ns,
        wire.prefix("".join(f"/{text}" for text in prefix), target, origin),
        b"".join(
            wire.update(wire.path(texts), wire.value(value, Encoding.PROTO)) for texts, value in updates
        ),
        b"".join(map(wire.delete, deletes)),
        atomic=atomic,
    )
    assert gnmi_pb2.SubscribeResponse.FromString(wire.response(made)) == response
    assert len(wire.response(made)) == response.ByteSize()


def test_a_sync_is_one() -> None:
    assert gnmi_pb2.SubscribeResponse(sync_response=True).SerializeToString() == wire.SYNC


@pytest.mark.parametrize(
    ("value", "wide", "spelled"),
    [
        ("up", False, b'"up"'),
        (True, False, b"true"),
        (7, False, b"7"),
        (7, True, b'"7"'),
        (2**32 - 1, False, b"4294967295"),
        (2**32, False, b'"4294967296"'),
        (b"\x00\xff", False, b'"AP8="'),
        ((1, "a"), False, b'[1,"a"]'),
        ((1, 2), True, b'["1","2"]'),
        ((), False, b"[]"),
    ],
)
def test_json_ietf_spells_as_rfc_7951(value: Value, wide: bool, spelled: bytes) -> None:
    told = gnmi_pb2.TypedValue.FromString(wire.value(value, Encoding.JSON_IETF, wide=wide))
    assert told.json_ietf_val == spelled


def test_json_leaves_numbers_as_they_are() -> None:
    told = gnmi_pb2.TypedValue.FromString(wire.value(2**64 - 1, Encoding.JSON, wide=True))
    assert told.json_val == b"18446744073709551615"


@pytest.mark.parametrize("value", [-1, 2**64])
def test_a_number_that_is_no_unsigned_one_of_64_bits_is_an_error(value: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        wire.value(value, Encoding.PROTO)


@given(st.lists(st.tuples(_texts, _keys), max_size=4))
def test_elements_read_back_from_their_text(parts: list[tuple[str, dict[str, str]]]) -> None:
    texts = [paths.of(name, keys).text for name, keys in parts]
    path = "".join(f"/{text}" for text in texts)
    assert paths.split(path) == texts
    assert [(it.name, it.keys) for it in paths.elements(path)] == parts
    if texts:
        assert paths.parent(path) == ("".join(f"/{text}" for text in texts[:-1]), texts[-1])


@pytest.mark.parametrize(
    "text", ["interfaces", "/a//b", "/a[k]", "/a[k=1", "/a]b", "/", "/a[k=\\]", "/[k=1]", "/a[k=1]b"]
)
def test_text_that_is_no_path_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no path"):
        paths.elements(text)


def test_keys_in_any_order_are_the_same_element() -> None:
    assert paths.element("e[b=1][a=2]") == paths.element("e[a=2][b=1]")
    assert entry("e", b="1", a="2") != paths.element("e[b=1][a=2]").text
