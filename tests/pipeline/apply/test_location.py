"""Where a MAC is: the winner among claims, against RFC 7432 in plain Python, in any order and any batches."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.apply.claims import CLAIM, Claims
from pipeline.apply.fabric import Applied
from pipeline.apply.location import SLOTS, Locations, device_hashes, newer
from pipeline.apply.mac_location import Located
from pipeline.schema import NAME
from tests.pipeline.driver import play
from tests.pipeline.scene import Said, Scene, address, delayed

OBSERVERS = ("s1", "l1", "l2")
SEGMENT = "00:11:22:33:44:55:66:77:88:99"
VTEPS = {
    address(9): address(9),
    address(10): address(10),
    address(9, 6): address(9, 6),
    address(11): SEGMENT,
    address(8, 6): SEGMENT,
}
"""Addresses of PEs, and the location that their routes have."""
TOP = 2**32 - 1


class Claim(NamedTuple):
    """What a route says."""

    location: str
    vtep: str
    seq: int = 0
    sticky: bool = False


class Told(NamedTuple):
    """An observer's route (it has two of each MAC, a leaf's second is its own) says a claim or goes."""

    time: int
    observer: str
    route: int
    claim: Claim | None
    key: int = 0

    @property
    def remote(self) -> bool:
        """Whether the observer heard the route from a neighbour."""
        return self.observer == "s1" or self.route == 0


@dataclass
class Model:
    """One MAC: who holds which claims, and what follows."""

    held: dict[tuple[str, int], tuple[Claim, bool]] = field(default_factory=dict)
    winner: Claim | None = None
    contested: bool = False

    def tell(self, told: Told) -> None:
        if told.claim is not None and self.held.get((told.observer, told.route)) == (told.claim, told.remote):
            return
        self.held.pop((told.observer, told.route), None)
        if told.claim is not None:
            new = all(claim != told.claim for claim, _ in self.held.values())
            if new and any(home != told.claim.location for home in self._sticky()):
                self.contested = True
            self.held[told.observer, told.route] = told.claim, told.remote
        everywhere = {claim.location for claim, _ in self.held.values()}
        self.contested &= any(everywhere - {home} for home in self._sticky())
        self.winner = max((claim for claim, _ in self.held.values()), key=strength, default=None)

    def _sticky(self) -> set[str]:
        """Places of sticky claims that somebody besides the originator holds."""
        return {claim.location for claim, remote in self.held.values() if claim.sticky and remote}


def strength(claim: Claim) -> tuple[bool, int, tuple[int, int]]:
    """RFC 7432, section 15: the newest number wins, else the lowest address; 15.2: static before all."""
    host = ipaddress.ip_address(claim.vtep)
    # the numbers in these tests lie within half the circle around the wrap
    seq = (claim.seq + 2**31) % 2**32
    return claim.sticky, 0 if claim.sticky else seq, (-host.version, -int(host))


def codes(names: Sequence[str]) -> list[int]:
    return pl.Series(names, dtype=pl.String).cast(NAME).to_physical().to_list()


def claims_of(told: Sequence[Told], first: int, held: dict[Any, tuple[Claim, bool]]) -> Claims:
    """The rows that ``told`` is in the fold's terms; ``held``: what each route said before."""
    out = np.zeros(len(told), dtype=CLAIM)
    for at, one in enumerate(told):
        row = out[at : at + 1]
        before = held.pop((one.key, one.observer, one.route), None)
        for prefix, claim in (("old_", before and before[0]), ("", one.claim)):
            if claim is not None:
                row[f"{prefix}location"], row[f"{prefix}vtep"] = codes([claim.location, claim.vtep])
                row[f"{prefix}seq"], row[f"{prefix}sticky"] = claim.seq, claim.sticky
        row["leaves"], row["joins"] = before is not None, one.claim is not None
        row["key"], row["time"], row["now"] = one.key, one.time, one.time
        row["record_time"], row["offset"] = one.time, first + at
        row["observer"], row["remote"] = device_hashes([one.observer])[0], one.remote
        if one.claim is not None:
            held[one.key, one.observer, one.route] = one.claim, one.remote
    keep = out["leaves"] | out["joins"]
    same = out["leaves"] & out["joins"]
    for name in ("location", "vtep", "seq", "sticky"):
        same &= out[name] == out[f"old_{name}"]
    changed: Claims = out[keep & ~same]
    return changed


def winner_of(locations: Locations, key: int) -> tuple[Claim | None, bool]:
    if key >= len(locations.state):
        return None, False
    row = locations.state[key]
    names = pl.DataFrame({"code": np.array([row["location"], row["vtep"]], dtype=np.uint32)}).select(
        pl.col("code").cat.to(NAME).cast(pl.String)
    )["code"]
    claim = Claim(names[0], names[1], int(row["seq"]), bool(row["sticky"]))
    return claim if row["found"] else None, bool(row["contested"])


claims = st.builds(
    Claim,
    location=st.just(""),
    vtep=st.sampled_from(list(VTEPS)),
    seq=st.sampled_from([0, 1, 2, 7, TOP - 1, TOP]),
    sticky=st.sampled_from([False, False, False, True]),
).map(lambda claim: claim._replace(location=VTEPS[claim.vtep], seq=0 if claim.sticky else claim.seq))
streams = st.lists(
    st.builds(
        Told,
        time=st.integers(0, 3),  # since the one before
        observer=st.sampled_from(OBSERVERS),
        route=st.integers(0, 1),
        claim=st.none() | claims | claims,
        key=st.integers(0, 1),
    ),
    max_size=40,
)


def timed(stream: Sequence[Told]) -> list[Told]:
    """Turn gaps into times; at one time the observers come in the order of their hashes, as in the fold."""
    at, out = 0, []
    for one in stream:
        at += one.time * 1_000_000
        out.append(one._replace(time=at))
    rank = {name: int(device_hashes([name])[0]) for name in OBSERVERS}
    return sorted(out, key=lambda one: (one.time, rank[one.observer]))


@settings(max_examples=60)
@given(streams, st.integers(1, 12))
def test_the_winner_is_the_one_that_rfc_7432_elects(stream: list[Told], size: int) -> None:
    told = timed(stream)
    locations, models = Locations(), [Model(), Model()]
    held: dict[Any, tuple[Claim, bool]] = {}
    for first in range(0, len(told), size):
        part = told[first : first + size]
        locations.fold(claims_of(part, first, held), 2, part[-1].time)
        for one in part:
            models[one.key].tell(one)

        for key, model in enumerate(models):
            assert winner_of(locations, key) == (model.winner, model.contested)


@settings(max_examples=40)
@given(streams)
def test_a_step_is_told_wherever_the_winner_changes_and_nowhere_else(stream: list[Told]) -> None:
    told = timed(stream)
    locations = Locations()
    held: dict[Any, tuple[Claim, bool]] = {}
    steps, void = locations.fold(claims_of(told, 0, held), 2, told[-1].time if told else 0)
    expected = []
    for key in (0, 1):
        model = Model()
        for at, one in enumerate(told):
            if one.key == key:
                before = model.winner
                model.tell(one)
                if model.winner != before:
                    expected.append((key, at, model.winner is not None, before is not None))

    moved = steps[steps["moved"]]
    found = zip(moved["key"], moved["offset"], moved["found"], moved["old_found"], strict=True)
    assert sorted((int(k), int(o), bool(f), bool(w)) for k, o, f, w in found) == sorted(expected)
    assert len(void) == 0


@settings(max_examples=40)
@given(streams, st.lists(st.integers(0, 10), min_size=1, max_size=8), st.integers(1, 12))
def test_claims_that_arrive_within_the_lateness_give_the_winner_of_their_times(
    stream: list[Told], delays: list[int], size: int
) -> None:
    told = timed(stream)
    arrived: dict[str, int] = {}
    late = []
    for number, one in enumerate(told):
        delay = delays[number % len(delays)] * 1_000_000
        arrived[one.observer] = max(arrived.get(one.observer, 0), one.time + delay)
        late.append((arrived[one.observer], one))
    late.sort(key=lambda pair: pair[0])
    locations, models = Locations(), [Model(), Model()]
    held: dict[Any, tuple[Claim, bool]] = {}
    for first in range(0, len(late), size):
        part = late[first : first + size]
        locations.fold(claims_of([one for _, one in part], first, held), 2, part[-1][0])
    for one in told:
        models[one.key].tell(one)

    assert [winner_of(locations, key) for key in (0, 1)] == [
        (model.winner, model.contested) for model in models
    ]


def test_beyond_the_slots_the_oldest_number_is_forgotten_and_the_winner_holds() -> None:
    locations = Locations()
    held: dict[Any, tuple[Claim, bool]] = {}
    told = [Told(at, "s1", at, Claim(address(at + 1), address(at + 1), at)) for at in range(SLOTS + 3)]

    locations.fold(claims_of(told, 0, held), 1, 100)
    assert winner_of(locations, 0)[0] == told[-1].claim

    gone = [one._replace(time=100 + one.time, claim=None) for one in told]
    locations.fold(claims_of(gone, 100, held), 1, 200)
    assert winner_of(locations, 0)[0] is None


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 0, True),
        (0, 1, False),
        (5, 5, False),
        (0, TOP, True),
        (TOP, 0, False),
        (2**31 - 1, 0, True),
        (2**31, 0, False),
        (0, 2**31 + 1, True),
    ],
)
def test_numbers_are_compared_modulo_2_to_32(a: int, b: int, *, expected: bool) -> None:
    assert bool(newer(np.array([a], dtype=np.uint32), np.array([b], dtype=np.uint32))[0]) is expected


@pytest.mark.parametrize(("low", "high"), [(9, 10), (99, 100), (2, 10)])
@pytest.mark.parametrize("version", [4, 6])
def test_of_two_claims_alike_the_lowest_address_wins_as_a_number(low: int, high: int, version: int) -> None:
    scene = Scene().joins("s1").passes(1)
    scene.mac_route("s1", 1, address(high, version), 3).mac_route("s1", 1, address(low, version), 3)

    assert play(scene).locations[0]["location"] == address(low, version)


# Through the routes.


def test_a_location_is_the_segment_if_there_is_one_else_the_vtep() -> None:
    scene = Scene().joins("s1").passes(1)
    scene.mac_route("s1", 1, address(1), 1, esi="00:01").mac_route("s1", 2, address(2, 6), 1)

    first, second = play(scene).locations

    assert (first["location"], first["esi"], first["vtep"]) == ("00:01", "00:01", address(1))
    assert (second["location"], second["esi"], second["vtep"]) == (address(2, 6), None, address(2, 6))


def test_an_invalid_route_claims_nothing() -> None:
    scene = (
        Scene()
        .joins("s1")
        .passes(1)
        .mac_route("s1", 1, address(1), 1)
        .mac_route("s1", 1, address(2), 2, valid=False)
    )

    assert play(scene).locations[0]["location"] == address(1)


def test_a_move_closes_an_interval_where_the_next_begins() -> None:
    scene = Scene().joins("s1").passes(1).mac_route("s1", 1, address(1)).passes(9)
    scene.mac_route("s1", 1, address(2), 1).passes(5).mac_route("s1", 1, address(1), op="delete").passes(5)
    scene.mac_route("s1", 1, address(2), op="delete").passes(1)

    outcome = play(scene)

    assert [
        (row["location"], row["valid_from"], row["valid_to"], row["closed_reason"]) for row in outcome.history
    ] == [
        (address(1), 1, 10, "moved"),
        (address(2), 10, 20, "withdrawn"),
    ]
    assert outcome.locations == []


def test_a_sync_withdraws_what_was_not_announced_again() -> None:
    scene = Scene()
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1)).mac_route("s1", 2, address(2))
    scene.passes(5)
    with scene.dump("s1"):
        scene.mac_route("s1", 1, address(1))
    outcome = play(scene.passes(1))

    assert [row["location"] for row in outcome.locations] == [address(1)]
    assert [row["closed_reason"] for row in outcome.history] == ["withdrawn"]


def test_a_clock_set_back_leaves_no_ghost() -> None:
    # the withdraw's time lies before the announcement's: it still comes after it
    scene = Scene().joins("s1").passes(10).mac_route("s1", 1, address(1)).passes(1)
    scene.now -= 4
    with scene.received(11.5):
        scene.mac_route("s1", 1, address(1), op="delete")

    assert play(scene).locations == []


# Laws of order and batches, from records to intervals.

said = st.lists(
    st.tuples(
        st.sampled_from(["s1", "s2", "l3"]),
        st.integers(1, 2),  # MAC
        st.integers(1, 3),  # VTEP
        st.sampled_from([None, 0, 1, 2, 3, TOP]),
        st.sampled_from(["update", "update", "delete"]),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([0.0, 0.25, 1.0, 4.0]),
    ),
    min_size=1,
    max_size=25,
)
Choices = list[tuple[str, int, int, int | None, str, bool, float]]


def scene_of(choices: Choices) -> list[Said]:
    scene = Scene().joins("s1", "s2", "l3").passes(1)
    for device, number, vtep, seq, op, sticky, gap in choices:
        scene.now += gap
        neighbor = None if device == "l3" and vtep == 3 else "192.0.2.1"
        scene.mac_route(
            device, number, address(vtep), None if sticky else seq, op=op, neighbor=neighbor,
            sticky=sticky or None,
        )  # fmt: skip
    return scene.until(scene.now // 1 + 12).records


class Story:
    """What was told of locations, void steps taken back."""

    def __init__(self) -> None:
        self.steps: pl.DataFrame | None = None

    def __call__(self, applied: Applied) -> None:
        located: Located = applied.located
        if self.steps is None:
            self.steps = located.steps.clear()
        kept = self.steps.join(located.void_steps, on=located.void_steps.columns, how="anti")
        assert len(self.steps) - len(kept) == len(located.void_steps)
        self.steps = pl.concat([kept, located.steps])

    def plain(self) -> list[Any]:
        assert self.steps is not None
        apart = ["offset", "index", "now", "record_time", "key"]
        rows = self.steps.drop(apart).rows()
        return sorted(rows, key=repr)


def story_of(records: Sequence[Said], cuts: Sequence[int] = (), restarts: Sequence[int] = ()) -> list[Any]:
    story = Story()
    outcome = play(records, cuts, restarts=restarts, watch=story, judged=False)
    arrival = ("seen_from", "seen_to", "opened_offset", "opened_index")
    intervals = [{k: v for k, v in row.items() if k not in arrival} for row in outcome.history]
    current = [{k: v for k, v in row.items() if k not in arrival} for row in outcome.locations]
    return [
        story.plain(),
        sorted(map(repr, intervals)),
        current,
    ]


@settings(max_examples=20)
@given(
    said,
    st.lists(st.sampled_from([0.0, 0.5, 3.0, 9.75, 10.0]), min_size=1, max_size=7),
    st.lists(st.integers(20, 60), max_size=3),
)
def test_the_order_of_arrival_changes_nothing(choices: Choices, delays: list[float], cuts: list[int]) -> None:
    records = scene_of(choices)

    assert story_of(delayed(records, delays), cuts) == story_of(records)


@settings(max_examples=15)
@given(
    said,
    st.lists(st.sampled_from([0.0, 0.5, 3.0, 9.75, 10.0]), min_size=1, max_size=7),
    st.lists(st.integers(20, 60), max_size=3),
    st.lists(st.integers(20, 60), max_size=2),
)
def test_batches_and_restarts_change_nothing(
    choices: Choices, delays: list[float], cuts: list[int], restarts: list[int]
) -> None:
    records = delayed(scene_of(choices), delays)

    assert story_of(records, cuts, restarts) == story_of(records)
