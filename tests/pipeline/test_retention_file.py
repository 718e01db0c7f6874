from datetime import timedelta
from pathlib import Path

import pytest

from collectors.errors import InputError
from pipeline.retention_file import duration, read
from pipeline.settings_file import read as read_settings

DAY = timedelta(days=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.yaml"


def test_the_narrowest_holds(file: Path) -> None:
    file.write_text(
        "retention: {facts: 60d, mac_event: 7d, link_event: forever}\n"
        "rules: {M2: {moves: 6}}\n"
        "fabrics:\n  dc1:\n    retention: {mac_event: 3d, incident: 400d}\n"
    )
    found = read(file, ["dc1", "dc2"], 30 * DAY)
    tables = ("evpn_route_event", "mac_event", "link_event", "incident")
    assert [found["dc1"].of(table) for table in tables] == [60 * DAY, 3 * DAY, None, 400 * DAY]
    assert [found["dc2"].of(table) for table in tables] == [60 * DAY, 7 * DAY, None, None]
    assert read_settings(file, ["dc1"])["dc1"].fabric == {("M2", "moves"): 6}


def test_facts_may_stay_for_ever_but_for_some(file: Path) -> None:
    file.write_text("retention: {facts: forever, mac_event: 7d}\n")
    found = read(file, ["dc1"], 30 * DAY)["dc1"]
    assert (found.of("evpn_route_event"), found.of("mac_event")) == (None, 7 * DAY)


@pytest.mark.parametrize(("facts", "expected"), [(2 * DAY, 2 * DAY), (None, None)])
def test_without_a_file_the_option_holds(facts: timedelta | None, expected: timedelta | None) -> None:
    assert read(None, ["dc1"], facts)["dc1"].of("mac_event") == expected


@pytest.mark.parametrize(("text", "days"), [("1d", 1), ("30d", 30), ("36500d", 36500)])
def test_a_retention_is_days(text: str, days: int) -> None:
    assert duration(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["0d", "36501d", "30", "1h", "-1d", "", "1d ", "999999999999d"])
def test_anything_else_is_no_retention(text: str) -> None:
    with pytest.raises(InputError, match="write days, as in 30d, at least 1d, or forever"):
        duration(text)


def test_all_mistakes_are_told_with_their_lines(file: Path) -> None:
    file.write_text(
        "retention:\n  mac_evnt: 7d\n  link_event: 12h\n  mac_current: 7d\n"
        "fabrics:\n  dc1:\n    retention: none\n"
    )
    with pytest.raises(InputError) as told:
        read(file, ["dc1"], DAY)
    lines = str(told.value).splitlines()
    assert "settings.yaml:2: nothing that may leave the store is called 'mac_evnt'" in lines[0]
    assert "mac_event" in lines[0]
    assert "settings.yaml:3: link_event: '12h' is no retention" in lines[1]
    assert "settings.yaml:4: nothing that may leave the store is called 'mac_current'" in lines[2]
    assert "settings.yaml:7: retention must be a mapping" in lines[3]
