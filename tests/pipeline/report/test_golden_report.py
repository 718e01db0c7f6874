"""The report of the recorded spine hang, as JSON and Markdown: ``golden/spine-hang.*``.

``pytest --update-golden`` rewrites them; read the diff.
"""

import json
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path

import pytest

from pipeline.report.model import Report
from pipeline.report.rendered import as_json, as_markdown, html

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "write"), [("spine-hang.json", as_json), ("spine-hang.md", as_markdown)])
def test_the_spine_hang_is_told_as_before(
    spine_hang: Report,
    name: str,
    write: Callable[[Report, tzinfo], str],
    request: pytest.FixtureRequest,
) -> None:
    text = write(spine_hang, UTC).replace(json.loads(as_json(spine_hang, UTC))["made_by"], "fabricscope")
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / name).write_text(text, "utf-8")
    assert text == (GOLDEN / name).read_text("utf-8")


def test_what_the_incident_was_is_in_its_report(spine_hang: Report) -> None:
    assert spine_hang.headline.startswith("Spine s1 of 2 is lost to the fabric")
    assert "25 s in all" in spine_hang.headline
    assert {node.name: node.state for node in spine_hang.topology.nodes} == {
        "gobgp": "well", "s1": "failed", "s2": "well", "l1": "touched", "l2": "touched", "l3": "touched",
    }  # fmt: skip
    failed = {(edge.one, edge.other) for edge in spine_hang.topology.edges if edge.state == "failed"}
    assert failed == {("l1", "s1"), ("l2", "s1"), ("l3", "s1")}
    assert {one.name: one.most for one in spine_hang.redundancy} == {"l1": 2, "l2": 2, "l3": 2}
    assert spine_hang.incidents[0].detection_s == 5.0
    assert {one.rule: one.root for one in spine_hang.incidents} == {
        "R16": None,
        "X1": spine_hang.incidents[0].short,
    }
    assert [step.text for step in spine_hang.cause.before[-3:]] == [  # type: ignore[union-attr]  # it has one
        "l2 bgp 10.0.12.0 default: session state ESTABLISHED to IDLE",
        "l1 bgp 10.0.11.0 default: session state ESTABLISHED to OPENSENT",
        "l3 bgp 10.0.13.0 default: session state ESTABLISHED to IDLE",
    ]


def test_the_same_store_gives_the_same_page(spine_hang: Report) -> None:
    page = html(spine_hang, UTC)
    assert page == html(spine_hang, UTC)
    assert page.count("<svg") == 4
    assert "style=" not in page
