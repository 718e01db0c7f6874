"""Single-active segments: one leg is in use, the others stand by and go on to announce the segment."""

from collections.abc import Mapping

import pytest

from targets.openconfig.communities import df_election, esi_label
from targets.simulated.agenda import SECOND
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from targets.simulated.news import Said
from targets.simulated.verbs import do
from targets.tree import Value, patched

Shown = dict[tuple[str, str], Mapping[str, Value]]


class Played:
    """A fabric, and what a collector knows that heard all that devices said."""

    def __init__(self) -> None:
        self.fabric = Fabric.build(Design(spines=2, leaves=4, vnis=2, hosts=8), 7)
        self.said = self.shown()
        self.now = 0

    def shown(self) -> Shown:
        devices = self.fabric.devices.items()
        return {
            (name, family): tree
            for name, device in devices
            for family, tree in self.fabric.trees(device).items()
        }

    def do(self, *steps: str, seconds: int = 10) -> None:
        for step in steps:
            verb, *words = step.split()
            do(self.fabric, verb, words, self.now * SECOND)
        self.now += seconds
        for news in self.fabric.advance(self.now * SECOND):
            if isinstance(news, Said):
                key = news.device, news.family
                self.said[key] = patched(self.said[key], news.delta)
        assert self.said == self.shown()

    def in_use(self) -> list[str]:
        """The leaves whose leg is up, that forward and that know the hosts behind it."""
        leaves = self.fabric.leaves[:2]
        up = [leaf.name for leaf in leaves if leaf.ports["po1"].up]
        members = [
            leaf.name
            for leaf in leaves
            if all(it.up for it in leaf.members.values() if it.segment.name == "po1")
        ]
        claiming = [
            leaf.name for leaf in leaves if all(forwards for _, forwards in leaf.elections.of[0].claims)
        ]
        esi = self.fabric.plan.segments[0].esi
        local = [leaf.name for leaf in leaves if any(it.esi == esi for it in leaf.learning.local.values())]
        assert up == members == claiming == local
        return up


@pytest.fixture
def played() -> Played:
    found = Played()
    found.do("single-active po1")
    return found


def test_the_lowest_address_is_elected_and_the_other_leg_stands_by(played: Played) -> None:
    assert played.in_use() == ["leaf-1"]
    standby = played.fabric.leaves[1]
    ports = [standby.ports[it.port].up for it in standby.members.values() if it.segment.name == "po1"]
    assert ports == [True, True], "LACP keeps members out whose links are up"


def test_who_stands_by_announces_that_it_serves_the_segment(played: Played) -> None:
    segment = played.fabric.plan.segments[0]
    announcer = played.fabric.leaves[1].announcer
    whole, election, *_ = announcer.segment(segment)
    assert esi_label(0, single_active=True) in whole.communities
    assert df_election(2, 0x4000, 32767) in election.communities
    table = played.fabric.leaves[3].table
    assert table.best(whole.entry) is not None
    assert table.best(election.entry) is not None


def test_who_stood_by_takes_over_and_gives_back(played: Played) -> None:
    played.do("es-link-down leaf-1 po1")
    assert played.in_use() == ["leaf-2"]
    played.do("es-link-up leaf-1 po1", seconds=1)
    assert played.in_use() == [], "the leaf waits 3 s before it elects"
    played.do(seconds=9)
    assert played.in_use() == ["leaf-1"]


def test_a_leg_that_stands_by_can_be_lost_and_mended(played: Played) -> None:
    played.do("es-link-down leaf-2 po1")
    assert not any(it.up for it in played.fabric.leaves[1].members.values() if it.segment.name == "po1")
    assert not played.fabric.leaves[1].ports["eth4"].up
    played.do("es-link-up leaf-2 po1")
    assert played.fabric.leaves[1].ports["eth4"].up
    assert played.in_use() == ["leaf-1"]


def test_a_leaf_that_reboots_comes_back_into_use(played: Played) -> None:
    played.do("reboot leaf-1 5", seconds=5)
    assert played.in_use() == ["leaf-2"]
    played.do(seconds=20)
    assert played.in_use() == ["leaf-1"]
