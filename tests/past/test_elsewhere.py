"""The same laws where rows have moved: to an archive, into a compacted store, into a replica from a seed."""

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import pytest

from pipeline.store import checks, copying
from pipeline.store.archive_tables import TABLES
from pipeline.store.opening import connect, look
from pipeline.store.questions import lay_questions
from pipeline.store.retention import retire
from tests.past.fold import ENTITIES, Fold, sql_time, told
from tests.pipeline.store.archive_store import days_in
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow

DRAWN = 3
"""Times per entity and clock."""
WAYS = ("archived", "half archived", "compacted", "seeded", "archived, compacted and seeded")


@pytest.fixture(scope="module")
def original(recordings: Recordings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose rows lie on three days: the stream stood still twice for a day."""
    path = tmp_path_factory.mktemp("past") / "store.duckdb"
    shutil.copyfile(recordings.store("verdicts"), path)
    with closing(connect(path)) as connection:
        (times,) = connection.execute(
            "SELECT list(['store.' || table_name, column_name]) FROM duckdb_columns()"
            " WHERE database_name = 'store_file' AND schema_name = 'store' AND data_type LIKE 'TIMESTAMP%'"
        ).fetchall()[0]
        (since, until) = connection.execute(
            "SELECT epoch_us(min(record_time)), epoch_us(max(record_time)) FROM store.evpn_route_event"
        ).fetchall()[0]
        for table, column in times:
            # the same for all times: order and equality stay, and the stream now lasts for two days more
            third = f"(epoch_us({column}) - {since}) * 3 // {until - since}"
            days = f"to_days(greatest(0, least(2, {third}))::INTEGER)"
            connection.execute(
                f"UPDATE {table} SET {column} = {column} + {days} WHERE {column} < '9999-01-01'"
            )
    return path


@pytest.fixture(scope="module")
def fold(original: Path) -> Iterator[Fold]:
    with look(original) as connection:
        lay_questions(connection, "memory", fabrics=None)
        yield Fold(connection)


@pytest.fixture(scope="module", params=WAYS)
def moved(
    request: pytest.FixtureRequest, original: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("moved")
    path = shutil.copyfile(original, folder / "store.duckdb")
    archive = folder / "archive"
    archive.mkdir()
    if "archived" in request.param:
        with closing(connect(path)) as connection:
            days = days_in(connection, *TABLES)
            assert len({due.day for due in days}) == 3
            for number, due in enumerate(days):
                stop = "half" in request.param and number % 2 == 1
                of_it = due._replace(fabric="verdicts")
                assert retire(connection, archive, of_it, piece_rows=50, pause=partial(bool, stop))
    if "compacted" in request.param:
        copying.compact(path, lambda *_: None)
    if "seeded" in request.param:
        copying.export(path, folder / "seed.duckdb", lambda *_: None)
        path = folder / "other.duckdb"
        copying.take(folder / "seed.duckdb", path, lambda copy: checks.require_sound(copy, lambda *_: None))
    with look(path) as connection:
        lay_questions(connection, "memory", fabrics=None, archive=str(archive))
        yield connection


def drawn(fold: Fold, entity: str, clock: str) -> list[int]:
    """Return times at which something changed, and just before them."""
    times = fold.times(entity, clock)
    chance = random.Random(f"{entity} {clock}")
    return [time - chance.randrange(2) for time in chance.sample(times, min(DRAWN, len(times)))]


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_was_known_is_the_fold_wherever_rows_are(
    moved: duckdb.DuckDBPyConnection, fold: Fold, entity: str
) -> None:
    for time in drawn(fold, entity, "record_time"):
        query = f"FROM {entity}_known_at({sql_time(time)})"
        assert told(moved, query, ENTITIES[entity]) == fold.known_at(entity, time)


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_was_there_is_the_fold_wherever_rows_are(
    moved: duckdb.DuckDBPyConnection, fold: Fold, entity: str
) -> None:
    for time in drawn(fold, entity, "valid_time"):
        query = f"FROM {entity}_at({sql_time(time)})"
        assert told(moved, query, ENTITIES[entity]) == fold.at(entity, time)
