"""What people do, through the correlator: batches, restarts and late evidence change nothing of it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.actions.maintenance import MOST
from pipeline.actions.schedule import Once
from pipeline.correlate import Correlator
from pipeline.detect import RULES
from pipeline.life import incident_id
from pipeline.people import Told
from tests.pipeline.scene import T0
from tests.pipeline.test_correlate import SECOND, frame, said

Step = tuple[float, str, Any]


def us(seconds: float) -> int:
    return T0 + round(seconds * SECOND)


def iso(seconds: float) -> str:
    return Once.text(us(seconds))


def action(at: float, offset: int, **content: Any) -> Told:
    whole = {"version": 1, "actor": "alice", **content}
    return Told(us(at), offset, us(at), "action", whole)


def window(
    at: float, offset: int, begin: float, end: float, scope: dict[str, Any], *, name: str = "MW-1"
) -> Told:
    return action(
        at, offset, verb="maintenance", subject=name, text="new optics", scope=scope,
        **{"from": iso(begin), "to": iso(end)},
    )  # fmt: skip


def start(at: float, offset: int, device: str, **more: Any) -> Told:
    return Told(us(at), offset, us(at), "start", {"device": device, **more})


class Board:
    """A correlator and what the store would hold of it."""

    def __init__(self) -> None:
        self.correlator = Correlator("dc1", RULES)
        self.now = 0.0
        self.incidents: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []

    def tell(
        self,
        now: float,
        added: Sequence[dict[str, Any]] = (),
        told: Sequence[Told] = (),
        removed: Sequence[dict[str, Any]] = (),
    ) -> "Board":
        self.now = max(self.now, now)
        revision = self.correlator.revise(frame(added), frame(removed), us(self.now), told)
        for event in revision.void_events.to_dicts():
            self.events.remove(event)
        self.events += revision.events.to_dicts()
        for gone in revision.void_incidents["incident_id"]:
            self.incidents.pop(gone, None)
        for row in revision.incidents.to_dicts():
            assert row["incident_id"] not in self.incidents, "told twice"
            self.incidents[row["incident_id"]] = row
        self.actions += revision.actions.to_dicts()
        return self

    def restart(self) -> None:
        frames = self.correlator.dump(us(self.now))
        self.correlator = Correlator("dc1", RULES)
        self.correlator.load(frames)
        again = self.correlator.dump(us(self.now))
        assert all(again[name].equals(frames[name]) for name in frames)

    def kinds(self) -> list[str]:
        order = sorted(self.events, key=lambda one: (one["event_time"], one["offset"]))
        return [one["kind"] for one in order]

    def plain(self) -> Any:
        return sorted(map(repr, self.incidents.values())), sorted(map(repr, self.events))


def spine_id(offset: int, rule: str = "R16") -> str:
    """The id of the incident that ``said(..., rule)`` opens."""
    key, _ = next(iter(Correlator("dc1", RULES)._statements(frame([said(1, rule)]))))
    return incident_id("dc1", repr(key[1]), RULES[rule].family, offset)


# Claims.


def test_an_acknowledgement_is_seen_in_the_incident_and_its_timeline() -> None:
    board = Board().tell(1, [said(1, "R16")]).tell(6)
    board.tell(20, told=[action(20, 200, verb="ack", subject=spine_id(10), text="on it")])

    [row] = board.incidents.values()
    assert row["acknowledged_by"] == "alice"
    assert board.kinds() == ["opened", "acknowledged"]
    assert [one["actor"] for one in board.events] == [None, "alice"]
    assert board.events[-1]["summary"] == "on it"


def test_an_acknowledgement_whose_incident_is_told_later_waits_for_it() -> None:
    # the finding is of a time before the acknowledgement, but its record comes a second after it
    board = Board().tell(20, told=[action(20, 200, verb="ack", subject=spine_id(10))])
    board.tell(21, [said(12, "R16", number=10)])

    assert board.kinds() == ["opened", "acknowledged"]


def test_what_is_done_to_an_unknown_incident_is_kept_as_an_action_and_does_nothing() -> None:
    board = Board().tell(1, [said(1, "R16")]).tell(6)
    board.tell(20, told=[action(20, 200, verb="ack", subject="0" * 20)])

    assert board.kinds() == ["opened"]
    assert [one["verb"] for one in board.actions] == ["ack"]


def test_an_action_that_is_not_what_the_contract_says_costs_nothing_else() -> None:
    board = Board().tell(1, [said(1, "R16")]).tell(6)
    good = action(20, 201, verb="note", subject=spine_id(10), text="cable checked")
    board.tell(20, told=[action(20, 200, verb="explode", subject="x"), good])

    assert board.kinds() == ["opened", "noted"]
    assert [one["offset"] for one in board.actions] == [201]


def test_an_incident_in_a_window_is_recorded_and_comes_out_of_it_at_its_end() -> None:
    board = Board().tell(1, told=[window(1, 5, 2, 60, {"device": ["l1"]})])
    board.tell(10, [said(10, "R16")]).tell(16)

    [row] = board.incidents.values()
    assert row["in_maintenance"]
    assert board.kinds() == ["maintenance_began", "opened"]  # one moment; the window's record is the older
    board.tell(61)
    [row] = board.incidents.values()
    assert (row["in_maintenance"], row["state"]) == (False, "open")
    assert board.kinds()[-1] == "maintenance_ended"


def test_a_window_does_not_cover_another_device() -> None:
    board = Board().tell(1, told=[window(1, 5, 2, 60, {"device": ["l1"]})])
    board.tell(10, [said(10, "R16", device="l2")]).tell(16)

    assert [row["in_maintenance"] for row in board.incidents.values()] == [False]


def test_a_window_that_is_ended_early_ends_for_open_incidents() -> None:
    board = Board().tell(1, told=[window(1, 5, 2, 600, {"fabric": True})])
    board.tell(10, [said(10, "R16")]).tell(16)
    board.tell(30, told=[action(30, 300, verb="maintenance-end", subject="MW-1")]).tell(31)

    assert [row["in_maintenance"] for row in board.incidents.values()] == [False]
    assert board.kinds()[-1] == "maintenance_ended"
    assert [one["remark"] for one in board.actions] == [None, None]


def test_a_window_that_matches_nothing_known_is_remarked() -> None:
    board = Board().tell(1, told=[start(1, 1, "l1", rack="r1")])
    board.tell(2, told=[window(2, 2, 2, 60, {"device": ["l1", "l9"]})])
    board.tell(3, told=[window(3, 3, 3, 60, {"label": {"rack": "r7"}}, name="MW-2")])
    board.tell(4, told=[window(4, 4, 4, 60, {"label": {"rack": "r1"}}, name="MW-3")])
    board.tell(5, told=[action(5, 5, verb="maintenance-end", subject="MW-9")])

    assert [one["remark"] for one in board.actions] == [
        "not heard of yet: l9",
        "no device is labelled rack=r7",
        None,
        "no window MW-9 is open or to come",
    ]


def test_a_window_by_label_covers_devices_from_when_they_have_it() -> None:
    board = Board().tell(1, told=[window(1, 1, 1, 600, {"label": {"rack": "r1"}})])
    board.tell(10, [said(10, "R16")]).tell(16)
    assert [row["in_maintenance"] for row in board.incidents.values()] == [False]

    board.tell(30, told=[start(30, 300, "l1", rack="r1")]).tell(31)
    assert [row["in_maintenance"] for row in board.incidents.values()] == [True]
    assert board.kinds() == ["opened", "maintenance_began"]


def test_an_earlier_incident_of_a_subject_can_still_be_marked() -> None:
    board = Board().tell(1, [said(1, "R16")]).tell(6)
    board.tell(10, [said(10, "R16", active=False)]).tell(16).tell(1000, [said(1000, "R16")]).tell(1010)
    assert len(board.incidents) == 2
    board.tell(1020, told=[action(1020, 10_200, verb="mark-false", subject=spine_id(10), text="a test")])

    assert [one["incident_id"] for one in board.events if one["kind"] == "marked_false"] == [spine_id(10)]
    assert [row["state"] for row in board.incidents.values()] == ["resolved", "open"]


# Laws.

IDS = {(rule, offset): spine_id(offset, rule) for rule in ("R16", "R15", "M3", "M2") for offset in range(12)}
VERBS = ("ack", "ack for 4 s", "unack", "note", "resolve", "mark-false")
WINDOWS = ("window l1", "window rack", "window over", "window ends", "label", "no label")

steps = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 2.0, 4.0, 30.0, 200.0]),
        st.one_of(
            st.tuples(
                st.sampled_from(["R16", "R15", "M3", "M2"]), st.sampled_from([True, True, False, None])
            ),
            st.tuples(st.sampled_from(VERBS), st.integers(1, 5)),  # on what was said so many steps before
            st.tuples(st.sampled_from(WINDOWS), st.none()),
        ),
        st.sampled_from([0.0, 0.0, 1.0, 5.0, 9.5]),  # how late a finding is said
    ),
    max_size=11,
).map(lambda rest: [(0.0, ("R16", True), 0.0), *rest])
Steps = list[tuple[float, tuple[str, Any], float]]


def script(choices: Steps) -> list[tuple[float, Any]]:
    """(when, a finding or a record), in the order of arrival; offsets of records follow it."""
    at = 0.0
    out: list[tuple[float, int, Any]] = []
    for number, (gap, (what, which), late) in enumerate(choices):
        at += gap
        if what in RULES:
            momentary = RULES[what].momentary
            active = True if momentary and which is False else which
            out.append((at + late, number, said(at, what, active=active, number=number)))
        else:
            of = None if which is None else (choices[max(number - which, 0)][1][0], max(number - which, 0))
            out.append((at, number, (what, IDS.get(of, "nobody-knows") if of else None)))
    done: list[tuple[float, Any]] = []
    for order, (when, _, what) in enumerate(sorted(out, key=lambda one: one[:2])):
        if isinstance(what, dict):
            done.append((when, what))
        else:
            done.append((when, doing(when, 1000 + order, *what)))
    return done


def doing(at: float, offset: int, what: str, which: Any) -> Told:
    if what == "window l1":
        return window(at, offset, at + 1, at + 20, {"device": ["l1"]})
    if what == "window rack":
        return window(at, offset, at - 5, at + 40, {"label": {"rack": "r1"}}, name="MW-2")
    if what == "window over":
        return window(at, offset, at - 9, at - 1, {"fabric": True}, name="MW-3")
    if what == "window ends":
        return action(at, offset, verb="maintenance-end", subject="MW-1")
    if what in ("label", "no label"):
        return start(at, offset, "l1", **({"rack": "r1"} if what == "label" else {}))
    until = {"until": iso(at + 4)} if what == "ack for 4 s" else {}
    return action(at, offset, verb=what.split(maxsplit=1)[0], subject=which, text="why", **until)


def run(steps: list[tuple[float, Any]], *, cuts: Sequence[int], restarts: Sequence[int] = ()) -> Board:
    """Batches begin at ``cuts``; ``restarts`` go through a snapshot."""
    board = Board()
    edges = sorted({0, *(cut for cut in cuts if cut < len(steps)), len(steps)})
    for begin, end in pairwise(edges):
        batch = steps[begin:end]
        board.tell(
            batch[-1][0],
            [one for _, one in batch if isinstance(one, dict)],
            [one for _, one in batch if isinstance(one, Told)],
        )
        if end in restarts:
            board.restart()
    return board.tell(board.now + 300)


@settings(max_examples=150, deadline=None)
@given(steps, st.lists(st.integers(1, 11), max_size=6))
@example(
    [
        (0.0, ("R16", True), 0.0), (0.0, ("window over", None), 0.0), (30.0, ("label", None), 0.0),
        (0.0, ("mark-false", 3), 0.0), (30.0, ("R16", True), 0.0), (0.0, ("window rack", None), 0.0),
    ],
    [],
)  # fmt: skip
def test_batches_change_nothing(choices: Steps, cuts: list[int]) -> None:
    steps = script(choices)

    whole, single = run(steps, cuts=cuts), run(steps, cuts=range(len(steps)))
    assert whole.plain() == single.plain()
    assert whole.actions == single.actions
    for one in (whole, single):
        one.restart()
    left, right = (one.correlator.dump(us(one.now)) for one in (whole, single))
    assert {name: frame.rows() for name, frame in left.items()} == {
        name: frame.rows() for name, frame in right.items()
    }


@settings(max_examples=100, deadline=None)
@given(steps, st.lists(st.integers(1, 11), max_size=4))
def test_restarts_change_nothing(choices: Steps, restarts: list[int]) -> None:
    steps = script(choices)

    restarted = run(steps, cuts=range(len(steps)), restarts=restarts)
    assert restarted.plain() == run(steps, cuts=range(len(steps))).plain()


@settings(max_examples=100, deadline=None)
@given(steps)
def test_an_incident_is_acknowledged_marked_and_in_maintenance_as_its_timeline_says(choices: Steps) -> None:
    board = run(script(choices), cuts=[3, 5])
    for row in board.incidents.values():
        mine = sorted(
            (one for one in board.events if one["incident_id"] == row["incident_id"]),
            key=lambda one: one["event_time"],
        )
        kinds = [one["kind"] for one in mine]
        if row["acknowledged_by"]:
            assert "acknowledged" in kinds
        if "marked_false" in kinds:
            assert row["state"] == "resolved"
        began, ended = kinds.count("maintenance_began"), kinds.count("maintenance_ended")
        if row["state"] == "open":
            assert row["in_maintenance"] == (began > ended)


def test_an_incident_that_another_one_follows_in_the_same_batch_is_told_to_its_end() -> None:
    board = Board().tell(1, [said(1, "R16")]).tell(20)
    board.tell(2000, [said(20, "R16", active=False), said(1900, "R16")])

    assert [(row["state"], row["opened_at"].minute) for row in board.incidents.values()] == [
        ("resolved", 13),
        ("open", 45),
    ]


def test_more_windows_than_people_can_mean_are_not_declared_and_that_is_told() -> None:
    board = Board()
    flood = [window(1, number, 1, 100, {"fabric": True}, name=f"w{number}") for number in range(MOST + 2)]
    board.tell(2, told=[*flood, window(1, 10_000, 1, 100, {"fabric": True}, name="w0")])
    remarks = [row["remark"] for row in board.actions]
    assert remarks[:MOST] == [None] * MOST
    assert remarks[-1] is None, "one that is replaced counts once"
    assert all(f"{MOST} windows are open or to come" in remark for remark in remarks[MOST:-1])
    board.tell(3, told=[action(2, 10_001, verb="maintenance-end", subject="w1")])
    board.tell(4, told=[window(3, 10_002, 1, 100, {"fabric": True}, name="another")])
    assert board.actions[-1]["remark"] is None
