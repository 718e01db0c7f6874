"""Paths without reading each: layouts against a protobuf library, path by path."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pygnmi.spec.v080 import gnmi_pb2

from pipeline.decode.octets import Octets
from pipeline.decode.paths import MalformedPathError, Paths, by_code, read_path
from tests.pipeline.decode.said import Element, fill

elements = st.lists(
    st.tuples(
        st.sampled_from(["interfaces", "interface", "state", "oc:state", ""]),
        st.dictionaries(st.sampled_from(["name", "index"]), st.text(max_size=14), max_size=2),
    ),
    max_size=6,
)


def paths_of(raw: list[bytes]) -> Paths:
    sizes = np.array([len(one) for one in raw], dtype=np.int64)
    return Paths(Octets.of(b"".join(raw)), np.cumsum(sizes) - sizes, sizes)


@given(st.lists(st.tuples(st.sampled_from(["", "openconfig"]), elements), max_size=12))
def test_shapes_and_keys_are_those_of_each_path(told: list[tuple[str, list[Element]]]) -> None:
    raw = [fill(gnmi_pb2.Path(origin=origin), path).SerializeToString() for origin, path in told]
    paths = paths_of(raw)

    assert not paths.malformed.any()
    for row, (origin, _) in enumerate(told):
        parsed = gnmi_pb2.Path.FromString(raw[row])
        keys = read_path(raw[row]).elements
        assert paths.shapes[paths.shape[row]] == (origin, keys)
        assert [(name, set(of)) for name, of in keys] == [(one.name, set(one.key)) for one in parsed.elem]
        values = [one.key[key] for one, (_, of) in zip(parsed.elem, keys, strict=True) for key in of]
        assert [paths.key(np.array([row]), at)[0] for at in range(len(values))] == values


@given(st.lists(elements, min_size=2, max_size=8), st.integers(min_value=1, max_value=3))
def test_codes_are_equal_where_the_first_elements_are(told: list[list[Element]], count: int) -> None:
    told = [path for path in told if len(path) >= count]
    assume(told)
    raw = [fill(gnmi_pb2.Path(), path).SerializeToString(deterministic=True) for path in told]
    codes = paths_of(raw).codes(np.arange(len(raw)), count).tolist()
    for one in range(len(told)):
        for other in range(len(told)):
            assert (codes[one] == codes[other]) == (told[one][:count] == told[other][:count])


def test_paths_that_differ_in_one_octet_of_a_name_have_two_shapes() -> None:
    raw = [
        fill(gnmi_pb2.Path(), [(name, {"name": "x"})]).SerializeToString() for name in ("statE", "state")
    ] * 3
    assert [paths_of(raw).shapes[at][1][0][0] for at in paths_of(raw).shape] == ["statE", "state"] * 3


def test_many_layouts_of_one_signature_are_told_apart() -> None:
    names = [f"e{number:04}" for number in range(200)] * 2
    paths = paths_of([fill(gnmi_pb2.Path(), [(name, {})]).SerializeToString() for name in names])
    assert [paths.shapes[at][1][0][0] for at in paths.shape] == names


def test_a_path_of_many_elements_is_read_to_its_end() -> None:
    told = [(f"e{number}", {"k": str(number)}) for number in range(100)]
    raw = fill(gnmi_pb2.Path(), told).SerializeToString()
    paths = paths_of([raw, raw])
    assert paths.key(np.array([1]), 99).to_list() == ["99"]


def test_fields_that_are_not_read_are_passed_over() -> None:
    path = gnmi_pb2.Path(target="leaf1", element=["old"])
    raw = (
        fill(path, [("interfaces", {})]).SerializeToString() + b"\x28\x05\x31" + bytes(8) + b"\x3d" + bytes(4)
    )
    assert read_path(raw).elements == (("interfaces", ()),)


@pytest.mark.parametrize(
    "raw",
    [b"\x1a", b"\x1a\x05ab", b"\x1a\x03\x0a\x05a", b"\x0b", b"\xff" * 11, b"\x1a\x03\x0a\x01\xff", b"\x31ab"],
)
def test_what_is_no_path_is_malformed_and_leaves_others_alone(raw: bytes) -> None:
    good = fill(gnmi_pb2.Path(), [("interfaces", {})]).SerializeToString()
    paths = paths_of([good, raw, good])
    with pytest.raises(MalformedPathError):
        read_path(raw)
    assert paths.malformed.tolist() == [False, True, False]
    assert paths.shapes[paths.shape[2]] == ("", (("interfaces", ()),))


@given(st.lists(st.integers(min_value=0, max_value=5)))
def test_rows_of_a_code_are_all_there_in_order(codes: list[int]) -> None:
    found = by_code(np.array(codes, dtype=np.int64))
    ordered = groupby(
        sorted(range(len(codes)), key=lambda row: (codes[row], row)), key=lambda row: codes[row]
    )
    assert [rows.tolist() for rows in found] == [list(rows) for _, rows in ordered]
