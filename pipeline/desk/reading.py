"""Incidents from a store that nobody has open, or from the topic that replicas keep."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
import polars as pl
import polars.selectors as cs
import structlog
from kafka import KafkaConsumer, TopicPartition

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from collectors.topics import MAX_MESSAGE_BYTES
from pipeline.alerts.record import TOPIC
from pipeline.desk.record import of_record
from pipeline.desk.seen import Seen
from pipeline.store.opening import look

_POLL_MS: Final = 500
_SAME: Final = ("device", "vni", "evi", "mac", "ip", "esi", "vtep", "interface", "peer", "tenant")
MOST_FINDINGS: Final = 20

log: Final = structlog.get_logger(__name__)


def from_store(path: Path, fabrics: frozenset[str]) -> dict[str, Seen]:
    """Return the incidents of a store, of some fabrics or, if none is named, of all."""
    if not path.exists():
        raise InputError(f"there is no store {path}")
    with contextlib.closing(look(path)) as store:
        events: dict[str, list[dict[str, Any]]] = {}
        steps = 'SELECT * FROM main.incident_event ORDER BY event_time, "offset", "index", kind'
        for row in _rows(store, steps):
            events.setdefault(row["incident_id"], []).append(row)
        found = _rows(store, "SELECT * FROM main.incident ORDER BY opened_at, incident_id")
    wanted = [row for row in found if not fabrics or row["fabric"] in fabrics]
    return {
        row["incident_id"]: Seen(row, events.get(row["incident_id"], ()), _object(row["evidence"]))
        for row in wanted
    }


def known_until(path: Path, fabrics: frozenset[str]) -> datetime | None:
    """Return the time of the last record that a store holds, of some fabrics or of all; None without any."""
    with contextlib.closing(look(path)) as store:
        rows = _rows(store, "SELECT fabric, record_time FROM main.stream_position")
    times = [row["record_time"] for row in rows if not fabrics or row["fabric"] in fabrics]
    return max((time for time in times if time is not None), default=None)


def with_findings(path: Path, seen: Seen) -> Seen:
    """Return an incident of a store with the latest findings that it rests on."""
    same = " AND ".join(f"({name} IS NOT DISTINCT FROM ? OR ? IS NULL)" for name in _SAME)
    row = seen.row
    values = [each for name in _SAME for each in (row[name], row[name])]
    query = f"""
        SELECT f.* FROM main.finding AS f
        WHERE fabric = ? AND family = (SELECT any_value(family) FROM main.finding WHERE rule = ?)
            AND event_time >= ? AND event_time <= coalesce(?, event_time) AND {same}
        ORDER BY event_time DESC, "offset" DESC, "index" DESC LIMIT {MOST_FINDINGS}
    """  # noqa: S608  # names of columns, no input
    given = [row["fabric"], row["rule"], row["opened_at"], row["resolved_at"], *values]
    with contextlib.closing(look(path)) as store:
        found = _rows(store, query, given)
    return Seen(row, seen.events, seen.evidence, found[::-1])


def from_topic(access: KafkaAccess, fabrics: frozenset[str]) -> dict[str, Seen]:
    """Return the incidents of the topic as it is now; raises InputError when there is none."""
    with _consumer(access) as consumer:
        found: dict[str, Seen] = {}
        for key, seen in _to_the_end(access, consumer):
            _keep(found, key, seen, fabrics)
        return found


def changes(access: KafkaAccess, fabrics: frozenset[str]) -> Iterator[tuple[Seen | None, Seen | None]]:
    """Yield what incidents become from now on, with what they were before: (before, after), for ever.

    None before: it is new. None after: it was withdrawn. Both None: nothing came for a while.
    """
    with _consumer(access) as consumer:
        known: dict[str, Seen] = {}
        for key, seen in _to_the_end(access, consumer):
            _keep(known, key, seen, fabrics)
        while True:
            with access.errors():
                records = [one for each in consumer.poll(_POLL_MS).values() for one in each]
            for record in records:
                key, seen = _read(record)
                before = known.get(key)
                _keep(known, key, seen, fabrics)
                after = known.get(key)
                if before is not None or after is not None:
                    yield before, after
            if not records:
                yield None, None


@contextlib.contextmanager
def _consumer(access: KafkaAccess) -> Iterator[KafkaConsumer]:
    consumer = access.connect(
        KafkaConsumer,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
    )
    try:
        with access.errors():
            numbers = consumer.partitions_for_topic(TOPIC)
            if not numbers:
                raise InputError(
                    f"Kafka at {access.servers} has no topic {TOPIC}: replicas make and fill it when they are"
                    " told to publish incidents; or give --store FILE, of a store that no replica has open"
                )
            partitions = [TopicPartition(TOPIC, number) for number in sorted(numbers)]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
        yield consumer
    finally:
        consumer.close(autocommit=False)


def _to_the_end(access: KafkaAccess, consumer: KafkaConsumer) -> Iterator[tuple[str, Seen | None]]:
    partitions = consumer.assignment()
    while True:
        with access.errors():
            records = [one for each in consumer.poll(_POLL_MS).values() for one in each]
            ends = [(consumer.highwater(each), consumer.position(each)) for each in partitions]
        yield from map(_read, records)
        if all(end is not None and position >= end for end, position in ends):
            return


def _read(record: Any) -> tuple[str, Seen | None]:  # Any: untyped library
    key = (record.key or b"").decode(errors="replace")
    if record.value is None:
        return key, None
    try:
        return key, of_record(record.value)
    except ValueError as error:
        log.warning(
            "a record of the topic is no incident", topic=TOPIC, offset=record.offset, reason=str(error)
        )
        return "", None


def _keep(found: dict[str, Seen], key: str, seen: Seen | None, fabrics: frozenset[str]) -> None:
    if seen is None:
        found.pop(key, None)
    elif not fabrics or seen.row["fabric"] in fabrics:
        found[key] = seen


def _rows(
    store: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None
) -> list[dict[str, Any]]:
    # fetchall would need pytz for times
    found: pl.DataFrame = store.sql(query, params=values or []).pl()
    return found.with_columns(cs.datetime().dt.convert_time_zone("UTC")).to_dicts()


def _object(text: str | None) -> Mapping[str, Any]:
    try:
        content = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}
