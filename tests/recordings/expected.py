"""What a recording must give, from what was done to its fabric: ``truth.jsonl`` and ``labels.json``.

An expectation says in which state a subject is when: rules are levels of a family, 0 is none, and each change
of level has a time before which it would be a false alarm and one by which it has to be told.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from tests.recordings.fabric import Fabric, Mac, Port, fabric_of, verdicts_of

LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "mobility": ("M3", "M12", "M2"),
    "verdict": ("M13",),
    "uplinks": ("R16", "R15"),
    "segment": ("R4", "R5"),
    "vtep": ("V1",),
    "silence": ("X1",),
    "link_flap": ("L1",),
}
"""By family, weakest first."""
REACTION_S: Final = 6.0
"""From the cause to its being told, beside what has to pass first."""
RECOVERY_S: Final = 25.0
HOLD_S: Final = 9.0
"""BGP hold time of the recorded fabrics: a peer that hangs is missed after it."""
SILENCE_S: Final = 15.0
"""Without a word from a device: X1."""
WAIT_S: Final = {"R16": 5.0, "R15": 3.0, "R4": 5.0, "R5": 5.0, "V1": 5.0, "X1": 0.0}
"""How long what is wrong must last before the rule speaks."""
POLL_S: Final = 3.0
"""What is shorter fits between two polls."""
MOVES, WINDOW_S, BURST_S = 5, 180.0, 10.0
"""M2, RFC 7432, section 15.1: N moves in M seconds; those inside a burst wait until it has passed BURST_S."""
FLAPS, FLAP_WINDOW_S = 3, 60.0
"""M3."""
TURNS, TURNS_WINDOW_S = 3, 120.0
"""L1."""

Event = dict[str, Any]


class Turn(NamedTuple):
    """A change of level, told between two times: seconds after the scenario began."""

    level: int
    earliest: float
    latest: float
    wait: float = 0.0
    """How much of the time is the rule's own: the condition itself holds that much earlier."""


class Subject(NamedTuple):
    """What an incident is about: a rule family, and the device, the segment or (VNI, MAC)."""

    family: str
    thing: str | Mac


@dataclass
class Expected:
    """All that a recording must give, and by that all that it must not."""

    start: float
    """When the scenario began, unix seconds."""
    end: float
    """When it was over, seconds after its start."""
    turns: dict[Subject, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    moves: dict[Mac, int] = field(default_factory=dict)
    """How often each MAC moved, as far as the fabric itself carried it."""
    whereabouts: list[tuple[float, Mac, str]] = field(default_factory=list)
    """From a time on, a MAC's VTEP."""
    blips: list[tuple[float, Port]] = field(default_factory=list)
    """Ports whose link was gone for less than a poll."""


def expected_of(directory: Path) -> Expected:
    """Return what a recording must give."""
    labels = orjson.loads((directory / "labels.json").read_bytes())
    lines = [orjson.loads(line) for line in (directory / "truth.jsonl").read_bytes().splitlines()]
    start = labels["t0"]
    events = [{**line, "t": line["ts"] - start} for line in lines]
    fabric = fabric_of(directory)
    expected = Expected(start, events[-1]["t"])
    _expect_mobility(expected, labels["macs"])
    _expect_whereabouts(expected, labels["macs"], events, fabric)
    for mac, (first, last) in verdicts_of(directory).items():
        turn = Turn(1, first - start, first - start + REACTION_S)
        clear = Turn(0, last - start, last - start + RECOVERY_S)
        expected.turns[Subject("verdict", mac)] += [turn, clear]
    _expect_losses(expected, events, fabric)
    _expect_flaps(expected, events, fabric)
    return expected


def _expect_flaps(expected: Expected, events: list[Event], fabric: Fabric) -> None:
    """Expect ports that went or came three times within two minutes: of a blip between two polls each."""
    turns: dict[Port, list[float]] = defaultdict(list)
    for event in events:
        kind, _, way = event["action"].rpartition("link-")
        if way in ("up", "down") and kind in ("", "es-"):
            port = Port(event["node"], event["ifname"])
            for end in (port, fabric.peer(port)) if not kind else (port,):
                turns[end].append(event["t"])
    for port, times in turns.items():
        reached = [
            last
            for first, last in zip(times, times[TURNS - 1 :], strict=False)
            if last - first < TURNS_WINDOW_S
        ]
        if reached:
            subject = expected.turns[Subject("link_flap", port.node)]
            subject.append(Turn(1, reached[0], reached[0] + REACTION_S))
            over = reached[-1] + TURNS_WINDOW_S
            subject.append(Turn(0, over, over + RECOVERY_S))


def _expect_mobility(expected: Expected, macs: dict[str, Event]) -> None:
    for address, label in macs.items():
        mac = label["vni"], address
        carried = label.get("max_seq_bgp", 0)
        moves = label["moves"] if carried >= len(label["moves"]) else label["moves"][:carried]
        expected.moves[mac] = carried if "dup_start" in label else len(moves)
        turns = expected.turns[Subject("mobility", mac)]
        if "dup_start" in label:
            # nobody counted the moves of a MAC that is active in two places, and the last may be any
            turns.append(Turn(3, label["dup_start"], label["dup_start"] + BURST_S + REACTION_S))
            turns.append(_quiet_after(label["dup_end"], early=REACTION_S))
            continue
        flap, duplicate = _nth(moves, FLAPS, FLAP_WINDOW_S), _nth(moves, MOVES, WINDOW_S)
        if flap is not None:
            turns.append(Turn(1, flap, flap + BURST_S + REACTION_S))
        if duplicate is not None:
            turns.append(Turn(3, duplicate, duplicate + REACTION_S))
        if turns:
            turns.append(_quiet_after(moves[-1]))


def _nth(moves: list[float], count: int, window: float) -> float | None:
    """Return when there were first ``count`` moves within a window."""
    full = (last for first, last in zip(moves, moves[count - 1 :], strict=False) if last - first < window)
    return next(full, None)


def _quiet_after(last: float, early: float = 0.0) -> Turn:
    return Turn(0, last + WINDOW_S - early, last + WINDOW_S + RECOVERY_S)


def _expect_whereabouts(
    expected: Expected, macs: dict[str, Event], events: list[Event], fabric: Fabric
) -> None:
    """Expect each host where it was sent: not the hosts of a segment, nor those that nobody let go."""
    free = {mac for mac, label in macs.items() if "esi" not in label and not label.get("sticky")}
    for event in events:
        to = {"mac-move": "to", "host-attach": "leaf"}.get(event["action"])
        if to is not None and event["mac"] in free:
            expected.whereabouts.append((event["t"], (event["vni"], event["mac"]), fabric.vteps[event[to]]))


@dataclass
class _State:
    """What works at a moment."""

    down: set[Port] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    hung: set[str] = field(default_factory=set)
    legs: dict[str, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))
    """By segment: who has a leg, and whether it is up."""


def _expect_losses(expected: Expected, events: list[Event], fabric: Fabric) -> None:
    """Expect what links, daemons and segments that fail must give."""
    state = _State()
    for event in events:
        if event["action"].startswith("es-link-"):
            state.legs[event["esi"]][event["node"]] = True
    told: dict[Subject, int] = {}
    for event in _without_blips(expected, events, fabric):
        extra = _apply(state, event, fabric)
        for subject, level in _levels(state, fabric).items():
            was = told.get(subject, 0)
            if level > was:
                rule = LEVELS[subject.family][level - 1]
                first = SILENCE_S if rule == "X1" else extra
                latest = event["t"] + first + REACTION_S + WAIT_S[rule]
                expected.turns[subject].append(Turn(level, event["t"], latest, WAIT_S[rule]))
            elif level < was:
                expected.turns[subject].append(Turn(level, event["t"], event["t"] + RECOVERY_S))
            told[subject] = level


def _without_blips(expected: Expected, events: list[Event], fabric: Fabric) -> Iterator[Event]:
    """Yield events but for links that go and come between two polls: those are expected as blips."""
    blips: set[Port] = set()
    for event in events:
        port = Port(event.get("node", ""), event.get("ifname", ""))
        ups = (
            it["t"] for it in events if it["action"] == "link-up" and Port(it["node"], it["ifname"]) == port
        )
        if event["action"] == "link-down" and any(0 < up - event["t"] < POLL_S for up in ups):
            expected.blips += [(event["t"], port), (event["t"], fabric.peer(port))]
            blips.add(port)
        elif event["action"] == "link-up" and port in blips:
            blips.remove(port)
        else:
            yield event


def _apply(state: _State, event: Event, fabric: Fabric) -> float:
    """Bring the state up to date; return how long it takes until others notice."""
    port = Port(event.get("node", ""), event.get("ifname", ""))
    match event["action"], event.get("sig"):
        case "link-down", _:
            state.down |= {port, fabric.peer(port)}
        case "link-up", _:
            state.down -= {port, fabric.peer(port)}
        case "signal", "SIGTERM":
            state.stopped.add(event["node"])
        case "bgpd-start", _:
            state.stopped.discard(event["node"])
        case "signal", "SIGSTOP":
            state.hung.add(event["node"])
            return HOLD_S
        case "signal", "SIGCONT":
            state.hung.discard(event["node"])
        case ("es-link-down" | "es-link-up") as action, _:
            state.legs[event["esi"]][event["node"]] = action == "es-link-up"
        case _:
            pass  # of hosts, or what the scenario says of itself
    return 0.0


def _levels(state: _State, fabric: Fabric) -> dict[Subject, int]:
    """Return the level of every subject that a state may concern."""
    mute = state.stopped | state.hung
    lost = [
        (leaf, spine, port in state.down or leaf in mute or spine in mute)
        for leaf, spine, port in fabric.uplinks()
    ]
    levels: dict[Subject, int] = {}
    gone = set()
    for spine in {spine for _, spine, _ in lost}:
        mine = [down for _, at, down in lost if at == spine]
        if all(mine) and len(mine) > 1:
            gone.add(spine)
        levels[Subject("uplinks", spine)] = int(spine in gone)
    for leaf in fabric.vteps:
        ways = [(spine, down) for at, spine, down in lost if at == leaf]
        isolated = all(down for _, down in ways)
        # a spine that everybody lost is the spine's incident, not one of each leaf
        degraded = any(down and spine not in gone for spine, down in ways)
        levels[Subject("uplinks", leaf)] = 2 if isolated else int(degraded)
        levels[Subject("vtep", leaf)] = int(isolated)
    for node in {node for it in lost for node in it[:2]}:
        levels[Subject("silence", node)] = int(node in state.hung)
    for esi, legs in state.legs.items():
        levels[Subject("segment", esi)] = 0 if all(legs.values()) else 1 + int(not any(legs.values()))
    return levels
