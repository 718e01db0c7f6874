"""Which incidents commits changed, handed from the thread that writes to one that tells of it.

Of an incident only that it changed is kept, and its latest state is read from the store when somebody gets to
it: so a reader who is held up costs no memory, and the writer never waits.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from pipeline.store import Commit, Position

_TABLES: Final = ("incident", "incident_event")


class Changed:
    """Incidents changed since the last look, with the wall clock at the first commit that did."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.positions: Mapping[str, Position] = {}
        """How far the store is, by fabric, as commits said."""
        self._clock = clock
        self._ids: dict[str, datetime] = {}
        self._news = threading.Condition()
        self._ended = False

    def committed(self, commit: Commit) -> None:
        """Note a commit that the store has."""
        now = self._clock()
        frames = [
            rows[table] for rows in (commit.appends, commit.removals) for table in _TABLES if table in rows
        ]
        ids = {incident for frame in frames for incident in frame["incident_id"].to_list()}
        with self._news:
            self.positions = {**self.positions, **{at.fabric: at for at in commit.positions}}
            for incident in ids:
                self._ids.setdefault(incident, now)
            if ids:
                self._news.notify_all()

    def take(self, wait_s: float) -> dict[str, datetime]:
        """Return and forget what changed; waits for the first change, at most ``wait_s``."""
        with self._news:
            if not self._ids and not self._ended:
                self._news.wait(wait_s)
            taken, self._ids = self._ids, {}
            return taken

    def end(self) -> None:
        """Let nobody wait any longer."""
        with self._news:
            self._ended = True
            self._news.notify_all()
