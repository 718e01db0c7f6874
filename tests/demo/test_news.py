"""What happens while playing, as plain lines."""

from dataclasses import replace

from demo.news import news
from demo.truth import deeds_of
from demo.view import Health
from tests.demo.made import action, finding, found, scene

DOWN = action(10, "link-down", node="s1", ifname="swp1", label="leaf l1 loses uplink to s1")
UP = action(35, "link-up", node="s1", ifname="swp1", label="restored")
FOUND = finding("R16", 17.0, device="l1", summary="Leaf l1 runs on what is left")


def test_each_thing_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    scenes = [
        scene(now=5),
        scene(now=12, deeds=deeds_of([DOWN])),
        scene(now=12, deeds=deeds_of([DOWN])),
        scene(now=20, deeds=deeds_of([DOWN]), found=found(FOUND)),
        scene(now=36, deeds=deeds_of([DOWN, UP]), found=found(FOUND)),
        scene(now=45, deeds=deeds_of([DOWN, UP]), found=found(replace(FOUND, until=41.0))),
        scene(now=45, deeds=deeds_of([DOWN, UP]), found=found(replace(FOUND, until=41.0))),
    ]
    told = [
        line for before, after in zip([None, *scenes], scenes, strict=False) for line in news(before, after)
    ]
    assert told == [
        "   10.0 s  done     s1 swp1: link down (leaf l1 loses uplink to s1)",
        "   17.0 s  found    R16 N_MINUS_1_FABRIC l1: Leaf l1 runs on what is left",
        "   35.0 s  undone   s1 swp1: link up",
        "   41.0 s  resolved R16 N_MINUS_1_FABRIC l1",
    ]


def test_what_began_and_ended_between_two_scenes_is_told_whole() -> None:
    told = news(scene(now=1), scene(now=50, found=found(replace(FOUND, until=41.0))))
    assert [line.split()[2] for line in told] == ["found", "resolved"]


def test_a_line_each_minute_of_the_recording_says_how_the_replica_is_doing() -> None:
    health = Health(records=500, updates=3000, lag=2, fresh=6, observers=6)
    told = [
        news(scene(now=before), scene(now=after, health=health))
        for before, after in ((-3.0, 0.1), (58.0, 59.9), (59.9, 60.0), (60.0, 119.0), (119.0, 250.0))
    ]
    assert [len(lines) for lines in told] == [0, 0, 1, 0, 1]
    (line,) = told[2]
    assert line.startswith(
        "   60.0 s  replica  500 records and 3000 updates in the store, lag 2, 0 incidents"
    )
    assert line.endswith("6 of 6 observers fresh")
