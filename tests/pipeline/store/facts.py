"""What the store took."""

import polars as pl

from pipeline.store import Store
from pipeline.store.tables import read


def facts_of(store: Store, table: str, where: str = "") -> pl.DataFrame:
    """Return the rows of a table of facts in stream order."""
    with store.reader() as reader:
        return read(reader, table, f'{where} ORDER BY "offset", "index"')
