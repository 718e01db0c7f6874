"""Words that make no sense are answered with a sentence, and change nothing."""

import pytest

from collectors.errors import InputError
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from targets.simulated.scenarios import SCENARIOS, named, steps_of
from targets.simulated.verbs import VERBS, do, usage


@pytest.fixture
def fabric() -> Fabric:
    return Fabric.build(Design(), 1)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("fly leaf-1", "there is no verb 'fly': use one of link-down"),
        ("link-down leaf-1", "link-down DEVICE PORT: it takes 2 words"),
        ("reboot", r"reboot DEVICE \[SECONDS=20\]: it takes 1 to 2 words"),
        ("leaf-down leaf-9", "there is no device 'leaf-9': use one of spine-1, spine-2, leaf-1"),
        ("leaf-down spine-1", "spine-1 is no leaf: use one of leaf-1"),
        ("spine-down leaf-1", "leaf-1 is no spine: use one of spine-1, spine-2"),
        ("link-down leaf-1 po1", "leaf-1 has no link po1 to the fabric; it has eth1, eth2"),
        ("es-link-down leaf-1 po2", "leaf-1 has no LAG po2 of a segment; it has po1, po3"),
        ("mac-move h999 leaf-1", "there is no host 'h999': use one of h1, h2"),
        ("mac-move h41 leaf-1", "h41 is behind the segment po1, and stays there"),
        ("duplicate-clear h41 leaf-1", "h41 is behind the segment po1, and stays there"),
        ("vmotion h1 leaf-1", "h1 is at leaf-1 already"),
        ("duplicate h1 leaf-1", "a duplicate has to be elsewhere"),
        ("host-attach h1 leaf-2", "h1 is attached already: detach it first"),
        ("clock-skew leaf-1 much", "'much' is no number"),
        ("host-new h1 00:50:56:00:00:01 leaf-1", "there is a host h1 already"),
        ("host-new new 5 leaf-1", "'5' is no MAC: write it as 00:00:5e:00:01:0a"),
        ("single-active po9", "there is no segment 'po9': use one of po1, po2, po3"),
        ("mac-proxy h1 leaf-1", "leaf-1 knows no h1 behind a segment"),
        ("load 0", "a load has a rate and a time above 0"),
    ],
)
def test_nonsense_is_answered_with_a_sentence(fabric: Fabric, line: str, sentence: str) -> None:
    before = {name: fabric.trees(device) for name, device in fabric.devices.items()}
    verb, *words = line.split()
    with pytest.raises(InputError, match=sentence):
        do(fabric, verb, words, 0)
    assert {name: fabric.trees(device) for name, device in fabric.devices.items()} == before
    assert list(fabric.advance(1)) == []


def test_every_verb_has_a_usage_and_a_meaning() -> None:
    assert usage("duplicate") == "duplicate HOST LEAF [SECONDS=1.6]"
    assert all(usage(name).startswith(name) and verb.meaning for name, verb in VERBS.items())


@pytest.mark.parametrize(
    ("design", "sentence"),
    [
        (Design(leaves=241), "has 2 to 240 leaves, not 241"),
        (Design(spines=0), "has 1 to 32 spines, not 0"),
        (Design(hosts=0), "has 1 to 100000 hosts, not 0"),
    ],
)
def test_a_fabric_beyond_its_addresses_is_refused(design: Design, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Fabric.build(design, 1)


def test_a_scenario_names_the_fabric_it_takes() -> None:
    small = Fabric.build(Design(spines=1, leaves=2), 1)
    with pytest.raises(InputError, match="scenario story takes 2 spines and 4 leaves at least"):
        steps_of(SCENARIOS["story"], small.plan, 1)
    with pytest.raises(InputError, match="takes 8 hosts at least"):
        steps_of(SCENARIOS["calm"], Fabric.build(Design(hosts=7), 1).plan, 1)
    with pytest.raises(InputError, match="there is no scenario 'saga': use one of story"):
        named("saga", 1, 1)
