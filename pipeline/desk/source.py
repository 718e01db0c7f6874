"""Where a command reads incidents: the store that is named, or the topic."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from pipeline.alerts.record import TOPIC
from pipeline.desk.reading import from_store, from_topic, known_until
from pipeline.desk.seen import Seen

_LIVE: Final = timedelta(minutes=5)
"""A store that is further behind is one of the past."""


def incidents_of(
    store: Path | None, access: KafkaAccess | None, fabrics: frozenset[str]
) -> tuple[dict[str, Seen], str]:
    """Return the incidents, and where they were read; a store that is named goes before the topic."""
    if store is not None:
        return from_store(store, fabrics), str(store)
    if access is None:
        raise InputError(f"give --kafka, to read the topic {TOPIC}, or --store FILE")
    return from_topic(access, fabrics), f"the topic {TOPIC}"


def time_of(store: Path | None, fabrics: frozenset[str], clock: datetime) -> tuple[datetime, str | None]:
    """Return the now that incidents are seen from, and how to say it if it is not the wall's.

    A store of the past is shown as of its last record: nobody knows what has become of its incidents since.
    ``clock``: the time on the wall.
    """
    last = None if store is None else known_until(store, fabrics)
    if last is None or clock - last < _LIVE:
        return clock, None
    return last, f"as of {last:%Y-%m-%d %H:%M:%S} UTC: the store knows nothing later"
