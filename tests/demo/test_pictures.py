"""Pictures of the view and of the table."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from demo.pictures import Fullest, draw
from demo.play_report import report
from demo.truth import deeds_of
from tests.demo.made import action, finding, found, scene

PICTURES = sorted((Path(__file__).parents[2] / "docs" / "pictures").glob("*.svg"))
MAX_BYTES = 200_000


def test_the_scene_with_most_different_rules_open_is_kept_the_first_of_equals() -> None:
    fullest = Fullest()
    last = scene(now=9.0)
    assert fullest.or_else(last) is last
    scenes = [
        scene(now=1.0, found=found(finding("M2"), finding("M2"), finding("M2"))),
        scene(now=2.0, found=found(finding("M2"), finding("V1"))),
        scene(now=3.0, found=found(finding("R16"), finding("V1"))),
        scene(now=4.0),
    ]
    for one in scenes:
        fullest.see(one)
    assert fullest.or_else(last) is scenes[1]


def test_pictures_are_small_and_complete_in_themselves(tmp_path: Path) -> None:
    deeds = deeds_of([action(1, "link-down", node="s1", ifname="swp1", label="a < b & c")])
    told = found(finding("R16", 2.0, device="l1"))
    drawn = draw(tmp_path / "new", "play", scene(deeds=deeds, found=told), report("made", 0.0, deeds, told))
    assert [path.name for path in drawn] == ["play-live.svg", "play-table.svg"]
    for path in drawn:
        check(path)
        assert "N_MINUS_1_FABRIC" in path.read_text("utf-8")


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: str(path.name))
def test_the_pictures_of_the_documents_are_small_and_complete_in_themselves(path: Path) -> None:
    check(path)


def check(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.encode()) < MAX_BYTES
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert "url(http" not in text
    assert "@font-face" not in text
