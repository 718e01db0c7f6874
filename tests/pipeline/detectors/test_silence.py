"""Targets that fell silent: X1."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.records import RETIRED
from pipeline.detectors import FINDING
from pipeline.detectors.heard import SCHEMA, gaps
from pipeline.detectors.silence import detect
from tests.pipeline.driver import judged_by, play
from tests.pipeline.scene import FAMILIES, Scene

alone = judged_by("silence")


def heard(seconds: float = 30) -> Scene:
    return Scene().joins("l1", "s1").passes(seconds)


def test_nothing_heard_for_15_s_while_time_goes_on_is_silence_and_just_below_is_not() -> None:
    scene = heard(30).mute("l1").until(44.9)

    assert play(scene).incidents == []
    [incident] = play(scene.until(45)).incidents
    assert (incident["rule"], incident["severity"], incident["device"]) == ("X1", "warning", "l1")
    assert (incident["opened_at"], incident["detected_at"], incident["coverage"]) == (45, 45, 0.0)
    assert incident["summary"] == "Nothing was heard of l1 for 15 s"


def test_the_evidence_has_its_times_in_utc_and_says_so() -> None:
    rows = pl.DataFrame(
        {
            "device": ["l1"],
            "since": [1_767_225_600_000_000],
            "until": [1_767_225_620_500_000],
            "offset": [1],
            "end_offset": [2],
        }
    )
    evidence = detect(rows)["evidence"].to_list()
    assert evidence == [
        '{"last_heard":"2026-01-01T00:00:00.000000Z","heard_again":null}',
        '{"last_heard":"2026-01-01T00:00:00.000000Z","heard_again":"2026-01-01T00:00:20.500000Z"}',
    ]


def test_a_gap_of_15_s_counts_though_its_end_was_in_the_same_batch() -> None:
    scene = heard(30).mute("l1").until(47).link("l1", "eth0", "UP").unmute("l1").until(80)

    [incident] = alone(scene).incidents

    assert (incident["opened_at"], incident["state"]) == (45, "resolved")


@pytest.mark.parametrize("family", FAMILIES)
def test_any_record_of_a_target_breaks_its_silence(family: str) -> None:
    scene = heard(30).mute("l1").until(40)
    scene.row("l1", family, "link", interface="eth0", oper_status="UP").until(54.9)

    assert play(scene).incidents == []


def test_it_clears_5_s_after_the_target_was_heard_again() -> None:
    scene = heard(30).mute("l1").until(50).unmute("l1").until(59.9)
    assert play(scene).spans() == [(45, None)]

    assert play(scene.until(61)).spans() == [(45, 55 + 5)]


def test_a_second_silence_within_ten_minutes_continues_the_incident() -> None:
    scene = heard(30).mute("l1").until(50).unmute("l1").until(100).mute("l1").until(130)

    outcome = play(scene)

    [incident] = outcome.incidents
    assert (incident["state"], incident["opened_at"]) == ("open", 45)
    assert [event["kind"] for event in outcome.events] == ["opened", "resolved", "continued"]


def test_records_of_an_ended_session_break_no_silence() -> None:
    scene = heard(30)
    old = next(one for one in reversed(scene.records) if one.device == "l1")
    scene.ends("l1", reason="connection reset")
    for _ in range(20):
        scene.passes(1)
        scene.records.append(type(old)(scene.now, "l1", old.kind, old.family, old.session, 99))

    assert play(scene).rules() == ["X1"]


def test_an_end_without_a_new_session_becomes_silence() -> None:
    assert play(heard(30).ends("l1", reason="connection reset").until(46)).rules() == ["X1"]


def test_a_target_taken_out_of_service_is_missed_by_nobody() -> None:
    assert play(heard(30).ends("l1", reason=RETIRED).until(90)).incidents == []


def test_a_silent_target_taken_out_of_service_is_missed_no_longer() -> None:
    scene = heard(30).mute("l1").until(60).ends("l1", reason=RETIRED).until(90)

    [incident] = play(scene).incidents
    in_pieces = play(scene, range(0, len(scene.records), 25)).incidents

    assert incident["state"] == "resolved"
    assert in_pieces == [incident]


def test_another_reason_to_end_excuses_no_silence() -> None:
    assert play(heard(30).ends("l1", reason="shutting down").until(46)).rules() == ["X1"]


def test_a_target_of_which_one_family_was_retired_is_watched_by_the_others() -> None:
    scene = heard(30).ends("l1", "es", reason=RETIRED).unmute("l1").until(40).mute("l1").until(60)

    assert play(scene).spans() == [(55, None)]


def test_a_target_that_comes_back_into_service_is_watched_again() -> None:
    scene = heard(30).ends("l1", reason=RETIRED).until(90).joins("l1").until(100).mute("l1").until(130)

    assert play(scene).spans() == [(115, None)]


def test_silence_is_judged_by_receipt_and_not_by_the_device_s_clock() -> None:
    scene = heard(10).mute("l1")
    for _ in range(8):
        scene.passes(5)
        late, scene.now = scene.now, scene.now - 20
        with scene.received(late):
            scene.link("l1", "eth0", "UP")
        scene.now = late

    assert play(scene).of("X1") == []


def test_silence_is_told_alike_in_any_batches() -> None:
    scene = heard(30).mute("l1").until(62).unmute("l1").until(90)

    outcome = alone(scene)

    assert outcome.spans() == [(45, 65 + 5)]
    assert alone(scene, range(0, len(scene.records), 9)).findings == outcome.findings


def test_without_anybody_heard_there_are_no_findings_but_all_columns() -> None:
    silences = gaps(pl.DataFrame(schema=SCHEMA), 100)

    assert detect(silences).schema == FINDING
    assert detect(silences).is_empty()


def stalled(scene: Scene, seconds: float) -> Scene:
    """Let time pass in which nobody writes to the stream, no tick either."""
    scene.now += seconds
    return scene


@pytest.mark.parametrize("seconds", [14.0, 60.0, 3_600.0])
def test_while_the_stream_stands_still_nobody_is_silent(seconds: float) -> None:
    assert play(stalled(heard(30), seconds).passes(60)).of("X1") == []


def test_after_the_stream_stood_still_a_target_has_15_s_from_there_on() -> None:
    scene = stalled(heard(30).mute("l1").passes(4), 60).passes(15)  # from second 95 on
    assert play(scene).of("X1") == []
    [incident] = play(scene.passes(1)).of("X1")
    assert (incident["device"], incident["opened_at"]) == ("l1", 110)


def test_who_was_silent_before_the_stream_stood_still_stays_silent() -> None:
    scene = stalled(heard(30).mute("l1").passes(20), 60).passes(20)
    [incident] = play(scene).of("X1")
    assert (incident["device"], incident["opened_at"], incident["state"]) == ("l1", 45, "open")


def test_a_pause_of_the_stream_that_is_none_excuses_nobody() -> None:
    scene = stalled(heard(30).mute("l1").passes(8), 4).passes(4)
    [incident] = play(scene).of("X1")
    assert (incident["device"], incident["opened_at"]) == ("l1", 45)


@settings(max_examples=30)
@given(st.data())
def test_a_stall_is_told_alike_in_any_batches(data: st.DataObject) -> None:
    scene = stalled(heard(30).mute("l1").passes(data.draw(st.integers(0, 25))), 40)
    scene.unmute("l1").passes(data.draw(st.integers(0, 20))).mute("s1").passes(20)
    cuts = data.draw(st.lists(st.integers(0, len(scene.records)), max_size=6))
    cut = alone(scene, sorted(set(cuts)), restarts=cuts[:1])
    assert cut.findings == alone(scene).findings
