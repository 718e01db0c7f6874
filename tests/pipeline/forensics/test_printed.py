import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from rich.console import Console

from pipeline.forensics import printed, telling
from pipeline.forensics.questions import literal, subject_of

FOUL = pl.DataFrame({"device": ["=1+1", "leaf\x1b[31m", "@x\ny"], "nothing": [None, None, None]})


def test_csv_holds_no_formula_and_nothing_that_a_terminal_obeys() -> None:
    assert printed.as_csv(FOUL, UTC).splitlines() == ["device,nothing", "'=1+1,", "leaf\ufffd[31m,", "'@x y,"]


def test_a_table_leaves_out_what_is_unknown_and_obeys_no_markup() -> None:
    paper = io.StringIO()
    console = Console(width=80, file=paper)
    console.print(
        printed.table(pl.DataFrame({"device": ["[red]x[/red]", "\x1b[31m"], "no": [None, None]}), UTC)
    )
    assert paper.getvalue().split() == ["device", "[red]x[/red]", "\ufffd[31m"]


def test_times_are_those_of_the_zone() -> None:
    rows = pl.DataFrame({"at": [datetime(2026, 11, 22, 10, tzinfo=UTC)]})
    assert printed.as_csv(rows, ZoneInfo("Europe/Berlin")) == "at\n2026-11-22T11:00:00+01:00\n"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("mac", " 02AA.0000.2005 ", "02:aa:00:00:20:05"),
        ("ip", "2001:DB8:0::1", "2001:db8::1"),
        ("vtep", "10.0.0.1", "10.0.0.1"),
        ("es", "03:44:38:39:FF:ff:01:00:00:01", "03:44:38:39:ff:ff:01:00:00:01"),
        ("vni", "0010", "10"),
        ("device", "leaf-1", "leaf-1"),
    ],
)
def test_a_subject_is_written_as_the_store_writes_it(kind: str, text: str, expected: str) -> None:
    assert subject_of(kind, text) == expected


def test_a_name_cannot_leave_its_quotes() -> None:
    assert literal("l1'; DROP TABLE x; --") == "'l1''; DROP TABLE x; --'"


def test_what_is_not_complete_is_said() -> None:
    row = {"fabric": "dc1", "family": "routes", "observers": 4, "blind": 1, "coverage": 0.875}
    assert telling.completeness("mac", [row]) == (
        "This is not complete, what happened meanwhile may be missing: routes was watched for 87.5% of the"
        " time, 1 of 4 observers were blind"
    )
    whole = {**row, "coverage": 1.0, "blind": 0}
    complete = telling.completeness("mac", [whole, {**row, "family": "bgp"}])
    assert complete == "Nothing is known to be missing: all of routes was watched all the time"
    assert telling.completeness("mac", []) == "How complete this is can't be told: nobody was watching then"
