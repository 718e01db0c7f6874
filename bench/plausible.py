"""What a store must hold after a stream: a fast run that found nothing is no result."""

from pathlib import Path

import duckdb

from bench.stream import Truth
from pipeline.store.opening import connect


class ImplausibleError(AssertionError):
    """A store that doesn't hold what the stream said."""


def check(store: Path, truth: Truth) -> None:
    """Raise ImplausibleError unless the store holds what a stream said: each fact, move and incident."""
    connection = connect(store)
    try:
        wrong = [
            f"{what}: {found}, not {expected}"
            for what, expected, found in _compared(connection, truth)
            if found != expected
        ]
    finally:
        connection.close()
    if wrong:
        raise ImplausibleError(f"{store} doesn't hold what the stream said: {'; '.join(wrong)}")


def _compared(connection: duckdb.DuckDBPyConnection, truth: Truth) -> list[tuple[str, object, object]]:
    def rows(query: str) -> list[tuple[object, ...]]:
        return connection.execute(query).fetchall()

    def number(query: str) -> object:
        return rows(query)[0][0]

    texts = {":".join(f"{mac:012x}"[at : at + 2] for at in range(0, 12, 2)) for mac in truth.duplicates}
    incidents = {("M2", mac, None) for mac in texts} | {("R16", None, truth.degraded)}
    compared: list[tuple[str, object, object]] = [
        (f"facts in {entity}_event", facts, number(f"SELECT count(*) FROM {entity}_event"))  # names of tables
        for entity, facts in truth.facts.items()
    ]
    moves = number("SELECT count(*) FROM finding WHERE rule IN ('M1', 'M2', 'M3')")
    compared += [
        ("position", truth.records, number("SELECT next_offset FROM stream_position")),
        ("moves found", truth.moves, moves),
        ("incidents", incidents, set(rows("SELECT rule, mac, device FROM incident"))),
        ("MACs located", truth.located, number("SELECT count(*) FROM mac_location_current")),
        ("dead letters", 0, number("SELECT count(*) FROM dead_letter")),
    ]
    return compared
