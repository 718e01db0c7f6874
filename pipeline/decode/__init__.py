"""Decode: a batch of records to partial rows, a pure function.

Records become columns (``wire``, ``control``), and so do the updates in them (``updates``, ``fields``,
``paths``, on ``octets``). Paths get a meaning from the profile (``plan``, ``shapes``, ``meaning``), updates
of one list entry are brought together (``entries``, ``containers``) and typed (``rows``, ``values``,
``addresses``, ``bgp_attributes``, ``json_scalars``); deletes become rows as well (``deletes``), and all rows
of a table one frame (``tables``). What people do is checked against its contract (``actions``), and
that what sessions and operators declare is JSON that can be used (``contents``).
"""

from dataclasses import dataclass

import polars as pl

from pipeline.batch import RawBatch
from pipeline.decode import wire
from pipeline.decode.actions import check_actions
from pipeline.decode.contents import check_contents
from pipeline.decode.control import control_frame
from pipeline.decode.meaning import counted, meaning_of
from pipeline.decode.report import Report
from pipeline.decode.tables import assemble, told_rows
from pipeline.decode.updates import notifications
from pipeline.schema import DEAD


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch says.

    ``control`` has one row per readable record; ``tables`` the partial rows by entity name, in the order of
    (record, index), tables without rows left out; ``dead`` one row per record, update or delete that could
    not be read; ``unmapped`` counts the updates and deletes whose path no entity of the profile has, by path
    without keys.
    """

    control: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    dead: pl.DataFrame
    unmapped: pl.DataFrame


def decode(batch: RawBatch) -> Decoded:
    """Return the rows of a batch. Any bytes are taken: what can't be read is told in ``dead``."""
    rows, records, unreadable = wire.read(batch.values)
    report = Report()
    found = notifications(records)
    meaning = meaning_of(records, found, report)
    told = told_rows(meaning, found, report)
    told += [one for removal in meaning.removals for one in removal.cleared(report)]
    gone = [one for removal in meaning.removals for one in removal.gone(report)]
    tables = assemble(told, gone, len(rows))
    check_actions(records, report)
    check_contents(records, report)
    control = control_frame(batch, rows, records, found.updates.duplicates)
    dead = [(int(one.row), -1, one.reason) for one in unreadable]
    dead += [(int(rows[record]), number, reason) for record, number, reason in report.lines]
    dead.sort()
    return Decoded(
        control=control,
        tables=tables,
        dead=pl.DataFrame(
            {
                "offset": [batch.offsets[row] for row, _, _ in dead],
                "record_time": [batch.timestamps_ms[row] * 1000 for row, _, _ in dead],
                "device": [batch.keys[row] for row, _, _ in dead],
                "reason": [reason for _, _, reason in dead],
            },
            schema_overrides={
                "offset": pl.Int64,
                "record_time": pl.Int64,
                "device": pl.String,
                "reason": pl.String,
            },
        ).cast(pl.Schema(DEAD)),
        unmapped=counted(meaning.unmapped),
    )
