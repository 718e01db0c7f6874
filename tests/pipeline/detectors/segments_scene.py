"""A segment behind leaves l1, l2, ... that elect by the modulus and say what they elected."""

from collections.abc import Mapping

from tests.pipeline.scene import Scene, address

ESI = "00:11:22:33:44:55:66:77:88:99"
OTHER = "00:aa:22:33:44:55:66:77:88:99"
OBSERVERS = ("l1", "l2", "l3", "s1")
EVEN, ODD = 1010, 1021
"""VNIs that l1 and l2 forward: their numbers and those of their VLANs, 10 and 21, are even and odd."""


def neighbor_of(device: str, pe: int) -> str | None:
    return None if device == f"l{pe}" else "192.0.2.1"


def announces(scene: Scene, pe: int, *devices: str, version: int = 4, op: str = "update", kinds: str = "14e",
              esi: str = ESI, said: Mapping[str, int] | None = None) -> Scene:  # fmt: skip
    """All devices, or some, hear a PE's routes of the segment: type 4, A-D per segment, A-D per EVI."""
    vtep = address(pe, version)
    for device in devices or OBSERVERS:
        neighbor = neighbor_of(device, pe)
        if "4" in kinds:
            scene.segment_route(device, esi, vtep, op=op, neighbor=neighbor, **(said or {}))
        if "1" in kinds:
            scene.ad_route(device, esi, vtep, op=op, neighbor=neighbor)
        for vni in (EVEN, ODD) if "e" in kinds else ():
            scene.ad_route(device, esi, vtep, op=op, neighbor=neighbor, vni=vni)
    return scene


def claim(scene: Scene, device: str, *vnis: int, esi: str = ESI) -> Scene:
    """A device says that it forwards these VNIs, and no other."""
    for vni in (EVEN, ODD):
        scene.forwards(device, esi, vni, df=vni in vnis)
    return scene


def fabric(version: int = 4, pes: int = 2) -> Scene:
    """At 10 s two PEs serve the segment and forward what the modulus gives them."""
    scene = Scene().joins(*OBSERVERS).passes(1)
    for pe in range(1, pes + 1):
        announces(scene, pe, version=version)
        for device in OBSERVERS:
            scene.imet(device, address(pe, version), neighbor=neighbor_of(device, pe))
    claim(scene, "l1", EVEN)
    claim(scene, "l2", ODD)
    return scene.passes(9)


def without_evi(scene: Scene, pe: int, vni: int, op: str = "delete") -> Scene:
    for device in OBSERVERS:
        scene.ad_route(device, ESI, address(pe), vni=vni, op=op, neighbor=neighbor_of(device, pe))
    return scene
