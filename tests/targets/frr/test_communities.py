import pytest
from hypothesis import given
from hypothesis import strategies as st

from targets.frr.communities import auto_derived_vnis, from_text
from targets.openconfig.communities import ordered, two_part


@pytest.mark.parametrize(
    ("printed", "octets"),
    [
        ("RT:65001:1010", "0002fde9000003f2"),
        ("RT:10.255.1.1:7", "01020aff01010007"),
        ("RT:4200000001:7", "0202fa56ea010007"),
        ("SoO:65001:9", "0003fde900000009"),
        ("ET:8", "030c000000000008"),
        ("MM:4294967295", "06000000ffffffff"),
        ("MM:0, sticky MAC", "0600010000000000"),
        ("Rmac:1a:5d:9f:b9:64:8b", "06031a5d9fb9648b"),
        ("ES-Import-Rt:44:38:39:ff:ff:01", "0602443839ffff01"),
        ("ESI-label-Rt:AA", "0601000000000000"),
        ("ESI-label-Rt:SA", "0601010000000000"),
        ("DF: (alg: 2, pref: 50000)", "060602000000c350"),
        ("DF: (alg: 2, bmap: 0x4000 pref: 100)", "0606024000000064"),
        ("Default Gateway", "030d000000000000"),
        ("ND:Router Flag", "0608010000000000"),
        ("ND:Proxy", "0608040000000000"),
    ],
)
def test_each_form_that_frr_prints_becomes_its_octets(printed: str, octets: str) -> None:
    assert from_text(printed) == (bytes.fromhex(octets),)


def test_several_in_one_line_are_told_apart_despite_their_spaces() -> None:
    line = "ET:8 RT:65003:1010 RT:65003:4001 Rmac:1a:5d:9f:b9:64:8b Default Gateway MM:3, sticky MAC ND:Proxy"
    assert len(from_text(line)) == 7
    assert all(isinstance(one, bytes) and len(one) == 8 for one in from_text(line))


@pytest.mark.parametrize(
    "text", ["UNK:6, 9", "LB:65001:125000 (1.000 Mbps)", "RT:4200000001:70000", "Color:7"]
)
def test_what_can_not_be_told_in_octets_is_kept_as_printed(text: str) -> None:
    assert from_text(f"ET:8 {text} RT:1:2")[2:] == (text,)


@given(st.permutations(["RT:65001:1010", "ET:8", "MM:1", "Rmac:1a:5d:9f:b9:64:8b", "UNK:6, 9"]))
def test_the_order_of_printing_does_not_matter(parts: list[str]) -> None:
    assert from_text(" ".join(parts)) == from_text("UNK:6, 9 Rmac:1a:5d:9f:b9:64:8b MM:1 ET:8 RT:65001:1010")


@pytest.mark.parametrize(
    ("target", "origin", "vnis"),
    [
        ("RT:65001:1010", 65001, (1010,)),
        ("RT:65001:1010", 65002, ()),  # somebody else's AS: configured
        ("RT:65001:1010", None, ()),
        ("RT:65001:16777215", 65001, (16777215,)),
        ("RT:65001:16777216", 65001, ()),  # no VNI has 25 bits
        ("RT:65001:268436466", 65001, (1010,)),  # 0x1000_0000 | 1010, RFC 8365
        ("RT:65001:0", 65001, ()),
        ("RT:59905:1010", 4200000001, (1010,)),  # the low 16 bits of a four-octet AS
        ("RT:65001:1010 RT:65001:4001", 65001, (1010, 4001)),
        ("RT:10.0.0.1:1010", 65001, ()),
    ],
)
def test_a_vni_is_told_only_from_a_target_of_the_originating_as(
    target: str, origin: int | None, vnis: tuple[int, ...]
) -> None:
    assert auto_derived_vnis(from_text(target), origin) == vnis


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_two_part_communities_are_eight_octets_or_none(admin: int, number: int) -> None:
    octets = two_part(2, str(admin), number)
    if admin <= 0xFFFF:
        assert octets is not None
        assert octets[2:4] == admin.to_bytes(2, "big")
    else:
        assert (octets is None) == (number > 0xFFFF)
    assert octets is None or len(octets) == 8


def test_one_community_said_twice_is_one() -> None:
    assert ordered([b"b", "t", b"a", b"b"]) == (b"a", b"b", "t")
