"""An Alertmanager's door: an HTTP server that keeps what it is sent and answers as a test wants."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Door:
    """What came in, and what is answered: a status and a body."""

    answer: Callable[[str], tuple[int, bytes]] = lambda _: (200, b"[]")
    dislikes: bytes = b""
    """What makes it refuse a post as a whole."""
    posts: list[list[dict[str, Any]]] = field(default_factory=list)
    refused: list[list[dict[str, Any]]] = field(default_factory=list)
    """Posts that were answered otherwise than with 200."""
    paths: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)
    url: str = ""

    def fires(self) -> set[tuple[str, ...]]:
        """Return what fires after all posts: rule, severity and device of each alert."""
        last = {json.dumps(alert["labels"], sort_keys=True): alert for post in self.posts for alert in post}
        names = ("alertname", "severity", "device")
        return {
            tuple(alert["labels"].get(name, "") for name in names)
            for alert in last.values()
            if "ended" not in alert["annotations"]
        }


@contextmanager
def door(context: ssl.SSLContext | None = None) -> Iterator[Door]:
    made = Door()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = self._answer()
            if made.dislikes and made.dislikes in body:
                status, answer = 422, b'{"code":602,"message":"0.generatorURL must be of type uri"}'
            (made.posts if status == 200 else made.refused).append(json.loads(body))
            self._send(status, answer)

        def do_GET(self) -> None:
            self._send(*self._answer())

        def _answer(self) -> tuple[int, bytes]:
            made.paths.append(self.path)
            made.logins.append(self.headers["Authorization"])
            return made.answer(self.command)

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.url = f"{'http' if context is None else 'https'}://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
