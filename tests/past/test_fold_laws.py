"""What was known at a time, and what was there, held against a fold of all facts with plain dictionaries."""

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.store.opening import look
from pipeline.store.questions import lay_questions
from tests.disturbed import SHORT, disturbed_stream
from tests.past.fold import ENTITIES, Fold, sql_time, told
from tests.recordings.variants import Recordings
from tests.test_laws import cuts_in, filled

pytestmark = pytest.mark.slow

DRAWN = 4
"""Times between two facts, and of facts themselves, per entity."""


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions renewed and lost, holes, nonsense, lateness, and jobs that begin again from a snapshot."""
    records = disturbed_stream(SHORT)
    cuts = cuts_in(records, 3, 6)
    return filled(tmp_path_factory.mktemp("past") / "disturbed.duckdb", "dc1", records, cuts, cuts[:2])


@pytest.fixture(scope="module", params=["disturbed", "verdicts", "segments"])
def store(
    request: pytest.FixtureRequest, recordings: Recordings, disturbed: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    path = disturbed if request.param == "disturbed" else recordings.store(request.param)
    with look(path) as connection:
        lay_questions(connection, "memory", fabrics=None)
        yield connection


@pytest.fixture(scope="module")
def fold(store: duckdb.DuckDBPyConnection) -> Fold:
    return Fold(store)


def drawn(fold: Fold, entity: str, clock: str) -> list[int]:
    """Return times at which something changed, just before them, and any between."""
    times = fold.times(entity, clock)
    if not times:
        return []
    chance = random.Random(f"{entity} {clock}")
    edges = [time - chance.randrange(2) for time in chance.sample(times, min(DRAWN, len(times)))]
    return [*edges, *(chance.randrange(times[0] - 1, times[-1] + 2) for _ in range(DRAWN))]


@pytest.mark.parametrize("entity", ENTITIES)
def test_known_at_is_the_fold_of_what_the_stream_had_told(
    store: duckdb.DuckDBPyConnection, fold: Fold, entity: str
) -> None:
    for time in drawn(fold, entity, "record_time"):
        query = f"FROM {entity}_known_at({sql_time(time)})"
        assert told(store, query, ENTITIES[entity]) == fold.known_at(entity, time)


@pytest.mark.parametrize("entity", ENTITIES)
def test_at_is_the_fold_by_the_clocks_of_devices(
    store: duckdb.DuckDBPyConnection, fold: Fold, entity: str
) -> None:
    for time in drawn(fold, entity, "valid_time"):
        query = f"FROM {entity}_at({sql_time(time)})"
        assert told(store, query, ENTITIES[entity]) == fold.at(entity, time)


THINGS = {
    "link": ("link", {"interface": "interface"}, "true"),
    "bgp": ("bgp_session", {"name": "network_instance", "peer": "neighbor"}, "afi_safi IS NULL"),
    "vtep": ("vtep", {"name": "network_instance", "vni": "vni", "peer": "peer"}, "true"),
    "bfd": ("bfd_session", {"name": "discriminator", "interface": "interface"}, "true"),
    "igp": ("igp_adjacency", {"interface": "interface", "peer": "neighbor"}, "true"),
    "segment": ("ethernet_segment", {"name": "name"}, "true"),
    "forwarder": ("designated_forwarder", {"vni": "vni", "esi": "esi"}, "true"),
    "mac": ("mac_location", {"vni": "vni", "mac": "mac"}, "true"),
}
"""By kind of fabric_at and known_at: the entity, its columns by their names there, and which of its rows."""


@pytest.mark.parametrize(("question", "suffix"), [("fabric_at", "at"), ("known_at", "known_at")])
@pytest.mark.parametrize("kind", THINGS)
def test_the_fabric_at_a_time_is_made_of_all_its_entities(
    store: duckdb.DuckDBPyConnection, fold: Fold, kind: str, question: str, suffix: str
) -> None:
    entity, names, which = THINGS[kind]
    times = fold.times("evpn_route", "record_time")
    own = "NULL" if entity == "mac_location" else "device"
    for time in random.Random(kind).sample(times, 2):
        whole = store.execute(
            f"SELECT fabric, device, {', '.join(names)}, valid_from::VARCHAR"
            f" FROM {question}({sql_time(time)}) WHERE kind = '{kind}' ORDER BY ALL"
        ).fetchall()
        part = store.execute(
            f"SELECT fabric, {own}, {', '.join(names.values())}, valid_from::VARCHAR"
            f" FROM {entity}_{suffix}({sql_time(time)}) WHERE {which} ORDER BY ALL"
        ).fetchall()
        assert whole == part
