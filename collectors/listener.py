"""An HTTP listener on this machine: pages such as ``/metrics`` for Prometheus, made when asked for."""

import ipaddress
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from collectors.errors import FabricscopeError, InputError

Page = Callable[[], tuple[bytes, str]]
"""Returns a page's content and its media type."""


def metrics_page(*collectors: Collector) -> Page:
    """Return the page that Prometheus scrapes."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return lambda: (generate_latest(registry), CONTENT_TYPE_LATEST)


def listen(address: str, pages: Mapping[str, Page]) -> Callable[[], None]:
    """Serve pages, by path, at HOST:PORT and return what ends it.

    Raises InputError for an address that is not of this machine alone: there is neither TLS nor login here.
    FabricscopeError when the port can't be had.
    """
    host, port = local_address(address)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            page = pages.get(self.path)
            if page is None:
                self.send_error(HTTPStatus.NOT_FOUND, f"there are {' and '.join(pages)}")
                return
            content, kind = page()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing of each scrape."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise FabricscopeError(f"can't listen at {address}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, name="listener", daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def local_address(address: str) -> tuple[str, int]:
    """Return host and port of a listener on this machine; raises InputError for any other."""
    host, _, port = address.rpartition(":")
    try:
        local = host == "localhost" or ipaddress.IPv4Address(host).is_loopback
        number = int(port)
    except ValueError:
        local, number = False, 0
    if not local or not 0 < number < 2**16:
        raise InputError(
            f"{address!r} is no 127.0.0.1:PORT: the listener has no TLS and no login, so other addresses are"
            " refused; let Prometheus scrape it here, or through a proxy that has both"
        )
    return host, number
