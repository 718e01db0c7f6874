"""What a collector says of its targets, in short."""

from typing import Any

from demo.fleet import Fleet, Target, fleet_of


def stream(
    target: str, family: str, state: str = "UP", reason: str = "", rate: float = 1.0
) -> dict[str, Any]:
    return {"target": target, "family": family, "state": state, "reason": reason, "records_per_s": rate}


def told(*streams: dict[str, Any], waiting: int = 0) -> Fleet:
    return fleet_of({"targets": list(streams), "kafka": [{"waiting": waiting}]})


def test_a_target_is_as_well_as_its_worst_stream() -> None:
    fleet = told(
        stream("leaf-1", "mac"),
        stream("leaf-1", "liveness", "STALE", "silent for 15 s"),
        stream("leaf-1", "es", "SYNCING"),
    )
    assert fleet.targets == (Target("leaf-1", "STALE", 1, 3, 3.0, "silent for 15 s"),)
    assert not fleet.in_step


def test_targets_are_in_the_order_of_their_names_and_in_step_together() -> None:
    fleet = told(stream("spine-1", "bgp"), stream("leaf-1", "mac", reason="asked as SAMPLE"), waiting=3)
    assert [target.name for target in fleet.targets] == ["leaf-1", "spine-1"]
    assert (fleet.in_step, fleet.waiting, fleet.targets[0].reason) == (True, 3, "")


def test_without_streams_nothing_is_in_step() -> None:
    assert not Fleet().in_step
