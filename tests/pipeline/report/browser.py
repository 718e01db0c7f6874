"""Headless Chromium, and a server that sees whether anybody asks it."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Asked:
    """What the server was asked."""

    address: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Asked]:
    """Give a server on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.paths.append(self.path)
            self.send_response(204)
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as the library has it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked = Asked(f"127.0.0.1:{server.server_port}")
    server.daemon_threads = True  # a browser keeps connections that it may never use
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Visit:
    """What a browser made of a page."""

    dom: str
    complaints: str


def visit(page: Path, folder: Path) -> Visit:
    """Return what Chromium makes of a page once it is at rest; skips without it, and fails in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is missing")
        pytest.skip("needs chromium")
    process = subprocess.run(
        [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder}",
            "--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000", "--dump-dom", page.as_uri(),
        ],
        check=False,
        capture_output=True,
        timeout=60,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr.decode()
    console = [line for line in process.stderr.decode().splitlines() if "CONSOLE" in line]
    return Visit(process.stdout.decode(), "\n".join(console))
