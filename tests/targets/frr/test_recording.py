"""Recordings mapped as a whole: order, sessions, silence, and how such fabrics are known to behave."""

import gzip
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from collectors.records import Kind
from targets.frr.recording import COLLECTOR, RecordingError, records_of
from targets.frr.report import Report
from targets.tree import Value
from tests.recordings import derive
from tests.targets.frr.readback import Said, said, state

Mapped = Callable[[str], list[Said]]
LEAVES, SPINES = ("l1", "l2", "l3"), ("s1", "s2")
LEAF_FAMILIES = {"liveness", "routes", "mac", "vtep", "es", "link", "bgp"}
SPINE_FAMILIES = {"liveness", "routes", "link", "bgp"}


@pytest.fixture(scope="module")
def t0(recording: Path) -> int:
    """Return the beginning of the scenario, milliseconds."""
    start: float = orjson.loads((recording / "labels.json").read_bytes())["t0"]
    return round(start * 1000)


def between(records: list[Said], t0: int, start: float, end: float, *targets: str) -> list[Said]:
    return [
        it
        for it in records
        if start * 1000 <= it.timestamp_ms - t0 <= end * 1000 and (not targets or it.target in targets)
    ]


def sessions(records: list[Said]) -> dict[tuple[str, str], list[Said]]:
    found = defaultdict(list)
    for record in records:
        if record.kind is not Kind.TICK:
            found[record.target, record.family].append(record)
    return found


def truth(directory: Path) -> dict[str, set[tuple[str, str, str]]]:
    """Return (RD, prefix, neighbour) of every living path in each node's last poll."""
    routes = {}
    for path in sorted(directory.glob("poll-*.jsonl.gz")):
        with gzip.open(path) as lines:
            last = orjson.loads(list(lines)[-1])
        table = last["docs"]["show bgp l2vpn evpn route json"]
        routes[last["node"]] = {
            (rd, prefix, it["peerId"])
            for rd, content in table.items()
            if isinstance(content, dict)
            for prefix, route in content.items()
            if prefix != "rd"
            for (it,) in route["paths"]
            if not it.get("removed")
        }
    return routes


RECORDINGS = ("frr-main", "frr-segments", "segments-renamed", "segments-ipv6")


@pytest.mark.parametrize("variant", RECORDINGS)
class TestEveryRecording:
    def test_offsets_count_and_times_never_fall(self, mapped: Mapped, variant: str) -> None:
        records = mapped(variant)
        assert [it.offset for it in records] == list(range(len(records)))
        assert all(before.timestamp_ms <= after.timestamp_ms for before, after in pairwise(records))

    def test_the_record_time_is_the_time_of_receipt_and_of_the_event(
        self, mapped: Mapped, variant: str
    ) -> None:
        for record in mapped(variant):
            assert record.timestamp_ms == record.recv_ns // 1_000_000
            if record.kind is Kind.RESPONSE and not record.sync:
                assert record.event_ns == record.recv_ns

    def test_a_session_is_a_start_a_dump_a_sync_and_then_changes(self, mapped: Mapped, variant: str) -> None:
        for (target, family), records in sessions(mapped(variant)).items():
            where = f"{target} {family}"
            assert [it.seq for it in records] == list(range(len(records))), where
            assert len({it.session for it in records}) == 1, where
            assert [it.kind for it in records] == [Kind.START] + [Kind.RESPONSE] * (len(records) - 1), where
            assert sum(it.sync for it in records) == 1, where
            dump = records[1 : next(at for at, it in enumerate(records) if it.sync)]
            assert not any(it.deletes for it in dump), where
            assert records[0].session == f"{records[0].recv_ns:020d}-{COLLECTOR}"

    def test_a_start_tells_the_subscribed_paths(self, mapped: Mapped, variant: str) -> None:
        for (_, family), records in sessions(mapped(variant)).items():
            content = records[0].content
            assert content["paths"]
            assert {it["mode"] for it in content["paths"]} == {
                "SAMPLE" if family == "liveness" else "ON_CHANGE"
            }

    def test_what_is_said_lies_below_what_was_subscribed(self, mapped: Mapped, variant: str) -> None:
        for records in sessions(mapped(variant)).values():
            subscribed = [it["path"].split("/") for it in records[0].content["paths"]]
            for record in records:
                for path in (*record.updates, *record.deletes):
                    names = [part.partition("[")[0] for part in _split(path)]
                    assert any(names[: len(it)] == it[: len(names)] for it in subscribed), path

    def test_no_repeated_value_is_news(self, mapped: Mapped, variant: str) -> None:
        known: dict[tuple[str, str], dict[str, Value]] = defaultdict(dict)
        for record in mapped(variant):
            tree = known[record.target, record.family]
            for gone in record.deletes:
                for path in [it for it in tree if it == gone or it.startswith((gone + "/", gone + "["))]:
                    del tree[path]
            repeated = [
                path
                for path, value in record.updates.items()
                if tree.get(path) == value and "l2-vni" not in path
            ]
            assert not repeated or record.family == "liveness"
            tree.update(record.updates)

    def test_ticks_come_each_second_and_reach_the_end(self, mapped: Mapped, variant: str) -> None:
        records = mapped(variant)
        ticks = [it.recv_ns for it in records if it.kind is Kind.TICK]
        assert {after - before for before, after in pairwise(ticks)} == {1_000_000_000}
        assert records[0].recv_ns == ticks[0]
        assert records[-1].kind is Kind.TICK
        assert {it.target for it in records if it.kind is Kind.TICK} == {COLLECTOR}


def _split(path: str) -> list[str]:
    parts, depth = [""], 0
    for character in path:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "/" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def test_the_same_recording_gives_the_same_bytes_in_any_process(recording: Path, tmp_path: Path) -> None:
    command = "from targets.cli import app; app()"
    captures = []
    for seed in ("1", "2"):  # of the order in which sets are walked
        captures.append(tmp_path / f"{seed}.parquet")
        options = ("--recording", recording.parent / "frr-segments", "--capture", captures[-1])
        subprocess.run(
            [sys.executable, "-c", command, "frr-agent", *options],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
    assert captures[0].read_bytes() == captures[1].read_bytes()


def test_every_node_speaks_in_the_families_its_documents_feed(mapped: Mapped) -> None:
    found = defaultdict(set)
    for target, family in sessions(mapped("frr-main")):
        found[target].add(family)
    assert found == {
        **dict.fromkeys(LEAVES, LEAF_FAMILIES),
        **dict.fromkeys(SPINES, SPINE_FAMILIES),
        "gobgp": {"liveness", "routes"},
    }


@pytest.mark.parametrize("name", ["frr-main", "frr-segments"])
def test_the_routes_at_the_end_are_those_of_the_last_poll(mapped: Mapped, recording: Path, name: str) -> None:
    for node, routes in truth(recording.parent / name).items():
        tree = state(mapped(name), node, "routes")
        paths = {leaf.partition("/state/")[0] for leaf in tree if leaf.endswith("/state/attr-index")}
        assert len(paths) == len(routes)
        rows = {leaf.rpartition("/state/")[0] for leaf in tree if "/ext-communities/" in leaf}
        used = {value for leaf, value in tree.items() if leaf.endswith("/ext-community-index")}
        assert len(rows) == len(used)  # every row is used, every one used is there


def said_of(records: list[Said]) -> Counter[tuple[str, str, Kind]]:
    return Counter((it.target, it.family, it.kind) for it in records)


def test_without_the_devices_verdict_that_alone_is_missing(mapped: Mapped) -> None:
    whole, stripped = (
        {(it.target, it.recv_ns, path, value) for it in mapped(name) for path, value in it.updates.items()}
        for name in ("frr-main", "main-stripped")
    )
    assert not stripped - whole
    assert {path.rpartition("/")[2] for _, _, path, _ in whole - stripped} == {"mobility-state"}


def test_names_do_not_matter(mapped: Mapped) -> None:
    renamed = Counter(
        {(derive.NAMES.get(it[0], it[0]), *it[1:]): n for it, n in said_of(mapped("frr-segments")).items()}
    )
    assert renamed == said_of(mapped("segments-renamed"))


def test_with_ipv6_there_is_as_much_to_say_and_no_ipv4_address_but_in_route_distinguishers(
    mapped: Mapped,
) -> None:
    assert said_of(mapped("frr-segments")) == said_of(mapped("segments-ipv6"))
    for node in (*LEAVES, *SPINES, "gobgp"):
        plain, ipv6 = (state(mapped(it), node, "routes") for it in ("frr-segments", "segments-ipv6"))
        assert len(plain) == len(ipv6)
        keys = [path.partition("[route-distinguisher=")[2].partition("]")[2] for path in ipv6]
        assert not [key for key in keys if "10.255." in key or "192.168." in key]
        assert {value for path, value in ipv6.items() if path.endswith("/next-hop")} <= {
            f"fd00::aff:10{leaf}" for leaf in (1, 2, 3)
        }


class TestSilence:
    def test_while_bgpd_is_down_its_families_are_silent_and_the_host_lives(
        self, mapped: Mapped, t0: int
    ) -> None:
        for node, start, end in (("s2", 346.5, 370.5), ("l3", 511.5, 520.5)):
            records = between(mapped("frr-main"), t0, start, end, node)
            assert {it.family for it in records} == {"liveness"}
            assert len(records) >= (end - start) // 3

    def test_afterwards_the_session_goes_on_with_the_difference(self, mapped: Mapped, t0: int) -> None:
        records = between(mapped("frr-main"), t0, 371, 372, "s2")
        routes = [it for it in records if it.family == "routes"]
        assert not any(it.kind is Kind.START or it.sync for it in routes)
        assert any(it.deletes for it in routes)  # the restarted bgpd has an empty table, and says so

    def test_only_the_node_whose_poll_hangs_says_nothing_for_fifteen_seconds(
        self, mapped: Mapped, t0: int
    ) -> None:
        times = defaultdict(list)
        for record in mapped("frr-main"):
            if record.kind is not Kind.TICK:
                times[record.target].append((record.timestamp_ms - t0) / 1000)
        gaps = {
            (target, round(before), round(after))
            for target, moments in times.items()
            for before, after in pairwise(moments)
            if after - before > 14
        }
        assert gaps == {("s1", 458, 485)}

    def test_a_poll_that_took_long_brings_its_answers_but_no_sign_of_life(
        self, mapped: Mapped, t0: int
    ) -> None:
        late = between(mapped("frr-main"), t0, 485.0, 485.15, "s1")
        assert {it.family for it in late} == {"routes", "bgp"}
        assert "IDLE" in {value for it in late for value in it.updates.values()}

    def test_a_daemons_restart_is_no_end_of_its_routes_before_it_answers(
        self, recording: Path, tmp_path: Path, t0: int
    ) -> None:
        def never_back(seconds: float, poll: Any) -> Any:
            answers = poll["docs"] if seconds < 300 else {"ip -j -s link": "RTNETLINK answers: error"}
            return {**poll, "docs": answers, "unparsed": "% bgpd is not running"}

        records = said(derive.edited(recording, tmp_path, "l1", never_back))
        assert between(records, t0, 297, 700, "l1") == []
        assert len(state(records, "l1", "routes")) > 200

    def test_a_node_that_never_answers_has_a_session_and_no_sign_of_life(
        self, recording: Path, tmp_path: Path
    ) -> None:
        directory = derive.edited(recording, tmp_path, "l1", lambda _, poll: {**poll, "docs": {}})
        records = [it for it in said(directory) if it.target == "l1"]
        assert [(it.family, it.kind) for it in records] == [("liveness", Kind.START)]

    def test_lost_polls_are_silence(self, mapped: Mapped, recording: Path, tmp_path: Path, t0: int) -> None:
        directory = derive.edited(
            recording, tmp_path, "l2", lambda seconds, poll: None if 100 < seconds < 200 else poll
        )
        records = said(directory)
        assert between(records, t0, 98, 195, "l2") == []
        assert state(records, "l2", "routes") == state(mapped("frr-main"), "l2", "routes")


class TestBehaviours:
    def test_the_devices_verdict_is_told_for_exactly_the_duplicates(self, mapped: Mapped) -> None:
        flagged = {
            path.partition("[mac-address=")[2].partition("]")[0]
            for it in mapped("frr-main")
            for path, value in it.updates.items()
            if value == "DUPLICATE"
        }
        assert flagged == {f"02:aa:00:00:{host}" for host in ("10:04", "20:05", "10:06", "10:07")}

    def test_on_a_multihomed_fabric_the_device_has_no_verdict(self, mapped: Mapped) -> None:
        assert not [path for it in mapped("frr-segments") for path in it.updates if "mobility-state" in path]

    def test_the_sequence_steps_through_what_polls_miss(self, mapped: Mapped) -> None:
        highest = list(accumulate(_sequences(mapped("frr-main"), "l1", "02:aa:00:00:10:06"), max))
        assert list(dict.fromkeys(highest)) == [0, 4, 10, 16, 22, 28, 29, 30]

    def test_the_sequence_starts_again_when_the_owners_bgpd_restarts(self, mapped: Mapped, t0: int) -> None:
        after = between(mapped("frr-main"), t0, 515, 530, "l3")
        producers = {
            path: value
            for it in after
            for path, value in it.updates.items()
            if "02:aa:00:00:10:07" in path and path.endswith("producer[producer=LOCAL]/state/seq-number")
        }
        assert set(producers.values()) == {0}

    def test_one_monitor_sees_all_routes_of_a_leaf_go_when_only_its_link_drops(
        self, mapped: Mapped, t0: int
    ) -> None:
        gone = [
            path
            for it in between(mapped("frr-main"), t0, 300, 301, "gobgp")
            for path in it.deletes
            if "/paths/" in path
        ]
        assert len(gone) == 9
        assert all("route-distinguisher=10.255.1.1:" in path for path in gone)
        kept = between(mapped("frr-main"), t0, 299, 306, "l2", "l3")
        assert not [
            path for it in kept for path in it.deletes if "/paths/" in path and "peer-ip=10.0.2" in path
        ]  # over the other spine nothing went

    def test_a_dual_homed_mac_comes_from_two_vteps_with_one_segment(self, mapped: Mapped) -> None:
        tree = state(mapped("frr-segments"), "l3", "routes")
        host = {
            path: value
            for path, value in tree.items()
            if "02:aa:00:00:10:31" in path and "ip-length=0" in path
        }
        distinguishers = {path.partition("route-distinguisher[route-distinguisher=")[2][:10] for path in host}
        assert distinguishers == {"10.255.1.1", "10.255.1.2"}
        assert {value for path, value in host.items() if path.endswith("/esi")} == {"03443839ffff01000001"}

    def test_a_move_shows_two_locations_for_a_moment(self, mapped: Mapped, t0: int) -> None:
        moment = between(mapped("frr-main"), t0, 30.0, 30.3, "gobgp")
        told = [
            (bool(it.updates), bool(it.deletes))
            for it in moment
            if any("/paths/" in p for p in (*it.updates, *it.deletes))
        ]
        assert told == [(True, False), (False, True), (False, True)]

    def test_a_blip_between_two_polls_shows_in_the_carrier_count_alone(self, mapped: Mapped, t0: int) -> None:
        blip = [it for it in between(mapped("frr-main"), t0, 578.5, 583, "s1", "l2") if it.family == "link"]
        leaves = {path.rpartition("/interfaces/")[2] for it in blip for path in it.updates}
        assert leaves == {
            "interface[name=swp2]/state/counters/carrier-transitions",
            "interface[name=up1]/state/counters/carrier-transitions",
        }

    def test_a_sticky_mac_is_told_by_its_owner_and_its_routes(self, mapped: Mapped) -> None:
        sticky = {
            path.partition("[mac-address=")[2].partition("]")[0]
            for it in mapped("frr-main")
            for path, value in it.updates.items()
            if path.endswith("/state/sticky") and value is True
        }
        assert sticky == {"02:aa:00:00:10:0d"}
        communities = {
            bytes(one)
            for it in mapped("frr-main")
            for path, value in it.updates.items()
            if "/ext-communities/" in path and isinstance(value, tuple)
            for one in value
            if isinstance(one, bytes)
        }
        assert bytes.fromhex("0600010000000000") in communities

    def test_a_withdrawn_and_relearned_mac_goes_and_comes_back(self, mapped: Mapped, t0: int) -> None:
        h9 = "02:aa:00:00:10:09"
        told = [
            (bool([p for p in it.deletes if h9 in p]), bool([p for p in it.updates if h9 in p]))
            for it in between(mapped("frr-main"), t0, 78, 150, "gobgp")
        ]
        assert told.count((True, False)) >= 6
        assert told.count((False, True)) >= 6


def _sequences(records: list[Said], target: str, mac: str) -> list[int]:
    """Return the highest sequence number of a MAC's routes in each poll that changed one."""
    rows: dict[Value, int] = {}
    polls: dict[int, int] = {}
    for record in records:
        if record.target != target or record.family != "routes":
            continue
        for path, value in record.updates.items():
            if "/ext-communities/" in path and isinstance(value, tuple):
                index = int(path.partition("[index=")[2].partition("]")[0])
                mobility = [it[4:] for it in value if isinstance(it, bytes) and it[:2] == b"\6\0"]
                rows[index] = int.from_bytes(mobility[0], "big") if mobility else 0
            elif mac in path and path.endswith("/ext-community-index"):
                polls[record.recv_ns] = max(polls.get(record.recv_ns, 0), rows[value])
    return list(polls.values())


class TestMonitor:
    def test_the_dump_is_the_first_line_and_ends_after_half_a_second_of_silence(self, mapped: Mapped) -> None:
        routes = sessions(mapped("frr-main"))["gobgp", "routes"]
        sync = next(it for it in routes if it.sync)
        dump = routes[1 : routes.index(sync)]
        assert {it.recv_ns for it in dump} == {routes[0].recv_ns}
        assert sync.recv_ns == routes[0].recv_ns + 500_000_000
        paths = {leaf for it in dump for leaf in it.updates if leaf.endswith("/state/bestpath")}
        assert len(paths) == 14

    def test_it_lives_as_long_as_the_recording(self, mapped: Mapped) -> None:
        beats = [it.recv_ns for it in sessions(mapped("frr-main"))["gobgp", "liveness"] if it.updates]
        assert {after - before for before, after in pairwise(beats)} == {5_000_000_000}
        assert mapped("frr-main")[-1].recv_ns - beats[-1] < 6_000_000_000

    @pytest.mark.parametrize(
        ("events", "synced_at"),
        [
            ([(0.0, ["a"]), (0.4, ["b"]), (0.8, ["c"]), (3.0, ["d"])], 1.3),  # the first silence
            ([(0.0, ["a"]), (0.2, [("a", "withdrawal")])], 0.2),  # no dump withdraws
            ([(at / 4, ["a"]) for at in range(40)], 5.25),  # a stream that is never silent
            ([(0.0, ["a"])], 0.5),  # nothing afterwards
            ([(0.0, [])], 0.5),  # an empty table
        ],
    )
    def test_the_end_of_the_dump_is_told_from_the_stream(
        self, recording: Path, tmp_path: Path, events: list[tuple[float, list[Any]]], synced_at: float
    ) -> None:
        start = 1795343861.0
        with gzip.open(tmp_path / "gobgp.jsonl.gz", "wb") as out:
            for at, items in events:
                ev = [_host(*it) if isinstance(it, tuple) else _host(it) for it in items]
                out.write(orjson.dumps({"ts": start + at, "ev": ev}) + b"\n")
        (tmp_path / "poll-s1.jsonl.gz").write_bytes((recording / "poll-s1.jsonl.gz").read_bytes())
        routes = sessions(said(tmp_path))["gobgp", "routes"]
        assert [it.recv_ns for it in routes if it.sync] == [round((start + synced_at) * 1_000_000) * 1000]


def _host(name: str, *flags: str) -> dict[str, Any]:
    value = {
        "rd": {"admin": "10.0.0.1", "assigned": 2},
        "etag": 0,
        "esi": "single-homed",
        "mac": f"02:00:00:00:00:{ord(name):02x}",
        "ip": "<nil>",
        "labels": [7],
    }
    return {
        "nlri": {"type": 2, "value": value},
        "attrs": [],
        "neighbor-ip": "10.0.0.9",
        **dict.fromkeys(flags, True),
    }


class TestDamage:
    def test_a_directory_that_is_none_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(RecordingError, match="is no directory"):
            list(records_of(tmp_path / "nowhere", "test", Report()))

    def test_a_directory_without_polls_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "poll-a.jsonl.gz").write_bytes(b"this is no gzip")
        with pytest.raises(RecordingError, match="no poll-NODE"):
            list(records_of(tmp_path, "test", Report()))

    def test_two_files_of_one_node_are_refused(self, recording: Path, tmp_path: Path) -> None:
        for name in ("poll-s1.jsonl.gz", "poll-copy.jsonl.gz"):
            (tmp_path / name).write_bytes((recording / "poll-s1.jsonl.gz").read_bytes())
        with pytest.raises(RecordingError, match="more than one file of s1"):
            list(records_of(tmp_path, "test", Report()))

    def test_a_torn_end_costs_only_itself(self, recording: Path, tmp_path: Path) -> None:
        whole = (recording / "poll-s1.jsonl.gz").read_bytes()
        (tmp_path / "poll-s1.jsonl.gz").write_bytes(whole[: len(whole) // 2])
        report = Report()
        records = list(records_of(tmp_path, "test", report))
        assert 50 < report.good["s1"] < 197
        assert len(records) > 300
        assert [sentence for _, sentence in report.unreadable if "ends early" in sentence]

    def test_a_line_that_is_no_poll_costs_only_itself(self, recording: Path, tmp_path: Path) -> None:
        with gzip.open(recording / "poll-s1.jsonl.gz") as lines:
            polls = list(lines)
        polls[3:3] = [b"{torn\n", b"[]\n", b'{"docs":{}}\n', b'{"ts":"noon","docs":{}}\n', b"\n"]
        with gzip.open(tmp_path / "poll-s1.jsonl.gz", "wb", compresslevel=1) as out:
            out.writelines(polls)
        report = Report()
        list(records_of(tmp_path, "test", report))
        assert (report.good["s1"], report.failed["s1"]) == (197, 4)

    def test_a_node_without_a_name_takes_that_of_its_file(self, recording: Path, tmp_path: Path) -> None:
        with gzip.open(recording / "poll-s1.jsonl.gz") as lines:
            polls = [orjson.loads(line) for line in list(lines)[:3]]
        with gzip.open(tmp_path / "poll-edge.jsonl.gz", "wb") as out:
            out.writelines(orjson.dumps({**poll, "node": ""}) + b"\n" for poll in polls)
        assert {it.target for it in said(tmp_path)} == {"edge", COLLECTOR}

    def test_a_line_of_the_monitor_that_can_not_be_read_is_counted(
        self, recording: Path, tmp_path: Path
    ) -> None:
        for name in ("poll-s1.jsonl.gz", "gobgp.jsonl.gz"):
            (tmp_path / name).write_bytes((recording / name).read_bytes())
        with gzip.open(tmp_path / "gobgp.jsonl.gz", "ab") as out:
            out.write(orjson.dumps({"ts": 1795344443.7, "ev": "rpc error: code = Unavailable"}) + b"\n")
        report = Report()
        list(records_of(tmp_path, "test", report))
        assert (report.good["gobgp"], report.failed["gobgp"]) == (401, 1)

    def test_a_monitor_that_said_nothing_is_no_observer(self, recording: Path, tmp_path: Path) -> None:
        (tmp_path / "poll-s1.jsonl.gz").write_bytes((recording / "poll-s1.jsonl.gz").read_bytes())
        (tmp_path / "gobgp.jsonl.gz").write_bytes(gzip.compress(b""))
        report = Report()
        records = list(records_of(tmp_path, "test", report))
        assert "gobgp" not in {it.key for it in records}
        assert ("gobgp", "gobgp.jsonl.gz has no line that can be read") in report.unreadable
