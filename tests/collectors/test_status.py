"""What a collector says of itself, to Prometheus and to people."""

import io
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from typer.testing import CliRunner

import collectors.cli
from collectors.budget import Budget
from collectors.errors import FabricscopeError, InputError
from collectors.listener import listen, local_address
from collectors.publisher import Publisher
from collectors.states import FamilyStatus, State
from collectors.status import Status
from collectors.targets_view import COLOURS, table
from tests.collectors.running import Topic

LABELS: Final = ("fabric", "target", "family", "state")


@dataclass
class Watched:
    """A collector of two families, as the listener sees it."""

    statuses: list[FamilyStatus] = field(default_factory=list)
    publishers: dict[str, Publisher] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget(1000))


@pytest.fixture
def watched() -> Watched:
    now = time.time_ns()
    up = FamilyStatus("leaf1", "dc1", "mac", now - 200_000_000_000)
    up.answered(now - 100_000_000_000)
    up.synced("", now - 80_000_000_000)
    up.received(500)
    refused = FamilyStatus("leaf1", "dc1", "es", now)
    refused.refused("INVALID_ARGUMENT: [bold]no[/] such path", now - 3_600_000_000_000)
    topic = Topic("dc1", lambda _size: None, waiting=7)
    topic.confirmed, topic.failures = 5, 1  # type: ignore[attr-defined]  # as a publisher counts
    made = Watched([up, refused], {"dc1": cast("Publisher", topic)})
    made.budget.take(250)
    return made


@pytest.fixture
def address(watched: Watched) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    end = listen(where, Status("c1", watched, lambda: "line 3 is wrong").pages())
    yield where
    end()


def got(address: str, path: str) -> str:
    with urlopen(f"http://{address}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def metrics(text: str) -> dict[tuple[str, ...], float]:
    """Return the samples by name and label values."""
    return {
        (
            sample.name.removeprefix("fabricscope_collector_"),
            *(sample.labels[name] for name in LABELS if name in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_gets_state_counts_and_buffer(address: str) -> None:
    found = metrics(got(address, "/metrics"))
    assert found["state", "dc1", "leaf1", "mac", "UP"] == 1
    assert found["state", "dc1", "leaf1", "mac", "STALE"] == 0
    assert found["state", "dc1", "leaf1", "es", "REFUSED"] == 1
    assert found["records_total", "dc1", "leaf1", "mac"] == 1
    assert found["bytes_total", "dc1", "leaf1", "mac"] == 500
    assert found["sessions_total", "dc1", "leaf1", "mac"] == 1
    assert (found["buffer_bytes",], found["buffer_limit_bytes",]) == (250, 1000)
    assert found["kafka_confirmed_total", "dc1"] == 5
    assert found["kafka_waiting", "dc1"] == 7
    assert found["kafka_failures_total", "dc1"] == 1
    assert found["inventory_followed",] == 0


def test_all_that_the_table_shows_is_in_the_document(address: str) -> None:
    document = json.loads(got(address, "/targets"))
    assert [(one["family"], one["state"]) for one in document["targets"]] == [
        ("mac", "UP"),
        ("es", "REFUSED"),
    ]
    assert document["inventory_trouble"] == "line 3 is wrong"
    assert document["kafka"][0]["waiting"] == 7


def test_other_paths_are_not_found(address: str) -> None:
    with pytest.raises(HTTPError, match="404"):
        got(address, "/")


def test_a_port_that_is_taken_is_said(address: str, watched: Watched) -> None:
    with pytest.raises(FabricscopeError, match=address):
        listen(address, Status("c2", watched, str).pages())


@pytest.mark.parametrize(
    "address", ["0.0.0.0:9804", "192.0.2.1:9804", ":9804", "127.0.0.1", "127.0.0.1:0", "::1:1"]
)
def test_an_address_that_others_reach_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="no TLS"):
        local_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.1.2.3:65535", "localhost:9804"])
def test_an_address_of_this_machine_is_taken(address: str) -> None:
    host, port = local_address(address)
    assert f"{host}:{port}" == address


def shown(document: dict[str, Any]) -> str:
    output = io.StringIO()
    Console(file=output, width=140).print(table(document))
    return output.getvalue()


def test_people_see_state_age_and_reason_and_a_device_s_words_are_only_text(address: str) -> None:
    text = shown(json.loads(got(address, "/targets")))
    lines = {line.split("│")[2].strip(): line for line in text.splitlines() if "leaf1" in line}
    assert "UP" in lines["mac"]
    assert "1 m 2" in lines["mac"]
    assert "REFUSED" in lines["es"]
    assert "1 h 0 m" in lines["es"]
    assert "[bold]no[/] such path" in lines["es"]
    assert "1 UP, 1 REFUSED" in text
    assert "an earlier inventory holds: line 3 is wrong" in " ".join(text.split())


def test_families_of_one_state_and_reason_share_a_row(watched: Watched) -> None:
    away = [FamilyStatus("leaf2", "dc1", family, 0) for family in ("mac", "vtep")]
    for at, one in enumerate(away):
        one.ended("connection refused", at)
    watched.statuses += away
    text = shown(Status("c1", watched, str).document())
    assert len([line for line in text.splitlines() if "leaf2" in line and "mac vtep" in line]) == 1


def test_the_command_shows_what_a_collector_says(address: str) -> None:
    runner = CliRunner()
    told = runner.invoke(collectors.cli.app, ["targets", "--collector", address, "--json"])
    assert (told.exit_code, json.loads(told.stdout)["collector"]) == (0, "c1")
    told = runner.invoke(collectors.cli.app, ["targets", "--collector", address])
    assert (told.exit_code, "REFUSED" in told.stdout) == (0, True)


def test_a_collector_that_is_not_there_is_an_error_with_a_remedy() -> None:
    told = CliRunner().invoke(collectors.cli.app, ["targets", "--collector", "127.0.0.1:1"])
    assert isinstance(told.exception, FabricscopeError)
    assert "--metrics-listen" in str(told.exception)


def test_a_state_has_its_colour() -> None:
    assert set(COLOURS) == set(State)
