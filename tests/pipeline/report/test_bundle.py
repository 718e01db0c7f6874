"""A bundle answers as the store does, in plain DuckDB; with other names, no original is left in it."""

import json
import re
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from collectors.errors import InputError
from pipeline.report.bundle_cli import app
from pipeline.report.model import Report
from pipeline.report.rendered import as_json
from tests.pipeline.report.conftest import incident
from tests.pipeline.report.planted import MARK
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow
SERVER = "198.51.100.7:80"


@pytest.fixture(scope="module")
def store(recordings: Recordings) -> Path:
    return recordings.store("verdicts")


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def spine(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "spine"
    run(incident(store, "R16", "s1"), "--store", store, "--output", folder)
    return folder


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open a bundle as somebody does who has DuckDB and nothing else."""
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{folder}'")
    connection.execute((folder / "open.sql").read_text())
    return connection


def test_its_report_is_the_stores(spine: Path, spine_hang: Report) -> None:
    assert json.loads((spine / "report.json").read_text()) == json.loads(as_json(spine_hang, UTC))


def test_all_questions_of_the_report_can_be_asked_of_it(spine: Path, spine_hang: Report) -> None:
    text = (spine / "queries.sql").read_text()
    with closing(opened(spine)) as connection:
        for query in spine_hang.queries:
            assert f"{query.sql};" in text
            assert len(connection.sql(query.sql).pl()) == query.rows


def test_other_questions_are_answered_as_well(spine: Path) -> None:
    with closing(opened(spine)) as connection:
        held = connection.sql("FROM mac_history('02:aa:00:00:20:05') WHERE what = 'moved'").pl()
        assert held.height == 9
        rows = connection.sql("FROM fabric_at(TIMESTAMPTZ '2026-11-22 10:45:40+00')").pl()
        assert rows.height > 50


def test_the_manifest_tells_what_is_in_it(spine: Path) -> None:
    manifest = json.loads((spine / "manifest.json").read_text())
    there = {path.relative_to(spine).as_posix() for path in spine.rglob("*") if path.is_file()}
    assert set(manifest["sha256"]) == there - {"manifest.json"}
    assert (manifest["fabric"], manifest["pseudonymised"]) == ("verdicts", False)


def cells(folder: Path) -> tuple[str, set[int]]:
    """Return all text in a bundle, and the numbers that are MACs or addresses."""
    texts = [path.read_text() for path in sorted(folder.iterdir()) if path.is_file()]
    numbers: set[int] = set()
    for path in sorted((folder / "tables").iterdir()):
        frame = pl.read_parquet(path)
        for name, dtype in frame.schema.items():
            if dtype == pl.String:
                texts += frame[name].drop_nulls().to_list()
            elif dtype == pl.UInt64 and name in ("mac", "router_mac", "es_import", "ip_lo"):
                numbers |= set(frame[name].drop_nulls().to_list())
    return "\n".join(texts), numbers - {0}


@pytest.fixture(scope="module")
def hidden(
    planted: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """Give a store with telling names, two bundles of it with other names, by the same key."""
    store = planted(SERVER)
    folder = tmp_path_factory.mktemp("hidden")
    for name in ("one", "two.zip"):
        run("--from", "10:38:00Z", "--to", "10:47:30Z", "--store", store, "--output", folder / name,
            "--pseudonymise", "--key-file", folder / "key")  # fmt: skip
    return store, folder / "one", folder / "two.zip"


def test_no_original_is_left_anywhere(hidden: tuple[Path, Path, Path], tmp_path: Path) -> None:
    store, folder, _ = hidden
    whole = tmp_path / "whole"
    run("--from", "10:38:00Z", "--to", "10:47:30Z", "--store", store, "--output", whole)
    before, numbers = cells(whole)
    text, others = cells(folder)
    assert before.count(MARK) > 1000
    assert MARK not in text
    assert SERVER.partition(":")[0] not in text
    assert "verdicts" not in text
    ours = set(re.findall(r"\b(?:[0-9a-f]{2}:){5,9}[0-9a-f]{2}\b", (whole / "open.sql").read_text()))
    macs = set(re.findall(r"\b(?:[0-9a-f]{2}:){5,9}[0-9a-f]{2}\b", before)) - ours
    addresses = set(re.findall(r"\b(?:10|192\.168)(?:\.\d+){2,3}\b", before))
    ids = set(re.findall(r"\b[0-9a-f]{20}\b", before))
    assert len(macs) > 10
    assert len(addresses) == 20
    assert len(ids) > 10
    assert not [one for one in macs | addresses | ids if one in text]
    assert numbers
    assert not numbers & others
    assert len(numbers) == len(others)


def test_the_key_is_not_in_the_bundle_and_only_its_owner_can_read_it(hidden: tuple[Path, Path, Path]) -> None:
    _, folder, _ = hidden
    key = folder.parent / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    text, _ = cells(folder)
    assert key.read_text().strip() not in text


def test_the_same_key_gives_the_same_bundle(hidden: tuple[Path, Path, Path]) -> None:
    _, folder, archive = hidden
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            assert packed.read(name) == (folder / name).read_bytes(), name
        assert len(packed.namelist()) == sum(path.is_file() for path in folder.rglob("*"))


def test_a_bundle_with_other_names_tells_the_same_story(hidden: tuple[Path, Path, Path], spine: Path) -> None:
    store, folder, _ = hidden
    assert spine.exists()
    story = json.loads((folder / "report.json").read_text())
    assert [one["rule"] for one in story["incidents"]].count("R16") == 4
    assert {node["state"] for node in story["topology"]["nodes"]} == {"failed", "well"}
    with closing(opened(folder)) as connection:
        for query in story["queries"]:
            assert len(connection.sql(query["sql"]).pl()) == query["rows"]
    assert store.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--key-file", "k"], "--key-file is for --pseudonymise"),
        (["--pseudonymise", "--key-file", "{bad}"], "is no key: it must have 64 hexadecimal digits"),
        (["--output", "{bad}"], "is there already"),
        (["--from", "2099-01-01"], "in the future"),
    ],
)
def test_what_can_not_be_bundled_is_said(
    store: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    bad = tmp_path / "bad"
    bad.write_text("x")
    given = [one.format(bad=bad) for one in arguments]
    when = [] if "--from" in given else ["--from", "10:45:00Z"]
    output = [] if "--output" in given else ["--output", tmp_path / "made"]
    with pytest.raises(InputError, match=told):
        run(*when, "--store", store, *output, *given)
    assert not (tmp_path / "made").exists()
