"""A device that refuses, talks nonsense or floods harms nobody, and is known as it is afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.broker import EmbeddedBroker
from pipeline.store.equality import contents
from tests.integration.faults.odd_device import NAME
from tests.integration.faults.rig import Collector, Rig, blind, differences, until, what_is

pytestmark = [pytest.mark.services, pytest.mark.slow]
COLLECTOR_MB = 400
"""Its libraries take 100; records on their way may take 64, and what gRPC has read ahead."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with EmbeddedBroker() as broker, Rig(tmp_path, broker.address) as made:
        yield made


def said(collector: Collector, family: str) -> int:
    """Return how many records of a family there were."""
    return sum(one["records"] for one in collector.document()["targets"] if one["family"] == family)


def test_a_refused_path_costs_its_family_alone(rig: Rig) -> None:
    odd = rig.odd_device()
    odd.say("refuse /ethernet-segments")
    odd.hear()
    collector = rig.collect("c1")
    until(lambda: sorted(set(collector.states().values())) == ["REFUSED", "UP"], "the first sync")
    assert {family for (_, family), state in collector.states().items() if state == "REFUSED"} == {"es"}
    assert "/ethernet-segments" in collector.reasons()[NAME, "es"]
    before = said(collector, "link")
    odd.say("down 7")
    odd.hear()
    until(lambda: said(collector, "link") >= before + 2, "seven links are heard of")
    assert collector.process.end() == 0
    store = rig.store()
    assert what_is(store)["link_current"]["oper_status"].value_counts(sort=True).rows() == [
        ("UP", 1993),
        ("DOWN", 7),
    ]
    observers = contents(store)["main.observer_current"]["family"].to_list()
    assert "link" in observers
    assert "es" not in observers


def test_nonsense_is_kept_as_a_dead_letter_and_what_follows_is_known(rig: Rig) -> None:
    odd = rig.odd_device()
    collector = rig.collect("c1")
    until(collector.in_step, "the first sync")
    before = sum(one["sessions"] for one in collector.document()["targets"])
    odd.say("garbage")
    odd.hear()
    odd.say("down 7")
    odd.hear()

    def again() -> bool:
        sessions = sum(one["sessions"] for one in collector.document()["targets"])
        return sessions == 2 * before and collector.in_step()

    until(again, "a session anew for each family")
    assert differences(rig.store(), rig.reference()) == []
    store = contents(rig.folder / "dc1.duckdb")
    assert store["main.dead_letter"].height == before
    assert set(store["main.observer_current"]["state"]) == {"fresh"}
    assert len(blind(rig.folder / "dc1.duckdb")) == before


def test_a_flood_is_taken_whole_in_bounded_memory(rig: Rig) -> None:
    odd = rig.odd_device()
    collector = rig.collect("c1")
    until(collector.in_step, "the first sync")
    odd.say("flood 10")
    changes = odd.hear()["changes"]
    odd.say("down 7")
    odd.hear()
    collector.settle()
    assert changes > 50_000
    assert collector.process.peak_mb() < COLLECTOR_MB
    assert differences(rig.store(), rig.reference()) == []
    assert what_is(rig.folder / "dc1.duckdb")["link_current"]["oper_status"].to_list().count("DOWN") == 7
