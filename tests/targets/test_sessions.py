from datetime import timedelta

from collectors.profiles import LIVENESS, profile
from collectors.records import Kind, StoredRecord, decode_record
from targets.openconfig.families import FAMILIES, LIVENESS_INTERVAL_NS
from targets.sessions import Sessions
from targets.tree import Delta
from tests.targets.frr.readback import read

SEGMENTS = Delta({"/ethernet-segments/ethernet-segment[name=bond1]/state/interface": "bond1"})


def test_the_families_are_those_of_the_profile() -> None:
    assert set(FAMILIES) == set(profile("openconfig").families)


def test_the_liveness_interval_is_that_of_the_profile() -> None:
    assert profile("openconfig").liveness.interval == timedelta(microseconds=LIVENESS_INTERVAL_NS // 1000)


def test_a_dump_is_start_state_and_sync_with_numbers_from_zero() -> None:
    sessions = Sessions("agent", "1.2")
    records = [decode_record(value) for value in sessions.dump("es", SEGMENTS, 5_000)]
    assert [(it.kind, it.seq) for it in records] == [(Kind.START, 0), (Kind.RESPONSE, 1), (Kind.RESPONSE, 2)]
    assert {(it.profile, it.family, it.session, it.recv_ns) for it in records} == {
        ("openconfig", "es", "00000000000000005000-agent", 5_000)
    }


def test_sessions_of_families_count_on_their_own() -> None:
    sessions = Sessions("agent", "1.2")
    list(sessions.dump("es", SEGMENTS, 5_000))
    list(sessions.dump("link", Delta({}), 6_000))
    later = [decode_record(value) for value in sessions.say("es", SEGMENTS, 7_000)]
    assert [(it.seq, it.session) for it in later] == [(3, "00000000000000005000-agent")]


def test_a_start_names_agent_models_and_what_was_asked_for() -> None:
    start = read(StoredRecord(0, 0, "l1", Sessions("agent", "1.2").open("es", 5_000)))
    assert start.content["versions"] == {"agent": "fabricscope frr-agent 1.2"}
    assert start.content["paths"] == [{"path": "/ethernet-segments", "mode": "ON_CHANGE", "interval_s": None}]
    assert start.content["role"] is None
    assert "openconfig-ethernet-segments" in start.content["models"]


def test_the_first_sign_of_life_ends_the_dump() -> None:
    sessions = Sessions("agent", "1.2")
    sessions.open(LIVENESS, 0)
    first = [read(StoredRecord(0, 0, "l1", value)) for value in sessions.beat(1_795_343_857_409_933_000)]
    second = [read(StoredRecord(0, 0, "l1", value)) for value in sessions.beat(1_795_343_860_000_000_000)]
    assert [it.sync for it in first] == [False, True]
    assert [it.sync for it in second] == [False]
    assert first[0].updates == {"/system/state/current-datetime": "2026-11-22T10:37:37.409933+00:00"}
