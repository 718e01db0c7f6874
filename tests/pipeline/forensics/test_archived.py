"""The same questions where rows have left the store for an archive, and of the archive alone."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.errors import InputError
from pipeline.forensics import answers
from pipeline.forensics.answers import Asking
from pipeline.forensics.source import Source, source
from pipeline.store.archive_tables import TABLES
from pipeline.store.opening import connect
from pipeline.store.retention import retire
from tests.pipeline.store.archive_store import days_in
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow

H5 = "02:aa:00:00:20:05"


@pytest.fixture(scope="module")
def original(recordings: Recordings) -> Path:
    return recordings.store("verdicts")


@pytest.fixture(scope="module")
def moved(original: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store whose closed rows have all left it, and the archive they are in."""
    folder = tmp_path_factory.mktemp("archived")
    path, archive = Path(shutil.copyfile(original, folder / "store.duckdb")), folder / "archive"
    archive.mkdir()
    with closing(connect(path)) as connection:
        for due in days_in(connection, *TABLES):
            assert retire(connection, archive, due._replace(fabric="verdicts"))
    return path, archive


def asking(asked: Source) -> Asking:
    return Asking(asked, datetime(2026, 11, 22, 11, tzinfo=UTC), UTC, query_only=False)


def told(asked: Source) -> dict[str, list[dict[str, object]]]:
    one, none = asking(asked), (None, None, None)
    incidents = asked.rows("SELECT incident_id FROM incident WHERE rule = 'R15'")["incident_id"].to_list()
    found = {
        "mac": answers.about(one, "mac", H5, none),
        "propagation": answers.about(one, "propagation", H5, none),
        "device": answers.about(one, "device", "l2", (None, "10:44:00Z", "10:45:00Z")),
        "state": answers.state(one, "10:44:30Z", None, None),
        "diff": answers.difference(one, "10:44:00Z", "10:45:00Z"),
        "blast-radius": answers.blast_radius(one, "s1", "10:42Z"),
        "hit": answers.about(one, "hit", incidents[0], none),
    }
    return {kind: answer.rows.to_dicts() for kind, answer in found.items()}


def test_a_store_and_its_archive_answer_as_the_store_did(original: Path, moved: tuple[Path, Path]) -> None:
    path, archive = moved
    with source(original) as asked:
        expected = told(asked)
    with source(path) as asked:
        assert asked.rows("FROM mac_location_history").is_empty()
    with source(path, archive=str(archive)) as asked:
        assert told(asked) == expected
    assert all(expected.values())


def test_an_archive_alone_tells_of_what_is_over(original: Path, moved: tuple[Path, Path]) -> None:
    with source(original) as asked:
        whole = answers.about(asking(asked), "mac", H5, (None, None, None)).rows
    with source(None, archive=str(moved[1])) as asked:
        part = answers.about(asking(asked), "mac", H5, (None, None, None)).rows
    over = whole.filter(whole["valid_to"].is_not_null())
    assert part["valid_from"].to_list() == over["valid_from"].to_list()
    assert part["vtep"].to_list() == over["vtep"].to_list()
    assert over.height == 9


def test_an_archive_that_is_not_there_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"there is no archive .*none"),
        source(None, archive=f"{tmp_path}/none"),
    ):
        pass
