"""What all plots of a report have in common: one time axis, room for labels, how they are drawn."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import vl_convert

from pipeline.report.model import Report
from pipeline.safe_text import clean

Spec = dict[str, Any]  # Any: Vega-Lite
_LABELS: Final = 235
"""Of the vertical axis: so wide in all plots, that times are above each other."""
_VERSION: Final = "5.21"
_FOCUS: Final = "#f0f0f0"


def focus(report: Report, zone: tzinfo, labelled: bool = True) -> Spec:
    """Return the ground of the time that the report is about."""
    since, until = (text_of(time, zone) for time in report.focus)
    return {
        "data": {"values": [{"since": since, "until": until}]},
        "mark": {"type": "rect", "color": _FOCUS},
        "encoding": {"x": x_of(report, zone, "since", labelled=labelled), "x2": {"field": "until"}},
    }


def x_of(report: Report, zone: tzinfo, name: str, *, labelled: bool = True) -> Spec:
    """Return the time axis for a field."""
    length = report.until - report.since
    form = "%H:%M:%S" if length < timedelta(minutes=15) else "%H:%M"
    if length >= timedelta(days=1):
        form = "%d %b %H:%M"
    axis: Spec = {"format": form, "tickCount": 8, "labelOverlap": True, "grid": True, "gridColor": "#e0e0e0"}
    title = f"time, {_zone(report.since, zone)}" if labelled else None
    return {
        "field": name,
        "type": "temporal",
        "scale": {"type": "utc", "domain": [text_of(report.since, zone), text_of(report.until, zone)]},
        "axis": {**axis, "title": title, "labels": labelled},
    }


def labels() -> Spec:
    """Return the vertical axis."""
    return {"minExtent": _LABELS, "maxExtent": _LABELS, "labelLimit": _LABELS - 35, "grid": False}


def ticks(most: int) -> Sequence[int]:
    """Return the numbers at an axis of whole numbers."""
    return list(range(most + 1)) if most <= 4 else [0, most // 2, most]


def text_of(time: datetime, zone: tzinfo) -> str:
    """Return a time as clocks of the zone show it, which the plot takes for UTC."""
    return f"{time.astimezone(zone).replace(tzinfo=None).isoformat()}Z"


def _zone(time: datetime, zone: tzinfo) -> str:
    return f"{time.astimezone(zone):%Z}"


def fit(text: str) -> str:
    """Return a text of others that fits."""
    text = clean(text)
    return text if len(text) <= 80 else f"{text[:79]}…"


def svg(spec: Spec) -> str:
    """Return a plot as SVG."""
    config: Spec = {
        "font": "Arial, Helvetica, sans-serif",
        "background": None,
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelColor": "#222222",
        },
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
        "scale": {"bandPaddingInner": 0.2},
    }
    drawn: str = vl_convert.vegalite_to_svg({**spec, "config": config}, vl_version=_VERSION)
    return drawn
