"""The pages of ``docs/rules``: one per rule, made from the rule and its guide."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from pipeline.detect import PARAMETERS, RULES
from pipeline.detectors import Rule
from pipeline.guides import Guide
from pipeline.guides.registry import GUIDES

INDEX: Final = "README.md"
_ALL: Final = "fabric, VNI, segment"
_NOTE: Final = "<!-- made by `make rules`: change the rule or its guide instead -->\n\n"


def pages() -> Mapping[str, str]:
    """Return the text of each page by its file name, the index among them."""
    shown = {rule: GUIDES[rule] for rule in sorted(RULES, key=_by_letter) if rule in GUIDES}
    found = {f"{rule}.md": page(RULES[rule], guide) for rule, guide in shown.items()}
    return {INDEX: _index(shown), **found}


def page(rule: Rule, guide: Guide) -> str:
    """Return the page of one rule as Markdown."""
    return _NOTE + "\n".join(_lines(rule, guide)) + "\n"


def _lines(rule: Rule, guide: Guide) -> Iterator[str]:
    yield f"# {rule.id} {rule.name}"
    yield f"\n{guide.meaning}\n"
    about = ", ".join(f"`{name}`" for name in guide.subject) or "the fabric as a whole"
    yield f"- **Opens:** {guide.opens}"
    yield f"- **Clears:** {guide.clears}"
    yield f"- **Is about:** {about}"
    yield f"- **Incident:** {_incident(rule)}"
    yield f"- **Source:** {guide.source}"
    yield f"\n## Look first\n\n{guide.look_first}"
    yield "\n## Likely causes\n"
    yield from (f"{number}. {cause}" for number, cause in enumerate(guide.causes, start=1))
    if guide.commands:
        yield "\n## Next commands\n"
        yield "What stands in braces is filled in by `fabricscope incident show`.\n"
        yield from (f"- {command.system}: `{command.text}`" for command in guide.commands)
    yield "\n## Thresholds\n"
    yield "To be set in the file for `--settings`.\n"
    yield "| name | default | unit | from | to | per |\n|---|---|---|---|---|---|"
    for it in PARAMETERS:
        if it.rule == rule.id:
            per = "fabric, VNI" if it.per_vni else "fabric"
            yield f"| `{it.name}` | {it.default:g} | {it.unit} | {it.least:g} | {it.most:g} | {per} |"
    for name, seconds, meaning in (
        ("wait_s", _seconds(rule.wait), "must hold so long before it opens"),
        ("clear_s", _seconds(rule.clear), "must be over so long before it clears"),
    ):
        yield f"| `{name}` | {seconds} | s: {meaning} | 0 | 604800 | {_ALL} |"


def _incident(rule: Rule) -> str:
    if rule.rank == 0:
        return "none of its own; it is kept as a finding"
    family = [each for each in RULES.values() if each.family == rule.family and each.rank]
    others = [f"[{each.id}]({each.id}.md)" for each in sorted(family, key=lambda it: it.rank) if each != rule]
    if not others:
        return "one per subject"
    order = " < ".join(f"{each.id}" for each in sorted(family, key=lambda it: it.rank))
    return f"one per subject, together with {', '.join(others)}; a stronger rule raises it ({order})"


def _index(shown: Mapping[str, Guide]) -> str:
    rows = [
        f"| [{rule}]({rule}.md) | {RULES[rule].name} | {guide.meaning.partition('. ')[0].rstrip('.')} |"
        for rule, guide in shown.items()
    ]
    head = [
        "# Rules\n\nWhat fabricscope finds, one page per rule.\n",
        "| rule | name | what is wrong |\n|---|---|---|",
    ]
    return _NOTE + "\n".join([*head, *rows]) + "\n"


def _by_letter(rule: str) -> tuple[str, int, str]:
    letters = rule.rstrip("0123456789")
    return letters, int(rule.removeprefix(letters) or 0), rule


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():g}"
