"""People at the command line, two replicas and a real broker: what one says, both know."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collectors.kafka_access import KafkaAccess
from pipeline.broker import EmbeddedBroker
from pipeline.store.equality import differences
from tests.integration.live import Process
from tests.integration.noc import Voice, until, voice

pytestmark = [pytest.mark.services, pytest.mark.slow]


class OnCall:
    """A fabric, two replicas that publish their incidents, and somebody at a terminal."""

    def __init__(self, stack: ExitStack, broker: EmbeddedBroker, fabric: str, folder: Path) -> None:
        self.folder, self.fabric, self.kafka = folder, fabric, broker.address
        self.voice: Voice = stack.enter_context(voice(KafkaAccess(servers=broker.address), fabric))
        self.voice.passes(10)
        self.replicas = [self._replica(name) for name in ("one", "two")]
        for replica in self.replicas:
            stack.callback(replica.clean_up)
            replica.start()

    def _replica(self, name: str) -> Process:
        options = ["--kafka", self.kafka, "--fabric", self.fabric, "--store", self.store(name)]
        return Process(name, ["run", *options, "--publish-incidents"], self.folder)

    def store(self, name: str) -> Path:
        return self.folder / f"{name}.duckdb"

    def says(self, *words: str, code: int = 0) -> str:
        """Type a command; return what it answers."""
        process = subprocess.run(
            [sys.executable, "-m", "fabricscope", *words, "--kafka", self.kafka],
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert process.returncode == code, process.stdout + process.stderr
        return process.stderr if code else process.stdout

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.says("incident", "list", "--all", "--json", "--fabric", self.fabric)
        )
        return found

    def incident(self, rule: str) -> dict[str, Any]:
        """Return the incident of leaf-1 by a rule, as the topic has it."""
        return next(row for row in self.listed() if (row["rule"], row["device"]) == (rule, "leaf-1"))

    def there(self) -> bool:
        process = subprocess.run(
            [sys.executable, "-m", "fabricscope", "incident", "list", "--json", "--kafka", self.kafka,
             "--fabric", self.fabric],
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return process.returncode == 0 and any(
            (row["rule"], row["device"]) == ("R16", "leaf-1") for row in json.loads(process.stdout)
        )


@pytest.fixture
def on_call(tansu: EmbeddedBroker, fabric: str, tmp_path: Path) -> Iterator[OnCall]:
    with ExitStack() as stack:
        yield OnCall(stack, tansu, fabric, tmp_path)


def test_what_is_done_at_the_command_line_is_in_both_stores(on_call: OnCall) -> None:
    on_call.voice.does("session-down", "leaf-1", "spine-1")
    on_call.voice.passes(20)
    until(on_call.there, "R16 is published", 60)
    key = on_call.incident("R16")["incident_id"]

    answer = on_call.says("incident", "ack", key[:8], "looking at spine-1", "--actor", "alice")
    assert f"Acknowledged as alice: incident {key} of {on_call.fabric}." in answer
    on_call.says("incident", "note", key[:8], "optics ordered \x1b[31m", "--actor", "bob")
    assert "stays open" not in on_call.says("incident", "show", key[:8])
    window = ("maintenance", "add", "MW-7", "new optics", "--fabric", on_call.fabric, "--device", "leaf-1")
    on_call.says(*window, "--for", "1h", "--actor", "carol")
    on_call.says("incident", "resolve", key[:8], "surely over", "--actor", "alice")
    on_call.voice.passes(60)  # the fabric's clock is some way behind that of the window
    until(lambda: len(on_call.incident("R16")["events"]) >= 5, "all of it is published", 60)

    seen = on_call.incident("R16")
    assert (seen["acknowledged_by"], seen["in_maintenance"], seen["state"]) == ("alice", True, "open")
    kinds = [event["kind"] for event in seen["events"]]
    assert kinds[:3] == ["opened", "acknowledged", "noted"]
    assert set(kinds[3:]) == {"maintenance_began", "still_holds"}
    shown = on_call.says("incident", "show", key[:8])
    assert "\x1b" not in shown
    assert "alice: looking at spine-1" in shown
    assert "no: what it is about is in maintenance" in shown

    for replica in on_call.replicas:
        replica.stop()
    stores = [on_call.store(name) for name in ("one", "two")]
    for store in stores:
        with duckdb.connect(str(store), read_only=True) as connection:
            rows = connection.sql('SELECT verb, actor FROM main.action ORDER BY "offset"').fetchall()
        assert rows == [("ack", "alice"), ("note", "bob"), ("maintenance", "carol"), ("resolve", "alice")]
    assert differences(*stores) == []

    windows = json.loads(
        on_call.says("maintenance", "list", "--json", "--fabric", on_call.fabric, "--store", str(stores[0]))
    )
    assert [(one["subject"], one["state"], one["remark"]) for one in windows] == [("MW-7", "open", None)]
    from_topic = json.loads(on_call.says("maintenance", "list", "--json", "--fabric", on_call.fabric))
    assert [one["subject"] for one in from_topic] == ["MW-7"]


def test_what_nobody_knows_is_refused_before_it_is_sent(on_call: OnCall) -> None:
    on_call.voice.does("session-down", "leaf-1", "spine-1")
    on_call.voice.passes(20)
    until(on_call.there, "R16 is published", 60)

    assert "no incident 'ffffff0'" in on_call.says("incident", "ack", "ffffff0", code=2)
    key = on_call.incident("R16")["incident_id"]
    assert "mark-false needs a TEXT" in on_call.says("incident", "mark-false", key, code=2)
    unknown = ("maintenance", "add", "MW-1", "x", "--fabric", "nowhere-at-all", "--everything", "--for", "1h")
    assert "no topic fabricscope.raw.nowhere-at-all" in on_call.says(*unknown, code=2)
    slip = ("maintenance", "add", "MW-1", "x", "--fabric", on_call.fabric, "--for", "1h")
    assert "scope is empty" in on_call.says(*slip, code=2)


def test_who_watches_sees_each_step_as_it_comes(on_call: OnCall, tmp_path: Path) -> None:
    on_call.voice.does("session-down", "leaf-1", "spine-1")
    on_call.voice.passes(20)
    until(on_call.there, "R16 is published", 60)
    key = on_call.incident("R16")["incident_id"]
    seen = tmp_path / "watched.txt"
    words = ["incident", "watch", "--kafka", on_call.kafka, "--fabric", on_call.fabric]
    with seen.open("w") as output:
        watching = subprocess.Popen([sys.executable, "-m", "fabricscope", *words], stdout=output)
    try:

        def note_is_seen() -> bool:
            # a step from before it began to look is none of its business: so another one, until one is seen
            on_call.says("incident", "note", key[:8], "cable checked", "--actor", "alice")
            on_call.voice.passes(2)
            return "noted by alice: cable checked" in seen.read_text()

        until(note_is_seen, "a line for the note", 90)
    finally:
        watching.send_signal(signal.SIGINT)
    assert watching.wait(30) == 0
    assert all(key[:7] in line for line in seen.read_text().splitlines())
