"""The table at the end: what was done to the fabric, what was found, when, and how long after."""

from collections.abc import Sequence
from itertools import zip_longest

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from demo.findings import Finding, Found
from demo.matching import Consequence, Outcome, outcomes, waits
from demo.truth import Deed
from demo.view import STYLES
from demo.words import deed_words, plain, seconds, span

Cells = tuple[Text, ...]
"""What was found, at, after, resolved; those behind the last one are empty."""


def report(recording: str, zero: float, deeds: Sequence[Deed], found: Found) -> RenderableType:
    """Return the table of all that was done and found, with what is worth knowing below it.

    Times are seconds after ``zero``, which is in unix seconds.
    """
    results, unexplained = outcomes(deeds, found)
    table = Table(
        title=f"{plain(recording)}: what was done and what was found",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("second", justify="right", no_wrap=True)
    table.add_column("done to the fabric", ratio=11)
    table.add_column("found", ratio=10)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
    table.add_column("resolved", justify="right", no_wrap=True)
    for outcome in results:
        _add(table, outcome, zero)
    for finding in unexplained:
        what = _what(finding, finding.subject)
        table.add_row("", Text("nothing that is told of", style="dim"), what, *_times(finding, zero))
    return Group(table, *(Text(note, style="dim") for note in _notes(results, unexplained, found)))


def _add(table: Table, outcome: Outcome, zero: float) -> None:
    """Add a deed: its lines on the left, beside them a finding each, so that both stay short."""
    deed = outcome.deed
    done = [Text(deed_words(deed)), *(Text(plain(label), style="dim") for label in deed.labels)]
    found = [_found(consequence, zero) for consequence in outcome.consequences] or _nothing(outcome.verdict)
    when = span(deed.start - zero, None if deed.end is None else deed.end - zero)
    for number, (left, right) in enumerate(zip_longest(done, found, fillvalue=None)):
        table.add_row("" if number else when, left or "", *(right or ()))


def _found(consequence: Consequence, zero: float) -> Cells:
    finding = consequence.finding
    what = _what(finding, finding.mac or finding.subject)  # the VNI is the deed's
    if consequence.by_time:
        what.append(" (by time alone)", style="dim not bold")
    return what, *_times(finding, zero, consequence.after_s)


def _nothing(verdict: str | None) -> list[Cells]:
    if verdict is None:
        return [(Text("-"),)]
    return [(Text("nothing, as it should be", style="green"),), (Text(verdict, style="dim"),)]


def _what(finding: Finding, subject: str) -> Text:
    what = Text(f"{finding.rule} {finding.name}", style=STYLES.get(finding.severity, ""))
    return what.append(f" {plain(subject)}", style="default not bold")


def _times(finding: Finding, zero: float, after_s: float | None = None) -> Cells:
    end = Text("open", "yellow") if finding.until is None else Text(seconds(finding.until - zero))
    after = Text("" if after_s is None else f"{after_s:.1f} s")
    return Text(seconds(finding.found - zero)), after, end


def _notes(results: Sequence[Outcome], unexplained: Sequence[Finding], found: Found) -> list[str]:
    notes = [
        "Times are seconds into the recording. after: since the deed, or its last step before the finding."
    ]
    waiting = waits(found.findings)
    if waiting:
        rules = ", ".join(f"{rule} {wait:.0f} s" for rule, wait in waiting.items())
        notes.append(f"Part of it is the wait that a rule prescribes before it speaks: {rules}.")
    explained = sum(len(outcome.consequences) for outcome in results)
    notes.append(
        f"{len(results)} deeds; {explained} findings that follow from one, {len(unexplained)} that don't."
    )
    if any(not outcome.consequences and outcome.verdict is None for outcome in results):
        notes.append("-: nothing was found, and nobody can say from the rules alone whether that is right.")
    return notes
