"""Spellings of addresses: every one that devices use, and none that is wrong."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decode import addresses


@pytest.mark.parametrize(
    "text", ["00:1b:21:aa:BB:0c", "001b.21aa.bb0c", "00-1B-21-AA-BB-0C", "001b21aabb0c", "00:1B:21:AA:BB:0C"]
)
def test_a_mac_address_is_read_in_every_spelling(text: str) -> None:
    assert addresses.mac_numbers(pl.Series([text])).to_list() == [0x001B21AABB0C]


@pytest.mark.parametrize(
    "text", ["", "00:1b:21:aa:bb", "00:1b:21:aa:bb:0g", "00:1b:21:aa:bb:0c:00", "10.0.0.1", "ä" * 17]
)
def test_what_is_no_mac_address_is_null_and_leaves_others_alone(text: str) -> None:
    numbers = addresses.mac_numbers(pl.Series(["00:00:00:00:00:01", text, "0000.0000.0002"]))
    assert numbers.to_list() == [1, None, 2]


@given(st.lists(st.integers(min_value=0, max_value=2**48 - 1)))
def test_mac_addresses_of_one_spelling_are_read_together(numbers: list[int]) -> None:
    text = [number.to_bytes(6).hex(":") for number in numbers]
    assert addresses.mac_numbers(pl.Series(text, dtype=pl.String)).to_list() == numbers


@given(st.lists(st.one_of(st.ip_addresses(), st.just(IPv6Address("::ffff:10.0.0.1"))), min_size=1))
def test_addresses_become_halves_of_their_ipv6_form(hosts: list[IPv4Address | IPv6Address]) -> None:
    high, low = addresses.ip_numbers(pl.Series([str(host) for host in hosts]))
    expected = [
        0xFFFF_0000_0000 | int(host) if isinstance(host, IPv4Address) else int(host) for host in hosts
    ]
    assert [(hi << 64) | lo for hi, lo in zip(high, low, strict=True)] == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10.1.0.5/32", 0xFFFF_0A01_0005),
        ("2001:db8::5/128", 0x20010DB8 << 96 | 5),
        ("255.255.255.255/32", 0xFFFF_FFFF_FFFF),
        ("10.1.0.5%mgmt", 0xFFFF_0A01_0005),
        ("fe80::1%eth1/1.0", 0xFE80 << 112 | 1),
    ],
)
def test_a_length_or_a_zone_is_ignored(text: str, number: int) -> None:
    high, low = addresses.ip_numbers(pl.Series([text]))
    assert (high[0] << 64) | low[0] == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "...",
        "10.0.0",
        "10.0.0.",
        "10..0.1",
        ".10.0.0.1",
        "10.0.0.256",
        "10.0.0.0001",
        "10.0.0.1.2",
        "10.0.0.1.",
        "10.0.0.1.222222222",
        "10.0.0.99999999999",
        "+1.0.0.1",
        "10.0.0.0x1",
        "10.0.0.1 ",
        "ä.0.0.1",
        "10.0.0/8",
        "/10.0.0.1",
        "%",
        "1::2::3",
        "::g",
        "::1\0",
        None,
    ],
)
def test_what_is_no_address_is_null_in_both_halves(text: str | None) -> None:
    high, low = addresses.ip_numbers(pl.Series(["::1", text, "10.0.0.1"], dtype=pl.String))
    assert (high.is_null().to_list(), low.is_null().to_list()) == ([False, True, False], [False, True, False])


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%ethernet-1/1.0", "fe80::1"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("10.0.0", None),
        ("", None),
    ],
)
def test_an_address_has_one_text(text: str, canonical: str | None) -> None:
    assert addresses.spell_address(text) == canonical


@given(st.ip_addresses())
def test_canonical_text_stays_as_it_is(host: IPv4Address | IPv6Address) -> None:
    text = addresses.spell_address(str(host))
    assert text is not None
    assert addresses.spell_address(text) == text
    assert int(ip_address(text)) in (int(host), int(host) & 0xFFFF_FFFF)


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "::ffff:0.0.0.0"])
def test_an_unspecified_peer_is_none(text: str) -> None:
    assert addresses.spell_peer(text) == addresses.ZERO


@pytest.mark.parametrize(
    "text", ["00112233445566778899", "00:11:22:33:44:55:66:77:88:99", "0011.2233.4455.6677.8899"]
)
def test_an_esi_has_one_text(text: str) -> None:
    assert addresses.spell_esi(text) == "00:11:22:33:44:55:66:77:88:99"


@pytest.mark.parametrize("text", ["0" * 20, "0000.0000.0000.0000.0000", ":".join(["00"] * 10), "AUTO"])
def test_a_zero_esi_is_none(text: str) -> None:
    assert addresses.spell_esi(text) == addresses.ZERO


@pytest.mark.parametrize("text", ["", "0" * 19, "0" * 21, "0" * 19 + "g", "esi"])
def test_what_is_no_esi_is_unreadable(text: str) -> None:
    assert addresses.spell_esi(text) is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.0.0.1:1010", "10.0.0.1:1010"),
        ("65000:1010", "65000:1010"),
        ("4200000000:1010", "4200000000:1010"),
        ("1:10.0.0.1:1010", "10.0.0.1:1010"),
        ("type0:65000:1010", "65000:1010"),
        ("0:0", addresses.ZERO),
        ("65000", None),
        ("65000:x", None),
        (":1", None),
    ],
)
def test_a_route_distinguisher_stands_without_its_type(text: str, canonical: str | None) -> None:
    assert addresses.spell_rd(text) == canonical


@pytest.mark.parametrize(
    ("text", "identity"),
    [("openconfig-bgp-types:L2VPN_EVPN", "L2VPN_EVPN"), ("UP", "UP"), ("", None), ("oc:", None)],
)
def test_an_identity_stands_without_its_module(text: str, identity: str | None) -> None:
    assert addresses.spell_identity(text) == identity
