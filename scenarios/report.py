"""Tables of how well the rules do, for a terminal and as docs/detection-quality.md."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.table import Table

Quality = Mapping[str, Any]  # Any: JSON, as scenarios.quality.summary makes it

_RULE_COLUMNS: Final = ("rule", "expected", "found", "missed", "wrong", "false", "p50 s", "p99 s")
_HEAD: Final = """\
# Detection quality

How the rules do on the scenarios of `scenarios/library` and on the recordings. `make score` makes this page,
and a test fails when it gets worse. [scenarios.md](scenarios.md) says how a scenario is written.

- **found**: told in the time that the scenario says, at most 5 s after the rule can decide;
- **missed**: not so;
- **wrong**: found, but it resolves, is raised or is explained otherwise than it has to;
- **false**: nobody expected it, or it was told before it could be true.

Latency counts from the moment at which the rule can decide, behind the waiting times that it prescribes.

"""


def rule_table(quality: Quality) -> Table:
    """Return the figures per rule for a terminal."""
    table = Table(title="per rule")
    for name in _RULE_COLUMNS:
        table.add_column(name, justify="left" if name == "rule" else "right")
    for cells in _rule_rows(quality):
        table.add_row(*cells)
    return table


def scenario_table(quality: Quality) -> Table:
    """Return what came of each scenario for a terminal: its figures and a line for all that is not right."""
    table = Table(title="per scenario")
    for name in ("scenario", "expected", "found", "not right"):
        table.add_column(name, justify="right" if name in ("expected", "found") else "left")
    for name, one in quality["scenarios"].items():
        table.add_row(name, str(one["expected"]), str(one["found"]), "\n".join(_troubles(one)))
    return table


def page(quality: Quality, meanings: Mapping[str, str]) -> str:
    """Return docs/detection-quality.md; ``meanings`` by scenario."""
    lines = [_HEAD, "## Per rule", "", _row(_RULE_COLUMNS), _row(["---"] * len(_RULE_COLUMNS))]
    lines += [_row(cells) for cells in _rule_rows(quality)]
    lines += ["", "## Per scenario", ""]
    lines += [_row(("scenario", "what", "expected", "found", "not right")), _row(["---"] * 5)]
    for name, one in quality["scenarios"].items():
        troubles = "<br>".join(map(_escaped, _troubles(one)))
        cells = (f"`{name}`", _escaped(meanings.get(name, "")), str(one["expected"]), str(one["found"]))
        lines.append(_row((*cells, troubles)))
    return "\n".join(lines) + "\n"


def _rule_rows(quality: Quality) -> Iterator[tuple[str, ...]]:
    rules = quality["rules"]
    for rule, one in rules.items():
        counts = [one[name] for name in ("expected", "found", "missed", "wrong", "false")]
        yield (rule, *map(str, counts), _seconds(one["latency_p50_s"]), _seconds(one["latency_p99_s"]))
    counts = [sum(one[name] for one in rules.values()) for name in _RULE_COLUMNS[1:6]]
    yield ("all", *map(str, counts), "", "")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _troubles(one: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"missed: {label}: {why}" for label, why in one["missed"].items())
    yield from (f"wrong: {label}: {why}" for label, why in one["wrong"].items())
    yield from (f"false: {text}" for text in one["false"])


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
