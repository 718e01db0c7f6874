"""Where a command reads incidents: the store that is named, or the topic."""

from pathlib import Path

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from pipeline.alerts.record import TOPIC
from pipeline.desk.reading import from_store, from_topic
from pipeline.desk.seen import Seen


def incidents_of(
    store: Path | None, access: KafkaAccess | None, fabrics: frozenset[str]
) -> tuple[dict[str, Seen], str]:
    """Return the incidents, and where they were read; a store that is named goes before the topic."""
    if store is not None:
        return from_store(store, fabrics), str(store)
    if access is None:
        raise InputError(f"give --kafka, to read the topic {TOPIC}, or --store FILE")
    return from_topic(access, fabrics), f"the topic {TOPIC}"
