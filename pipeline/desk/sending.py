"""Actions into the topic of a fabric: written, and confirmed by the broker."""

import contextlib
from datetime import datetime
from typing import Final

from kafka import KafkaProducer

from collectors.errors import InputError
from collectors.kafka_access import KafkaAccess
from collectors.records import Kind, Record, encode_record, topic_of
from collectors.topics import Untold, described, mistakes
from pipeline.actions import Action, action_of, encode_action, plain
from pipeline.actions.wrong import ActionError

CONFIRM_S: Final = 130.0
"""Longer than the producer tries to deliver a record, which names the cause."""


def checked(action: Action) -> Action:
    """Return an action that replicas will understand; raises InputError for what the contract refuses."""
    try:
        return action_of(plain(action))
    except ActionError as error:
        raise InputError(str(error)) from error


def send(access: KafkaAccess, fabric: str, action: Action, now: datetime) -> int:
    """Write an action and wait until the broker has it; return the offset of its record.

    Raises InputError when the fabric has no topic, or one that would lose the record; FabricscopeError when
    Kafka doesn't take it: then nobody knows of it, or it is there and its confirmation was lost, and doing it
    again does no harm.
    """
    topic = topic_of(fabric)
    found = described(access, [topic]).get(topic)
    if found is None:
        raise InputError(f"Kafka at {access.servers} has no topic {topic}: is {fabric!r} the fabric's name?")
    if isinstance(found, Untold):
        raise InputError(f"Kafka at {access.servers} says nothing of topic {topic}: {found.why}")
    if wrong := [f"topic {topic} {mistake.what}: {mistake.remedy}" for mistake in mistakes(found)]:
        raise InputError("; ".join(wrong))
    ms = int(now.timestamp() * 1000)
    record = Record(Kind.ACTION, recv_ns=ms * 1_000_000, json=encode_action(checked(action)))
    producer = access.connect(
        KafkaProducer, acks="all", enable_idempotence=True, allow_auto_create_topics=False
    )
    with contextlib.closing(producer), access.errors():
        sent = producer.send(
            topic, key=action.actor.encode(), value=encode_record(record), partition=0, timestamp_ms=ms
        )
        return int(sent.get(timeout=CONFIRM_S).offset)
