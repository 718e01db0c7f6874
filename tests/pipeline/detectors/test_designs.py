"""The four EVPN designs: recognised from sessions, AS numbers and addresses."""

import pytest

from pipeline.detectors.designs import NAMES, WORDS, Design, Session, recognised
from pipeline.detectors.topology import Address

LEAVES, SPINES = (1, 2, 3), (1, 2)


def loopback(kind: str, number: int, version: int = 4) -> str:
    third = 0 if kind == "s" else 1
    return f"10.{third}.0.{number}" if version == 4 else f"2001:db8:{third}::{number}"


def link(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    if version == 4:
        return f"10.2.{leaf}.{2 * spine}", f"10.2.{leaf}.{2 * spine + 1}"
    return f"2001:db8:{leaf}{spine}::", f"2001:db8:{leaf}{spine}::1"


def addresses(version: int = 4) -> list[Address]:
    host, net = (32, 31) if version == 4 else (128, 127)
    found = [Address(f"l{leaf}", "lo", loopback("l", leaf, version), host) for leaf in LEAVES]
    found += [Address(f"s{spine}", "lo", loopback("s", spine, version), host) for spine in SPINES]
    for leaf in LEAVES:
        for spine in SPINES:
            low, high = link(leaf, spine, version)
            found += [
                Address(f"l{leaf}", f"up{spine}", low, net),
                Address(f"s{spine}", f"d{leaf}", high, net),
            ]
    return found


def sessions(*, over_loopbacks: bool, internal: bool, evpn: bool = True, version: int = 4) -> list[Session]:
    found = []
    for leaf in LEAVES:
        for spine in SPINES:
            mine = 65000 if internal else 65000 + leaf
            low, high = link(leaf, spine, version)
            to_spine = loopback("s", spine, version) if over_loopbacks else high
            to_leaf = loopback("l", leaf, version) if over_loopbacks else low
            found.append(Session(f"l{leaf}", to_spine, mine, 65000, evpn))
            found.append(Session(f"s{spine}", to_leaf, 65000, mine, evpn))
    return found


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    ("name", "loopbacks", "internal", "underlay"),
    [
        ("ibgp", True, True, False),
        ("ebgp", False, False, False),
        ("ebgp-ebgp", True, False, True),
        ("ibgp-ebgp", True, True, True),
    ],
)
def test_each_design_is_recognised(
    name: str, version: int, *, loopbacks: bool, internal: bool, underlay: bool
) -> None:
    told = sessions(over_loopbacks=loopbacks, internal=internal, version=version)
    if underlay:
        told += sessions(over_loopbacks=False, internal=False, evpn=False, version=version)

    design = recognised(told, addresses(version), None)

    assert design.name == name
    assert design.between_loopbacks is (name != "ebgp")
    assert design.external is (name in ("ebgp", "ebgp-ebgp"))
    assert design.reasons[0] == f"{12 if internal else 0} of 12 EVPN sessions are between equal AS numbers"


def test_a_monitor_and_a_gateway_change_nothing() -> None:
    told = sessions(over_loopbacks=False, internal=False)
    told += [Session("s1", "192.0.2.9", 65000, 65000, evpn=True)] * 20

    assert recognised(told, addresses(), None).name == "ebgp"


def test_half_and_half_is_none_of_them() -> None:
    told = sessions(over_loopbacks=False, internal=False) + sessions(over_loopbacks=True, internal=True)

    assert recognised(told, addresses(), None).name is None


def test_ibgp_on_the_links_is_none_of_the_four() -> None:
    assert recognised(sessions(over_loopbacks=False, internal=True), addresses(), None).name is None


@pytest.mark.parametrize(
    "told",
    [[], [Session("l1", "10.0.0.1", None, 65000, evpn=True)], [Session("l1", "192.0.2.1", 1, 1, evpn=True)]],
)
def test_what_tells_too_little_is_no_design(told: list[Session]) -> None:
    design = recognised(told, addresses(), None)

    assert design.name is None
    assert design.between_loopbacks is None
    assert design.external is None
    assert design.words == "a design that can't be told"
    assert design.reasons


@pytest.mark.parametrize(("said", "name"), [("IBGP-EBGP", "ibgp-ebgp"), ("ibgp-igp", "ibgp")])
def test_what_is_declared_holds(said: str, name: str) -> None:
    design = recognised(sessions(over_loopbacks=False, internal=False), addresses(), said)

    assert (design.name, design.reasons) == (name, (f"declared: {said}",))


def test_a_declaration_that_is_no_design_is_not_taken() -> None:
    assert recognised(sessions(over_loopbacks=False, internal=False), addresses(), "mesh").name == "ebgp"


def test_every_design_has_words() -> None:
    assert {*NAMES.values()} == {*WORDS}
    assert {Design(name, ()).words for name in WORDS} == {*WORDS.values()}
