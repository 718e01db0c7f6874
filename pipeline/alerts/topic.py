"""Keeps the compacted topic ``fabricscope.incidents`` at what the store says, in a thread of its own.

At first the topic is read to its end, and what differs from the store is written: so a restart repeats
nothing, and what a killed replica could not write any more is made up for. Each replica writes; the last
record of a key holds, and it is the same from either.
"""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import duckdb
import orjson
import structlog
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError

from collectors.backoff import Backoff
from collectors.errors import FabricscopeError
from collectors.kafka_access import KafkaAccess
from collectors.topics import MAX_MESSAGE_BYTES, prepare_compacted
from pipeline.alerts.changed import Changed
from pipeline.alerts.record import TOPIC, value_of
from pipeline.store import Commit

LOOK_S: Final = 1.0
CONFIRM_S: Final = 130.0
"""Longer than the producer tries to deliver a record."""
GOODBYE_S: Final = 5.0
"""How long the end of a replica waits for it; the next start writes what is missing."""
AT_ONCE: Final = 1_000
"""Incidents read from the store at a time."""
_POLL_MS: Final = 500

log: Final = structlog.get_logger(__name__)


class IncidentTopic:
    """Writes incidents of fabrics that this replica knows as they are now."""

    def __init__(
        self, access: KafkaAccess, spoken_for: Callable[[], frozenset[str]], clock: Callable[[], datetime]
    ) -> None:
        self.published = 0
        self.failures = 0
        self._access = access
        self._spoken_for = spoken_for
        self._changed = Changed(clock)
        self._written: dict[str, tuple[str, bool, bytes]] = {}
        """By incident: its fabric, whether it is open, and a digest of its record."""
        self._compared: frozenset[str] = frozenset()
        """Fabrics whose incidents in the topic were compared with the store."""
        self._pending: set[str] = set()
        self._backoff = Backoff()
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="incidents topic", daemon=True)
        self._reader: duckdb.DuckDBPyConnection | None = None

    def committed(self, commit: Commit) -> None:
        """Note a commit; raises FabricscopeError when nothing would come of it any more."""
        if self._failure is not None:
            raise FabricscopeError(
                "incidents are no longer published: see the error above"
            ) from self._failure
        self._changed.committed(commit)

    def start(self, reader: duckdb.DuckDBPyConnection) -> None:
        """Make the topic if need be and begin; ``reader`` is used until ``stop`` returns."""
        prepare_compacted(self._access, TOPIC)
        self._reader = reader
        self._thread.start()

    def stop(self) -> None:
        """Write what was committed if Kafka takes it now, and end."""
        self._stop.set()
        self._changed.end()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._go_on()
        except BaseException as error:
            self._failure = error
            raise

    def _go_on(self) -> None:
        while True:
            try:
                self._write_on()
            except FabricscopeError as error:
                self.failures += 1
                wait = self._backoff.failed(0.5)
                log.warning("incidents not published", reason=str(error), wait_s=round(wait, 1))
                if self._stop.wait(wait):
                    return
            else:
                return

    def _write_on(self) -> None:
        """Write until the end; raises FabricscopeError when Kafka doesn't take it: call it again then."""
        producer = self._access.connect(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            max_request_size=MAX_MESSAGE_BYTES,
            linger_ms=5,
            max_block_ms=int(GOODBYE_S * 1000),
        )
        try:
            self._written = self._read_topic()
            self._compared = frozenset()
            while True:
                last = self._stop.is_set()
                self._pending |= self._changed.take(0 if last else LOOK_S).keys()
                self._compare(producer)
                self._write(producer, self._pending, withdrawn=self._pending)
                if last:
                    return
        finally:
            producer.close(timeout=0)

    def _compare(self, producer: KafkaProducer) -> None:
        """Write of fabrics that may be spoken for now, and were not before, what differs from the topic."""
        news = self._spoken_for() - self._compared
        for fabric in sorted(news):
            assert self._reader is not None
            here = self._reader.execute("SELECT incident_id FROM main.incident WHERE fabric = ?", [fabric])
            ids = {row[0] for row in here.fetchall()}
            # what was resolved is history, and this store may begin later than the topic
            gone = {key for key, (of, opens, _) in self._written.items() if of == fabric and opens} - ids
            self._write(producer, ids | gone, withdrawn=gone)
        self._compared |= news

    def _write(self, producer: KafkaProducer, ids: set[str], withdrawn: set[str]) -> None:
        """Write incidents that changed; those ``withdrawn`` that the store doesn't have leave nothing."""
        spoken = self._spoken_for()
        for some in _parts(sorted(ids)):
            assert self._reader is not None
            sent: dict[str, tuple[str, bool, bytes] | None] = {}
            done: set[str] = set()
            found = dict(_records(self._reader, some))
            with self._access.errors():
                futures = []
                for key in some:
                    fabric, opens, value = found.get(key, (self._written.get(key, ("",))[0], False, None))
                    if fabric and fabric not in spoken:
                        continue
                    done.add(key)
                    if value is None and (key not in self._written or key not in withdrawn):
                        continue
                    state = None if value is None else (fabric, opens, _digest(value))
                    if state is not None and self._written.get(key) == state:
                        continue
                    futures.append(producer.send(TOPIC, key=key.encode(), value=value))
                    sent[key] = state
                for future in futures:
                    self._confirm(future)
            for key, state in sent.items():
                if state is None:
                    self._written.pop(key, None)
                else:
                    self._written[key] = state
            self.published += len(sent)
            self._pending -= done
            if sent:
                self._backoff.succeeded()

    def _confirm(self, future: Any) -> None:  # Any: untyped library
        """Wait until a record is taken; at the end of the replica not for long."""
        began = time.monotonic()
        while not future.is_done:
            longest = GOODBYE_S if self._stop.is_set() else CONFIRM_S
            if time.monotonic() - began >= longest:
                raise FabricscopeError(f"{TOPIC} took a record not within {longest:.0f} s")
            with contextlib.suppress(KafkaTimeoutError):  # of this look
                future.get(timeout=_POLL_MS / 1000)
        future.get(timeout=0)

    def _read_topic(self) -> dict[str, tuple[str, bool, bytes]]:
        """Return the last record of each incident in the topic."""
        consumer = self._access.connect(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        )
        found: dict[str, tuple[str, bool, bytes]] = {}
        try:
            with self._access.errors():
                numbers = consumer.partitions_for_topic(TOPIC) or ()
                partitions = [TopicPartition(TOPIC, number) for number in numbers]
                consumer.assign(partitions)
                consumer.seek_to_beginning(*partitions)
                while not self._stop.is_set() and not _at_end(consumer, partitions):
                    for records in consumer.poll(_POLL_MS).values():
                        _take(found, records)
        finally:
            consumer.close(autocommit=False)
        return found


def _at_end(consumer: KafkaConsumer, partitions: Iterable[TopicPartition]) -> bool:
    ends = [(consumer.highwater(each), each) for each in partitions]
    return all(end is not None and consumer.position(each) >= end for end, each in ends)


def _take(found: dict[str, tuple[str, bool, bytes]], records: Iterable[Any]) -> None:  # Any: untyped library
    for record in records:
        key = (record.key or b"").decode(errors="replace")
        if record.value is None:
            found.pop(key, None)
            continue
        try:
            content = orjson.loads(record.value)
            found[key] = content["fabric"], content["state"] == "open", _digest(record.value)
        except (orjson.JSONDecodeError, KeyError, TypeError):
            log.warning("a record of the topic is no incident", topic=TOPIC, offset=record.offset)


def _records(
    reader: duckdb.DuckDBPyConnection, ids: Sequence[str]
) -> Iterator[tuple[str, tuple[str, bool, bytes]]]:
    """Yield id, fabric, whether it is open, and value of those incidents that there are.

    Both views are read as of one moment: a commit between the two would give steps of another revision.
    """
    reader.execute("BEGIN TRANSACTION")
    try:
        rows = reader.sql(
            "SELECT * FROM main.incident WHERE incident_id IN (SELECT unnest(?))", params=[list(ids)]
        ).pl()
        steps = reader.sql(
            "SELECT * FROM main.incident_event WHERE incident_id IN (SELECT unnest(?))"
            ' ORDER BY incident_id, event_time, "offset", "index", kind',
            params=[list(ids)],
        ).pl()
    finally:
        reader.execute("COMMIT")
    events = {
        key: list(group)
        for key, group in groupby(steps.iter_rows(named=True), key=lambda step: step["incident_id"])
    }
    for row in rows.iter_rows(named=True):
        key = row["incident_id"]
        yield key, (row["fabric"], row["state"] == "open", value_of(row, events.get(key, [])))


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), AT_ONCE):
        yield ids[first : first + AT_ONCE]


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()
