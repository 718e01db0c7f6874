"""Reports of the recorded fabric."""

import shutil
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from pipeline.forensics.source import source
from pipeline.report.model import Report
from pipeline.report.wanted import Wanted, composed, setting_of
from tests.pipeline.report.planted import names, plant
from tests.recordings.variants import Recordings


def report_of(store: Path, wanted: Wanted) -> Report:
    with source(store) as asked:
        return composed(asked, str(store), wanted, setting_of(asked, UTC))


def incident(store: Path, rule: str, device: str) -> str:
    """Return the id of a recorded incident."""
    with source(store) as asked:
        query = f"SELECT incident_id FROM incident WHERE rule = '{rule}' AND device = '{device}'"
        found: str = asked.rows(query)["incident_id"][0]
    return found


@pytest.fixture(scope="session")
def spine_hang(recordings: Recordings) -> Report:
    """Of the recording: the BGP process of spine s1 hung for 25 seconds."""
    store = recordings.store("verdicts")
    return report_of(store, Wanted(incident(store, "R16", "s1"), None, None, None))


@pytest.fixture(scope="session")
def planted(recordings: Recordings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    def made(address: str) -> Path:
        store = tmp_path_factory.mktemp("planted") / "planted.duckdb"
        shutil.copy(recordings.store("verdicts"), store)
        plant(store, names(address))
        return store

    return made
