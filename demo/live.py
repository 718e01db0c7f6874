"""The live demo: a broker, a simulated fabric, a collector and a replica as processes, and what they say."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from prometheus_client.parser import text_string_to_metric_families

from collectors.captures import write_capture
from collectors.kafka_access import KafkaAccess
from collectors.topics import create_topic
from demo.expectations import CLEAR, EXPECT, Heard
from demo.findings import Found
from demo.fleet import Fleet, fleet_of
from demo.follow import Follower
from demo.processes import Processes
from demo.truth import Action, action_of, deeds_of
from demo.view import Health, Scene
from pipeline import transfer
from pipeline.broker import EmbeddedBroker, free_port
from pipeline.kafka import KafkaSource
from targets.simulated.scenarios import SCENARIOS

FABRIC: Final = "demo"
FRAME_S: Final = 0.25
START_LIMIT_S: Final = 60.0
SETTLE_S: Final = 2.0
"""After the story's end, in stream time: what is decided by then counts."""
SETTLE_LIMIT_S: Final = 30.0
_ASK_TIMEOUT_S: Final = 2.0
_OPENER: Final = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Folder:
    """Where everything of a demo is left."""

    path: Path

    @property
    def logs(self) -> Path:
        """Logs of the processes."""
        return self.path / "logs"

    @property
    def inventory(self) -> Path:
        """What the simulated fabric offers the collector."""
        return self.path / "inventory.yaml"

    @property
    def truth(self) -> Path:
        """What was done to the fabric, and what must be found."""
        return self.path / "truth.jsonl"

    @property
    def incidents(self) -> Path:
        """The replica's log of incidents."""
        return self.path / "incidents.jsonl"

    @property
    def store(self) -> Path:
        """The replica's store."""
        return self.path / "store.duckdb"

    @property
    def capture(self) -> Path:
        """All records of the topic."""
        return self.path / "capture.parquet"


@dataclass
class Told:
    """What truth, log, collector and replica have told so far."""

    folder: Folder
    actions: list[Action] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    fleet: Fleet = field(default_factory=Fleet)
    health: Health = field(default_factory=Health)

    def __post_init__(self) -> None:
        """Begin at the start of both files."""
        self._truth, self._log = Follower(self.folder.truth), Follower(self.folder.incidents)

    def read(self) -> None:
        """Take in what the files have grown by."""
        self.actions += map(action_of, self._truth.new())
        self.heard.take(self._log.new())

    @property
    def start(self) -> float | None:
        """Unix seconds at which the story began; None: it has not."""
        return next((action.time for action in self.actions if action.kind == "start"), None)

    def scene(self, scenario: str, now: float, length_s: float) -> Scene:
        """Return what there is to see."""
        deeds = deeds_of(action for action in self.actions if action.kind not in (*EXPECT, CLEAR))
        told = [deed for deed in deeds if not deed.plain_life]
        zero = now if self.start is None else self.start
        return Scene(
            recording=scenario,
            speed=1.0,
            zero=zero,
            now=now,
            end=zero + length_s,
            deeds=told,
            asides=len(deeds) - len(told),
            fleet=self.fleet,
            found=Found(self.heard.findings()),
            health=self.health,
        )


class Live:
    """The running processes of a demo; leaving the context ends them all."""

    def __init__(self, folder: Folder, scenario: str, seed: int, stop: threading.Event) -> None:
        self.folder = folder
        self.told = Told(folder)
        self.collector = f"127.0.0.1:{free_port()}"
        """Its listener, for ``fabricscope targets``."""
        self.kafka = ""
        self._replica = f"127.0.0.1:{free_port()}"
        self._scenario = scenario
        self._seed = seed
        self._stop = stop
        self._length_s = SCENARIOS[scenario].seconds
        self._rates: list[tuple[float, int]] = []

    @contextlib.contextmanager
    def running(self, show: Callable[[Scene], None]) -> Iterator[Processes]:
        """Start everything, in the order in which each needs the other; the fabric waits to be watched."""
        folder = self.folder
        folder.logs.mkdir(parents=True)
        with EmbeddedBroker() as broker, Processes(folder.logs) as processes:
            self.kafka = broker.address
            create_topic(KafkaAccess(servers=broker.address), FABRIC)
            processes.start("simulate", self._simulate())
            processes.start("run", self._run())
            self._wait(processes, folder.inventory.exists, "the simulated fabric's start", show)
            processes.start("collect", self._collect())
            self._wait(processes, lambda: self.told.start is not None, "the first sync of all streams", show)
            yield processes

    def look(self, show: Callable[[Scene], None]) -> None:
        """Read what all have told, and show it."""
        self.told.read()
        with contextlib.suppress(URLError, OSError):
            self.told.fleet = fleet_of(json.loads(_asked(f"http://{self.collector}/targets")))
        with contextlib.suppress(URLError, OSError):
            self._measure(_asked(f"http://{self._replica}/metrics"))
        show(self.scene())

    def scene(self) -> Scene:
        """Return what there is to see now."""
        return self.told.scene(self._scenario, _now(), self._length_s)

    def settled(self) -> bool:
        """Whether the replica has read past the story's end."""
        reached = self.told.health.stream_time
        return reached is not None and self.end is not None and reached.timestamp() >= self.end + SETTLE_S

    @property
    def end(self) -> float | None:
        """Unix seconds at which the story is over, though the fabric goes on; None before it begins."""
        return None if self.told.start is None else self.told.start + self._length_s

    def capture(self) -> int:
        """Write the topic to a file; return the number of records."""
        access = KafkaAccess(servers=self.kafka)
        with KafkaSource.open(access, {FABRIC: None}) as source:
            return write_capture(
                self.folder.capture, transfer.records_of(source, FABRIC, threading.Event(), follow=False)
            )

    def _wait(
        self, processes: Processes, ready: Callable[[], bool], what: str, show: Callable[[Scene], None]
    ) -> None:
        """Wait for something, showing what is known meanwhile, unless the user asks to stop."""
        shown = 0.0

        def looked() -> bool:
            nonlocal shown
            if time.monotonic() - shown > FRAME_S:
                self.look(show)
                shown = time.monotonic()
            return self._stop.is_set() or ready()

        processes.wait_until(looked, what, START_LIMIT_S)

    def _simulate(self) -> list[str]:
        options = {"--scenario": self._scenario, "--seed": str(self._seed), "--folder": str(self.folder.path)}
        return ["simulate", *_flat(options), "--fabric", FABRIC, "--wait", "--keep"]

    def _run(self) -> list[str]:
        options = {
            "--kafka": self.kafka,
            "--fabric": FABRIC,
            "--store": str(self.folder.store),
            "--incident-log": str(self.folder.incidents),
            "--metrics-listen": self._replica,
        }
        return ["run", *_flat(options)]

    def _collect(self) -> list[str]:
        options = {
            "--inventory": str(self.folder.inventory),
            "--kafka": self.kafka,
            "--name": "demo",
            "--metrics-listen": self.collector,
        }
        return ["collect", *_flat(options)]

    def _measure(self, text: str) -> None:
        samples: dict[str, float] = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        told = {name.removeprefix("fabricscope_"): int(value) for name, value in samples.items()}
        time_s = samples.get("fabricscope_stream_time_seconds")
        records = told.get("records_total", 0)
        self._rates = [*self._rates[-8:], (time.monotonic(), records)]
        (began, before), (now, _) = self._rates[0], self._rates[-1]
        self.told.health = Health(
            records=records,
            records_per_s=(records - before) / (now - began) if now > began else 0.0,
            updates=told.get("updates_total", 0),
            lag=told.get("lag_records"),
            stream_time=None if time_s is None else datetime.fromtimestamp(time_s, UTC),
            fresh=told.get("devices_fresh"),
            observers=told.get("devices", 0),
            dead_letters=told.get("dead_letters_total", 0),
        )


def play(live: Live, show: Callable[[Scene], None], stop: threading.Event, processes: Processes) -> None:
    """Watch until the story is over and the replica has read past its end, or until ``stop`` is set."""
    while not (stop.is_set() or live.settled()):
        processes.check()
        live.look(show)
        if live.end is not None and _now() > live.end + SETTLE_LIMIT_S:
            return  # the table will say what is missing
        stop.wait(FRAME_S)
    live.look(show)


def _flat(options: dict[str, str]) -> list[str]:
    return [part for option in options.items() for part in option]


def _asked(url: str) -> str:
    with _OPENER.open(url, timeout=_ASK_TIMEOUT_S) as answer:
        text: Any = answer.read().decode()  # Any: the library's type is wide
    return str(text)


def _now() -> float:
    return time.time()
