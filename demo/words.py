"""Deeds, findings and times in words, safe for any terminal."""

from collections import Counter
from collections.abc import Iterable

from demo.truth import ATTACH, Action, Deed

_DETAILS = ("host", "mac", "node", "leaf", "esi", "ifname", "daemon", "sig", "ip", "vni")


def plain(text: str) -> str:
    """Return text from outside without what a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def deed_words(deed: Deed) -> str:
    """Return what was done to what, from the fields of the actions alone."""
    first = deed.steps[0]
    if first.kind == ATTACH:
        hosts = {step.text("host") or step.text("mac") for step in deed.steps}
        return f"{len(hosts)} hosts attached" if len(hosts) > 1 else plain(f"{hosts.pop()} attached")
    if deed.of_hosts:
        whom = " ".join(name for name in (deed.field("host"), deed.field("mac")) if name)
        return plain(f"{whom}: {_counted(deed.steps)}")
    node, part = first.thing
    whom = " ".join(name for name in (node, part) if name) or " ".join(
        text for name in _DETAILS if (text := first.text(name)) is not None
    )
    return plain(f"{whom}: {_counted(deed.steps)}".removeprefix(": "))


def step_words(action: Action) -> str:
    """Return one action: what and, of a move, from where to where."""
    kind = _kind(action)
    origin, target = action.fields.get("frm"), action.text("to")
    if target is None:
        return plain(kind)
    where = "+".join(map(str, origin)) if isinstance(origin, list) else str(origin or "?")
    return plain(f"{kind} from {where} to {target}")


def told_or_not(number: int | None) -> str:
    """Return a number, or a dash where nobody can tell it."""
    return "-" if number is None else str(number)


def seconds(time: float) -> str:
    """Return seconds to a tenth."""
    return f"{time:.1f}"


def span(start: float, end: float | None) -> str:
    """Return a span of seconds; an end that is None is open."""
    if end is None:
        return f"{start:.0f}-"
    return f"{start:.0f}" if round(start) == round(end) else f"{start:.0f}-{end:.0f}"


def _counted(steps: Iterable[Action]) -> str:
    counts = Counter(_kind(step) for step in steps)
    return ", ".join(f"{kind} x{n}" if n > 1 else kind for kind, n in counts.items())


def _kind(action: Action) -> str:
    return (action.text("sig") if action.kind == "signal" else None) or action.kind.replace("-", " ")
