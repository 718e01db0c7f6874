"""Designated forwarder election: modulus, highest random weight, preference."""

import binascii
import ipaddress
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detectors.df_election import (
    AC_DF,
    DONT_PREEMPT,
    HIGHEST_PREFERENCE,
    HIGHEST_RANDOM_WEIGHT,
    LOWEST_PREFERENCE,
    MODULUS,
    Candidate,
    agreed,
    attachment_aware,
    electable,
    elected,
    weight,
)

ESI = "00:11:22:33:44:55:66:77:88:99"

addresses = st.one_of(
    st.integers(1, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number))),
    st.integers(1, 2**128 - 1).map(lambda number: str(ipaddress.IPv6Address(number))),
)
candidate = st.builds(
    Candidate, addresses, st.just(0), st.sampled_from([0, AC_DF, DONT_PREEMPT]), st.integers(0, 3)
)
pes = st.lists(candidate, min_size=1, max_size=8, unique_by=lambda each: each.address)


def at(*texts: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(text) for text in texts)


@pytest.mark.parametrize(
    ("vlan", "forwarder"), [(10, "10.0.0.2"), (11, "10.0.0.10"), (12, "10.0.0.2"), (0, "10.0.0.2")]
)
def test_the_modulus_counts_pes_in_the_order_of_their_numbers_not_of_their_texts(
    vlan: int, forwarder: str
) -> None:
    assert elected(MODULUS, at("10.0.0.10", "10.0.0.2"), vlan, ESI) == forwarder


def test_the_example_of_rfc_7432_ordinal_i_forwards_where_v_mod_n_is_i() -> None:
    three = at("192.0.2.3", "192.0.2.1", "192.0.2.2")

    assert [elected(MODULUS, three, vlan, ESI) for vlan in (1, 2, 3, 999, 1000)] == [
        "192.0.2.2", "192.0.2.3", "192.0.2.1", "192.0.2.1", "192.0.2.2"
    ]  # fmt: skip


def test_ipv6_addresses_are_ordered_as_numbers_too() -> None:
    both = at("2001:db8::10", "2001:db8::9")

    assert [elected(MODULUS, both, vlan, ESI) for vlan in (4, 5)] == ["2001:db8::9", "2001:db8::10"]


def _wrand(tag: int, esi: str, address: str) -> int:
    """RFC 8584, section 3.2, word by word, without any reduction before the last step."""
    stream = tag.to_bytes(4, "big") + bytes(int(octet, 16) for octet in esi.split(":"))
    assert len(stream) == 14
    digest = binascii.crc32(stream) % 2**31
    server = int(ipaddress.ip_address(address))
    return (1103515245 * ((1103515245 * server + 12345) ^ digest) + 12345) % 2**31


@given(st.integers(1, 2**24), st.binary(min_size=10, max_size=10), addresses)
def test_the_weight_is_that_of_rfc_8584(tag: int, octets: bytes, address: str) -> None:
    esi = octets.hex(":")

    assert weight(tag, esi, address) == _wrand(tag, esi, address)


def test_the_crc_is_that_of_ieee_802_3() -> None:
    # the check value of CRC-32: "123456789" is 0xCBF43926
    assert binascii.crc32(b"123456789") == 0xCBF43926


@given(pes, st.integers(1, 4094))
def test_the_highest_weight_wins_and_of_equals_the_lowest_address(found: list[Candidate], vlan: int) -> None:
    best, lowest = -1, ""
    for each in sorted(found, key=lambda it: (ipaddress.ip_address(it.address).version,
                                              int(ipaddress.ip_address(it.address)))):  # fmt: skip
        if _wrand(vlan, ESI, each.address) > best:
            best, lowest = _wrand(vlan, ESI, each.address), each.address

    assert elected(HIGHEST_RANDOM_WEIGHT, tuple(found), vlan, ESI) == lowest


def test_weights_that_differ_in_the_high_bit_of_an_address_only_are_equal_and_the_lower_wins() -> None:
    low, high = "10.0.0.1", "138.0.0.1"  # differ in bit 31

    assert weight(10, ESI, low) == weight(10, ESI, high)
    assert elected(HIGHEST_RANDOM_WEIGHT, at(high, low), 10, ESI) == low


def test_highest_random_weight_spreads_vlans_over_pes() -> None:
    four = at(*(f"10.0.0.{number}" for number in range(1, 5)))

    shares = Counter(elected(HIGHEST_RANDOM_WEIGHT, four, vlan, ESI) for vlan in range(1, 4095))

    assert len(shares) == 4
    assert max(shares.values()) < 2 * min(shares.values())


def test_a_pe_that_leaves_moves_only_its_own_vlans_by_highest_random_weight() -> None:
    four = at(*(f"10.0.0.{number}" for number in range(1, 5)))

    for vlan in range(1, 500):
        before = elected(HIGHEST_RANDOM_WEIGHT, four, vlan, ESI)
        after = elected(HIGHEST_RANDOM_WEIGHT, four[:3], vlan, ESI)
        assert before == after or before == four[3].address


@pytest.mark.parametrize(
    ("one", "two", "forwarder"),
    [
        ((100, 0), (200, 0), 2),
        ((200, 0), (100, 0), 1),
        ((100, 0), (100, 0), 1),
        ((100, 0), (100, DONT_PREEMPT), 2),
        ((101, 0), (100, DONT_PREEMPT), 1),
        ((0, 0), (0xFFFF, 0), 2),
    ],
)
def test_the_higher_preference_wins_then_the_dp_bit_then_the_lower_address(
    one: tuple[int, int], two: tuple[int, int], forwarder: int
) -> None:
    both = tuple(
        Candidate(f"10.0.0.{number}", HIGHEST_PREFERENCE, capabilities, preference)
        for number, (preference, capabilities) in enumerate((one, two), start=1)
    )

    assert elected(HIGHEST_PREFERENCE, both, 10, ESI) == f"10.0.0.{forwarder}"


@given(pes, st.integers(0, 4094))
def test_preference_is_as_sorting_by_the_rules_of_rfc_9785_says(found: list[Candidate], vlan: int) -> None:
    def key(each: Candidate, sign: int) -> tuple[int, bool, int, int]:
        number = ipaddress.ip_address(each.address)
        return sign * each.preference, not each.capabilities & DONT_PREEMPT, number.version, int(number)

    highest = min(found, key=lambda each: key(each, -1))
    lowest = min(found, key=lambda each: key(each, 1))

    assert elected(HIGHEST_PREFERENCE, tuple(found), vlan, ESI) == highest.address
    assert elected(LOWEST_PREFERENCE, tuple(found), vlan, ESI) == lowest.address


@given(pes, st.integers(1, 4094), st.sampled_from([0, 1, 2, 3]), st.randoms(use_true_random=False))
def test_the_order_in_which_routes_came_elects_nobody(
    found: list[Candidate], vlan: int, algorithm: int, order: random.Random
) -> None:
    shuffled = list(found)
    order.shuffle(shuffled)

    assert elected(algorithm, tuple(found), vlan, ESI) == elected(algorithm, tuple(shuffled), vlan, ESI)


@pytest.mark.parametrize(
    ("advertised", "used"),
    [([2, 2, 2], 2), ([2, 2, 0], 0), ([1, 2], 0), ([1, 1], 1), ([3], 3), ([], 0), ([31, 31], 0)],
)
def test_all_fall_back_to_the_modulus_unless_all_advertise_the_same(advertised: list[int], used: int) -> None:
    found = [Candidate(f"10.0.0.{at}", algorithm) for at, algorithm in enumerate(advertised, start=1)]

    assert agreed(found) == used


def test_attachment_circuits_count_only_if_all_pes_say_so() -> None:
    aware, unaware = Candidate("10.0.0.1", 0, AC_DF), Candidate("10.0.0.2", 0, 0)

    assert attachment_aware([aware, aware._replace(address="10.0.0.3", capabilities=AC_DF | DONT_PREEMPT)])
    assert not attachment_aware([aware, unaware])
    assert not attachment_aware([])


def test_a_segment_without_candidates_has_no_forwarder() -> None:
    assert elected(MODULUS, (), 10, ESI) is None
    assert electable((), [10, 11], ESI) == {}


def test_each_number_that_may_stand_for_a_vlan_is_tried_and_by_preference_none_is_needed() -> None:
    both = at("10.0.0.1", "10.0.0.2")
    by_preference = tuple(each._replace(algorithm=2, preference=9) for each in both)

    assert electable(both, [10, 10_011], ESI) == {"10.0.0.1": [10], "10.0.0.2": [10_011]}
    assert electable(both, [], ESI) == {}
    assert electable(by_preference, [], ESI) == {"10.0.0.1": [0]}
