"""A file that can't grow any more: said in a sentence, and nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.store.equality import differences
from pipeline.store.opening import look
from tests.recordings.variants import Recordings

pytestmark = pytest.mark.slow

ROOT = Path(pipeline.__file__).parents[1]
LIMITED = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.argv[0] = "fabricscope"
runpy.run_path("fabricscope.py", run_name="__main__")
"""


def replayed(recordings: Recordings, store: Path, limit: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, str(limit), "replay", str(recordings.capture("verdicts"))]
    options = ["--fabric", "verdicts", "--store", str(store)]
    return subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("share", [0.04, 0.1, 0.2])
def test_a_full_disk_is_said_and_the_store_goes_on_once_there_is_room(
    share: float, recordings: Recordings, tmp_path: Path
) -> None:
    store = tmp_path / "dc1.duckdb"

    full = replayed(recordings, store, int(share * recordings.store("verdicts").stat().st_size))
    assert (full.returncode, full.stdout) == (1, "")
    assert f"{store} can't be" in full.stderr
    assert "Traceback" not in full.stderr

    assert replayed(recordings, store, 1 << 40).returncode == 0
    assert differences(store, recordings.store("verdicts")) == []


def test_a_torn_file_is_said_and_left_alone(recordings: Recordings, tmp_path: Path) -> None:
    store = tmp_path / "dc1.duckdb"
    whole = recordings.store("verdicts").read_bytes()
    store.write_bytes(whole[: len(whole) // 2])

    torn = replayed(recordings, store, 1 << 40)
    assert torn.returncode == 2
    assert f"{store} can't be opened as a store" in torn.stderr or f"{store} is damaged" in torn.stderr
    assert "Traceback" not in torn.stderr
    assert store.stat().st_size == len(whole) // 2
    with pytest.raises(Exception, match=r"can't be opened|Corrupt|read"), look(store) as connection:
        connection.execute("SELECT count(*) FROM mac_event").fetchall()
