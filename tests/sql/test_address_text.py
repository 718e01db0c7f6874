from ipaddress import IPv6Address

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sql import statements

HALF = 1 << 64
# groups of zero are rare in random addresses, and they are the point
GROUP = st.one_of(st.just(0), st.integers(0, 0xFFFF))
ADDRESS = st.one_of(
    st.lists(GROUP, min_size=8, max_size=8).map(
        lambda groups: sum(group << 16 * place for place, group in enumerate(groups))
    ),
    st.integers(0, (1 << 32) - 1).map(lambda ipv4: 0xFFFF << 32 | ipv4),
)
many = settings(max_examples=30, deadline=None)  # of up to 200 addresses each


def asked(query: str, *parameters: object) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for statement in statements("views"):
            if "CREATE OR REPLACE MACRO" in statement and "FROM" not in statement:
                connection.execute(statement)
        return connection.execute(query, list(parameters)).fetchall()


def ip_text(addresses: list[int]) -> list[object]:
    rows = asked(
        "SELECT ip_text(hi::UBIGINT, lo::UBIGINT) FROM (SELECT unnest($1) AS hi, unnest($2) AS lo)",
        [number // HALF for number in addresses],
        [number % HALF for number in addresses],
    )
    return [text for (text,) in rows]


@given(st.lists(ADDRESS, min_size=1, max_size=200))
@example([0, 1, HALF - 1, (1 << 128) - 1, 1 << 127, 0xFFFF << 32, 0xFFFE << 32, 0x1_0000 << 32])
@many
def test_an_address_reads_as_python_writes_it(addresses: list[int]) -> None:
    python = [IPv6Address(number) for number in addresses]
    assert ip_text(addresses) == [str(address.ipv4_mapped or address) for address in python]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  # 4.2.2: one group is not shortened
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),  # 4.2.3: the longest run
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),  # 4.2.3: the first of two equal runs
        ("2001:DB8::ABCD", "2001:db8::abcd"),  # 4.3: lower case
        ("fe80:0:0:0:1:0:0:0", "fe80::1:0:0:0"),
        ("1:0:0:0:0:0:0:0", "1::"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("10:0:0:100:0:0:0:10", "10:0:0:100::10"),  # a zero at the end of a group is no zero group
    ],
)
def test_ipv6_is_shortened_as_rfc_5952_says(address: str, text: str) -> None:
    assert ip_text([int(IPv6Address(address))]) == [text]


@given(st.lists(st.integers(0, (1 << 48) - 1), min_size=1, max_size=200))
@many
def test_a_mac_is_six_octets_of_two_digits(macs: list[int]) -> None:
    rows = asked("SELECT mac_text(m::UBIGINT) FROM (SELECT unnest($1) AS m)", macs)
    assert rows == [(number.to_bytes(6, "big").hex(":"),) for number in macs]


def test_an_unknown_address_stays_unknown() -> None:
    no = "NULL::UBIGINT"
    rows = asked(f"SELECT mac_text({no}), ip_text({no}, {no}), ip_text({no}, 1), ip_text(0, {no})")
    assert rows == [(None, None, None, None)]
