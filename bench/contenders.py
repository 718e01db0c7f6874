"""The collectors that are compared: how they are started, and what they leave in their topics."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson
from pygnmi.spec.v080 import gnmi_pb2

from bench.fleet import BINARIES, PASSWORD, Fleet
from bench.usage import Usage
from collectors.profiles import Mode, profile
from collectors.records import Kind, decode_record, topic_of
from pipeline.broker import die_with_parent

PROFILE: Final = profile("openconfig")
OURS: Final = "fabricscope"
PEER: Final = "telegraf"


@dataclass(frozen=True)
class Contender:
    """One collector: its name is its user on the targets, and its fabric or topic."""

    name: str
    rpcs_per_target: int
    command: Callable[[Fleet, str, str, Path], list[str]]
    """Returns what starts it, given targets, broker, topic's fabric and a folder for its files."""
    updates: Callable[[bytes], int]
    """Returns how many updates of the load a record of its topic holds."""

    def fabric(self, run: str) -> str:
        """Return the fabric whose topic it writes to in a run."""
        return f"{self.name}-{run}"


class Running:
    """A contender at work, from entering to leaving the context."""

    def __init__(self, contender: Contender, fleet: Fleet, servers: str, run: str, folder: Path) -> None:
        self.contender = contender
        self.fabric = contender.fabric(run)
        folder.mkdir(exist_ok=True)
        self._command = contender.command(fleet, servers, self.fabric, folder)
        self._log = folder / "log"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start it."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._stack.enter_context(self._log.open("wb")),
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one system call
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; what it logged is shown when something went wrong."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stack.close()
        if kind is not None:
            sys.stderr.write(f"{self.contender.name}: {self._log.read_text(errors='replace')[-2000:]}\n")

    def usage(self) -> Usage:
        """Return what the process took so far."""
        return Usage.of(self._process.pid)


def inventory(fleet: Fleet, fabric: str) -> bytes:
    """Return the inventory of the targets: JSON, which YAML is a superset of."""
    content = {
        "defaults": {
            "profile": PROFILE.name,
            "fabric": fabric,
            "tls": {"ca": str(fleet.authority)},
            "credentials": {"username": OURS, "password": f"file:{fleet.password}"},
        },
        "targets": {
            f"target-{number:03}": {"address": "127.0.0.1", "port": port}
            for number, port in enumerate(fleet.ports)
        },
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def telegraf_settings(fleet: Fleet, servers: str, fabric: str) -> str:
    """Return Telegraf's configuration: the same paths and modes, a subscription each.

    Buffer and batch are ten and five times its defaults, and what is there is sent each 0.2 s, not each 10 s.
    """
    addresses = ", ".join(f'"127.0.0.1:{port}"' for port in fleet.ports)
    parts = [
        f"""
[agent]
interval = "10s"
flush_interval = "200ms"
metric_batch_size = 5000
metric_buffer_limit = 100000
omit_hostname = true

[[outputs.kafka]]
brokers = ["{servers}"]
topic = "{topic_of(fabric)}"
max_message_bytes = 16000000
data_format = "influx"

[[inputs.gnmi]]
addresses = [{addresses}]
username = "{PEER}"
password = "{PASSWORD}"
encoding = "proto"
max_msg_size = "64MB"
redial = "1s"
tls_enable = true
tls_ca = "{fleet.authority}"
"""
    ]
    for subscription in PROFILE.subscriptions:
        for path in subscription.paths:
            mode = "on_change" if subscription.mode is Mode.ON_CHANGE else "sample"
            parts.append(
                f'\n[[inputs.gnmi.subscription]]\nname = "{subscription.family}"\npath = "{path}"\n'
                f'subscription_mode = "{mode}"\n'
            )
            if subscription.interval is not None:
                parts.append(f'sample_interval = "{subscription.interval.total_seconds():.0f}s"\n')
    return "".join(parts)


def updates_in_record(value: bytes) -> int:
    """Return how many updates of family ``mac`` a record of ours holds."""
    record = decode_record(value)
    if record.kind is not Kind.RESPONSE or record.family != "mac":
        return 0
    return len(gnmi_pb2.SubscribeResponse.FromString(record.response).update.update)


def updates_in_line(value: bytes) -> int:
    """Return how many fields of measurement ``mac`` a line of Influx' protocol holds.

    ``mac,TAG=... FIELD=...,FIELD=... TIME``; spaces in tags would be escaped, no value of ours has a comma.
    """
    if not value.startswith(b"mac,"):
        return 0
    fields = value.rstrip().rsplit(b" ", 2)[1]
    return fields.count(b",") + 1


def _ours(fleet: Fleet, servers: str, fabric: str, folder: Path) -> list[str]:
    path = folder / "inventory.yaml"
    path.write_bytes(inventory(fleet, fabric))
    return [
        sys.executable,
        "-m",
        "fabricscope",
        "collect",
        f"--inventory={path}",
        f"--kafka={servers}",
        "--name=bench",
    ]


def _peer(fleet: Fleet, servers: str, fabric: str, folder: Path) -> list[str]:
    path = folder / "telegraf.conf"
    path.write_text(telegraf_settings(fleet, servers, fabric))
    return [str(BINARIES / "telegraf"), str(path)]


CONTENDERS: Final = (
    Contender(OURS, len({one.family for one in PROFILE.subscriptions}), _ours, updates_in_record),
    Contender(PEER, 1, _peer, updates_in_line),
)
