import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import pipeline
from pipeline.store import Store
from pipeline.store.database import Stage
from pipeline.store.equality import differences
from pipeline.store.opening import ROW_GROUP_ROWS

WRITER = Path(__file__).with_name("killed_writer.py")
ROOT = Path(pipeline.__file__).parents[1]


def written(path: Path, *arguments: object) -> int:
    """Run the writer; return how it ended."""
    command = [sys.executable, str(WRITER), str(path), *map(str, arguments)]
    ended = subprocess.run(
        command, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=120
    )
    assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr.decode()
    return ended.returncode


@pytest.mark.parametrize("rows", [100, ROW_GROUP_ROWS + 1], ids=["through the log", "into the file"])
def test_kill_9_at_any_stage_loses_and_doubles_nothing(rows: int, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed.duckdb", tmp_path / "killed.duckdb"
    assert written(undisturbed, rows) == 0
    for batch, stage in enumerate(get_args(Stage), start=1):
        assert written(killed, rows, batch, stage) == -signal.SIGKILL
        store = Store.open(killed)
        stands = store.position("dc1")
        store.close()
        assert stands is not None
        assert stands.next_offset == (batch + 1 if stage == "after_commit" else batch) * rows
        assert differences(killed, undisturbed) != []
    assert written(killed, rows) == 0
    assert differences(killed, undisturbed) == []
