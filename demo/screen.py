"""Where scenes are shown: a live view in a terminal, plain lines elsewhere."""

import contextlib
import io
import logging
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.live import Live

from demo.news import news
from demo.view import Scene, frame

Show = Callable[[Scene], None]


@contextlib.contextmanager
def screen() -> Iterator[Show]:
    """Give what shows a scene; when the context is left, the terminal is as it was."""
    console = Console()
    logging.getLogger("pipeline").setLevel(logging.WARNING)  # that the replica caught up can be seen
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)  # that something took it 0.1 s is no news
    if not console.is_terminal or console.is_dumb_terminal:
        yield _lines()
        return
    with _held_logs(), Live(console=console, screen=True, auto_refresh=False) as live:
        yield lambda scene: live.update(frame(scene, *console.size), refresh=True)


def _lines() -> Show:
    before: list[Scene] = []

    def show(scene: Scene) -> None:
        for line in news(before[-1] if before else None, scene):
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
        before[:] = [scene]

    return show


@contextlib.contextmanager
def _held_logs() -> Iterator[None]:
    """Keep what is logged until the terminal shows lines again."""
    held = io.StringIO()
    streams = [
        (handler, handler.setStream(held))
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    try:
        yield
    finally:
        for handler, stream in streams:
            if stream is not None:
                handler.setStream(stream)
        sys.stderr.write(held.getvalue())
