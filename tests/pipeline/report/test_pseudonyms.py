"""Other names: the same for the same, told apart by nobody, none left over."""

import json
import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report.permuted import mixed, prefixes_kept
from pipeline.report.pseudonymised import learn, pseudonymised
from pipeline.report.pseudonyms import KEY_BYTES, WITHHELD, Pseudonyms

KEY = bytes(range(KEY_BYTES))
MACS = st.integers(1, 2**48 - 2)


def common(one: int, other: int, bits: int) -> int:
    return bits - (one ^ other).bit_length()


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_ipv4_addresses_of_one_subnet_stay_in_one(one: int, other: int) -> None:
    assert common(prefixes_kept(KEY, one, 32), prefixes_kept(KEY, other, 32), 32) == common(one, other, 32)


@settings(max_examples=25)
@given(st.integers(0, 2**128 - 1), st.integers(0, 127))
def test_ipv6_addresses_of_one_subnet_stay_in_one(one: int, length: int) -> None:
    other = one ^ 1 << 127 - length
    assert common(prefixes_kept(KEY, one, 128), prefixes_kept(KEY, other, 128), 128) == length


@settings(max_examples=50)
@given(st.sets(MACS, max_size=50), st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_no_two_macs_become_one(macs: set[int], key: bytes) -> None:
    others = {mixed(key, b"mac", mac, 24) for mac in macs}
    assert len(others) == len(macs)
    assert all(0 <= other < 2**48 for other in others)


def test_another_key_gives_other_names() -> None:
    one, other = Pseudonyms(KEY), Pseudonyms(KEY[::-1])
    assert one.name("leaf-3", "device") != other.name("leaf-3", "device")
    assert one.mac(0x02AA00001005) != other.mac(0x02AA00001005)
    assert one.name("leaf-3", "device") == Pseudonyms(KEY).name("leaf-3", "device")
    with pytest.raises(ValueError, match="a key has 32 octets"):
        Pseudonyms(b"short")


@pytest.mark.parametrize(
    "text", ["default", "ethernet-1/7", "swp1", "vni-1010", "65000:10010", "1", "0.0.0.0", "lo", "10:45:28"]
)
def test_what_says_nothing_of_whose_network_it_is_stays(text: str) -> None:
    assert Pseudonyms(KEY).name(text, "name") == text


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("02:aa:00:00:10:05", r"([0-9a-f]{2}:){5}[0-9a-f]{2}"),
        ("02aa.0000.1005", r"([0-9a-f]{2}:){5}[0-9a-f]{2}"),
        ("03:44:38:39:ff:ff:01:00:00:01", r"03:([0-9a-f]{2}:){8}[0-9a-f]{2}"),
        ("10.255.1.3", r"\d+(\.\d+){3}"),
        ("10.255.1.3:4001", r"\d+(\.\d+){3}:4001"),
        ("10.255.0.0/16", r"\d+(\.\d+){3}/16"),
        ("2001:db8::1", r"[0-9a-f:]+"),
        ("10.255.1.3 10.255.1.4", r"\d+(\.\d+){3} \d+(\.\d+){3}"),
        ("customer-acme", r"name-[0-9a-f]{10}"),
        ("to leaf-7 at 10.1.1.1", r"name-[0-9a-f]{10}"),
    ],
)
def test_addresses_stay_addresses_and_names_become_others(text: str, form: str) -> None:
    found = Pseudonyms(KEY).name(text, "name")
    assert re.fullmatch(form, found)
    assert found != text


def test_an_address_is_the_same_one_as_text_as_a_number_and_within_a_sentence() -> None:
    names = Pseudonyms(KEY)
    other = names.name("10.255.1.3", "name")
    assert names.halves(0, 0xFFFF_0AFF_0103) == (0, 0xFFFF << 32 | int(IPv4Address(other)))
    assert names.sentence("between 10.255.1.3 and 10.255.1.3.") == f"between {other} and {other}."
    six = ip_address(names.name("2001:db8::1", "name"))
    assert isinstance(six, IPv6Address)
    high, low = names.halves(0x20010DB8_00000000, 1)
    assert int(six) == high << 64 | low
    mac = names.name("02:aa:00:00:10:05", "name")
    assert int(mac.replace(":", ""), 16) == names.mac(0x02AA00001005)
    assert names.sentence("MAC 02:aa:00:00:10:05 in VNI 1010") == f"MAC {mac} in VNI 1010"
    assert names.mac(0) == 0
    assert names.halves(0, 0) == (0, 0)


def test_sentences_have_other_names_and_no_others_than_columns() -> None:
    names = Pseudonyms(KEY)
    leaf, odd = names.name("leaf-1", "device"), names.name('a "name" <b>', "device")
    assert names.sentence("Leaf leaf-1, leaf-1.") == f"Leaf {leaf}, {leaf}."
    assert names.sentence('lost: a "name" <b>; leaf-1') == f"lost: {odd}; {leaf}"
    assert "leaf-1" not in names.sentence("dns:leaf-1.example.net:57400 and leaf-1-uplink and LEAF-1")
    assert "example" not in names.sentence("connection to sw.example.org:57400 refused")
    assert (
        names.sentence("moved 3 times within 0.3s of 5, e.g. now")
        == "moved 3 times within 0.3s of 5, e.g. now"
    )


@settings(max_examples=50)
@given(st.lists(st.text(min_size=4, max_size=12), min_size=1, max_size=5), st.text(max_size=10))
def test_no_name_is_left_in_a_sentence(chosen: list[str], between: str) -> None:
    names = Pseudonyms(KEY)
    others = {text: names.name(text, "name") for text in chosen}
    replaced = [text for text in chosen if others[text] != text and text.strip() == text]
    told = names.sentence(f" {between} ".join(f"({text})" for text in replaced))
    for text in replaced:
        assert f"({text})" not in told


def rows_of(detail: object, table: str) -> str:
    names = Pseudonyms(KEY)
    frame = pl.DataFrame({"fabric": ["dc1"], "device": ["leaf-1"], "detail": [json.dumps(detail)]})
    for column in ("device", "fabric", "detail"):
        learn(names, table, column, frame[column])
    return str(pseudonymised(table, frame, names)["detail"][0])


def test_what_an_inventory_says_of_a_device_has_other_names() -> None:
    told = json.loads(
        rows_of(
            {"role": "leaf", "site": "Bonn", "rack": None, "labels": {"owner": "acme"}, "n": 3},
            "collector_event",
        )
    )
    assert (told["role"], told["rack"], told["n"]) == ("leaf", None, 3)
    assert "Bonn" not in str(told)
    assert "owner" not in str(told)
    assert "acme" not in str(told)


def test_what_people_wrote_is_withheld() -> None:
    told = json.loads(rows_of({"text": "called Jane at ACME", "device": "leaf-1"}, "action"))
    assert told["text"] == WITHHELD
    assert told["device"] == Pseudonyms(KEY).name("leaf-1", "device")


def test_an_unknown_column_of_text_has_other_names() -> None:
    names = Pseudonyms(KEY)
    frame = pl.DataFrame({"fabric": ["dc1"], "new_column": ["secret place"]})
    assert "secret" not in str(pseudonymised("new_table", frame, names).rows())
