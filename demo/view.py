"""The live view: one frame of it, a pure function of what is known at that moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from textwrap import wrap
from typing import Final

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from demo.findings import Finding, Found
from demo.fleet import UP, Fleet, Target
from demo.truth import Deed
from demo.words import deed_words, plain, seconds, step_words, told_or_not

NARROW: Final = 100
"""Below this width the panels stand above each other."""
_ACTIVE_S: Final = 10.0
"""How long something done to a host is shown as going on, in seconds of the recording."""
STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
_STATES: Final = {UP: "green", "SYNCING": "cyan", "CONNECTING": "yellow", "STALE": "magenta"}
_BORDERS: Final = 2
_CELL: Final = 38
"""Columns that a target takes."""
_MOST_LINES: Final = 4
"""Lines of targets."""
_INDENT: Final = 8
"""Width of an incident's second and mark; its sentence stands below what follows them."""


@dataclass(frozen=True)
class Health:
    """How the replica is doing."""

    records: int = 0
    """Records in the store."""
    records_per_s: float = 0.0
    updates: int = 0
    """gNMI updates and deletes among them."""
    lag: int | None = 0
    """Records published and not yet in the store; None: nobody can tell."""
    stream_time: datetime | None = None
    fresh: int | None = 0
    """Observers that were heard of and say what is; None: nobody can tell."""
    observers: int = 0
    dead_letters: int = 0


@dataclass(frozen=True)
class Scene:
    """What is known at one moment."""

    recording: str
    speed: float
    zero: float
    """Unix seconds that second 0 stands for."""
    now: float
    """Unix seconds that playing has reached."""
    end: float | None
    """Unix seconds of the recording's end, None if it doesn't say."""
    deeds: Sequence[Deed] = ()
    asides: int = 0
    """Things done to hosts that are as they should be, and are only counted."""
    fleet: Fleet | None = None
    """The collector's targets; None: there is no collector, a recording is played."""
    found: Found = field(default_factory=Found)
    health: Health = field(default_factory=Health)

    def at(self, time: float) -> float:
        """Return a time as seconds into the recording."""
        return time - self.zero


def frame(scene: Scene, width: int, height: int) -> RenderableType:
    """Return the view, to be rendered on ``width`` columns and ``height`` lines."""
    layout = Layout()
    body, left, right = Layout(name="body"), Layout(name="done"), Layout(name="found")
    below = [Layout(_health(scene), size=3)]
    if scene.fleet is not None:
        shown = _fleet(scene.fleet, width)
        lines = -(-len(scene.fleet.targets) // _across(width)) or 1
        below.insert(0, Layout(shown, size=min(lines, _MOST_LINES) + _BORDERS))
    layout.split_column(Layout(_header(scene), size=1), body, *below)
    inside = height - 1 - sum(one.size or 0 for one in below)
    if width < NARROW:
        upper = max(5, inside * 2 // 5)
        left.size = upper
        body.split_column(left, right)
        rows = (upper - _BORDERS, max(1, inside - upper - _BORDERS))
    else:
        body.split_row(left, right)
        rows = (max(1, inside - _BORDERS), max(1, inside - _BORDERS))
    left.update(Panel(_deeds(scene, rows[0]), title="at second: done to the fabric", title_align="left"))
    open_now = len(scene.found.now)
    title = f"since second: open incidents ({open_now})"
    columns = (width if width < NARROW else width // 2) - 2 * _BORDERS
    right.update(Panel(_incidents(scene, rows[1], columns), title=title, title_align="left"))
    return layout


def _header(scene: Scene) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, justify="right")
    now = scene.at(scene.now)
    paced = "" if scene.speed == 1 else f" at {scene.speed:g}x"
    title = Text.assemble((" fabricscope ", "reverse"), f" {plain(scene.recording)}{paced}")
    if scene.end is None:
        line.add_row(title, "", f"{max(0.0, now):.0f} s")
    else:
        total = max(scene.at(scene.end), 1.0)
        bar = ProgressBar(total=total, completed=min(max(now, 0.0), total), complete_style="cyan")
        line.add_row(title, bar, f"{max(0.0, now):.0f} of {total:.0f} s")
    return line


def _deeds(scene: Scene, rows: int) -> RenderableType:
    """Return the deeds, what was done last on top."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    if scene.asides:
        rows -= 1
    latest = sorted(scene.deeds, key=lambda deed: deed.steps[-1].time, reverse=True)
    used = 0
    for deed in latest:
        active = _active(deed, scene.now)
        step, label = deed.steps[-1], deed.steps[-1].text("label")
        lines = [(deed_words(deed), "bold" if active else "dim")]
        if active:
            last = step_words(step) if deed.of_hosts else None
            detail = "; ".join(plain(text) for text in (last, label) if text)
            if detail:
                lines.append((f"  {detail}", ""))
        if used + len(lines) > rows:
            break
        used += len(lines)
        for number, (line, style) in enumerate(lines):
            when = seconds(scene.at(step.time)) if not number else ""
            table.add_row(Text(when, style="bold" if active else "dim"), Text(line, style=style))
    if scene.asides:
        table.add_row("", Text(f"besides: {scene.asides} times a host came, went or moved once", style="dim"))
    return table if latest or scene.asides else Text("nothing yet", style="dim")


def _active(deed: Deed, now: float) -> bool:
    return deed.end is None or now - deed.end < _ACTIVE_S


def _incidents(scene: Scene, rows: int, columns: int) -> RenderableType:
    """Return the open incidents, with as much of their sentences as fits, and below them what is resolved."""
    opened = scene.found.now
    depths = (_told(scene, opened, columns, depth) for depth in (2, 1, 0))
    told = next((lines for lines in depths if len(lines) <= rows), None)
    if told is None:
        more = Text(f"and {len(opened) - rows + 1} more", style="yellow")
        told = [*_told(scene, opened[: rows - 1], columns, 0), more]
    for finding in scene.found.over[: rows - len(told)]:
        mark = Text("\N{CHECK MARK} ", style="green")
        told.append(_line(scene.at(finding.until or 0), mark, finding, "dim").append(" resolved", "dim"))
    return Group(*told) if told else Text("none so far", style="dim")


def _told(scene: Scene, opened: Sequence[Finding], columns: int, depth: int) -> list[Text]:
    """Return incidents with up to ``depth`` lines of their sentences."""
    lines = []
    for finding in opened:
        style = STYLES.get(finding.severity, "")
        mark = Text("\N{BLACK CIRCLE} ", style=style)
        lines.append(_line(scene.at(finding.found), mark, finding, style))
        wrapped = wrap(plain(finding.summary), columns - _INDENT)
        kept = [*wrapped[: depth - 1], " ".join(wrapped[depth - 1 :])] if depth else []
        lines += [Text(f"{' ' * _INDENT}{line}", no_wrap=True, overflow="ellipsis") for line in kept if line]
    return lines


def _line(time: float, mark: Text, finding: Finding, style: str) -> Text:
    rule = finding.lowered_to or finding.rule
    name = "" if finding.lowered_to else finding.name
    parts = " ".join(part for part in (rule, name) if part)
    line = Text(f"{seconds(time):>5} ", no_wrap=True, overflow="ellipsis")
    return line.append(mark).append(parts, style).append(f" {plain(finding.subject)}")


def _across(width: int) -> int:
    """Return how many targets stand beside each other."""
    return max(1, (width - 2 * _BORDERS) // _CELL)


def _fleet(fleet: Fleet, width: int) -> RenderableType:
    """Return the targets, as many as there is room for."""
    across = _across(width)
    room = across * _MOST_LINES
    shown = fleet.targets if len(fleet.targets) <= room else fleet.targets[: room - 1]
    cells = [_target(target) for target in shown]
    if len(shown) < len(fleet.targets):
        cells.append(Text(f"and {len(fleet.targets) - len(shown)} more", style="dim"))
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in range(across):
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for start in range(0, len(cells), across):
        grid.add_row(*cells[start : start + across])
    title = f"collector: {fleet.up} of {fleet.streams} gNMI streams in step"
    if fleet.waiting:
        title += f", {fleet.waiting} records wait for Kafka"
    return Panel(grid, title=title, title_align="left", style="" if fleet.in_step else "yellow")


def _target(target: Target) -> Text:
    colour = _STATES.get(target.state, "red")
    line = Text.assemble(("\N{BLACK CIRCLE} ", colour), (plain(target.name), "default"))
    if target.state == UP:
        return line.append(f" {target.records_per_s:.1f} records/s", "dim")
    return line.append(f" {target.state} {plain(target.reason)}", colour)


def _health(scene: Scene) -> RenderableType:
    health, now = scene.health, scene.health.stream_time
    told = [
        f"{health.records_per_s:.0f} records/s",
        f"{health.updates} updates",
        f"lag {told_or_not(health.lag)}",
        f"{len(scene.found.now)} open",
        f"{told_or_not(health.fresh)} of {health.observers} observers fresh",
    ]
    if health.dead_letters:
        told.append(f"{health.dead_letters} dead letters")
    text = Text(" \N{MIDDLE DOT} ".join(told), no_wrap=True, overflow="ellipsis")
    if health.fresh is None or health.fresh < health.observers:
        text.highlight_regex(r"[-\d]+ of \d+ observers fresh", "yellow")
    when = (
        "that has read nothing yet" if now is None else f"at {now.astimezone(UTC):%H:%M:%S} UTC, stream time"
    )
    return Panel(text, title=f"replica {when}", title_align="left")
