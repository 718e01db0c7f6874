"""What vtysh's output says, and what it does not."""

import json
import os
import shutil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import InputError
from targets.frr.commands import Command, Parsed, answer_of, commands, documents_of
from targets.frr.documents import ARP_CACHE, INTERFACES, MACS, SEGMENTS, VNIS

ZEBRA = Command("zebra", ("/usr/bin/vtysh", "-d", "zebra"), (INTERFACES, VNIS, MACS), echoes=True)


def printed(*answers: tuple[str, str], prompt: str = "leaf-1> ") -> bytes:
    return "".join(f"{prompt}{name}\n{answer}\n" for name, answer in answers).encode()


def test_each_document_stands_behind_its_name() -> None:
    answer = answer_of(ZEBRA, printed((INTERFACES, "{}"), (VNIS, "[\n{}\n]"), (MACS, '{"1": {}}')), None)
    assert answer.documents == {INTERFACES: b"{}", VNIS: b"[\n{}\n]", MACS: b'{"1": {}}'}
    assert not answer.complaints
    assert answer.rest is None


def test_a_command_that_fails_takes_none_of_the_others_along() -> None:
    output = printed((INTERFACES, "{}"), (VNIS, "% Unknown command: show evpn vni detail json"))
    answer = answer_of(ZEBRA, output, "it ended with 1")
    assert answer.documents == {INTERFACES: b"{}"}
    assert answer.complaints == {VNIS: "% Unknown command: show evpn vni detail json"}
    assert answer.rest is not None
    assert answer.rest.documents == (MACS,), "what was not asked is asked by itself"


def test_what_the_failed_command_printed_is_no_answer() -> None:
    answer = answer_of(ZEBRA, printed((INTERFACES, "{}"), (VNIS, "[]")), "it took longer than 20 s")
    assert answer.documents == {INTERFACES: b"{}"}
    assert answer.complaints == {VNIS: "it took longer than 20 s"}


def test_silence_is_neither_an_answer_nor_a_complaint() -> None:
    answer = answer_of(ZEBRA, printed((INTERFACES, "{}"), (VNIS, ""), (MACS, "{}")), None)
    assert answer.documents == {INTERFACES: b"{}", MACS: b"{}"}
    assert answer.silent == (VNIS,)
    assert not answer.complaints
    failed = answer_of(ZEBRA, printed((INTERFACES, "{}"), (VNIS, "")), "it ended with 1")
    assert not failed.silent, "of one that failed it says nothing"


def test_what_stands_before_the_first_name_is_a_complaint_of_the_daemon() -> None:
    answer = answer_of(ZEBRA, b"Exiting: failed to connect to any daemons.\n", "it ended with 1")
    assert answer.complaints == {"zebra": "Exiting: failed to connect to any daemons."}
    assert answer.rest is None, "nothing was asked: there is no rest to ask"


def test_a_command_without_names_answers_with_all_it_prints() -> None:
    links = Command("ip", ("/usr/sbin/ip",), ("ip -j -s link",))
    assert answer_of(links, b"[]\n", None).documents == {"ip -j -s link": b"[]\n"}
    assert not answer_of(links, b"[]\n", "it ended with 255").documents


TEXT = st.text(max_size=20) | st.sampled_from([f"\nvm# {VNIS}\n", f"vm> {MACS}", "]}", '"'])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DOCUMENT = st.dictionaries(TEXT, JSON, max_size=4) | st.lists(JSON, max_size=4)


@given(
    documents=st.tuples(DOCUMENT, DOCUMENT, DOCUMENT),
    indent=st.none() | st.integers(0, 4),
    prompt=st.sampled_from(["vm# ", "vm> ", "l1.dc1-a(x)> ", "> "]),
)
def test_documents_are_read_as_they_were_printed(documents: Any, indent: int | None, prompt: str) -> None:
    texts = [json.dumps(document, indent=indent, ensure_ascii=False) for document in documents]
    output = printed(*zip(ZEBRA.documents, texts, strict=True), prompt=prompt)
    read, complaints = documents_of(Parsed(), answer_of(ZEBRA, output, None))
    assert read == dict(zip(ZEBRA.documents, json.loads(json.dumps(documents)), strict=True))
    assert not complaints


@given(cut=st.integers(0, 200))
def test_a_torn_output_gives_whole_documents_or_none(cut: int) -> None:
    whole = {INTERFACES: {"lo": {"a": [1, 2]}}, VNIS: [{"vni": 1}], MACS: {"1": {"macs": {}}}}
    output = printed(*((name, json.dumps(document)) for name, document in whole.items()))
    read, _ = documents_of(Parsed(), answer_of(ZEBRA, output[:cut], "it was ended"))
    assert read.items() <= whole.items()
    assert len(read) < len(whole)


def test_torn_json_is_a_complaint() -> None:
    read, complaints = documents_of(Parsed(), answer_of(ZEBRA, printed((INTERFACES, '{"lo": {')), None))
    assert not read
    assert complaints[INTERFACES].startswith("no JSON: ")


def test_a_document_that_says_the_same_is_the_same_object() -> None:
    parsed = Parsed()
    for name in (MACS, ARP_CACHE):
        first = parsed.parse(name, b'{"1": {"uptime":"00:00:01", "x": 1}}')
        assert parsed.parse(name, b'{"1": {"uptime":"00:00:02", "x": 1}}') is first
        assert parsed.parse(name, b'{"1": {"uptime":"00:00:03", "x": 2}}') == {"1": {"uptime": "", "x": 2}}


def test_arguments_are_fixed_and_absolute() -> None:
    if shutil.which("vtysh") is None and not os.environ.get("CI"):
        pytest.skip("FRRouting is not installed here")
    asked = commands("space-1")
    assert all(command.arguments[0].startswith("/") for command in asked)
    assert {name for command in asked for name in command.documents} >= {INTERFACES, VNIS, MACS, SEGMENTS}
    vtysh = [command.arguments for command in asked if command.name != "ip"]
    assert all(arguments[1:4] == ("-u", "-N", "space-1") for arguments in vtysh)


@pytest.mark.parametrize("namespace", ["", "../etc", "a b", "-x;", "a" * 65])
def test_a_pathspace_that_vtysh_would_not_take_is_refused(namespace: str) -> None:
    with pytest.raises(InputError, match="pathspace"):
        commands(namespace)
