"""The contract of actions: what is taken comes back the same; what is not says why, in one sentence."""

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.actions import TEXT_LENGTH, VERSION, action_of, encode_action, plain, read_action
from pipeline.actions.wrong import ActionError

ONCE = {"from": "2026-11-24T02:00:00Z", "to": "2026-11-24T04:00:00Z"}
AGAIN = {
    "rrule": "FREQ=WEEKLY;BYDAY=TU", "start": "2026-11-24T02:00:00", "duration_s": 7200,
    "zone": "Europe/Berlin",
}  # fmt: skip
SCOPES: list[dict[str, Any]] = [
    {"fabric": True},
    {"device": ["leaf-3"]},
    {"device": ["leaf-3", "leaf-4"], "interface": ["ethernet-1/1"]},
    {"esi": ["00:11:22:33:44:55:66:77:88:99"]},
    {"vni": [1010, 1020]},
    {"label": {"rack": "r12", "row": "b"}},
]


def window(**when: Any) -> dict[str, Any]:
    return said("maintenance", **{"text": "x", "scope": {"fabric": True}, **when})


def said(verb: str, **more: Any) -> dict[str, Any]:
    return {"version": 1, "verb": verb, "actor": "alice", "subject": "3fa1c2e0", **more}


GOOD = [
    said("ack"),
    said("ack", until="2026-11-22T05:00:00Z", text="on it"),
    said("unack"),
    said("note", text="two lines\nof it"),
    said("resolve", text="replaced"),
    said("mark-false", text="lab"),
    said("maintenance-end"),
    *[said("maintenance", scope=scope, text="optics", **ONCE) for scope in SCOPES],
    said("maintenance", scope={"fabric": True}, text="patch day", **AGAIN),
]


@pytest.mark.parametrize("content", GOOD)
def test_an_action_comes_back_as_it_was_written(content: dict[str, Any]) -> None:
    action = action_of(content)
    assert plain(action) == content
    assert read_action(encode_action(action)) == action


BAD: list[tuple[object, str]] = [
    ([], "a JSON object"),
    ({}, "version None"),
    (said("ack", version=2), f"version 2: this program knows version {VERSION}"),
    (said("ack", version=True), "version True"),
    (said("explode"), "unknown verb 'explode'"),
    (said("ack", subject=None), "lacks subject"),
    (said("ack", subject="a b"), "no id"),
    (said("ack", subject="x" * 65), "65 characters"),
    (said("ack", actor=""), "actor is a text"),
    (said("ack", actor="\x1b[2J"), "can't be printed"),
    (said("ack", colour="red"), "no member 'colour'"),
    (said("ack", until="soon"), "no time of ISO 8601"),
    (said("ack", until="2026-11-22T05:00:00"), "no offset"),
    (said("ack", until="1970-01-01T00:00:00Z"), "in no year from 2000"),
    (said("note"), "lacks text"),
    (said("note", text="x" * (TEXT_LENGTH + 1)), "characters, 2000 at most"),
    (said("mark-false"), "lacks text"),
    (said("maintenance", text="x", **ONCE), "lacks scope"),
    (said("maintenance", text="x", scope={}, **ONCE), "scope is empty"),
    (said("maintenance", text="x", scope={"devise": ["l1"]}, **ONCE), "no member 'devise'"),
    (said("maintenance", text="x", scope={"device": "l1"}, **ONCE), "device is a list of names"),
    (said("maintenance", text="x", scope={"device": []}, **ONCE), "device is a list of names"),
    (said("maintenance", text="x", scope={"fabric": False}, **ONCE), "fabric: true"),
    (said("maintenance", text="x", scope={"fabric": True, "vni": [1]}, **ONCE), "no other members"),
    (said("maintenance", text="x", scope={"vni": [0]}, **ONCE), "from 1 to 16777215"),
    (said("maintenance", text="x", scope={"vni": [1 << 24]}, **ONCE), "from 1 to 16777215"),
    (said("maintenance", text="x", scope={"vni": [True]}, **ONCE), "list of numbers"),
    (said("maintenance", text="x", scope={"label": {}}, **ONCE), "object of texts"),
    (window(scope={"label": {"a": "x" * 256}}), "label 'xxx"),
    (window(scope={"label": {"a\x1b[2J": "x"}}), "is no name"),
    (window(), "needs either from and to, or rrule"),
    (window(**ONCE, **AGAIN), "needs either"),
    (window(**{**ONCE, "to": ONCE["from"]}), "before it begins"),
    (window(**{**ONCE, "to": "2028-01-01T00:00:00Z"}), "366 days"),
    (window(**{**AGAIN, "duration_s": 0}), "from 1 to 604800"),
    (window(rrule="FREQ=DAILY"), "lacks start"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), BAD)
def test_what_is_wrong_is_said(content: object, reason: str) -> None:
    with pytest.raises(ActionError, match=re.escape(reason)) as error:
        action_of(content)
    assert "\n" not in str(error.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=9),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=6), each, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(GOOD), st.sampled_from(sorted({name for one in GOOD for name in one})), json_values)
def test_whatever_a_member_holds_an_action_is_taken_or_refused(
    content: dict[str, Any], name: str, value: Any
) -> None:
    try:
        action = action_of({**content, name: value})
    except ActionError:
        return
    assert action_of(plain(action)) == action


@pytest.mark.parametrize("name", sorted({name for one in GOOD for name in one} | {"other"}))
@pytest.mark.parametrize("value", [b"[" * 1000 + b"]" * 1000, b'{"a":' * 1000 + b"1" + b"}" * 1000])
@pytest.mark.parametrize("content", [GOOD[0], GOOD[-1]])
def test_what_is_nested_without_end_is_refused_as_all_else(
    content: dict[str, Any], name: str, value: bytes
) -> None:
    members = [orjson.dumps(key) + b":" + orjson.dumps(one) for key, one in content.items() if key != name]
    members.append(orjson.dumps(name) + b":" + value)
    with pytest.raises(ActionError):
        read_action(b"{" + b",".join(members) + b"}")


@pytest.mark.parametrize(
    "more",
    [{f"m{number}": 1 for number in range(100_000)}, {"text": ["x" * 100] * 10_000}, {"verb": "x" * 10**6}],
)
def test_what_is_wrong_with_an_enormous_record_is_said_in_few_words(more: dict[str, Any]) -> None:
    with pytest.raises(ActionError) as error:
        read_action(orjson.dumps({**said("note", text="x"), **more}))
    assert len(str(error.value)) < 500


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with pytest.raises(ActionError):
        read_action(raw)


def test_numbers_of_any_size_are_refused_as_versions() -> None:
    with pytest.raises(ActionError):
        read_action(orjson.dumps({"version": 2**63}))
