"""Nothing that a device says runs, is fetched, computed or obeyed, wherever it is shown."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

import fabricscope
from pipeline.alerts.alert import Links, annotations, labels
from pipeline.alerts.standing import Standing
from pipeline.desk.reading import from_store
from pipeline.report.rendered import as_json, as_markdown, html
from pipeline.report.wanted import Wanted
from tests.pipeline.report.browser import Asked, listening, visit
from tests.pipeline.report.conftest import report_of
from tests.pipeline.report.planted import MARK, names

pytestmark = [pytest.mark.slow, pytest.mark.services]
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CODE = {
    "script",
    "iframe",
    "object",
    "embed",
    "img",
    "image",
    "link",
    "a",
    "form",
    "base",
    "foreignobject",
    "use",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Asked]:
    with listening() as asked:
        yield asked


@pytest.fixture(scope="module")
def store(planted: Callable[[str], Path], server: Asked) -> Path:
    return planted(server.address)


@pytest.fixture(scope="module")
def whole(store: Path) -> Wanted:
    assert store.exists()
    return Wanted(None, "2026-11-22T10:38:00Z", "2026-11-22T10:47:30Z", None)


class Elements(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def said(store: Path, *arguments: str) -> str:
    """Return what a command prints."""
    words = [*arguments, "--store", str(store)]
    result = CliRunner().invoke(fabricscope.command_line(words), words, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_a_browser_would_run_and_fetch_what_is_planted(server: Asked, tmp_path: Path) -> None:
    page = tmp_path / "bare.html"
    page.write_text("".join(names(server.address)[name] for name in ("s1", "s2", "l3")))
    seen = visit(page, tmp_path / "profile")
    assert f"<title>{MARK}</title>" in seen.dom
    assert f"/{MARK}" in server.paths
    server.paths.clear()


def test_nothing_runs_and_nothing_is_fetched_in_a_report(
    store: Path, whole: Wanted, server: Asked, tmp_path: Path
) -> None:
    report = report_of(store, whole)
    page = tmp_path / "report.html"
    page.write_text(html(report, UTC), "utf-8")
    seen = visit(page, tmp_path / "profile")
    assert "<title>What was in verdicts</title>" in seen.dom
    assert server.paths == []
    assert seen.complaints == ""
    found = Elements()
    found.feed(seen.dom)
    assert not found.tags & CODE
    assert not [
        name for name in found.attributes if name.startswith("on") or name in ("style", "src", "href")
    ]
    for name in ("s1", "s2", "l2", "l3"):
        assert names(server.address)[name] in found.text
    assert not CONTROL.search(found.text)


def test_markdown_shows_what_was_said(store: Path, whole: Wanted) -> None:
    report = report_of(store, whole)
    text = as_markdown(report, UTC)
    assert MARK in text
    assert not CONTROL.search(text)
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text)
    kinds = {token.type for block in tokens for token in (block, *(block.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline", "strong_open"}
    columns = [
        len(line.replace("\\|", "").split("|")) for line in text.splitlines() if line.startswith("| 10:")
    ]
    assert set(columns) <= {4, 6}


def test_json_keeps_what_was_said_and_no_terminal_obeys_it(store: Path, whole: Wanted, server: Asked) -> None:
    text = as_json(report_of(store, whole), UTC)
    assert not CONTROL.search(text)
    nodes = [node["name"] for node in json.loads(text)["topology"]["nodes"]]
    assert names(server.address)["l1"] in nodes


@pytest.mark.parametrize(
    "command",
    [
        ["incident", "list", "--all"],
        ["diff", "2026-11-22T10:42:40Z", "2026-11-22T10:43:00Z"],
        ["diff", "2026-11-22T10:42:40Z", "2026-11-22T10:43:00Z", "--json"],
    ],
)
def test_a_terminal_obeys_nothing(store: Path, command: list[str]) -> None:
    text = said(store, *command)
    assert MARK in text
    assert not CONTROL.search(text)


def test_a_spreadsheet_computes_nothing(store: Path) -> None:
    text = said(store, "diff", "2026-11-22T10:42:40Z", "2026-11-22T10:43:00Z", "--csv")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert any(MARK in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


def test_alerts_hold_nothing_that_is_obeyed(store: Path) -> None:
    standing = [Standing.of(seen.row) for seen in from_store(store, frozenset()).values()]
    told = [
        text
        for one in standing
        for _, text in (*labels(one, one.rule, one.name, one.severity), *annotations(one, Links()))
    ]
    assert any(MARK in text for text in told)
    assert not [text for text in told if CONTROL.search(text)]
