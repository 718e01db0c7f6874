"""The library and the recordings, played: no worse than the committed figures, which the page shows."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from scenarios.library import library, read_all, recordings_in
from scenarios.report import page

ROOT = Path(__file__).parent.parent.parent
BASELINE = ROOT / "docs" / "detection-quality.json"


def score(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fabricscope", "score", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=1800, cwd=ROOT)


@pytest.mark.slow
def test_detection_is_no_worse_than_the_committed_figures() -> None:
    played = score("--all", "--baseline", BASELINE)
    assert played.returncode == 0, played.stderr


def test_the_page_shows_the_committed_figures() -> None:
    scenarios = read_all([*library(), *recordings_in(ROOT / "tests" / "recordings")])
    quality = orjson.loads(BASELINE.read_bytes())
    assert set(quality["scenarios"]) == {it.name for it in scenarios}
    shown = (ROOT / "docs" / "detection-quality.md").read_text()
    assert shown == page(quality, {it.name: it.meaning for it in scenarios})


def test_what_is_worse_is_told_with_exit_code_1(tmp_path: Path) -> None:
    scenario = tmp_path / "leg.yaml"
    scenario.write_text(
        "meaning: a leg is lost\nsource: R4, 5 s\nfabric: {leaves: 2, vnis: 1, hosts: 2}\nseconds: 15\n"
        "timeline:\n  - {at: 2, do: es-link-down leaf-1 po1}\n"
        "expect:\n  - {rule: R4, about: {esi: po1}, opened: [7, 8]}\nmay:\n"
        "  - {rule: L2}\n  - {rule: R9}\n  - {rule: R19}\n"
    )
    played = score(scenario, "--json")
    assert played.returncode == 0, played.stderr
    figures = orjson.loads(played.stdout)["scenarios"]["leg"]
    assert (figures["expected"], figures["found"], figures["missed"]) == (1, 1, {})
    scenario.write_text(scenario.read_text().replace("[7, 8]", "[8, 9]"))
    early = score(scenario)
    assert early.returncode == 1
    assert "worse: leg: R4 po1 is missed: told at 7.0" in early.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--write",), "say --all"),
        (("--all", "tests/recordings/frr-main/scenario.yaml"), "leave the files out"),
        (("--all", "--recordings", "scenarios"), "has no recording"),
        (
            ("--baseline", "pyproject.toml", "tests/recordings/frr-main/scenario.yaml"),
            "can't read the baseline",
        ),
    ],
)
def test_what_can_not_be_done_is_told_with_exit_code_2(arguments: tuple[str, ...], told: str) -> None:
    refused = score(*arguments)
    assert refused.returncode == 2
    assert told in refused.stderr
