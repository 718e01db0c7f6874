"""The frames that carry partial rows and records."""

from typing import Final

import polars as pl

from pipeline.schema.entity import NAME, TIME, Columns

OPS: Final = pl.Enum(["update", "replace", "delete", "branch", "atomic"])
"""What a partial row does to its entity.

``update`` merges the leaves present; ``replace`` is a delete and an update in one notification (leaves not
present become null); ``delete`` removes the entity. ``branch`` (a deleted branch of the tree) and ``atomic``
(an atomic notification's prefix) remove every entity of the device whose keys equal the row's non-null keys,
except those with a row of their own in the same record; a null key with its bit in ``cleared`` must be null
there, too.
"""

PARTIAL: Final[Columns] = {
    "record": pl.UInt32,  # row number in the control frame of the batch
    "index": pl.UInt32,  # counts the rows of one record over all tables
    "op": OPS,
    # bit i: the i-th leaf of Entity.leaves was deleted on its own, or told to be none (a zero ESI); in a
    # branch or atomic row: the i-th key of Entity.keys is known to be null, not left open
    "cleared": pl.UInt64,
}
"""Columns in front of the keys and leaves of every partial row."""

CONTROL: Final[Columns] = {
    "offset": pl.Int64,
    "record_time": TIME,  # the Kafka timestamp
    "device": NAME,  # the Kafka key
    "kind": pl.UInt8,  # collectors.records.Kind
    "profile": NAME,
    "family": NAME,
    "session": pl.String,
    "seq": pl.UInt64,
    "recv_time": TIME,
    "event_time": TIME,  # timestamp of the notification; null without one
    "sync": pl.Boolean,  # a sync_response
    "updates": pl.UInt32,  # updates and deletes in the notification
    "duplicates": pl.UInt32,  # gNMI's count of values coalesced by a slow path, summed
    "json": pl.Binary,  # start, end, fabric, action
}
"""One row per readable record of a batch, in offset order."""

DEAD: Final[Columns] = {"offset": pl.Int64, "record_time": TIME, "device": NAME, "reason": pl.String}
"""One row per record, or part of one, that could not be read."""
