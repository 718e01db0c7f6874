"""Plots of a report as SVG: incidents, redundancy and moves over one and the same time axis.

Vega-Lite draws them, offline. Colours are those of Okabe and Ito, which can be told apart by everybody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import vl_convert

from pipeline.report.model import Moves, Redundancy, Report, Told
from pipeline.safe_text import clean

_WIDTH: Final = 840
_LABELS: Final = 235
"""Of the vertical axis: so wide in all plots, that times are above each other."""
_LINE: Final = 22
MOST_BARS: Final = 40
"""Incidents that are drawn."""
_VERSION: Final = "5.21"
SEVERITIES: Final = {"critical": "#D55E00", "warning": "#E69F00", "info": "#56B4E9"}
_BLUE: Final = "#0072B2"
_GREEN: Final = "#009E73"
_GREY: Final = "#767676"
_FOCUS: Final = "#f0f0f0"
Spec = dict[str, Any]  # Any: Vega-Lite


def incidents(report: Report, zone: tzinfo) -> str | None:
    """Return when incidents were open, and from when they were known; None without any."""
    shown = (*report.incidents, *report.beside)[:MOST_BARS]
    if not shown:
        return None
    bars = [_bar(one, report, zone) for one in shown]
    order = [bar["label"] for bar in bars]
    y = {
        "field": "label",
        "type": "nominal",
        "sort": order,
        "axis": {**_labels(), "title": None, "domain": False, "ticks": False},
    }
    colour = {
        "field": "severity",
        "type": "nominal",
        "scale": {"domain": list(SEVERITIES), "range": list(SEVERITIES.values())},
        "legend": {"title": "severity", "orient": "top"},
    }
    layers: list[Spec] = [
        _focus(report, zone),
        {
            "data": {"values": bars},
            "mark": {"type": "bar", "height": 12},
            "encoding": {
                "x": _x(report, zone, "began"),
                "x2": {"field": "ended"},
                "y": y,
                "color": colour,
                "opacity": {"field": "weight", "type": "quantitative", "scale": None, "legend": None},
            },
        },
        {
            "data": {"values": [bar for bar in bars if bar["known"] is not None]},
            "mark": {"type": "tick", "color": "#000000", "thickness": 2, "height": 16},
            "encoding": {"x": _x(report, zone, "known"), "y": y},
        },
    ]
    return _svg({"width": _WIDTH, "height": _LINE * len(bars), "layer": layers})


def redundancy(report: Report, zone: tzinfo) -> str | None:
    """Return how many of the things that stand in for each other worked; None where all did."""
    if not report.redundancy:
        return None
    last = len(report.redundancy) - 1
    return _svg(
        {
            "vconcat": [_steps(one, report, zone, at == last) for at, one in enumerate(report.redundancy)],
            "spacing": 16,
        }
    )


def moves(report: Report, zone: tzinfo) -> str | None:
    """Return how often MACs moved; None if none did."""
    told: Moves = report.moves
    if not told.counts:
        return None
    minutes = told.bucket_s / 60
    length = timedelta(seconds=told.bucket_s)
    bars = [
        {
            "begin": _text(max(begin, report.since), zone),
            "end": _text(min(begin + length, report.until), zone),
            "moves": count / minutes,
        }
        for begin, count in told.counts
    ]
    title = "moves per minute" if told.bucket_s == 60 else f"moves per minute, mean of {minutes:g} min"
    bar: Spec = {
        "data": {"values": bars},
        "mark": {"type": "bar", "color": _GREEN},
        "encoding": {
            "x": _x(report, zone, "begin"),
            "x2": {"field": "end"},
            "y": {
                "field": "moves",
                "type": "quantitative",
                "scale": {"domainMin": 0},
                "axis": {**_labels(), "title": title, "tickCount": 4},
            },
            "y2": {"datum": 0},
        },
    }
    return _svg({"width": _WIDTH, "height": 130, "layer": [_focus(report, zone), bar]})


def _steps(one: Redundancy, report: Report, zone: tzinfo, labelled: bool) -> Spec:
    points = [{"time": _text(time, zone), "up": up} for time, up in one.points]
    y = {
        "field": "up",
        "type": "quantitative",
        "scale": {"domain": [0, one.most]},
        "axis": {**_labels(), "title": None, "values": _ticks(one.most), "format": "d"},
    }
    x = _x(report, zone, "time", labelled=labelled)
    line: Spec = {
        "data": {"values": points},
        "mark": {
            "type": "area", "interpolate": "step-after", "color": _BLUE, "opacity": 0.25,
            "line": {"color": _BLUE, "strokeWidth": 2},
        },
        "encoding": {"x": x, "y": y},
    }  # fmt: skip
    title = {"text": f"{_fit(one.name)}: {one.of}, of {one.most}", "anchor": "start", "fontSize": 12}
    return {"width": _WIDTH, "height": 56, "title": title, "layer": [_focus(report, zone, labelled), line]}


def _bar(one: Told, report: Report, zone: tzinfo) -> Spec:
    begin, end = max(one.began, report.since), min(one.resolved or report.until, report.until)
    known = report.since <= one.detected <= report.until
    return {
        "label": _fit(f"{one.short} {one.rule} {one.label}"),
        "began": _text(begin, zone),
        "ended": _text(end, zone),
        "known": _text(one.detected, zone) if known else None,
        "severity": one.severity,
        "weight": 1 if one in report.incidents else 0.35,
    }


def _focus(report: Report, zone: tzinfo, labelled: bool = True) -> Spec:
    since, until = (_text(time, zone) for time in report.focus)
    return {
        "data": {"values": [{"since": since, "until": until}]},
        "mark": {"type": "rect", "color": _FOCUS},
        "encoding": {"x": _x(report, zone, "since", labelled=labelled), "x2": {"field": "until"}},
    }


def _x(report: Report, zone: tzinfo, name: str, *, labelled: bool = True) -> Spec:
    length = report.until - report.since
    form = "%H:%M:%S" if length < timedelta(minutes=15) else "%H:%M"
    if length >= timedelta(days=1):
        form = "%d %b %H:%M"
    axis: Spec = {"format": form, "tickCount": 8, "labelOverlap": True, "grid": True, "gridColor": "#e0e0e0"}
    title = f"time, {_zone(report.since, zone)}" if labelled else None
    return {
        "field": name,
        "type": "temporal",
        "scale": {"type": "utc", "domain": [_text(report.since, zone), _text(report.until, zone)]},
        "axis": {**axis, "title": title, "labels": labelled},
    }


def _labels() -> Spec:
    return {"minExtent": _LABELS, "maxExtent": _LABELS, "labelLimit": _LABELS - 35, "grid": False}


def _ticks(most: int) -> Sequence[int]:
    return list(range(most + 1)) if most <= 4 else [0, most // 2, most]


def _text(time: datetime, zone: tzinfo) -> str:
    """Return a time as clocks of the zone show it, which the plot takes for UTC."""
    return f"{time.astimezone(zone).replace(tzinfo=None).isoformat()}Z"


def _zone(time: datetime, zone: tzinfo) -> str:
    return f"{time.astimezone(zone):%Z}"


def _fit(text: str) -> str:
    text = clean(text)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _svg(spec: Spec) -> str:
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
