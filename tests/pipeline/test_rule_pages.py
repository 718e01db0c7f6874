"""Each rule has a guide, and the pages in the documentation are those made of them."""

from pathlib import Path

import pytest

from pipeline.detect import RULES
from pipeline.guides import Command, guides
from pipeline.guides.registry import GUIDES
from pipeline.rule_pages import pages

DOCS = Path(__file__).parents[2] / "docs" / "rules"


def test_each_rule_has_a_guide_and_each_guide_a_rule() -> None:
    assert sorted(GUIDES) == sorted(RULES)


@pytest.mark.parametrize("rule", sorted(GUIDES))
def test_a_guide_says_what_to_do(rule: str) -> None:
    guide = GUIDES[rule]
    texts = (guide.meaning, guide.source, guide.opens, guide.clears, guide.look_first)
    assert all((*texts, *guide.causes))
    assert guide.causes
    if RULES[rule].rank:  # findings without an incident have nobody who looks
        assert guide.commands


def test_the_pages_in_the_documentation_are_up_to_date() -> None:
    written = {file.name: file.read_text(encoding="utf-8") for file in DOCS.glob("*.md")}
    assert written == pages(), "run make rules"


def test_a_command_is_filled_from_the_subject_or_left_out() -> None:
    command = Command("FRRouting", "show evpn mac vni {vni} mac {mac}")
    assert (
        command.filled({"vni": 10, "mac": "00:00:5e:00:53:01"})
        == "show evpn mac vni 10 mac 00:00:5e:00:53:01"
    )
    assert command.filled({"vni": None, "mac": "00:00:5e:00:53:01"}) is None


def test_a_guide_names_columns_of_incidents_only() -> None:
    guide = GUIDES["R16"]
    wrong = guide.__class__(**{**vars(guide), "subject": ("port",)})
    with pytest.raises(ValueError, match="R16 names port"):
        guides({"R16": wrong})
