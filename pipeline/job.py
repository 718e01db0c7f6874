"""From records to the store: decode, apply, detect, correlate, and one transaction per batch.

A restart takes the last snapshot and reads the records since then again, through the same code: what is in
the store already is not written twice. So the state after a crash is the state without one.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import duckdb
import numpy as np
import polars as pl

from collectors.errors import RefusedError
from collectors.records import topic_of
from pipeline.apply.fabric import FabricState, part_of
from pipeline.batch import RawBatch, cut
from pipeline.causation import Causation
from pipeline.causes.dependence import Dependence
from pipeline.correlate import Correlator
from pipeline.decode import Decoded, decode
from pipeline.detect import RULES, Detection
from pipeline.detectors.heard import SILENCE
from pipeline.detectors.settings import Settings
from pipeline.outcome import commit_of, current_rows
from pipeline.people import told_of
from pipeline.store import Commit, Position, Snapshot, Store
from pipeline.store.database import Stage

SNAPSHOT_RECORDS: Final = 20_000
SNAPSHOT_INTERVAL: Final = timedelta(seconds=60)
"""A snapshot is due after this many records, half as many as there are entities, and this much of the
stream's time, whichever comes last. Its cost follows the state, that of a restart the records since."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Fabric:
    """One fabric in memory, and how far its topic was read."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.state = FabricState()
        self.detection = Detection(self.state, settings)
        self.correlator = Correlator(name, RULES, settings)
        self.causation = Causation(name, RULES)
        self.next_offset = 0
        self.stored = 0
        """Records before this offset are in the store."""
        self.records = self.updates = self.dead = 0
        self.since_snapshot = 0
        self.snapshot_time = 0

    def process(self, batch: RawBatch, decoded: Decoded) -> Commit:
        """Return what a batch changes in the store."""
        applied = self.state.apply(decoded.control, decoded.tables)
        added, removed = self.detection.judge(applied)
        now = self.state.sessions.now
        revised = self.correlator.revise(added, removed, now, told_of(applied))
        revision = self.causation.revise(revised, lambda: Dependence(self.detection.topology()), now)
        self.next_offset = int(batch.offsets[-1]) + 1
        self.records += len(batch)
        self.updates += int(decoded.control["updates"].sum())
        self.since_snapshot += len(batch)
        self.dead += len(decoded.dead)
        return commit_of(self.name, decoded, applied, added=added, removed=removed, revision=revision)

    def dump(self) -> dict[str, pl.DataFrame]:
        """Return the state as frames."""
        parts = {
            "apply": self.state.dump(),
            "detect": self.detection.dump(),
            "correlate": self.correlator.dump(self.state.sessions.now),
            "causes": self.causation.dump(self.state.sessions.now),
        }
        return {f"{part}_{name}": frame for part, frames in parts.items() for name, frame in frames.items()}

    def load(self, frames: dict[str, pl.DataFrame]) -> None:
        """Take the state from frames that ``dump`` made."""
        self.state.load(part_of(frames, "apply"))
        self.detection.load(part_of(frames, "detect"))
        self.correlator.load(part_of(frames, "correlate"))
        self.causation.load(part_of(frames, "causes"))


class Job:
    """The pipeline of the fabrics of one store."""

    def __init__(
        self,
        store: Store,
        fabrics: Sequence[str],
        cluster_id: str | None,
        committed: Callable[[Commit], None] = lambda _: None,
        settings: Mapping[str, Settings] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._cluster_id = cluster_id
        self._committed = committed
        self._fabrics = {name: Fabric(name, settings.get(name, Settings())) for name in fabrics}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._writing: Future[None] | None = None
        self._whole = True
        """What is in memory follows from whole batches, and the store took all of them."""
        self._restore()

    @classmethod
    def open(
        cls,
        store: Path,
        fabrics: Sequence[str],
        cluster_id: str | None,
        reached: Callable[[Stage], None] | None = None,
        *,
        committed: Callable[[Commit], None] = lambda _: None,
        settings: Mapping[str, Settings] = MappingProxyType({}),
    ) -> Self:
        """Return a job on the store at a path, as it was left; raises as Store.open does.

        ``committed`` is told each commit once the store has it, in the thread that writes. ``settings``: what
        operators set, by fabric.
        """
        opened = Store.open(store, cluster_id=cluster_id, reached=reached)
        try:
            return cls(opened, fabrics, cluster_id, committed, settings)
        except BaseException:
            opened.close()
            raise

    def position(self, fabric: str) -> int:
        """Return the offset to read from: of the last snapshot, which may be before what is stored."""
        return self._fabrics[fabric].next_offset

    def process(self, fabric: str, batch: RawBatch, decoded: Decoded) -> None:
        """Apply, detect and commit a batch; ``decoded`` is what decode makes of it.

        The commit goes on while the next batch is applied; its failure is raised by the next call.
        """
        if not len(batch):
            return
        whole, self._whole = self._whole, False
        this = self._fabrics[fabric]
        seen = int(np.searchsorted(batch.offsets, this.stored))
        if seen:
            known = cut(batch, 0, seen)
            this.process(known, decoded if seen == len(batch) else decode(known))
        if seen < len(batch):
            news = cut(batch, seen, len(batch))
            commit = this.process(news, decode(news) if seen else decoded)
            self.settle()
            self._writing = self._writer.submit(
                self._commit, replace(commit, positions=[self._position(this)])
            )
            this.stored = this.next_offset
        self._whole = whole
        passed = timedelta(microseconds=this.state.sessions.now - this.snapshot_time)
        due = max(SNAPSHOT_RECORDS, this.state.size() // 2)
        if this.since_snapshot >= due and passed >= SNAPSHOT_INTERVAL:
            self.snapshot()

    def snapshot(self) -> None:
        """Keep the state of all fabrics, for readers and for the next start.

        It is copied here and written while the next batch is applied, as a commit is.
        """
        self.settle()
        behind = [fabric for fabric in self._fabrics.values() if fabric.next_offset < fabric.stored]
        if behind:
            # what the store holds would be newer than the snapshot of readers: go on to there first
            return
        frames = {
            table: pl.concat([rows for rows in parts if len(rows)] or parts[:1])
            for table, parts in self._tables().items()
        }
        state = {
            f"f{number}_{name}": frame
            for number, fabric in enumerate(self._fabrics.values())
            for name, frame in fabric.dump().items()
        }
        state["fabrics"] = pl.DataFrame({"name": list(self._fabrics)}, schema={"name": pl.String})
        positions = [self._position(fabric) for fabric in self._fabrics.values() if fabric.next_offset]
        self._writing = self._writer.submit(self._store.snapshot, Snapshot(frames, state, positions))
        for fabric in self._fabrics.values():
            fabric.since_snapshot, fabric.snapshot_time = 0, fabric.state.sessions.now

    def close(self) -> None:
        """Keep the state, unless something failed: then it may be ahead of the store; let go of the store."""
        try:
            self.settle()
            if self._whole and any(fabric.since_snapshot for fabric in self._fabrics.values()):
                self.snapshot()
                self.settle()
        finally:
            self._writer.shutdown()
            self._store.close()

    def settle(self) -> None:
        """Wait for the commit or snapshot under way; raise what went wrong with it."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            whole, self._whole = self._whole, False
            writing.result()
            self._whole = whole

    def now(self, fabric: str) -> datetime:
        """Return the fabric's now, as of what was processed."""
        return _EPOCH + timedelta(microseconds=self._fabrics[fabric].state.sessions.now)

    def observers(self, fabric: str) -> pl.DataFrame:
        """Return what is known of who should report: one row per (device, family).

        Columns are those of ``observer_current``; targets removed from the inventory are left out.
        """
        return self._fabrics[fabric].state.sessions.observer_frame(in_service=True)

    def unread_starts(self, fabric: str) -> int:
        """Return how many live sessions there are whose start was not read; any thread may ask.

        A session lives when something was heard of its device within SILENCE.
        """
        sessions = self._fabrics[fabric].state.sessions
        going_on = [one for one in list(sessions.observers.values()) if one.session and not one.ended]
        heard = sessions.now - SILENCE // timedelta(microseconds=1)
        live = {one.device for one in going_on if one.last_seen > heard}
        return sum(one.paths is None and one.device in live for one in going_on)

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Return a connection to the store for queries from another thread; to be closed before the job."""
        return self._store.reader()

    def summary(self) -> dict[str, Any]:
        """Return what was done since the start, per fabric."""
        return {
            name: {
                "records": fabric.records,
                "updates": fabric.updates,
                "next_offset": fabric.next_offset,
                "dead_letters": fabric.dead,
                "open_incidents": fabric.correlator.open_incidents(),
            }
            for name, fabric in self._fabrics.items()
        }

    def _restore(self) -> None:
        for name, fabric in self._fabrics.items():
            position = self._store.position(name)
            fabric.stored = 0 if position is None else position.next_offset
        snapshot = self._store.load_snapshot()
        if snapshot is None:
            return
        at = {position.fabric: position.next_offset for position in snapshot.positions}
        if others := sorted(set(snapshot.state["fabrics"]["name"].to_list()) - set(self._fabrics)):
            raise RefusedError(
                f"the store also holds {', '.join(others)}: name all fabrics of a store, or take another"
            )
        for number, name in enumerate(snapshot.state["fabrics"]["name"].to_list()):
            if name in self._fabrics and name in at:
                self._fabrics[name].load(part_of(dict(snapshot.state), f"f{number}"))
                self._fabrics[name].next_offset = at[name]
                self._fabrics[name].snapshot_time = self._fabrics[name].state.sessions.now

    def _commit(self, commit: Commit) -> None:
        self._store.commit(commit)
        self._committed(commit)

    def _position(self, fabric: Fabric) -> Position:
        now = self.now(fabric.name)
        return Position(fabric.name, topic_of(fabric.name), fabric.next_offset, now, self._cluster_id)

    def _tables(self) -> dict[str, list[pl.DataFrame]]:
        tables: dict[str, list[pl.DataFrame]] = {}
        for fabric in self._fabrics.values():
            for table, rows in current_rows(fabric.name, fabric.state).items():
                tables.setdefault(table, []).append(rows)
        return tables
