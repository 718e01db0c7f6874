"""fabricscope store: what it does, and what is left when it is killed or finds no room."""

import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pipeline
from collectors.errors import FabricscopeError, InputError, RefusedError
from pipeline.store import Store
from pipeline.store.cli import app
from pipeline.store.equality import differences
from pipeline.store.migrations import OLDEST, SCHEMA_VERSION
from pipeline.store.opening import connect, look
from tests.pipeline.store.archive_store import days_in, made, rows
from tests.pipeline.store.versions import record

ROOT = Path(pipeline.__file__).parents[1]
CHILD = Path(__file__).with_name("killed_in_store.py")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("original") / "store.duckdb")


@pytest.fixture
def store(original: Path, tmp_path: Path) -> Path:
    path = tmp_path / "store.duckdb"
    shutil.copyfile(original, path)
    return path


def said(*arguments: object) -> str:
    """Run a command, which raises what it refuses; return what it printed."""
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def child(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHILD), *map(str, arguments)]
    env = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)


def leftovers(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"store.duckdb", "seed.duckdb", "archive"}


def test_a_sound_store_is_called_sound(store: Path) -> None:
    assert said("check", store).splitlines()[-1] == "sound"


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("ALTER TABLE store.mac_event DROP COLUMN sticky", r"mac_event lacks its column sticky \(BOOLEAN\)"),
        ("ALTER TABLE store.link_event ADD COLUMN x INT", r"link_event has a column x \(INTEGER\)"),
        ("UPDATE store.snapshot_position SET next_offset = 501", "is at offset 501, beyond its position 500"),
        ("DELETE FROM store.stream_position", "is at offset 500, beyond its position None"),
        ("INSERT INTO store.stream_position FROM store.stream_position", "stream_position has 2 rows"),
        ('UPDATE store.mac_event SET "offset" = 500', "mac_event of segments has offset 500, beyond the"),
        ("INSERT INTO store.link_event FROM store.link_event", "link_event has .* facts more than once"),
        (
            "UPDATE store.bgp_session_history SET valid_to = valid_from - INTERVAL 1 SECOND",
            "intervals that end before they begin",
        ),
        (
            "INSERT INTO store.evpn_route_history FROM store.evpn_route_history WHERE valid_to > valid_from",
            "evpn_route_history has .* intervals that overlap the next of the same evpn_route",
        ),
    ],
)
def test_what_is_wrong_with_a_store_is_said(harm: str, sentence: str, store: Path) -> None:
    with closing(connect(store)) as connection:
        connection.execute(harm)
    with pytest.raises(FabricscopeError, match=sentence) as told:
        said("check", store)
    assert type(told.value) is FabricscopeError  # exit code 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_torn_store_is_said(share: float, store: Path) -> None:
    whole = store.read_bytes()
    at = int(share * len(whole)) // 4096 * 4096
    store.write_bytes(whole[:at])
    with pytest.raises(InputError, match=r"is damaged: restore it|can't be opened as a store"):
        said("check", store)


def test_files_that_the_archive_lost_or_that_were_changed_are_said(store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    assert child("kill", 0, "archive", store, archive).returncode == 0
    assert said("check", store, "--archive", archive).splitlines()[-1] == "sound"
    files = sorted(archive.rglob("*.parquet"))
    files[0].unlink()
    shutil.copyfile(files[1], files[2])
    with pytest.raises(FabricscopeError) as told:
        said("check", store, "--archive", archive)
    assert f"{files[0]} can't be read, and its rows are nowhere else" in str(told.value)
    assert f"{files[2]} is not the file that was written" in str(told.value)


def test_compacting_changes_nothing_but_the_size(store: Path, original: Path, tmp_path: Path) -> None:
    with closing(connect(store)) as connection:
        connection.execute(
            "CREATE TABLE store.room AS SELECT md5(x::VARCHAR) AS x FROM range(500000) AS r(x)"
        )
        connection.execute("CHECKPOINT store_file")
        connection.execute("UPDATE store.evpn_route_event SET device = device || ''")  # now behind the room
        connection.execute("CHECKPOINT store_file")
        connection.execute("DROP TABLE store.room")
    before = store.stat().st_size
    assert "MB before" in said("compact", store)
    assert store.stat().st_size < 0.8 * before
    assert differences(store, original) == []
    assert leftovers(tmp_path) == set()
    said("check", store)


def test_a_seed_starts_a_replica_where_the_other_was(store: Path, tmp_path: Path) -> None:
    seed, seeded = tmp_path / "seed.duckdb", tmp_path / "other.duckdb"
    said("export", store, seed)
    said("import", seed, seeded)
    assert differences(store, seeded) == []
    ours, theirs = Store.open(store), Store.open(seeded)
    assert ours.position(record.FABRIC) == theirs.position(record.FABRIC)
    ours.close()
    theirs.close()


def test_a_seed_of_an_older_release_is_brought_forward(tmp_path: Path) -> None:
    record.restore(OLDEST, tmp_path / "seed.duckdb")
    said("import", tmp_path / "seed.duckdb", tmp_path / "store.duckdb")
    said("check", tmp_path / "store.duckdb")


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    record.restore(OLDEST, tmp_path / "store.duckdb")
    with pytest.raises(RefusedError, match="fabricscope store migrate"):
        said("check", tmp_path / "store.duckdb")
    wanted = f"tables of version {OLDEST} are of version {SCHEMA_VERSION} now"
    assert wanted in said("migrate", tmp_path / "store.duckdb")
    assert f"version {SCHEMA_VERSION} already" in said("migrate", tmp_path / "store.duckdb")


def test_a_seed_that_is_not_sound_becomes_no_store(store: Path, tmp_path: Path) -> None:
    with closing(connect(store)) as connection:
        connection.execute("UPDATE store.snapshot_position SET next_offset = 501")
    with pytest.raises(FabricscopeError, match="is not sound: the snapshot"):
        said("import", store, tmp_path / "other.duckdb")
    assert not (tmp_path / "other.duckdb").exists()
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize("command", ["check", "compact", "migrate"])
def test_what_is_not_there_is_not_made(command: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no store"):
        said(command, tmp_path / "none.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(store: Path, tmp_path: Path) -> None:
    (tmp_path / "seed.duckdb").write_text("mine")
    for command in (["export", store, tmp_path / "seed.duckdb"], ["import", store, tmp_path / "seed.duckdb"]):
        with pytest.raises(InputError, match="is there already: name a new file"):
            said(*command)
    assert (tmp_path / "seed.duckdb").read_text() == "mine"


def test_a_store_in_use_is_no_seed(store: Path, tmp_path: Path) -> None:
    (tmp_path / "store.duckdb.wal").write_bytes(b"")
    with pytest.raises(InputError, match="is not a seed but a store in use"):
        said("import", store, tmp_path / "other.duckdb")


def test_without_room_for_the_copy_it_is_not_begun(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=store.stat().st_size))
    for command in (["compact", store], ["export", store, tmp_path / "seed.duckdb"]):
        with pytest.raises(FabricscopeError, match=r"MB left, .* MB are needed: make room"):
            said(*command)
    assert leftovers(tmp_path) == set()


@pytest.mark.parametrize(
    ("command", "times"), [("compact", 3), ("compact", 45), ("export", 20), ("import", 9)]
)
def test_killed_at_any_moment_the_store_is_what_it_was_and_the_next_run_succeeds(
    command: str, times: int, store: Path, original: Path, tmp_path: Path
) -> None:
    target = tmp_path / "seed.duckdb"
    assert child("kill", times, command, store, target).returncode == -signal.SIGKILL
    assert differences(store, original) == []
    assert not target.exists()
    assert child("kill", 0, command, store, target).returncode == 0
    assert leftovers(tmp_path) == set()
    assert differences(store if command == "compact" else target, original) == []


@pytest.mark.parametrize("command", ["compact", "export", "import"])
def test_on_a_full_disk_it_is_said_and_the_store_is_what_it_was(
    command: str, store: Path, original: Path, tmp_path: Path
) -> None:
    full = child("full", store.stat().st_size // 3, command, store, tmp_path / "seed.duckdb")
    assert full.returncode == 1
    assert "can't be written: make room or mend the disk; nothing else has changed" in full.stderr
    assert differences(store, original) == []
    assert leftovers(tmp_path) <= {"store.duckdb.wal"}


@pytest.mark.parametrize("times", [2, 4, 9])
def test_killed_while_rows_leave_for_the_archive_each_is_there_once(
    times: int, store: Path, original: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    assert child("kill", times, "archive", store, archive).returncode == -signal.SIGKILL
    with closing(connect(original)) as one, closing(connect(store)) as other:
        before = rows(one, None)
        after = rows(other, archive if archive.exists() else None)
        assert [name for name in before if not before[name].equals(after[name])] == []
    assert child("kill", 0, "archive", store, archive).returncode == 0
    with closing(connect(store)) as connection:
        assert days_in(connection) == []
        after = rows(connection, archive)
        assert [name for name in before if not before[name].equals(after[name])] == []


def test_without_room_for_the_archive_the_rows_stay(store: Path, original: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    full = child("full", 12_000, "archive", store, archive)
    assert full.returncode == 1
    assert "its rows stay in the store until then" in full.stderr
    assert list(archive.rglob("*.partial")) == []
    with closing(look(store)) as connection:
        noted = connection.execute("SELECT count(*) FROM store.archived").fetchall()
    assert noted == [(len(list(archive.rglob("*.parquet"))),)]
    with closing(connect(original)) as one, closing(connect(store)) as other:
        before, after = rows(one, None), rows(other, archive)
    assert [name for name in before if not before[name].equals(after[name])] == []
