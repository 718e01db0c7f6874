"""Apply, detect and correlate as a whole: batches, restarts and who is heard first change nothing."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect import RULES
from pipeline.detectors import FINDING
from tests.pipeline.driver import Outcome, play
from tests.pipeline.scene import Said, Scene, address, delayed

LEAVES, SPINES = ("l1", "l2", "l3"), ("s1", "s2")
ALL = LEAVES + SPINES
ESI = "00:11:22:33:44:55:66:77:88:99"


def vtep(leaf: str) -> str:
    return address(int(leaf[1]))


def ends_of(leaf: str, spine: str) -> tuple[str, str]:
    return f"10.{leaf[1]}.{spine[1]}.0", f"10.{leaf[1]}.{spine[1]}.1"


def says_all(scene: Scene, device: str) -> None:
    """What a device has to tell while the fabric is whole."""
    for leaf in LEAVES:
        scene.imet(device, vtep(leaf), neighbor=None if device == leaf else "192.0.2.1")
        if leaf != "l3":
            scene.segment_route(device, ESI, vtep(leaf), neighbor=None if device == leaf else "192.0.2.1")
    if device in LEAVES:
        scene.serves(device).learns(device, 50 + int(device[1]))
    for leaf in LEAVES:
        for spine in SPINES:
            low, high = ends_of(leaf, spine)
            mine, theirs, name = (
                (low, high, f"up{spine[1]}") if device == leaf else (high, low, f"down{leaf[1]}")
            )
            if device in (leaf, spine):
                scene.has_address(device, name, mine, 31).link(device, name, "UP")
                scene.session(device, theirs, "ESTABLISHED")


def fabric() -> Scene:
    scene = Scene()
    for device in ALL:
        with scene.dump(device):
            says_all(scene, device)
    return scene.passes(2)


def everybody_but(leaf: str) -> list[str]:
    return [device for device in ALL if device != leaf]


def move(scene: Scene, leaf: str, number: int) -> None:
    for device in (*SPINES, leaf):
        scene.mac_route(device, 1, vtep(leaf), number)


def stick(scene: Scene, leaf: str, _: int) -> None:
    for device in SPINES:
        scene.mac_route(device, 1, vtep(leaf), sticky=True)


def withdraw(scene: Scene, leaf: str, _: int) -> None:
    for device in ALL:
        scene.mac_route(device, 1, vtep(leaf), op="delete")


def routes(scene: Scene, leaf: str, op: str) -> None:
    for device in everybody_but(leaf):
        scene.imet(device, vtep(leaf), op=op).segment_route(device, ESI, vtep(leaf), op=op)


def link(scene: Scene, leaf: str, number: int, status: str) -> None:
    spine = SPINES[number % 2]
    scene.link(leaf, f"up{spine[1]}", status).link(spine, f"down{leaf[1]}", status)


def session(scene: Scene, leaf: str, number: int, state: str) -> None:
    low, high = ends_of(leaf, SPINES[number % 2])
    scene.session(leaf, high, state).session(SPINES[number % 2], low, state)


def back(scene: Scene, leaf: str, _: int) -> None:
    with scene.dump(leaf):
        says_all(scene, leaf)


WHAT: dict[str, Callable[[Scene, str, int], object]] = {
    "a MAC moves": move,
    "a MAC moves on": move,
    "a MAC is sticky": stick,
    "a MAC is withdrawn": withdraw,
    "a leaf's routes are gone": lambda scene, leaf, _: routes(scene, leaf, "delete"),
    "a leaf's routes are back": lambda scene, leaf, _: routes(scene, leaf, "update"),
    "a link is down": lambda scene, leaf, number: link(scene, leaf, number, "DOWN"),
    "a link is up": lambda scene, leaf, number: link(scene, leaf, number, "UP"),
    "a session is down": lambda scene, leaf, number: session(scene, leaf, number, "IDLE"),
    "a session is up": lambda scene, leaf, number: session(scene, leaf, number, "ESTABLISHED"),
    "a MAC is learned": lambda scene, leaf, _: scene.learns(leaf, 1),
    "a MAC is forgotten": lambda scene, leaf, _: scene.learns(leaf, 1, op="delete"),
    "a MAC is frozen": lambda scene, leaf, _: scene.learns(leaf, 1, mobility_state="FROZEN"),
    "a MAC is thawed": lambda scene, leaf, _: scene.learns(leaf, 1, mobility_state="NORMAL"),
}
RECEIVED: dict[str, Callable[[Scene, str, int], object]] = {
    "a leaf is mute": lambda scene, leaf, _: scene.mute(leaf),
    "a leaf speaks again": lambda scene, leaf, _: scene.unmute(leaf),
    "sessions end": lambda scene, leaf, _: scene.ends(leaf),
    "new sessions": back,
}
"""What is judged by when it is heard, not by when it happened."""
gaps = st.sampled_from([0.0, 0.25, 1.0, 4.0, 7.0, 16.0])
happenings = st.lists(
    st.tuples(gaps, st.sampled_from(list(WHAT)), st.integers(0, 5)), min_size=1, max_size=14
)
deeds = st.lists(
    st.tuples(gaps, st.sampled_from([*WHAT, *RECEIVED]), st.integers(0, 5)), min_size=1, max_size=14
)
Deeds = list[tuple[float, str, int]]
cuts = st.lists(st.floats(0, 1), max_size=4)
delays = st.lists(st.sampled_from([0.0, 0.5, 3.0, 9.0]), min_size=1, max_size=7)


def story(choices: Deeds) -> list[Said]:
    scene = fabric()
    for number, (gap, what, which) in enumerate(choices, 1):
        scene.until(scene.now + gap)
        # a move's number is newer than those before it
        moves = what.startswith("a MAC moves")
        (WHAT | RECEIVED)[what](scene, LEAVES[which % 3], number if moves else which)
    return scene.passes(25).records


def numbers(cuts: Sequence[float], records: Sequence[Said]) -> list[int]:
    return [round(cut * len(records)) for cut in cuts]


def told(outcome: Outcome) -> list[Any]:
    """All that is stored."""
    return [
        sorted(map(repr, rows))
        for rows in (outcome.findings, outcome.incidents, outcome.events, outcome.history, outcome.locations)
    ]


ARRIVAL = (
    "offset", "index", "now", "incident_id", "root_incident_id", "detected_at",
    "opened_offset", "opened_index", "seen_from", "seen_to",
)  # fmt: skip


def without_arrival(outcome: Outcome) -> list[Any]:
    """All that is stored but for what tells when and in which order it was heard."""
    return [
        sorted(repr({name: value for name, value in row.items() if name not in ARRIVAL}) for row in rows)
        for rows in (outcome.findings, outcome.incidents, outcome.history, outcome.locations)
    ]


@settings(max_examples=8)
@given(deeds, cuts, cuts)
def test_batches_and_restarts_change_nothing(
    choices: Deeds, cuts: list[float], restarts: list[float]
) -> None:
    records = story(choices)

    pieces = play(records, numbers(cuts, records), restarts=numbers(restarts, records))

    assert told(pieces) == told(play(records))


@settings(max_examples=8)
@given(happenings, delays, cuts)
def test_who_is_heard_first_changes_nothing(choices: Deeds, delays: list[float], cuts: list[float]) -> None:
    records = story(choices)
    late = delayed(records, delays)

    assert without_arrival(play(late, numbers(cuts, late))) == without_arrival(play(records))


def test_a_quiet_fabric_has_nothing_to_tell() -> None:
    outcome = play(fabric().passes(60))

    assert (outcome.findings, outcome.incidents, outcome.events) == ([], [], [])


def test_a_stream_of_ticks_alone_is_nobody_s_silence() -> None:
    assert play(Scene().passes(60)).findings == []


def test_findings_fill_their_columns_and_name_rules_that_exist() -> None:
    scene = fabric()
    for deed in (*WHAT.values(), *RECEIVED.values()):
        deed(scene, "l1", 1)
        scene.passes(6)

    outcome = play(scene.passes(30))

    assert {finding["rule"] for finding in outcome.findings} <= set(RULES)
    for finding in outcome.findings:
        assert set(finding) == set(FINDING)
        for name in ("rule", "severity", "time", "offset", "index", "now", "summary", "evidence"):
            assert finding[name] is not None
    for incident in outcome.incidents:
        assert incident["summary"]
        assert incident["severity"] in ("warning", "critical")
