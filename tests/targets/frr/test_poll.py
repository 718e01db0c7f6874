"""A polled host is in the state that the same documents give offline, whatever vtysh does in between."""

import gzip
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from targets.frr.commands import Command
from targets.frr.documents import EVPN_ROUTES, EVPN_SUMMARY, INTERFACES, IP_LINK, IPV4_SUMMARY, MACS, VNIS
from targets.frr.families import View, hear
from targets.frr.poll import Host, Said
from targets.frr.processes import Processes
from targets.tree import Tree, patched
from tests.targets.frr.programs import MakeProgram, asking

BGPD = (EVPN_SUMMARY, IPV4_SUMMARY, EVPN_ROUTES)
ZEBRA = (INTERFACES, VNIS, MACS)


@pytest.fixture(scope="module")
def polls(recording: Path) -> list[dict[str, Any]]:
    """Return the documents of a leaf's first polls."""
    with gzip.open(recording / "poll-l1.jsonl.gz") as lines:
        return [orjson.loads(line)["docs"] for line in itertools.islice(lines, 30)]


class Printer:
    """Programs that print what a test gives them, and a host that asks them."""

    def __init__(self, program: MakeProgram, folder: Path) -> None:
        self._folder = folder
        self.processes = Processes(time_limit_s=1.0)
        vtysh = [program(f"cd {folder}; . ./{name}") for name in ("zebra", "bgpd")]
        links = Command("ip", (program(f"cat {folder}/links"),), (IP_LINK,))
        asked = (links, asking(vtysh[0], *ZEBRA), asking(vtysh[1], *BGPD, name="bgpd"))
        self.host = Host(asked, self.processes)
        self.trees: dict[str, Tree] = {}

    def print(self, documents: Mapping[str, Any]) -> None:
        """Answer with these documents from now on."""
        (self._folder / "links").write_bytes(orjson.dumps(documents[IP_LINK]))
        for daemon, names in (("zebra", ZEBRA), ("bgpd", BGPD)):
            parts = (b"l1> %s\n%s\n" % (name.encode(), orjson.dumps(documents[name])) for name in names)
            (self._folder / f"{daemon}.out").write_bytes(b"".join(parts))
            self.behave(daemon, f"cat {daemon}.out")

    def behave(self, daemon: str, lines: str) -> None:
        """Let a daemon's vtysh do something else."""
        (self._folder / daemon).write_text(lines + "\n")

    def poll(self) -> list[Said]:
        said = list(self.host.poll())
        for one in said:
            for family, delta in one.changes.items():
                self.trees[family] = patched(self.trees.get(family, {}), delta)
        return said


@pytest.fixture
def printer(program: MakeProgram, tmp_path: Path) -> Printer:
    return Printer(program, tmp_path)


def offline(*polls: Mapping[str, Any]) -> Mapping[str, Tree]:
    view = View()
    for documents in polls:
        asked = {name: documents[name] for name in (*ZEBRA, *BGPD, IP_LINK)}
        view = hear(view, asked).view
    return view.trees


def test_its_state_is_what_offline_mapping_gives(printer: Printer, polls: list[dict[str, Any]]) -> None:
    heard = []
    for documents in polls:
        printer.print(documents)
        printer.poll()
        heard.append(documents)
        assert printer.trees == offline(*heard)
    assert {"link", "bgp", "routes", "vtep", "mac"} == set(printer.host.families)
    assert printer.host.leaves == sum(map(len, printer.trees.values())) > 100


def test_the_same_answer_again_changes_nothing(printer: Printer, polls: list[dict[str, Any]]) -> None:
    printer.print(polls[0])
    assert any(said.changes for said in printer.poll())
    assert not any(said.changes for said in printer.poll())


TROUBLES = {
    "the daemon is down": "echo; echo ' Exiting: failed to connect to any daemons.'; exit 1",
    "it hangs": "sleep 600",
    "it hangs in the middle of an answer": "head -c 700 bgpd.out; sleep 600",
    "it prints torn JSON": "head -c 700 bgpd.out",
    "it prints nothing": ":",
    "it fails with a complaint": f"echo 'l1> {EVPN_SUMMARY}'; echo '% Unknown command'; exit 1",
    "it complains in JSON": f"echo 'l1> {EVPN_SUMMARY}'; echo '{{\"warning\": \"BGP instance not found\"}}'",
    "it prints another form": f"echo 'l1> {EVPN_SUMMARY}'; echo '[1]'; echo 'l1> {EVPN_ROUTES}'; echo '7'",
    "it is killed": "kill -9 $$",
    "it prints garbage": "head -c 100000 /dev/urandom",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_whatever_bgpd_does_nothing_of_it_is_gone_and_others_are_heard(
    printer: Printer, polls: list[dict[str, Any]], trouble: str
) -> None:
    printer.print(polls[0])
    printer.poll()
    before = dict(printer.trees)
    printer.print(polls[-1])
    printer.behave("bgpd", TROUBLES[trouble])
    said = printer.poll()
    assert {family: printer.trees[family] for family in ("routes", "bgp")} == {
        family: before[family] for family in ("routes", "bgp")
    }
    assert printer.trees["mac"] == offline(polls[-1])["mac"] != before["mac"]
    bgpd = [one for one in said if one.command == "bgpd"]
    assert any(one.complaints for one in bgpd) or trouble == "it prints nothing"
    assert any(one.hung for one in bgpd) == ("hangs" in trouble)
    printer.print(polls[-1])
    printer.poll()
    assert printer.trees == offline(polls[0], polls[-1]), "what was missed is made good"


def test_a_document_that_fails_takes_none_of_its_daemon_along(
    printer: Printer, polls: list[dict[str, Any]], tmp_path: Path
) -> None:
    printer.print(polls[0])
    (tmp_path / "tail.out").write_bytes(
        b"".join(b"l1> %s\n%s\n" % (name.encode(), orjson.dumps(polls[0][name])) for name in ZEBRA[2:])
    )
    refuses = f"echo 'l1> {INTERFACES}'; echo '{{}}'; echo 'l1> {VNIS}'; echo '% Unknown command'; exit 1"
    # vtysh gives up at the second of three; asked for the third alone, it answers
    printer.behave("zebra", f'case "$*" in *"{VNIS}"*) {refuses};; *) cat tail.out;; esac')
    said = printer.poll()
    assert printer.trees["mac"] == offline(polls[0])["mac"]
    assert "vtep" not in printer.trees
    assert [one.complaints for one in said if one.complaints] == [{VNIS: "% Unknown command"}]


def test_zebra_that_never_said_anything_of_vnis_has_none(
    printer: Printer, polls: list[dict[str, Any]]
) -> None:
    printer.print(polls[0])
    silent = f"echo 'l1> {INTERFACES}'; echo '{{}}'; echo 'l1> {VNIS}'; echo 'l1> {MACS}'; echo '{{}}'"
    printer.behave("zebra", silent)
    printer.poll()
    assert printer.trees["vtep"] == {}, "EVPN is off, as on a spine: that is an answer"


def test_zebra_that_falls_silent_on_vnis_says_nothing_of_them(
    printer: Printer, polls: list[dict[str, Any]]
) -> None:
    printer.print(polls[0])
    printer.poll()
    silent = f"echo 'l1> {INTERFACES}'; echo '{{}}'; echo 'l1> {VNIS}'; echo 'l1> {MACS}'; echo '{{}}'"
    printer.behave("zebra", silent)
    printer.poll()
    assert printer.trees["vtep"] == offline(polls[0])["vtep"]
    assert printer.trees["mac"] == {}
