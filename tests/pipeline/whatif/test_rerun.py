"""The rules run again over what is stored, under the same thresholds, find what they found."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collectors.errors import FabricscopeError, InputError
from pipeline.detect import FAMILIES, RULES
from pipeline.detectors.settings import Settings
from pipeline.forensics.source import Source, source
from pipeline.store.archive_tables import TABLES
from pipeline.store.opening import connect
from pipeline.store.retention import Due, retire
from pipeline.whatif import pages
from pipeline.whatif.backtest import ENTITIES, walk
from pipeline.whatif.declared import declared_now
from pipeline.whatif.driven import families_for
from pipeline.whatif.fabric import Rebuilt
from pipeline.whatif.rerun import Rerun
from tests.recordings.variants import Recordings

COLUMNS = [
    "incident_id",
    "rule",
    "severity",
    "opened_at",
    "detected_at",
    "resolved_at",
    "summary",
    "evidence",
]


def again(opened: Source, fabric: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the incidents of a store, and those that all families find again in it."""
    rebuilt = Rebuilt(declared_now(opened, fabric))
    run = Rerun(fabric, rebuilt, Settings(), list(FAMILIES), pages.silences(opened, fabric))
    walk(opened, fabric, rebuilt, [run], lambda _: None)
    # what is made of the incidents of others is not found by a family
    stored = opened.rows("FROM store.incident WHERE family <> 'storm'")
    found = pl.DataFrame(list(run.incidents.values()), infer_schema_length=None) if run.incidents else stored
    return tuple(rows.select(COLUMNS).sort("incident_id").to_dicts() for rows in (stored, found))  # type: ignore[return-value]  # two of them


@pytest.mark.parametrize(
    "name",
    [
        "duplicate-host-resolved",  # moves, and their evidence
        "leg-lost-while-blind",  # who was blind then counts as blind
        "ebgp-leaf",  # and who was silent as silent
        "tables-disagree",  # sampled tables
        # what people declared
        pytest.param("maintenance-reboot", marks=pytest.mark.slow),
        # devices whose clocks are wrong
        pytest.param("silent-clocks", marks=pytest.mark.slow),
    ],
)
def test_a_scenario_leads_to_the_same_incidents_again(played: Callable[[str], Path], name: str) -> None:
    with source(played(name)) as opened:
        stored, found = again(opened, "scenario")
    assert found == stored


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["verdicts", "segments"])
def test_a_recorded_fabric_leads_to_the_same_incidents_again(recordings: Recordings, variant: str) -> None:
    with source(recordings.store(variant)) as opened:
        stored, found = again(opened, variant)
    assert stored
    assert found == stored


def test_pages_change_nothing(played: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with source(played("moves-at-the-limit")) as opened:
        whole = again(opened, "scenario")
        monkeypatch.setattr(pages, "ROWS", 300)
        monkeypatch.setattr(pages, "_BUCKET", 64)
        assert len(pages.edges(opened, "scenario", ENTITIES)) > 2
        assert again(opened, "scenario") == whole


def test_what_left_for_an_archive_is_run_again_with_it_and_refused_without_it(
    played: Callable[[str], Path], tmp_path: Path
) -> None:
    path, archive = tmp_path / "store.duckdb", tmp_path / "archive"
    shutil.copy(played("leg-lost-while-blind"), path)
    with closing(connect(path)) as writing:
        for name, table in TABLES.items():
            if name.endswith(("_event", "_history")):
                days = f"SELECT DISTINCT {table.time}::DATE FROM store.{name}"
                for (day,) in writing.execute(days).fetchall():
                    retire(writing, archive, Due("scenario", day, name))
    with source(path, archive=str(archive)) as opened:
        stored, found = again(opened, "scenario")
    assert stored
    assert found == stored
    with (
        source(path) as opened,
        pytest.raises(FabricscopeError, match=r"only what was there.* Name an archive that has the rest"),
    ):
        again(opened, "scenario")


def test_each_rule_is_run_again_or_said_to_be_made_of_others() -> None:
    for rule in RULES.keys() - {"X4"}:
        assert set(families_for(rule)) <= set(FAMILIES)
    with pytest.raises(InputError, match="made of the incidents of all other rules"):
        families_for("X4")
