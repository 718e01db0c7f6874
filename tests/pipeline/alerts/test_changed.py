"""Changes handed from the thread that writes to one that tells of them."""

import threading
import time

import polars as pl

from pipeline.alerts.changed import Changed
from pipeline.store import Commit, Position
from tests.pipeline.alerts.incidents import MINUTE, NOW


def ids(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"incident_id": list(names)}, schema={"incident_id": pl.String})


def test_incidents_that_came_went_or_took_a_step_have_changed() -> None:
    changed = Changed(lambda: NOW)
    changed.committed(Commit({"incident": ids("a"), "incident_event": ids("b")}, {"incident": ids("c")}))
    changed.committed(Commit({"finding": ids("x")}, {"incident_event": ids("d")}))
    assert set(changed.take(0)) == {"a", "b", "c", "d"}
    assert changed.take(0) == {}


def test_however_often_one_changes_it_is_kept_once_with_the_first_time() -> None:
    now = [NOW]
    changed = Changed(lambda: now[0])
    for _ in range(1_000):
        changed.committed(Commit({"incident": ids("a")}))
        now[0] += MINUTE
    assert changed.take(0) == {"a": NOW}


def test_how_far_the_store_is_follows_commits_without_incidents() -> None:
    changed = Changed(lambda: NOW)
    for offset in (3, 9):
        changed.committed(Commit(positions=[Position("dc1", "t", offset, NOW)]))
    assert changed.positions["dc1"].next_offset == 9


def test_who_waits_is_woken_by_a_change_and_by_the_end() -> None:
    changed = Changed(lambda: NOW)
    for wake in (lambda: changed.committed(Commit({"incident": ids("a")})), changed.end):
        timer = threading.Timer(0.05, wake)
        timer.start()
        began = time.monotonic()
        changed.take(30)
        assert time.monotonic() - began < 10
        timer.join()
