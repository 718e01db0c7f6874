"""Which incident people mean, and what they are shown: no terminal is at the mercy of a device."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.table import Table

from collectors.errors import InputError
from pipeline.alerts.record import value_of
from pipeline.desk.incident_cli import _steps
from pipeline.desk.listed import WIDE, counted, in_order, listing, table
from pipeline.desk.record import of_record
from pipeline.desk.related import ABOUT_THEN
from pipeline.desk.seen import SHORT, Seen, chosen, short_ids
from pipeline.desk.shown import page
from pipeline.desk.words import coverage, span
from pipeline.guides.registry import GUIDES
from pipeline.safe_text import clean

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)


def seen(key: str, **more: Any) -> Seen:
    events = more.pop("events", ())
    evidence = more.pop("evidence", {})
    row = {
        "incident_id": key, "rule": "R4", "name": "ES_DEGRADED", "severity": "critical", "state": "open",
        "opened_at": NOW - timedelta(minutes=5), "detected_at": NOW - timedelta(minutes=5),
        "resolved_at": None,
        "fabric": "dc1", "device": None, "vni": None, "evi": None, "mac": None, "ip": None, "esi": "00:01",
        "vtep": None, "interface": None, "peer": None, "tenant": None, "summary": "survives on leaf-2 alone",
        "coverage": 1.0, "acknowledged_by": None, "in_maintenance": False, "root_incident_id": None,
    }  # fmt: skip
    return Seen({**row, **more}, events, evidence)


def event(kind: str, **more: Any) -> dict[str, Any]:
    row = {
        "offset": 1, "index": 0, "event_time": NOW, "kind": kind, "rule": "R4", "severity": "critical",
        "summary": "so it is", "actor": None,
    }  # fmt: skip
    return {**row, **more}


def text_of(what: RenderableType, *, terminal: bool = False) -> str:
    out = StringIO()
    Console(file=out, width=100, force_terminal=terminal, highlight=False).print(what)
    return out.getvalue()


def shown(one: Seen, *others: Seen) -> str:
    known: Mapping[str, Seen] = {each.id: each for each in (one, *others)}
    return text_of(page(one, known, GUIDES["R4"], (NOW, None), short_ids(known)))


# Ids.


def test_the_beginning_of_an_id_is_enough_if_only_one_has_it() -> None:
    known = {key: seen(key) for key in ("aab1", "aac1", "b001")}
    assert chosen("AAB", known, "the store").id == "aab1"
    with pytest.raises(InputError, match="may be any of 2 incidents: aab1, aac1"):
        chosen("aa", known, "the store")


@pytest.mark.parametrize("given_", ["", "zz", "aab12"])
def test_an_id_that_nobody_has_is_told_where_it_was_looked_for(given_: str) -> None:
    with pytest.raises(InputError, match=r"no incident .* in the store"):
        chosen(given_, {"aab1": seen("aab1")}, "the store")


def test_who_means_an_incident_that_is_none_is_told_the_nearest() -> None:
    known = {key: seen(key) for key in ("aab1", "aac1", "b001", "c9ff")}
    with pytest.raises(InputError, match=r"the nearest are aac1 \(R4, .*\), aab1 \(R4"):
        chosen("aac2", known, "the store")
    with pytest.raises(InputError, match="there is none at all"):
        chosen("aac2", {}, "the store")


@given(st.sets(st.text("0123456789abcdef", min_size=20, max_size=20), min_size=1, max_size=30))
def test_short_ids_mean_one_incident_each(ids: set[str]) -> None:
    known = {key: seen(key) for key in ids}
    for key, short in short_ids(ids).items():
        assert len(short) >= SHORT
        assert chosen(short, known, "x").id == key


# Words.


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_shown(text: str) -> None:
    assert clean(text).isprintable()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (90_000, "1 d 1 h")]
)
def test_spans_have_two_units_at_most(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (None, "not told"), (0.0, "NOBODY"), (0.5, "50% of the observers are fresh (1 of 2)"),
        (1.0, "all observers are fresh (1 of 2)"),
    ],
)  # fmt: skip
def test_coverage_is_said_in_words(part: float | None, words: str) -> None:
    assert words in coverage({"coverage": part}, {"fresh_observers": 1, "observers": 2})


# The list.


def test_followers_stand_below_what_explains_them_worst_and_oldest_first() -> None:
    old = seen("old", opened_at=NOW - timedelta(hours=1))
    follower = seen("follower", root_incident_id="old", severity="warning")
    warning, over = seen("warning", severity="warning"), seen("over", state="resolved", resolved_at=NOW)
    found = in_order([over, warning, follower, seen("new"), old])

    assert [(one.id, below) for one, below in found] == [
        ("old", False), ("follower", True), ("new", False), ("warning", False), ("over", False)
    ]  # fmt: skip


def test_incidents_that_explain_each_other_are_all_shown() -> None:
    found = in_order([seen("a", root_incident_id="b"), seen("b", root_incident_id="a")])
    assert sorted(one.id for one, _ in found) == ["a", "b"]


def test_a_list_says_who_has_seen_what_and_what_is_unknown() -> None:
    rows = text_of(
        table(
            [
                seen("a" * 20, acknowledged_by="alice", in_maintenance=True, coverage=0.0),
                seen("b" * 20, state="resolved", resolved_at=NOW, events=[event("marked_false")]),
            ],
            NOW,
        )
    )
    for word in ("ack alice", "maintenance", "unknown", "false alarm"):
        assert word in " ".join(rows.split())


def test_what_is_open_is_counted_by_severity() -> None:
    found = [seen("a"), seen("b", severity="warning"), seen("c", state="resolved")]
    assert counted(found) == "2 open incidents: 1 critical, 1 warning."
    assert counted(found[2:]) == "No open incidents."


# The page.


def test_a_page_says_what_since_when_how_sure_why_who_and_what_next() -> None:
    root = seen("r" * 20, rule="L2", summary="LAG po1 of leaf-1 is down")
    child = seen("c" * 20, root_incident_id="a" * 20, rule="R9", summary="no way to 3 MACs")
    one = seen(
        "a" * 20,
        root_incident_id=root.id,
        evidence={"macs": 412, "lost_pes": ["leaf-1"], "ruled_out": ["migration: burst lasted 47 s"]},
        events=[event("acknowledged", actor="alice", summary="on it", offset=2), event("opened")],
    )
    page_ = " ".join(shown(one, root, child).split())

    for part in (
        "CRITICAL", "survives on leaf-2 alone", "for 5 min now", "all observers are fresh",
        "follows from rrrrrrr (L2): LAG po1 of leaf-1 is down", "412 MACs", "ccccccc critical R9 no way",
        "show evpn es 00:01", "lost PEs leaf-1", "migration: burst lasted 47 s", "acknowledged alice: on it",
        "no, as long as the incident that explains it is open",
    ):  # fmt: skip
        assert part in page_
    assert page_.index("opened so it is") < page_.index("acknowledged alice")


def test_a_page_names_the_worst_of_what_follows_and_takes_its_severity() -> None:
    one = seen("a" * 20, severity="warning", rule="V5", summary="communities are stripped")
    worse = seen("b" * 20, root_incident_id=one.id, rule="V2", summary="leaf-4 lacks all VTEPs")
    over = seen("c" * 20, root_incident_id=one.id, rule="R5", state="resolved", resolved_at=NOW)

    text = shown(one, worse, over)
    assert text.lstrip().startswith("CRITICAL")
    assert "Worst of what follows: leaf-4 lacks all VTEPs" in text
    # what is over is no worse than what is not
    assert shown(one, over).lstrip().startswith("WARNING")


def test_a_page_says_that_what_is_worse_came_after_the_acknowledgement() -> None:
    acked = event("acknowledged", actor="alice", event_time=NOW - timedelta(minutes=1))
    one = seen("a" * 20, severity="warning", acknowledged_by="alice", events=[acked])
    worse = seen("b" * 20, root_incident_id=one.id, rule="R5", events=[event("attached")])
    said = "yes, as critical: what alice acknowledged is less than what followed (R5)"
    assert said in " ".join(shown(one, worse).split())
    before = seen(
        "b" * 20, root_incident_id=one.id, events=[event("opened", event_time=NOW - timedelta(minutes=2))]
    )
    assert "Notified yes" in " ".join(shown(one, before).split())
    assert said not in " ".join(shown(one, before).split())


def test_an_outage_that_follows_from_lost_redundancy_stands_in_the_head() -> None:
    one = seen("a" * 20, rule="L2", summary="po1 is down")
    down = seen("b" * 20, root_incident_id=one.id, rule="R5", summary="no PE is left", evidence={"left": 0})
    assert "Worst of what follows: no PE is left" in shown(one, down)
    assert "Worst of" not in shown(one, seen("b" * 20, root_incident_id=one.id, rule="R4"))


def test_of_a_rule_that_many_follow_of_four_are_named_and_all_are_counted() -> None:
    one = seen("f" * 20, rule="M6")
    many = [
        seen(f"{n:020x}", root_incident_id=one.id, rule="M13", name="DEVICE_DUP_FLAG", state=state)
        for n, state in enumerate(["open"] * 3 + ["resolved"] * 3)
    ]
    text = shown(one, *many)
    assert text.count(" M13 ") == 4 + 1
    assert "and 2 more of M13 DEVICE_DUP_FLAG: 6 in all, 3 open" in text


def test_what_else_began_within_4_minutes_is_told_beside() -> None:
    one = seen("a" * 20)
    near = seen("b" * 20, summary="po1 of leaf-2 is down", opened_at=one.opened_at - ABOUT_THEN)
    far = seen("c" * 20, summary="much later", opened_at=one.opened_at + ABOUT_THEN + timedelta(seconds=1))
    follower = seen("d" * 20, summary="of another", root_incident_id=near.id)

    text = shown(one, near, far, follower)
    assert "What else began then" in text
    assert "po1 of leaf-2 is down" in text
    assert "much later" not in text
    assert "of another" not in text


def test_a_mac_is_written_as_each_system_takes_it() -> None:
    one = seen("a" * 20, rule="M2", mac="00:50:56:00:00:0a", vni=10)
    text = text_of(page(one, {one.id: one}, GUIDES["M2"], (NOW, None), {}))
    assert "include 0050.5600.000a" in text
    assert "vni 10 mac 00:50:56:00:00:0a" in text


@pytest.mark.parametrize("field", ["summary", "device", "fabric"])
def test_what_a_device_says_moves_no_cursor(field: str) -> None:
    nasty = seen("a" * 20, **{field: "x\x1b[2J\x07[red]y\u202e"})
    for text in (shown(nasty), text_of(table([nasty, seen("b" * 20, fabric="dc2")], NOW))):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert "[red]" in "".join(text.split())  # no markup either


@pytest.mark.parametrize("name", ["00:01; reload", "00:01' OR ''='", "00:01 | sh", "$(x)", "a\nb"])
def test_a_command_is_not_made_of_what_a_device_smuggles_in(name: str) -> None:
    text = shown(seen("a" * 20, esi=name))
    assert "show evpn es" not in text
    assert "WHERE e.esi" not in text


def test_evidence_of_any_form_is_shown() -> None:
    text = shown(seen("a", evidence={"x": {"y": [1, None]}, "ruled_out": "no list", "cause": 3, "f": 0.5}))
    assert "y 1, unknown" in text


def test_without_a_terminal_there_are_no_colours() -> None:
    assert "\x1b[" not in shown(seen("a"))


# Records of the topic.


def test_an_incident_of_the_topic_is_the_one_of_the_store() -> None:
    one = seen("a" * 20, events=[event("opened")], evidence={"macs": 3})
    raw = value_of({**one.row, "evidence": '{"macs":3}'}, one.events)
    read = of_record(raw)
    assert {name: read.row[name] for name in one.row} == dict(one.row)
    assert (list(read.events), read.evidence) == (list(one.events), one.evidence)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b'{"evidence":null,"events":3}'])
def test_what_is_no_incident_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="no incident"):
        of_record(raw)


WHOLE = orjson.loads(
    value_of({**seen("a" * 20).row, "evidence": '{"macs":3,"devices":["leaf-1"]}'}, [event("opened")])
)
HOSTILE = st.sampled_from(
    [None, 7, -1.5, True, "", "x", "\x1b[2J", "[red]", [], [None], {}, {"a": [1]}, "2026-11-22T03:12:00"]
)


def told(content: dict[str, Any]) -> None:
    """Show what the topic tells as each command does, or refuse it."""
    try:
        one = of_record(orjson.dumps(content))
    except ValueError:
        return
    known = {one.id: one}
    parts: list[RenderableType] = [
        page(one, known, GUIDES["R4"], (NOW, None), short_ids(known)),
        *_steps(None, one),
    ]
    parts += [listing([one], NOW, short_ids(known), width) for width in (80, WIDE)]
    shown = "".join(text_of(part) for part in [*parts, counted([one])])
    assert not set(shown) & set("\x1b\x00\x07\u202e")


@pytest.mark.parametrize("name", [*WHOLE, "new"])
@given(value=HOSTILE)
def test_whatever_a_member_of_a_record_is_it_is_shown_or_refused(name: str, value: Any) -> None:
    told({**WHOLE, name: value})
    told({key: one for key, one in WHOLE.items() if key != name})


@pytest.mark.parametrize("name", [*WHOLE["events"][0], "new"])
@given(value=HOSTILE)
def test_whatever_a_member_of_a_step_is_it_is_shown_or_refused(name: str, value: Any) -> None:
    (step,) = WHOLE["events"]
    told({**WHOLE, "events": [{**step, name: value}]})
    told({**WHOLE, "events": [{key: one for key, one in step.items() if key != name}]})


@given(
    st.sampled_from(["macs", "devices", "hit", "ruled_out", "observers", "cause", "\x1b[2J", "[red]"]),
    HOSTILE,
)
def test_whatever_a_member_of_the_evidence_is_it_is_shown(name: str, value: Any) -> None:
    told({**WHOLE, "evidence": {name: value, "fresh_observers": value}})


def test_what_no_planned_work_does_is_notified_whatever_its_root_is() -> None:
    root = seen("a" * 20, rule="R16", in_maintenance=True)
    assert "yes: no planned work" in shown(seen("b" * 20, rule="R15", root_incident_id=root.id), root)
    assert "no, as long as" in shown(seen("b" * 20, rule="R16", root_incident_id=root.id), root)


@pytest.mark.parametrize("width", [30, 80, WIDE - 1])
def test_a_narrow_terminal_shows_each_incident_as_a_line_and_its_sentence_below(width: int) -> None:
    root, child = seen("a" * 20, summary="leaf-1 is cut off"), seen("b" * 20, root_incident_id="a" * 20)
    listed = listing([root, child], NOW, short_ids(["a" * 20, "b" * 20]), width)
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(listed)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("aaaaaaa  critical  R4")
    assert "    leaf-1 is cut off" in [line.rstrip() for line in lines]
    assert any(line.startswith("  bbbbbbb") for line in lines)
    assert all(len(line) <= width for line in lines)


def test_a_wide_terminal_shows_a_table() -> None:
    assert isinstance(listing([seen("a" * 20)], NOW, {"a" * 20: "a"}, WIDE), Table)
