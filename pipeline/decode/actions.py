"""Action records that are not what their contract says: they are told, and mean nothing."""

import numpy as np
import pyarrow as pa

from collectors.records import Kind
from pipeline.actions import read_action
from pipeline.actions.wrong import ActionError
from pipeline.decode.report import Report


def check_actions(records: pa.RecordBatch, report: Report) -> None:
    """Report the action records that can't be understood."""
    json = records.column("json")
    for row in np.flatnonzero(records.column("kind").to_numpy() == Kind.ACTION).tolist():
        try:
            read_action(json[row].as_py() or b"")
        except ActionError as error:
            report.add(row, -1, f"action: {error}")
