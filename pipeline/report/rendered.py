"""A report as a page, as Markdown and as JSON.

Whatever stands in a template is made harmless there: whoever adds a line needn't think of it. A page is one
file that fetches nothing and runs nothing, and says so to the browser.
"""

import base64
import hashlib
import json
from dataclasses import asdict
from datetime import datetime, tzinfo
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.desk.words import span
from pipeline.forensics.times import said
from pipeline.report import plots
from pipeline.report.layout import HEIGHT_OF_BOX, laid
from pipeline.report.model import Report
from pipeline.report.words import latencies
from pipeline.safe_text import clean, markdown

STATES: Final = {
    "failed": "failed",
    "silent": "silent: nothing was heard of it",
    "touched": "lost something",
    "well": "nothing happened to it",
}


def html(report: Report, zone: tzinfo) -> str:
    """Return a page with its pictures in it."""
    pages = _pages()
    style, _, _ = pages.loader.get_source(pages, "page.css")  # type: ignore[union-attr]  # it has one
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # the pictures are our own drawings; the text in them was escaped by whoever drew it
    drawn = {
        name: Markup(picture) if picture is not None else None  # noqa: S704
        for name, picture in (
            ("incidents", plots.incidents(report, zone)),
            ("redundancy", plots.redundancy(report, zone)),
            ("moves", plots.moves(report, zone)),
        )
    }
    return pages.get_template("page.html.j2").render(
        report=report,
        picture=laid(report.topology),
        box_height=HEIGHT_OF_BOX,
        drawn=drawn,
        style=Markup(style),  # noqa: S704  # ours
        style_hash=digest,
        **_words(report, zone),
    )


def as_markdown(report: Report, zone: tzinfo) -> str:
    """Return the same as Markdown, the pictures as tables."""
    return _texts().get_template("page.md.j2").render(report=report, **_words(report, zone))


def as_json(report: Report, zone: tzinfo) -> str:
    """Return the same as JSON, for programs: texts as they were said, times as ISO 8601."""
    whole = {"made_by": _program(), **asdict(report)}
    return f"{json.dumps(whole, indent=2, default=lambda one: _time(one, zone))}\n"


def _words(report: Report, zone: tzinfo) -> dict[str, object]:
    return {
        "time": lambda time: said(time, zone),
        "clock": lambda time: f"{time.astimezone(zone):%H:%M:%S}.{time.microsecond // 1000:03}",
        "length": lambda since, until: span(until - since),
        "zone": f"{report.since.astimezone(zone):%Z}",
        "latencies": latencies(report.incidents),
        "made_by": _program(),
        "states": STATES,
    }


@cache
def _pages() -> Environment:
    return Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=True,
        finalize=lambda one: one if isinstance(one, Markup) else clean(one),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _texts() -> Environment:
    return Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=False,  # noqa: S701  # no HTML: all that is put in is escaped for Markdown instead
        finalize=lambda one: one if isinstance(one, Markup) else markdown(one),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _time(one: object, zone: tzinfo) -> str:
    if isinstance(one, datetime):
        return said(one, zone)
    raise TypeError(f"{type(one).__name__} is no part of a report")


def _program() -> str:
    try:
        return f"fabricscope {version('fabricscope')}"
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "fabricscope (source tree)"
