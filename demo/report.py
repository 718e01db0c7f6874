"""The table at the end of the live demo: what was done, what had to be found, and what came of it."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from demo.expectations import Checked, Incident, is_good, percentile
from demo.truth import Deed
from demo.view import STYLES
from demo.words import deed_words, plain, seconds, span
from pipeline.detect import RULES


def report(
    scenario: str,
    zero: float,
    deeds: Sequence[Deed],
    *,
    checked: Sequence[Checked],
    unexpected: Sequence[Incident],
    troubles: Sequence[str] = (),
) -> RenderableType:
    """Return the table and the verdict. Times are seconds after ``zero``, which is in unix seconds.

    ``troubles``: what else keeps the verdict from being good, a sentence each.
    """
    table = Table(
        title=f"{plain(scenario)}: what was done and what was found",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("second", justify="right", no_wrap=True)
    table.add_column("done to the fabric", ratio=10)
    table.add_column("had to be found", ratio=9)
    table.add_column("decidable", justify="right", no_wrap=True)
    table.add_column("found after", justify="right", no_wrap=True)
    table.add_column("over", justify="right", no_wrap=True)
    told = [deed for deed in deeds if not deed.plain_life]
    causes = [_cause(one, told) for one in checked]
    for number, deed in enumerate(told):
        done = [Text(deed_words(deed)), *(Text(plain(label), style="dim") for label in deed.labels)]
        found = [_found(one, zero) for one, cause in zip(checked, causes, strict=True) if cause == number]
        found = found or [(Text("nothing", style="green"), "", "", "")]
        when = span(deed.start - zero, None if deed.end is None else deed.end - zero)
        for line in range(max(len(done), len(found))):
            left = done[line] if line < len(done) else ""
            right = found[line] if line < len(found) else ("", "", "", "")
            table.add_row("" if line else when, left, *right)
    if asides := len(deeds) - len(told):
        rest = Text(f"{asides} times a host came, went or moved once", style="dim")
        table.add_row("", rest, Text("nothing", style="green"), "", "", "")
    for one, cause in zip(checked, causes, strict=True):
        if cause is None:
            table.add_row("", "", *_found(one, zero))
    for incident in unexpected:
        what = Text(f"{_named(incident.last['rule'])} {_subject(incident.subject)}", style="bold red")
        table.add_row("", Text("nobody did anything that leads to", style="red"), what, "", "", "")
    return Group(table, *verdict(checked, unexpected, troubles))


def verdict(
    checked: Sequence[Checked], unexpected: Sequence[Incident], troubles: Sequence[str]
) -> list[Text]:
    """Return in lines whether all was found and nothing else, and how soon."""
    wrong = [one for one in checked if one.trouble is not None]
    good = is_good(checked, unexpected, troubles)
    line = Text(f"{len(checked) - len(wrong)} of {len(checked)} as they must be, ")
    line.append(f"{len(unexpected)} that nobody expected", "" if not unexpected else "bold red")
    lines = [Text("\N{CHECK MARK} " if good else "\N{BALLOT X} ", "green" if good else "red").append(line)]
    lines += [Text(f"  {trouble}", "red") for trouble in troubles]
    waits = [max(0.0, one.after_s) for one in checked if one.after_s is not None]
    if waits:
        half, most = percentile(waits, 0.5), percentile(waits, 0.99)
        lines.append(
            Text(
                f"  event to incident, from the moment the rule could decide: p50 {half:.2f} s,"
                f" p99 {most:.2f} s, of {len(waits)}"
            )
        )
    return lines


def _found(one: Checked, zero: float) -> tuple[Text | str, ...]:
    expectation = one.expectation
    severity = "" if one.incident is None else STYLES.get(one.incident.last.get("severity", ""), "")
    what = Text(f"{_named(expectation.rule)} ", style=severity)
    what.append(_subject(expectation.subject), style="default not bold")
    if one.trouble is not None:
        what.append(f" \N{BALLOT X} {one.trouble}", style="bold red")
    after = "" if one.after_s is None else f"{max(0.0, one.after_s):.2f} s"
    over = Text("open", "yellow") if expectation.clears is None else Text(seconds(expectation.clears - zero))
    if one.incident is None:
        over = Text("")
    elif one.incident.state == "open":
        over = Text("open", "yellow")
    return what, seconds(expectation.decidable - zero), after, over


def _cause(one: Checked, deeds: Sequence[Deed]) -> int | None:
    """Return the number of the deed that an expectation's cause is a step of, or follows on."""
    cause = one.expectation.caused
    subject = set(map(str, one.expectation.subject.values()))
    candidates = []
    for number, deed in enumerate(deeds):
        if deed.start > cause:
            continue
        named = any(subject & set(map(str, step.fields.values())) for step in deed.steps)
        candidates.append((named, deed.start, number))
    return max(candidates)[2] if candidates else None


def _named(rule: str) -> str:
    return f"{rule} {RULES[rule].name}" if rule in RULES else rule


def _subject(subject: object) -> str:
    assert isinstance(subject, dict)
    words = [f"VNI {value}" if name == "vni" else str(value) for name, value in subject.items()]
    return plain(" ".join(words))
