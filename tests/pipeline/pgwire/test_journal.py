from pathlib import Path

import pytest

from pipeline.pgwire.journal import REFUSED_SECONDS, Journal, shape
from pipeline.pgwire.refusal import RefusalError

KILLER = "SELECT /* panel 7 */ count(*) FROM finding WHERE event_time > '2026-01-01' AND vni = 10"
AGAIN = "select count ( * ) from finding where event_time>'2026-01-02' and vni=11 -- later"
OTHER = "SELECT count(*) FROM incident WHERE event_time > '2026-01-01'"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(journal: Journal, statement: str) -> bool:
    try:
        with journal.running(statement):
            return False
    except RefusalError as error:
        return error.sqlstate == "57P02"


def test_repetitions_share_a_shape_and_others_do_not() -> None:
    assert shape(KILLER) == shape(AGAIN) != shape(OTHER)
    assert "2026" not in shape(KILLER)
    assert shape('select "A"') != shape('select "a"')


def test_what_ran_when_the_process_died_is_refused_for_ten_minutes(tmp_path: Path, clock: Clock) -> None:
    before = Journal.open(tmp_path / "journal", clock)
    with before.running(OTHER):
        pass
    with before.running(KILLER):
        after = Journal.open(tmp_path / "journal", clock)  # as the next start finds it
    assert refused(after, AGAIN)
    assert not refused(after, OTHER)
    clock.now += REFUSED_SECONDS - 1
    assert refused(after, KILLER)
    clock.now += 1
    assert not refused(after, KILLER)
    after.close()
    before.close()


def test_a_second_start_lengthens_and_forgets_nothing(tmp_path: Path, clock: Clock) -> None:
    killed = Journal.open(tmp_path / "journal", clock).running(KILLER)
    killed.__enter__()
    Journal.open(tmp_path / "journal", clock).close()
    clock.now += REFUSED_SECONDS - 1
    again = Journal.open(tmp_path / "journal", clock)
    assert again.refused == 1
    clock.now += 1
    assert again.refused == 0
    assert not refused(again, KILLER)


def test_statements_at_a_time_have_places_of_their_own(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "journal"
    journal = Journal.open(path, clock)
    with journal.running(KILLER), journal.running(OTHER):
        with journal.running("select 1"):
            pass
        assert Journal.open(path, clock).refused == 2


def test_a_clean_end_leaves_nothing(tmp_path: Path, clock: Clock) -> None:
    journal = Journal.open(tmp_path / "journal", clock)
    with pytest.raises(ZeroDivisionError), journal.running(KILLER):
        raise ZeroDivisionError
    journal.close()
    assert Journal.open(tmp_path / "journal", clock).refused == 0


def test_the_file_is_its_owners_and_what_it_holds_may_be_torn(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"\xff\x00torn\n" + b"a" * 64 + b" 99999999999999\n" + b"b" * 64 + b"\n")
    journal = Journal.open(path, clock)
    assert journal.refused == 1
    journal.close()
    path.unlink()
    Journal.open(path, clock).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_statement_that_ended_the_store_stays_noted_though_it_has_ended(
    tmp_path: Path, clock: Clock
) -> None:
    journal = Journal.open(tmp_path / "journal", clock)
    with journal.running(KILLER) as note:
        note.stays = True
    with journal.running(OTHER):
        pass
    journal.close()
    after = Journal.open(tmp_path / "journal", clock)
    assert refused(after, AGAIN)
    assert not refused(after, OTHER)
