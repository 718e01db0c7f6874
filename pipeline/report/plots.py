"""Plots of a report as SVG: incidents, redundancy and moves over one and the same time axis.

Vega-Lite draws them, offline. Colours are those of Okabe and Ito, which can be told apart by everybody.
"""

from datetime import timedelta, tzinfo
from typing import Final

from pipeline.report.axes import Spec, fit, focus, labels, svg, text_of, ticks, x_of
from pipeline.report.model import Moves, Redundancy, Report, Told

_WIDTH: Final = 840
_LINE: Final = 22
MOST_BARS: Final = 40
"""Incidents that are drawn."""
SEVERITIES: Final = {"critical": "#D55E00", "warning": "#E69F00", "info": "#56B4E9"}
_BLUE: Final = "#0072B2"
_GREEN: Final = "#009E73"


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
        "axis": {**labels(), "title": None, "domain": False, "ticks": False},
    }
    colour = {
        "field": "severity",
        "type": "nominal",
        "scale": {"domain": list(SEVERITIES), "range": list(SEVERITIES.values())},
        "legend": {"title": "severity", "orient": "top"},
    }
    layers: list[Spec] = [
        focus(report, zone),
        {
            "data": {"values": bars},
            "mark": {"type": "bar", "height": 12},
            "encoding": {
                "x": x_of(report, zone, "began"),
                "x2": {"field": "ended"},
                "y": y,
                "color": colour,
                "opacity": {"field": "weight", "type": "quantitative", "scale": None, "legend": None},
            },
        },
        {
            "data": {"values": [bar for bar in bars if bar["known"] is not None]},
            "mark": {"type": "tick", "color": "#000000", "thickness": 2, "height": 16},
            "encoding": {"x": x_of(report, zone, "known"), "y": y},
        },
    ]
    return svg({"width": _WIDTH, "height": _LINE * len(bars), "layer": layers})


def redundancy(report: Report, zone: tzinfo) -> str | None:
    """Return how many of the things that stand in for each other worked; None where all did."""
    if not report.redundancy:
        return None
    last = len(report.redundancy) - 1
    return svg(
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
            "begin": text_of(max(begin, report.since), zone),
            "end": text_of(min(begin + length, report.until), zone),
            "moves": count / minutes,
        }
        for begin, count in told.counts
    ]
    title = "moves per minute" if told.bucket_s == 60 else f"moves per minute, mean of {minutes:g} min"
    bar: Spec = {
        "data": {"values": bars},
        "mark": {"type": "bar", "color": _GREEN},
        "encoding": {
            "x": x_of(report, zone, "begin"),
            "x2": {"field": "end"},
            "y": {
                "field": "moves",
                "type": "quantitative",
                "scale": {"domainMin": 0},
                "axis": {**labels(), "title": title, "tickCount": 4},
            },
            "y2": {"datum": 0},
        },
    }
    return svg({"width": _WIDTH, "height": 130, "layer": [focus(report, zone), bar]})


def _steps(one: Redundancy, report: Report, zone: tzinfo, labelled: bool) -> Spec:
    points = [{"time": text_of(time, zone), "up": up} for time, up in one.points]
    y = {
        "field": "up",
        "type": "quantitative",
        "scale": {"domain": [0, one.most]},
        "axis": {**labels(), "title": None, "values": ticks(one.most), "format": "d"},
    }
    x = x_of(report, zone, "time", labelled=labelled)
    line: Spec = {
        "data": {"values": points},
        "mark": {
            "type": "area", "interpolate": "step-after", "color": _BLUE, "opacity": 0.25,
            "line": {"color": _BLUE, "strokeWidth": 2},
        },
        "encoding": {"x": x, "y": y},
    }  # fmt: skip
    title = {"text": f"{fit(one.name)}: {one.of}, of {one.most}", "anchor": "start", "fontSize": 12}
    return {"width": _WIDTH, "height": 56, "title": title, "layer": [focus(report, zone, labelled), line]}


def _bar(one: Told, report: Report, zone: tzinfo) -> Spec:
    begin, end = max(one.began, report.since), min(one.resolved or report.until, report.until)
    known = report.since <= one.detected <= report.until
    return {
        "label": fit(f"{one.short} {one.rule} {one.label}"),
        "began": text_of(begin, zone),
        "ended": text_of(end, zone),
        "known": text_of(one.detected, zone) if known else None,
        "severity": one.severity,
        "weight": 1 if one in report.incidents else 0.35,
    }
