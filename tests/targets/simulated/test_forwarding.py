"""Who forwards to a segment, as leaves elect and tell it."""

import re
from collections.abc import Callable

import pytest

from collectors.errors import InputError
from targets.simulated.agenda import SECOND
from targets.simulated.announcements import designated_forwarder
from targets.simulated.design import Design
from targets.simulated.fabric import Fabric
from targets.simulated.news import Said
from targets.simulated.verbs import do
from targets.tree import Tree, patched

_CLAIM = re.compile(
    r"ethernet-segment\[name=(\w+)\].*network-instance\[name=bd-(\d+)\]/state/designated-forwarder$"
)
Claims = dict[tuple[str, str], set[int]]
"""By leaf and segment: the VNIs that it forwards."""


def claims(shown: Callable[[str], Tree], fabric: Fabric) -> Claims:
    found: Claims = {}
    for leaf in fabric.leaves:
        for path, value in shown(leaf.name).items():
            if (claim := _CLAIM.search(path)) is not None:
                vnis = found.setdefault((leaf.name, claim[1]), set())
                if value is True:
                    vnis.add(int(claim[2]))
    return found


class Heard:
    """A fabric, and what a collector knows that heard all that devices said."""

    def __init__(self, **design: int) -> None:
        self.fabric = Fabric.build(Design(**design), seed=3)  # type: ignore[arg-type]  # numbers only
        self.trees = {leaf.name: self.fabric.tree(leaf, "es") for leaf in self.fabric.leaves}

    def until(self, second: float) -> Claims:
        for news in self.fabric.advance(round(second * SECOND)):
            if isinstance(news, Said) and news.family == "es":
                self.trees[news.device] = patched(self.trees[news.device], news.delta)
        return claims(lambda name: self.trees[name], self.fabric)

    def do(self, verb: str, *words: str, at: float = 0) -> None:
        do(self.fabric, verb, words, round(at * SECOND))

    def elected(self, port: str, *leaves: int) -> Claims:
        """What the modulus gives for the leaves that serve a segment."""
        nodes = [self.fabric.leaves[number - 1].node for number in leaves]
        addresses = [node.address for node in nodes]
        return {
            (node.name, port): {
                vni.number
                for vni in self.fabric.plan.vnis
                if designated_forwarder(addresses, vni.vlan) == node.address
            }
            for node in nodes
        }


@pytest.mark.parametrize("underlay", [4, 6])
def test_at_rest_each_vlan_has_the_forwarder_that_the_modulus_elects(underlay: int) -> None:
    heard = Heard(underlay=underlay, vnis=6)

    found = heard.until(1)

    assert {key: found[key] for key in found if key[1] == "po1"} == heard.elected("po1", 1, 2)
    assert {key: found[key] for key in found if key[1] == "po3"} == heard.elected("po3", 1, 2, 3)


def test_a_leg_that_goes_down_leaves_all_to_the_other_leaf() -> None:
    heard = Heard()
    heard.do("es-link-down", "leaf-1", "po1")

    found = heard.until(1)

    assert found["leaf-1", "po1"] == set()
    assert found["leaf-2", "po1"] == {vni.number for vni in heard.fabric.plan.vnis}


def test_a_leg_that_comes_up_waits_3_s_before_it_forwards() -> None:
    heard = Heard()
    heard.do("es-link-down", "leaf-1", "po1")
    heard.until(10)
    heard.do("es-link-up", "leaf-1", "po1", at=10)

    mine = heard.elected("po1", 1, 2)
    waiting = heard.until(12.9)
    assert (waiting["leaf-1", "po1"], waiting["leaf-2", "po1"]) == (set(), mine["leaf-2", "po1"])
    assert heard.until(13.1)["leaf-1", "po1"] == mine["leaf-1", "po1"]


def test_a_wait_that_another_loss_follows_elects_nobody() -> None:
    heard = Heard()
    for second, verb in ((0, "down"), (10, "up"), (11, "down"), (12, "up")):
        heard.until(second)
        heard.do(f"es-link-{verb}", "leaf-1", "po1", at=second)

    assert heard.until(14.9)["leaf-1", "po1"] == set()
    assert heard.until(15.1)["leaf-1", "po1"] == heard.elected("po1", 1, 2)["leaf-1", "po1"]


def test_a_leaf_that_is_stuck_forwards_all_and_one_that_is_silent_none_until_it_is_cleared() -> None:
    heard = Heard()
    every = {vni.number for vni in heard.fabric.plan.vnis}
    heard.do("df-stuck", "leaf-1", "po1")
    stuck = heard.until(1)
    heard.do("df-silent", "leaf-1", "po1", at=1)
    silent = heard.until(2)
    heard.do("df-clear", "leaf-1", "po1", at=2)

    assert (stuck["leaf-1", "po1"], silent["leaf-1", "po1"]) == (every, set())
    assert stuck["leaf-2", "po1"] == silent["leaf-2", "po1"] == heard.elected("po1", 1, 2)["leaf-2", "po1"]
    assert heard.until(3)["leaf-1", "po1"] == heard.elected("po1", 1, 2)["leaf-1", "po1"]


def test_a_leaf_that_hears_nobody_elects_itself() -> None:
    heard = Heard()
    for spine in ("spine-1", "spine-2"):
        heard.do("session-down", "leaf-1", spine)

    found = heard.until(5)

    assert found["leaf-1", "po1"] == {vni.number for vni in heard.fabric.plan.vnis}


def test_what_is_told_of_changes_is_what_a_new_subscriber_is_told() -> None:
    heard = Heard()
    heard.do("es-link-down", "leaf-1", "po1")
    heard.do("reboot", "leaf-2", "5")
    heard.until(30)

    for leaf in heard.fabric.leaves:
        assert heard.trees[leaf.name] == heard.fabric.tree(leaf, "es")


def test_a_leaf_that_advertises_another_algorithm_goes_on_with_the_modulus() -> None:
    heard = Heard()
    before = heard.until(1)
    heard.do("df-algorithm", "leaf-1", "po1", "2", at=1)

    assert heard.until(10) == before
    with pytest.raises(InputError, match="one leaf of po1 alone may elect otherwise"):
        heard.do("df-algorithm", "leaf-2", "po1", "2", at=10)
    heard.do("df-algorithm", "leaf-1", "po1", "0", at=10)
    assert heard.until(20) == before
