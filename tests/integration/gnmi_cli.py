"""OpenConfig's own gNMI client, gnmi_cli (Go, Apache-2.0), built once from the Go module proxy."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.protobuf import text_format
from pygnmi.spec.v080 import gnmi_pb2

PACKAGE: Final = "github.com/openconfig/gnmi/cmd/gnmi_cli"
VERSION: Final = "v0.14.1"
FOLDER: Final = Path(__file__).parents[2] / ".cache" / f"gnmi_cli-{VERSION}"
BUILD_S: Final = 600
ANSWER_S: Final = 20


class MissingClientError(Exception):
    """The client can't be had here; the message says why."""


def binary() -> Path:
    """Return the client, built if need be; raises MissingClientError."""
    path = FOLDER / "gnmi_cli"
    if path.exists():
        return path
    go = shutil.which("go")
    if go is None:
        raise MissingClientError("gnmi_cli is built with Go, which is not installed")
    try:
        subprocess.run(
            [go, "install", f"{PACKAGE}@{VERSION}"],
            env=os.environ | {"GOBIN": str(FOLDER), "CGO_ENABLED": "0"},
            check=True,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
        )
    except subprocess.CalledProcessError as error:
        raise MissingClientError(f"gnmi_cli can't be built: {error.stderr}") from error
    return path


@dataclass(frozen=True, slots=True)
class Cli:
    """The client and how it gets to one server."""

    program: Path
    port: int
    options: Sequence[str] = ("-insecure",)
    environment: Mapping[str, str] = field(default_factory=dict)

    async def run(self, *options: str) -> tuple[int, str]:
        """Return exit code and output."""
        async with self.running(*options) as process:
            out, _ = await asyncio.wait_for(process.communicate(), ANSWER_S)
            assert process.returncode is not None
            return process.returncode, out.decode()

    async def capabilities(self) -> Any:
        return text_format.Parse(await self._answer("-capabilities"), gnmi_pb2.CapabilityResponse())

    async def get(self, request: str) -> Any:
        """Return the answer to a GetRequest in text form."""
        return text_format.Parse(await self._answer("-get", "-proto", request), gnmi_pb2.GetResponse())

    @asynccontextmanager
    async def subscribed(self, request: str) -> AsyncIterator["Responses"]:
        """The responses to a SubscribeRequest in text form, as they come."""
        async with self.running("-proto", request, "-display_type", "proto") as process:
            yield Responses(process)

    @asynccontextmanager
    async def running(self, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """The client while it runs."""
        process = await asyncio.create_subprocess_exec(
            self.program, "-address", f"localhost:{self.port}", *self.options, *options,
            env=os.environ | dict(self.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _answer(self, *options: str) -> str:
        code, out = await self.run(*options)
        assert code == 0, out
        return out


@dataclass(frozen=True, slots=True)
class Responses:
    """What the client prints of a stream: a text form each, with an empty line behind it."""

    process: asyncio.subprocess.Process

    async def next(self) -> Any:
        """Return the next response."""
        assert self.process.stdout is not None
        lines: list[str] = []
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), ANSWER_S)
            assert line, f"the client ended: {lines}"
            if line.strip():
                lines.append(line.decode())
            elif lines:
                return text_format.Parse("".join(lines), gnmi_pb2.SubscribeResponse())
