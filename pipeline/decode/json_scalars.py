"""JSON scalars, column by column."""

from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from pipeline.decode.octets import as_text
from pipeline.decode.values import CONTAINER, JSON_BOOL, JSON_NULL, MALFORMED, NUMBER, STRING

_NEEDS_PARSER: Final = r'[\\"\x00-\x1f]'


def scalars(raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return code and text of JSON documents, one row each; text is null unless the document is a scalar.

    What is plainly a scalar is read here, column by column, and what begins like a container is not yet read;
    the rest goes through the parser.
    """
    text = as_text(raw)
    inner = text.str.slice(1).str.head(-1)
    plain = text.str.starts_with('"') & text.str.ends_with('"') & (text.str.len_bytes() > 1)
    plain &= ~inner.str.contains(_NEEDS_PARSER)
    number = text.str.contains(r"^-?(?:0|[1-9][0-9]*)$")
    boolean = (text == "true") | (text == "false")
    container = text.str.starts_with("{") | text.str.starts_with("[")
    frame = pl.select(
        code=pl.when(plain)
        .then(pl.lit(STRING, pl.UInt8))
        .when(number)
        .then(pl.lit(NUMBER, pl.UInt8))
        .when(boolean)
        .then(pl.lit(JSON_BOOL, pl.UInt8))
        .when(container)
        .then(pl.lit(CONTAINER, pl.UInt8)),
        text=pl.when(plain).then(inner).when(number | boolean).then(text),
    )
    rest = np.flatnonzero(frame["code"].is_null().to_numpy())
    if not len(rest):
        return frame["code"], frame["text"]
    at = pl.Series(rest, dtype=pl.UInt32)
    read = [_read(document) for document in raw.gather(at)]
    return (
        frame["code"].scatter(at, pl.Series([code for code, _ in read], dtype=pl.UInt8)),
        frame["text"].scatter(at, pl.Series([value for _, value in read], dtype=pl.String)),
    )


def scalar(value: Any) -> tuple[int, str | None]:
    """Return code and text of a parsed JSON value."""
    if isinstance(value, str):
        return STRING, value
    if isinstance(value, bool):
        return JSON_BOOL, "true" if value else "false"
    if isinstance(value, int):
        return NUMBER, str(value)
    if value is None:
        return JSON_NULL, None
    if isinstance(value, float):
        return NUMBER, repr(value)
    return CONTAINER, None


def _read(document: bytes) -> tuple[int, str | None]:
    try:
        return scalar(orjson.loads(document))
    except orjson.JSONDecodeError:
        return MALFORMED, None
