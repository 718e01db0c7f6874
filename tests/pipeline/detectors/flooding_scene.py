"""A fabric whose leaves flood to each other: who has whose type-3 routes, for which VNI."""

import json
from typing import Any

from tests.pipeline.driver import Outcome
from tests.pipeline.scene import VNI, Scene, address

LEAVES, SPINES = (1, 2, 3, 4), (1, 2)
OTHER_VNI = 1020


def link(leaf: int, spine: int, version: int = 4) -> tuple[str, str]:
    """The addresses of a link: the leaf's and the spine's."""
    if version == 4:
        return f"10.{leaf}.{spine}.0", f"10.{leaf}.{spine}.1"
    return f"2001:db8:{leaf}:{spine}::a", f"2001:db8:{leaf}:{spine}::b"


class Fabric:
    """Leaves and spines with a session between each two, EBGP on the links, an AS for each leaf.

    ``deaf``: leaves, and whom they don't hear of.
    """

    def __init__(
        self,
        version: int = 4,
        *,
        vnis: tuple[int, ...] = (VNI, OTHER_VNI),
        targets: dict[tuple[int, int], str] | None = None,
        one_as: tuple[int, ...] = (),
        peers: dict[int, str] | None = None,
        deaf: frozenset[tuple[int, int]] | set[tuple[int, int]] = frozenset(),
        leaves: tuple[int, ...] = LEAVES,
    ) -> None:
        self.scene, self.version, self.vnis, self.leaves = Scene(), version, vnis, leaves
        self.targets = targets or {}
        length, host = (31, 32) if version == 4 else (64, 128)
        for leaf in leaves:
            name = f"l{leaf}"
            with self.scene.dump(name):
                self.scene.has_address(name, "lo", address(leaf, version), host)
                for spine in SPINES:
                    mine, theirs = link(leaf, spine, version)
                    self.scene.has_address(name, f"up{spine}", mine, length)
                    self.session(name, theirs, own_as=65000 if leaf in one_as else 65000 + leaf)
                for vni in vnis:
                    self.scene.serves(name, vni)
                    self.route(name, leaf, vni, None)
                for other in (it for it in leaves if it != leaf):
                    if (leaf, other) not in deaf:
                        self.hears(leaf, other)
                    if (peers or {}).get(leaf) != "none":
                        self.uses(leaf, other)
        for spine in SPINES:
            name = f"s{spine}"
            with self.scene.dump(name):
                for leaf in leaves:
                    mine, theirs = link(leaf, spine, version)
                    self.scene.has_address(name, f"down{leaf}", theirs, length)
                    self.session(name, mine, own_as=64999)
                    for vni in vnis:
                        self.route(name, leaf, vni, mine)
        self.scene.passes(20)

    def session(self, device: str, neighbor: str, state: str = "ESTABLISHED", own_as: int = 0) -> None:
        key = {"network_instance": "default", "neighbor": neighbor}
        told: dict[str, Any] = {**key, "session_state": state}
        if own_as:
            told |= {"local_as": own_as, "peer_as": 64999 if own_as != 64999 else 65001}
        self.scene.rows(
            device, "bgp",
            ("bgp_session", told), ("bgp_session", {**key, "afi_safi": "L2VPN_EVPN", "active": True}),
        )  # fmt: skip

    def route(self, device: str, leaf: int, vni: int, neighbor: str | None, op: str = "update") -> None:
        targets = self.targets.get((leaf, vni), f"65000:{vni}")
        self.scene.imet(
            device, address(leaf, self.version), vni=vni, neighbor=neighbor, op=op,
            route_targets=targets, encapsulation="vxlan",
        )  # fmt: skip

    def hears(self, leaf: int, other: int, op: str = "update", vnis: tuple[int, ...] = ()) -> "Fabric":
        for spine in SPINES:
            for vni in vnis or self.vnis:
                self.route(f"l{leaf}", other, vni, link(leaf, spine, self.version)[1], op)
        return self

    def forgets(self, leaf: int, other: int, *vnis: int) -> "Fabric":
        return self.hears(leaf, other, "delete", vnis)

    def uses(self, leaf: int, other: int, op: str = "update") -> "Fabric":
        self.scene.row(
            f"l{leaf}", "vtep", "vtep", op,
            network_instance="default", peer=address(other, self.version), peer_state="UP",
        )  # fmt: skip
        return self

    def passes(self, seconds: float) -> Scene:
        return self.scene.passes(seconds)


def one(outcome: Outcome, rule: str = "V2") -> dict[str, Any]:
    [incident] = outcome.of(rule)
    return incident


def evidence(incident: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(incident["evidence"])
    return found


def subjects(outcome: Outcome, rule: str = "V2") -> list[tuple[str | None, str | None, int | None]]:
    return [(each["device"], each["vtep"], each["vni"]) for each in outcome.of(rule)]


def retarget(fabric: Fabric, leaf: int, targets: str, *vnis: int) -> Fabric:
    """A leaf's routes get other route targets, everywhere."""
    for vni in vnis:
        fabric.targets[leaf, vni] = targets
        fabric.route(f"l{leaf}", leaf, vni, None)
        for spine in SPINES:
            fabric.route(f"s{spine}", leaf, vni, link(leaf, spine)[0])
        for other in fabric.leaves:
            if other != leaf:
                fabric.hears(other, leaf, vnis=(vni,))
    return fabric
