"""What devices say of ports, aggregates and neighbours, and the laws that rules on them keep."""

from collections.abc import Callable
from typing import Any, Final

from tests.pipeline.driver import Outcome
from tests.pipeline.scene import Scene, delayed

FAMILIES = ("link", "lacp", "lldp", "bfd", "isis", "ospf", "es", "liveness")
PARTNER = 0x443839FF0001
DELAYS: Final = (0.0, 3.0, 1.0, 7.0, 0.5)


def fabric(*devices: str) -> Scene:
    """Devices that have synced all families of their ports, with nothing to tell yet."""
    return Scene().joins(*(devices or ("l1", "l2")), families=FAMILIES).passes(1)


def member(
    scene: Scene, name: str, *, device: str = "l1", lag: str = "po1", up: bool = True, **leaves: Any
) -> Scene:
    """A member of an aggregate, forwarding or out of sync."""
    state = {"synchronization": "IN_SYNC" if up else "OUT_SYNC", "collecting": up, "distributing": up}
    told = {"system_id": 1, "oper_key": 1, "partner_id": PARTNER if up else 0, "partner_key": 10, **leaves}
    return scene.row(device, "lacp", "lacp_member", interface=lag, member=name, **state | told)


def adjacency(
    scene: Scene,
    state: str,
    op: str = "update",
    *,
    device: str = "l1",
    interface: str = "eth1",
    neighbor: str = "0100.0000.0001",
    protocol: str = "ISIS",
    **leaves: Any,
) -> Scene:
    """An adjacency of IS-IS or OSPF."""
    key = {
        "network_instance": "default", "protocol": protocol, "instance": "1", "interface": interface,
        "area": "2" if protocol == "ISIS" else "0.0.0.0", "neighbor": neighbor,
    }  # fmt: skip
    told = {} if op == "delete" else {"adjacency_state": state, **leaves}
    return scene.row(device, protocol.lower(), "igp_adjacency", op, **key, **told)


def bfd(
    scene: Scene, state: str, op: str = "update", *, device: str = "l1", number: str = "1", **leaves: Any
) -> Scene:
    """A BFD session on eth1."""
    told = {} if op == "delete" else {"session_state": state, "peer": "10.128.0.0", **leaves}
    return scene.row(device, "bfd", "bfd_session", op, interface="eth1", discriminator=number, **told)


def neighbor(
    scene: Scene,
    chassis: str,
    port: str | None = "eth1",
    op: str = "update",
    *,
    device: str = "l1",
    interface: str = "eth1",
    number: str = "1",
    **leaves: Any,
) -> Scene:
    """What a port hears by LLDP."""
    told = {} if op == "delete" else {"chassis_id": chassis, "port_id": port, **leaves}
    return scene.row(device, "lldp", "lldp_neighbor", op, interface=interface, neighbor=number, **told)


def said(outcome: Outcome) -> tuple[Any, ...]:
    """What an outcome says of incidents and findings."""
    return outcome.findings, outcome.incidents, outcome.events


def stories(outcome: Outcome) -> list[list[Any]]:
    """Incidents of the rules on ports, without when they were told."""
    columns = ("rule", "severity", "device", "interface", "peer", "opened_at", "summary", "evidence")
    return [[one[name] for name in columns] for one in outcome.incidents if one["rule"].startswith("L")]


def check_laws(scene: Scene, play: Callable[..., Outcome]) -> None:
    """Cuts, restarts and (but for when it was told) the order in which devices are heard change nothing.

    ``play``: with the rules that are looked at (judged_by).
    """
    whole = play(scene)
    assert whole.incidents
    told = [number for number, one in enumerate(scene.records) if one.rows or one.sync or one.content]
    # a batch for each record that says something, and restarts among them
    assert said(play(scene, told, restarts=told[1::6])) == said(whole)
    delayed_records = delayed(scene.records, DELAYS)
    late = play(delayed_records, range(0, len(delayed_records), 9), restarts=[len(delayed_records) // 2])
    assert stories(late) == stories(whole)
