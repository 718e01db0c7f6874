"""A TCP proxy whose cable can be cut."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class TcpProxy:
    """Passes bytes between clients of ``port`` and ``target`` until ``cut``, and again after ``mend``.

    Port 0 takes a free one. ``connect`` stands for another way to the target than its address.
    """

    def __init__(self, port: int, target: str, connect: Callable[[], socket.socket] | None = None) -> None:
        host, _, target_port = target.rpartition(":")
        self._connect = connect or (lambda: socket.create_connection((host, int(target_port))))
        self._connected = threading.Event()
        self._connected.set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port))
        self.port: int = self._server.getsockname()[1]
        self.passed_bytes = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # closing alone leaves the port taken for as long as a thread waits for connections there
        self._server.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """End every connection at once and refuse new ones."""
        self._connected.clear()
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self._connected.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed
                return
            if not self._connected.is_set():
                client.close()
                continue
            try:
                server = self._connect()
            except OSError:  # nobody listens there now
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
                self.passed_bytes += len(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open.discard(end)
            end.close()
