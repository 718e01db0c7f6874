"""A network operations centre: a fabric that speaks, Alertmanager as Debian ships it, and who is notified.

The fabric's time passes when a test says so, ahead of the wall's; Alertmanager's passes as it does.
"""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from collectors.kafka_access import KafkaAccess
from collectors.records import Kind, Record, StoredRecord, encode_record
from collectors.topics import create_topic
from pipeline.broker import free_port
from pipeline.kafka_publish import Publisher
from targets.simulated.agenda import SECOND
from targets.simulated.captured import Captured
from targets.simulated.design import Design, plan_of
from targets.simulated.fabric import Fabric
from targets.simulated.news import Note
from targets.simulated.verbs import do

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "alerting"
QUICK: Final = {"group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h"}
HEARTBEAT: Final = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"}
_START_S: Final = 20.0


def needs(*programs: str) -> None:
    """Skip the module without the programs; where all must run, fail."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and os.environ.get("CI"):
        raise RuntimeError(
            f"{', '.join(missing)} missing: apt-get install prometheus-alertmanager prometheus"
        )
    if missing:
        pytest.skip(f"no {', '.join(missing)}", allow_module_level=True)


def until(condition: Callable[[], object], what: str, limit_s: float = 30.0) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.1)


class Voice:
    """A simulated fabric whose records are written as its time passes."""

    def __init__(self, publisher: Publisher, fabric: str, behind_s: int = 30) -> None:
        self.fabric = Fabric(plan_of(Design(hosts=8, vnis=1)), 7)
        self.name = fabric
        self.now = int(time.time() - behind_s) * SECOND
        self._publisher = publisher
        end = self.now + 86_400 * SECOND
        self._notes: list[Note] = []
        self._records = Captured(self.fabric, "1").records(self.now, end, self._notes)
        self._next: StoredRecord | None = None

    def passes(self, seconds: int) -> None:
        """Let time pass and write what is said in it; returns when all is in the topic."""
        self.now += seconds * SECOND
        while True:
            record = next(self._records) if self._next is None else self._next
            self._next = record
            if record.timestamp_ms > self.now // 1_000_000:
                break
            self._publisher.send(record.key, record.value, record.timestamp_ms)
            self._next = None
        self._publisher.confirm_all()

    def does(self, verb: str, *words: str) -> None:
        """Do something to the fabric, a second from now, and let time pass until then."""
        self.fabric.agenda.at(self.now + 2 * SECOND, lambda now: do(self.fabric, verb, words, now))
        self.passes(3)

    def acts(self, **action: object) -> None:
        """Write what a person does."""
        value = encode_record(Record(Kind.ACTION, recv_ns=self.now, json=json.dumps(action).encode()))
        self._publisher.send(str(action["actor"]), value, self.now // 1_000_000)
        self._publisher.confirm_all()


@dataclass(frozen=True)
class Notification:
    """One notification: whom, whether anything fires, and the alerts in it."""

    at: float
    receiver: str
    status: str
    alerts: list[dict[str, Any]]


class Receiver:
    """Takes webhooks of Alertmanager and keeps them."""

    def __init__(self) -> None:
        self.record: list[Notification] = []
        record = self.record

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                record.append(
                    Notification(time.monotonic(), self.path[1:], content["status"], content["alerts"])
                )
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def told(self, status: str, **labels: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what people were told: receiver and alert, once for each time it was news to them.

        A notification repeats all alerts of its group; one that says of an alert what the last one of the
        receiver said is no news.
        """
        last: dict[tuple[str, str], str] = {}
        news = []
        for one in list(self.record):
            for alert in one.alerts:
                key = one.receiver, json.dumps(alert["labels"], sort_keys=True)
                if last.get(key) != alert["status"]:
                    last[key] = alert["status"]
                    if alert["status"] == status and labels.items() <= alert["labels"].items():
                        news.append((one.receiver, alert))
        return news

    def notifications(self, **labels: str) -> list[Notification]:
        """Return notifications about alerts with these labels."""
        return [
            one
            for one in list(self.record)
            if any(labels.items() <= alert["labels"].items() for alert in one.alerts)
        ]

    def silences(self, receiver: str, longest_s: float, until_s: float) -> int:
        """Return how often nothing came for longer than it should: the pages of a dead man's switch."""
        beats = [one.at for one in list(self.record) if one.receiver == receiver]
        return sum(
            later - earlier > longest_s for earlier, later in zip(beats, [*beats[1:], until_s], strict=True)
        )


@dataclass
class AlertmanagerProcess:
    """Alertmanager with the example's routes, its receivers a webhook, its waits short."""

    folder: Path
    receiver: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def config(self) -> dict[str, Any]:
        """Return the example with other receivers and shorter waits."""
        config: dict[str, Any] = deepcopy(yaml.safe_load((EXAMPLE / "alertmanager.yml").read_text()))
        del config["templates"]
        for one in config["receivers"]:
            silent = one["name"] == "dead-mans-switch"
            url = f"{self.receiver}/{one['name']}"
            one.clear()
            name = url.rpartition("/")[2]
            one.update({"name": name, "webhook_configs": [{"url": url, "send_resolved": not silent}]})
        config["route"].update(QUICK)
        for route in config["route"]["routes"]:
            route.update(HEARTBEAT if route["receiver"] == "dead-mans-switch" else QUICK)
        return config

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "alertmanager.yml"
        config.write_text(yaml.safe_dump(self.config()))
        command = [
            "prometheus-alertmanager", f"--config.file={config}", f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        until(self._ready, f"Alertmanager answers: {(self.folder / 'log').read_text()[-500:]}", _START_S)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_START_S)
            self.process = None

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """Return alerts that fire there."""
        asked = urlencode([("filter", f'{name}="{value}"') for name, value in labels.items()])
        with urlopen(f"{self.url}/api/v2/alerts?{asked}") as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())
        return found

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready"):
                return True
        except URLError:
            return False


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def alertmanager(folder: Path, to: Receiver) -> Iterator[AlertmanagerProcess]:
    made = AlertmanagerProcess(folder, to.url)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def voice(access: KafkaAccess, fabric: str) -> Iterator[Voice]:
    create_topic(access, fabric)
    with Publisher.open(access, fabric) as publisher:
        yield Voice(publisher, fabric)
