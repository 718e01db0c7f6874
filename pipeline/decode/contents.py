"""Records of kind start, end and fabric whose JSON can't be used: they are told, and say nothing."""

import numpy as np
import orjson
import pyarrow as pa

from collectors.records import Kind
from pipeline.decode.report import Report


def check_contents(records: pa.RecordBatch, report: Report) -> None:
    """Report the records whose JSON is no object, or one that is nested too deep to be kept."""
    kinds = records.column("kind").to_numpy()
    for row in np.flatnonzero(np.isin(kinds, (Kind.START, Kind.END, Kind.FABRIC))).tolist():
        reason = _wrong(records.column("json")[row].as_py() or b"{}")
        if reason is not None:
            report.add(row, -1, f"{Kind(kinds[row]).name.lower()}: {reason}")


def _wrong(json: bytes) -> str | None:
    try:
        content = orjson.loads(json)
        orjson.dumps(content)
    except orjson.JSONDecodeError as error:
        return f"no JSON: {error}"
    except TypeError as error:  # what is kept of it is written again
        return f"JSON that is nested too deep: {error}"
    return None if isinstance(content, dict) else "no JSON object"
